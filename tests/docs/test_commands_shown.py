"""What the pages tell a person to type, typed: the `sh` blocks that are marked as tested, in one shell a page."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import config
from appliance.journal.verify import verify
from drivers import registry
from tests.conftest import wait_until
from tests.demo import Demo
from tests.docs.markdown import ROOT, blocks, files, pages

README = ROOT / "README.md"
FIRST_EVENT = ROOT / "docs" / "first-event.md"


def type_in(folder: Path, page: Path, addresses: dict[str, str] | None = None) -> str:
    """Run a page's tested blocks in a copy of the project's folder that has `.venv` only; what they print.

    ``addresses``: what stands for the page's addresses, as a test's demo listens on free ports.
    """
    script = "\n".join(block.code for block in blocks(page) if block.mark == "tested")
    for shown, real in (addresses or {}).items():
        assert shown in script
        script = script.replace(shown, real)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    env = {name: value for name, value in os.environ.items() if not name.startswith("BOOTHKIT_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_tested_block_is_in_a_page_that_a_test_runs() -> None:
    marked = {page for page in pages() if any(block.mark == "tested" for block in blocks(page))}
    assert marked == {README, FIRST_EVENT}


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README scans and sells with curl")
def test_the_readmes_tour_of_the_demo_works_as_it_is_typed(tmp_path: Path) -> None:
    demo = Demo(tmp_path / ".demo")
    demo.start()
    try:
        demo.login()
        wait_until(lambda: _all_online(demo), "the devices online, as they are when a person begins to type")
        ports = {8080: "staff", 8081: "portal", 8082: "bench"}
        addresses = {f"http://127.0.0.1:{port}": demo.ready[name] for port, name in ports.items()}
        said = type_in(tmp_path, README, addresses)
        assert '"number":"1-1"' in said
        assert '"claim_code":' in said
        assert ": fine." in said
        assert demo.wait_for_fact("ticket.admitted/1")[0]["data"]["list"] == "general"
        assert demo.wait_for_fact("sale.completed/1")[0]["data"]["total"] == 700
        assert demo.wait_for_fact("receipt.printed/1")[0]["data"]["outcome"] == "printed"
        wait_until(lambda: demo.get("/kpis")["attendance"]["in"] == 3, "three people in")
        exported = (tmp_path / ".demo" / "facts.ndjson").read_text().splitlines()
        assert json.loads(exported[0])["kind"] == "log.started/1"
    finally:
        demo.stop()


def _all_online(demo: Demo) -> bool:
    devices = demo.get("/status")["devices"]
    return len(devices) == 9 and all(device["state"] == "online" for device in devices.values())


def test_an_event_of_ones_own_is_set_up_as_the_page_says(tmp_path: Path) -> None:
    said = type_in(tmp_path, FIRST_EVENT)
    assert "2 changed" in said
    assert "Spring market" in said.splitlines()[-1]
    assert "open" in said.splitlines()[-1]
    assert len((tmp_path / "tickets.csv").read_text().splitlines()) == 21
    assert verify(tmp_path / "box")["ok"]


def test_the_configuration_that_the_page_shows_names_devices_that_have_drivers(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    path.write_text(files(FIRST_EVENT)["box.toml"])
    shown = config.load(path).devices
    assert list(shown) == ["printer", "scanner-door", "footfall", "power"]
    for name, uri in shown.items():
        device = registry.create(name, uri)
        assert device.kind == name.partition("-")[0]
        device.close()
