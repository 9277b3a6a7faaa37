"""Facts about the box and its log."""

from typing import Literal

from appliance.domain.kernel import Fact, kind

Reason = Literal["new", "restore", "behind", "key"]
"""Why a log began: it is the first; the journal is a copy; central knew another past; the box has another key."""


class PreviousLog(Fact, frozen=True):
    """The log before this one: its number, size and root (hex)."""

    log: int
    size: int
    root: str


@kind("log.started/1")
class LogStarted(Fact, frozen=True):
    """The first fact of every log. ``key``: the C2SP verifier key that its checkpoints are signed with."""

    log: int
    reason: Reason
    previous: PreviousLog | None
    key: str


@kind("command.refused/1")
class CommandRefused(Fact, frozen=True):
    """A decision said no; ``reason`` is the problem's slug."""

    command_kind: str
    reason: str


@kind("clock.stepped/1")
class ClockStepped(Fact, frozen=True):
    """The wall clock moved against the monotonic one by ``by_ms``; ``source`` is its trust afterwards.

    ``restarted``: it was found after the box had started again: by so much the clock was ahead of the fact before this
    one when it started (behind it: negative). How long the box was off is part of it, and in no clock.
    """

    by_ms: int
    source: str
    restarted: bool = False
