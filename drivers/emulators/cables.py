"""Where a host plugs in: a listening TCP port and a pty with a name. One host at a time each."""

import os
import select
import socket
import tty
from contextlib import suppress
from pathlib import Path

_UNREAD = 4096
"""Bytes kept for a host that does not read."""


class Wire:
    """One cable to one host: a TCP connection, or the master side of a pty."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._out = bytearray()
        os.set_blocking(fd, False)

    def read(self, size: int) -> bytes | None:
        """b"" = the host hung up, None = nothing now."""
        try:
            return os.read(self.fd, size)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        if len(self._out) + len(data) <= _UNREAD:
            self._out += data
        self.flush()

    def flush(self) -> None:
        with suppress(OSError):  # full, or gone: reading will tell
            while self._out:
                del self._out[: os.write(self.fd, self._out)]

    @property
    def full(self) -> bool:
        """Something waits for the host to read."""
        return bool(self._out)

    def close(self) -> None:
        os.close(self.fd)


class Cables:
    """`port` 0 = any free one, kept from then on; None = no TCP. `link` = the pty's name, a symbolic link.

    A second TCP host waits until the first hangs up, as with most network printers. Not thread-safe.
    """

    def __init__(self, host: str, port: int | None, link: Path | None) -> None:
        self.port = port
        self._host = host
        self._link = link.absolute() if link is not None else None
        self._listener: socket.socket | None = None
        self._peer: Wire | None = None
        self._pty: Wire | None = None
        self._slave = -1

    def plug(self) -> None:
        """Idempotent."""
        if self.port is not None and self._listener is None:
            self._listener = socket.create_server((self._host, self.port))
            self._listener.setblocking(False)
            self.port = self._listener.getsockname()[1]
        if self._link is not None and self._pty is None:
            master, self._slave = os.openpty()
            tty.setraw(self._slave)
            self._pty = Wire(master)
            fresh = self._link.with_name(f".{self._link.name}.{os.getpid()}")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(os.ttyname(self._slave))
            fresh.replace(self._link)

    def unplug(self) -> None:
        """Idempotent. A host that waits is turned away."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for wire in (self._peer, self._pty):
            if wire is not None:
                self.hang_up(wire)

    def hang_up(self, wire: Wire) -> None:
        """Ends this connection; a pty is gone with it until `plug`."""
        if wire is self._peer:
            self._peer = None
        elif wire is self._pty and self._link is not None:
            self._pty = None
            with suppress(FileNotFoundError):
                if os.readlink(self._link) == os.ttyname(self._slave):
                    self._link.unlink()
            os.close(self._slave)
        else:
            return
        wire.close()

    def wires(self) -> list[Wire]:
        return [wire for wire in (self._peer, self._pty) if wire is not None]

    def register(self, poll: "select.poll", *, reading: bool) -> None:
        """What to wait for; without `reading` the hosts' bytes stay where they are."""
        if self._listener is not None and self._peer is None:
            poll.register(self._listener, select.POLLIN)
        for wire in self.wires():
            poll.register(wire.fd, (select.POLLIN if reading else 0) | (select.POLLOUT if wire.full else 0))

    def accept(self) -> None:
        """Lets the next TCP host in if the place is free."""
        if self._listener is not None and self._peer is None:
            with suppress(OSError):  # nobody there, or gone again
                peer, _ = self._listener.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._peer = Wire(peer.detach())
