"""Signed tokens in QR codes: CWT (RFC 8392) as COSE_Sign1 with EdDSA (RFC 9052), base45 (RFC 9285), prefix ``BK1:``.

Claims are listed in docs/tokens.md. Time claims are returned, not judged: whether the clock may be trusted is the
decision's business.
"""

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import base45
import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PREFIX = "BK1:"
MAX_TEXT = 1024
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")

EXP, NBF, CTI = 4, 5, 7
KIND, EVENT, SCOPE = -70001, -70002, -70003
ORIGIN, SEQ, LEAF, NUMBER, TOTAL, CURRENCY = -70010, -70011, -70012, -70013, -70014, -70015
AMOUNT, MINIMUM, FACE = -70016, -70017, -70018

TokenKind = Literal["ticket", "quote", "access", "badge", "receipt", "voucher"]
KINDS: dict[int, TokenKind] = {1: "ticket", 2: "quote", 3: "access", 4: "badge", 5: "receipt", 6: "voucher"}
CODES = {name: code for code, name in KINDS.items()}


class Unreadable(ValueError):
    """Text that claims to be a token and is none: wrong alphabet, cut off, trailing bytes, missing claims."""


class UntrustedToken(ValueError):
    """A well-formed token that no known key signed. ``event`` and ``scope`` are what it claims, unproven."""

    def __init__(self, why: str, event: str, scope: str) -> None:
        super().__init__(why)
        self.event, self.scope = event, scope


@dataclass(frozen=True)
class Token:
    """The claims of a token: ``id`` (hex of cti), times in Unix seconds, ``scope`` = list or scope; ``more`` =
    private claims."""

    kind: TokenKind
    id: str
    event: str
    scope: str = ""
    exp: int | None = None
    nbf: int | None = None
    more: Mapping[int, Any] = field(default_factory=dict)


def key_kid(public: bytes) -> bytes:
    """``kid``: first 8 bytes of SHA-256 of the 32 bytes of public key."""
    return hashlib.sha256(public).digest()[:8]


def sign(token: Token, key: Ed25519PrivateKey) -> bytes:
    """The token's COSE_Sign1 bytes; deterministic."""
    claims: dict[int, Any] = {CTI: bytes.fromhex(token.id), KIND: CODES[token.kind], EVENT: token.event}
    if token.scope:
        claims[SCOPE] = token.scope
    if token.exp is not None:
        claims[EXP] = token.exp
    if token.nbf is not None:
        claims[NBF] = token.nbf
    claims.update(token.more)
    payload = cbor2.dumps(claims, canonical=True)
    kid = _kid_of(key)
    signature = key.sign(_to_be_signed(payload))
    return cbor2.dumps(cbor2.CBORTag(18, [_PROTECTED, {4: kid}, payload, signature]), canonical=True)


@lru_cache(maxsize=16)
def _kid_of(key: Ed25519PrivateKey) -> bytes:
    return key_kid(key.public_key().public_bytes_raw())


_PROTECTED = cbor2.dumps({1: -8}, canonical=True)  # alg = EdDSA


def _to_be_signed(payload: bytes) -> bytes:
    """RFC 9052 §4.4, the Sig_structure of COSE_Sign1 without external data."""
    return cbor2.dumps(["Signature1", _PROTECTED, b"", payload], canonical=True)


def text(cose: bytes) -> str:
    """What the QR of a ticket carries."""
    return PREFIX + str(base45.b45encode(cose).decode())


def url_text(cose: bytes) -> str:
    """base64url without padding, for a receipt's address."""
    return base64.urlsafe_b64encode(cose).rstrip(b"=").decode()


def link_text(code: str) -> str:
    """The same token as ``text`` made it, as a link carries it. Raises Unreadable."""
    return url_text(_unwrap(code))


def read(code: str, keys: Mapping[bytes, Ed25519PublicKey]) -> Token:
    """The token that ``code`` carries (``BK1:…`` or base64url), signed by one of ``keys`` (by kid).

    Raises Unreadable or UntrustedToken. Only the canonical encoding is accepted, so no two texts are one token by
    accident.
    """
    return read_bytes(_unwrap(code), keys)


