"""An update of the box: a new root file system for the slot that is not in use.

DATA/updates holds NAME.img and NAME.note, a bundle of kind `update` signed by central whose data is
`{"release", "arch", "size", "sha256"}`. The steward looks before it asks the system; the installer, which has the
rights, trusts nobody and looks again. The running slot is never touched, and the other one is chosen for the next
start only when what was written there reads back as what central signed.
"""

import hashlib
import os
import platform
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from appliance.clock import Now
from appliance.config import Config
from appliance.durable import write_durably
from appliance.errors import Problem
from appliance.files.bundle import LONGEST, Reader
from appliance.journal.notes import Verifier

FOLDER = "updates"
ASKED = "steward/asked/update"
STATE = Path("/var/lib/boothkit-update")
INSTALLED = "installed"
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_PIECE = 1024 * 1024
_ROOT = re.compile(r"(?<!\S)root=(\S+)")


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an update's bundle says: ``arch`` as uname(1) names the machine, ``size`` in bytes, ``sha256`` in hex."""

    release: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.+~-]{1,40}$")]
    arch: str
    size: Annotated[int, msgspec.Meta(ge=1)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class Update:
    """One that may be installed, as far as its note tells."""

    name: str
    version: int
    release: Release
    image: Path


def bundles(config: Config, box: str) -> Reader:
    """Who reads the notes of updates on this box."""
    central = Verifier.parse(config.central.key) if config.central.key else None
    return Reader(config.box.cell, box, central)


def installed(state: Path = STATE) -> int:
    """The version of the newest update that was installed; 0 = none."""
    try:
        return int((state / INSTALLED).read_text())
    except (FileNotFoundError, ValueError):
        return 0


def look(data: Path, name: str, reader: Reader, now: Now, have: int) -> Update:
    """The update of that name in DATA/updates. ``have``: the version that is installed.

    Problem: ``not-found``, ``bad-bundle`` (also for another machine, an older version or another size).
    """
    if not NAME.fullmatch(name):
        raise Problem("not-found", f"no update has the name {name[:64]!r}", "Names are of a-z, 0-9, dot and dash.")
    folder = data / FOLDER
    with _opened(folder / f"{name}.note") as note:
        bundle = reader.read(os.read(note, LONGEST + 1), now, "update")
    try:
        release = msgspec.convert(bundle.data, Release)
    except msgspec.ValidationError as error:
        raise _bad(str(error)) from error
    if release.arch != platform.machine():
        raise _bad(f"it is for {release.arch}, this is {platform.machine()}")
    if bundle.version <= have:
        raise _bad(f"version {bundle.version} is not newer than {have}, which is installed")
    image = folder / f"{name}.img"
    with _opened(image) as file:
        size = os.fstat(file).st_size
    if size != release.size:
        raise _bad(f"{image.name} has {size} bytes, it should have {release.size}")
    return Update(name, bundle.version, release, image)


@dataclass(frozen=True)
class Slots:
    """Two places for a root file system, as the kernel's `root=` names them (`PARTUUID=…` or a path), and the kernel's
    command line on the boot partition, which says which one starts."""

    roots: tuple[str, ...]
    cmdline: Path

    def other(self) -> str:
        """The slot that does not start now. Problem ``no-slot``."""
        found = _ROOT.findall(self._line())
        if len(self.roots) != 2 or len(found) != 1 or found[0] not in self.roots:
            raise _no_slot(f"{self.cmdline} does not start one of two slots ({', '.join(self.roots) or 'none known'})")
        (other,) = (root for root in self.roots if root != found[0])
        return other

    def choose(self, root: str) -> None:
        """Start this slot from the next start on."""
        write_durably(self.cmdline, _ROOT.sub(lambda _: f"root={root}", self._line()).encode(), 0o644)

    def _line(self) -> str:
        try:
            return self.cmdline.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise _no_slot(f"{self.cmdline}: {error}") from error


def install(update: Update, slots: Slots) -> str:
    """Write the update into the slot that does not start now, read it back, choose it; the slot's name.

    Problem: ``no-slot``, ``bad-bundle`` (the image is not the signed one), ``failed``. In each case the box starts as
    before.
    """
    root = slots.other()
    device = Path(root.replace("PARTUUID=", "/dev/disk/by-partuuid/", 1) if root.startswith("PARTUUID=") else root)
    try:
        with _opened(update.image) as image, _slot(device, update.release.size) as slot:
            _copy(image, slot, update.release)
            os.fsync(slot)
            os.posix_fadvise(slot, 0, 0, os.POSIX_FADV_DONTNEED)  # so that the card is read, not the cache
            os.lseek(slot, 0, os.SEEK_SET)
            if _digest(slot, update.release.size) != update.release.sha256:
                raise Problem("failed", f"{device} does not hold what was written to it", "Use a new card.")
        slots.choose(root)
    except OSError as error:
        raise Problem("failed", f"{error.filename or device}: {error.strerror}", "The box starts as before.") from error
    return root


def _copy(image: int, slot: int, release: Release) -> None:
    digest, left = hashlib.sha256(), release.size
    while left > 0 and (piece := os.read(image, min(_PIECE, left))):
        digest.update(piece)
        left -= len(piece)
        view = memoryview(piece)
        while view:
            view = view[os.write(slot, view) :]
    if left or digest.hexdigest() != release.sha256:
        raise _bad("the image is not the one that central signed")


def _digest(file: int, size: int) -> str:
    digest, left = hashlib.sha256(), size
    while left > 0 and (piece := os.read(file, min(_PIECE, left))):
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A file of somebody with fewer rights: no link, no device, no pipe."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Problem("not-found", f"{path}: {error.strerror}", "Bring the update to the box again.") from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Problem("not-found", f"{path} is no file", "Bring the update to the box again.")
        yield file
    finally:
        os.close(file)


@contextmanager
def _slot(device: Path, size: int) -> Iterator[int]:
    """The slot for writing. O_EXCL: the kernel refuses a block device that is mounted (open(2))."""
    try:
        found = device.stat()
        exclusive = os.O_EXCL if stat.S_ISBLK(found.st_mode) else 0
        slot = os.open(device, os.O_RDWR | exclusive | os.O_CLOEXEC)
    except OSError as error:
        raise _no_slot(f"{device}: {error.strerror}") from error
    try:
        room = os.lseek(slot, 0, os.SEEK_END)
        os.lseek(slot, 0, os.SEEK_SET)
        if room < size:
            raise _no_slot(f"{device} has room for {room} bytes, the update has {size}")
        yield slot
    finally:
        os.close(slot)


def _bad(why: str) -> Problem:
    return Problem("bad-bundle", f"The update is refused: {why}", "Ask central for one that is meant for this box.")


def _no_slot(why: str) -> Problem:
    return Problem("no-slot", f"There is no place for an update: {why}", "Write the card anew with the new image.")
