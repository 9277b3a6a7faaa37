"""Checks of the kit: what was asked, heard and answered in each."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

import msgspec

from appliance.clock import parse_rfc3339
from appliance.domain.kernel import Ask
from appliance.domain.kit import (
    KitAsked,
    KitBegun,
    KitChecked,
    KitHeard,
    KitKnown,
    KitReady,
    KitResult,
)
from appliance.domain.kitplan import Moment, Place
from appliance.domain.receipts import Outcome as OnPaper
from appliance.journal.notes import Verifier
from appliance.journal.records import Record
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_kit(
  kit TEXT PRIMARY KEY, pos INTEGER NOT NULL, at TEXT NOT NULL, code TEXT NOT NULL, presses TEXT NOT NULL,
  asked INTEGER NOT NULL, ready_pos INTEGER, ready_at TEXT, ready TEXT) STRICT;
CREATE TABLE p_kit_ask(
  kit TEXT NOT NULL, step TEXT NOT NULL, device TEXT NOT NULL, n INTEGER NOT NULL, pos INTEGER NOT NULL,
  PRIMARY KEY(kit, step, device)) STRICT, WITHOUT ROWID;
CREATE TABLE p_kit_result(
  kit TEXT NOT NULL, step TEXT NOT NULL, device TEXT NOT NULL, outcome TEXT NOT NULL, proof TEXT NOT NULL,
  told_by TEXT NOT NULL, reason TEXT, pos INTEGER NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY(kit, step, device)) STRICT, WITHOUT ROWID;
CREATE TABLE p_kit_moment(
  pos INTEGER PRIMARY KEY, kit TEXT NOT NULL, boot TEXT NOT NULL, mono INTEGER NOT NULL, wall_ms INTEGER NOT NULL,
  trusted INTEGER NOT NULL) STRICT;
"""


Db = sqlite3.Connection
"""A connection for reading, as screens and paper pass it on."""


@dataclass(frozen=True)
class Check:
    """One check of the kit. ``presses``: the buttons' counters at its beginning; ``ready``: data of ``kit.ready``, None
    while it is under way."""

    kit: str
    pos: int
    at: str
    code: str
    presses: dict[str, int]
    asked: int
    ready_at: str | None
    ready: dict[str, Any] | None


@dataclass(frozen=True)
class Answer:
    """What became of a step, and when that was recorded."""

    outcome: str
    proof: str
    by: str
    reason: str | None
    pos: int
    at: str


@folds(KitBegun)
def begun(db: sqlite3.Connection, record: Record, fact: KitBegun) -> None:
    """A check begins."""
    presses = json.dumps({one.button: one.count for one in fact.presses})
    db.execute(
        "INSERT INTO p_kit VALUES(?, ?, ?, ?, ?, 0, NULL, NULL, NULL)",
        (fact.kit, record.pos, record.body["at"], fact.code, presses),
    )
    _moment(db, record, fact.kit)


@folds(KitAsked)
def asked(db: sqlite3.Connection, record: Record, fact: KitAsked) -> None:
    """The newest question counts."""
    db.execute(
        "INSERT OR REPLACE INTO p_kit_ask VALUES(?, ?, ?, ?, ?)",
        (fact.kit, fact.step, fact.device, fact.n, record.pos),
    )
    db.execute("UPDATE p_kit SET asked = ? WHERE kit = ?", (fact.n, fact.kit))
    _moment(db, record, fact.kit)


@folds(KitHeard)
def heard(db: sqlite3.Connection, record: Record, fact: KitHeard) -> None:
    """A moment; the step's outcome is a fact of its own."""
    _moment(db, record, fact.kit)


@folds(KitChecked)
def checked(db: sqlite3.Connection, record: Record, fact: KitChecked) -> None:
    """The newest answer counts."""
    db.execute(
        "INSERT OR REPLACE INTO p_kit_result VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fact.kit,
            fact.step,
            fact.device,
            fact.outcome,
            fact.proof,
            fact.by,
            fact.reason,
            record.pos,
            record.body["at"],
        ),
    )
    _moment(db, record, fact.kit)


@folds(KitReady)
def finished(db: sqlite3.Connection, record: Record, fact: KitReady) -> None:
    """A check ends."""
    db.execute(
        "UPDATE p_kit SET ready_pos = ?, ready_at = ?, ready = ? WHERE kit = ?",
        (record.pos, record.body["at"], json.dumps(msgspec.to_builtins(fact)), fact.kit),
    )


def _moment(db: sqlite3.Connection, record: Record, kit: str) -> None:
    body = record.body
    db.execute(
        "INSERT INTO p_kit_moment VALUES(?, ?, ?, ?, ?, ?)",
        (record.pos, kit, body["boot"], body["mono"], parse_rfc3339(body["at"]), int(body["clock"] != "none")),
    )


def newest(db: sqlite3.Connection) -> Check | None:
    """The check that was begun last."""
    return _check(db.execute("SELECT * FROM p_kit ORDER BY pos DESC LIMIT 1").fetchone())


