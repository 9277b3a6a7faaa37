"""What is decided on a card that is nearly full, and the reserve that lets an event be closed.

The levels are those of ``domain.disk``. What they leave room for was measured (docs/decisions/0013-a-full-card.md).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from appliance import log
from appliance.domain.disk import DiskLevel
from appliance.domain.kernel import CommandType
from appliance.errors import Problem
from appliance.services.recorder.room import LOW, Room

logger = log.get("recorder")

MIB = 1024 * 1024
STOP = 16 * MIB
"""Bytes below which nothing new begins: the write-ahead log at its largest (4 MiB, with an import of 500 tickets in
it), the journal's own growth when that is copied into it (as much), people.db's rollback journal (4 MiB), and
``LAST``."""
LAST = 4 * MIB
"""Bytes below which only what ends an event is decided: two megabytes of write-ahead log and the same in the journal.
Counting and closing a drawer takes 25 KB of the first and 6 KB of the second."""
RESERVE = 8 * MIB
"""Bytes of DATA/reserve: ``LAST`` and as much again for refunds, drawers and whoever still has to come out."""
BACK = MIB
"""Bytes more than a level asks for before it is left again, so that none comes and goes with each sale."""
STOP_FILES = 16
"""Files that can still be made: a rollback journal, and what else is written beside."""


class Words(NamedTuple):
    """What a person is told: why, and what to do."""

    reason: str
    remedy: str


class Levels:
    """The level of one data folder. ``level`` is as of the last ``look``."""

    def __init__(self, room: Room, data: Path) -> None:
        self._room = room
        self._path = data / "reserve"
        self._failing = False
        self.level: DiskLevel = "ok"

    @property
    def reserve(self) -> str:
        """``kept``; ``in use``: given up, so that an event can be closed; ``missing``: there was never room for it."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return "missing"
        return "in use" if not found.st_size else "kept" if _is_whole(found) else "missing"

    def look(self, needed: Callable[[], bool]) -> None:
        """Judge the card as it is now, and keep or give up the reserve. ``needed``: whether an event waits to be
        closed, asked when it matters."""
        free, state = self._room.free(), self.reserve
        if state != "kept" and free >= STOP + RESERVE + 2 * BACK and not self._room.read_only():
            self._keep(state)
        elif state == "kept" and free < LAST and needed():
            self.give_up()
        self.judge()

    def judge(self) -> None:
        """The level as it is now, nothing done about it."""
        free, before = self._room.free(), self.level
        if self.reserve == "in use":
            self.level = "reserve"
        elif free < STOP + (BACK if before in ("full", "reserve") else 0) or self._room.files() < STOP_FILES:
            self.level = "full"
        elif free < LOW + (BACK if before != "ok" else 0):
            self.level = "low"
        else:
            self.level = "ok"

    def give_up(self) -> bool:
        """Make room for the end of the event: what the reserve holds is free afterwards. False when there is none."""
        if self.reserve != "kept":
            return False
        try:
            os.truncate(self._path, 0)
        except OSError as error:
            logger.error("reserve.not_given_up", why=str(error))
            return False
        logger.error("reserve.in_use", free=self._room.free())
        return True

    def _keep(self, state: str) -> None:
        """Take the room anew: real blocks, which nobody else can have."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(self._path, flags, 0o640), "r+b") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE)
                os.fsync(file.fileno())
        except OSError as error:
            if state == "in use":  # a part of it may be there
                os.truncate(self._path, 0)
            else:
                self._path.unlink(missing_ok=True)
            if not self._failing:
                logger.warning("reserve.not_kept", why=str(error))
            self._failing = True
        else:
            self._failing = False
            logger.info("reserve.kept", bytes=RESERVE)

    def allow(self, command: CommandType) -> None:
        """Raise ``disk-full``, which uses no identity up, for what has no place on the card as it is."""
        match command.at_full:
            case "finish":
                return
            case "go_on" if self._room.free() >= LAST:
                return
            case _ if self.level in ("ok", "low"):
                return
        words = self.words()
        raise Problem("disk-full", words.reason, words.remedy)

    def words(self) -> Words:
        """The level; empty when all is well."""
        megabytes = self._room.free() // 2**20
        match self.level:
            case "ok":
                return Words("", "")
            case "low":
                return Words(
                    f"The memory card is nearly full: {megabytes} MB left.", "Free space on it before sales stop."
                )
            case "full":
                return Words(
                    f"The memory card is full: {megabytes} MB left, nothing new is sold or imported.",
                    "Free space on it, then go on; drawers can be counted and the event closed meanwhile.",
                )
            case "reserve":
                return Words(
                    f"The memory card is full, its reserve is in use: {megabytes} MB left, nothing new is sold.",
                    "Count the drawers and close the event, then free space on the card.",
                )


def _is_whole(found: os.stat_result) -> bool:
    """A file with holes keeps nothing back."""
    return found.st_size >= RESERVE and found.st_blocks * 512 >= RESERVE
