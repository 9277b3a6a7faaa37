"""``boothkit backup``: a copy of the box that another box can become."""

from pathlib import Path

import click

from appliance.backup import make
from appliance.backup import passphrase as passphrases
from appliance.backup.contents import STICK, Place, outbox, plugged_in
from appliance.backup.make import Made
from appliance.backup.medium import no_stick
from appliance.board import Board
from appliance.clock import system_clock
from appliance.commands import _backup
from appliance.commands._common import Box, common
from appliance.durable import write_durably
from appliance.errors import BoothkitError, Problem
from appliance.owner import as_owner
from appliance.services.context import box_id


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--new-passphrase-file",
    "new",
    type=click.Path(path_type=Path, dir_okay=False),
    help="First take the first line of this file as the passphrase of this and later backups.",
)
@click.option(
    "--passphrase-file",
    "given",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also open the backup with the passphrase in this file, to see that it does.",
)
@click.option("--to", type=click.Choice(["stick", "uplink"]), help="To the stick that is plugged in, or to central.")
@common
def command(box: Box, file: Path | None, new: Path | None, given: Path | None, to: str | None) -> None:
    """Back the box up into FILE (a tar), on a stick or anywhere else, while it works. Without FILE, on a terminal, only
    set the passphrase.

    The journal in it can be checked by everybody; what is private is sealed with the lead's passphrase, which the box
    itself does not keep. The backup counts when it was read back from the medium.
    """
    if not (box.data / "journal.db").exists():
        raise Problem("not-found", f"{box.data}: no box has been here.", "Start it: boothkit up, or the service.")
    place = _backup.place(box, box_id(box.config, box.data))
    if to is not None:
        _asked(box, place, to)
        return
    if new is not None or (file is None and given is None):
        recipient = passphrases.new(_backup.passphrase(new, new=True))
        with as_owner(place.keys):
            write_durably(place.keys / passphrases.PUBLIC, recipient.text().encode(), 0o644)
        if file is None:
            box.out({"key": recipient.fingerprint}, f"Backups are sealed for key {recipient.fingerprint} from now on.")
            return
    if file is None:
        raise click.UsageError("FILE is missing: where should the backup go?")
    typed = _backup.passphrase(given) if given is not None else None
    _checkpoint(box)
    made = make.to_file(place, file.absolute(), system_clock(box.config.clock.trust)(), typed)
    noted = _note(box, made)
    manifest = made.manifest
    answer = {
        "file": str(file),
        "box": manifest.box,
        "log": manifest.log,
        "size": manifest.size,
        "pos": manifest.pos,
        "bytes": made.bytes,
        "sha256": made.sha256,
        "key": manifest.key,
        "opened": made.opened,
        "noted": noted,
    }
    proved = "opened with the passphrase" if made.opened else f"sealed for key {manifest.key}"
    box.out(answer, f"{file}: {made.bytes:,} bytes, up to fact {manifest.pos:,}, read back and {proved}.")


def _asked(box: Box, place: Place, to: str) -> None:
    """As the steward asks: how it goes stands on the board."""
    board = Board(box.run, "backup")

    def beat(stage: str, percent: int) -> None:
        board.put(state="ready", standing=True, busy=True, to=to, stage=stage, percent=percent, reason="", remedy="")

    beat("copying", 0)
    clock = system_clock(box.config.clock.trust)
    try:
        _checkpoint(box)
        if to == "stick":
            folder = box.run / STICK
            if not plugged_in(folder):
                raise no_stick()
            path = _free(folder, f"boothkit-{place.box}-{clock().at[:19].replace(':', '')}")
            made = make.to_file(place, path, clock(), beat=beat)
            _note(box, made)
            name = path.name
        else:
            folder = outbox(box.data)
            with as_owner(box.data):
                folder.mkdir(mode=0o750, exist_ok=True)
            made = make.to_folder(place, folder, clock())
            name = ""
    except (Problem, BoothkitError) as error:
        detail = error.detail if isinstance(error, Problem) else str(error)
        board.put(state="degraded", busy=False, reason=detail, remedy=error.remedy)
        raise
    board.put(state="ready", busy=False, name=name, bytes=made.bytes, percent=100)
    box.out(
        {"to": to, "name": name, "bytes": made.bytes, "sha256": made.sha256}, f"{name or to}: {made.bytes:,} bytes."
    )


def _free(folder: Path, stem: str) -> Path:
    """A name that nothing on the stick has: a clock that nobody set says the same after each start."""
    for number in range(1, 1000):
        path = folder / (f"{stem}.tar" if number == 1 else f"{stem}-{number}.tar")
        if not path.exists():
            return path
    raise Problem("backup-failed", f"{folder} holds too many backups.", "Take another stick.")


def _checkpoint(box: Box) -> None:
    """Have the tree head signed, so that the backup ends under a signature; without a recorder it ends with the last
    one."""
    try:
        box.send("checkpoint.request", {})
    except (BoothkitError, Problem, OSError):
        return


def _note(box: Box, made: Made) -> bool:
    """Have the journal say so. That it cannot makes the backup no worse; the page will say that there is none."""
    asked = {
        "kind": "file",
        "bytes": made.bytes,
        "upto": made.manifest.pos,
        "sha256": made.sha256,
        "key": made.manifest.key,
    }
    try:
        box.send("backup.note", asked, id=f"backup-{made.sha256[:32]}")
    except (BoothkitError, Problem, OSError) as error:
        click.echo(f"boothkit: the backup is good, and the journal does not know of it: {error}", err=True)
        return False
    return True
