"""The box's book as far as a receipt needs it: its public keys, one fact, the seals over it, the way up the tree."""

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import BoothkitError, RecorderDown
from appliance.journal import codec, merkle, notes
from appliance.journal.read import Reader, SignedHead

BLOCK = 256
"""Leaves under one kept hash: a proof reads two blocks of leaves, however long the log is."""


class BrokenBook(BoothkitError):
    """The journal does not fit what the box itself has signed."""

    remedy = "Run `boothkit journal verify`, and keep a copy of the data folder before anything else."


@dataclass(frozen=True)
class Entry:
    """A fact: its body, and the leaf that these very bytes have."""

    body: dict[str, Any]
    leaf: bytes


@dataclass(frozen=True)
class Seal:
    """A checkpoint over an entry: ``root`` over ``size`` facts, the newest of them from ``upto``; ``path``: from the
    entry's leaf to the root; ``witnessed``: when central cosigned (Unix seconds), as far as its key is known here."""

    size: int
    root: bytes
    upto: str
    path: list[bytes]
    checkpoint: str
    witnessed: int | None


class Book:
    """Reads only. One for the whole app."""

    def __init__(self, reader: Reader, keys: Path, central: str) -> None:
        """``central``: its verifier key, empty when there is none. BadNote: it is no verifier key."""
        self._reader = reader
        self._public = keys / "box.pub"
        self._witness = notes.Verifier.parse(central).witness() if central else None
        self._roots: dict[int, list[bytes]] = {}
        self._lock = threading.Lock()

    def keys(self) -> dict[str, notes.Verifier]:
        """The verifier keys of all logs, by origin. Raises RecorderDown when the file cannot be read."""
        try:
            lines = self._public.read_text().splitlines()
        except OSError as error:
            raise RecorderDown(f"{self._public} cannot be read: {error.strerror}") from error
        return {key.name: key for key in map(notes.Verifier.parse, filter(None, lines))}

    def entry(self, log: int, seq: int) -> Entry | None:
        """The fact at a place; None when the log has no such place."""
        query = "SELECT body FROM fact WHERE log = ? AND seq = ?"
        row = self._reader.db().execute(query, (log, seq)).fetchone()
        return None if row is None else Entry(json.loads(row["body"]), codec.leaf_hash(row["body"].encode()))

    def head(self, log: int, seq: int) -> SignedHead | None:
        """The checkpoint that shows best that a place is sealed: one that central cosigned before others, then the
        newest; None while none covers it."""
        query = (
            "SELECT log, size, note, cosigned FROM checkpoint WHERE log = ? AND size >= ? "
            "ORDER BY cosigned IS NULL, size DESC LIMIT 1"
        )
        row = self._reader.db().execute(query, (log, seq)).fetchone()
        return None if row is None else SignedHead(*row)

    def seal(self, head: SignedHead, key: notes.Verifier, seq: int, leaf: bytes) -> Seal:
        """The checkpoint, checked: its signature, and that it covers this leaf at this place. Raises BrokenBook."""
        note = head.cosigned or head.note
        try:
            found = notes.TreeHead.parse(notes.verify(note, key)[0])
            witnessed = notes.verify(note, self._witness)[1] if head.cosigned and self._witness else None
        except notes.BadNote as error:
            raise BrokenBook(f"checkpoint {head.size} of {key.name}: {error}") from error
        path = self._path(head.log, seq - 1, head.size)
        covers = merkle.verify_inclusion(leaf, seq - 1, head.size, path, found.root)
        newest = self.entry(head.log, head.size)
        if (found.origin, found.size) != (key.name, head.size) or not covers or newest is None:
            raise BrokenBook(f"checkpoint {head.size} of {key.name} was signed over other facts than are stored")
        return Seal(head.size, found.root, newest.body["at"], path, note, witnessed)

    def _path(self, log: int, index: int, size: int) -> list[bytes]:
        """The inclusion proof of a leaf. A tree splits at powers of two, so above blocks of 256 leaves it is the tree
        over the blocks' roots; those of whole blocks never change and are kept."""
        roots = self._whole(log, size // BLOCK)
        if size % BLOCK:
            roots.append(merkle.root_of(self._leaves(log, size - size % BLOCK, size)))
        first = index - index % BLOCK
        block = self._leaves(log, first, min(first + BLOCK, size))
        return merkle.inclusion_proof(block, index - first) + merkle.inclusion_proof(roots, index // BLOCK)

    def _whole(self, log: int, count: int) -> list[bytes]:
        with self._lock:
            kept = self._roots.setdefault(log, [])
            while len(kept) < count:
                kept.append(merkle.root_of(self._leaves(log, len(kept) * BLOCK, (len(kept) + 1) * BLOCK)))
            return kept[:count]

    def _leaves(self, log: int, first: int, end: int) -> list[bytes]:
        """Leaves ``first`` (from 0) to before ``end``."""
        query = "SELECT leaf FROM fact WHERE log = ? AND seq > ? AND seq <= ? ORDER BY seq"
        found = [row["leaf"] for row in self._reader.db().execute(query, (log, first, end))]
        if len(found) != end - first:
            raise BrokenBook(f"log {log}: facts {first + 1} to {end} are signed, {len(found)} of them are stored")
        return found
