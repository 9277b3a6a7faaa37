"""What the journal wants of a worker that may not read it, from the recorder's board page.

The page is renewed within a second of a change. It is another process' ground: what is not of the right shape counts as
not there.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance import board


@dataclass(frozen=True)
class Asked:
    """A test of the kit check that goes on now; ``n`` counts them, so that each is done once."""

    kit: str
    step: str
    device: str
    n: int


@dataclass(frozen=True)
class Wanted:
    """``adopted``: name → URI of devices beside the configuration's; ``learnt``: name → what → value; ``power``: what
    the power worker has to know of the event; ``counting``: device → plan as in `counter.planned/1`; ``event``: the
    present one, empty before there is one; ``crowded``: too many people are inside."""

    adopted: dict[str, str] = field(default_factory=dict)
    learnt: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: tuple[Asked, ...] = ()
    power: dict[str, Any] = field(default_factory=dict)
    counting: dict[str, dict[str, Any]] = field(default_factory=dict)
    event: str = ""
    crowded: bool = False


class WantedPage:
    """The newest word; before there is one, and while the page cannot be read, the last."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._seen: tuple[int, int] | None = None
        self._wanted = Wanted()

    def read(self) -> Wanted:
        """The page is read again only after it was written."""
        path = board.page_path(self._run, "recorder")
        try:
            found = os.stat(path)
        except OSError:
            return self._wanted
        seen = found.st_ino, found.st_mtime_ns
        if seen != self._seen:
            self._seen = seen
            page = board.read(self._run, "recorder")
            told = page.get("wanted") if page is not None else None
            if isinstance(told, dict):
                self._wanted = _wanted(told)
        return self._wanted


def _wanted(told: dict[str, Any]) -> Wanted:
    asked, event = told.get("asked"), told.get("event")
    return Wanted(
        adopted=_texts(told.get("adopted")),
        learnt={name: _texts(value) for name, value in _table(told.get("learnt")).items()},
        asked=tuple(found for one in asked if (found := _asked(one))) if isinstance(asked, list) else (),
        power=_table(told.get("power")),
        counting={name: _table(plan) for name, plan in _table(told.get("counting")).items()},
        event=event if isinstance(event, str) else "",
        crowded=told.get("crowded") is True,
    )


def _asked(one: object) -> Asked | None:
    match one:
        case {"kit": str(kit), "step": str(step), "device": str(device), "n": int(n)}:
            return Asked(kit, step, device, n)
        case _:
            return None


def _table(value: object) -> dict[str, Any]:
    return {key: item for key, item in value.items() if isinstance(key, str)} if isinstance(value, dict) else {}


def _texts(value: object) -> dict[str, str]:
    return {key: item for key, item in _table(value).items() if isinstance(item, str)}
