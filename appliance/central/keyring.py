"""Keys at central: its own, and those of the boxes.

They are files, so that ``central enrol`` needs no second writer of the store: DIR/keys/central.key is the seed (hex,
mode 0600), DIR/keys/boxes/<cell>/<box> holds one verifier key a line.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.central.places import Box, Log, Rejected, is_name, of_origin
from appliance.durable import write_durably
from appliance.errors import BoothkitError
from appliance.journal import notes

NAME = "boothkit/central"


class BadCentralKey(BoothkitError):
    """The file of central's key holds no key."""

    remedy = "Restore keys/central.key from a backup; else delete it, and give every box the new key."


class BadEnrolment(BoothkitError):
    """A box cannot be enrolled like this."""

    remedy = "boothkit central enrol CELL BOX VKEY, with the box's own key: the last line of DATA/keys/box.pub."


def central_signer(folder: Path) -> notes.Signer:
    """Central's key, made at the first start; raises BadCentralKey."""
    path = folder / "central.key"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        if not path.exists():
            write_durably(path, (secrets.token_hex(32) + "\n").encode(), 0o600)
    try:
        seed = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise BadCentralKey(f"{path}: wants 64 hexadecimal digits") from error
    if len(seed) != 32:
        raise BadCentralKey(f"{path}: wants 64 hexadecimal digits, has {2 * len(seed)}")
    return notes.Signer(NAME, seed)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of several consumers that start together one makes the key; of several that trust at first sight, too."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


class Keyring:
    """The boxes' verifier keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "boxes"
        self._read: dict[Box, tuple[int, list[notes.Verifier]]] = {}

    def keys(self, box: Box) -> list[notes.Verifier]:
        """The keys of a box, oldest first; none when nobody enrolled it. Rejected: its file is unreadable."""
        path = self._path(box)
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return []
        kept = self._read.get(box)
        if kept is None or kept[0] != changed:
            try:
                lines = path.read_text().splitlines()
                kept = (changed, [notes.Verifier.parse(line) for line in lines if line])
            except (notes.BadNote, OSError, UnicodeDecodeError) as error:
                raise Rejected(f"{path}: {error}") from error
            self._read[box] = kept
        return kept[1]

    def boxes(self) -> list[Box]:
        """Every box that is known, enrolled or trusted at first sight."""
        found = [Box(path.parent.name, path.name) for path in self._folder.glob("*/*")]
        return sorted(box for box in found if is_name(box.cell) and is_name(box.box))

    def verifiers(self, log: Log) -> list[notes.Verifier]:
        """Who may sign this log's checkpoints: the key that bears its name, else any key of the box. So a box that
        starts a new log with the key it had needs no second enrolment."""
        known = self.keys(log.box)
        named = [key for key in known if key.name == log.origin]
        return named or [notes.Verifier(log.origin, notes.ED25519, key.public) for key in known]

    def enrol(self, box: Box, vkey: str) -> notes.Verifier:
        """Trust a key of a box; the same again changes nothing. Raises BadEnrolment."""
        if not is_name(box.cell) or not is_name(box.box):
            raise BadEnrolment(f"{box.cell!r} {box.box!r}: wants lower case letters, digits and dashes")
        try:
            key = notes.Verifier.parse(vkey)
            of_origin(box, key.name)
        except (notes.BadNote, Rejected) as error:
            raise BadEnrolment(str(error)) from error
        if key.kind != notes.ED25519:
            raise BadEnrolment(f"{key.name}: type {key.kind} is a witness's key, a box has type 1")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(self._folder):
            try:
                known = self.keys(box)
            except Rejected as error:
                remedy = "Repair the file, or delete it and enrol the box again."
                raise BadEnrolment(str(error), remedy=remedy) from error
            if key not in known:
                path = self._path(box)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_durably(path, "".join(f"{each.vkey()}\n" for each in [*known, key]).encode(), 0o644)
        return key

    def trust_first(self, box: Box, vkey: str) -> bool:
        """Trust what a box says of itself, once for each of its logs; whether that was news."""
        try:
            key = notes.Verifier.parse(vkey)
            of_origin(box, key.name)
        except (notes.BadNote, Rejected):
            return False
        known = self.keys(box)
        if key.kind != notes.ED25519 or any(each.name == key.name for each in known):
            return False
        self.enrol(box, vkey)
        return True

    def _path(self, box: Box) -> Path:
        return self._folder / box.cell / box.box
