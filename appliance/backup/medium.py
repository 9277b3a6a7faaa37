"""A file on somebody's stick: written beside its place, read back from the medium, and only then put in its place."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from appliance.errors import Problem
from appliance.language import N_

_MAY_NOT = (
    N_("{0} may not be written by this user: no backup was made."),
    N_("Name another place, or run it as the user who may write there."),
)
_NOT_THERE = (N_("{0} is not there: no backup was made."), N_("Plug the stick in, and try again."))
_WORDS = {
    errno.ENOSPC: (
        N_("{0} is full: no backup was made."),
        N_("Take a stick with more room, or delete what is not needed on it."),
    ),
    errno.EDQUOT: (
        N_("{0} is full: no backup was made."),
        N_("Take another place, or delete what is not needed there."),
    ),
    errno.EFBIG: (
        N_("{0} takes no file that large (FAT: 4 GB): no backup was made."),
        N_("Take a stick that is formatted with exFAT."),
    ),
    errno.EROFS: (
        N_("{0} is read-only: no backup was made."),
        N_("Push the stick's switch to writable, or take another one."),
    ),
    errno.EACCES: _MAY_NOT,
    errno.EPERM: _MAY_NOT,
    errno.ENOENT: _NOT_THERE,
    errno.ENOTDIR: _NOT_THERE,
}
_GONE = (
    N_("{0} went away, or fails: no backup was made."),
    N_("Plug it in again, or take another one, and begin anew: what lies there under another name does not count."),
)


def problem(error: OSError, place: Path, so: str = "no backup was made") -> Problem:
    """What a failed write or read is to whoever holds the stick. ``so``: what did not happen."""
    words, remedy = _WORDS.get(error.errno or 0, _GONE)
    return Problem("backup-failed", words.format(place).replace("no backup was made", so), remedy)


def no_stick() -> Problem:
    """There is nothing to write to."""
    return Problem("backup-failed", N_("No stick is plugged in."), N_("Plug one in, FAT or exFAT, then try again."))


class Target:
    """A place for a backup. ``partial``: what is written there until it counts; ``beside``: a folder on the same medium
    for what is on its way into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f"{path.name}.partial")
        self.beside = path.with_name(f"{path.name}.parts")

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file, new and empty, with its ``beside``; both are gone at the end; ``keep`` before. OSError."""
        self.clear()
        self.beside.mkdir(mode=0o700)
        try:
            handle = os.open(self.partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with open(handle, "r+b") as file:
                yield file
        finally:
            with suppress(OSError):  # on a stick that was pulled there is nothing to clear
                self.clear()

    def clear(self) -> None:
        """Away with what an attempt left, this one or one that was killed."""
        shutil.rmtree(self.beside, ignore_errors=True)
        self.partial.unlink(missing_ok=True)

    def keep(self) -> None:
        """From now on it is the backup."""
        self.partial.replace(self.path)
        sync_folder(self.path.parent)


def settle(file: BinaryIO) -> None:
    """Have it on the medium, and read it from there from now on."""
    file.flush()
    os.fsync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    file.seek(0)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the medium."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot: FUSE, some network's
            raise
    finally:
        os.close(handle)
