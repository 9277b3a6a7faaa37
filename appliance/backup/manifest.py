"""manifest.json: what a backup is of, and a hash of everything in it; manifest.sig: the box's signature under that.

manifest.json is one line of RFC 8785 JSON. manifest.sig is a note (C2SP signed-note) by the box's key of its newest
log; its text is `boothkit-manifest/1`, and the SHA-256 of manifest.json in hex.
"""

import hashlib
from typing import Annotated, Literal

import msgspec

from appliance.backup.sealed import BadSeal
from appliance.journal import codec, notes

HEADER = "boothkit-manifest/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
LONGEST = 16 * 1024

Count = Annotated[int, msgspec.Meta(ge=0, le=codec.MAX_INT)]
Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class Part(msgspec.Struct, frozen=True):
    """A file of the backup: how long it is, and its SHA-256 in hex."""

    bytes: Count
    sha256: Hex


class Manifest(msgspec.Struct, frozen=True):
    """``log``, ``size``, ``root`` (hex): where the newest log of the copy ends; ``pos``: over all logs; ``at``,
    ``clock``: when it was made, and how far that can be trusted; ``version`` of the program; ``key``: the fingerprint
    of the passphrase's key; ``parts`` by name. Fields of newer versions are ignored."""

    format: Literal["boothkit-backup/1"]
    box: Name
    cell: Name
    log: Annotated[int, msgspec.Meta(ge=1, le=codec.MAX_INT)]
    size: Count
    root: Hex
    pos: Count
    at: Annotated[str, msgspec.Meta(max_length=40)]
    clock: Annotated[str, msgspec.Meta(max_length=20)]
    version: Annotated[str, msgspec.Meta(max_length=40)]
    key: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$")]
    parts: dict[str, Part]

    @property
    def origin(self) -> str:
        """The name of the log's key."""
        return f"boothkit/{self.box}/{self.log}"

    @property
    def total(self) -> int:
        """Bytes of all parts."""
        return sum(part.bytes for part in self.parts.values())

    def raw(self) -> bytes:
        """manifest.json."""
        return codec.encode(msgspec.to_builtins(self)) + b"\n"


def digest(raw: bytes) -> str:
    """What a backup is called by: SHA-256 of its manifest.json, in hex."""
    return hashlib.sha256(raw).hexdigest()


def sign(raw: bytes, signer: notes.Signer) -> bytes:
    """manifest.sig."""
    return signer.sign(f"{HEADER}\n{digest(raw)}\n").encode()


def read(raw: bytes) -> Manifest:
    """The manifest of manifest.json, whoever made it. Raises BadSeal."""
    if len(raw) > LONGEST:
        raise BadSeal(f"a manifest of more than {LONGEST} bytes")
    try:
        codec.decode(raw.decode().removesuffix("\n"))
        return msgspec.json.decode(raw, type=Manifest)
    except (codec.NotCanonical, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadSeal(f"a manifest that cannot be read: {error}") from error


def check(raw: bytes, signature: bytes, keys: list[notes.Verifier]) -> Manifest:
    """The manifest, if one of these keys signed it for its log. Raises BadSeal."""
    manifest = read(raw)
    key = next((key for key in keys if key.name == manifest.origin and key.kind == notes.ED25519), None)
    if key is None:
        raise BadSeal(f"a manifest of {manifest.origin}, without the key of that log")
    try:
        text, _ = notes.verify(signature.decode(), key)
    except (notes.BadNote, UnicodeDecodeError) as error:
        raise BadSeal(f"the manifest's signature: {error}") from error
    if text != f"{HEADER}\n{digest(raw)}\n":
        raise BadSeal("the box signed another manifest than this")
    return manifest
