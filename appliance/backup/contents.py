"""What is private on a box, and so goes into private.enc: the two databases, the keys, the authority, what was
configured.

    box.id  keys/*  people.db  secrets.db  authority.pem  config/boothkit.toml  config/{password_file,ca,cert,key}
"""

import fcntl
import hashlib
import io
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from appliance.backup import tape
from appliance.backup.passphrase import PUBLIC, Recipient
from appliance.backup.sealed import Readable, Sealer, Writable
from appliance.config import DEFAULT_DATA
from appliance.errors import Problem
from appliance.journal.snapshot import snapshot
from appliance.private.copying import tidy

KEPT = Path("/var/lib/boothkit-backup")
PRIVATE, JOURNAL, BOX_PUB = "private.enc", "journal.db", "keys/box.pub"
PEOPLE, SECRETS, AUTHORITY, BOX_ID = "people.db", "secrets.db", "authority.pem", "box.id"
INNER = re.compile(
    r"box\.id|keys/[A-Za-z0-9][A-Za-z0-9._-]{0,79}|people\.db|secrets\.db|authority\.pem|config/[a-z_.]{1,40}"
)
"""What may be in private.enc."""
_LARGEST_KEY = 1024 * 1024


@dataclass(frozen=True)
class Place:
    """A box as it lies on its disk. ``authority``: the folder that authority.pem is kept in; ``configuration``: files
    by the name that they get in a backup."""

    data: Path
    box: str
    cell: str
    authority: Path
    configuration: dict[str, Path] = field(default_factory=dict)

    @property
    def keys(self) -> Path:
        """DATA/keys."""
        return self.data / "keys"

    def recipient(self) -> Recipient:
        """For whom backups of this box are sealed. Raises Problem ``no-passphrase``; BadKey."""
        try:
            return Recipient.parse((self.keys / PUBLIC).read_text(encoding="ascii", errors="replace"))
        except FileNotFoundError as error:
            raise Problem(
                "no-passphrase",
                "No passphrase is set, so nothing private could be sealed.",
                "Set one on the backup page, or: boothkit backup --new-passphrase-file FILE TARGET",
            ) from error


SENT = "sent.tar"
"""In the outbox: what goes to central."""
STICK = "stick"
"""In the run folder: where a stick is mounted when one is plugged in."""


def plugged_in(stick: Path) -> bool:
    """Whether there is a stick. On a laptop a link to it will do."""
    try:
        return stick.is_mount() or stick.is_symlink()
    except OSError:
        return False


def outbox(data: Path) -> Path:
    """The folder with the newest backup for the uplink."""
    return KEPT if data == DEFAULT_DATA else data / "backup"


class Sum:
    """Counts and hashes what goes through it, on its way to ``out`` if there is one."""

    def __init__(self, out: Writable | None = None) -> None:
        self._out, self._hash = out, hashlib.sha256()
        self.bytes = 0

    def write(self, piece: bytes, /) -> int:
        """All of it."""
        self._hash.update(piece)
        self.bytes += len(piece)
        if self._out is not None:
            self._out.write(piece)
        return len(piece)

    @property
    def sha256(self) -> str:
        """Of all so far, in hex."""
        return self._hash.hexdigest()


def summed(content: Readable) -> Sum:
    """The sum of everything that is left to read."""
    found = Sum()
    while piece := content.read(64 * 1024):
        found.write(piece)
    return found


@contextmanager
def scratch(data: Path) -> Iterator[Path]:
    """A folder of this user alone for what is private and not sealed yet; empty at the beginning and gone at the end.
    Only one at a time for each data folder: Problem ``busy``."""
    handle = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Problem("busy", "A backup of this box is being made already.", "Wait until it is done.") from error
        name = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:10]
        folder = Path(f"/var/tmp/boothkit-backup-{os.geteuid()}-{name}")  # noqa: S108 -- looked at before it is used
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise Problem("failed", f"{folder} is not a folder of this user alone", "Remove it, and try again.")
        _empty(folder)  # one that was killed left it
        try:
            yield folder
        finally:
            _empty(folder)
            folder.rmdir()
    finally:
        os.close(handle)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@dataclass(frozen=True)
class Sealed:
    """What was sealed: the pieces' key, and the name, length and hash of each file in it."""

    key: bytes
    inner: tuple[tuple[str, int, str], ...]


def seal(place: Place, recipient: Recipient, folder: Path, out: Writable) -> Sealed:
    """Everything private, as it is now, into ``out``. ``folder``: a scratch folder. A database is on the disk unsealed
    for as long as SQLite copies it, under no name after that.

    To be called when the journal was copied already. A person is written before the fact that refers to it, so whoever
    a copied fact speaks of is here; people of later facts are more than is needed, and swept at the first start. The
    other way round there would be facts about people whom nobody knows. Who is erased in between stays erased.
    """
    sealer = Sealer(recipient, out)
    writer, inner = tape.Writer(sealer), []
    for name, content, size in _files(place, folder):
        with content:
            sum_ = Sum()
            writer.add(name, size, _Tee(content, sum_))
            inner.append((name, size, sum_.sha256))
    writer.close()
    sealer.close()
    return Sealed(sealer.key, tuple(inner))


class _Tee:
    def __init__(self, content: Readable, into: Writable) -> None:
        self._content, self._into = content, into

    def read(self, size: int, /) -> bytes:
        piece = self._content.read(size)
        self._into.write(piece)
        return piece


def _files(place: Place, folder: Path) -> Iterator[tuple[str, BinaryIO, int]]:
    yield _small(BOX_ID, f"{place.box}\n".encode())
    for path in sorted(place.keys.iterdir()):
        name = f"keys/{path.name}"
        if path.suffix in (".key", ".pub") and INNER.fullmatch(name) and (raw := _read(path)) is not None:
            yield _small(name, raw)
    for name in (PEOPLE, SECRETS):
        if (place.data / name).exists():
            yield name, *_database(place.data / name, folder)
    for name, path in ((AUTHORITY, place.authority / AUTHORITY), *place.configuration.items()):
        if INNER.fullmatch(name) and (raw := _read(path)) is not None:
            yield _small(name, raw)


def _small(name: str, raw: bytes) -> tuple[str, BinaryIO, int]:
    return name, io.BytesIO(raw), len(raw)


def _read(path: Path) -> bytes | None:
    """None: not there, not to be read, or no ordinary file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(handle, "rb") as file:
        found = os.fstat(handle)
        return file.read() if stat.S_ISREG(found.st_mode) and found.st_size <= _LARGEST_KEY else None


def _database(source: Path, folder: Path) -> tuple[BinaryIO, int]:
    copy = folder / source.name
    try:
        snapshot(source, copy, rolls_back=True)
        tidy(copy)
    except OSError as error:
        raise Problem(
            "backup-failed", f"{folder}: {error.strerror}: no backup was made.", "Free space on the box's own card."
        ) from error
    file = copy.open("rb")
    copy.unlink()
    return file, os.fstat(file.fileno()).st_size
