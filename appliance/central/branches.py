"""Which line of a log is the box's own, when central holds more than one.

A box that fell back to an older copy of its data goes on from there: from the fork on its log has another line than the
one that came here first. Nothing in a fact says which line it belongs to; a signed root does. So the facts beside the
main line are put together, place by place, until the root over them is the one that the box names: in the first fact of
its next log (`log.started`, the line is kept as such), or in a checkpoint that goes on from the main line (which then
grows). Nothing here guesses: a line that does not come to its root is not held.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.central.database import Row
from appliance.central.logs import Before, Logs, Tail, again, previous, root_after
from appliance.domain.box import LogStarted
from appliance.journal import merkle, notes

_STEPS = 500_000
"""Facts that one search may look at: with few lines it is one pass over each."""

_MAIN = ("", 0)
Lane = tuple[str, int]


@dataclass(frozen=True)
class _Place:
    """A fact at its place. ``row``: of ``waiting``; None on the main line."""

    leaf: bytes
    row: Row | None


Lanes = dict[Lane, dict[int, _Place]]
Path = list[tuple[int, _Place]]


class Branches(Logs):
    """The part of the store that knows lines."""

    def settle(self, tail: Tail, at_ms: int) -> bool:
        """Whether all that a log's own first fact says of the past is here, on whatever line. Logs are asked in their
        order, so that what is held once rests on what is held."""
        if tail.before is None:
            return tail.size > 0
        if not tail.held and (line := self._holds(tail.before, at_ms, news=tail.touched)) is not None:
            tail.held, tail.line = True, line or None
            tail.touch()
        return tail.held

    def extend(self, tail: Tail, head: notes.TreeHead, at_ms: int) -> bool:
        """Go on with the main line of a forked log up to a tree head that the box signed; whether it leads there."""
        if not tail.forked or head.size <= tail.size or not self._covered(tail, head.size):
            return False
        path = self._search(tail, head.size, head.root, tail.size)
        if path is None:
            return False
        beside = [place.row for _, place in path if place.row is not None]
        for row in beside:
            self.append(tail, again(tail, row), at_ms)
        self.remove(tail, [(row["n"],) for row in beside])
        return True

    # Whether a past is here

    def _holds(self, past: Before, at_ms: int, *, news: bool) -> int | None:
        """0 when it is on the main line, else the line's id; None while it is not here. ``news``: who asks is new."""
        tail = self.find(past.log)
        if tail is None:
            return None
        root = self.root(tail, past.size)
        if root is not None and root.hex() == past.root:
            return 0 if past.size == 0 or self.settle(tail, at_ms) else None
        self.flush(tail)
        row = self.db.row(
            "SELECT id FROM line WHERE log_id = ? AND size = ? AND root = ?", (tail.id, past.size, past.root)
        )
        if row is not None:
            return int(row["id"])
        return self._assemble(tail, past, at_ms) if news or tail.touched else None

    def _assemble(self, tail: Tail, past: Before, at_ms: int) -> int | None:
        try:
            wanted = bytes.fromhex(past.root)
        except ValueError:
            return None
        if not self._covered(tail, past.size):
            return None
        path = self._search(tail, past.size, wanted, 0)
        if path is None or not self._first_holds(tail, path, at_ms):
            return None
        self._cut(tail, path)
        return self._keep(tail, past, path, at_ms)

    def _first_holds(self, tail: Tail, path: Path, at_ms: int) -> bool:
        """A line of its own from the first fact on has a past of its own."""
        seq, place = path[0]
        if seq > 1 or place.row is None:
            return self.settle(tail, at_ms)
        fact = again(tail, place.row).fact()
        before = previous(tail.log, fact.previous) if isinstance(fact, LogStarted) else None
        return before is None or self._holds(before, at_ms, news=True) is not None

    def _keep(self, tail: Tail, past: Before, path: Path, at_ms: int) -> int:
        """The line, as far as it is not the main one, with its roots."""
        frontier = self._frontier(tail, path[0][0] - 1)
        fork, rows = past.size, []
        for seq, place in path:
            frontier.append(place.leaf)
            if place.row is not None:
                fork = min(fork, seq - 1)
                rows.append((seq, place.leaf, frontier.root()))
        (line,) = self.db.rows(
            "INSERT INTO line(log_id, size, root, fork, at_ms) VALUES(?, ?, ?, ?, ?) RETURNING id",
            (tail.id, past.size, past.root, fork, at_ms),
        )
        self.db.many("INSERT INTO line_fact VALUES(?, ?, ?, ?)", [(line["id"], *row) for row in rows])
        return int(line["id"])

    def _cut(self, tail: Tail, path: Path) -> None:
        """Where the line comes back to the main one, the main one is not what any box ever had: facts of this line came
        before those that part it from the main one, and were taken for its end. They go beside it, unless central
        has cosigned them."""
        left = next((seq for seq, place in path if place.row is not None), None)
        seq = next((seq for seq, place in path if left is not None and seq > left and place.row is None), None)
        if seq is None:
            return
        cosigned = self.db.row(
            "SELECT 1 AS here FROM checkpoint WHERE log_id = ? AND state = 'cosigned' AND size >= ?", (tail.id, seq)
        )
        if cosigned is not None:
            return
        tail.frontier = self._frontier(tail, seq - 1)
        moved = self.db.rows(
            "SELECT seq, leaf, body, at_ms FROM fact WHERE log_id = ? AND seq >= ? ORDER BY seq", (tail.id, seq)
        )
        self.db.run("DELETE FROM fact WHERE log_id = ? AND seq >= ?", (tail.id, seq))
        for row in moved:
            self.put_aside(tail, again(tail, row), row["at_ms"])
        self.flush(tail)
        for index, (at, place) in enumerate(path):
            if at >= seq and place.row is None:
                path[index] = (at, _Place(place.leaf, {"seq": at, "leaf": place.leaf}))

    # Putting a line together

    def _covered(self, tail: Tail, size: int) -> bool:
        """Whether there is a fact for every place up to ``size``: what a search costs is spent only then."""
        self.flush(tail)
        row = self.db.row(
            "SELECT count(DISTINCT seq) AS n FROM waiting WHERE log_id = ? AND seq > ? AND seq <= ?",
            (tail.id, tail.size, size),
        )
        return row is not None and row["n"] == max(0, size - tail.size)

    def _search(self, tail: Tail, size: int, root: bytes, main: int) -> Path | None:
        """The places behind the first ``main`` facts, or behind the first that is doubtful, up to ``size``, so that the
        root over all is ``root``."""
        lanes = self._lanes(tail, size, main)
        low = min((seq for places in lanes.values() for seq in places), default=size + 1)
        if low > size:
            return None
        budget = _STEPS
        open_ends: list[tuple[int, Lane, merkle.Frontier, list[tuple[int, Lane]]]] = []
        start = self._frontier(tail, low - 1)
        for lane in _next(lanes, low, None):
            open_ends.append((low, lane, start.copy(), [(low, lane)]))
        while open_ends and budget > 0:
            seq, lane, frontier, turns = open_ends.pop()
            while True:
                budget -= 1
                frontier.append(lanes[lane][seq].leaf)
                if seq == size or budget <= 0:
                    break
                seq += 1
                options = _next(lanes, seq, lane)
                if not options:
                    break
                for other in options[1:]:
                    open_ends.append((seq, other, frontier.copy(), [*turns, (seq, other)]))
                if options[0] != lane:
                    lane = options[0]
                    turns.append((seq, lane))
            if frontier.size == size and frontier.root() == root:
                return _path(lanes, turns, size)
        return None

    def _lanes(self, tail: Tail, size: int, main: int) -> Lanes:
        """The facts behind the first ``main``, in lanes that one machine may have written: those of one boot, and where
        two of a boot claim a place, the earlier and the later. The main line is a lane from the first doubt on."""
        rows = self.db.rows(
            "SELECT n, seq, leaf, boot, mono, body FROM waiting WHERE log_id = ? AND seq > ? AND seq <= ? "
            "ORDER BY seq, mono, n",
            (tail.id, main, size),
        )
        lanes: Lanes = defaultdict(dict)
        rank: dict[tuple[int, str], int] = defaultdict(int)
        for row in rows:
            place = (row["seq"], row["boot"])
            rank[place] += 1
            lanes[row["boot"], rank[place]][row["seq"]] = _Place(row["leaf"], row)
        if rows and rows[0]["seq"] <= tail.size:
            query = "SELECT seq, leaf FROM fact WHERE log_id = ? AND seq >= ? AND seq <= ?"
            for row in self.db.rows(query, (tail.id, rows[0]["seq"], size)):
                lanes[_MAIN][row["seq"]] = _Place(row["leaf"], None)
        return lanes

    def _frontier(self, tail: Tail, size: int) -> merkle.Frontier:
        """Over the first ``size`` facts of the main line."""
        if size == tail.size:
            return tail.frontier.copy()
        self.flush(tail)
        query = "SELECT leaf FROM fact WHERE log_id = ? AND seq <= ? ORDER BY seq"
        return root_after(row["leaf"] for row in self.db.rows(query, (tail.id, size)))


def _next(lanes: Lanes, seq: int, lane: Lane | None) -> list[Lane]:
    """The lanes that may hold the next place of a line which came along ``lane``: itself and those that begin there;
    where it ends, all."""
    there = [other for other, places in lanes.items() if seq in places]
    if lane is None or seq not in lanes[lane]:
        return there
    return [lane, *(other for other in there if other != lane and seq - 1 not in lanes[other])]


def _path(lanes: Lanes, turns: list[tuple[int, Lane]], size: int) -> Path:
    ends = [*(seq for seq, _ in turns[1:]), size + 1]
    return list(_places(lanes, turns, ends))


def _places(lanes: Lanes, turns: list[tuple[int, Lane]], ends: list[int]) -> Iterator[tuple[int, _Place]]:
    for (begin, lane), end in zip(turns, ends, strict=True):
        for seq in range(begin, end):
            yield seq, lanes[lane][seq]