def read_unverified(code: str) -> Token:
    """What a token claims, whoever signed it: for naming a ticket, never for trusting it. Raises Unreadable."""
    return _parts(_unwrap(code))[0]


def _unwrap(code: str) -> bytes:
    if len(code) > MAX_TEXT:
        raise Unreadable(f"{len(code)} characters are too long for a token")
    try:
        if code.startswith(PREFIX):
            return bytes(base45.b45decode(code.removeprefix(PREFIX)))
        if not _BASE64URL.fullmatch(code):
            raise Unreadable("not a token's alphabet")
        return base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except (ValueError, binascii.Error) as error:
        raise Unreadable(f"not a token's alphabet: {error}") from error


def read_bytes(cose: bytes, keys: Mapping[bytes, Ed25519PublicKey]) -> Token:
    """As ``read``, from the COSE_Sign1 bytes."""
    token, kid, payload, signature = _parts(cose)
    key = keys.get(kid)
    if key is None:
        raise UntrustedToken("signed with a key that this box does not know", token.event, token.scope)
    try:
        key.verify(signature, _to_be_signed(payload))
    except InvalidSignature as error:
        raise UntrustedToken("the signature does not fit", token.event, token.scope) from error
    return token


def _parts(cose: bytes) -> tuple[Token, bytes, bytes, bytes]:
    """Claims, kid, payload and signature of a well-formed token; raises Unreadable."""
    envelope = _load(cose)
    if not (isinstance(envelope, cbor2.CBORTag) and envelope.tag == 18):
        raise Unreadable("not a COSE_Sign1 message")
    parts = envelope.value
    if not (isinstance(parts, list) and len(parts) == 4):
        raise Unreadable("a COSE_Sign1 message has four parts")
    protected, unprotected, payload, signature = parts
    if protected != _PROTECTED or not isinstance(payload, bytes) or not isinstance(signature, bytes):
        raise Unreadable("not signed with EdDSA as our tokens are")
    if not (isinstance(unprotected, dict) and set(unprotected) == {4} and isinstance(unprotected[4], bytes)):
        raise Unreadable("a token names its key by kid, and nothing else")
    return _claims(_load(payload)), unprotected[4], payload, signature


def _load(raw: bytes) -> Any:
    stream = io.BytesIO(raw)
    try:
        value = cbor2.load(stream)
        canonical = cbor2.dumps(value, canonical=True)
    except (cbor2.CBORError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise Unreadable(f"not CBOR: {error}") from error
    if canonical != raw:
        raise Unreadable("not in canonical CBOR, or bytes follow the end")
    return value


def _claims(claims: Any) -> Token:
    if not isinstance(claims, dict):
        raise Unreadable("claims are a map")
    rest = dict(claims)
    cti, code, event = rest.pop(CTI, None), rest.pop(KIND, None), rest.pop(EVENT, None)
    scope, exp, nbf = rest.pop(SCOPE, ""), rest.pop(EXP, None), rest.pop(NBF, None)
    if not (isinstance(cti, bytes) and 8 <= len(cti) <= 32):
        raise Unreadable("claim 7 (cti) is missing or has not 8 to 32 bytes")
    if type(code) is not int or code not in KINDS:
        raise Unreadable(f"claim {KIND} (kind) is not one of 1 to 6")
    if not (isinstance(event, str) and isinstance(scope, str)):
        raise Unreadable(f"claims {EVENT} and {SCOPE} (event, list) are text")
    for when in (exp, nbf):
        if when is not None and (not isinstance(when, int) or isinstance(when, bool)):
            raise Unreadable("claims 4 and 5 (exp, nbf) are whole Unix seconds")
    if not all(isinstance(key, int) for key in rest):
        raise Unreadable("claims have numbers for names")
    return Token(KINDS[code], cti.hex(), event, scope, exp, nbf, rest)
