"""Whether the place of the journal takes what is written: full, nearly full, read-only."""

import os
from pathlib import Path

from appliance.errors import Problem
from appliance.journal.schema import StorageError, is_full

LOW = 64 * 1024 * 1024
"""Bytes that are left when a person should be told: some hours of a busy till."""
ENOUGH = 1024 * 1024
"""Bytes that have to be free again before a full card counts as mended."""
_NONE = 64 * 1024  # an append needs pages in two files; with less than this the file system is as good as full


class Room:
    """The file system below a data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def free(self) -> int:
        """Bytes that this user may still write."""
        found = os.statvfs(self._data)
        return found.f_bavail * found.f_frsize

    def files(self) -> int:
        """Files that this user may still make; a great number where the file system does not count them."""
        found = os.statvfs(self._data)
        return found.f_favail if found.f_files else 2**31

    def read_only(self) -> bool:
        """Whether it is mounted read-only, as the kernel does with a card that fails."""
        return bool(os.statvfs(self._data).f_flag & os.ST_RDONLY)

    def mended(self) -> bool:
        """Whether trying to write again makes sense."""
        return not self.read_only() and self.free() >= ENOUGH

    def problem(self, error: StorageError) -> Problem:
        """What a failed write is to the person who asked for it; it uses no identity up."""
        if self.read_only():
            return Problem(
                "busy",
                f"The card with {self._data} is read-only; nothing was recorded.",
                "Restart the box. If it stays so, the card is worn out: copy it, and use a new one.",
            )
        if is_full(error) or self.free() < _NONE:
            return Problem(
                "disk-full",
                f"The card with {self._data} is full; nothing was recorded.",
                "Free space on the card, then do the same again; nothing is lost so far.",
            )
        return Problem(
            "busy", f"The journal cannot be written now: {error}", "Ask again in a moment with the same key."
        )
