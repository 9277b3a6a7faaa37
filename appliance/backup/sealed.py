"""Sealed files: bytes that only one key opens, in pieces, so that neither side keeps more than one in memory: of a
backup's private.enc the passphrase's, of a list of guests central's.

    "boothkit-sealed/1\\n"
    u16 big-endian: length of what follows, up to the ephemeral key
    the recipient (backup.pub, or central's key as ``returnlist`` writes it)
    32 bytes: the ephemeral X25519 key
    pieces of 65,536 bytes and their tags of 16; the last may be shorter, and is empty only when everything is

Key = HKDF-SHA256(X25519(ephemeral, recipient), salt = ephemeral ‖ recipient's key, info = "boothkit-sealed/1"). A piece
is ChaCha20-Poly1305 with the whole head as associated data; its nonce is its number (11 bytes, from 0) and 1 for the
last piece, else 0. So pieces cannot be left out, moved, added, or taken from another file (STREAM, doi:10.1007/
978-3-662-47989-6_24). The seal says nothing of who sealed: that is what the signed manifest is for.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Generic, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance.backup.passphrase import BadKey, Recipient
from appliance.errors import BoothkitError

MAGIC = b"boothkit-sealed/1\n"
PIECE = 64 * 1024
TAG = 16
_LONGEST_KEY = 400


class BadSeal(BoothkitError):
    """Bytes that are no sealed file, or no longer the ones that were sealed."""

    remedy = "Use another copy of this file; nothing was changed."


class Readable(Protocol):
    """What pieces are read from: at most ``size`` bytes, none at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


class Writable(Protocol):
    """What pieces are written to."""

    def write(self, piece: bytes, /) -> object:
        """All of them."""
        ...


class Holder(Protocol):
    """Whom a file is sealed for."""

    @property
    def public(self) -> bytes:
        """The X25519 key."""
        ...

    def text(self) -> str:
        """As it stands in the head."""
        ...


H = TypeVar("H", bound=Holder)


@dataclass(frozen=True)
class Head(Generic[H]):
    """The beginning of a sealed file. ``raw``: its very bytes, which every piece is bound to."""

    recipient: H
    ephemeral: bytes
    raw: bytes


def _head(recipient: H, ephemeral: bytes) -> Head[H]:
    text = recipient.text().encode()
    return Head(recipient, ephemeral, MAGIC + len(text).to_bytes(2, "big") + text + ephemeral)


def read_head(file: Readable) -> Head[Recipient]:
    """The head of a backup's, which leaves the file at its first piece. Raises BadSeal."""
    return read_head_of(file, Recipient.parse)


def read_head_of(file: Readable, parse: Callable[[str], H]) -> Head[H]:
    """The same for any holder; ``parse`` raises BadKey. Raises BadSeal."""
    if exactly(file, len(MAGIC)) != MAGIC:
        raise BadSeal("not a sealed file: it begins with something else")
    length = int.from_bytes(exactly(file, 2), "big")
    text = exactly(file, length) if length <= _LONGEST_KEY else b""
    try:
        recipient = parse(text.decode())
    except (BadKey, UnicodeDecodeError) as error:
        raise BadSeal(f"a sealed file without a good key at its head: {error}") from error
    return _head(recipient, exactly(file, 32))


def exactly(file: Readable, size: int) -> bytes:
    """That many bytes, or fewer at the end; a read may return less than it was asked for."""
    found = bytearray()
    while len(found) < size and (piece := file.read(size - len(found))):
        found += piece
    return bytes(found)


def _key(shared: bytes, head: Head[H]) -> bytes:
    salt = head.ephemeral + head.recipient.public
    return HKDF(SHA256(), 32, salt, MAGIC.strip()).derive(shared)


def key_of(head: Head[H], private: X25519PrivateKey) -> bytes:
    """The key of the pieces, from the private half. Raises BadSeal."""
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(head.ephemeral))
    except ValueError as error:  # a point that gives every private key the same secret
        raise BadSeal("a sealed file whose ephemeral key is none") from error
    return _key(shared, head)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Sealer:
    """Takes what is to be sealed by ``write``; only after ``close`` it is whole. ``key``: of these pieces, for reading
    back what was just written; it is kept nowhere."""

    def __init__(self, recipient: Holder, out: Writable) -> None:
        ephemeral = X25519PrivateKey.generate()
        head = _head(recipient, ephemeral.public_key().public_bytes_raw())
        try:
            shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient.public))
        except ValueError as error:
            raise BadKey("this key would keep nothing secret") from error
        self.key = _key(shared, head)
        self._cipher, self._head, self._out = ChaCha20Poly1305(self.key), head.raw, out
        self._waiting, self._number = bytearray(), 0
        out.write(head.raw)

    def write(self, piece: bytes, /) -> int:
        """More of it."""
        self._waiting += piece
        while len(self._waiting) > PIECE:  # the last piece is not known before the end
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(piece)

    def close(self) -> None:
        """That was all."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, self._head))
        self._number += 1


def unseal(file: Readable, head: Head[H], key: bytes) -> Iterator[bytes]:
    """What is in the pieces behind the head, each as soon as it is known to be genuine; that all were there is known
    only when the iterator ends. Raises BadSeal."""
    cipher, number = ChaCha20Poly1305(key), 0
    piece = exactly(file, PIECE + TAG)
    while True:
        after = exactly(file, PIECE + TAG) if len(piece) == PIECE + TAG else b""
        if len(piece) < TAG or (number and len(piece) == TAG):
            raise BadSeal("a sealed file that was cut off")
        try:
            yield cipher.decrypt(_nonce(number, last=not after), piece, head.raw)
        except InvalidTag as error:
            raise BadSeal(f"piece {number + 1} of a sealed file is not the one that was sealed") from error
        if not after:
            return
        piece, number = after, number + 1


class Unsealed(io.RawIOBase):
    """``unseal`` as something to read from."""

    def __init__(self, file: Readable, head: Head[H], key: bytes) -> None:
        self._pieces = unseal(file, head, key)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Some bytes; 0 at the end. Raises BadSeal."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def structure(file: BinaryIO, size: int) -> Recipient:
    """What can be told without the passphrase: the head, and that the length is one of whole pieces. Raises BadSeal."""
    head = read_head(file)
    left = size - len(head.raw)
    last = left % (PIECE + TAG)
    if left < TAG or (last and last < TAG) or (left > PIECE + TAG and last == TAG):
        raise BadSeal("a sealed file that was cut off")
    return head.recipient
