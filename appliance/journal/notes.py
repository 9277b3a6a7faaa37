"""Signed notes, checkpoints, cosignatures, receipts and tlog proofs (C2SP signed-note, tlog-checkpoint,
tlog-cosignature, tlog-proof at c2sp.org; bytes in docs/evidence.md)."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
WITNESS = 0x04
RECEIPT_HEADER = "boothkit-receipt/1"
_MAX_NOTE = 64 * 1024


class BadNote(ValueError):
    """Text that is not a note, checkpoint, receipt or key of the form it should have, or whose signature is wrong."""


def b64(raw: bytes) -> str:
    """Standard base64 with padding, as C2SP notes carry it."""
    return base64.b64encode(raw).decode()


def unb64(text: str) -> bytes:
    """Strict base64; raises BadNote."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"not base64: {text[:40]!r}") from error


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """First 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


@dataclass(frozen=True)
class Verifier:
    """A key that notes are checked with: its name, its type (1 = Ed25519, 4 = witness), 32 bytes of public key."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that a signature line begins with."""
        return key_id(self.name, self.kind, self.public)

    @property
    def fingerprint(self) -> str:
        """What people compare: the id of the key as a note's signer (type 1), carried on to 16 bytes of the same hash,
        as eight groups of four hexadecimal digits. The same for both types of one key under one name."""
        signer = self.name.encode() + b"\n" + bytes([ED25519]) + self.public
        digits = hashlib.sha256(signer).digest()[:16].hex()
        return " ".join(digits[at : at + 4] for at in range(0, 32, 4))

    def vkey(self) -> str:
        """``<name>+<key id hex>+<base64(type ‖ public key)>``."""
        return f"{self.name}+{self.id.hex()}+{b64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """The key that a verifier key string names; raises BadNote when its parts do not fit together."""
        name, plus, rest = vkey.strip().partition("+")
        ident, _, encoded = rest.partition("+")
        if not plus or not name or any(c.isspace() for c in name):
            raise BadNote(f"not a verifier key (name+id+key): {vkey[:60]!r}")
        raw = unb64(encoded)
        if len(raw) != 33 or raw[0] not in (ED25519, WITNESS):
            raise BadNote(f"verifier key {name}: wants type 1 or 4 and 32 bytes of Ed25519 key")
        verifier = cls(name, raw[0], raw[1:])
        if verifier.id.hex() != ident:
            raise BadNote(f"verifier key {name}: id {ident!r} does not belong to its key ({verifier.id.hex()})")
        return verifier

    def witness(self) -> "Verifier":
        """The same key as it cosigns checkpoints."""
        return Verifier(self.name, WITNESS, self.public)

    def check(self, text: str, signature: bytes) -> int | None:
        """Check one signature over a note's text; returns the cosignature's Unix time, or None. Raises BadNote."""
        time: int | None = None
        message = text.encode()
        if self.kind == WITNESS:
            if len(signature) != 72:
                raise BadNote(f"cosignature of {self.name}: {len(signature)} bytes instead of 72")
            time = int.from_bytes(signature[:8], "big")
            signature = signature[8:]
            message = _cosigned(time, text)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature as error:
            raise BadNote(f"the signature of {self.name} does not fit the note") from error
        return time


def _cosigned(time: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


class Signer:
    """A private Ed25519 key (seed of 32 bytes) under one name."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, ED25519, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note: text, an empty line, this key's signature line. The text must end in a newline."""
        if not text.endswith("\n"):
            raise BadNote("a note's text ends in a newline")
        return text + "\n" + self._line(self.verifier, self._key.sign(text.encode()))

    def cosign(self, note: str, unix_time: int) -> str:
        """``note`` with this key's witness line (type 4) added."""
        text, _ = split(note)
        signature = unix_time.to_bytes(8, "big") + self._key.sign(_cosigned(unix_time, text))
        return note + self._line(self.verifier.witness(), signature)

    @property
    def private(self) -> Ed25519PrivateKey:
        """The key itself, for tokens; a token's Sig_structure can never be a note's text."""
        return self._key

    @staticmethod
    def _line(verifier: Verifier, signature: bytes) -> str:
        return f"— {verifier.name} {b64(verifier.id + signature)}\n"


