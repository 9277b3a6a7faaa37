"""Tickets of pretix that are checked offline: its signature scheme 1 (``pretix_sig1``).

A code is base64 of ``01, u16 n, u16 m, n bytes of payload, m bytes of signature``, big-endian, written backwards. The
payload is a protobuf message (field 1 seed, 2 item, 3 variation, 4 subevent, 5 and 6 valid from and until); Ed25519
signs it. What is accepted: docs/tickets-of-pretix.md.

The payload is decoded here in place of protobuf's runtime: six fields are not worth its megabytes.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.domain.tokens import MAX_TEXT, Unreadable

_VERSION, _SIGNATURE, _HEAD = 1, 64, 5
_LONGEST = MAX_TEXT // 4 * 3 - _HEAD - _SIGNATURE
"""Bytes of payload in the longest text."""
_SEED, _NUMBERS = 1, (2, 3, 4, 5, 6)
_VARINT, _BYTES, _FIXED = 0, 2, {1: 8, 5: 4}
"""Wire types; of those of fixed size, their bytes. The groups of old (3 and 4) are none: no shop writes them."""
_TAG_BYTES, _NUMBER_BYTES = 5, 10
"""Bytes of a tag or a length, and of a number of 64 bits, at most."""


class Untrusted(ValueError):
    """A well-formed ticket whose signature no known key made."""


@dataclass(frozen=True)
class PretixTicket:
    """What pretix promised: ids of its shop (None: none named), times in Unix seconds (None: no limit), ``kid`` of the
    key that signed. A ticket is its text; the ``seed`` only makes that text unlike any other."""

    seed: str
    item: int | None
    variation: int | None
    subevent: int | None
    valid_from: int | None
    valid_until: int | None
    kid: bytes


def claims_to_be(code: str) -> bool:
    """Whether a text is meant as such a ticket: its last seven characters, backwards, are the head of one.

    The head stands at the text's end. A text that is bent, or that lost what stood at its front, still claims to be one
    as long as those seven are whole. One that was cut at its end is no longer recognisable: it counts as a plain code
    that nobody knows. Codes of digits or of lower-case letters never claim.
    """
    try:
        head = base64.b64decode(code[-7:][::-1] + "A", validate=True)
    except ValueError:
        return False
    payload, signature = int.from_bytes(head[1:3], "big"), int.from_bytes(head[3:_HEAD], "big")
    return head[:1] == bytes([_VERSION]) and payload <= _LONGEST and signature == _SIGNATURE


def read(code: str, keys: Mapping[bytes, Ed25519PublicKey]) -> PretixTicket:
    """The ticket that ``code`` is, signed by one of ``keys`` (by kid); each is tried, as a code does not name its key.

    Raises Unreadable or Untrusted. Only the canonical text counts: a ticket is remembered by its text, so no second
    text may be the same ticket.
    """
    payload, signature = _unwrap(code)
    seed, numbers = _claims(payload)
    kid = _signer(payload, signature, keys)
    item, variation, subevent, valid_from, valid_until = (numbers[number] or None for number in _NUMBERS)
    return PretixTicket(seed, item, variation, subevent, valid_from, valid_until, kid)


def _unwrap(code: str) -> tuple[bytes, bytes]:
    """Payload and signature."""
    if len(code) > MAX_TEXT:
        raise Unreadable(f"{len(code)} characters are too long for a ticket of pretix")
    backwards = code[::-1]
    try:
        raw = base64.b64decode(backwards, validate=True)
    except ValueError as error:
        raise Unreadable(f"not base64 written backwards: {error}") from error
    if base64.b64encode(raw).decode() != backwards:
        raise Unreadable("not in canonical base64")
    if len(raw) < _HEAD or raw[0] != _VERSION:
        raise Unreadable("not version 1 of pretix's tickets")
    payload, signature = int.from_bytes(raw[1:3], "big"), int.from_bytes(raw[3:_HEAD], "big")
    if signature != _SIGNATURE:
        raise Unreadable(f"a signature of {signature} bytes, where Ed25519 has {_SIGNATURE}")
    if len(raw) != _HEAD + payload + signature:
        raise Unreadable(f"{len(raw)} bytes where its head tells of {_HEAD + payload + signature}")
    return raw[_HEAD:-signature], raw[-signature:]


def _signer(payload: bytes, signature: bytes, keys: Mapping[bytes, Ed25519PublicKey]) -> bytes:
    """The kid of the key that fits."""
    for kid, key in keys.items():
        try:
            key.verify(signature, payload)
        except InvalidSignature:
            continue
        return kid
    raise Untrusted(f"none of the {len(keys)} keys of pretix that this box knows made the signature")


def _claims(payload: bytes) -> tuple[str, dict[int, int]]:
    """Seed, and each number by its field, 0 when it is absent. Of a field that comes twice the last one counts."""
    seed, numbers = "", dict.fromkeys(_NUMBERS, 0)
    for number, value in _fields(payload):
        if number == _SEED:
            if not isinstance(value, bytes):
                raise Unreadable(f"field {number} (seed) is not text")
            try:
                seed = value.decode()
            except UnicodeDecodeError as error:
                raise Unreadable(f"field {number} (seed) is not UTF-8") from error
        elif number in numbers:
            if not isinstance(value, int):
                raise Unreadable(f"field {number} is not a number")
            numbers[number] = value
    if not seed or not seed.isprintable():
        raise Unreadable(f"field {_SEED} (seed) is missing or has characters that do not print")
    for number, found in numbers.items():
        if found >> 63:
            raise Unreadable(f"field {number} is {found - (1 << 64)}; ids and times are not negative")
    return seed, numbers


def _fields(payload: bytes) -> Iterator[tuple[int, int | bytes | None]]:
    """Number and value of each field, known or not. None: one of fixed size, which no field that we know is."""
    at = 0
    while at < len(payload):
        start = at
        tag, at = _varint(payload, at, _TAG_BYTES)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise Unreadable(f"field number {number} at byte {start} of the payload")
        if wire == _VARINT:
            value, at = _varint(payload, at, _NUMBER_BYTES)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(payload, at, _TAG_BYTES)
        elif wire in _FIXED:
            size = _FIXED[wire]
        else:
            raise Unreadable(f"field {number} is of wire type {wire}")
        if size > len(payload) - at:
            raise Unreadable(f"field {number} has {size} bytes, of which {len(payload) - at} are there")
        yield number, payload[at : at + size] if wire == _BYTES else None
        at += size


def _varint(payload: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of at most so many bytes and 64 bits that begins ``at`` a byte, and where the next thing begins."""
    value = 0
    for place, byte in enumerate(payload[at : at + most]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if value >> 64:
                raise Unreadable(f"the number at byte {at} of the payload has more than 64 bits")
            return value, at + place + 1
    raise Unreadable(f"the number at byte {at} of the payload does not end within {most} bytes")
