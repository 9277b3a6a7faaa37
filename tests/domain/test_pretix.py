"""pretix's offline tickets against a second implementation, written from docs/tickets-of-pretix.md and RFC 8032 alone:
base64, protobuf and Ed25519 in plain Python, none of our code."""

import hashlib
import re
import string
from collections.abc import Callable
from dataclasses import astuple
from functools import lru_cache

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.domain import pretix, tokens

# Ed25519, RFC 8032 §5.1: points (x, y, z, t) with x/z, y/z on the curve and t = xy/z.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


def added(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    c, d = 2 * D * t1 * t2, 2 * z1 * z2
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


@lru_cache(maxsize=16)
def doublings(point: Point) -> list[Point]:
    found = [point]
    while len(found) < 256:
        found.append(added(found[-1], found[-1]))
    return found


def times(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    for place, doubled in enumerate(doublings(point)):
        if number >> place & 1:
            total = added(total, doubled)
    return total


def packed(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


@lru_cache(maxsize=16)
def unpacked(raw: bytes) -> Point:
    number = int.from_bytes(raw, "little")
    y, odd = number % 2**255, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    x = x if x & 1 == odd else P - x
    return x, y, 1, x * y % P


BASE = unpacked((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def number_of(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


class Key:
    """A private key and its public half."""

    def __init__(self, secret: bytes) -> None:
        digest = hashlib.sha512(secret).digest()
        self._scalar = int.from_bytes(digest[:32], "little") & ~7 & (1 << 254) - 1 | 1 << 254
        self._prefix = digest[32:]
        self.public = packed(times(self._scalar, BASE))

    def sign(self, message: bytes) -> bytes:
        r = number_of(self._prefix, message) % L
        point = packed(times(r, BASE))
        return point + ((r + number_of(point, self.public, message) * self._scalar) % L).to_bytes(32, "little")


def fits(public: bytes, message: bytes, signature: bytes) -> bool:
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    x, y, z, t = times(number_of(signature[:32], public, message) % L, unpacked(public))
    return packed(added(times(s, BASE), (-x % P, y, z, -t % P))) == signature[:32]


LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


def text_of(raw: bytes) -> str:
    bits = "".join(f"{byte:08b}" for byte in raw)
    bits += "0" * (-len(bits) % 6)
    forwards = "".join(LETTERS[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))
    return "".join(reversed(forwards + "=" * (-len(forwards) % 4)))


def bytes_of(text: str) -> bytes:
    if len(text) > 1024 or len(text) % 4 or not re.fullmatch("={0,2}[A-Za-z0-9+/]*", text):
        raise ValueError
    letters = text.lstrip("=")
    bits = "".join(f"{LETTERS.index(letter):06b}" for letter in reversed(letters))
    spare = 2 * (len(text) - len(letters))
    if len(bits) % 8 != spare or "1" in bits[len(bits) - spare :]:
        raise ValueError
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - spare, 8))


def varint(value: int, longer: int = 0) -> bytes:
    """``longer``: so many bytes more than are needed."""
    groups = max(1, -(-value.bit_length() // 7)) + longer
    raw = [value >> 7 * group & 127 | 128 for group in range(groups)]
    return bytes([*raw[:-1], raw[-1] & 127])


def number(field: int, value: int, longer: int = 0) -> bytes:
    return varint(field << 3) + varint(value % 2**64, longer)


def octets(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


SHORT = rb"[\x80-\xff]{0,4}[\0-\x7f]"
SHAPES = {0: rb"[\x80-\xff]{0,8}[\0-\x7f]|[\x80-\xff]{9}[\0\1]", 1: b".{8}", 2: SHORT, 5: b".{4}"}


def split(shape: bytes, payload: bytes) -> tuple[bytes, bytes]:
    found = re.match(shape, payload, re.DOTALL)
    if found is None:
        raise ValueError
    return found[0], payload[found.end() :]


def value_of(groups: bytes) -> int:
    return sum((byte & 127) << 7 * place for place, byte in enumerate(groups))


def decoded(payload: bytes) -> tuple[str, list[int]]:
    """Seed and the fields 2 to 6."""
    seed, numbers = "", [0] * 5
    while payload:
        tag, payload = split(SHORT, payload)
        field, wire = divmod(value_of(tag), 8)
        if wire not in SHAPES or not 1 <= field <= 2**29 - 1 or (field <= 6 and wire != (2 if field == 1 else 0)):
            raise ValueError
        body, payload = split(SHAPES[wire], payload)
        if wire == 2:
            body, payload = split(b".{%d}" % min(value_of(body), 10_000), payload)
        if field == 1:
            seed = str(body, "utf-8")
        elif field <= 6:
            numbers[field - 2] = value_of(body)
    if not seed or not seed.isprintable() or max(numbers) >= 2**63:
        raise ValueError
    return seed, numbers


Outcome = str | tuple[object, ...]


def judged(text: str, publics: list[bytes]) -> Outcome:
    """What the second implementation says: the ticket as a tuple, or why it is none."""
    try:
        raw = bytes_of(text)
        size = int.from_bytes(raw[1:3], "big")
        if raw[:1] != b"\1" or raw[3:5] != b"\0\x40" or len(raw) != 5 + size + 64:
            raise ValueError
        seed, numbers = decoded(raw[5:-64])
    except ValueError:
        return "unreadable"
    for public in publics:
        if fits(public, raw[5:-64], raw[-64:]):
            return (seed, *(value or None for value in numbers), hashlib.sha256(public).digest()[:8])
    return "untrusted"


KEY, OLD = Key(bytes(range(32))), Key(b"of last year, then taken out....")


def outcome(text: str, *keys: Key) -> Outcome:
    """What we say, once the second implementation has said the same."""
    publics = [key.public for key in keys or (KEY,)]
    known = {tokens.key_kid(public): Ed25519PublicKey.from_public_bytes(public) for public in publics}
    said: Outcome
    try:
        said = astuple(pretix.read(text, known))
        assert pretix.claims_to_be(text)
    except tokens.Unreadable:
        said = "unreadable"
    except pretix.Untrusted:
        said = "untrusted"
    assert said == judged(text, publics)
    return said


def wrapped(payload: bytes, signature: bytes, version: int = 1) -> bytes:
    return bytes([version, *len(payload).to_bytes(2, "big"), *len(signature).to_bytes(2, "big")]) + payload + signature


def code(*fields: bytes, key: Key = KEY) -> str:
    """What a shop prints for these fields."""
    payload = b"".join(fields)
    return text_of(wrapped(payload, key.sign(payload)))


def ticket(*numbers: int | None, seed: str = "Boothkit1", key: Key = KEY) -> Outcome:
    return (seed, *numbers, *[None] * (5 - len(numbers)), tokens.key_kid(key.public))


VECTOR = (
    "==QAC0kOYfFlEnv2bhz3FV6uiiIVnOl0nfmunCPDCweX8sfwS/QXsY+GwjGnMYecDNcFP4dpZpimcNF057YcMo/uBARM0l2aoR3bvJUCKAEANAQA"
)
RAW = bytes_of(VECTOR)
SEED = octets(1, b"Boothkit1")
REFUSED = ("unreadable", "untrusted")


def test_the_second_implementation_signs_as_rfc_8032_shows() -> None:
    key = Key(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_the_vector_is_read_and_is_what_the_second_implementation_writes() -> None:
    assert KEY.public.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert code(SEED, number(2, 1)) == VECTOR
    assert outcome(VECTOR) == ticket(1)


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40),
    st.lists(st.integers(0, 2**63 - 1), min_size=5, max_size=5),
)
def test_what_a_shop_wrote_is_read_and_zero_is_unset(seed: str, values: list[int]) -> None:
    fields = [number(field, value) for field, value in enumerate(values, 2) if value]
    said = outcome(code(octets(1, seed.encode()), *fields))
    assert said == ticket(*(value or None for value in values), seed=seed)


def test_an_explicit_zero_is_unset() -> None:
    assert outcome(code(SEED, number(2, 7), *(number(field, 0) for field in (3, 4, 5, 6)))) == ticket(7)
    assert outcome(code(SEED, number(2, 7), number(5, 0, longer=9))) == ticket(7)


def test_of_a_field_that_comes_twice_the_last_one_counts() -> None:
    assert outcome(code(octets(1, b"first"), number(2, 1), SEED, number(2, 9))) == ticket(9)
    assert outcome(code(SEED, number(2, 1), number(2, 0))) == ticket()
    assert outcome(code(SEED, number(2, -1), number(2, 9))) == ticket(9)
    assert outcome(code(SEED, octets(1, b""))) == "unreadable"


def test_fields_that_nobody_knows_yet_are_passed_over() -> None:
    unknown = [
        number(7, 2**64 - 1),
        number(2**29 - 1, 0),
        octets(8, SEED + b"\xff"),
        octets(9, b""),
        varint(10 << 3 | 1) + bytes(8),
        varint(11 << 3 | 5) + bytes(4),
    ]
    assert outcome(code(unknown[0], SEED, *unknown, number(2, 3), *unknown)) == ticket(3)


@pytest.mark.parametrize(
    "bent",
    [
        b"",
        number(2, 1),
        octets(1, b""),
        octets(1, b"a\nb"),
        octets(1, "a\u202eb".encode()),
        octets(1, b"\xff"),
        octets(1, b"\xc0\x80"),
        octets(1, b"\xff") + SEED,
        number(1, 5),
        SEED + octets(2, b"\1"),
        SEED + varint(3 << 3 | 1) + bytes(8),
        SEED + varint(4 << 3 | 5) + bytes(4),
        SEED + number(2, -1),
        SEED + number(5, -(2**63)),
        SEED + varint(7 << 3 | 1) + bytes(7),
        SEED + varint(7 << 3 | 5) + bytes(3),
        SEED + varint(7 << 3 | 2) + varint(2) + b"x",
        SEED + varint(7 << 3 | 2) + varint(2**34) + b"x",
        SEED + varint(7 << 3 | 3) + varint(7 << 3 | 4),
        SEED + varint(7 << 3 | 6),
        SEED + varint(7 << 3 | 7),
        SEED + number(0, 1),
        SEED + number(2**29, 1),
        SEED + varint(7 << 3, longer=5) + b"\1",
        SEED + varint(2 << 3),
        SEED + number(2, 1)[:-1] + b"\x80",
        SEED + number(2, 1, longer=10),
        SEED + varint(2 << 3) + varint(2**64),
        SEED + varint(7 << 3) + varint(2**64),
        SEED + varint(2 << 3) + b"\xff" * 9 + b"\x7f",
    ],
)
def test_a_bent_payload_is_unreadable_whoever_signed_it(bent: bytes) -> None:
    assert outcome(code(bent)) == "unreadable"


def test_numbers_are_read_in_as_many_bytes_as_protobuf_allows_and_no_more() -> None:
    assert outcome(code(SEED, number(2, 1, longer=9))) == ticket(1)
    assert outcome(code(SEED, number(2, 2**63 - 1))) == ticket(2**63 - 1)
    assert outcome(code(SEED, varint(2 << 3, longer=4) + b"\5")) == ticket(5)
    assert outcome(code(varint(1 << 3 | 2) + varint(9, longer=4) + b"Boothkit1")) == ticket()


bent_fields = st.one_of(
    st.builds(number, st.integers(0, 16), st.integers(-5, 5) | st.integers(-(2**63), 2**64), st.integers(0, 3)),
    st.builds(octets, st.sampled_from([1, 1, 2, 9]), st.text(max_size=5).map(str.encode) | st.binary(max_size=5)),
    st.builds(lambda field, body: varint(field << 3 | 1) + body, st.integers(1, 9), st.binary(min_size=7, max_size=9)),
    st.builds(lambda field, body: varint(field << 3 | 5) + body, st.integers(1, 9), st.binary(min_size=3, max_size=5)),
    st.binary(max_size=12),
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([SEED, SEED, b""]), st.lists(bent_fields, max_size=4))
def test_both_implementations_agree_on_every_payload_that_a_shop_signs(first: bytes, fields: list[bytes]) -> None:
    assert outcome(code(first, *fields)) != "untrusted"


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=200)
    | st.text(LETTERS + "=", max_size=200)
    | st.binary(max_size=200).map(text_of)
    | st.builds(wrapped, st.binary(max_size=60), st.binary(min_size=63, max_size=65)).map(text_of)
    | st.builds(wrapped, st.binary(max_size=20).map(SEED.__add__), st.binary(min_size=64, max_size=64)).map(text_of)
)
@example("")
@example("=")
@example("\udc80")
@example("\N{FULLWIDTH EQUALS SIGN}" + VECTOR[1:])
def test_any_text_that_no_key_signed_is_refused_and_says_why(text: str) -> None:
    assert outcome(text) in REFUSED


def test_a_flipped_bit_is_never_accepted() -> None:
    for bit in range(len(RAW) * 8):
        bent = int.from_bytes(RAW, "big") ^ 1 << bit
        assert outcome(text_of(bent.to_bytes(len(RAW), "big"))) in REFUSED


def test_a_cut_ticket_is_never_accepted() -> None:
    for length in range(len(VECTOR)):
        assert outcome(VECTOR[:length]) in REFUSED
        assert outcome(VECTOR[len(VECTOR) - length :]) == "unreadable"
    for length in range(len(RAW)):
        assert outcome(text_of(RAW[:length])) == "unreadable"
        assert outcome(text_of(RAW[len(RAW) - length :])) in REFUSED


def test_nothing_may_follow_or_go_before_a_ticket() -> None:
    for more in (b"\0", b"\0\0\0", b"x" * 64, RAW):
        assert outcome(text_of(RAW + more)) == "unreadable"
        assert outcome(text_of(more + RAW)) in REFUSED
    for extra in ("=", "==", "A", "AAAA", "====", " ", "\n", "\0"):
        assert outcome(VECTOR + extra) == "unreadable"
        assert outcome(extra + VECTOR) == "unreadable"


def test_no_second_text_is_the_same_ticket() -> None:
    head, spare, rest = VECTOR[:2], VECTOR[2], VECTOR[3:]
    for letter in LETTERS.replace(spare, ""):
        assert outcome(head + letter + rest) in REFUSED  # the low four bits of this letter carry nothing
    others = [
        VECTOR.lstrip("="),
        VECTOR[1:],
        VECTOR[::-1],
        VECTOR.replace("/", "_").replace("+", "-"),
        f"{VECTOR[:50]}\n{VECTOR[50:]}",
        f"{VECTOR[:50]}={VECTOR[50:]}",
        f"{VECTOR[:50]}!{VECTOR[50:]}",
        "\N{LATIN CAPITAL LETTER A WITH DIAERESIS}".join((VECTOR[:50], VECTOR[51:])),
    ]
    assert {outcome(other) for other in others} == {"unreadable"}


def test_a_signature_moved_by_the_order_of_the_group_is_not_the_same_ticket() -> None:
    moved = int.from_bytes(RAW[-32:], "little") + L
    assert outcome(text_of(RAW[:-32] + moved.to_bytes(32, "little"))) == "untrusted"


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
def test_a_scanner_that_changes_the_case_makes_no_ticket_of_it(change: Callable[[str], str]) -> None:
    assert outcome(change(VECTOR)) in REFUSED
    for place, letter in enumerate(VECTOR):
        if change(letter) != letter:
            assert outcome(VECTOR[:place] + change(letter) + VECTOR[place + 1 :]) in REFUSED


def test_only_version_one_with_a_signature_of_64_bytes_is_read() -> None:
    payload, signature = RAW[5:-64], RAW[-64:]
    assert outcome(text_of(wrapped(payload, signature))) == ticket(1)
    for version in (0, 2, 255):
        assert outcome(text_of(wrapped(payload, signature, version))) == "unreadable"
    for other in (b"", signature[:-1], signature + b"\0", signature * 5):
        assert outcome(text_of(wrapped(payload, other))) == "unreadable"


def test_the_longest_text_is_read_and_one_byte_more_is_not() -> None:
    longest = code(octets(1, b"S" * 696))
    assert len(longest) == tokens.MAX_TEXT
    assert outcome(longest) == ticket(seed="S" * 696)
    assert outcome(code(octets(1, b"S" * 697))) == "unreadable"


def test_an_old_key_counts_beside_the_new_one_until_it_is_taken_out() -> None:
    old = code(SEED, number(2, 4), key=OLD)
    assert outcome(old, KEY, OLD) == outcome(old, OLD, KEY) == ticket(4, key=OLD)
    assert outcome(VECTOR, KEY, OLD) == outcome(VECTOR, OLD, KEY) == ticket(1)
    assert outcome(old, KEY) == "untrusted"
    assert outcome(VECTOR, OLD) == "untrusted"


def test_a_box_without_a_key_of_pretix_trusts_no_ticket() -> None:
    with pytest.raises(pretix.Untrusted, match="none of the 0 keys"):
        pretix.read(VECTOR, {})


def test_a_ticket_that_lost_its_front_or_is_bent_still_claims_to_be_one() -> None:
    for length in range(7, len(VECTOR)):
        assert pretix.claims_to_be(VECTOR[-length:])
    for place in range(len(VECTOR) - 7):
        assert pretix.claims_to_be(VECTOR[:place] + "?" + VECTOR[place + 1 :])


def test_a_ticket_that_lost_its_end_is_not_recognised() -> None:
    for length in range(len(VECTOR)):
        assert not pretix.claims_to_be(VECTOR[:length])
    for length in range(7):
        assert not pretix.claims_to_be(VECTOR[len(VECTOR) - length :])


@pytest.mark.parametrize(
    "head", ["0000090040", "0200090040", "0100090041", "0100090140", "0102bc0040", "01ffff0040"], ids=str
)
def test_another_version_length_or_kind_of_signature_does_not_claim(head: str) -> None:
    assert not pretix.claims_to_be(text_of(bytes.fromhex(head) + RAW[5:]))
    assert pretix.claims_to_be(text_of(bytes.fromhex("0102bb0040") + RAW[5:]))


@given(st.text(string.ascii_lowercase + string.digits) | st.uuids().map(str) | st.text(string.digits + "-"))
@example("a" * 7)
@example("BK1:6BFOXN*TS0BI$ZD.P9U:")
def test_codes_of_other_shops_do_not_claim(text: str) -> None:
    assert not pretix.claims_to_be(text)
