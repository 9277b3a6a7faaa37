"""The page's own SHA-2 and Ed25519, against the standards' vectors and against the library."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.verify.script import Script

ORDER = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19

# RFC 8032 §7.1: public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
# Every point of small order, as it is written: 0 and ±1, the roots of −1, the four of order 8.
SMALL = [
    bytes(32),
    bytes(31) + b"\x80",
    b"\x01" + bytes(31),
    (P - 1).to_bytes(32, "little"),
    *(
        bytes.fromhex(each)
        for each in (
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        )
    ),
]


def library(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@given(st.binary(max_size=600))
@example(b"")
@example(b"abc")
@example(b"a" * 55)
@example(b"a" * 56)
@example(b"a" * 64)
@example(b"a" * 111)
@example(b"a" * 112)
@example(b"a" * 128)
@settings(deadline=None)
def test_both_hashes_are_those_of_the_library(script: Script, message: bytes) -> None:
    assert script("sha256", message) == hashlib.sha256(message).digest()
    assert script("sha512", message) == hashlib.sha512(message).digest()


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032_verify_and_nothing_next_to_them(
    script: Script, key: str, message: str, signature: str
) -> None:
    public, text, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert library(public, text, signed)
    assert script("verifies", public, text, signed)
    assert not script("verifies", public, text + b"x", signed)
    assert not script("verifies", public, text, signed[:-1])
    assert not script("verifies", public[:-1], text, signed)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 1023), st.booleans())
@settings(deadline=None, max_examples=60)
def test_what_the_library_signs_verifies_and_a_flipped_bit_never_does(
    script: Script, seed: bytes, message: bytes, bit: int, in_key: bool
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert script("verifies", public, message, signature)
    target = bytearray(public if in_key else signature)
    target[bit // 8 % len(target)] ^= 1 << bit % 8
    changed = (bytes(target), message, signature) if in_key else (public, message, bytes(target))
    assert script("verifies", *changed) is library(*changed) is False


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.integers(1, 15))
@settings(deadline=None, max_examples=20)
def test_a_signature_has_one_form(script: Script, seed: bytes, message: bytes, more: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    scalar = int.from_bytes(signature[32:], "little") + more * ORDER
    if scalar < 2**256:
        other = signature[:32] + scalar.to_bytes(32, "little")
        assert script("verifies", public, message, other) is library(public, message, other) is False


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64), st.binary(max_size=40))
@settings(deadline=None, max_examples=60)
def test_any_bytes_are_judged_as_the_library_judges_them(
    script: Script, key: bytes, signature: bytes, message: bytes
) -> None:
    assert script("verifies", key, message, signature) is library(key, message, signature)


def test_points_of_small_order_are_judged_as_the_library_judges_them(script: Script) -> None:
    judged = []
    for key in SMALL:
        for r in SMALL:
            for message in (b"", b"one", b"two", b"three"):
                for scalar in (0, 1, ORDER):
                    signature = r + scalar.to_bytes(32, "little")
                    judged.append(library(key, message, signature))
                    if script("verifies", key, message, signature) is not judged[-1]:
                        raise AssertionError((key.hex(), r.hex(), message, scalar, judged[-1]))
    assert any(judged)
    assert not all(judged)


@pytest.mark.parametrize("y", range(19))
@pytest.mark.parametrize("sign", [0, 1])
def test_a_key_that_is_not_written_in_its_one_form_verifies_nothing(script: Script, y: int, sign: int) -> None:
    """RFC 8032 §5.1.3 refuses y ≥ p; the library takes them, but no box or central ever has such a key."""
    key = (P + y + (sign << 255)).to_bytes(32, "little")
    for r in SMALL:
        assert not script("verifies", key, b"", r + bytes(32))


@pytest.mark.parametrize("y", [1, P - 1])
def test_a_zero_has_no_sign(script: Script, y: int) -> None:
    key = (y + (1 << 255)).to_bytes(32, "little")
    assert not script("verifies", key, b"", SMALL[2] + bytes(32))
