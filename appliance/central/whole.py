"""A whole backup of what central has of a box: the journal rebuilt from its facts, and what the box sent sealed."""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.backup import check, medium, tape
from appliance.backup.check import Checked
from appliance.backup.contents import JOURNAL
from appliance.backup.medium import Target
from appliance.central.backups import Shelf
from appliance.central.places import Box, Log
from appliance.central.view import View
from appliance.errors import Problem
from appliance.journal import codec, merkle, notes, schema


@dataclass(frozen=True)
class Whole:
    """What was written. ``behind``: facts that the box had when it sent the sealed part, and central has not."""

    facts: int
    log: int
    made_at: str
    behind: int


def whole(view: View, shelf: Shelf, signer: notes.Signer, box: Box, path: Path) -> Whole:
    """Write a backup that `boothkit restore` takes into the file ``path``. Problem ``not-found``: the box never sent
    its sealed part; ``backup-failed``: the medium."""
    kept = shelf.kept(box)
    if not kept:
        raise Problem(
            "not-found",
            f"{box.cell}/{box.box} never sent a backup, so its people, PINs and keys are not here.",
            "Its facts are: GET /api/v1/boxes/CELL/BOX/facts. Restore it from a stick.",
        )
    target = Target(path)
    try:
        with kept[0].open("rb") as sent, target.open() as file:
            checked = check.outside(sent, parts=check.SENT)
            journal = target.beside / JOURNAL
            facts, log, held = _journal(journal, view, box, signer, checked)
            _write(sent, journal, file)
            medium.settle(file)
            check.outside(file)
            target.keep()
    except OSError as error:
        raise medium.problem(error, path.parent) from error
    return Whole(facts, log, checked.manifest.at, max(0, checked.manifest.size - held))


def _write(sent: BinaryIO, journal: Path, file: BinaryIO) -> None:
    writer = tape.Writer(file)
    sent.seek(0)
    for member in tape.members(sent):
        if member.name == check.PARTS[-1]:
            with journal.open("rb") as content:
                writer.add(JOURNAL, journal.stat().st_size, content)
        writer.add(member.name, member.size, member)
    writer.close()


def _journal(path: Path, view: View, box: Box, signer: notes.Signer, checked: Checked) -> tuple[int, int, int]:
    """The box's own line as the box would have it; its facts, its newest log, and how much of the log there is that
    the sealed part was made in."""
    signed = view.checkpoints(box.cell, box.box)
    with closing(schema.connect_writer(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO file VALUES('copied')")
        pos, log, held, tree = 0, 0, 0, merkle.Frontier()

        def end_log() -> None:
            if log:
                frontier = tree.to_bytes()
                receipt = signer.sign(notes.TreeHead(Log(box, log).origin, tree.size, tree.root()).receipt_text())
                db.execute("INSERT INTO tree VALUES(?, ?, ?)", (log, tree.size, frontier))
                db.execute("INSERT INTO safe VALUES(?, ?, ?, ?)", (log, tree.size, frontier, receipt))

        for text in view.facts(box.cell, box.box, "own"):
            body = json.loads(text)
            if body["log"] != log:
                end_log()
                log, tree = body["log"], merkle.Frontier()
            leaf = codec.leaf_hash(text.encode())
            pos += 1
            tree.append(leaf)
            db.execute("INSERT INTO fact VALUES(?, ?, ?, ?, ?, ?)", (pos, log, body["seq"], body["id"], text, leaf))
            for one in signed.get((log, tree.size), ()):
                if one.root == tree.root():
                    row = (log, tree.size, *_notes(one.note, Log(box, log).origin))
                    db.execute("INSERT OR IGNORE INTO checkpoint VALUES(?, ?, ?, ?)", row)
            if log == checked.manifest.log:
                held = tree.size
        end_log()
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = DELETE").fetchone()
    return pos, log, held


def _notes(note: str, origin: str) -> tuple[str, str | None]:
    """The box's own note of a checkpoint, and the cosigned one, if it is."""
    text, gap, block = note.rpartition("\n\n")
    lines = block.splitlines(keepends=True)
    own = [line for line in lines if line.startswith(f"— {origin} ")]
    return text + gap + "".join(own), note if len(lines) > len(own) else None
