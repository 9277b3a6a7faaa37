"""Shops' files on their way into a list: looked at, confirmed by a person, carried out part by part.

They are full of names, so they live in this process's memory alone: few at a time, not for long, wiped when done.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import DataError, Problem, invalid
from appliance.files import codes
from appliance.files.codes import LARGEST, Columns, Table
from appliance.files.imports import Piece, pieces
from appliance.ids import new_id

MOST = 3
KEPT_S = 15 * 60.0
STEP_S = 0.5
SHOWN = 100
"""Rows that are named with what is wrong with them; the others are counted."""
ROOM = 2 * LARGEST
"""Bytes that all files may take, each as it came and once more as text: the till's unit has little memory, and is never
to fall for the sake of a list."""

_QUIET_S = 60.0  # a file that nobody touched for so long makes room for another
_ENDED = 20  # imports whose last answer is kept for whoever did not hear it
_WAIT_S = 2.0
_WIDE = re.compile(rb"[\xf0-\xf4]")

Send = Callable[[str, dict[str, Any], str], dict[str, Any]]
"""Has a command carried out: its name, its data, its id → the recorder's answer."""


@dataclass
class _Run:
    """An import that has begun. ``piece``: read, and not yet answered by the recorder; ``part``: the last one that was
    answered, with ``answer``."""

    into: str
    columns: Columns
    pieces: Iterator[Piece]
    piece: Piece | None = None
    part: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=lambda: {"imported": 0, "known": 0, "changed": 0})
    left_out: int = 0
    faults: list[codes.RowFault] = field(default_factory=list)
    line: int = 0


@dataclass
class Upload:
    """A file that somebody chose. ``raw`` and ``table`` are None once all of it was carried out; ``weight``: bytes that
    it takes; ``touched``: seconds of the monotonic clock."""

    id: str
    owner: str
    key: str
    name: str
    raw: bytes | None
    table: Table | None
    rows: int
    weight: int
    touched: float
    run: _Run | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wipe(self) -> None:
        """Forget what is personal; the answer to the last part stays."""
        self.raw, self.table, self.weight = None, None, 0
        if self.run is not None:
            self.run.pieces, self.run.piece = iter(()), None


