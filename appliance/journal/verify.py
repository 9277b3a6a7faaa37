"""Checking a journal, live or copied, with nothing but its own bytes and box.pub: docs/evidence.md says what is
checked."""

import sqlite3
from pathlib import Path
from typing import Any

from appliance.errors import BoothkitError
from appliance.journal import codec, merkle, notes


class NoJournal(BoothkitError):
    """The folder holds no journal that can be read."""

    remedy = "Name a folder with journal.db (and its -wal file when the box runs) and keys/box.pub."


class _Fault(Exception):
    def __init__(self, log: int, seq: int, why: str) -> None:
        super().__init__(why)
        self.at = {"log": log, "seq": seq, "why": why}


def verify(data: Path) -> dict[str, Any]:
    """``{"ok", "size", "root", "checkpoints", "error"}``: ``size`` and ``root`` (hex) of the newest log; ``error``
    names the first fault.

    Raises NoJournal when there is nothing to check.
    """
    path = data / "journal.db"
    if not path.is_file():
        raise NoJournal(f"{path}: there is no journal here")
    keys = _keys(data / "keys" / "box.pub")
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return _verify(db, keys)
    except sqlite3.DatabaseError as error:
        if (
            isinstance(error, sqlite3.OperationalError)
            and "no such" not in str(error)
            and "malformed" not in str(error)
        ):
            raise NoJournal(f"{path}: {error}") from error
        return _answer(0, merkle.EMPTY_ROOT, 0, {"log": 0, "seq": 0, "why": f"the file is damaged: {error}"})
    finally:
        db.close()


def _keys(path: Path) -> dict[str, notes.Verifier]:
    try:
        verifiers = [notes.Verifier.parse(line) for line in path.read_text().splitlines() if line.strip()]
    except (OSError, notes.BadNote) as error:
        raise NoJournal(f"{path}: {error}") from error
    return {verifier.name: verifier for verifier in verifiers}


def _answer(size: int, root: bytes, checkpoints: int, error: dict[str, Any] | None) -> dict[str, Any]:
    return {"ok": error is None, "size": size, "root": root.hex(), "checkpoints": checkpoints, "error": error}


def _verify(db: sqlite3.Connection, keys: dict[str, notes.Verifier]) -> dict[str, Any]:
    checkpoints: dict[int, dict[int, str]] = {}
    for log, size, note in db.execute("SELECT log, size, note FROM checkpoint"):
        checkpoints.setdefault(log, {})[size] = note
    state = _Walk(keys, checkpoints)
    error = None
    try:
        for row in db.execute("SELECT pos, log, seq, id, body, leaf FROM fact ORDER BY pos"):
            state.fact(*row)
        state.end()
    except _Fault as fault:
        error = fault.at
    return _answer(state.tree.size, state.tree.root(), state.checked, error)


class _Walk:
    """One pass over all facts, in order."""

    def __init__(self, keys: dict[str, notes.Verifier], checkpoints: dict[int, dict[int, str]]) -> None:
        self.tree = merkle.Frontier()
        self.checked = 0
        self._keys = keys
        self._checkpoints = checkpoints
        self._pos = 0
        self._log = 0
        self._box = ""
        self._before: Any = None

    def fact(self, pos: int, log: int, seq: int, ident: str, text: str, leaf: bytes) -> None:
        if pos != self._pos + 1:
            raise _Fault(log, seq, f"position {pos} follows {self._pos}")
        if log != self._log:
            if log < self._log:
                raise _Fault(log, seq, f"log {log} follows log {self._log}")
            self._finish_log()
            self._before = self._log and {"log": self._log, "size": self.tree.size, "root": self.tree.root().hex()}
            self._log, self.tree = log, merkle.Frontier()
        if seq != self.tree.size + 1:
            raise _Fault(log, seq, f"fact {seq} follows fact {self.tree.size}")
        body = self._body(log, seq, ident, text)
        if seq == 1:
            self._first(log, body)
        if codec.leaf_hash(text.encode()) != leaf:
            raise _Fault(log, seq, "the stored leaf does not belong to the body")
        self.tree.append(leaf)
        self._pos = pos
        note = self._checkpoints.get(log, {}).pop(seq, None)
        if note is not None:
            self._checkpoint(log, seq, note)

    def _body(self, log: int, seq: int, ident: str, text: str) -> dict[str, Any]:
        try:
            body = codec.decode(text)
        except codec.NotCanonical as error:
            raise _Fault(log, seq, f"the body is {error}") from error
        found = (body.get("log"), body.get("seq"), body.get("id"))
        if found != (log, seq, ident):
            raise _Fault(log, seq, f"the body says log {found[0]}, seq {found[1]}, id {found[2]}")
        return body

    def _first(self, log: int, body: dict[str, Any]) -> None:
        if body.get("kind") != "log.started/1":
            raise _Fault(log, 1, f"a log begins with log.started/1, not {body.get('kind')}")
        if body["data"].get("previous") != (self._before or None):
            raise _Fault(log, 1, f"the log says that it follows {body['data'].get('previous')}, not {self._before}")
        if self._box and body.get("box") != self._box:
            raise _Fault(log, 1, f"the box is {body.get('box')}, before it was {self._box}")
        self._box = str(body.get("box"))
        key = self._keys.get(self._origin())
        if key is None:
            raise _Fault(log, 1, f"box.pub has no key for {self._origin()}")
        if body["data"].get("key") not in (None, key.vkey()):
            raise _Fault(log, 1, "the log was started with another key than box.pub names")

    def _origin(self) -> str:
        return f"boothkit/{self._box}/{self._log}"

    def _checkpoint(self, log: int, size: int, note: str) -> None:
        try:
            text, _ = notes.verify(note, self._keys[self._origin()])
            head = notes.TreeHead.parse(text)
        except notes.BadNote as error:
            raise _Fault(log, size, f"checkpoint {size}: {error}") from error
        if (head.origin, head.size) != (self._origin(), size):
            raise _Fault(log, size, f"checkpoint {size} is about {head.size} facts of {head.origin}")
        if head.root != self.tree.root():
            raise _Fault(log, size, f"checkpoint {size} was signed over other facts: the roots differ")
        self.checked += 1

    def _finish_log(self) -> None:
        left = self._checkpoints.get(self._log)
        if left:
            size = min(left)
            raise _Fault(self._log, size, f"a checkpoint of {size} facts is signed, but the log has {self.tree.size}")

    def end(self) -> None:
        self._finish_log()
        for log, left in self._checkpoints.items():
            if left:
                raise _Fault(log, min(left), f"a checkpoint of {min(left)} facts is signed, but the log is not there")
