"""Backups that somebody hands in: an archive, and the sealed file in it. Pieces are taken together into one file."""

import io
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from appliance.backup import check, manifest, sealed, tape
from appliance.backup.manifest import Manifest, Part
from appliance.backup.passphrase import Recipient
from appliance.backup.sealed import BadSeal, Sealer
from appliance.backup.tape import BadTape
from appliance.journal import notes
from tests.fuzz.harness import Target

_PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
_RECIPIENT = Recipient(8, 1, bytes(16), _PRIVATE.public_key().public_bytes_raw())
_SIGNER = notes.Signer("boothkit/box-7/1", bytes(range(32)))


def _sealed() -> tuple[bytes, bytes]:
    out = io.BytesIO()
    sealer = Sealer(_RECIPIENT, out)
    writer = tape.Writer(sealer)
    for name, content in (("box.id", b"box-7\n"), ("keys/box.key", b"00" * 32), ("people.db", b"SQLite" * 20)):
        writer.add(name, len(content), io.BytesIO(content))
    writer.close()
    sealer.close()
    return out.getvalue(), sealer.key


_SEALED, _KEY = _sealed()


def _backup() -> bytes:
    parts = {"keys/box.pub": f"{_SIGNER.verifier.vkey()}\n".encode(), "journal.db": b"x" * 70, "private.enc": _SEALED}
    found = Manifest(
        format="boothkit-backup/1",
        box="box-7",
        cell="cell",
        log=1,
        size=1,
        root="0" * 64,
        pos=1,
        at="2026-11-23T18:00:00.000Z",
        clock="ntp",
        version="0",
        key=_RECIPIENT.fingerprint,
        parts={name: Part(len(raw), manifest.digest(raw)) for name, raw in parts.items()},
    )
    out = io.BytesIO()
    writer = tape.Writer(out)
    files = {manifest.MANIFEST: found.raw(), manifest.SIGNATURE: manifest.sign(found.raw(), _SIGNER), **parts}
    for name, raw in files.items():
        writer.add(name, len(raw), io.BytesIO(raw))
    writer.close()
    return out.getvalue()


def _together(read: Callable[[bytes], object]) -> Callable[[], Callable[[bytes], object]]:
    """A parser of files: what comes in short pieces is one file."""

    def run() -> Callable[[bytes], object]:
        held = bytearray()

        def feed(data: bytes) -> object:
            held.extend(data)
            if len(data) < 64 and len(held) < 8192:
                return None
            raw = bytes(held)
            held.clear()
            try:
                return read(raw)
            except (BadSeal, BadTape) as error:
                return f"{error} {error.remedy}"

        return feed

    return run


def _open(raw: bytes) -> object:
    file = io.BytesIO(raw)
    head = sealed.read_head(file)
    sealed.structure(io.BytesIO(raw), len(raw))
    return [(member.name, member.read(1 << 20)) for member in tape.members(sealed.Unsealed(file, head, _KEY))]


def _check(raw: bytes) -> object:
    file = io.BytesIO(raw)
    checked = check.outside(file)
    assert checked.manifest.origin == "boothkit/box-7/1"
    return check.inside(file, checked, _KEY)


_WHOLE = _backup()
_WORDS = (
    b"ustar\x0000",
    b"keys/box.pub",
    b"private.enc",
    b"\0" * 512,
    b"00000000007",
    b'"parts":{',
    b"boothkit-sealed/1\n",
)
TARGETS = {
    "sealed": Target([_SEALED], _together(_open), _WORDS, 4096),
    "outside": Target([_WHOLE], _together(_check), _WORDS, 8192, holds=1 << 20),
}
