"""The device's end of a serial line: a pty with a symbolic link as its name, or a TCP port like a terminal
server's.
"""

import os
import select
import signal
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Protocol


class Port(Protocol):
    def plug(self) -> None:
        """Idempotent."""

    def unplug(self) -> None:
        """Whoever is connected loses the line; idempotent."""

    def send(self, data: bytes, patience: float = 0.0) -> int:
        """How many bytes the line took within `patience` seconds; the rest is gone, as on a wire nobody
        listens to.
        """


class PtyPort:
    """`link` is a symbolic link to the pty. Its slave side is kept open, so that readers come and go."""

    def __init__(self, link: Path) -> None:
        self._link = link.absolute()
        self._lock = threading.Lock()
        self._master: int | None = None
        self._slave = -1

    def plug(self) -> None:
        with self._lock:
            if self._master is not None:
                return
            master, slave = os.openpty()
            try:
                tty.setraw(slave)
                os.set_blocking(master, False)
                _name(self._link, os.ttyname(slave))
            except OSError:
                os.close(master)
                os.close(slave)
                raise
            self._master, self._slave = master, slave

    def unplug(self) -> None:
        with self._lock:
            if self._master is None:
                return
            with suppress(FileNotFoundError):
                if os.readlink(self._link) == os.ttyname(self._slave):
                    self._link.unlink()
            os.close(self._slave)
            os.close(self._master)
            self._master = None

    def send(self, data: bytes, patience: float = 0.0) -> int:
        with self._lock:
            return 0 if self._master is None else _write(self._master, data, patience)


class TcpPort:
    """Listens on 127.0.0.1; the newest connection has the line."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def plug(self) -> None:
        with self._lock:
            if self._listener is not None:
                return
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
            self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
            self._thread.start()

    def unplug(self) -> None:
        with self._lock:
            listener, thread, self._listener, self._thread = self._listener, self._thread, None, None
        if listener is None or thread is None:
            return
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()
        with self._lock:
            if self._peer is not None:
                self._peer.close()
                self._peer = None

    def send(self, data: bytes, patience: float = 0.0) -> int:
        with self._lock:
            return 0 if self._peer is None else _write(self._peer.fileno(), data, patience)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return  # unplugged
            peer.setblocking(False)
            with self._lock:
                if self._peer is not None:
                    self._peer.close()
                self._peer = peer


def _name(link: Path, target: str) -> None:
    """Renamed into place: a link that an earlier run left behind is replaced, and there is never a half
    one.
    """
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def port_at(where: Path | int) -> Port:
    """A path is the pty's link, a number the TCP port."""
    return PtyPort(where) if isinstance(where, Path) else TcpPort(where)


def _write(fd: int, data: bytes, patience: float) -> int:
    deadline = time.monotonic() + patience
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    sent = 0
    while sent < len(data) and poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        try:
            sent += os.write(fd, data[sent:])
        except BlockingIOError:
            if time.monotonic() >= deadline:
                break
            time.sleep(0.005)
        except OSError:
            break  # the peer went away
    return sent


@contextmanager
def until_terminated() -> Iterator[int]:
    """A descriptor that becomes readable at SIGTERM or SIGINT; main thread only. The old handlers come back
    afterwards.
    """
    reader, writer = os.pipe()

    def end(_signal: int, _frame: FrameType | None) -> None:
        os.write(writer, b".")

    with ExitStack() as stack:
        stack.callback(os.close, reader)
        stack.callback(os.close, writer)
        for number in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, number, signal.signal(number, end))
        yield reader


def lines_until_terminated(source: int | None, take: Callable[[str], None], ready: Callable[[], None]) -> None:
    """Passes each line of the descriptor `source` to `take` until a signal ends it; the end of `source` does
    not. Calls `ready` as soon as a signal ends it orderly.
    """
    with until_terminated() as ended:
        ready()
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        if source is not None:
            poll.register(source, select.POLLIN)
        rest = b""
        while True:
            readable = {fd for fd, _ in poll.poll()}
            if ended in readable:
                return
            if source is not None and source in readable:
                data = os.read(source, 4096)
                if not data:
                    poll.unregister(source)
                    data = b"\n" if rest else b""
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    take(line.decode("utf-8", "replace").rstrip("\r"))
