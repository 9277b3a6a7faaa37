"""Names: cells and boxes as topics carry them, and the logs of a box."""

import re
from dataclasses import dataclass

from appliance.journal import merkle, notes

PREFIX = "boothkit/1"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LOG = re.compile(r"[1-9][0-9]{0,8}")


class Rejected(ValueError):
    """A message that central does not take; the text says what was found."""


@dataclass(frozen=True, order=True)
class Box:
    """One box of one cell."""

    cell: str
    box: str

    def topic(self, subject: str) -> str:
        """``boothkit/1/<cell>/<box>/<subject>``."""
        return f"{PREFIX}/{self.cell}/{self.box}/{subject}"


@dataclass(frozen=True, order=True)
class Log:
    """One log of a box, with what is counted in it: facts from 1."""

    box: Box
    number: int

    @property
    def origin(self) -> str:
        """``boothkit/<box>/<log>``, as CloudEvents' source and in notes."""
        return f"boothkit/{self.box.box}/{self.number}"

    def empty(self) -> notes.TreeHead:
        """The head of this log before its first fact."""
        return notes.TreeHead(self.origin, 0, merkle.EMPTY_ROOT)


def is_name(text: str) -> bool:
    """Whether a cell or a box may be called so (as ``[box] id`` in the configuration)."""
    return _NAME.fullmatch(text) is not None


def of_topic(topic: str) -> tuple[Box, str]:
    """The box and the subject of a topic; raises Rejected."""
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != PREFIX or not is_name(parts[2]) or not is_name(parts[3]):
        raise Rejected(f"topic {topic[:80]!r}: wants {PREFIX}/<cell>/<box>/<subject>")
    return Box(parts[2], parts[3]), parts[4]


def of_origin(box: Box, origin: str) -> Log:
    """The log of ``box`` that an origin names; raises Rejected when it is another's."""
    head, _, number = origin.rpartition("/")
    if head != f"boothkit/{box.box}" or not _LOG.fullmatch(number):
        raise Rejected(f"{origin[:80]!r} is no log of box {box.box}")
    return Log(box, int(number))
