"""What https lacks it says, with what to do; the box goes on without it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance import config as configuration
from appliance.config import Config
from appliance.errors import ConfigError
from tests.conftest import Process, wait_until
from tests.https.conftest import nginx_or_skip
from tests.systemd.conftest import Namespace, needs
from tests.web.conftest import House, own_house

__all__ = ["own_house"]

TOML = '[staff]\nhost = "127.0.0.1"\nhttps_port = {port}\n'


def page(run: Path) -> dict[str, Any]:
    """What the worker shows."""
    file = run / "board" / "https" / "page.json"
    shown: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return shown


def test_switched_off_it_is_well_and_makes_no_certificate(worker: Callable[..., Process], run_folder: Path) -> None:
    worker("https", TOML.format(port=0))
    wait_until(lambda: page(run_folder).get("state") == "ready", "it is well")
    assert page(run_folder)["reason"] == "switched off: [staff] https_port is 0"
    assert not (run_folder / "pki").exists()


def test_a_taken_port_is_named_and_as_soon_as_it_is_free_https_runs(
    worker: Callable[..., Process], run_folder: Path
) -> None:
    nginx_or_skip()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        worker("https", TOML.format(port=port))
        wait_until(lambda: page(run_folder).get("reason") == f"nothing can listen at port {port}: it is taken", "so")
        assert "https_port" in page(run_folder)["remedy"]
    # Without a till there is nobody behind it; that is another thing to say.
    wait_until(lambda: page(run_folder)["reason"] == "the till does not answer", "it listens")


def test_without_nginx_it_says_what_to_install(tmp_path: Path, run_folder: Path) -> None:
    nginx_or_skip()
    needs("unshare", "nsenter", root=True)
    place = Namespace("mount --bind /dev/null /usr/sbin/nginx")
    (tmp_path / "box.toml").write_text(TOML.format(port=18443))
    argv = [sys.executable, "-m", "appliance.cli", "worker", "https", "--data", tmp_path / "data"]
    argv += ["--config", tmp_path / "box.toml"]
    with subprocess.Popen(place.argv(*argv), env={**os.environ, "BOOTHKIT_RUN": str(run_folder)}) as process:
        try:
            wait_until(lambda: page(run_folder).get("reason") == "nginx is not installed", "it says so")
            assert "apt-get install nginx" in page(run_folder)["remedy"]
        finally:
            process.terminate()
    place.close()


def test_a_till_whose_socket_cannot_be_made_serves_its_port(own_house: House) -> None:
    own_house.till.kill()
    for path in (own_house.run / "till").iterdir():
        path.unlink()
    (own_house.run / "till").rmdir()
    (own_house.run / "till").write_text("in the way")
    own_house.start_till()
    assert own_house.client().get("/catalogue").status == 200
    assert "socket.unusable" in own_house.till.log.read_text()


def test_guests_never_get_the_plain_port(tmp_path: Path) -> None:
    file = tmp_path / "box.toml"
    for table in ("[staff]\nport = 8443\n", "[staff]\nport = 8080\nhttps_port = 8080\n", "[portal]\nport = 8443\n"):
        file.write_text(table)
        with pytest.raises(ConfigError, match="wants a port of its own"):
            configuration.load(file)


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, ("box.booth", "10.77.0.1")),
        ({"staff": {"https_names": ["till.quay"]}}, ("till.quay", "box.booth", "10.77.0.1")),
        ({"staff": {"host": "192.168.7.1"}}, ("box.booth", "10.77.0.1", "192.168.7.1")),
        ({"portal": {"public_url": "https://Quay.Example/x"}}, ("box.booth", "10.77.0.1", "quay.example")),
        ({"portal": {"public_url": "https://zelt-ü.example"}}, ("box.booth", "10.77.0.1")),
    ],
)
def test_the_certificate_is_for_the_boxs_names_and_the_configured_ones(
    given: dict[str, Any], hosts: tuple[str, ...]
) -> None:
    assert msgspec.convert(given, Config).https_hosts() == hosts


@pytest.mark.parametrize("name", ["", "-x", "a b", "*.example", "x;", "a\n", "ÜBER", "x" * 254])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """It stands in nginx's configuration, so nothing but names may get there."""
    file = tmp_path / "box.toml"
    file.write_text(f"[staff]\nhttps_names = [{json.dumps(name)}]\n")
    with pytest.raises(ConfigError, match="https_names"):
        configuration.load(file)
