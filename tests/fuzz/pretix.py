"""Tickets of pretix: the text of a QR code, the bytes in it, and payloads that a shop's key really signed."""

import base64
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.domain import pretix
from appliance.domain.tokens import MAX_TEXT, Unreadable, key_kid
from tests.fuzz.harness import Target

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {key_kid(KEY.public_key().public_bytes_raw()): KEY.public_key()}
LONGEST = MAX_TEXT // 4 * 3


def backwards(raw: bytes) -> str:
    return base64.b64encode(raw).decode()[::-1]


def wrapped(payload: bytes, signature: bytes) -> bytes:
    return b"\1" + len(payload).to_bytes(2, "big") + len(signature).to_bytes(2, "big") + payload + signature


def signed(payload: bytes) -> bytes:
    return wrapped(payload, KEY.sign(payload))


def read(code: str) -> pretix.PretixTicket | type[Unreadable] | type[pretix.Untrusted]:
    claims = pretix.claims_to_be(code)
    try:
        ticket = pretix.read(code, KEYS)
    except (Unreadable, pretix.Untrusted) as error:
        return type(error)
    assert claims
    return ticket


def texts() -> Callable[[bytes], object]:
    def feed(data: bytes) -> object:
        code = data.decode("latin-1")
        found = read(code)
        assert isinstance(found, type) or code in WHOLE
        return found

    return feed


def octets() -> Callable[[bytes], object]:
    def feed(data: bytes) -> object:
        found = read(backwards(data))
        assert isinstance(found, type) or data in SIGNED
        return found

    return feed


def payloads() -> Callable[[bytes], object]:
    """What is well-formed is found before the signature is looked at, and the signature decides only of that."""

    def feed(data: bytes) -> object:
        unsigned = read(backwards(wrapped(data, bytes(64))))
        assert unsigned in (Unreadable, pretix.Untrusted)
        if unsigned is Unreadable:
            return unsigned
        found = read(backwards(signed(data)))
        assert not isinstance(found, type)
        assert found.seed.isprintable()
        numbers = (found.item, found.variation, found.subevent, found.valid_from, found.valid_until)
        assert all(value is None or 0 < value < 1 << 63 for value in numbers)
        return found

    return feed


SEED = b"\x0a\x09Boothkit1"
PAYLOADS = (
    SEED + b"\x10\x01",
    SEED + b"\x10\x05\x18\xac\x02\x20\x07\x28\x80\xde\xa0\xcb\x06\x30\xff\xe9\xa5\xcb\x06",
    b"\x10\x00\x18\x00" + SEED + b"\x28\x80\x80\x00\x10\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    SEED + b"\x10\x09\x42\x03new\x49" + bytes(8) + b"\x55" + bytes(4) + b"\xf8\xff\xff\xff\x0f\x01",
    b"\x0a\x08" + "Café€".encode() + b"\x10\x02",
)
SIGNED = [signed(payload) for payload in PAYLOADS]
WHOLE = [backwards(raw) for raw in SIGNED]
HEADS = (b"\1\0\x0d\0\x40", b"\0\x40", b"\1\0", b"\0\0", b"\xff\xff")
TAGS = tuple(bytes([field << 3 | wire]) for field in range(1, 8) for wire in (0, 1, 2, 3, 5))
NUMBERS = (b"\x80" * 9 + b"\1", b"\xff" * 9 + b"\1", b"\xff" * 10, b"\x80\x80\0", b"\xff\xff\xff\xff\x0f", SEED)
ENDS = (b"=", b"==", b"QA", b"AEANAQA", b"A", b"Q", b"/", b"+", b"-", b"_")

TARGETS = {
    "text": Target([code.encode() for code in WHOLE], texts, magic=ENDS, longest=MAX_TEXT + 4),
    "octets": Target(SIGNED, octets, magic=(*HEADS, *TAGS), longest=LONGEST + 1),
    "payload": Target(PAYLOADS, payloads, magic=(*TAGS, *NUMBERS), longest=LONGEST - len(wrapped(b"", bytes(64)))),
}