def get(db: sqlite3.Connection, kit: str) -> Check | None:
    """One check by its id."""
    return _check(db.execute("SELECT * FROM p_kit WHERE kit = ?", (kit,)).fetchone())


def _check(row: sqlite3.Row | None) -> Check | None:
    if row is None:
        return None
    ready = None if row["ready"] is None else json.loads(row["ready"])
    presses = json.loads(row["presses"])
    return Check(row["kit"], row["pos"], row["at"], row["code"], presses, row["asked"], row["ready_at"], ready)


def answers(db: sqlite3.Connection, kit: str) -> dict[Place, Answer]:
    """The newest answer of each step."""
    rows = db.execute("SELECT * FROM p_kit_result WHERE kit = ?", (kit,))
    return {
        Place(row["step"], row["device"]): Answer(
            row["outcome"], row["proof"], row["told_by"], row["reason"], row["pos"], row["at"]
        )
        for row in rows
    }


def questions(db: sqlite3.Connection, kit: str) -> dict[Place, int]:
    """Of each part that was asked to show that it works: the position of the newest question."""
    rows = db.execute("SELECT step, device, pos FROM p_kit_ask WHERE kit = ?", (kit,))
    return {Place(row["step"], row["device"]): row["pos"] for row in rows}


def standing(db: sqlite3.Connection, kit: str) -> dict[Place, Answer]:
    """The answers that count: a part that failed and was asked again has none until the next."""
    asked = questions(db, kit)
    return {
        place: answer
        for place, answer in answers(db, kit).items()
        if answer.outcome != "failed" or asked.get(place, 0) < answer.pos
    }


def slips(db: sqlite3.Connection, kit: str) -> dict[str, tuple[str, OnPaper | None]]:
    """Of each printer the newest test slip of a check, and what became of it."""
    rows = db.execute(
        "SELECT printer, slip, outcome FROM p_slip WHERE kind = 'kit-test' AND about = ? ORDER BY pos", (kit,)
    )
    return {row["printer"]: (row["slip"], row["outcome"]) for row in rows}


def sheet(db: sqlite3.Connection, kit: str) -> tuple[str, int, OnPaper | None] | None:
    """The sheet of a check: its slip, newest copy, and what became of that."""
    row = db.execute(
        "SELECT slip, copy, outcome FROM p_slip WHERE kind = 'kit-sheet' AND about = ? ORDER BY pos DESC LIMIT 1",
        (kit,),
    ).fetchone()
    return (row["slip"], row["copy"], row["outcome"]) if row else None


def moments(db: sqlite3.Connection, kit: str) -> list[Moment]:
    """When its facts were recorded."""
    rows = db.execute("SELECT boot, mono, wall_ms, trusted FROM p_kit_moment WHERE kit = ? ORDER BY pos", (kit,))
    return [Moment(row["boot"], row["mono"], row["wall_ms"], bool(row["trusted"])) for row in rows]


def signed_by(db: sqlite3.Connection) -> tuple[str, str]:
    """The box's id, and the fingerprint of its key in the present log."""
    row = db.execute("SELECT body FROM fact WHERE seq = 1 ORDER BY log DESC LIMIT 1").fetchone()
    body = json.loads(row["body"])
    return body["box"], Verifier.parse(body["data"]["key"]).fingerprint


def wanted(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Parts that are to show now that they work, each once for each ``n``: ``kit, step, device, n``. Printers get slips
    instead."""
    rows = db.execute(
        "SELECT a.kit, a.step, a.device, a.n FROM p_kit_ask a JOIN p_kit k ON k.kit = a.kit "
        "WHERE a.step IN ('indicator', 'relay') AND k.ready_pos IS NULL "
        "AND k.pos = (SELECT max(pos) FROM p_kit) AND NOT EXISTS (SELECT 1 FROM p_kit_result r "
        "WHERE r.kit = a.kit AND r.step = a.step AND r.device = a.device AND r.pos > a.pos) ORDER BY a.n"
    )
    return [dict(row) for row in rows]


@knows("kit.begin", "kit.ask", "kit.check", "kit.scan", "kit.finish", "kit.sheet")
def for_kit(db: sqlite3.Connection, ask: Ask, around: Surroundings) -> KitKnown:
    """Everything about the newest check."""
    check = newest(db)
    if check is None:
        return KitKnown()
    paper = sheet(db, check.kit)
    return KitKnown(
        kit=check.kit,
        code=check.code,
        ready=check.ready is not None,
        asked=check.asked,
        results={place: _result(place, answer) for place, answer in standing(db, check.kit).items()},
        slips={printer: outcome for printer, (_, outcome) in slips(db, check.kit).items()},
        moments=moments(db, check.kit),
        sheet=None if paper is None else paper[:2],
    )


def _result(place: Place, answer: Answer) -> KitResult:
    told = {"outcome": answer.outcome, "proof": answer.proof, "by": answer.by, "reason": answer.reason}
    return msgspec.convert({"step": place.step, "device": place.device, **told}, KitResult)
