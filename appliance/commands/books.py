"""``boothkit books``: report, export."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from appliance import dayexport
from appliance.commands._common import Box, common
from appliance.domain.reports import By
from appliance.errors import Problem
from appliance.journal.read import Reader
from appliance.projections import events, turnover
from appliance.receipts.wording import Wording
from appliance.services.context import box_id

if TYPE_CHECKING:
    from appliance.domain.events import Event

_KEYS = {"item": "name", "hour": "hour", "cashier": "cashier", "tender": "tender", "vat": "vat", "category": "category"}


@click.group()
def command() -> None:
    """The books: what was sold, and the Z reports as files."""


@command.command()
@click.option("--by", type=click.Choice(get_args(By)), default="item", show_default=True, help="What the rows are.")
@click.option("--event", "name", help="An event's id; default: the present one.")
@common
def report(box: Box, by: By, name: str | None) -> None:
    """What was sold, by item, hour, cashier, tender, VAT rate or category."""
    with _journal(box, name) as (reader, event):
        found = turnover.report(reader.db(), event, by)
    box.out(found, _text(found))


@command.command()
@click.option("--event", "name", help="An event's id; default: the present one.")
@click.option("--date", "day", help="One day of the event's own calendar, such as 2026-11-23; default: all.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder to write to.")
@common
def export(box: Box, name: str | None, day: str | None, out: Path) -> None:
    """Write the Z reports as CSV files in a zip, named as in DSFinV-K, and the facts as NDJSON beside it."""
    on = dayexport.day_of(day)
    with _journal(box, name) as (reader, event):
        packed, lines = out / dayexport.name_of(event, on, "zip"), out / dayexport.name_of(event, on, "ndjson")
        out.mkdir(parents=True, exist_ok=True)
        packed.write_bytes(dayexport.archive_of(reader, event, box_id(box.config, box.data), on))
        with lines.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(dayexport.stored(reader, event, on))
    files = [str(packed), str(lines)]
    box.out({"event": event.event, "files": files}, f"Written: {', '.join(files)}.")


@contextmanager
def _journal(box: Box, name: str | None) -> "Iterator[tuple[Reader, Event]]":
    """The journal as it is now, and an event of it."""
    if not (box.data / "journal.db").exists():
        raise Problem("not-found", f"there is no journal in {box.data}", "Name the box's data folder: --data.")
    reader = Reader(box.data)
    try:
        db = reader.db()
        db.execute("BEGIN")
        event = events.get(db, name) if name else events.current(db)
        if event is None:
            raise Problem("not-found", "there is no such event on this box", "boothkit event show")
        yield reader, event
    finally:
        reader.close()


def _text(found: dict[str, Any]) -> str:
    """A table for a terminal."""
    words, by = Wording(), found["by"]

    names = ["amount"] if by == "tender" else ["gross", "tax", "net"]

    def cells(title: str, row: dict[str, Any]) -> list[str]:
        counts = [words.number(row["n"]), words.number(row["refunds"])]
        return [title, *counts, *(words.money(row[name], found["currency"]) for name in names)]

    heads = [by, "sales", "refunds", *(["taken"] if by == "tender" else ["gross", "VAT", "net"])]
    rows = [cells(str(row[_KEYS[by]] or "-"), row) for row in found["rows"]]
    table = [heads, *rows, cells("all", found["total"])]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in table)
    ]
    return "\n".join(lines)
