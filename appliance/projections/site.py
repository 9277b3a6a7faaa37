"""What this box tells the others of its event, and how what they say is read."""

import hashlib
import re
import sqlite3
from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from appliance.clock import Trust
from appliance.domain.admission import AdmissionUndone, TicketAdmitted, TicketExited
from appliance.domain.kernel import Fact, kind_of, read_fact
from appliance.domain.site import MOST_BODIES, Heard, Learn, Passage, SiteKnown
from appliance.domain.tickets import TicketRevoked
from appliance.journal import codec, notes
from appliance.projections import catalogue, door, events, policy, tickets
from appliance.projections.registry import Surroundings, knows

PASSAGE, STATE = "boothkit-site/1", "boothkit-site-state/1"
"""The first lines of what boxes sign for each other."""
_TOLD = frozenset(kind_of(one) for one in (TicketAdmitted, TicketExited, AdmissionUndone, TicketRevoked))


_LEAF = re.compile("[0-9a-f]{64}")


class Refused(Exception):
    """It is not what a box of this site says; the text says why."""


def peers(db: sqlite3.Connection) -> dict[str, list[notes.Verifier]]:
    """The keys of the other boxes, as the policy names them."""
    return {box: [notes.Verifier.parse(key) for key in keys] for box, keys in policy.peers(db).items()}


# What this box says


def start(db: sqlite3.Connection, event: str, log: int) -> int:
    """Where a log's part of an event begins (seq); 0 when it has none."""
    row = db.execute("SELECT f.log, f.seq FROM p_event e JOIN fact f ON f.pos = e.ordinal WHERE e.event = ?", (event,))
    found = row.fetchone()
    if found is None or log < found["log"]:
        return 0
    return int(found["seq"]) if log == found["log"] else 1


def missing_from(db: sqlite3.Connection, event: str, have: dict[str, int]) -> int:
    """The position behind which a box needs this one's facts of an event. ``have``: how far it heard each log."""
    newest = 0
    for log, size, pos in db.execute("SELECT log, max(seq), max(pos) FROM fact GROUP BY log ORDER BY log").fetchall():
        begin, got = start(db, event, log), have.get(str(log), 0)
        newest = pos
        if begin and got < size:
            return int(pos - size + max(got, begin - 1))
    return int(newest)


def passage_text(db: sqlite3.Connection, origin: str, log: int, first: int, last: int) -> str:
    """What the recorder signs of its own facts ``first`` to ``last``: origin, event, where that begins, the place, and
    SHA-256 over their leaves. Refused: they are not there."""
    rows = db.execute(
        "SELECT leaf FROM fact WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq", (log, first, last)
    ).fetchall()
    if not 1 <= last - first + 1 <= MOST_BODIES or len(rows) != last - first + 1:
        raise Refused(f"facts {first} to {last} of log {log} are not there, or more than {MOST_BODIES}")
    event = events.current(db)
    name = event.event if event else ""
    digest = _digest(row["leaf"] for row in rows)
    return f"{PASSAGE}\n{origin}\n{name}\n{start(db, name, log)} {first} {last}\n{digest}\n"


def state_text(db: sqlite3.Connection, origin: str, at: str) -> str:
    """What the recorder signs of how things are on this box: people inside by list, what is left of what is counted."""
    event = events.current(db)
    state = {
        "at": at,
        "event": event.event if event else "",
        "inside": door.flow(db),
        "stock": {item.sku: item.stock for item in catalogue.items(db) if item.stock is not None},
    }
    return f"{STATE}\n{origin}\n{codec.encode(state).decode()}\n"


def _digest(leaves: Any) -> str:
    digest = hashlib.sha256()
    for leaf in leaves:
        digest.update(leaf)
    return notes.b64(digest.digest())


# What others say


def signed(db: sqlite3.Connection, own: str, note: str) -> tuple[str, int, list[str]]:
    """A note of another box: its name, its log, the lines below the origin. Refused."""
    try:
        lines = notes.split(note)[0].split("\n")
        origin = lines[1] if len(lines) > 2 else ""
        box, log = _origin(origin)
        if box == own:
            raise Refused("it is in the name of this box")
        keys = peers(db).get(box)
        if keys is None:
            raise Refused(f"the policy names no box {box[:40]!r}")
        for key in reversed(keys):
            try:
                notes.verify(note, notes.Verifier(origin, notes.ED25519, key.public))
            except notes.BadNote:
                continue
            return box, log, [lines[0], *lines[2:]]
    except notes.BadNote as error:
        raise Refused(str(error)) from error
    raise Refused(f"no key that the policy names for {box[:40]} made its signature")


