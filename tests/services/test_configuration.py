"""Promises of the box's configuration at a start: workers get what is theirs, and a wrong file stops no box."""

import json
import os
import stat
from pathlib import Path

import pytest

from appliance import config as configuration
from appliance.board import read_all
from appliance.services.configuration import settle

GOOD = """
[box]
cell = "quay"
[devices]
printer = "tcp://10.77.0.9:9100?profile=TM-T20II"
printer-tickets = "tcp://[fd00::9]:9101"
scanner-door = "serial:///dev/boothkit/scanner"
[mqtt]
broker = "broker.example:8883"
password_file = "{secret}"
"""


class Place:
    def __init__(self, folder: Path) -> None:
        self.run, self.kept, self.file, self.password = (folder / x for x in ("run", "kept", "b.toml", "password"))
        for made in (self.run / "secret", self.kept):
            made.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chown(self.run / "secret", 65534, 65534)
        self.password.write_text("hunter2-canary\n")
        self.file.write_text(GOOD.format(secret=self.password))

    def settle(self, file: Path | None = None) -> dict[str, str]:
        settle(self.run, self.kept, file)
        page = read_all(self.run).get("configuration", {})
        return {key: page.get(key, "") for key in ("state", "reason", "remedy")}

    @property
    def config(self) -> configuration.Config:
        return configuration.load_resolved(self.run / "config.json")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


CLOSED = "flush set inet boothkit through\n"
"""No guest gets out."""
NO_FAULT = {"state": "", "reason": "", "remedy": ""}


def test_the_workers_get_the_configuration_and_the_uplink_alone_the_secrets(place: Place) -> None:
    assert place.settle(place.file) == NO_FAULT
    assert place.config.box.cell == "quay"
    copy = Path(place.config.mqtt.password_file)
    assert copy == place.run / "secret" / "password_file"
    assert copy.read_text() == "hunter2-canary\n"
    found, folder = copy.stat(), copy.parent.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o400, folder.st_uid, folder.st_gid)
    assert stat.S_IMODE((place.run / "config.json").stat().st_mode) == 0o640
    for path in (place.run / "config.json", place.kept / "config.json", place.run / "firewall.nft"):
        assert "hunter2" not in path.read_text()


def test_the_firewall_gets_the_printers_addresses(place: Place) -> None:
    place.settle(place.file)
    assert (place.run / "firewall.nft").read_text() == (
        "add element inet boothkit printers { 10.77.0.9 . 9100 }\n"
        "add element inet boothkit printers6 { fd00::9 . 9101 }\n"
        f"add element inet boothkit staff {{ 8443 }}\n{CLOSED}"
    )


def test_without_https_the_firewall_opens_no_port_for_it(place: Place) -> None:
    place.file.write_text("[staff]\nhttps_port = 0\n")
    assert place.settle(place.file) == NO_FAULT
    assert (place.run / "firewall.nft").read_text() == CLOSED


def test_a_printer_named_by_name_is_told_and_let_nothing_into_the_rules(place: Place) -> None:
    place.file.write_text('[devices]\nprinter = "tcp://printer.local:9100"\nprinter-b = "tcp://1.2.3.4%20}:9100"\n')
    page = place.settle(place.file)
    assert page["state"] == "degraded"
    assert "printer.local" in page["reason"]
    assert (place.run / "firewall.nft").read_text() == f"add element inet boothkit staff {{ 8443 }}\n{CLOSED}"


def test_a_box_without_a_file_runs_with_the_defaults(place: Place) -> None:
    assert place.settle() == NO_FAULT
    assert place.config == configuration.Config()


def test_a_wrong_file_leaves_the_last_right_one_in_force_and_says_so_until_it_is_mended(place: Place) -> None:
    place.settle(place.file)
    place.file.write_text("[box]\nsell = 'quay'\n")
    page = place.settle(place.file)
    assert page["state"] == "degraded"
    assert "unknown key 'sell' in [box]" in page["reason"]
    assert "last configuration that was right" in page["reason"]
    assert page["remedy"]
    assert place.config.box.cell == "quay"
    assert Path(place.config.mqtt.password_file).read_text() == "hunter2-canary\n"
    place.file.write_text("[box]\ncell = 'pier'\n")
    assert place.settle(place.file) == NO_FAULT
    assert place.config.box.cell == "pier"
    assert list((place.run / "secret").iterdir()) == []


def test_a_wrong_first_file_leaves_the_defaults_in_force(place: Place) -> None:
    place.file.write_bytes(b"\xff\xfe")
    page = place.settle(place.file)
    assert "the box runs with the defaults" in page["reason"]
    assert place.config == configuration.Config()


def test_a_file_that_is_gone_is_no_order_to_forget_it(place: Place) -> None:
    place.settle(place.file)
    page = place.settle()
    assert "there is no boothkit.toml" in page["reason"]
    assert "an empty one means the defaults" in page["remedy"]
    assert place.config.box.cell == "quay"
    place.file.write_text("")
    assert place.settle(place.file) == NO_FAULT
    assert place.config == configuration.Config()


def test_a_memory_that_a_power_cut_spoilt_counts_as_none(place: Place) -> None:
    (place.kept / "config.json").write_text('{"box": ')
    assert "the box runs with the defaults" in place.settle()["reason"]


def test_a_secret_that_is_missing_is_named_and_everything_else_is_in_force(place: Place) -> None:
    place.password.unlink()
    page = place.settle(place.file)
    assert f"mqtt.password_file: {place.password}: No such file" in page["reason"]
    assert place.config.box.cell == "quay"
    place.password.write_bytes(b"x" * 70_000)
    assert "more than 65536 bytes" in place.settle(place.file)["reason"]


def test_a_secret_is_copied_anew_and_never_through_a_link(place: Place, tmp_path: Path) -> None:
    place.settle(place.file)
    copy = place.run / "secret" / "password_file"
    copy.unlink()
    elsewhere = tmp_path / "elsewhere"
    copy.symlink_to(elsewhere)
    place.settle(place.file)
    assert not elsewhere.exists()
    assert copy.read_text() == "hunter2-canary\n"


def test_the_page_does_not_fall_silent(place: Place) -> None:
    place.file.write_text("[")
    place.settle(place.file)
    assert read_all(place.run)["configuration"]["standing"] is True
    json.dumps(read_all(place.run))
