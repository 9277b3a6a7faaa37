"""The clean end before the battery cuts the box off: announced, put off by the lead if it must be, then asked for.

It begins at the level cut-off, or while critical with only minutes left by the forecast; a battery that is being
charged is not switched off from, unless it lies below the hard limit. Every cause has to last (`Held`): a dip under
load does not. What the steward refuses is shown and not asked for again until the cause is gone; one that does not
answer is asked again after five minutes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from appliance.domain.power import Level, StepState
from appliance.services.power.levels import Held

ANNOUNCE_S = 120
HARD_ANNOUNCE_S = 30
HARD_HOLD_S = 20.0
MINUTES_HOLD_S = 60.0
RECOVER_HOLD_S = 60.0
AGAIN_S = 300.0

Outcome = Literal["asked", "refused", "down"]


@dataclass(frozen=True)
class Look:
    """What is known at one moment; `empty_s` by the forecast's expected case, None = not soon or not known."""

    level: Level
    known: bool
    mv: int | None
    ma: int | None
    empty_s: float | None


@dataclass(frozen=True)
class End:
    """A change of the shutdown's state; `final`: nobody can put it off."""

    state: StepState
    in_s: int = 0
    final: bool = False


class Shutdown:
    """`power_off` asks the steward. Times are seconds of one monotonic clock; `vetoed` in `look` is when the lead's
    newest no is over."""

    def __init__(self, hard_mv: int, minutes: int, power_off: Callable[[], tuple[Outcome, str]]) -> None:
        self._hard_mv = hard_mv
        self._minutes = minutes
        self._power_off = power_off
        self._hard, self._short, self._gone = Held(), Held(), Held()
        self._due: float | None = None
        self._put_off_until: float | None = None
        self._again: float | None = None
        self.final = False
        self.state: Literal["none", "announced", "put_off", "asked", "refused", "down"] = "none"
        self.why = ""

    def look(self, seen: Look, vetoed: float | None, now: float) -> list[End]:
        """What changes now."""
        charging = seen.ma is not None and seen.ma > 0
        below = seen.mv is not None and seen.mv < self._hard_mv
        hard = self._hard.look(below, now, HARD_HOLD_S)
        soon = seen.level == "critical" and seen.empty_s is not None and seen.empty_s < self._minutes * 60
        short = self._short.look(soon and not charging, now, MINUTES_HOLD_S)
        cause = hard or (seen.known and not charging and (seen.level == "cut-off" or short))
        # Below the hard limit or minutes from empty it is not over because one sample says otherwise.
        better = not (cause or below or (soon and not charging))
        if self.state != "none" and self._gone.look(better, now, RECOVER_HOLD_S):
            return self._over()
        match self.state:
            case "none":
                return self._announce(now, hard=hard) if cause else []
            case "announced" | "put_off":
                return self._goes_on(now, vetoed, cause=cause, hard=hard)
            case "down":
                return self._ask(now) if cause and self._again is not None and now >= self._again else []
            case "asked" | "refused":
                return []

    def page(self, now: float) -> dict[str, object]:
        """For people: ``state``, ``in_s`` seconds to the end (or to the next announcement), ``final``, ``why``."""
        until = self._due if self.state == "announced" else self._put_off_until if self.state == "put_off" else None
        in_s = None if until is None else max(0, round(until - now))
        return {"state": self.state, "in_s": in_s, "final": self.final, "why": self.why}

    def _announce(self, now: float, *, hard: bool) -> list[End]:
        seconds = HARD_ANNOUNCE_S if hard else ANNOUNCE_S
        self.state, self.final, self._due = "announced", hard, now + seconds
        return [End("announced", seconds, hard)]

    def _goes_on(self, now: float, vetoed: float | None, *, cause: bool, hard: bool) -> list[End]:
        if hard and not self.final:
            return self._announce(now, hard=True)
        if not self.final and vetoed is not None and now < vetoed:
            self.state, self._put_off_until = "put_off", vetoed
            return []
        if self.state == "put_off":
            return self._announce(now, hard=hard) if cause else []
        if cause and self._due is not None and now >= self._due:
            return self._ask(now)
        return []

    def _ask(self, now: float) -> list[End]:
        outcome, self.why = self._power_off()
        self.state, self._again = outcome, now + AGAIN_S
        return [End("off", final=self.final)] if outcome == "asked" else [End("refused", final=self.final)]

    def _over(self) -> list[End]:
        told = self.state in ("announced", "put_off")
        self.state, self.final, self.why = "none", False, ""
        self._due = self._put_off_until = self._again = None
        self._gone = Held()
        return [End("withdrawn")] if told else []
