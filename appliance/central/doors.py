"""The same ticket at two boxes of one event: what no box can know while it is offline, and central finds later."""

from appliance.central.boots import is_timed, mono_ms, parsed
from appliance.central.database import Database, Value
from appliance.central.intake import Incoming
from appliance.domain.admission import AdmissionUndone, TicketAdmitted, TicketExited
from appliance.domain.kernel import Fact
from appliance.domain.lists import ListDefined

KINDS = frozenset({"list.defined/1", "ticket.admitted/1", "ticket.exited/1", "admission.undone/1"})
"""What concerns other boxes of the event too: a batch with one of these is taken under the event's lock."""

_LONGEST = 64


class Doors:
    """Who went through which door. ``doubled`` holds each ticket that went in at two boxes with no exit in between;
    whether its list allows that is looked at when it is shown, for the list's definition may come last. A movement
    without a trusted time stands in no order of its own: `doubled_untimed` looks at its ticket when it is asked."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._moved: dict[tuple[str, str], list[tuple[Value, ...]]] = {}
        self._undone: list[tuple[Value, ...]] = []
        self._found_ms = 0

    def note(self, log_id: int, incoming: Incoming, fact: Fact, at_ms: int) -> None:
        """A fact that is new to central."""
        event = incoming.event[:_LONGEST]
        match fact:
            case TicketAdmitted() | TicketExited():
                box, ticket = incoming.log.box, fact.ticket[:_LONGEST]
                who = (event, ticket, box.cell, box.box, incoming.id[:_LONGEST])
                what = (fact.list[:_LONGEST], int(isinstance(fact, TicketAdmitted)), fact.gate, incoming.at, log_id)
                when = (parsed(incoming.at) or 0, "" if is_timed(incoming) else incoming.boot[:_LONGEST])
                moved = (*who, *what, *when, mono_ms(incoming) or 0, at_ms)
                self._moved.setdefault((event, ticket), []).append(moved)
                self._found_ms = at_ms
            case AdmissionUndone():
                ticket = fact.ticket[:_LONGEST]
                self._undone.append((event, ticket, log_id, fact.of[:_LONGEST]))
                self._moved.setdefault((event, ticket), [])
                self._found_ms = at_ms
            case ListDefined():
                self._db.run(
                    "INSERT INTO entry_list VALUES(?, ?, ?) ON CONFLICT(event, list) DO UPDATE SET "
                    # Boxes that disagree: the strictest counts, whoever comes first.
                    "entry = CASE WHEN excluded.entry > entry_list.entry THEN excluded.entry ELSE entry_list.entry END",
                    (event, fact.list[:_LONGEST], fact.entry),
                )
            case _:
                return

    def flush(self) -> None:
        """Write the movements, and look at each ticket that moved."""
        if not self._moved:
            return
        rows = [row for rows in self._moved.values() for row in rows]
        self._db.many(f"INSERT INTO movement VALUES({', '.join('?' * 14)}) ON CONFLICT DO NOTHING", rows)
        self._db.many("DELETE FROM movement WHERE event = ? AND ticket = ? AND log_id = ? AND id = ?", self._undone)
        for event, ticket in self._moved:
            self._judge(event, ticket)
        self.forget()

    def forget(self) -> None:
        """What was written, or came to nothing."""
        self._moved.clear()
        self._undone.clear()

    def _judge(self, event: str, ticket: str) -> None:
        self._db.run("DELETE FROM doubled WHERE event = ? AND ticket = ?", (event, ticket))
        rows = self._db.rows(
            "SELECT cell, box, list, entered, gate, at, boot FROM movement WHERE event = ? AND ticket = ? "
            "ORDER BY wall_ms, cell, box, id",
            (event, ticket),
        )
        if len({(row["cell"], row["box"]) for row in rows}) < 2 or any(row["boot"] for row in rows):
            return
        inside = None
        for row in rows:
            if not row["entered"]:
                inside = None
            elif inside is None:
                inside = row
            elif (row["cell"], row["box"]) != (inside["cell"], inside["box"]):
                first = tuple(inside[key] for key in ("cell", "box", "gate", "at"))
                second = tuple(row[key] for key in ("cell", "box", "gate", "at"))
                values = (event, ticket, row["list"], *first, *second, self._found_ms)
                self._db.run("INSERT INTO doubled VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
                return
