"""``boothkit restore``: a new box becomes the one that was backed up."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from appliance.backup import restore
from appliance.backup.passphrase import WrongPassphrase
from appliance.backup.sealed import BadSeal
from appliance.backup.tape import BadTape
from appliance.commands import _backup
from appliance.commands._common import Box, common
from appliance.errors import Problem


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--passphrase-file",
    "given",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The first line of this file is the passphrase; else it is asked for.",
)
@common
def command(box: Box, file: Path, given: Path | None) -> None:
    """Restore the backup in FILE onto a box on which there was no event yet; the box has to be stopped. It goes on in a
    new log, so that no number is given out twice.

    Everything is checked before anything is written. What a new box had made so far is set aside. An interrupted
    restore is done again from its beginning.
    """
    place = _backup.place(box, box.config.box.id)
    try:
        found = restore.restore(file, place, lambda: _backup.passphrase(given), held=_held)
    except (BadSeal, BadTape, WrongPassphrase) as error:
        raise Problem("bad-backup", f"{file}: {error}", error.remedy) from error
    manifest, staff = found.checked.manifest, [f"{name} ({role})" for name, role in found.staff]
    answer = {
        "box": manifest.box,
        "log": manifest.log,
        "pos": manifest.pos,
        "at": manifest.at,
        "clock": manifest.clock,
        "fingerprint": found.signer,
        "staff": [name for name, _ in found.staff],
        "paired": found.paired,
        "again": found.again,
        "aside": str(found.aside) if found.aside else None,
    }
    done = "is restored already" if found.again else "is restored"
    lines = [
        f"{manifest.box} {done}: {manifest.pos:,} facts, as it was at {manifest.at} (clock: {manifest.clock}).",
        f"Its key: {found.signer}. Compare that with the box's poster.",
        f"May sign in: {', '.join(staff) or 'nobody'}; {found.paired} paired devices. Take out who left since then.",
        f"Start the box: it goes on in log {manifest.log + 1}, under numbers {manifest.log + 1}-1 and so on.",
    ]
    if found.aside is not None:
        lines.append(f"What this box had made before is in {found.aside}.")
    box.out(answer, "\n".join(lines))


@contextmanager
def _held(data: Path) -> Iterator[None]:
    from appliance.services.recorder.server import Locked, lock

    try:
        handle = lock(data)
    except Locked as error:
        raise Problem(
            "busy", "The box is running.", "Stop it first: systemctl stop boothkit.target, or Ctrl-C to `boothkit up`."
        ) from error
    with handle:
        yield
