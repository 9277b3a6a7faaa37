"""A small card, and somebody else who fills it."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

on_a_card = pytest.mark.skipif(os.getuid() != 0, reason="needs root: it mounts a small file system as the card")


class Card:
    """A card of 128 MiB. Somebody else's videos leave as little as a test wants."""

    def __init__(self, path: Path) -> None:
        self.path, self._videos = path, path / "videos"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", str(path)], check=True)

    def leave(self, left: int) -> None:
        """So many bytes are free afterwards; the reserve is not among them. The box goes on writing meanwhile: what it
        took since the look is not there any more."""
        with self._videos.open("ab") as file:
            while True:
                found = os.statvfs(self.path)
                size = os.fstat(file.fileno()).st_blocks * 512 + found.f_bavail * found.f_frsize - left
                file.truncate(size)
                try:
                    os.posix_fallocate(file.fileno(), 0, size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                else:
                    return

    def free(self) -> None:
        """The videos are gone again."""
        self._videos.unlink()

    def close(self) -> None:
        """Take it out."""
        subprocess.run(["umount", "-l", str(self.path)], check=True)
