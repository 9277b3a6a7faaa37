"""Tokens against an independent implementation (the cwt package), and against hostile text."""

import base45
import cbor2
import cwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cwt import COSE, COSEKey
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.domain import tokens

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = KEY.public_key().public_bytes_raw()
KEYS = {tokens.key_kid(RAW): KEY.public_key()}
TICKET = tokens.Token("ticket", "0a" * 12, "ev1", "general", exp=4_000_000_000, nbf=1_700_000_000)


def cose_key(private: bool) -> COSEKey:  # type: ignore[valid-type]
    pem = (
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        if private
        else KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return COSEKey.from_pem(pem, kid=tokens.key_kid(RAW))


def test_the_cwt_package_accepts_our_tokens_and_reads_the_same_claims() -> None:
    claims = cwt.decode(tokens.sign(TICKET, KEY), cose_key(private=False))
    assert claims == {
        4: 4_000_000_000,
        5: 1_700_000_000,
        7: bytes.fromhex("0a" * 12),
        -70001: 1,
        -70002: "ev1",
        -70003: "general",
    }


def test_we_accept_what_an_independent_signer_made_in_canonical_form() -> None:
    payload = cbor2.dumps({7: b"\x0a" * 12, -70001: 1, -70002: "ev1", -70003: "general"}, canonical=True)
    made = COSE.new().encode_and_sign(
        payload, cose_key(private=True), protected={1: -8}, unprotected={4: tokens.key_kid(RAW)}
    )
    assert tokens.read_bytes(made, KEYS) == tokens.Token("ticket", "0a" * 12, "ev1", "general")


def test_a_tickets_qr_has_the_size_that_was_promised() -> None:
    assert len(tokens.sign(TICKET, KEY)) <= 160
    assert len(tokens.text(tokens.sign(TICKET, KEY))) <= 245


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_is_never_accepted(place: int, bit: int) -> None:
    raw = bytearray(tokens.sign(TICKET, KEY))
    raw[place % len(raw)] ^= 1 << bit
    with pytest.raises((tokens.Unreadable, tokens.UntrustedToken)):
        tokens.read_bytes(bytes(raw), KEYS)


@given(st.integers(0, 400))
def test_a_cut_off_or_lengthened_token_is_unreadable(length: int) -> None:
    raw = tokens.sign(TICKET, KEY)
    other = raw[:length] if length < len(raw) else raw + bytes(length - len(raw) + 1)
    with pytest.raises(tokens.Unreadable):
        tokens.read(tokens.text(other), KEYS)


def _wrapped(claims: dict[int, object]) -> bytes:
    """A well-formed envelope around strange claims."""
    parts = [b"\xa1\x01\x27", {4: b"x" * 8}, cbor2.dumps(claims, canonical=True), b"s" * 64]
    return cbor2.dumps(cbor2.CBORTag(18, parts), canonical=True)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: tokens.PREFIX + base45.b45encode(raw).decode()))
@example("BK1:")
@example("BK1:" + base45.b45encode(cbor2.dumps(cbor2.CBORTag(18, [b"\xa1\x01\x27", {4: b"x"}, b"\xa0", b""]))).decode())
@example("BK1:" + base45.b45encode(b"\x9f" * 150).decode())
@example("BK1:" + base45.b45encode(b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01").decode())
@example("BK1:" + base45.b45encode(_wrapped({7: b"x" * 12, -70001: [1], -70002: "ev"})).decode())
@example("BK1:" + base45.b45encode(_wrapped({7: b"x" * 12, -70001: 1.0, -70002: "ev"})).decode())
@example("0oRD oQEn")
def test_any_text_is_a_token_or_is_named_as_none(text: str) -> None:
    with pytest.raises((tokens.Unreadable, tokens.UntrustedToken)):
        tokens.read(text, KEYS)


def test_a_foreign_key_is_named_and_its_claims_are_not_believed() -> None:
    with pytest.raises(tokens.UntrustedToken) as found:
        tokens.read(tokens.text(tokens.sign(TICKET, Ed25519PrivateKey.generate())), KEYS)
    assert found.value.event == "ev1"


@given(
    st.builds(
        tokens.Token,
        st.sampled_from(list(tokens.CODES)),
        st.binary(min_size=8, max_size=32).map(bytes.hex),
        st.text(max_size=20),
        st.text(max_size=20),
        st.none() | st.integers(0, 2**40),
        st.none() | st.integers(0, 2**40),
        st.dictionaries(
            st.integers(-70020, -70010), st.integers() | st.text(max_size=9) | st.binary(max_size=9), max_size=3
        ),
    )
)
def test_what_was_signed_is_read_back(token: tokens.Token) -> None:
    cose = tokens.sign(token, KEY)
    assert tokens.read(tokens.text(cose), KEYS) == token
    assert tokens.read(tokens.url_text(cose), KEYS) == token
