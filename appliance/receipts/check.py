"""A receipt's token held against the box's keys and its book (docs/tokens.md)."""

import base64
import re
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.domain import tokens
from appliance.journal import codec
from appliance.journal.book import Book, Entry
from appliance.journal.notes import Verifier
from appliance.receipts import face
from appliance.receipts.findings import WORDS

_TEXT = re.compile(rf"[A-Za-z0-9_-]{{1,{tokens.MAX_TEXT}}}")
_SALE = "sale.completed/1"


@dataclass(frozen=True)
class Refused:
    """Why a token counts for nothing here, and what its holder can do."""

    why: str
    remedy: str


@dataclass(frozen=True)
class Promise:
    """A sale that the box signed and that stands in its book where the token says. ``token``: its bytes; ``sale``: data
    of ``sale.completed`` with ``at``; ``face``: the text of its lines that the token vouches for, empty when it vouches
    for none."""

    token: bytes
    key: Verifier
    log: int
    seq: int
    leaf: bytes
    event: str
    sale: dict[str, Any]
    face: str


CUT, OTHER, FORGED, UNKNOWN = (Refused(*WORDS[slug]) for slug in ("cut", "other", "forged", "absent"))
FOREIGN = Refused(
    "This box does not know who signed it.",
    "A receipt opens on the Wi-Fi of the stall that printed it. If it was printed here, show the paper at a till.",
)


def read(book: Book, text: str) -> Promise | Refused:
    """What ``text``, whatever it is, is worth. Raises RecorderDown."""
    keys = book.keys()
    raw = raw_of(text)
    found = _signed(raw, keys)
    if isinstance(found, Refused):
        return found
    key = keys[found.more[tokens.ORIGIN]]
    log = int(key.name.rpartition("/")[2])
    seq = found.more.get(tokens.SEQ)
    entry = book.entry(log, seq) if type(seq) is int and 0 < seq <= codec.MAX_INT else None
    if entry is None or not _same(found, entry):
        return UNKNOWN
    sale = {**entry.body["data"], "at": entry.body["at"]}
    said = face.text(sale)
    vouched = said if found.more.get(tokens.FACE) == face.digest(said) else ""
    return Promise(raw, key, log, entry.body["seq"], entry.leaf, entry.body["event"], sale, vouched)


def raw_of(text: str) -> bytes:
    """The bytes that a code (base64url) stands for; none when it is not the one way to write them."""
    if not _TEXT.fullmatch(text) or len(text) % 4 == 1:
        return b""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return raw if tokens.url_text(raw) == text else b""


def _signed(raw: bytes, keys: dict[str, Verifier]) -> tokens.Token | Refused:
    """A receipt's claims, signed by the key of the very log that they name."""
    try:
        claimed = tokens.read_unverified(tokens.url_text(raw))
    except (tokens.Unreadable, ArithmeticError, TypeError):  # the last two: what CBOR's numbers and maps can be made of
        return CUT
    origin = claimed.more.get(tokens.ORIGIN)
    if claimed.kind != "receipt":
        return OTHER
    key = keys.get(origin) if isinstance(origin, str) else None
    if key is None:
        return FOREIGN
    try:
        return tokens.read_bytes(raw, {tokens.key_kid(key.public): Ed25519PublicKey.from_public_bytes(key.public)})
    except tokens.UntrustedToken:
        return FORGED


def _same(token: tokens.Token, entry: Entry) -> bool:
    body, data, claims = entry.body, entry.body["data"], token.more
    if body["kind"] != _SALE or claims.get(tokens.LEAF) != entry.leaf:
        return False
    said = (token.event, token.scope, *(claims.get(name) for name in (tokens.NUMBER, tokens.TOTAL, tokens.CURRENCY)))
    return said == (body["event"], data["sale"], data["number"], data["total"], data["currency"])
