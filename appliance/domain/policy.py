"""The policy: what central signs for the boxes of a cell, applied whole or not at all.

A bundle says something about some *sections*; what it says nothing about stays as it was. Versions rise, over all
scopes together. A bundle that is not central's, is for others, is older, or has ended changes nothing, and says why.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import msgspec

from appliance.clock import parse_rfc3339
from appliance.domain.catalogue import CatalogueKnown, Item, changes, check_items
from appliance.domain.guardrails import Guardrails
from appliance.domain.kernel import Ask, Context, Decided, Fact, Role, command, kind
from appliance.domain.tickets import TicketRevoked, check_ticket_id, code
from appliance.errors import Problem, invalid
from appliance.language import N_

APPLIERS: frozenset[Role] = frozenset({"staff", "uplink", "admin"})
MOST_REVOKED = 2_000
MOST_KEYS = 50
MOST_PEERS = 200
MOST_PEER_KEYS = 500
MOST_CLEARANCES = 100
MOST_STRANGE = 16
"""Facts about what the uplink brought and central did not sign, from one policy to the next: whoever may write to the
broker shall not fill the card."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)

Source = Literal["uplink", "stick", "upload", "command"]
"""How a bundle came to the box."""
Section = Literal["guardrails", "catalogue", "ticket_keys", "revoked", "peers", "clearances"]
Why = Literal[
    "no-key", "too-large", "unreadable", "bad-signature", "wrong-kind", "scope", "expired", "older", "other", "bad-data"
]


class Catalogue(Fact, frozen=True, forbid_unknown_fields=True):
    """All items, and in which currency they are priced, when it says so."""

    items: tuple[Item, ...]
    currency: str | None = None


class TicketKey(Fact, frozen=True, forbid_unknown_fields=True):
    """A public key (base64, 32 bytes of Ed25519) that signs tickets, quotes and access tokens of an event."""

    event: str
    key: str


class Peer(Fact, frozen=True, forbid_unknown_fields=True):
    """Another box of the cell and its verifier keys, oldest first."""

    box: str
    keys: tuple[str, ...]


class Clearance(Fact, frozen=True, forbid_unknown_fields=True):
    """The signal team has cleared the guests' pages whose content has this digest (see ``files.landing``). ``by``: the
    team, for guests to read; ``until``: RFC 3339, None = as long as the policy says so."""

    digest: str
    by: str
    until: str | None = None


class Revoked(Fact, frozen=True, forbid_unknown_fields=True):
    """Ids of tickets and tokens, and codes as tickets say them, that admit and pay for nobody any more."""

    tickets: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle of kind ``policy`` says."""

    guardrails: Guardrails | None = None
    catalogue: Catalogue | None = None
    ticket_keys: tuple[TicketKey, ...] | None = None
    revoked: Revoked | None = None
    peers: tuple[Peer, ...] | None = None
    clearances: tuple[Clearance, ...] | None = None

    def sections(self) -> tuple[Section, ...]:
        """Those that it says something about."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) is not None)  # type: ignore[misc]


@kind("policy.applied/1")
class PolicyApplied(Fact, frozen=True):
    """From now on this version is in force. ``kinds``: the sections that it says something about; ``digest``: SHA-256
    (hex) of what central signed; ``expires``: RFC 3339; ``items``, ``revoked``: how many items changed or went, how
    many tickets are newly revoked. What these are is in facts of their own."""

    version: int
    kinds: tuple[Section, ...]
    signer: str
    digest: str
    scope: str
    expires: str
    source: Source
    items: int = 0
    revoked: int = 0
    guardrails: Guardrails | None = None
    ticket_keys: tuple[TicketKey, ...] | None = None
    peers: tuple[Peer, ...] | None = None
    clearances: tuple[Clearance, ...] | None = None


@kind("policy.refused/1")
class PolicyRefused(Fact, frozen=True):
    """A bundle changed nothing. ``version`` and ``kinds`` are what it says, 0 and empty when central did not sign it;
    ``signer``: whose signature was right; ``digest``: as of ``policy.applied``, of an unsigned one SHA-256 of what
    came; ``present``: the version in force."""

    version: int
    kinds: tuple[str, ...]
    signer: str
    reason: Why
    source: Source
    digest: str
    present: int
    scope: str = ""


@dataclass(frozen=True)
class InForce:
    """The policy as it is: its version (0 = none yet), since when (RFC 3339), when it ends, for whom, the digest of
    what central signed, how it came."""

    version: int = 0
    since: str = ""
    expires: str = ""
    scope: str = ""
    signer: str = ""
    digest: str = ""
    source: str = ""


