"""Both ends of the service notification protocol, sd_notify(3): a worker tells who started it how it is.

A message is one datagram of `KEY=VALUE` lines on the unix socket that NOTIFY_SOCKET names (`@` = abstract).
The reader trusts the sender's pid only as the kernel vouches for it (SCM_CREDENTIALS, unix(7)).
"""

import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Self

_UCRED = struct.Struct("3i")  # pid, uid, gid; unix(7)
_LONGEST = 4096
REMEDY = "X_REMEDY"
"""The field of a worker's last words that says what a person can do."""


class Notify:
    """The worker's end. Without an address every message is dropped: nobody asked."""

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        """`watchdog_s`: the longest silence the other end bears; None = any.

        ValueError: an address that is neither a path nor abstract.
        """
        if address is not None and (address[:1] not in ("/", "@") or len(address) < 2):
            raise ValueError(f"NOTIFY_SOCKET is {address!r}: expected an absolute path or @name")
        self.watchdog_s = watchdog_s
        self._address = address and (f"\0{address[1:]}" if address[0] == "@" else address)
        self._socket: socket.socket | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """As systemd and the supervisor hand it over; WATCHDOG_PID, when set, must be our own pid."""
        usec = environ.get("WATCHDOG_USEC", "")
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog_s = int(usec) / 1e6 if mine and usec.isdecimal() and int(usec) > 0 else None
        return cls(environ.get("NOTIFY_SOCKET") or None, watchdog_s)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return self._address is not None

    def send(self, message: str) -> bool:
        """One datagram, at once or not at all (False): a starter that hangs must not hang its workers."""
        if self._address is None:
            return True
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.sendto(message.encode(), socket.MSG_DONTWAIT, self._address)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """May be called twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def last_words(reason: str, remedy: str) -> None:
    """A worker that cannot start says why, and what a person can do, to whoever started it; then it ends.

    systemd shows STATUS and passes over a field that begins with X_.
    """
    notify = Notify.from_env()
    notify.send(f"STATUS={' '.join(reason.split())}\n{REMEDY}={' '.join(remedy.split())}")
    notify.close()


class Inbox:
    """The starter's end: one socket for one worker."""

    def __init__(self, path: Path) -> None:
        """Bind `path`, in place of what a crash left there. OSError, also for a path that is too long."""
        self._path = path
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            self._socket.bind(str(path))
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """To wait on."""
        return self._socket.fileno()

    def receive(self, pid: int) -> list[dict[str, str]]:
        """All messages that wait and were sent by `pid` itself; those of anybody else are dropped."""
        messages: list[dict[str, str]] = []
        while True:
            try:
                # Room for the credentials only: descriptors passed to us are then dropped by the kernel.
                data, control, flags, _ = self._socket.recvmsg(_LONGEST, socket.CMSG_SPACE(_UCRED.size))
            except BlockingIOError:
                return messages
            if _sender(control) == pid and not flags & socket.MSG_TRUNC:
                lines = data.decode(errors="replace").splitlines()
                messages.append(dict(line.split("=", 1) for line in lines if "=" in line))

    def close(self) -> None:
        """Also removes the path."""
        self._socket.close()
        self._path.unlink(missing_ok=True)


def _sender(control: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, value in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS and len(value) == _UCRED.size:
            pid: int = _UCRED.unpack(value)[0]
            return pid
    return None
