"""What is plugged in is found, named and proposed, whatever the folders hold."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers import discovery
from drivers.discovery import Found, find, propose, unused
from drivers.registry import KINDS, kind_of
from drivers.uri import Uri
from tests.drivers.trees import Computer

FTDI = {"idVendor": "0403", "manufacturer": "FTDI", "product": "FT232R USB UART"}


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path / "root")


def test_a_receipt_printer_is_found_by_its_own_name_and_its_stable_path(computer: Computer) -> None:
    computer.printer(serial="EPSON_TM-T20II_J5")
    found = find("printer", computer.root)
    uri = "usblp:///dev/boothkit/printer-EPSON_TM-T20II_J5"
    assert found == [Found("printer", "printer", uri, "USB receipt printer: EPSON TM-T20II", True)]


def test_an_office_printer_is_not_taken_for_a_receipt_printer(computer: Computer) -> None:
    interface = computer.usb(idVendor="03f0", manufacturer="HP", product="LaserJet 1020")
    (interface / "ieee1284_id").write_text("MANUFACTURER:Hewlett-Packard;COMMAND SET:ACL;MODEL:HP LaserJet 1020;")
    computer.node("usbmisc", "lp0", interface, "usb")
    (found,) = find("printer", computer.root)
    assert (found.uri, found.certain) == ("usblp:///dev/usb/lp0", False)
    assert found.what == "USB printer: Hewlett-Packard HP LaserJet 1020"


def test_scanners_are_named_from_the_door_on_and_the_certain_ones_come_first(computer: Computer) -> None:
    computer.keyboard("usb-Cherry_Keyboard", idVendor="046a", manufacturer="Cherry", product="Keyboard")
    computer.keyboard("usb-Honeywell_1450g", idVendor="0c2e", manufacturer="Honeywell", product="1450g")
    computer.serial("usb-Newland_NLS-if00", driver="ACM", idVendor="1eab", manufacturer="Newland", product="NLS-FM430")
    computer.camera("usb-Logitech_C270", idVendor="046d", product="C270")
    found = find("scanner", computer.root)
    assert [(one.name, one.uri, one.certain) for one in found] == [
        ("scanner-door", "evdev:///dev/input/by-id/usb-Honeywell_1450g-event-kbd", True),
        ("scanner-2", "serial:///dev/serial/by-id/usb-Newland_NLS-if00", True),
        ("scanner-3", "camera:///dev/v4l/by-id/usb-Logitech_C270-video-index0", False),
        ("scanner-4", "evdev:///dev/input/by-id/usb-Cherry_Keyboard-event-kbd", False),
    ]
    assert found[3].what == "Keyboard, or a scanner: Cherry Keyboard"


def test_a_serial_adapter_may_be_anything_and_is_certain_for_nothing(computer: Computer) -> None:
    computer.serial("usb-FTDI_FT232R_A5-if00-port0", **FTDI)
    seen = {kind: find(kind, computer.root) for kind in ("printer", "scanner", "power")}
    assert [one.uri for (one,) in seen.values()] == [
        "serial:///dev/serial/by-id/usb-FTDI_FT232R_A5-if00-port0",
        "serial:///dev/serial/by-id/usb-FTDI_FT232R_A5-if00-port0",
        "vedirect:///dev/serial/by-id/usb-FTDI_FT232R_A5-if00-port0",
    ]
    assert not any(one.certain for (one,) in seen.values())
    assert seen["power"][0].what == "Serial adapter (FTDI FT232R USB UART): printer, scanner or charger?"


def test_victron_s_own_cable_is_a_charger_s_and_nothing_else(computer: Computer) -> None:
    computer.serial("usb-VictronEnergy_BV_VE_Direct_cable_VE4-if00-port0", idVendor="0403", product="VE Direct cable")
    (found,) = find("power", computer.root)
    assert found.certain
    assert found.uri.startswith("vedirect:///dev/serial/by-id/usb-Victron")
    assert find("printer", computer.root) == find("scanner", computer.root) == []


def test_sensors_and_batteries_of_the_kernel_are_found_by_their_names(computer: Computer) -> None:
    computer.text("class/hwmon/hwmon0/name", "cpu_thermal")
    computer.text("class/hwmon/hwmon1/name", "ina226")
    computer.text("class/power_supply/BAT0/type", "Battery")
    computer.text("class/power_supply/AC/type", "Mains")
    computer.text("class/power_supply/hidpp_battery_0/type", "Battery")
    computer.text("class/power_supply/hidpp_battery_0/scope", "Device")
    assert [one.uri for one in find("power", computer.root)] == ["hwmon://ina226", "power-supply://BAT0"]


def test_pins_are_offered_to_beams_and_never_said_to_be_certain(computer: Computer) -> None:
    assert find("footfall", computer.root) == []
    (computer.root / "dev/gpiochip0").touch()
    (found,) = find("footfall", computer.root)
    assert (found.uri, found.certain) == ("gpio://17,27", False)


def test_a_camera_may_read_codes_or_count_people_until_it_is_used_for_one(computer: Computer) -> None:
    computer.camera("usb-Logitech_C270", idVendor="046d", product="C270")
    uri = "camera:///dev/v4l/by-id/usb-Logitech_C270-video-index0"
    for kind in ("scanner", "footfall"):
        assert [(one.kind, one.uri, one.what, one.certain) for one in find(kind, computer.root)] == [
            (kind, uri, "Camera: C270", False)
        ]
        assert unused(kind, ["camera:///dev/video0?line=0,0.5,1,0.5"], [], computer.root) == []


@pytest.mark.parametrize("receiver", ["unicam-image", "rp1-cfe-csi2_ch0"])
def test_the_pi_s_own_camera_is_found_by_its_receiver_and_counts_people(computer: Computer, receiver: str) -> None:
    computer.text("class/video4linux/video0/name", receiver)
    computer.text("class/video4linux/video10/name", "bcm2835-codec-decode")
    assert find("scanner", computer.root) == []
    (found,) = find("footfall", computer.root)
    assert (found.name, found.uri, found.certain) == ("footfall", "rpicam://0", False)
    assert unused("footfall", ["rpicam://0?fps=8"], [], computer.root) == []


def test_a_port_without_a_serial_number_is_named_by_its_plug(computer: Computer) -> None:
    computer.serial(None, **FTDI)
    assert find("printer", computer.root)[0].uri == "serial:///dev/ttyUSB0"
    computer.link("serial/by-path/platform-usb-0:1:1.0-port0", computer.root / "dev/ttyUSB0")
    assert find("printer", computer.root)[0].uri == "serial:///dev/serial/by-path/platform-usb-0:1:1.0-port0"


def test_what_is_used_is_not_offered_again_by_whatever_path_and_for_whatever_kind(computer: Computer) -> None:
    computer.serial("usb-FTDI-if00", **FTDI)
    computer.text("class/hwmon/hwmon1/name", "ina226")
    for used in ("serial:///dev/ttyUSB0?baud=115200", "vedirect:///dev/serial/by-id/usb-FTDI-if00"):
        assert unused("printer", [used, "not a uri"], ["printer"], computer.root) == []
    assert unused("power", ["hwmon://ina226?at=load", "serial:///dev/ttyUSB0"], [], computer.root) == []


def test_a_proposed_name_is_nobody_else_s(computer: Computer) -> None:
    computer.printer(serial="A")
    computer.printer(serial="B")
    names = [one.name for one in unused("printer", [], ["printer", "printer-3"], computer.root)]
    assert names == ["printer-2", "printer-4"]


def test_a_proposal_is_a_configuration_in_which_only_the_certain_counts(computer: Computer) -> None:
    computer.printer()
    computer.serial("usb-FTDI-if00", **FTDI)
    found = find("printer", computer.root) + find("scanner", computer.root)
    text = propose(found)
    assert tomllib.loads(text) == {"devices": {"printer": "usblp:///dev/boothkit/printer-X1"}}
    assert '# scanner-door = "serial:///dev/serial/by-id/usb-FTDI-if00"' in text
    assert tomllib.loads(propose([])) == {"devices": {}}


def test_links_that_lead_nowhere_or_in_circles_are_left_out(computer: Computer) -> None:
    computer.printer()
    computer.serial("usb-FTDI-if00", **FTDI)
    (computer.root / "dev/ttyUSB0").unlink()
    (computer.root / "dev/serial/by-id/circle").symlink_to("circle")
    (computer.root / "sys/class/tty/ttyUSB9").symlink_to("nowhere")
    (computer.root / "dev/boothkit/other").symlink_to("../nothing")
    assert [one.uri for one in find("printer", computer.root)] == ["usblp:///dev/boothkit/printer-X1"]


def test_attributes_out_of_the_tree_are_not_read(computer: Computer, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/idVendor").write_text("0519\n")
    computer.serial("usb-X-if00", idVendor="1a86")
    device = computer.root / "sys/class/tty/ttyUSB0/device"
    device.unlink()
    device.symlink_to(tmp_path / "outside")
    assert not find("printer", computer.root)[0].certain


HOSTILE = st.binary(min_size=1, max_size=40).filter(
    lambda name: not {0, 0x2F} & set(name) and name not in (b".", b"..")
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    names=st.lists(HOSTILE, min_size=1, max_size=4, unique=True),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    vendor=st.sampled_from([*discovery.SCANNER_VENDORS, *discovery.PRINTER_VENDORS, *discovery.ADAPTERS, "dead"]),
)
def test_hostile_names_and_texts_end_in_a_uri_that_is_read_back_or_nowhere(
    tmp_path_factory: pytest.TempPathFactory, names: list[bytes], text: str, vendor: str
) -> None:
    computer = Computer(tmp_path_factory.mktemp("tree") / "root")
    for name in names:
        computer.serial(os.fsdecode(name), idVendor=vendor, product=text, manufacturer=text)
    computer.printer(ieee1284=f"MFG:{text};MDL:{text};CMD:{text}")
    computer.keyboard(os.fsdecode(names[0]), idVendor=vendor, product=text)
    everything = [one for kind in KINDS for one in find(kind, computer.root)]
    for one in everything:
        assert kind_of(one.name) == one.kind
        assert str(Uri.parse(one.uri)) == one.uri
        assert len(one.uri) <= discovery.LONGEST_URI
        assert one.uri.isascii()
        assert one.uri.isprintable()
        assert one.what.isprintable()
        assert len(one.what) <= discovery.LONGEST_WHAT
    for kind in KINDS:
        proposed = [one.name for one in everything if one.kind == kind]
        assert len(set(proposed)) == len(proposed)
    read = tomllib.loads(propose(everything))["devices"]
    assert read == {one.name: one.uri for one in everything if one.certain}