@dataclass(frozen=True)
class Offered:
    """A bundle as it was read: what it says, or why it cannot be taken (``fault``, with words and a remedy for a
    person). ``signer``: "" when central did not sign it; then nothing that it claims is here."""

    digest: str
    version: int = 0
    scope: str = ""
    expires: str = ""
    signer: str = ""
    policy: Policy | None = None
    fault: Why | None = None
    words: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class PolicyKnown:
    """What is in force, what was handed in, the catalogue, the present event's currency; ids of the codes to revoke, by
    code; which of the tickets to revoke are revoked for good already. ``told``: that the uplink brought this, and that
    it was refused for this reason, is recorded since the present policy; ``strange``: how many facts say of the uplink
    that it brought what central did not sign, since then."""

    now: InForce
    offered: Offered
    catalogue: CatalogueKnown
    currency: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()
    told: frozenset[Why] = frozenset()
    strange: int = 0


@dataclass(frozen=True)
class Refusal:
    """Why a bundle changes nothing, in words and with a remedy."""

    why: Why
    words: str
    remedy: str


class ApplyPolicy(Ask, frozen=True):
    """``note``: the signed bundle as ``files.bundle.pack`` makes it; empty when it is too large for that."""

    note: str
    source: Source


@command("policy.apply", ApplyPolicy, APPLIERS, bulk=True, at_full="go_on")
def apply(ask: ApplyPolicy, known: PolicyKnown, ctx: Context) -> Decided:
    """All of it or nothing. That it was refused is a fact of its own, but for what the uplink brings again and again,
    and for a box that could not read any bundle."""
    offered, now = known.offered, known.now
    if in_force(offered, now):
        return Decided([], {"applied": True, "already": True, "version": now.version, "kinds": []})
    if (refusal := judge(offered, now, known.currency)) is not None:
        return _refused(ask, known, refusal)
    policy = offered.policy or Policy()
    catalogue = changes(policy.catalogue.items, known.catalogue) if policy.catalogue is not None else []
    revoked = _newly_revoked(policy.revoked, known)
    items = sum(len(fact.items) + len(fact.removed) for fact in catalogue)
    applied = PolicyApplied(
        version=offered.version,
        kinds=policy.sections(),
        signer=offered.signer,
        digest=offered.digest,
        scope=offered.scope,
        expires=offered.expires,
        source=ask.source,
        items=items,
        revoked=len(revoked),
        guardrails=policy.guardrails,
        ticket_keys=policy.ticket_keys,
        peers=policy.peers,
        clearances=policy.clearances,
    )
    facts: list[Fact] = [applied, *catalogue]
    facts += [TicketRevoked(ticket=ticket, policy=offered.version) for ticket in revoked]
    answer = {
        "applied": True,
        "already": False,
        "version": offered.version,
        "kinds": list(policy.sections()),
        "items": items,
        "revoked": len(revoked),
    }
    return Decided(facts, answer)


def in_force(offered: Offered, now: InForce) -> bool:
    """Whether this very bundle is the one in force."""
    return bool(offered.signer) and (offered.version, offered.digest) == (now.version, now.digest)


def judge(offered: Offered, now: InForce, currency: str | None) -> Refusal | None:
    """Why this bundle is not taken; None: it is. ``currency``: the present event's."""
    if offered.signer and offered.fault in (None, "expired", "bad-data"):
        if offered.version < now.version:
            said = N_(f"policy {offered.version} is older than {now.version}, which is in force")
            return Refusal("older", said, N_("Nothing to do: the newer one stays."))
        if offered.version == now.version:
            said = N_(f"another policy {offered.version} is in force already")
            return Refusal("other", said, N_("Ask central for one with a higher version."))
    if offered.fault is not None:
        return Refusal(offered.fault, offered.words, offered.remedy)
    catalogue = offered.policy.catalogue if offered.policy else None
    if catalogue is not None and catalogue.currency and currency and catalogue.currency != currency:
        said = N_(f"its catalogue is priced in {catalogue.currency}, the event's currency is {currency}")
        return Refusal("bad-data", said, N_("Ask central for one that fits this event."))
    return None


