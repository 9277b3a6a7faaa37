"""The policy in force, its guardrails and keys, and what became of each bundle."""

import json
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from appliance.clock import Now, parse_rfc3339
from appliance.domain.catalogue import CatalogueKnown
from appliance.domain.guardrails import Guardrails
from appliance.domain.policy import (
    ApplyPolicy,
    Clearance,
    InForce,
    Offered,
    Peer,
    PolicyApplied,
    PolicyKnown,
    PolicyRefused,
    TicketKey,
)
from appliance.files import bundle
from appliance.files import policy as policyfile
from appliance.journal.records import Record
from appliance.projections import catalogue, events, tickets
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_policy(
  version INTEGER NOT NULL, since TEXT NOT NULL, expires TEXT NOT NULL, scope TEXT NOT NULL, signer TEXT NOT NULL,
  digest TEXT NOT NULL, source TEXT NOT NULL) STRICT;
CREATE TABLE p_policy_section(
  name TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE p_policy_seen(
  pos INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, version INTEGER NOT NULL, kinds TEXT NOT NULL,
  source TEXT NOT NULL, reason TEXT, present INTEGER NOT NULL, scope TEXT NOT NULL, signed INTEGER NOT NULL,
  digest TEXT NOT NULL, items INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Seen:
    """What became of a bundle. ``at``: RFC 3339; ``reason`` None: it was applied; ``present``: the version that was in
    force when it came; ``items``, ``revoked``: as of ``policy.applied``."""

    pos: int
    at: str
    actor: str
    version: int
    kinds: tuple[str, ...]
    source: str
    reason: str | None
    present: int
    scope: str
    items: int
    revoked: int


@folds(PolicyApplied)
def applied(db: sqlite3.Connection, record: Record, fact: PolicyApplied) -> None:
    """The new one takes the place of the old; sections that it does not name stay."""
    at, before = record.body["at"], in_force(db).version
    db.execute("DELETE FROM p_policy")
    values = (fact.version, at, fact.expires, fact.scope, fact.signer, fact.digest, fact.source)
    db.execute("INSERT INTO p_policy VALUES(?, ?, ?, ?, ?, ?, ?)", values)
    for name in ("guardrails", "ticket_keys", "peers", "clearances"):
        if (section := getattr(fact, name)) is not None:
            body = json.dumps(msgspec.to_builtins(section), sort_keys=True)
            db.execute("INSERT OR REPLACE INTO p_policy_section VALUES(?, ?, ?)", (name, fact.version, body))
    _seen(db, record, fact, None, before, (fact.items, fact.revoked))


@folds(PolicyRefused)
def refused(db: sqlite3.Connection, record: Record, fact: PolicyRefused) -> None:
    """Kept for the page that says why."""
    _seen(db, record, fact, fact.reason, fact.present, (0, 0))


def _seen(
    db: sqlite3.Connection,
    record: Record,
    fact: PolicyApplied | PolicyRefused,
    reason: str | None,
    present: int,
    numbers: tuple[int, int],
) -> None:
    body = record.body
    about = (fact.version, json.dumps(fact.kinds), fact.source, reason, present, fact.scope, bool(fact.signer))
    values = (record.pos, body["at"], body["actor"], *about, fact.digest, *numbers)
    db.execute(f"INSERT INTO p_policy_seen VALUES({', '.join('?' * len(values))})", values)


def in_force(db: sqlite3.Connection) -> InForce:
    """The policy now; version 0 when there is none."""
    row = db.execute("SELECT * FROM p_policy").fetchone()
    return InForce() if row is None else InForce(**dict(row))


def guardrails(db: sqlite3.Connection) -> Guardrails:
    """The limits now."""
    body = _section(db, "guardrails")
    return Guardrails() if body is None else msgspec.json.decode(body, type=Guardrails)


def ticket_keys(db: sqlite3.Connection) -> tuple[TicketKey, ...]:
    """Keys that tickets may be signed with, beside those of the box itself."""
    body = _section(db, "ticket_keys")
    return () if body is None else msgspec.json.decode(body, type=tuple[TicketKey, ...])


def peers(db: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Verifier keys of the other boxes of the cell, by box, each box's oldest first."""
    body = _section(db, "peers")
    found = () if body is None else msgspec.json.decode(body, type=tuple[Peer, ...])
    return {peer.box: peer.keys for peer in found}


@dataclass(frozen=True)
class Cleared:
    """Who cleared the guests' pages, in which policy, until when (RFC 3339; None: as long as a policy says so)."""

    by: str
    version: int
    until: str | None


def clearances(db: sqlite3.Connection) -> tuple[Clearance, ...]:
    """The guests' pages that the signal team has cleared."""
    body = _section(db, "clearances")
    return () if body is None else msgspec.json.decode(body, type=tuple[Clearance, ...])


def cleared(db: sqlite3.Connection, digest: str, now: Now) -> Cleared | None:
    """The clearance of the pages with this digest; None: there is none, or it has ended by a clock that can tell."""
    for one in clearances(db):
        ended = one.until is not None and now.trusted and now.wall_ms > parse_rfc3339(one.until)
        if one.digest == digest and not ended:
            row = db.execute("SELECT version FROM p_policy_section WHERE name = 'clearances'").fetchone()
            return Cleared(one.by, row["version"], one.until)
    return None


def _section(db: sqlite3.Connection, name: str) -> str | None:
    row = db.execute("SELECT body FROM p_policy_section WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["body"])


def expired(now: InForce, clock: Now) -> bool:
    """Whether the policy in force has ended, by a clock that can tell. Its limits hold on: they never loosen by
    waiting."""
    return bool(now.expires) and clock.trusted and clock.wall_ms > parse_rfc3339(now.expires)


def status(db: sqlite3.Connection, clock: Now) -> dict[str, Any] | None:
    """As ``GET /status`` has it; None before the first."""
    now = in_force(db)
    if not now.version:
        return None
    ended = expired(now, clock)
    return {
        "version": now.version,
        "since": now.since,
        "expires": now.expires,
        "expired": ended,
        "scope": now.scope,
    }


def history(db: sqlite3.Connection, limit: int = 20) -> list[Seen]:
    """What became of the last bundles, the newest first."""
    rows = db.execute(
        "SELECT pos, at, actor, version, kinds, source, reason, present, scope, items, revoked FROM p_policy_seen "
        "ORDER BY pos DESC LIMIT ?",
        (limit,),
    )
    return [Seen(**{**dict(row), "kinds": tuple(json.loads(row["kinds"]))}) for row in rows]


def known(db: sqlite3.Connection, offered: Offered) -> PolicyKnown:
    """What a bundle is held against, but for tickets and for what the uplink brought before."""
    event = events.current(db)
    currency = event.currency if event is not None else None
    items = CatalogueKnown(catalogue.version(db), catalogue.full(db))
    return PolicyKnown(in_force(db), offered, items, currency)


@knows("policy.apply")
def for_applying(db: sqlite3.Connection, ask: ApplyPolicy, around: Surroundings) -> PolicyKnown:
    """The bundle as it was read, and all that it is held against."""
    offered = _offered(ask, around)
    found = known(db, offered)
    told, strange = _uplink(db, offered, found.now) if ask.source == "uplink" else (frozenset(), 0)
    said = offered.policy.revoked if offered.policy is not None else None
    ids = {code: around.ticket_id(code.strip()) for code in said.codes} if said is not None else {}
    wanted = {*said.tickets, *ids.values()} if said is not None else set()
    revoked = frozenset(ticket for ticket in wanted if tickets.for_good(db, ticket))
    return replace(found, ids=ids, revoked=revoked, told=told, strange=strange)


def _offered(ask: ApplyPolicy, around: Surroundings) -> Offered:
    if not ask.note:
        return policyfile.too_large()
    return policyfile.offered(bundle.unpack(ask.note), around.bundles, around.now)


def _uplink(db: sqlite3.Connection, offered: Offered, now: InForce) -> tuple[frozenset[Any], int]:
    """Reasons for which this was refused before, and how many strangers' bundles were, under the present policy."""
    since = "source = 'uplink' AND reason IS NOT NULL AND present = ?"
    told = db.execute(
        f"SELECT DISTINCT reason FROM p_policy_seen WHERE {since} AND digest = ?",  # noqa: S608 - our own words
        (now.version, offered.digest),
    )
    (strange,) = db.execute(
        f"SELECT count(*) FROM p_policy_seen WHERE {since} AND NOT signed",  # noqa: S608 - our own words
        (now.version,),
    ).fetchone()
    return frozenset(row["reason"] for row in told), strange
