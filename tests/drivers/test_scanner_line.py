"""What the suite of all scanners does not say of a plain one on a serial line."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.device import Event, Scan
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
    events = pump(device, lambda events: len(events) == 3)
    assert codes(events) == ["BK1:6BFOXN*TS0BI$ZD.P9U:", "Ärger-€", "https://example.org/t?x=1"]
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
