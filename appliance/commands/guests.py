"""``boothkit guests``: who signed up, for the office."""

import os
from contextlib import closing
from pathlib import Path

import click

from appliance.clock import system_clock
from appliance.commands._common import Box, common
from appliance.errors import DataError
from appliance.ids import new_id
from appliance.journal.notes import Verifier
from appliance.journal.read import Reader
from appliance.private.people import People
from appliance.services.context import box_id


@click.group()
def command() -> None:
    """Who signed up to hear of the next events."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def export(box: Box, file: Path) -> None:
    """Write names and e-mails of all who signed up and are not erased into FILE, sealed so that only central opens it:
    `boothkit central guests FILE`. That it was made is recorded."""
    from appliance.backup import returnlist

    key, name = box.config.central.key, box_id(box.config, box.data)
    at = system_clock(box.config.clock.trust, box.run)().at
    with closing(Reader(box.data)) as reader:
        office = Verifier.parse(key) if key else None
        made = returnlist.make(reader, People(box.data), office, cell=box.config.box.cell, box=name, at=at)
    said = {"count": made.count, "digest": made.digest, "key": made.key}
    box.send("guests.export", said, id=new_id("cli-"))
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as out:
            out.write(made.content)
    except OSError as error:
        raise DataError(
            f"{file}: {error.strerror}", remedy="Name a file that can be written, and export again."
        ) from error
    box.out({"file": str(file), **said}, f"{file}: {made.count:,} guests, sealed for {made.key}")
