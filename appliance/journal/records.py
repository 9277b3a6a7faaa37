"""Values that the journal hands out; light enough for every worker."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Record:
    """A fact as stored: its place over all logs, its body, its leaf hash."""

    pos: int
    body: dict[str, Any]
    leaf: bytes


@dataclass(frozen=True)
class Safe:
    """What central is known to hold: the first ``seq`` facts of ``log``, up to ``pos``."""

    log: int
    seq: int
    pos: int
