"""What a receipt is worth to somebody who has nothing but texts: its code, proofs, keys (docs/evidence.md, "A receipt
without the box"). The portal's /verify does the same in JavaScript."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.domain import tokens
from appliance.journal import codec, merkle, notes
from appliance.journal.notes import Verifier
from appliance.receipts.findings import Details, told
from appliance.receipts.material import (
    ORIGIN,
    Claims,
    Material,
    Proof,
    Wrong,
    read_claims,
    read_key,
    said,
    scan,
    the_code,
)

LAST_TIME = 253_402_300_799
"""The end of the year 9999 in Unix seconds; a cosignature from later is none."""

_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Trust:
    """Whom the person believes: keys, and fingerprints of keys that may come with the receipt."""

    keys: tuple[Verifier, ...] = ()
    fingerprints: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "Trust":
        """Verifier keys and fingerprints, in any order. Raises Wrong (bad-key, bad-trust)."""
        keys, prints = [], set()
        for entry in filter(None, map(str.strip, entries)):
            digits = re.sub(r"[\s:]", "", entry).lower()
            if _FINGERPRINT.fullmatch(digits):
                prints.add(digits)
            elif "+" in entry:
                keys.append(read_key(entry))
            else:
                raise Wrong("bad-trust")
        return cls(tuple(keys), frozenset(prints))

    def among(self, keys: Iterable[Verifier]) -> list[Verifier]:
        """The keys that are trusted: those given, and of ``keys`` those with a trusted fingerprint."""
        return [*self.keys, *(key for key in keys if key.fingerprint.replace(" ", "") in self.fingerprints)]


Finding = tuple[str, Details]


@dataclass(frozen=True)
class Verdict:
    """``level``: None when not valid. ``claims``: what the receipt says, as far as it could be read. ``would``: what it
    were if somebody trusted the key that came along (finding ``unvouched``). ``items``: the lines that the token
    vouches for, as ``face.lines`` has them, when their text came along."""

    valid: bool
    level: Literal["promised", "proved"] | None
    claims: Claims | None
    findings: list[Finding]
    would: "Verdict | None" = None
    items: list[dict[str, Any]] | None = None

    def why(self) -> str:
        """All that was found, as sentences."""
        return " ".join(told(*finding)[0] for finding in self.findings)

    def remedy(self) -> str:
        """What the person can do; empty when there is nothing to do."""
        return " ".join(filter(None, (told(*finding)[1] for finding in self.findings)))


def judge(text: str, trust: Trust) -> Verdict:
    """What ``text`` (a receipt's link or code, proofs, keys, in any order, a line or block each) is worth."""
    claims = None
    try:
        material = scan(text)
        claims = read_claims(the_code(material))
        return _weigh(material, claims, trust, guess=True)
    except Wrong as wrong:
        return Verdict(False, None, claims, [(wrong.slug, wrong.details)])


def _weigh(found: Material, claims: Claims, trust: Trust, *, guess: bool) -> Verdict:
    trusted = trust.among(found.keys)
    own = [key for key in trusted if key.name == claims.origin and key.kind == notes.ED25519]
    witnesses = list(dict.fromkeys(key.witness() for key in trusted if not ORIGIN.fullmatch(key.name)))
    key = next((key for key in own if tokens.key_kid(key.public) == claims.kid), None)
    findings: list[Finding] = []
    if key is None and own:
        raise Wrong("imposter", origin=claims.origin)
    if key is None:
        for first in found.first:
            if voucher := _voucher(first, claims, witnesses):
                key, name = voucher
                findings.append(("vouched", {"name": name}))
                break
    if key is None:
        return _unvouched(found, claims, trust, guess=guess)
    try:
        tokens.read_bytes(claims.raw, {claims.kid: Ed25519PublicKey.from_public_bytes(key.public)})
    except tokens.UntrustedToken as error:
        raise Wrong("forged") from error
    items = said(found.faces, claims.face)
    if not found.proofs:
        return Verdict(True, "promised", claims, [("promised", {"origin": claims.origin}), *findings], items=items)
    findings = _proved(found.proofs[0], claims, key, witnesses) + findings
    return Verdict(True, "proved", claims, findings, items=items)


def _unvouched(found: Material, claims: Claims, trust: Trust, *, guess: bool) -> Verdict:
    """Nobody who is trusted vouches for the box's key. If one that came along would do: name it, central's first."""
    for key in sorted(found.keys if guess else (), key=lambda key: key.name == claims.origin):
        try:
            would = _weigh(found, claims, Trust((*trust.keys, key), trust.fingerprints), guess=False)
        except Wrong as wrong:
            if wrong.slug != "unknown":
                raise
            continue
        details: Details = {"name": key.name, "fingerprint": key.fingerprint}
        return Verdict(False, None, claims, [("unvouched", details)], would)
    raise Wrong("unknown", origin=claims.origin)


def _proved(proof: Proof, claims: Claims, key: Verifier, witnesses: list[Verifier]) -> list[Finding]:
    if proof.head.origin != claims.origin:
        raise Wrong("proof-book", found=proof.head.origin, origin=claims.origin)
    if proof.index != claims.seq - 1:
        raise Wrong("proof-place", found=proof.index + 1, seq=claims.seq)
    if not _signed(proof, key):
        raise Wrong("proof-unsigned", origin=claims.origin)
    if not _leads(proof, claims.leaf):
        raise Wrong("proof-path")
    details: Details = {"seq": claims.seq, "origin": claims.origin, "size": proof.head.size}
    found: list[Finding] = [("proved", details)]
    for witness in witnesses:
        found += [("witnessed", {"name": witness.name, "time": time}) for time in _signed(proof, witness)]
    return found if len(found) > 1 else [*found, ("unwitnessed", {})]


def _leads(proof: Proof, leaf: bytes) -> bool:
    return merkle.verify_inclusion(leaf, proof.index, proof.head.size, proof.path, proof.head.root)


def _signed(proof: Proof, key: Verifier) -> list[str]:
    """When ``key`` signed the checkpoint (empty text: undated), once for each of its lines. Raises Wrong when a line of
    that key is not right."""
    times = []
    for name, ident, signature in proof.lines:
        if (name, ident) != (key.name, key.id):
            continue
        try:
            time = key.check(proof.text, signature)
        except notes.BadNote as error:
            raise Wrong("proof-forged", name=name) from error
        if time is not None and time > LAST_TIME:
            raise Wrong("proof-forged", name=name)
        times.append("" if time is None else f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M} UTC")
    return times


def _voucher(first: Proof, claims: Claims, witnesses: list[Verifier]) -> tuple[Verifier, str] | None:
    """The box's key as the first fact of its log names it, and the trusted witness over that log; None when no such
    witness signed. Raises Wrong."""
    name = next((key.name for key in witnesses if _signed(first, key)), None)
    if name is None or first.head.origin != claims.origin:
        return None
    key = _started(first)
    if key is None or key.name != claims.origin or key.kind != notes.ED25519:
        raise Wrong("key-proof")
    if tokens.key_kid(key.public) != claims.kid:
        raise Wrong("imposter", origin=claims.origin)
    return key, name


def _started(first: Proof) -> Verifier | None:
    """The key in a ``log.started`` at the first place of the log that the proof is about."""
    extra = first.extra or b""
    if first.index != 0 or not _leads(first, codec.leaf_hash(extra)):
        return None
    try:
        body: dict[str, Any] = codec.decode(extra)
        key = Verifier.parse(str(body["data"]["key"]))
    except (codec.NotCanonical, notes.BadNote, KeyError, TypeError):
        return None
    origin = f"boothkit/{body.get('box')}/{body.get('log')}"
    return key if (body.get("kind"), origin) == ("log.started/1", first.head.origin) else None
