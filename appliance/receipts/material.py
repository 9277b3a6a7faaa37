"""A text with a receipt, proofs and keys, taken apart; nothing here says what they are worth."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import cbor2

from appliance.domain import tokens
from appliance.journal import codec, notes
from appliance.journal.notes import Verifier
from appliance.receipts.check import raw_of
from appliance.receipts.face import DIGEST_BYTES
from appliance.receipts.face import digest as face_digest

MOST = 64 * 1024
"""Characters of one text to check."""
MOST_PARTS = 16
"""Proofs, or keys, in one text."""

_KEY = re.compile(r"\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}")
_CODE = re.compile(r"[A-Za-z0-9_-]+")
_SHORTEST_CODE = 80
ORIGIN = re.compile(r"boothkit/[!-*,-.0-~]+/[1-9][0-9]{0,15}")


class Wrong(Exception):
    """One reason why a receipt counts for nothing; the slugs are those of ``findings``."""

    def __init__(self, slug: str, **details: str | int) -> None:
        super().__init__(slug)
        self.slug = slug
        self.details = details


@dataclass(frozen=True)
class Claims:
    """What a receipt says. ``total``: minor units; ``kid``: which key signed; ``raw``: the token's bytes;
    ``face``: the digest of the text that says its items, None in a token that names none."""

    raw: bytes
    kid: bytes
    origin: str
    seq: int
    leaf: bytes
    sale: str
    number: str
    total: int
    currency: str
    face: bytes | None


@dataclass(frozen=True)
class Proof:
    """A proof file, taken apart. ``lines``: the signatures under ``text``, as (name, key id, signature)."""

    index: int
    path: list[bytes]
    extra: bytes | None
    text: str
    head: notes.TreeHead
    lines: list[tuple[str, bytes, bytes]]


@dataclass
class Material:
    """What a text holds. ``first``: proofs of the first fact of a log, which names the box's key; ``faces``: texts that
    say what was bought."""

    codes: list[bytes] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    first: list[Proof] = field(default_factory=list)
    keys: list[Verifier] = field(default_factory=list)
    faces: list[str] = field(default_factory=list)


def scan(text: str) -> Material:
    """The parts of a text. Raises Wrong."""
    if len(text) > MOST:
        raise Wrong("long")
    lines = text.replace("\r\n", "\n").split("\n")
    found = Material()
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if line == notes.PROOF_HEADER:
            at, block = _block(lines, at)
            proof = _proof(block)
            (found.first if (proof.extra or b"").startswith(b"{") else found.proofs).append(proof)
            continue
        at += 1
        if _KEY.fullmatch(line):
            found.keys.append(read_key(line))
        elif line.startswith("{"):
            found.faces.append(line)
        elif line:
            found.codes.append(_line(line))
    if max(len(found.proofs) + len(found.first), len(found.keys)) > MOST_PARTS:
        raise Wrong("long")
    return found


def _block(lines: list[str], at: int) -> tuple[int, str]:
    """A proof file within a text: its head, a gap, the checkpoint, a gap, as many signature lines as follow."""
    gaps = 0
    end = at
    while end < len(lines) and gaps < 2:
        gaps += not lines[end]
        end += 1
    while end < len(lines) and lines[end].startswith("— "):
        end += 1
    return end, "\n".join(lines[at:end]) + "\n"


def _proof(block: str) -> Proof:
    try:
        index, path, checkpoint, extra = notes.parse_proof(block)
        text, lines = notes.split(checkpoint)
        return Proof(index, path, extra, text, notes.TreeHead.parse(text), lines)
    except notes.BadNote as error:
        raise Wrong("proof-broken") from error


def read_key(text: str) -> Verifier:
    """A verifier key. Raises Wrong."""
    try:
        return Verifier.parse(text)
    except notes.BadNote as error:
        raise Wrong("bad-key") from error


def _line(line: str) -> bytes:
    """The bytes of a receipt's code, or of the code in its link."""
    if line.startswith(tokens.PREFIX):
        raise Wrong("other")
    _, linked, code = line.rpartition("/r/")
    code = re.split(r"[?#/]", code, maxsplit=1)[0]
    if not linked and (len(code) < _SHORTEST_CODE or not _CODE.fullmatch(code) or code != line):
        raise Wrong("stray")
    raw = raw_of(code)
    if not raw:
        raise Wrong("cut")
    return raw


def the_code(found: Material) -> bytes:
    """The token of the one receipt that is to be checked. Raises Wrong."""
    named = {*found.codes, *(proof.extra for proof in found.proofs if proof.extra is not None)}
    if found.codes and len(set(found.codes)) == 1 and len(found.proofs) == 1 and len(named) > 1:
        raise Wrong("proof-receipt")
    if len(named) > 1 or len(found.proofs) > 1:
        raise Wrong("several")
    if not named:
        raise Wrong("proof-bare" if found.proofs else "nothing")
    return named.pop()


def read_claims(raw: bytes) -> Claims:
    """What a receipt's token says, whoever signed it. Raises Wrong."""
    try:
        token = tokens.read_unverified(tokens.url_text(raw))
    except (tokens.Unreadable, ArithmeticError, TypeError) as error:
        raise Wrong("cut") from error
    if token.kind != "receipt":
        raise Wrong("other")
    more = token.more
    kid = cbor2.loads(raw).value[1][4]
    seq, total = (_int(more.get(name)) for name in (tokens.SEQ, tokens.TOTAL))
    origin, number, currency = (_text(more.get(name)) for name in (tokens.ORIGIN, tokens.NUMBER, tokens.CURRENCY))
    leaf = more.get(tokens.LEAF)
    if not isinstance(leaf, bytes) or len(leaf) != 32:
        raise Wrong("claims")
    face = more.get(tokens.FACE)
    if tokens.FACE in more and not (isinstance(face, bytes) and len(face) == DIGEST_BYTES):
        raise Wrong("claims")
    if seq < 1 or not token.scope or not ORIGIN.fullmatch(origin):
        raise Wrong("claims")
    return Claims(raw, kid, origin, seq, leaf, token.scope, number, total, currency, face)


def _int(value: object) -> int:
    if type(value) is not int or abs(value) > codec.MAX_INT:
        raise Wrong("claims")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong("claims")
    return value


def said(faces: list[str], digest: bytes | None) -> list[dict[str, Any]] | None:
    """The lines in the text that ``digest`` stands for; None when no text came along. Raises Wrong."""
    if not faces:
        return None
    if set(map(face_digest, faces)) != {digest}:
        raise Wrong("items")
    try:
        lines = json.loads(faces[0])["lines"]
        if isinstance(lines, list) and all(map(_is_line, lines)):
            return lines
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # signed, and yet not what a box writes
        pass
    raise Wrong("items")


def _is_line(line: Any) -> bool:
    texts = (line.get(name, "") for name in ("maker", "lot", "gtin", "digital_link"))
    numbers = (line.get(name) for name in ("qty", "total"))
    return (
        isinstance(line.get("name"), str)
        and line.get("unit") in ("piece", "gram")
        and all(isinstance(text, str) for text in texts)
        and all(type(number) is int for number in numbers)
    )
