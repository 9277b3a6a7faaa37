"""Load shedding: which steps are announced, off, or kept on by the lead.

A step is announced before it is done, and done only while the level still asks for it, the sensors know, and nobody
said no. It is undone as soon as the level no longer asks for it. Nothing changes while the sensors are silent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appliance.domain.power import LEVELS, Level, StepState


@dataclass(frozen=True)
class Measure:
    """Something that can be switched off, from which level on, and what that means, for people."""

    name: str
    level: Level
    what: str


@dataclass(frozen=True)
class Veto:
    """The lead's no, made at `level`, over at `until` (seconds of the shedder's clock)."""

    level: Level
    until: float


@dataclass(frozen=True)
class Change:
    """A step's new state; `in_s` seconds from an announcement to the deed."""

    step: str
    state: StepState
    in_s: int = 0


class Shedder:
    """`announce_s`: seconds between saying and doing. Times are seconds of any one monotonic clock."""

    def __init__(self, announce_s: int) -> None:
        self._announce_s = announce_s
        self._measures: dict[str, Measure] = {}
        self._off: set[str] = set()
        self._due: dict[str, float] = {}

    def offer(self, measures: Iterable[Measure]) -> None:
        """What there is to switch off now; a measure that is gone is no step any more."""
        self._measures = {measure.name: measure for measure in measures}
        self._due = {name: due for name, due in self._due.items() if name in self._measures}

    def restore(self, off: Iterable[str]) -> None:
        """What was off before this process began."""
        self._off = set(off)

    @property
    def off(self) -> frozenset[str]:
        """The steps that are off."""
        return frozenset(self._off & self._measures.keys())

    def asked_for(self, level: Level) -> list[str]:
        """The steps that belong off at a level, first things first."""
        rank = LEVELS.index(level)
        wanted = [measure for measure in self._measures.values() if LEVELS.index(measure.level) <= rank]
        return [m.name for m in sorted(wanted, key=lambda measure: (LEVELS.index(measure.level), measure.name))]

    def look(self, level: Level, *, known: bool, vetoes: Mapping[str, Veto], now: float) -> list[Change]:
        """What changes now."""
        asked = set(self.asked_for(level))
        changes: list[Change] = []
        for name in sorted(self._measures):
            kept = _holds(vetoes.get(name), level, now)
            if name in self._off:
                if known and (name not in asked or kept):
                    self._off.discard(name)
                    changes.append(Change(name, "on"))
            elif name in self._due:
                if not known or name not in asked or kept:
                    del self._due[name]
                    changes.append(Change(name, "on" if kept else "withdrawn"))
                elif now >= self._due[name]:
                    del self._due[name]
                    self._off.add(name)
                    changes.append(Change(name, "off"))
            elif known and name in asked and not kept:
                self._due[name] = now + self._announce_s
                changes.append(Change(name, "announced", self._announce_s))
        return changes

    def page(self, level: Level, *, vetoes: Mapping[str, Veto], now: float) -> list[dict[str, object]]:
        """For people: ``step, what, level, state`` (`on`, `announced`, `off`, `kept`) and ``in_s``: seconds to the
        deed, or until the lead's no is over."""
        rows: list[dict[str, object]] = []
        order = sorted(self._measures.values(), key=lambda measure: (LEVELS.index(measure.level), measure.name))
        for measure in order:
            veto = vetoes.get(measure.name)
            state, in_s = "on", None
            if measure.name in self._off:
                state = "off"
            elif measure.name in self._due:
                state, in_s = "announced", max(0, round(self._due[measure.name] - now))
            elif veto is not None and _holds(veto, level, now):
                state, in_s = "kept", max(0, round(veto.until - now))
            rows.append(
                {"step": measure.name, "what": measure.what, "level": measure.level, "state": state, "in_s": in_s}
            )
        return rows


def _holds(veto: Veto | None, level: Level, now: float) -> bool:
    """A no counts until its time is over or it gets worse than it was."""
    return veto is not None and now < veto.until and LEVELS.index(level) <= LEVELS.index(veto.level)
