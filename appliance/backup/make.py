"""Making a backup while the box works."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from appliance.backup import check, medium, tape
from appliance.backup import manifest as manifests
from appliance.backup.contents import BOX_PUB, JOURNAL, PRIVATE, SENT, Place, Sealed, scratch, seal, summed
from appliance.backup.manifest import MANIFEST, SIGNATURE, Manifest, Part
from appliance.backup.medium import Target
from appliance.backup.passphrase import Recipient
from appliance.backup.sealed import BadSeal, key_of
from appliance.clock import Now
from appliance.errors import BoothkitError, Problem
from appliance.journal.keys import BoxKeys
from appliance.journal.snapshot import End, end_of, mark_as_copy, snapshot
from appliance.journal.verify import verify

Beat = Callable[[str, int], None]
"""Told where the work stands: `copying`, `checking`, `sealing`, `writing`, `reading`; and percent."""


@dataclass(frozen=True)
class Made:
    """A backup that counts. ``opened``: all of it was opened with the passphrase that was given."""

    manifest: Manifest
    sha256: str
    bytes: int
    opened: bool


def to_file(
    place: Place, path: Path, now: Now, passphrase: str | None = None, beat: Beat = lambda stage, percent: None
) -> Made:
    """Make a backup in the file ``path``, whose folder is there. When this returns, it lies on the medium, was read
    back from there and checked; before that, nothing of that name is there, or what was there before.

    Raises Problem ``backup-failed`` (the medium), ``no-passphrase``, ``busy``; WrongPassphrase; NoSnapshot.
    """
    recipient = place.recipient()
    private = recipient.open(passphrase) if passphrase is not None else None
    _refuse_other(path)
    target = Target(path)
    with scratch(place.data) as secret:
        try:
            with target.open() as file:
                parts = _parts(place, recipient, target.beside, secret, now, beat)
                beat("writing", 45)
                _write(parts, target.beside, file)
                medium.settle(file)
                beat("reading", 70)
                checked = check.outside(file)
                beat("reading", 90)
                # That the pieces' key opens every piece shows that they were sealed and kept as they should be; that
                # the passphrase gives that key, only the passphrase can show.
                inner = check.inside(file, checked, parts.sealed.key)
                if tuple(inner) != parts.sealed.inner or checked.manifest != parts.manifest:
                    raise BadSeal("it is another backup")
                if private is not None and key_of(checked.head, private) != parts.sealed.key:
                    raise BadSeal("the passphrase does not open what was sealed for it")
                size = os.fstat(file.fileno()).st_size
                target.keep()
        except OSError as error:
            raise medium.problem(error, path.parent) from error
        except (BadSeal, tape.BadTape) as error:
            raise _lies(error) from error
    return Made(checked.manifest, checked.sha256, size, private is not None)


def to_folder(place: Place, folder: Path, now: Now) -> Made:
    """What goes over the uplink, into the file SENT of ``folder``, which only this writes: a backup without the
    journal, since central has the facts. Raises as ``to_file``."""
    recipient = place.recipient()
    with scratch(place.data) as secret:
        end = end_of(place.data / JOURNAL)
        target = Target(folder / SENT)
        try:
            with target.open() as file:
                (target.beside / "keys").mkdir()
                (target.beside / BOX_PUB).write_bytes((place.keys / "box.pub").read_bytes())
                with (target.beside / PRIVATE).open("w+b") as out:
                    sealed = seal(place, recipient, secret, out)
                sums = _sums(target.beside, check.SENT[2:])
                parts = _Parts(sealed, *_signed(place, recipient, end, sums, now))
                _write(parts, target.beside, file)
                medium.settle(file)
                checked = check.outside(file, parts=check.SENT)
                if tuple(check.inside(file, checked, sealed.key)) != sealed.inner:
                    raise BadSeal("it is another backup")
                os.fchmod(file.fileno(), 0o640)
                size = os.fstat(file.fileno()).st_size
                target.keep()
        except OSError as error:
            raise medium.problem(error, folder) from error
        except (BadSeal, tape.BadTape) as error:
            raise _lies(error) from error
    return Made(checked.manifest, checked.sha256, size, False)


@dataclass(frozen=True)
class _Parts:
    """What was sealed, and the manifest with its signature."""

    sealed: Sealed
    manifest: Manifest
    signature: bytes


def _parts(place: Place, recipient: Recipient, beside: Path, secret: Path, now: Now, beat: Beat) -> _Parts:
    """The parts as files in ``beside``. The journal first: see ``seal``."""
    beat("copying", 0)
    snapshot(place.data / JOURNAL, beside / JOURNAL, lambda done, pages: beat("copying", 30 * done // max(1, pages)))
    mark_as_copy(beside / JOURNAL)
    (beside / "keys").mkdir()
    (beside / BOX_PUB).write_bytes((place.keys / "box.pub").read_bytes())
    beat("checking", 30)
    with (beside / JOURNAL).open("r+b") as file:
        medium.settle(file)
    found = verify(beside)
    if not found["ok"]:
        raise Problem(
            "backup-failed",
            f"The journal is not sound, log {found['error']['log']}, fact {found['error']['seq']}: "
            f"{found['error']['why']}",
            "Keep the card as it is, and the paper. Check the box itself: boothkit journal verify",
        )
    end = end_of(beside / JOURNAL)
    beat("sealing", 40)
    with (beside / PRIVATE).open("w+b") as file:
        sealed = seal(place, recipient, secret, file)
    return _Parts(sealed, *_signed(place, recipient, end, _sums(beside, check.PARTS[2:]), now))


def _sums(beside: Path, names: tuple[str, ...]) -> dict[str, Part]:
    found = {}
    for name in names:
        with (beside / name).open("rb") as file:
            sum_ = summed(file)
        found[name] = Part(sum_.bytes, sum_.sha256)
    return found


def _signed(place: Place, recipient: Recipient, end: End, parts: dict[str, Part], now: Now) -> tuple[Manifest, bytes]:
    manifest = Manifest(
        format="boothkit-backup/1",
        box=place.box,
        cell=place.cell,
        log=end.log,
        size=end.size,
        root=end.root.hex(),
        pos=end.pos,
        at=now.at,
        clock=now.trust,
        version=version("boothkit"),
        key=recipient.fingerprint,
        parts=parts,
    )
    return manifest, manifests.sign(manifest.raw(), BoxKeys(place.box, place.keys).signer(end.log))


def _write(parts: _Parts, beside: Path, file: BinaryIO) -> None:
    writer = tape.Writer(file)
    for name, raw in ((MANIFEST, parts.manifest.raw()), (SIGNATURE, parts.signature)):
        writer.add(name, len(raw), io.BytesIO(raw))
    for name in (one for one in check.PARTS if one in parts.manifest.parts):
        with (beside / name).open("rb") as part:
            writer.add(name, parts.manifest.parts[name].bytes, part)
        (beside / name).unlink()
    writer.close()


def _lies(error: BoothkitError) -> Problem:
    return Problem(
        "backup-failed", f"Read back, it is not what was written: {error}", "Take another stick: this one lies."
    )


def _refuse_other(path: Path) -> None:
    """A backup may take the place of an older one, and of nothing else."""
    try:
        if not path.exists():
            return
        with path.open("rb") as file:
            ours = next((member.name for member in tape.members(file)), "") == MANIFEST
    except (OSError, tape.BadTape):
        ours = False
    if not ours:
        raise Problem("backup-failed", f"{path} is there, and is no backup.", "Name another file.")