def _refused(ask: ApplyPolicy, known: PolicyKnown, refusal: Refusal) -> Decided:
    offered = known.offered
    answer: dict[str, Any] = {
        "applied": False,
        "reason": refusal.why,
        "detail": refusal.words,
        "remedy": refusal.remedy,
        "version": offered.version,
        "present": known.now.version,
    }
    strange = ask.source == "uplink" and not offered.signer and known.strange >= MOST_STRANGE
    if refusal.why == "no-key" or refusal.why in known.told or strange:
        return Decided([], answer)
    fact = PolicyRefused(
        version=offered.version,
        kinds=offered.policy.sections() if offered.policy else (),
        signer=offered.signer,
        reason=refusal.why,
        source=ask.source,
        digest=offered.digest,
        present=known.now.version,
        scope=offered.scope,
    )
    return Decided([fact], answer)


def _newly_revoked(said: Revoked | None, known: PolicyKnown) -> list[str]:
    if said is None:
        return []
    wanted = dict.fromkeys([*said.tickets, *(known.ids[text] for text in said.codes)])
    return [ticket for ticket in wanted if ticket not in known.revoked]


def check(policy: Policy) -> None:
    """Raises ``validation`` with the place of the first fault. What needs keys of boxes is not looked at."""
    if not policy.sections():
        raise invalid("it says nothing; wants one of " + ", ".join(Policy.__struct_fields__))
    if policy.guardrails is not None:
        _check_guardrails(policy.guardrails)
    if policy.catalogue is not None:
        try:
            check_items(policy.catalogue.items)
        except Problem as problem:
            raise invalid(f"catalogue: {problem.detail}") from problem
    if len(policy.ticket_keys or ()) > MOST_KEYS:
        raise invalid(f"ticket_keys: {len(policy.ticket_keys or ())} keys; at most {MOST_KEYS}")
    for number, key in enumerate(policy.ticket_keys or (), 1):
        if not 1 <= len(key.event) <= 60 or not key.event.isprintable():
            raise invalid(f"ticket_keys: key {number}: event has 1 to 60 printable characters")
        public_key(key)
    if policy.revoked is not None:
        _check_revoked(policy.revoked)
    _check_clearances(policy.clearances or ())


def public_key(key: TicketKey) -> bytes:
    """The 32 bytes of a ticket key; raises ``validation``."""
    try:
        raw = base64.b64decode(key.key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise invalid(f"ticket_keys: {key.event}: key wants 32 bytes in base64, found {key.key[:60]!r}")
    return raw


def _check_guardrails(said: Guardrails) -> None:
    """The lead may do at least what everybody may; a limit the other way round is a slip of somebody's pen."""
    if Fraction(said.discount.alone) > Fraction(said.discount.lead):
        raise invalid(f"guardrails: discount: alone {said.discount.alone} is more than lead {said.discount.lead}")
    if said.refund.lead is not None and said.refund.alone > said.refund.lead:
        raise invalid(f"guardrails: refund: alone {said.refund.alone} is more than lead {said.refund.lead}")
    alone, lead = said.occupancy.alone, said.occupancy.lead
    if alone is not None and lead is not None and alone > lead:
        raise invalid(f"guardrails: occupancy: alone {alone} is more than lead {lead}")


def _check_clearances(said: tuple[Clearance, ...]) -> None:
    if len(said) > MOST_CLEARANCES:
        raise invalid(f"clearances: {len(said)}; at most {MOST_CLEARANCES}")
    for one in said:
        if not _DIGEST.fullmatch(one.digest):
            raise invalid(f"clearances: digest {one.digest[:70]!r}: wants 64 hexadecimal digits in lower case")
        if not 1 <= len(one.by) <= 60 or not one.by.isprintable():
            raise invalid("clearances: by has 1 to 60 printable characters")
        if one.until is not None:
            try:
                if not _MOMENT.fullmatch(one.until):
                    raise ValueError
                parse_rfc3339(one.until)
            except ValueError as error:
                raise invalid(f"clearances: until {one.until[:40]!r}: wants such as 2026-12-24T18:00:00Z") from error


def _check_revoked(said: Revoked) -> None:
    number = len(said.tickets) + len(said.codes)
    if number > MOST_REVOKED:
        raise invalid(f"revoked: {number} tickets; at most {MOST_REVOKED}")
    for ticket in said.tickets:
        try:
            check_ticket_id(ticket)
        except Problem as problem:
            raise invalid(f"revoked: {problem.detail}") from problem
    if not all(map(code, said.codes)):
        raise invalid("revoked: a code has 1 to 1,024 printable characters")
