"""Promises of private.enc: only the passphrase opens it, and whatever happens to its bytes, it opens whole or not."""

import io
import unicodedata

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from appliance.backup import passphrase, sealed
from appliance.backup.passphrase import BadKey, Recipient, WeakPassphrase, WrongPassphrase
from appliance.backup.sealed import PIECE, TAG, BadSeal, Sealer

GOOD = "vier lampen auf dem tisch"
STORED = PIECE + TAG
PRIVATE = X25519PrivateKey.generate()
RECIPIENT = Recipient(8, 1, bytes(16), PRIVATE.public_key().public_bytes_raw())


def seal(content: bytes, cut: int = 10_000, recipient: Recipient = RECIPIENT) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(recipient, out)
    for start in range(0, len(content), cut):
        sealer.write(content[start : start + cut])
    sealer.close()
    return out.getvalue()


def unseal(raw: bytes, private: X25519PrivateKey = PRIVATE) -> bytes:
    file = io.BytesIO(raw)
    head = sealed.read_head(file)
    return b"".join(sealed.unseal(file, head, sealed.key_of(head, private)))


def head_of(raw: bytes) -> int:
    return len(sealed.read_head(io.BytesIO(raw)).raw)


def content(size: int) -> bytes:
    return bytes(range(251)) * (size // 251 + 1)


LENGTHS = (0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7)


@pytest.mark.parametrize("size", LENGTHS)
@pytest.mark.parametrize("cut", [1 << 20, 70_001])
def test_what_was_sealed_comes_out_whatever_its_length_and_its_structure_shows_without_the_passphrase(
    size: int, cut: int
) -> None:
    plain = content(size)[:size]
    raw = seal(plain, cut)
    assert unseal(raw) == plain
    assert sealed.structure(io.BytesIO(raw), len(raw)) == RECIPIENT
    assert seal(plain) != raw  # a fresh key each time


@pytest.mark.parametrize("size", LENGTHS)
def test_a_file_that_ends_too_early_or_too_late_is_refused(size: int) -> None:
    raw = seal(content(size)[:size])
    start = head_of(raw)
    ends = {start, len(raw) - 1, len(raw) - TAG, *range(start, len(raw), STORED)}
    for end in ends - {len(raw)}:
        with pytest.raises(BadSeal):
            unseal(raw[:end])
    for more in (b"\0", bytes(TAG), bytes(STORED), raw[start : start + STORED]):
        with pytest.raises(BadSeal):
            unseal(raw + more)
    with pytest.raises(BadSeal):
        sealed.structure(io.BytesIO(raw), start + TAG - 1)


def test_pieces_that_change_places_are_left_out_doubled_or_come_from_another_file_are_refused() -> None:
    raw, other = seal(content(3 * PIECE)[: 3 * PIECE]), seal(content(3 * PIECE)[: 3 * PIECE])
    start = head_of(raw)
    head, pieces = raw[:start], [raw[at : at + STORED] for at in range(start, len(raw), STORED)]
    foreign = [other[at : at + STORED] for at in range(start, len(other), STORED)]
    first, second, third = pieces
    for bent in ([second, first, third], [first, third], [first, first, second, third], [first, foreign[1], third]):
        with pytest.raises(BadSeal):
            unseal(head + b"".join(bent))
    with pytest.raises(BadSeal):
        unseal(other[:start] + b"".join(pieces))


@given(st.integers(0, 10**9), st.integers(0, 7))
def test_one_bit_anywhere_is_noticed(place: int, bit: int) -> None:
    raw = bytearray(_FLIPPED)
    raw[place % len(raw)] ^= 1 << bit
    try:
        found = unseal(bytes(raw))
    except BadSeal:
        return
    pytest.fail(f"bit {bit} of byte {place % len(raw)} was not noticed: {len(found)} bytes")


_FLIPPED = seal(content(2000)[:2000])


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(BadSeal):
        unseal(seal(b"secret"), X25519PrivateKey.generate())


def test_a_key_that_keeps_nothing_secret_is_refused_on_both_sides() -> None:
    weak = Recipient(8, 1, bytes(16), bytes(32))
    with pytest.raises(BadKey):
        seal(b"secret", recipient=weak)
    raw = seal(b"secret")
    start = head_of(raw)
    with pytest.raises(BadSeal):
        unseal(raw[: start - 32] + bytes(32) + raw[start:])


def test_the_passphrase_opens_what_its_public_half_sealed_and_no_other_passphrase_does() -> None:
    recipient = passphrase.new(GOOD)
    assert Recipient.parse(recipient.text()) == recipient
    raw = seal(b"secret", recipient=recipient)
    assert unseal(raw, recipient.open(f"  {GOOD.replace(' ', '  ')} ")) == b"secret"
    with pytest.raises(WrongPassphrase):
        recipient.open(GOOD.upper())
    assert passphrase.new(GOOD).public != recipient.public  # a salt of its own


def test_letters_typed_on_another_keyboard_are_the_same_passphrase() -> None:
    composed = "Kälte über Köln, vier"
    apart = unicodedata.normalize("NFD", composed)
    assert composed != apart
    assert passphrase.new(composed).open(apart)


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "elevenchars",
        "123456789012",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcdefghijklmnop",
        "passwordpassword",
        "passwort123456",
        "qwertzuiop123",
        "Boothkit2026!",
        "ab ab ab ab ab ab ab ab",
        "x" * 201,
        "twelve chars\x07 bell",
    ],
)
def test_a_passphrase_that_a_stranger_would_guess_is_refused(weak: str) -> None:
    with pytest.raises(WeakPassphrase):
        passphrase.new(weak)


def test_a_passphrase_is_called_as_strong_as_it_is() -> None:
    assert [passphrase.strength(text) for text in ("password12345", "Xk7pWq2mLr9z", GOOD)] == ["weak", "fair", "strong"]


@pytest.mark.parametrize(
    "bend",
    [
        lambda text: text[:-1],
        lambda text: text + "\n",
        lambda text: text.replace("p=1", "p=2"),
        lambda text: text.replace("m=8 ", "m=99999999 "),
        lambda text: text.replace("m=8 ", "m=999999 "),
        lambda text: text.replace("t=1", "t=99"),
        lambda text: text.replace("boothkit-backup-key/1", "boothkit-backup-key/2"),
        lambda text: text.replace("salt ", "salt  "),
        lambda text: text.replace("=\n", "\n"),
    ],
)
def test_a_key_of_another_form_or_at_a_cost_that_stops_the_box_is_refused(bend: object) -> None:
    with pytest.raises(BadKey):
        Recipient.parse(bend(RECIPIENT.text()))  # type: ignore[operator]
