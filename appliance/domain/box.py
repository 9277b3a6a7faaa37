"""Facts about the box and its log."""

from typing import Literal

from appliance.domain.kernel import Fact, kind


class PreviousLog(Fact, frozen=True):
    """The log before this one: its number, size and root (hex)."""

    log: int
    size: int
    root: str


@kind("log.started/1")
class LogStarted(Fact, frozen=True):
    """The first fact of every log. ``key``: the C2SP verifier key that its checkpoints are signed with."""

    log: int
    reason: Literal["new", "restore", "behind", "key"]
    previous: PreviousLog | None
    key: str


@kind("command.refused/1")
class CommandRefused(Fact, frozen=True):
    """A decision said no; ``reason`` is the problem's slug."""

    command_kind: str
    reason: str


@kind("clock.stepped/1")
class ClockStepped(Fact, frozen=True):
    """The wall clock moved against the monotonic one by ``by_ms``; ``source`` is its trust afterwards."""

    by_ms: int
    source: str
