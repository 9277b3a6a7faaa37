"""Putting a backup onto a box that is new. The next start of its recorder begins a new log by itself: the journal was
marked as a copy when it was made (docs/decisions/0005, 0013)."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.backup import check, medium
from appliance.backup.check import Checked
from appliance.backup.contents import AUTHORITY, BOX_ID, BOX_PUB, JOURNAL, PEOPLE, SECRETS, Place
from appliance.backup.sealed import BadSeal, key_of
from appliance.durable import write_durably
from appliance.errors import Problem
from appliance.journal import notes
from appliance.journal.snapshot import agrees, end_of, was_used
from appliance.journal.store import RESTORING
from appliance.journal.verify import verify
from appliance.owner import as_owner
from appliance.private.copying import staff_of

RESTORED = "restored.json"
"""In DATA, when it came from a backup: which one."""
SET_ASIDE = "before-restore"
"""The folder in DATA with what a new box had made before."""
CONFIGURATION = "restored-config"
"""The folder in DATA with the configuration of that time, to compare with."""

_PARTS = f"{RESTORING}.parts"
_BESIDE = ("", "-wal", "-shm", "-journal")
_ASIDE = (BOX_ID, *(f"{name}{beside}" for name in (JOURNAL, PEOPLE, SECRETS) for beside in _BESIDE))
_ALONE = 0o600
_KEY = "keys/box.key"
_LONGEST_KEY = 1024
_MODES = {BOX_ID: 0o644, PEOPLE: 0o640}


@dataclass(frozen=True)
class Restored:
    """What is on the box now. ``signer``: the fingerprint of the key that signed the backup; ``staff``: who may sign in
    (name, role), ``paired``: devices that may; ``again``: it was there already, nothing was changed; ``aside``: where
    is what the box had made before."""

    checked: Checked
    staff: list[tuple[str, str]]
    paired: int
    again: bool = False
    aside: Path | None = None

    @property
    def signer(self) -> str:
        """What the poster of this box shows as its key."""
        return self.checked.signer.fingerprint


Held = Callable[[Path], AbstractContextManager[object]]


def restore(path: Path, place: Place, passphrase: Callable[[], str], held: Held) -> Restored:
    """Restore the backup in ``path`` onto the box of ``place``, whose ``box`` is what its configuration says, or empty.
    ``passphrase``: asked for when everything that can be checked without it is sound; ``held``: holds the journal's
    writer lock of a data folder.

    Nothing is written before all of the backup was checked; nothing that is there is overwritten. One that was
    interrupted leaves a mark with which no recorder starts, and is done again from its beginning.

    Raises BadSeal, BadTape, WrongPassphrase, NoJournal; Problem ``not-empty``, ``other-box``, ``backup-failed``.
    """
    try:
        with path.open("rb") as file:
            checked = check.outside(file)
            _refuse_other_box(checked, place)
            if _is_there(place.data, checked):
                return Restored(checked, *staff_of(place.data / SECRETS), again=True)
            with as_owner(place.data):
                place.data.mkdir(parents=True, exist_ok=True)
                lock = held(place.data)
            with lock:
                try:
                    return _restore(file, checked, place, passphrase)
                finally:
                    shutil.rmtree(place.data / _PARTS, ignore_errors=True)
    except OSError as error:
        raise medium.problem(error, Path(error.filename or path), "the restore is not done") from error


def _restore(file: BinaryIO, checked: Checked, place: Place, passphrase: Callable[[], str]) -> Restored:
    data = place.data
    _refuse_used(data)
    like = _like(data)
    with as_owner(data):
        new = data / _PARTS
        shutil.rmtree(new, ignore_errors=True)
        (new / "keys").mkdir(parents=True, mode=0o751)
    _lay_journal(file, checked, new, data)
    key = key_of(checked.head, checked.head.recipient.open(passphrase()))
    inner = _private(file, checked, key)
    with as_owner(data):
        aside = _set_aside(data, checked.sha256)
    with closing(_Layer(place, like)) as layer:
        if check.inside(file, checked, key, layer.take) != inner:
            raise BadSeal("private.enc reads differently each time")
        if f"{SECRETS}-journal" in like:
            layer.take(f"{SECRETS}-journal", b"")
    with as_owner(data):
        medium.sync_folder(data / "keys")
        write_durably(data / BOX_PUB, (new / BOX_PUB).read_bytes(), 0o644)
        (new / JOURNAL).replace(data / JOURNAL)
        manifest = checked.manifest
        said = {"sha256": checked.sha256, "box": manifest.box, "at": manifest.at, "pos": manifest.pos}
        write_durably(data / RESTORED, (json.dumps(said) + "\n").encode(), 0o644)
        (data / RESTORING).unlink()
        medium.sync_folder(data)
    return Restored(checked, *staff_of(data / SECRETS), aside=aside)


def _lay_journal(file: BinaryIO, checked: Checked, new: Path, data: Path) -> None:
    """The journal as it will be, checked byte for byte where it will be."""
    file.seek(0)
    with as_owner(data):
        handle = os.open(new / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    with open(handle, "wb") as out:

        def take(name: str, piece: bytes) -> None:
            if name == JOURNAL:
                out.write(piece)

        again = check.outside(file, take)
        medium.settle(out)
    if again != checked:
        raise BadSeal("the backup reads differently each time")
    with as_owner(data):
        (new / BOX_PUB).write_bytes(_public(checked, new / JOURNAL))
        found = verify(new)
    manifest = checked.manifest
    if not found["ok"]:
        raise BadSeal(f"its journal is not sound: fact {found['error']['seq']}: {found['error']['why']}")
    if checked.journal and (found["size"], found["root"]) != (manifest.size, manifest.root):
        raise BadSeal("its journal ends elsewhere than its manifest says")
    if not checked.journal:
        with as_owner(data):
            fits = agrees(new / JOURNAL, manifest.box, manifest.log, manifest.size, bytes.fromhex(manifest.root))
        if not fits:
            raise BadSeal("the journal that central put there is not the one that the box signed its backup over")


def _public(checked: Checked, journal: Path) -> bytes:
    """The keys of all logs. A journal of central's may have logs that began after the box had sent its keys; as long as
    that was the same key, it is known."""
    if checked.journal:
        return checked.box_pub
    manifest, lines = checked.manifest, checked.box_pub.decode().splitlines()
    for log in range(manifest.log + 1, end_of(journal).log + 1):
        lines.append(notes.Verifier(f"boothkit/{manifest.box}/{log}", notes.ED25519, checked.signer.public).vkey())
    return "".join(f"{line}\n" for line in lines).encode()


# What must not be


def _refuse_other_box(checked: Checked, place: Place) -> None:
    box = checked.manifest.box
    if place.box and place.box != box:
        raise Problem(
            "other-box",
            f"The backup is of box {box!r}; this one is configured as {place.box!r}.",
            f'Put id = "{box}" under [box] in boothkit.toml, or take id out of it; then restore again.',
        )


def _is_there(data: Path, checked: Checked) -> bool:
    if (data / RESTORING).exists():
        return False
    with suppress(OSError, ValueError, AttributeError):
        found = json.loads((data / RESTORED).read_bytes())
        return bool(found.get("sha256") == checked.sha256 and (data / JOURNAL).exists())
    return False


def _refuse_used(data: Path) -> None:
    """A box is new as long as there never was an event on it; what it noted of its devices until then is set aside."""
    if (data / RESTORING).exists():
        return
    if (data / JOURNAL).exists() and was_used(data / JOURNAL):
        raise Problem(
            "not-empty",
            f"{data} holds the journal of a box that was used: it stays as it is.",
            "Restore onto an empty card, or name an empty folder with --data.",
        )


def _private(file: BinaryIO, checked: Checked, key: bytes) -> list[tuple[str, int, str]]:
    """What is in private.enc. Anybody who has a backup could seal another one for its passphrase; what shows that this
    is the box's own is the box's key in it, which is the one that signed the rest."""
    small: dict[str, bytes] = {}

    def take(name: str, piece: bytes) -> None:
        if name in (BOX_ID, _KEY):
            small[name] = (small.get(name, b"") + piece)[:_LONGEST_KEY]

    inner = check.inside(file, checked, key, take)
    if lacks := {BOX_ID, _KEY, "keys/command.key", PEOPLE} - {name for name, _, _ in inner}:
        raise BadSeal(f"private.enc lacks {', '.join(sorted(lacks))}")
    try:
        seed = bytes.fromhex(small[_KEY].decode("ascii").strip())
        own = notes.Signer(checked.manifest.origin, seed).verifier
    except ValueError as error:
        raise BadSeal("private.enc holds no key of a box") from error
    if own != checked.signer or small[BOX_ID].decode("ascii", "replace").strip() != checked.manifest.box:
        raise BadSeal("private.enc is of another box than the rest")
    return inner


# Laying down


def _set_aside(data: Path, sha256: str) -> Path | None:
    """What a new box had made goes into a folder of its own. What an attempt that was interrupted behind this had laid
    down goes away."""
    aside, mark = data / SET_ASIDE, data / RESTORING
    if mark.exists() and mark.read_text().startswith("laying "):
        for path in _there(data):
            path.unlink()
    else:
        write_durably(mark, b"setting aside\n", 0o644)
        for path in _there(data):
            kept = aside / path.relative_to(data)
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.replace(kept)
        if aside.exists():
            for folder in (aside / "keys", aside):
                if folder.exists():
                    medium.sync_folder(folder)
        medium.sync_folder(data)
        write_durably(mark, f"laying {sha256}\n".encode(), 0o644)
    return aside if aside.exists() else None


def _like(data: Path) -> dict[str, os.stat_result]:
    """Whose the files are that this folder was prepared with, also when an attempt moved them."""
    found = {}
    for name in (PEOPLE, SECRETS, f"{SECRETS}-journal"):
        for path in (data / SET_ASIDE / name, data / name):
            if name not in found and path.exists():
                found[name] = path.stat()
    return found


def _there(data: Path) -> list[Path]:
    keys = data / "keys"
    files = [data / name for name in _ASIDE] + (sorted(keys.iterdir()) if keys.is_dir() else [])
    return [path for path in files if path.is_file()]


class _Layer:
    """Writes the files of private.enc to where they belong, with the owner and the mode that they should have there."""

    def __init__(self, place: Place, like: dict[str, os.stat_result]) -> None:
        self._place, self._like = place, like
        self._open: tuple[str, BinaryIO] | None = None

    def take(self, name: str, piece: bytes) -> None:
        """A piece of a file; an empty one is its end."""
        if self._open is None or self._open[0] != name:
            self._open = name, self._begin(name)
        file = self._open[1]
        if piece:
            file.write(piece)
            return
        file.flush()
        os.fsync(file.fileno())
        self.close()

    def close(self) -> None:
        """Let go of a file that did not come to its end."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _begin(self, name: str) -> BinaryIO:
        path, folder, mode = self._where(name)
        with as_owner(folder if folder.exists() else folder.parent):
            folder.mkdir(mode=0o751 if name.startswith("keys/") else 0o700, exist_ok=True)
        with as_owner(folder):
            # What is set aside is not there any more. A new box's authority nobody has installed yet; the
            # configuration of an attempt before is the same.
            if name == AUTHORITY and path.exists():
                path.replace(path.with_name(f"{path.name}.{SET_ASIDE}"))
            elif name.startswith("config/"):
                path.unlink(missing_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _ALONE)
        os.fchmod(handle, mode)
        if (like := self._like.get(name)) is not None and os.geteuid() == 0:
            os.fchown(handle, like.st_uid, like.st_gid)  # on a box, people.db is read and secrets.db owned by others
        return open(handle, "wb")

    def _where(self, name: str) -> tuple[Path, Path, int]:
        """The file, its folder, its mode."""
        data = self._place.data
        if name == AUTHORITY:
            return self._place.authority / name, self._place.authority, _ALONE
        if name.startswith("config/"):
            folder = data / CONFIGURATION
            return folder / name.removeprefix("config/"), folder, _ALONE
        mode = _MODES.get(name, 0o644 if name.endswith(".pub") else _ALONE)
        path = data / name
        return path, path.parent, mode
