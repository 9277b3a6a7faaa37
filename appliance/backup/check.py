"""Reading a backup: nothing of it is believed that was not checked, and nothing is written.

What is proved without the passphrase: that all parts are the ones the manifest names, that the box's key signed it, and
that private.enc is whole pieces sealed for the key that the manifest names. With the passphrase (or the key of the
pieces, right after they were sealed): every byte of it, and what is in it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from appliance.backup import manifest as manifests
from appliance.backup import tape
from appliance.backup.contents import BOX_PUB, INNER, JOURNAL, PRIVATE, Sum
from appliance.backup.manifest import LONGEST, MANIFEST, SIGNATURE, Manifest
from appliance.backup.passphrase import Recipient
from appliance.backup.sealed import BadSeal, Head, Unsealed, exactly, read_head, structure
from appliance.journal import notes

PARTS = (MANIFEST, SIGNATURE, BOX_PUB, JOURNAL, PRIVATE)
"""The files of a backup, in their order."""
SENT = tuple(part for part in PARTS if part != JOURNAL)
"""Those of one that goes over the uplink: central has the facts."""

Taker = Callable[[str, bytes], None]


@dataclass(frozen=True)
class Checked:
    """A backup whose outside is sound. ``sha256``: what it is called by; ``signer``: the key that signed it; ``head``:
    that of private.enc, which begins at byte ``start`` of the file and has ``length`` bytes."""

    manifest: Manifest
    sha256: str
    signer: notes.Verifier
    box_pub: bytes
    head: Head[Recipient]
    start: int
    length: int

    @property
    def journal(self) -> bool:
        """Whether the box itself said what its journal is; else it came from central."""
        return JOURNAL in self.manifest.parts


class _Counting:
    """Where the reading of a file stands."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.at = file.tell()

    def read(self, size: int, /) -> bytes:
        piece = self._file.read(size)
        self.at += len(piece)
        return piece


def outside(file: BinaryIO, take: Taker = lambda name, piece: None, parts: tuple[str, ...] = PARTS) -> Checked:
    """Read a backup from its beginning to its end. ``take`` gets what is in its parts, piece by piece, before anything
    is known to be good; ``parts``: the files that it has. A journal that the manifest does not name is one that central
    put there (``Checked.journal`` says so). Raises BadSeal, BadTape; OSError."""
    counting = _Counting(file)
    small: dict[str, bytes] = {}
    sums: dict[str, Sum] = {}
    start = 0
    for member, name in zip(tape.members(counting), (*parts, ""), strict=False):
        if member.name != name:
            raise BadSeal(f"{member.name} is where {name or 'the end'} should be: not a backup of a box")
        if name == PRIVATE:
            start = counting.at
        sums[name] = Sum()
        keep = bytearray() if name in PARTS[:3] else None
        if keep is not None and member.size > LONGEST:
            raise BadSeal(f"{name} has {member.size} bytes, more than it can have")
        while piece := member.read(64 * 1024):
            sums[name].write(piece)
            if keep is not None:
                keep += piece
            else:
                take(name, piece)
        if keep is not None:
            small[name] = bytes(keep)
    if tuple(sums) != parts:
        raise BadSeal("a backup that was cut off")
    manifest, signer = _signed(small)
    if not set(manifest.parts) <= set(parts):
        raise BadSeal("a backup without its journal: central makes a whole one of it (boothkit central backup)")
    for name, part in manifest.parts.items():
        if (sums[name].bytes, sums[name].sha256) != (part.bytes, part.sha256):
            raise BadSeal(f"{name} is not what the manifest says: it was changed, or the medium lost it")
    length = sums[PRIVATE].bytes
    file.seek(start)
    recipient = structure(file, length)
    if recipient.fingerprint != manifest.key:
        raise BadSeal("private.enc is sealed for another key than the manifest names")
    file.seek(start)
    digest = manifests.digest(small[MANIFEST])
    return Checked(manifest, digest, signer, small[BOX_PUB], read_head(file), start, length)


def _signed(small: dict[str, bytes]) -> tuple[Manifest, notes.Verifier]:
    try:
        lines = small[BOX_PUB].decode().splitlines()
        keys = [notes.Verifier.parse(line) for line in lines if line]
    except (notes.BadNote, UnicodeDecodeError) as error:
        raise BadSeal(f"{BOX_PUB}: {error}") from error
    manifest = manifests.check(small[MANIFEST], small[SIGNATURE], keys)
    if set(manifest.parts) not in (set(PARTS[2:]), set(SENT[2:])):
        raise BadSeal("a manifest that names other parts than a backup has")
    return manifest, next(key for key in keys if key.name == manifest.origin)


def inside(
    file: BinaryIO, checked: Checked, key: bytes, take: Taker = lambda name, piece: None
) -> list[tuple[str, int, str]]:
    """Open private.enc: name, length and hash of each file in it. ``take`` gets their pieces, each of which is genuine;
    that all of them came is known at the end. Raises BadSeal, BadTape; OSError."""
    file.seek(checked.start + len(checked.head.raw))
    unsealed = Unsealed(_Part(file, checked.length - len(checked.head.raw)), checked.head, key)
    found = []
    for member in tape.members(unsealed):
        if not INNER.fullmatch(member.name):
            raise BadSeal(f"{member.name} is no file of a box")
        sum_ = Sum()
        while piece := member.read(64 * 1024):
            sum_.write(piece)
            take(member.name, piece)
        take(member.name, b"")
        found.append((member.name, member.size, sum_.sha256))
    if exactly(unsealed, 1):
        raise BadSeal("private.enc goes on behind its end")
    return found


class _Part:
    """So many bytes of a file, from where it stands."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int, /) -> bytes:
        piece = self._file.read(min(size, self._left))
        self._left -= len(piece)
        return piece
