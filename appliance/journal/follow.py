"""Being woken: the recorder sends a datagram to every socket in RUN/wake after each commit. A poll of a second stands
behind it."""

import contextlib
import errno
import socket
from pathlib import Path

FOLDER = "wake"


class Wake:
    """A follower's ear. ``fileno`` becomes readable when there are new facts."""

    def __init__(self, run: Path, name: str) -> None:
        folder = run / FOLDER
        folder.mkdir(mode=0o770, parents=True, exist_ok=True)
        self._path = folder / f"{name}.sock"
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self._socket.bind(str(self._path))
        self._path.chmod(0o660)

    def fileno(self) -> int:
        """For selectors."""
        return self._socket.fileno()

    def drain(self) -> None:
        """Forget the calls that have come; one look at the journal serves them all."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(16)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
        self._path.unlink(missing_ok=True)


class Waker:
    """The recorder's side."""

    def __init__(self, run: Path) -> None:
        self._folder = run / FOLDER
        self._folder.mkdir(mode=0o770, parents=True, exist_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)

    def wake(self) -> None:
        """Call every follower; one that is busy has been called already, one that is gone is forgotten."""
        for path in self._folder.glob("*.sock"):
            try:
                self._socket.sendto(b"!", str(path))
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno == errno.ECONNREFUSED:
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop calling."""
        self._socket.close()
