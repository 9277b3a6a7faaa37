"""``boothkit people``: what is kept of people, and its erasure."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from appliance.clock import rfc3339
from appliance.commands._common import Box, common
from appliance.domain.erasure import MOST_REFS, Kept
from appliance.errors import DataError
from appliance.ids import new_id
from appliance.journal.read import Reader
from appliance.private.people import People
from appliance.projections import events, persons
from appliance.services.context import box_id


@click.group()
def command() -> None:
    """What is kept of people, and its erasure."""


@command.command()
@click.argument("words", nargs=-1)
@common
def show(box: Box, words: tuple[str, ...]) -> None:
    """How much is kept of each event and until when; with WORDS, every record that holds all of them."""
    with closing(Reader(box.data)) as reader:
        db = reader.db()
        if words:
            found = [_record(db, ref, said) for ref, said in People(box.data).search(" ".join(words))]
            lines = [f"{one['ref']}  {one['kind']}  {one['at']}  {_said(one['data'])}" for one in found]
            box.out(found, "\n".join(lines) or "Nothing is kept that holds these words.")
            return
        keep_days = box.config.privacy.keep_days
        kept = [_kept(db, one, keep_days) for one in persons.kept(db)]
    lines = [f"{one['name']}: {one['records']:,} records, {_until(one)}" for one in kept]
    box.out({"keep_days": keep_days, "events": kept}, "\n".join(lines) or "Nothing personal is kept.")


@command.command()
@click.argument("refs", nargs=-1)
@click.option("--event", help="All that is kept of this event, which is closed; its id, as people show has it.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="Facts of this box as central keeps them (NDJSON): what they say was erased is erased again.",
)
@common
def erase(box: Box, refs: tuple[str, ...], event: str | None, source: Path | None) -> None:
    """Erase the records REFS for good, of whatever event; or all of an event; or, after a restore, what was erased
    since the backup."""
    if bool(refs) + bool(event) + bool(source) != 1:
        raise click.UsageError("wants REFS, or --event, or --from")
    with box.recorder() as send:
        if event:
            done = 0
            while (answer := send("people.erase_event", {"event": event}, new_id("cli-")).answer)["erased"]:
                done += answer["erased"]
        else:
            chosen = list(refs) if source is None else _again(box, source)
            pieces = [chosen[at : at + MOST_REFS] for at in range(0, len(chosen), MOST_REFS)]
            done = sum(send("people.erase", {"refs": piece}, new_id("cli-")).answer["erased"] for piece in pieces)
    box.out({"erased": done}, f"Erased {done:,} records for good." if done else "Nothing was left to erase.")


def _again(box: Box, source: Path) -> list[str]:
    """Records that facts of this box in ``source`` erased, and that are here."""
    ident = box_id(box.config, box.data)
    with closing(Reader(box.data)) as reader:
        here = persons.people(reader.db())
    with click.open_file(str(source), encoding="utf-8") as lines:
        return [ref for ref in dict.fromkeys(_erased(lines, ident)) if ref in here]


def _erased(lines: Iterable[str], box: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            body = json.loads(line)
            if body["box"] == box and body["kind"] == "record.erased/1":
                yield from body["data"]["refs"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"line {number} is no fact: {type(error).__name__}") from error


def _record(db: Any, ref: str, said: dict[str, str]) -> dict[str, Any]:
    place = persons.place(db, ref)
    return {
        "ref": ref,
        "kind": place.kind if place else None,
        "at": place.at if place else None,
        "event": place.event if place else None,
        "data": said,
    }


def _said(data: dict[str, str]) -> str:
    return "; ".join(f"{name}: {text}" for name, text in data.items() if text)


def _until(one: dict[str, Any]) -> str:
    return "until somebody asks" if one["until"] is None else f"until {one['until']}"


def _kept(db: Any, one: Kept, keep_days: int) -> dict[str, Any]:
    event, due = events.get(db, one.event), one.due_ms(keep_days)
    return {
        "event": one.event,
        "name": event.name if event else one.event,
        "state": one.state,
        "records": one.count,
        "until": None if due is None else rfc3339(due),
    }
