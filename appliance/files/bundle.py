"""What central signs for boxes: a note whose text is the line `boothkit-bundle/1` and one line of RFC 8785 JSON.

`{"data": {…}, "expires": RFC 3339, "kind": …, "scope": "*" | "CELL" | "CELL/BOX", "version": N}`
"""

import base64
import binascii
import hashlib
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from appliance.clock import Now, parse_rfc3339
from appliance.errors import DataError, Problem, invalid
from appliance.journal import codec, notes
from appliance.language import N_

HEADER = "boothkit-bundle/1"
LONGEST = 240 * 1024
"""Bytes of a note: 500 items with every field said (143 KB), 2,000 revocations (54 KB), and room; the uplink takes
messages of 256 KiB."""
MOST_PACKED = 120 * 1024
"""Characters of a packed note: it travels in one frame to the recorder, beside less than 8 KiB of other things."""
Kind = Literal["update", "policy"]
Fault = Literal["no-key", "too-large", "unreadable", "bad-signature", "wrong-kind", "scope", "expired"]


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``version`` rises with every bundle of a kind; ``data``: what the kind says."""

    kind: Kind
    version: Annotated[int, msgspec.Meta(ge=1, le=codec.MAX_INT)]
    scope: Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z0-9-]{1,40}(/[a-z0-9-]{1,40})?)$")]
    expires: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")]
    data: dict[str, Any]

    def text(self) -> str:
        """What is signed."""
        return f"{HEADER}\n{codec.encode(msgspec.to_builtins(self)).decode()}\n"

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what is signed: the same for every note that says it, whoever signed it besides."""
        return hashlib.sha256(self.text().encode()).hexdigest()


class BadBundle(Problem):
    """A bundle that cannot be used here. ``why`` for programs, ``words`` for people; ``bundle``: what it says, when
    central did sign it; ``signer``: whose signature was right."""

    def __init__(
        self, why: Fault, words: str, remedy: str = "", *, bundle: Bundle | None = None, signer: str = ""
    ) -> None:
        remedy = remedy or N_("Ask central for one that is meant for this box.")
        super().__init__("bad-bundle", f"The bundle is refused: {words}", remedy)
        self.why: Fault = why
        self.words = words
        self.bundle = bundle
        self.signer = signer


@dataclass(frozen=True)
class Reader:
    """Who reads bundles: a box of a cell, which knows central's key (None: not yet)."""

    cell: str
    box: str
    central: notes.Verifier | None

    def read(self, raw: bytes, now: Now, kind: Kind) -> Bundle:
        """The bundle of a note. BadBundle: it is none, not central's, of another kind, not for this box, or expired
        (which only a trusted clock can tell)."""
        if self.central is None:
            words = N_("this box does not know central's key")
            raise BadBundle("no-key", words, N_("Put central's key into [central] key."))
        bundle = read_signed(raw, self.central)
        signer = self.central.name
        if bundle.kind != kind:
            words = N_(f"a bundle of kind {bundle.kind} is no {kind}")
            raise BadBundle("wrong-kind", words, bundle=bundle, signer=signer)
        if not covers(bundle.scope, self.cell, self.box):
            words = N_(f"it is for {bundle.scope}, this is {self.cell}/{self.box}")
            raise BadBundle("scope", words, bundle=bundle, signer=signer)
        if now.trusted and now.wall_ms > parse_rfc3339(bundle.expires):
            words = N_(f"it expired at {bundle.expires}")
            raise BadBundle("expired", words, N_("Ask central for a newer one."), bundle=bundle, signer=signer)
        return bundle


def read_signed(raw: bytes, key: notes.Verifier) -> Bundle:
    """What a note says, once its signature is right. BadBundle: ``too-large``, ``unreadable``, ``bad-signature``."""
    if len(raw) > LONGEST:
        raise too_large()
    try:
        note = raw.decode()
        notes.split(note, LONGEST)
    except (UnicodeDecodeError, notes.BadNote) as error:
        raise _unreadable(N_("the file is not whole, or it is no bundle")) from error
    try:
        text, _ = notes.verify(note, key, LONGEST)
    except notes.BadNote as error:
        raise BadBundle("bad-signature", N_("central did not sign it")) from error
    try:
        header, line, rest = text.split("\n", 2)
        if header != HEADER or rest:
            raise _unreadable(N_(f"its text is not the line {HEADER} and one line of JSON"))
        bundle = msgspec.convert(codec.decode(line), Bundle)
        parse_rfc3339(bundle.expires)
    except (ValueError, RecursionError, codec.NotCanonical, msgspec.ValidationError) as error:
        raise _unreadable(str(error)) from error
    return bundle


def claimed_digest(raw: bytes) -> str:
    """As ``Bundle.digest``, of what a note says it is: nothing is checked."""
    return hashlib.sha256(raw.rpartition(b"\n\n")[0] + b"\n").hexdigest()


def covers(scope: str, cell: str, box: str) -> bool:
    """Whether a bundle of this scope is for this box."""
    return scope in ("*", cell, f"{cell}/{box}")


def too_large() -> BadBundle:
    """It does not go through to the recorder."""
    words = N_(f"it is larger than the {LONGEST} bytes that a bundle may have, or does not pack well enough")
    return BadBundle("too-large", words, N_("Ask central for a smaller one."))


def _unreadable(words: str) -> BadBundle:
    return BadBundle("unreadable", words, N_("Copy it again; leave the stick in until it is done."))


# On the way to the recorder


def read_file(path: Path) -> bytes:
    """The bytes of a file that a person handed in, at most one more than a note may have; what a stick gives until it
    is pulled out. DataError: there is no such file, or it is a pipe, a link or a device."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}", remedy="Plug the stick in again, or name another file.") from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise DataError(f"{path} is no file", remedy="Name the file of the bundle.")
        found = b""
        while len(found) <= LONGEST and (piece := _piece(file, LONGEST + 1 - len(found))):
            found += piece
        return found
    finally:
        os.close(file)


def _piece(file: int, most: int) -> bytes:
    try:
        return os.read(file, most)
    except OSError:  # the stick went: what came is not whole, which its signature tells
        return b""


def pack(raw: bytes) -> str:
    """A note as a frame carries it: deflated (RFC 1950), base64. BadBundle ``too-large``."""
    packed = base64.b64encode(zlib.compress(raw, 9)).decode() if len(raw) <= LONGEST else ""
    if not packed or len(packed) > MOST_PACKED:
        raise too_large()
    return packed


def unpack(packed: str) -> bytes:
    """The note, at most one byte more than it may have. Raises ``validation`` for what nothing of ours packed."""
    if len(packed) > MOST_PACKED:
        raise invalid(f"note: {len(packed)} characters, at most {MOST_PACKED}")
    try:
        return zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), LONGEST + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise invalid("note: wants a note, deflated and in base64") from error
