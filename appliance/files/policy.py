"""A policy as it travels: read out of a bundle, wherever it came from, and on its way to the recorder."""

import hashlib
import re
from typing import Any

import msgspec

from appliance.clock import Now
from appliance.domain.policy import MOST_PEER_KEYS, MOST_PEERS, Offered, Peer, Policy, Source, Why, check
from appliance.errors import Problem, invalid
from appliance.files import bundle
from appliance.files.bundle import BadBundle, Bundle
from appliance.journal import notes
from appliance.language import N_

_BOX = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def asked(raw: bytes, source: Source) -> dict[str, Any]:
    """What ``policy.apply`` is asked with for a file, whatever is in it."""
    try:
        return {"note": bundle.pack(raw), "source": source}
    except BadBundle:
        return {"note": "", "source": source}


def offered(raw: bytes, reader: bundle.Reader, now: Now) -> Offered:
    """What a file says, or why it cannot be taken."""
    try:
        found = reader.read(raw, now, "policy")
    except BadBundle as error:
        signed = error.bundle
        if signed is None:
            digest = hashlib.sha256(raw).hexdigest()
            return Offered(digest, fault=error.why, words=error.words, remedy=error.remedy)
        return _offered(signed, error.signer, error)
    return _offered(found, reader.central.name if reader.central else "", None)


def too_large() -> Offered:
    """What did not come through to be read."""
    error = bundle.too_large()
    return Offered("", fault=error.why, words=error.words, remedy=error.remedy)


def _offered(found: Bundle, signer: str, error: BadBundle | None) -> Offered:
    """Of a bundle that central signed. One that this version of Boothkit cannot read may come of a newer central."""
    policy: Policy | None = None
    why: Why | None = None
    words = remedy = ""
    try:
        policy = read(found) if found.kind == "policy" else None
    except Problem as problem:
        why, words = "bad-data", problem.detail
        remedy = N_("Bring this box up to date, or ask central for another one.")
    if error is not None:
        why, words, remedy = error.why, error.words, error.remedy
    return Offered(found.digest, found.version, found.scope, found.expires, signer, policy, why, words, remedy)


def read(found: Bundle) -> Policy:
    """The policy of a bundle of this kind; raises ``validation`` with the place of the first fault."""
    try:
        policy = msgspec.convert(found.data, Policy)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error
    check(policy)
    _check_peers(policy.peers or ())
    return policy


def _check_peers(peers: tuple[Peer, ...]) -> None:
    """A key of a box bears the name of one of its logs."""
    if len(peers) > MOST_PEERS or sum(len(peer.keys) for peer in peers) > MOST_PEER_KEYS:
        raise invalid(f"peers: at most {MOST_PEERS} boxes with {MOST_PEER_KEYS} keys")
    if len({peer.box for peer in peers}) < len(peers):
        raise invalid("peers: a box is there twice; it has a list of keys")
    for peer in peers:
        if not _BOX.fullmatch(peer.box):
            raise invalid(f"peers: box {peer.box[:60]!r}: wants lower case letters, digits and dashes")
        if not peer.keys:
            raise invalid(f"peers: {peer.box} has no key")
        for text in peer.keys:
            try:
                key = notes.Verifier.parse(text)
            except notes.BadNote as error:
                raise invalid(f"peers: {peer.box}: {error}") from error
            if key.kind != notes.ED25519 or not re.fullmatch(
                rf"boothkit/{re.escape(peer.box)}/[1-9][0-9]{{0,8}}", key.name
            ):
                raise invalid(f"peers: {peer.box}: {key.name} is no key of a log of this box")