def split(note: str, longest: int = _MAX_NOTE) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A note's text and its signature lines as (name, key id, signature); raises BadNote, also for more than
    ``longest`` characters."""
    if len(note) > longest:
        raise BadNote(f"a note of {len(note)} characters is too long")
    text, gap, block = note.rpartition("\n\n")
    if not gap or not block.endswith("\n"):
        raise BadNote("not a note: no empty line before the signatures, or no newline at the end")
    lines = []
    for line in block[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = unb64(encoded) if dash == "—" and name and encoded else b""
        if len(raw) < 5:
            raise BadNote(f"not a signature line: {line[:60]!r}")
        lines.append((name, raw[:4], raw[4:]))
    return text + "\n", lines


def verify(note: str, key: Verifier, longest: int = _MAX_NOTE) -> tuple[str, int | None]:
    """The note's text and the time of a cosignature (None for type 1); raises BadNote when ``key`` did not sign it, or
    it has more than ``longest`` characters."""
    text, lines = split(note, longest)
    for name, ident, signature in lines:
        if name == key.name and ident == key.id:
            return text, key.check(text, signature)
    raise BadNote(f"no signature by {key.name} ({key.id.hex()}) on this note")


@dataclass(frozen=True)
class TreeHead:
    """What a checkpoint says: ``origin`` (boothkit/<box>/<log>), number of facts, root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """``<origin>\\n<size>\\n<base64 root>\\n``."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "TreeHead":
        """The tree head of a checkpoint's text; extension lines are allowed and ignored. Raises BadNote."""
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0]:
            raise BadNote("not a checkpoint: wants origin, size and root")
        return cls(lines[0], _size(lines[1]), _root(lines[2]))

    def receipt_text(self) -> str:
        """What central signs when it holds the first ``size`` facts: docs/evidence.md, ``boothkit-receipt/1``."""
        return f"{RECEIPT_HEADER}\n{self.text()}"

    @classmethod
    def parse_receipt(cls, text: str) -> "TreeHead":
        """The tree head that a receipt acknowledges; raises BadNote."""
        header, _, rest = text.partition("\n")
        if header != RECEIPT_HEADER:
            raise BadNote(f"not a receipt: begins with {header[:40]!r}")
        return cls.parse(rest)


def _size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or (text != "0" and text[0] == "0") or len(text) > 16:
        raise BadNote(f"not a tree size: {text[:40]!r}")
    return int(text)


def _root(text: str) -> bytes:
    raw = unb64(text)
    if len(raw) != 32:
        raise BadNote(f"a root has 32 bytes, this has {len(raw)}")
    return raw


PROOF_HEADER = "c2sp.org/tlog-proof@v1"


def proof_text(index: int, path: Sequence[bytes], checkpoint: str, extra: bytes | None = None) -> str:
    """A proof file: that leaf ``index`` (seq − 1) is under the checkpoint's root."""
    head = f"{PROOF_HEADER}\n" + (f"extra {b64(extra)}\n" if extra is not None else "")
    return head + f"index {index}\n" + "".join(f"{b64(h)}\n" for h in path) + "\n" + checkpoint


def parse_proof(text: str) -> tuple[int, list[bytes], str, bytes | None]:
    """(index, path, checkpoint note, extra) of a proof file; raises BadNote."""
    head, gap, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines[0] != PROOF_HEADER:
        raise BadNote("not a tlog proof")
    lines.pop(0)
    extra = unb64(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise BadNote("a proof names its index")
    return _size(lines.pop(0).removeprefix("index ")), [_root(line) for line in lines], checkpoint, extra
