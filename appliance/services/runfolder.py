"""The run folder of one `boothkit up`: held by one process at a time, short enough for unix sockets."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import BoothkitError

_LONGEST_SOCKET_PATH = 107  # unix(7): 108 with the closing zero


class AlreadyRunning(BoothkitError):
    """Another `boothkit up` holds this run folder."""

    remedy = "Stop the other one with Ctrl-C (or `kill` and its pid), or give this one another --data folder."


class RunFolderTooLong(BoothkitError):
    """A unix socket in this run folder would have a path that the kernel does not take."""

    remedy = "Use a data folder with a shorter path."


@contextmanager
def held(run: Path) -> Iterator[None]:
    """Make the folder and hold it until the end, however that comes: the kernel drops the lock with the
    process.

    AlreadyRunning with the pid of the holder.
    """
    run.mkdir(mode=0o750, parents=True, exist_ok=True)
    with open(os.open(run / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read(20).strip() or "unknown"
            raise AlreadyRunning(f"boothkit is already up in {run} (pid {holder})") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def notify_socket(run: Path, name: str) -> Path:
    """Where the worker `name` says how it is. RunFolderTooLong."""
    path = run.absolute() / "notify" / name
    length = len(os.fsencode(path))
    if length > _LONGEST_SOCKET_PATH:
        raise RunFolderTooLong(f"{path} has {length} bytes, a socket's path at most {_LONGEST_SOCKET_PATH}")
    return path
