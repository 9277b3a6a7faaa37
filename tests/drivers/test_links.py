import os
import select
import socket
import stat
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.errors import BadUri, LinkLost, LinkStalled
from drivers.links import Link, open_link
from drivers.links.unix import address
from drivers.uri import Uri

MEGABYTE = bytes(1_000_000)


def readable(link: Link) -> None:
    poll = select.poll()
    poll.register(link.fileno(), select.POLLIN)
    assert poll.poll(20_000), "nothing arrived"


def read_until_lost(link: Link) -> bytes:
    """What can still be read before the loss shows."""
    data = b""
    while True:
        readable(link)
        try:
            data += link.read()
        except LinkLost:
            return data


def write_for_ever(link: Link) -> None:
    while True:
        link.write(MEGABYTE, timeout=0.05)


class Pty:
    """A bare pty: the far end of a serial line."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)

    def pull(self) -> None:
        if self.master >= 0:
            os.close(self.slave)
            os.close(self.master)
            self.master = -1


@pytest.fixture
def pty() -> Iterator[Pty]:
    far = Pty()
    yield far
    far.pull()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def tcp(listener: socket.socket) -> tuple[Link, socket.socket]:
    link = open_link(Uri.parse(f"tcp://127.0.0.1:{listener.getsockname()[1]}"))
    link.open()
    return link, listener.accept()[0]


def serial(pty: Pty, options: str = "") -> Link:
    link = open_link(Uri.parse(f"serial://{pty.path}{options}"))
    link.open()
    return link


def test_bytes_go_both_ways_over_tcp(listener: socket.socket) -> None:
    link, peer = tcp(listener)
    with peer:
        assert link.read() == b""
        link.write(b"\x10\x04\x01")
        assert peer.recv(10) == b"\x10\x04\x01"
        peer.sendall(b"\x12")
        readable(link)
        assert link.read() == b"\x12"
        link.close()
        link.close()


def test_a_tcp_peer_that_closes_is_lost_for_reading_and_its_last_bytes_are_not(
    listener: socket.socket,
) -> None:
    link, peer = tcp(listener)
    peer.sendall(b"last words")
    peer.close()
    assert read_until_lost(link) == b"last words"
    link.close()


def test_nothing_is_written_to_a_tcp_peer_that_has_closed(listener: socket.socket) -> None:
    link, peer = tcp(listener)
    peer.close()
    readable(link)
    with pytest.raises(LinkLost) as lost:
        link.write(b"a receipt")
    assert lost.value.sent == 0
    link.close()


def test_a_tcp_peer_that_takes_nothing_stalls_the_write_and_the_rest_can_follow(
    listener: socket.socket,
) -> None:
    link, peer = tcp(listener)
    with pytest.raises(LinkStalled) as stalled:
        write_for_ever(link)
    sent = stalled.value.sent
    assert 0 <= sent < len(MEGABYTE)
    received = bytearray()

    def drain() -> None:
        while data := peer.recv(1 << 16):
            received.extend(data)

    reader = threading.Thread(target=drain)
    reader.start()
    link.write(b"the end", timeout=20)
    link.close()
    reader.join()
    peer.close()
    assert received.endswith(b"the end")
    assert len(received) % len(MEGABYTE) == (sent + len(b"the end")) % len(MEGABYTE)


def test_a_refused_connection_says_so(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    link = open_link(Uri.parse(f"tcp://127.0.0.1:{port}"))
    with pytest.raises(LinkLost, match=f"tcp 127.0.0.1:{port}.*refused"):
        link.open()
    with pytest.raises(LinkLost, match="not open"):
        link.fileno()
    link.close()


def test_a_host_that_has_no_address_is_lost_not_an_accident() -> None:
    link = open_link(Uri.parse("tcp://no-such-host.invalid:9100"))
    with pytest.raises(LinkLost, match=r"no-such-host\.invalid"):
        link.open()


def test_bytes_go_both_ways_over_a_pty(pty: Pty) -> None:
    link = serial(pty, "?baud=19200")
    assert link.read() == b""
    link.write(b"\x10\x04\x01\r\n\x11\x13")
    assert os.read(pty.master, 100) == b"\x10\x04\x01\r\n\x11\x13"
    os.write(pty.master, bytes(range(256)))
    data = b""
    while len(data) < 256:
        readable(link)
        data += link.read()
    assert data == bytes(range(256))
    link.close()


def test_a_pulled_serial_cable_is_lost_for_reading_and_writing(pty: Pty) -> None:
    link = serial(pty)
    pty.pull()
    assert read_until_lost(link) == b""
    with pytest.raises(LinkLost):
        link.write(b"x")
    link.close()


def test_a_serial_device_that_takes_nothing_stalls_the_write_and_says_how_much_it_took(pty: Pty) -> None:
    link = serial(pty)
    with pytest.raises(LinkStalled) as stalled:
        link.write(MEGABYTE, timeout=0.1)
    taken = 0
    os.set_blocking(pty.master, False)
    while True:
        try:
            taken += len(os.read(pty.master, 1 << 16))
        except BlockingIOError:
            break
    assert 0 < stalled.value.sent < len(MEGABYTE)
    assert taken == stalled.value.sent
    link.close()


def test_a_serial_port_belongs_to_one_program_at_a_time(pty: Pty) -> None:
    first = serial(pty)
    second = open_link(Uri.parse(f"serial://{pty.path}"))
    with pytest.raises(LinkLost, match="another program") as busy:
        second.open()
    assert "Stop the other program" in busy.value.remedy
    first.close()
    second.open()
    second.close()


def test_a_missing_serial_port_names_its_path(tmp_path: Path) -> None:
    link = open_link(Uri.parse(f"serial://{tmp_path}/scanner"))
    with pytest.raises(LinkLost, match=f"{tmp_path}/scanner: No such file"):
        link.open()


def test_a_plain_file_in_the_place_of_a_serial_port_is_lost_not_an_accident(tmp_path: Path) -> None:
    (tmp_path / "scanner").touch()
    with pytest.raises(LinkLost, match="scanner"):
        open_link(Uri.parse(f"serial://{tmp_path}/scanner")).open()


def test_a_fifo_stays_readable_while_writers_come_and_go(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    link = open_link(Uri.parse(f"file://{tmp_path}/pipe?mode=r"))
    link.open()
    for word in (b"one", b"two"):
        (tmp_path / "pipe").write_bytes(word)
        readable(link)
        assert link.read() == word
        assert link.read() == b""
    link.close()


def test_a_fifo_without_a_reader_is_lost_and_one_that_loses_it_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    link = open_link(Uri.parse(f"usblp://{tmp_path}/pipe?mode=w"))
    with pytest.raises(LinkLost, match="pipe"):
        link.open()
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    link.open()
    link.write(b"receipt")
    assert os.read(reader, 100) == b"receipt"
    os.close(reader)
    with pytest.raises(LinkLost):
        link.write(b"receipt")
    link.close()


def test_a_file_that_somebody_left_in_the_place_of_a_printer_is_not_printed_to(tmp_path: Path) -> None:
    left = tmp_path / "lp0"
    left.write_bytes(b"")
    with pytest.raises(LinkLost, match="not a device"):
        open_link(Uri.parse(f"usblp://{left}")).open()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LinkLost, match="one way") as lost:
        open_link(Uri.parse(f"file://{tmp_path}/pipe")).open()
    assert "mode=r" in lost.value.remedy


def test_a_character_device_is_read_and_written(pty: Pty) -> None:
    link = open_link(Uri.parse(f"usblp://{pty.path}"))
    link.open()
    assert link.read() == b""
    link.write(b"ESC")
    assert os.read(pty.master, 10) == b"ESC"
    pty.pull()
    assert read_until_lost(link) == b""
    link.close()


@pytest.mark.parametrize(
    "uri",
    ["bluetooth://x", "serial:///dev/x?baud=12345", "serial:///dev/x?flow=dtr", "tcp://host", "usblp://lp0"],
)
def test_a_uri_no_link_understands_is_refused_before_anything_is_opened(uri: str) -> None:
    with pytest.raises(BadUri):
        open_link(Uri.parse(uri))


def test_a_socket_may_have_a_longer_name_than_an_address_holds(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    path = folder / "pins.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, address(path) as name:
        sock.bind(name)
        assert stat.S_ISSOCK(path.stat().st_mode)