def _origin(text: str) -> tuple[str, int]:
    name, _, log = text.removeprefix("boothkit/").partition("/")
    if text != f"boothkit/{name}/{log}" or not log.isascii() or not log.isdigit() or not 0 < int(log) < 10**9:
        raise Refused(f"{text[:80]!r} is no log of a box")
    return name, int(log)


def read_state(db: sqlite3.Connection, own: str, note: str) -> tuple[str, dict[str, Any]]:
    """The box, and its state as ``state_text`` puts it. Refused."""
    box, _, lines = signed(db, own, note)
    if lines[0] != STATE or len(lines) != 3:
        raise Refused(f"not the state of a box: begins with {lines[0][:40]!r}")
    try:
        found = msgspec.json.decode(lines[1], type=_State)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused(str(error)) from error
    return box, msgspec.to_builtins(found)


class _State(msgspec.Struct, frozen=True):
    at: str
    event: str
    inside: dict[str, int]
    stock: dict[str, int]


def read_passage(db: sqlite3.Connection, own: str, note: str, bodies: Sequence[str]) -> Passage:
    """What a note and the facts below it say, each as ``shortened`` leaves it. Refused: also when they do not fit
    together."""
    box, log, lines = signed(db, own, note)
    if lines[0] != PASSAGE or len(lines) != 5:
        raise Refused(f"not a passage of a log: begins with {lines[0][:40]!r}")
    places = lines[2].split(" ")
    if len(places) != 3 or not all(one.isascii() and one.isdigit() and len(one) < 16 for one in places):
        raise Refused(f"no place in a log: {lines[2][:60]!r}")
    begin, first, last = map(int, places)
    if not 1 <= first <= last or len(bodies) != last - first + 1 or len(bodies) > MOST_BODIES:
        raise Refused(f"{len(bodies)} facts for the places {first} to {last}")
    if _digest(map(_leaf, bodies)) != lines[3]:
        raise Refused("the facts are not those that were signed")
    heard = tuple(_heard(body, box, log, first + n) for n, body in enumerate(bodies))
    return Passage(box, log, lines[1], begin, heard)


def shortened(body: str) -> str:
    """A fact as it is handed on: the text itself when other doors have to know it, else its leaf (hex), which is all
    that the signature needs. ValueError: it is no fact."""
    kind = body.rindex('"kind":"') + 8
    return body if body[kind : body.index('"', kind)] in _TOLD else codec.leaf_hash(body.encode()).hex()


def _leaf(said: str) -> bytes:
    return bytes.fromhex(said) if _LEAF.fullmatch(said) else codec.leaf_hash(said.encode())


def _heard(text: str, box: str, log: int, seq: int) -> Heard:
    if _LEAF.fullmatch(text):
        return Heard(seq, "", "", "none", "", None)
    try:
        body = codec.decode(text.encode())
        if (body["box"], body["log"], body["seq"]) != (box, log, seq):
            raise Refused(f"fact {seq} says that it stands elsewhere")
        fact = _told(body["kind"], body["data"])
        at, event, ident, trust = body["at"], body["event"], body["id"], body["clock"]
    except (KeyError, TypeError, ValueError, codec.NotCanonical) as error:
        raise Refused(f"fact {seq} cannot be read: {error}") from error
    if trust not in get_args(Trust):
        raise Refused(f"fact {seq} has a clock of {str(trust)[:20]!r}")
    return Heard(seq, ident, at, trust, event, fact)


def _told(kind: str, data: dict[str, Any]) -> Fact | None:
    """Only what other doors have to know; a kind or a version that this box does not know is passed by."""
    if kind not in _TOLD:
        return None
    try:
        return read_fact(kind, data)
    except msgspec.ValidationError:
        return None


@knows("site.learn")
def for_learn(db: sqlite3.Connection, ask: Learn, around: Surroundings) -> SiteKnown:
    """The note, checked; and how far that log was heard."""
    event = events.current(db)
    name = event.event if event else ""
    try:
        passage = read_passage(db, around.bundles.box, ask.note, ask.bodies)
    except Refused as refused:
        return SiteKnown(name, None, None, str(refused))
    row = db.execute("SELECT pos FROM position WHERE follower = ?", (passage.mark,)).fetchone()
    void = (heard.fact.ticket for heard in passage.facts if isinstance(heard.fact, TicketRevoked))
    known = frozenset(one for one in void if (state := tickets.state(db, one, name)) is not None and state.revoked)
    return SiteKnown(name, row["pos"] if row else None, passage, revoked=known)


def heard(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """How far each log of each other box was heard: box → log → seq."""
    found: dict[str, dict[str, int]] = {}
    for row in db.execute("SELECT follower, pos FROM position WHERE follower LIKE 'site.%'"):
        box, _, log = row["follower"].removeprefix("site.").rpartition(".")
        found.setdefault(box, {})[log] = row["pos"]
    return found
