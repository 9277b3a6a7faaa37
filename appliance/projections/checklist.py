"""The kit check as it stands: each step with what the box sees of it now. The one engine behind page and terminal."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from appliance.domain.kitplan import Moment, Place, Timed, plan, timed
from appliance.projections import kit, kitwords
from appliance.projections.kit import Answer, Check
from appliance.projections.kitlooks import Around, Desk, Seen, look

State = Literal["done", "skipped", "failed", "todo"]
_STATES: Mapping[str, State] = {"passed": "done", "skipped": "skipped", "failed": "failed"}


@dataclass(frozen=True)
class Step:
    """One step with what became of it. ``words``: one line for the checklist."""

    place: Place
    title: str
    state: State
    words: str
    seen: Seen
    answer: Answer | None
    asked: bool


@dataclass(frozen=True)
class Checklist:
    """A check and its steps; ``now`` is the one to do next, None when all are done. ``took``: until now, or in all."""

    check: Check
    steps: tuple[Step, ...]
    now: Step | None
    took: Timed
    slips: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    sheet: tuple[str, int, str | None] | None = None

    def step(self, place: Place) -> Step | None:
        """The step of that place."""
        return next((step for step in self.steps if step.place == place), None)

    def evident(self) -> list[dict[str, Any]]:
        """What the box has seen and nobody has recorded: data of ``kit.check``, to be sent with the next answer."""
        return [
            {
                "kit": self.check.kit,
                "step": step.place.step,
                "device": step.place.device,
                "outcome": "passed",
                "proof": "seen",
                "by": "box",
            }
            for step in self.steps
            if step.seen.enough and step.answer is None
        ]


def checklist(db: sqlite3.Connection, place: Around) -> Checklist | None:
    """The newest check; None before the first."""
    check = kit.newest(db)
    return None if check is None else _checklist(db, check, place)


def _checklist(db: sqlite3.Connection, check: Check, place: Around) -> Checklist:
    answers, asked, slips = kit.standing(db, check.kit), kit.questions(db, check.kit), kit.slips(db, check.kit)
    desk = Desk(db, check, place, asked, {printer: outcome for printer, (_, outcome) in slips.items()})
    steps = tuple(_step(one, desk, answers.get(one)) for one in _places(check, place))
    left = [step for step in steps if step.state == "todo"] or [step for step in steps if step.state == "failed"]
    if check.ready is not None:
        ready = check.ready
        took = Timed(ready["seconds"], ready["since"], ready["exact"], ready["boots"])
    else:
        now = Moment(place.now.boot, place.now.mono, place.now.wall_ms, place.now.trusted)
        took = timed([*kit.moments(db, check.kit), now])
    now_step = left[0] if left and check.ready is None else None
    return Checklist(check, steps, now_step, took, slips, kit.sheet(db, check.kit))


def _places(check: Check, place: Around) -> list[Place]:
    """Of a check that is over the steps that it had, else those of the devices that there are now."""
    if check.ready is not None:
        return [Place(step["step"], step["device"]) for step in check.ready["steps"]]
    return plan(place.names)


def _step(place: Place, desk: Desk, answer: Answer | None) -> Step:
    seen = look(place, desk)
    state: State = _STATES[answer.outcome] if answer is not None else "done" if seen.enough else "todo"
    words = seen.words
    if answer is not None and state in ("skipped", "failed"):
        words = kitwords.reason(place, answer.reason)
    elif seen.trouble and state == "todo":
        words = seen.trouble
    return Step(place, kitwords.title(place), state, words, seen, answer, place in desk.asked)
