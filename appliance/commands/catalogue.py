"""``boothkit catalogue``: import and export."""

from pathlib import Path

import click

from appliance.commands._common import Box, common
from appliance.files import catalogue as cataloguefile
from appliance.journal.read import Reader
from appliance.projections import catalogue


@click.group()
def command() -> None:
    """What is sold."""


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@common
def import_(box: Box, file: Path) -> None:
    """Take the catalogue of a TOML or CSV file, all or nothing."""
    items = cataloguefile.read(file, currency=event.currency if (event := box.event()) else None)
    answer = box.send("catalogue.import", {"items": items}).answer
    box.out(answer, f"Catalogue {answer['version']}: {answer['changed']} changed, {answer['removed']} removed.")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def export(box: Box, file: Path) -> None:
    """Write the catalogue as TOML or CSV (by the file's ending)."""
    reader = Reader(box.data)
    try:
        items = list(catalogue.full(reader.db()).values())
    finally:
        reader.close()
    file.write_text(
        cataloguefile.write(items, file.suffix, currency=event.currency if (event := box.event()) else ""),
        encoding="utf-8",
    )
    box.out({"items": len(items), "file": str(file)}, f"{len(items)} items written to {file}.")
