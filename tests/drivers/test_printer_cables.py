"""The emulated printer on real sockets and ptys, used by clients that know nothing of our driver."""

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.emulators.mechanism import BUFFER
from drivers.emulators.printer import PrinterEmulator

OK, NEAR_END, END = b"\x12", b"\x1e", b"\x7e"
STATUS = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"


@pytest.fixture
def emulator() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator()
    printer.start()
    yield printer
    printer.close()


@pytest.fixture
def host(emulator: PrinterEmulator) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=20) as sock:
        yield sock


def exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        assert more, f"the printer hung up after {data!r}"
        data += more
    return data


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_printer_without_paper_takes_no_more_than_its_buffer_and_loses_nothing(tmp_path: Path) -> None:
    emulator = PrinterEmulator(None, link=tmp_path / "printer")
    emulator.start()
    emulator.paper = "out"
    text = "\n".join(f"{n:042}" for n in range(1500))
    job = text.encode() + b"\n\x1dV\x00"
    fd = os.open(tmp_path / "printer", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    sent = refused = 0
    while refused < 20:
        try:
            sent += os.write(fd, job[sent : sent + 256])
            refused = 0
        except BlockingIOError:
            refused += 1
            time.sleep(0.005)
    assert BUFFER <= sent < len(job)
    emulator.paper = "ok"
    os.set_blocking(fd, True)
    while sent < len(job):
        sent += os.write(fd, job[sent:])
    eventually(lambda: any(slip.cut for slip in emulator.receipts()))
    (slip,) = emulator.receipts()
    assert slip.text == text
    os.close(fd)
    emulator.close()


def test_bytes_wait_for_paper_and_are_printed_then(emulator: PrinterEmulator, host: socket.socket) -> None:
    emulator.paper = "out"
    host.sendall(b"patient\n\x1dV\x00" + STATUS)
    assert exactly(host, 4) == b"\x1a\x32\x12\x7e"
    assert emulator.receipts() == []
    emulator.paper = "ok"
    assert [slip.text for slip in emulator.receipts()] == ["patient"]


def test_pulling_the_plug_breaks_the_connection_and_forgets_the_buffer(
    emulator: PrinterEmulator, host: socket.socket
) -> None:
    emulator.paper_for(lines=1)
    host.sendall(b"printed\nlost\n\x1dV\x00")
    eventually(lambda: emulator.paper == "out")
    emulator.unplug()
    assert host.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", emulator.port), timeout=5).close()
    emulator.paper = "ok"
    emulator.plug()
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=20) as again:
        again.sendall(b"next\n\x1dV\x00" + STATUS)
        assert exactly(again, 4) == OK * 4
    assert [(slip.text, slip.cut) for slip in emulator.receipts()] == [("printed", False), ("next", True)]


def test_a_second_host_waits_until_the_first_hangs_up(emulator: PrinterEmulator, host: socket.socket) -> None:
    host.sendall(STATUS)
    exactly(host, 4)
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=20) as second:
        second.sendall(STATUS)
        assert select.select([second], [], [], 0.05)[0] == []
        host.close()
        assert exactly(second, 4) == OK * 4


def test_faults_are_there_on_demand(emulator: PrinterEmulator, host: socket.socket) -> None:
    emulator.silent = True
    host.sendall(STATUS)
    assert select.select([host], [], [], 0.05)[0] == []
    emulator.silent = False
    emulator.garbage = True
    host.sendall(b"\x10\x04\x04")
    assert len(host.recv(100)) >= 2
    emulator.garbage = False
    emulator.no_process_id = True
    host.sendall(b"\x1d(H\x06\x0000abcd\x1dr\x01")
    assert exactly(host, 1) == b"\x00"
    emulator.no_process_id = False
    emulator.no_ordered = True
    host.sendall(b"\x1dr\x01\x1d(H\x06\x0000abcd")
    assert exactly(host, 7) == b"\x37\x22abcd\x00"
    emulator.no_ordered = False
    emulator.no_status = True
    host.sendall(STATUS + b"\x1dr\x01")
    assert exactly(host, 1) == b"\x00"
    emulator.no_status = False
    emulator.xoff = True
    assert exactly(host, 1) == b"\x13"
    emulator.xoff = False
    assert exactly(host, 1) == b"\x11"
    emulator.slow = 0.02
    host.sendall(b"a\n" * 5 + b"\x1d(H\x06\x0000wxyz")
    assert exactly(host, 7) == b"\x37\x22wxyz\x00"
    assert emulator.receipts()[0].text == "a\na\na\na\na"
    emulator.close_after(4)
    host.sendall(b"bb\ncc\n")
    eventually(lambda: emulator.receipts()[0].text.endswith("bb"))
    assert select.select([host], [], [], 20)[0]
    with suppress(ConnectionResetError):
        assert host.recv(10) == b""


def test_power_can_be_cut_after_so_many_bytes(emulator: PrinterEmulator, host: socket.socket) -> None:
    emulator.unplug_after(6)
    host.sendall(b"kept\nlost\n")
    with suppress(ConnectionResetError):
        assert host.recv(10) == b""
    assert [slip.text for slip in emulator.receipts()] == ["kept"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", emulator.port), timeout=5).close()


def test_a_smaller_buffer_takes_less(tmp_path: Path) -> None:
    emulator = PrinterEmulator(None, link=tmp_path / "printer")
    emulator.start()
    emulator.paper = "out"
    emulator.buffer = 8
    with (tmp_path / "printer").open("wb", buffering=0) as cable:
        cable.write(b"0123456789\n\x1dV\x00")
        emulator.paper = "ok"
        eventually(lambda: [slip.text for slip in emulator.receipts() if slip.cut] == ["0123456789"])
    emulator.close()


def test_a_pty_is_a_serial_printer(tmp_path: Path) -> None:
    emulator = PrinterEmulator(None, link=tmp_path / "printer")
    emulator.start()
    for number in range(2):  # hosts come and go
        fd = os.open(tmp_path / "printer", os.O_RDWR | os.O_NOCTTY)
        os.write(fd, b"\x1b@hello\n\x1dV\x00" + STATUS)
        answer = b""
        while len(answer) < 4:
            answer += os.read(fd, 4)
        os.close(fd)
        assert answer == OK * 4
        assert len(emulator.receipts()) == number + 1
    emulator.unplug()
    assert not (tmp_path / "printer").exists()
    emulator.plug()
    assert (tmp_path / "printer").exists()
    emulator.close()
    assert list(tmp_path.iterdir()) == []


def test_a_closed_emulator_leaves_no_thread_and_may_be_closed_twice() -> None:
    before = threading.active_count()
    emulator = PrinterEmulator()
    emulator.close()
    emulator.start()
    emulator.start()
    port = emulator.port
    emulator.close()
    emulator.close()
    assert threading.active_count() == before
    emulator.start()
    assert emulator.port == port
    emulator.close()
