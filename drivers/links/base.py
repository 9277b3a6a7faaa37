"""What every link can do, and the one implementation of it over a file descriptor."""

import os
import select
import time
from abc import ABC, abstractmethod
from typing import Protocol

from drivers.errors import LinkLost, LinkStalled

OPEN_TIMEOUT = 3.0
"""Seconds that `open` may take."""

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL
_BREATH = 0.005


class Link(Protocol):
    """Bytes to and from one device. After `LinkLost` the only useful call is `close`, then `open`."""

    name: str
    """For people: "tcp 127.0.0.1:9100", "serial /dev/serial/by-id/…"."""

    def open(self) -> None:
        """Takes the device, for us alone where the system can do that; `LinkLost` with the reason within
        about 3 s.
        """

    def fileno(self) -> int:
        """For selectors; `LinkLost` when not open."""

    def read(self, size: int = 4096) -> bytes:
        """What is there now, never waits; b"" = nothing. `LinkLost` when the far end went away."""

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        """All of `data` within `timeout` seconds, or `LinkStalled`, or `LinkLost`; both carry `sent`.

        Returning means that the system took the bytes, not that the device has them. On a slow line cut the
        data into pieces: `LinkStalled.sent > 0` is a slow device, `0` one that takes nothing, and
        `data[sent:]` may be written again.
        """

    def close(self) -> None:
        """Idempotent."""


class DescriptorLink(ABC):
    """A `Link` over a non-blocking file descriptor; a subclass says how to get it."""

    end_is_loss = True
    """Whether reading no bytes from a readable descriptor means that the far end went away."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._fd: int | None = None

    @abstractmethod
    def _acquire(self) -> int:
        """The descriptor, non-blocking; `LinkLost`."""

    def _release(self, fd: int) -> None:
        os.close(fd)

    def open(self) -> None:
        self.close()
        self._fd = self._acquire()

    def fileno(self) -> int:
        if self._fd is None:
            raise LinkLost(f"{self.name}: not open")
        return self._fd

    def read(self, size: int = 4096) -> bytes:
        fd = self.fileno()
        ready = _ready(fd, select.POLLIN, 0)
        if not ready:
            return b""
        try:
            data = os.read(fd, size)
        except BlockingIOError:
            data = None
        except OSError as error:
            raise self.lost(error) from error
        if data:
            return data
        if ready & _GONE or (self.end_is_loss and data is not None):
            raise LinkLost(f"{self.name}: the far end went away")
        return b""

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        fd = self.fileno()
        view = memoryview(data)
        deadline = time.monotonic() + timeout
        sent = 0
        while sent < len(view):
            left = deadline - time.monotonic()
            # POLLRDHUP: a TCP peer that has closed still takes one write, and the bytes would be gone.
            ready = _ready(fd, select.POLLOUT | select.POLLRDHUP, max(0.0, left))
            if not ready:
                raise LinkStalled(f"{self.name}: took {sent} of {len(view)} bytes in {timeout:g} s", sent=sent)
            if ready & (_GONE | select.POLLRDHUP):
                raise LinkLost(f"{self.name}: the far end went away", sent=sent)
            try:
                sent += os.write(fd, view[sent:])
            except BlockingIOError:
                # A tty may call itself writable and then take nothing.
                if left <= 0:
                    raise LinkStalled(
                        f"{self.name}: took {sent} of {len(view)} bytes in {timeout:g} s", sent=sent
                    ) from None
                time.sleep(_BREATH)
            except OSError as error:
                raise self.lost(error, sent=sent) from error

    def close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            self._release(fd)

    def lost(self, error: OSError, *, sent: int = 0, remedy: str | None = None) -> LinkLost:
        return LinkLost(f"{self.name}: {error.strerror or error}", sent=sent, remedy=remedy)


def _ready(fd: int, events: int, timeout: float) -> int:
    poll = select.poll()
    poll.register(fd, events)
    found = poll.poll(timeout * 1000)
    return found[0][1] if found else 0
