"""The scanner driver against the emulated scanner, over a real pty."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.device import Event, Scan
from drivers.emulators.port import TcpPort
from drivers.emulators.scanner import ScannerEmulator
from drivers.registry import create
from tests.drivers.conftest import Pump


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[ScannerEmulator]:
    emulator = ScannerEmulator(tmp_path / "scanner-door")
    emulator.start()
    yield emulator
    emulator.close()


def codes(events: list[Event]) -> list[str]:
    return [event.code for event in events if isinstance(event, Scan)]


def test_codes_come_out_as_they_were_scanned(scanner: ScannerEmulator, tmp_path: Path, pump: Pump) -> None:
    device = create("scanner-door", f"serial://{tmp_path}/scanner-door?baud=9600")
    pump(device, lambda _: device.life.state == "online")
    scanner.acknowledge()
    scanner.scan("BK1:6BFOXN*TS0BI$ZD.P9U:")
    scanner.scan("Ärger-€")
    scanner.acknowledge()
    scanner.garbage(b"\xff\x00\x13\r")
    scanner.scan("]Q1https://example.org/t?x=1")
    before = time.monotonic()
    events = pump(device, lambda events: len(events) == 3)
    assert codes(events) == ["BK1:6BFOXN*TS0BI$ZD.P9U:", "Ärger-€", "https://example.org/t?x=1"]
    assert all(before - 20 < event.mono <= time.monotonic() for event in events)
    assert device.life.counters["acknowledgements"] == 2
    assert device.life.counters["unreadable"] == 1
    device.close()


def test_a_scanner_without_a_suffix_is_read_too(tmp_path: Path, pump: Pump) -> None:
    scanner = ScannerEmulator(tmp_path / "s", suffix=b"")
    scanner.start()
    device = create("scanner", f"serial://{tmp_path}/s")
    pump(device, lambda _: device.life.state == "online")
    scanner.scan("ONE")
    assert codes(pump(device, lambda events: len(events) == 1)) == ["ONE"]
    scanner.scan("TWO")
    assert codes(pump(device, lambda events: len(events) == 1)) == ["TWO"]
    device.close()
    scanner.close()


def test_an_unplugged_scanner_is_absent_and_works_again_when_it_is_plugged_in(
    scanner: ScannerEmulator, tmp_path: Path, pump: Pump
) -> None:
    device = create("scanner-door", f"serial://{tmp_path}/scanner-door")
    pump(device, lambda _: device.life.state == "online")
    for round_ in range(3):
        scanner.partial("HALF-A-")
        pump(device, lambda _: device.wait() < 1.0)  # it has arrived: the driver waits for the rest
        scanner.unplug()
        assert pump(device, lambda _: device.life.state == "absent") == []
        assert "scanner-door" in device.life.reason
        assert device.life.remedy
        assert device.fileno() is None
        scanner.plug()
        assert pump(device, lambda _: device.life.state == "online") == []
        scanner.scan(f"CODE-{round_}")
        assert codes(pump(device, lambda events: len(events) == 1)) == [f"CODE-{round_}"]
    assert device.life.counters["partial"] == 3
    assert device.life.counters["losses"] == 3
    device.close()


def test_a_scanner_that_was_never_there_is_found_when_it_appears(tmp_path: Path, pump: Pump) -> None:
    device = create("scanner-door", f"serial://{tmp_path}/late")
    pump(device, lambda _: device.life.counters["attempts"] > 0)
    assert "No such file" in device.life.reason
    scanner = ScannerEmulator(tmp_path / "late")
    scanner.start()
    pump(device, lambda _: device.life.state == "online")
    device.close()
    scanner.close()


def test_a_scanner_behind_a_terminal_server_is_the_same(pump: Pump) -> None:
    server = TcpPort(0)
    server.plug()
    scanner = ScannerEmulator(server.port)
    server.unplug()
    scanner.start()
    device = create("scanner-door", f"tcp://127.0.0.1:{server.port}")
    pump(device, lambda _: device.life.state == "online")

    def scanned(events: list[Event]) -> bool:
        scanner.scan("OVER-TCP")  # until the emulator has accepted the connection, nobody is there to hear
        return bool(events)

    assert codes(pump(device, scanned)) == ["OVER-TCP"]
    scanner.unplug()
    pump(device, lambda _: device.life.state == "absent")
    device.close()
    scanner.close()


def test_a_code_that_no_symbol_carries_is_refused_by_the_emulator(scanner: ScannerEmulator) -> None:
    for code in ("", "two\nlines", "\x1b@"):
        with pytest.raises(ValueError, match="printable"):
            scanner.scan(code)


SERVE = (
    "import sys; from pathlib import Path; from drivers.emulators.scanner import serve; "
    "serve(Path(sys.argv[1]), 0, lambda: print('ready', flush=True))"
)


def test_the_served_scanner_reads_codes_from_its_input_until_it_is_ended(tmp_path: Path, pump: Pump) -> None:
    link = tmp_path / "served"
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(link)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        device = create("scanner", f"serial://{link}")
        pump(device, lambda _: device.life.state == "online")
        process.stdin.write(b"FIRST\n\nSECOND\r\nTHIRD")
        process.stdin.close()
        events = pump(device, lambda events: len(events) == 3)
        assert codes(events) == ["FIRST", "SECOND", "THIRD"]
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
        assert not link.is_symlink()
        device.close()
