"""``boothkit emulate``: one device by itself, until it is ended."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from drivers.device import Event, PowerReading, Scan
from drivers.registry import create
from tests.bench.conftest import Pump, free_port


def argv(*words: str) -> list[str]:
    return [sys.executable, "-m", "appliance.cli", "emulate", *words]


@contextmanager
def emulator(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A running one and its device's URI; ends with SIGTERM and exit 0."""
    pipe = subprocess.PIPE
    with subprocess.Popen(argv(*words), stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            assert line, process.stderr.read()
            ready = json.loads(line)
            assert ready.pop("ready") is True
            ((name, uri),) = ready.items()
            assert name == words[0]
            yield uri, process
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_the_printer_shows_each_slip_as_it_is_cut() -> None:
    port = free_port()
    with emulator("printer", "--tcp", str(port)) as (uri, process):
        assert uri == f"tcp://127.0.0.1:{port}"
        assert process.stdout is not None
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(b"\x1b@\x1bp\x00\x32\x32First slip\nTotal 3.50\n\x1dV\x00Second\n\x1dV\x00")
            shown = [process.stdout.readline().rstrip("\n") for _ in range(6)]
    assert shown == ["First slip", "Total 3.50", "[drawer]", "--8<-- 1", "Second", "--8<-- 2"]


def test_a_slip_that_was_cut_just_before_the_end_is_shown_too(tmp_path: Path) -> None:
    with emulator("printer", "--tcp", "0") as (uri, process):
        with socket.create_connection(("127.0.0.1", int(uri.rpartition(":")[2])), timeout=20) as line:
            line.sendall(b"Last\n\x1dV\x00\x1dr\x01")
            assert line.recv(1)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.read() == "Last\n--8<-- 1\n"


def test_the_printer_may_be_a_serial_one(tmp_path: Path) -> None:
    link = tmp_path / "printer"
    with emulator("printer", "--link", str(link)) as (uri, process):
        assert uri == f"serial://{link}"
        with link.open("wb", buffering=0) as line:
            line.write(b"Hello\n\x1dV\x00")
            assert process.stdout is not None
            assert process.stdout.readline() == "Hello\n"
    assert not link.is_symlink()


def test_the_scanner_reads_the_lines_it_is_given(tmp_path: Path, pump: Pump) -> None:
    with emulator("scanner", "--link", str(tmp_path / "scanner")) as (uri, process):
        device = create("scanner", uri)
        pump(device, lambda _: device.life.state == "online")
        assert process.stdin is not None
        process.stdin.write("FIRST\nSECOND\n")
        process.stdin.close()
        scans = pump(device, lambda events: len(events) == 2)
        assert [scan.code for scan in scans if isinstance(scan, Scan)] == ["FIRST", "SECOND"]
        device.close()


def test_the_scanner_may_be_at_the_end_of_a_network(pump: Pump) -> None:
    with emulator("scanner", "--tcp", "0") as (uri, process):
        device = create("scanner", uri)

        def heard(scans: list[Event]) -> bool:
            """Shows the next code as long as none was heard: what is scanned before the line is up is lost."""
            if not scans and process.stdin is not None:
                process.stdin.write(f"CODE-{next(numbers)}\n")
                process.stdin.flush()
            return bool(scans)

        numbers = count()
        (scan, *_) = pump(device, heard)
        assert isinstance(scan, Scan)
        assert scan.code.startswith("CODE-")
        device.close()


@pytest.mark.parametrize("on", ["tcp", "link"])
def test_the_charger_says_its_values(on: str, tmp_path: Path, pump: Pump) -> None:
    where = ("--tcp", "0") if on == "tcp" else ("--link", str(tmp_path / "power"))
    with emulator("vedirect", *where) as (uri, _):
        device = create("power", uri)
        reading = next(event for event in pump(device, bool) if isinstance(event, PowerReading))
        assert reading.mv == 13_200
        device.close()


@pytest.mark.parametrize("device", ["printer", "scanner", "vedirect"])
def test_a_port_in_use_is_named(device: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = subprocess.run(argv(device, "--tcp", port), capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stdout) == (2, "")
    assert f"127.0.0.1:{port}" in said.stderr
    assert "listens there already" in said.stderr
    assert "--tcp" in said.stderr


def test_nothing_is_put_in_the_place_of_a_file(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    said = subprocess.run(
        argv("scanner", "--link", str(precious)), capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 2
    assert "is something else" in said.stderr
    assert precious.read_text() == "keep me"


@pytest.mark.parametrize("where", [[], ["--tcp", "9100", "--link", "x"], ["--tcp", "70000"], ["--link", "/nowhere/x"]])
def test_where_it_listens_has_to_be_said_once_and_rightly(where: list[str]) -> None:
    said = subprocess.run(argv("printer", *where), capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stdout) == (2, "")
    assert "--tcp" in said.stderr