class Uploads:
    """The files of all people who work here; ``monotonic``: seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._all: dict[str, Upload] = {}
        self._lock = threading.Lock()
        self._taking = threading.Lock()

    def take(self, owner: str, key: str, name: str, size: int, body: Callable[[], bytes]) -> Upload:
        """Keep a file and look at it; the same key with the same bytes is the same file.

        One at a time: the body is read only when its turn has come. Raises Problem: ``too-large``, ``busy``,
        ``key-reused``, ``validation`` with what was found instead of a list.
        """
        if size > LARGEST:
            raise _too_large(LARGEST)
        with self._turn(self._taking):
            raw = body()
            found = next((one for one in self._live() if (one.owner, one.key) == (owner, key)), None)
            if found is not None:
                if (found.raw, found.name) != (raw, name):
                    raise Problem("key-reused", "this key was used for another file", "Mint a new key.")
                return found
            weight = len(raw) * (times := _times(raw))
            if weight > ROOM:
                raise _too_large(ROOM // times)
            self._make_room(weight)
            try:
                table = codes.look(raw, name)
            except DataError as error:
                raise _unread(error) from error
            upload = Upload(new_id(), owner, key, name, raw, table, table.rows, weight, self._monotonic())
            with self._lock:
                self._all[upload.id] = upload
            return upload

    def step(self, owner: str, file: str, part: int, list_: str, columns: Columns, send: Send) -> dict[str, Any]:
        """Carry out as much as fits in half a second; the sums so far.

        The part that was answered last is answered again, and part 1 begins anew. Whatever was raised on the way
        (RecorderDown, Problem): the same part again goes on where this one ended.
        """
        upload = self._get(owner, file)
        with self._turn(upload.lock):
            run = upload.run
            if run is None or (run.into, run.columns) != (list_, columns) or (part == 1 and run.part > 1):
                run = self._begin(upload, part, list_, columns)
            if part == run.part:
                return run.answer
            if part != run.part + 1:
                detail = f"part {part}: the last one was {run.part}"
                raise invalid(detail, f"Send part {run.part + 1}, or begin again with part 1; nothing is doubled.")
            more = self._carry_out(run, send, self._monotonic() + STEP_S)
            run.part, run.answer = part, _answer(run, upload.rows, part + 1 if more else None)
            if not more:
                upload.wipe()
            upload.touched = self._monotonic()
            return run.answer

    def drop(self, owner: str, file: str) -> None:
        """Forget a file; what was imported of it stays."""
        upload = self._get(owner, file)
        with self._turn(upload.lock), self._lock:
            upload.wipe()
            self._all.pop(file, None)

    def _begin(self, upload: Upload, part: int, list_: str, columns: Columns) -> _Run:
        if upload.raw is None or upload.table is None:
            raise _gone()
        if part != 1:
            raise invalid(f"part {part}: nothing was begun with this list and these columns", "Begin with part 1.")
        try:
            codes.check_columns(upload.table, columns)
            ident = f"imp-{upload.id}-{new_id(chars=6)}"
            found = pieces(upload.raw, upload.name, columns, list_, ident)
        except DataError as error:
            raise _unread(error) from error
        upload.run = _Run(list_, columns, found)
        return upload.run

    def _carry_out(self, run: _Run, send: Send, until: float) -> bool:
        """Whether there is more to do."""
        while True:
            if run.piece is None:
                run.piece = next(run.pieces, None)
                if run.piece is None:
                    return False
            piece = run.piece
            if piece.data["tickets"]:
                answer = send("tickets.import", piece.data, piece.id)
                run.sums = {name: so_far + answer[name] for name, so_far in run.sums.items()}
            run.piece = None
            run.left_out += len(piece.faults)
            run.faults += piece.faults[: SHOWN - len(run.faults)]
            run.line = piece.line
            if self._monotonic() >= until:
                return True

    def _live(self) -> list[Upload]:
        """Those that are kept, oldest touch first; the others go now."""
        now = self._monotonic()
        with self._lock:
            ended = [one.id for one in self._all.values() if one.raw is None][:-_ENDED]
            for one in [*self._all.values()]:
                if one.id in ended or now - one.touched > KEPT_S:
                    self._all.pop(one.id).wipe()
            return sorted(self._all.values(), key=lambda one: one.touched)

    def _get(self, owner: str, file: str) -> Upload:
        upload = next((one for one in self._live() if (one.owner, one.id) == (owner, file)), None)
        if upload is None:
            raise _gone()
        upload.touched = self._monotonic()
        return upload

    def _make_room(self, weight: int) -> None:
        held = [one for one in self._live() if one.raw is not None]
        while len(held) >= MOST or sum(one.weight for one in held) + weight > ROOM:
            oldest = held.pop(0)
            if self._monotonic() - oldest.touched < _QUIET_S:
                detail = "other files are being imported at the moment, and there is no room for one more"
                raise Problem("busy", detail, "Wait until one of them is done, then choose the file again.")
            with self._lock:
                self._all.pop(oldest.id, None)
                oldest.wipe()

    @contextmanager
    def _turn(self, lock: threading.Lock) -> Iterator[None]:
        """Threads are few: who waits long is told so, and asks again."""
        if not lock.acquire(timeout=_WAIT_S):
            raise Problem("busy", "another file is being read at the moment", "Ask again.", retry_after=1)
        try:
            yield
        finally:
            lock.release()


def _times(raw: bytes) -> int:
    """How often its own size a file takes, with its text: that has one, two or four bytes a character, as the widest
    one wants."""
    if raw.isascii() or raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return 2
    return 5 if _WIDE.search(raw) else 3


def _answer(run: _Run, rows: int, following: int | None) -> dict[str, Any]:
    faults = [{"line": fault.line, "why": fault.why, "remedy": fault.remedy} for fault in run.faults]
    return {
        **run.sums,
        "left_out": run.left_out,
        "faults": faults,
        "line": run.line,
        "rows": rows,
        "next": following,
    }


def _unread(error: DataError) -> Problem:
    return Problem("validation", str(error), error.remedy)


def _too_large(most: int) -> Problem:
    detail = f"such a file has at most {most // 1024 // 1024} MB"
    return Problem("too-large", detail, "Split it, and import the parts one after the other.")


def _gone() -> Problem:
    return Problem(
        "not-found", "this file is no longer kept here", "Choose the file again; nothing is doubled.", gone=True
    )
