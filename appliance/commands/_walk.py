"""The kit check in a terminal: the same steps, words and commands as on the kit page."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, assert_never

import click
import segno

from appliance.clock import Clock, system_clock
from appliance.commands import _doctor
from appliance.commands._common import Box, Send
from appliance.errors import BoothkitError, Problem
from appliance.ids import new_id
from appliance.journal.read import Reader
from appliance.projections import checklist, kit, kitlooks, kitwords, paper
from appliance.projections.checklist import Checklist, Step
from appliance.projections.kitlooks import Around
from appliance.receipts import layout, slips
from appliance.receipts.wording import Wording
from appliance.services.context import box_id

_COLUMNS = 48
_KEYS = "Enter = look again, y = yes, t = try it, n = no, l = leave it out, q = stop here"


class NotRunning(BoothkitError):
    """There is nobody to print, scan and count."""

    remedy = "Start the box first: boothkit up, or the service."


@dataclass(frozen=True)
class _Desk:
    """One walk's box."""

    box: Box
    reader: Reader
    clock: Clock
    send: Send

    def around(self) -> Around:
        config = self.box.config
        name = box_id(config, self.box.data)
        return kitlooks.around(self.reader, self.box.run, config, self.clock(), box=name)

    def list(self) -> Checklist | None:
        """The check that is under way."""
        found = checklist.checklist(self.reader.db(), self.around())
        return None if found is None or found.check.ready is not None else found

    def do(self, command: str, **data: Any) -> None:
        self.send(command, data, new_id("cli-"))


def walk(box: Box) -> None:
    """Go on with the check that is under way, else begin one; ends with the sheet, or where the person stops."""
    if not (box.data / "journal.db").exists():
        raise NotRunning(f"{box.data}: no box has been here")
    with closing(Reader(box.data)) as reader, box.recorder() as send:
        desk = _Desk(box, reader, system_clock(box.config.clock.trust, box.run), send)
        place = desk.around()
        if not _doctor.is_running(place):
            raise NotRunning("the box is not running")
        if desk.list() is None:
            desk.do("kit.begin", presses=kitlooks.pressed(place))
        while (found := desk.list()) is not None and found.now is not None:
            if not _one(desk, found, found.now):
                click.echo("Stopped; the check goes on where it was: here, or on the kit page.")
                return
        _finish(desk)


def _one(desk: _Desk, found: Checklist, step: Step) -> bool:
    """One look at the step that is next, and one answer; False to stop."""
    words, place = kitwords.WORDS[step.place.step], step.place
    about = {"kit": found.check.kit, "step": place.step, "device": place.device}
    click.echo(f"\nStep {found.steps.index(step) + 1} of {len(found.steps)}: {step.title}")
    click.echo(f"  {words.do}\n  {step.seen.words}")
    if step.seen.trouble:
        click.echo(f"  {step.seen.trouble}. {step.seen.remedy}")
    if place.step == "scanner" and place.device:
        segno.make(found.check.code, error="m", micro=False).terminal(compact=True)
    match click.prompt(f"  {_KEYS}", default="", show_default=False).strip().lower():
        case "y" | "yes":
            _tell(desk, {**about, "outcome": "passed"})
        case "t":
            _attempt(desk, "kit.ask", about)
        case "n" | "no":
            for line in words.help:
                click.echo(f"  - {line}")
            if (reason := _choose(words.fails)) is not None:
                _tell(desk, {**about, "outcome": "failed", "reason": reason})
        case "l":
            if (reason := _choose(kitwords.SKIPS)) is not None:
                _tell(desk, {**about, "outcome": "skipped", "reason": reason})
        case "q":
            return False
        case _:
            pass
    _record(desk)
    return True


def _choose(reasons: Any) -> str | None:
    """One of the reasons by its number; None for neither."""
    keys = list(reasons)
    for number, key in enumerate(keys, 1):
        click.echo(f"  {number} = {reasons[key]}")
    told = click.prompt("  Which? (Enter = none of them)", default="", show_default=False).strip()
    return keys[int(told) - 1] if told.isdigit() and 0 < int(told) <= len(keys) else None


def _tell(desk: _Desk, said: dict[str, Any]) -> None:
    lesson = kitlooks.lesson(said, desk.around())
    if lesson is not None:
        desk.do("device.learn", **lesson)
    _attempt(desk, "kit.check", {**said, "by": "admin", **({"proof": "both"} if lesson is not None else {})})


def _attempt(desk: _Desk, command: str, data: dict[str, Any]) -> None:
    """A refusal is told, and the step is shown again."""
    try:
        desk.do(command, **data)
    except Problem as problem:
        click.echo(f"  {problem.detail}. {problem.remedy}")


def _record(desk: _Desk) -> None:
    """What the box has seen by itself becomes a fact with the next thing that a person says."""
    found = desk.list()
    for data in found.evident() if found is not None else ():
        desk.do("kit.check", **data)


def _finish(desk: _Desk) -> None:
    found = desk.list()
    if found is None:
        return
    _record(desk)
    desk.do("kit.finish", kit=found.check.kit, devices=list(desk.around().names))
    db = desk.reader.db()
    check = kit.get(db, found.check.kit)
    sheet = kit.sheet(db, found.check.kit)
    slip = paper.slip(db, sheet[0]) if sheet is not None else None
    if slip is None:
        slip = {"slip": "", "kind": "kit-sheet", "about": found.check.kit, "printer": "", "copy": 0}
    click.echo()
    for line in _text(slips.elements(db, slip, printer={})):
        click.echo(line)
    if check is not None and check.ready is not None:
        said = Wording()
        click.echo(f"\nReady, {slips.took(check.ready, said)}: {slips.within(check.ready, said)}.")


def _text(elements: list[layout.Element]) -> Iterator[str]:
    """A slip as lines of a terminal."""
    for element in elements:
        match element:
            case layout.Title(text):
                yield text.upper().center(_COLUMNS).rstrip()
            case layout.Line(text, centred):
                yield text.center(_COLUMNS).rstrip() if centred else text
            case layout.Row(left, right):
                yield left.ljust(_COLUMNS - len(right) - 1) + " " + right
            case layout.Rule():
                yield "-" * _COLUMNS
            case layout.Code(data):
                yield data
            case _:
                assert_never(element)
