"""What one fact adds to the numbers: sums by log, event and hour, and the newest state of events, devices, batteries.

Every fact that central holds counts once, on whichever line it stands: what a box forgot has happened all the same.
Voids and refunds count against sales, in the hour in which they happen. Training counts nowhere, nor does a fact with
an amount that no box lets through.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.central.boots import is_timed, parsed
from appliance.central.database import Database, Value
from appliance.central.intake import Incoming
from appliance.central.places import Box
from appliance.clock import rfc3339
from appliance.domain.admission import AdmissionUndone, TicketAdmitted, TicketExited, TicketRefused
from appliance.domain.devices import DeviceChanged
from appliance.domain.events import EventClosed, EventCreated, EventOpened
from appliance.domain.footfall import CrossingsCounted
from appliance.domain.kernel import MAX_AMOUNT, Fact
from appliance.domain.power import PowerSampled
from appliance.domain.refunds import MoneyBack, SaleRefunded, SaleVoided
from appliance.domain.sales import SaleCompleted

_HOUR_MS = 3_600_000
_LONGEST = 64
"""Characters of a name in a key: PostgreSQL indexes no more than 2.7 kB a row."""


@dataclass(frozen=True)
class Table:
    """``keys`` beside ``log_id``, and what is added up under them."""

    name: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]

    def upsert(self) -> str:
        """The statement that adds."""
        names = ("log_id", *self.keys, *self.sums)
        more = ", ".join(f"{each} = {self.name}.{each} + excluded.{each}" for each in self.sums)
        return (
            f"INSERT INTO {self.name}({', '.join(names)}) VALUES({', '.join('?' * len(names))}) "
            f"ON CONFLICT({', '.join(('log_id', *self.keys))}) DO UPDATE SET {more}"
        )


_HOUR = ("event", "hour")
SALES = Table("hour_sales", (*_HOUR, "currency"), ("sales", "gross", "net", "tax"))
TAX = Table("hour_tax", (*_HOUR, "currency", "rate"), ("net", "tax", "gross"))
TENDER = Table("hour_tender", (*_HOUR, "currency", "tender"), ("tenders", "amount"))
ITEM = Table("hour_item", (*_HOUR, "currency", "sku", "unit"), ("qty", "gross"))
DOOR = Table("hour_door", (*_HOUR, "list"), ("admitted", "exited", "refused"))
CROSSING = Table("hour_crossing", (*_HOUR, "line"), ("entries", "exits"))
TABLES = (SALES, TAX, TENDER, ITEM, DOOR, CROSSING)

Added = tuple[Table, tuple[str, ...], tuple[int, ...]]


def added(fact: Fact) -> Iterator[Added]:
    """Table, keys behind event and hour, sums; all or nothing of a fact."""
    found = list(_added(fact))
    if all(-MAX_AMOUNT <= number <= MAX_AMOUNT for _, _, sums in found for number in sums):
        yield from found


def _added(fact: Fact) -> Iterator[Added]:
    match fact:
        case SaleCompleted(training=False):
            yield from _sale(fact)
        case SaleVoided(training=False):
            yield from _back(fact, sales=-1)
        case SaleRefunded(training=False):
            yield from _back(fact, sales=0)
        case CrossingsCounted(entrance=True) if fact.in_ >= 0 <= fact.out:
            yield CROSSING, (fact.line,), (fact.in_, fact.out)
        case TicketAdmitted():
            yield DOOR, (fact.list,), (1, 0, 0)
        case TicketExited():
            yield DOOR, (fact.list,), (0, 1, 0)
        case AdmissionUndone():
            yield DOOR, (fact.list,), (-1, 0, 0) if fact.direction == "in" else (0, -1, 0)
        case TicketRefused():
            yield DOOR, (fact.list,), (0, 0, 1)
        case _:
            return


def _sale(fact: SaleCompleted) -> Iterator[Added]:
    net, tax = sum(line.net for line in fact.vat), sum(line.tax for line in fact.vat)
    yield SALES, (fact.currency,), (1, fact.total, net, tax)
    for vat in fact.vat:
        yield TAX, (fact.currency, vat.rate), (vat.net, vat.tax, vat.gross)
    change = fact.change
    for tender in fact.tenders:
        amount = tender.amount
        if tender.kind == "cash":
            amount, change = amount - change, 0
        yield TENDER, (fact.currency, tender.kind), (1, amount)
    for line in fact.lines:
        yield ITEM, (fact.currency, line.sku, line.unit), (line.qty, line.total)


def _back(fact: MoneyBack, sales: int) -> Iterator[Added]:
    """What goes back is less of everything; a voided sale is none."""
    net, tax = sum(line.net for line in fact.vat), sum(line.tax for line in fact.vat)
    yield SALES, (fact.currency,), (sales, -fact.total, -net, -tax)
    for vat in fact.vat:
        yield TAX, (fact.currency, vat.rate), (-vat.net, -vat.tax, -vat.gross)
    for tender in fact.tenders:
        yield TENDER, (fact.currency, tender.kind), (0, -tender.amount)
    for line in fact.lines:
        sign = 1 if line.taken else -1
        yield ITEM, (fact.currency, line.sku, line.unit), (sign * line.qty, sign * line.total)


def hour_of(at: str) -> str:
    """The hour that a fact's time lies in, ``2026-11-23T18:00:00Z``; empty when it is no time."""
    ms = parsed(at)
    return "" if ms is None else rfc3339(ms // _HOUR_MS * _HOUR_MS)[:19] + "Z"


class Rollups:
    """The sums of one transaction, written when it ends."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._sums: dict[Table, dict[tuple[Value, ...], list[int]]] = {table: {} for table in TABLES}

    def add(self, log_id: int, incoming: Incoming, fact: Fact) -> None:
        """A fact that is new to central."""
        hour = hour_of(incoming.at) if is_timed(incoming) else ""
        for table, keys, sums in added(fact):
            key: tuple[Value, ...] = (log_id, *(each[:_LONGEST] for each in (incoming.event, hour, *keys)))
            kept = self._sums[table].setdefault(key, [0] * len(sums))
            for index, number in enumerate(sums):
                kept[index] += number
        self._state(incoming, fact)

    def flush(self) -> None:
        """Write what was added."""
        for table, sums in self._sums.items():
            if sums:
                self._db.many(table.upsert(), [(*key, *numbers) for key, numbers in sums.items()])
                sums.clear()

    def forget(self) -> None:
        """The transaction came to nothing."""
        for sums in self._sums.values():
            sums.clear()

    def _state(self, incoming: Incoming, fact: Fact) -> None:
        box, place = incoming.log.box, (incoming.at[:_LONGEST], incoming.log.number, incoming.seq)
        match fact:
            case EventCreated():
                named = (fact.name, fact.currency, fact.timezone, fact.area_m2, incoming.at[:_LONGEST])
                self._event(box, fact.event, ("name", "currency", "timezone", "area_m2", "created"), named)
            case EventOpened():
                self._event(box, fact.event, ("opened",), place[:1])
            case EventClosed():
                self._event(box, fact.event, ("closed",), place[:1])
            case DeviceChanged():
                values = (box.cell, box.box, fact.device[:_LONGEST], fact.kind, fact.state, fact.reason, *place)
                self._newest("device", "cell, box, device", "kind, state, reason", values)
            case PowerSampled():
                names = "soc_permille, mv, ma, pv_mw, load_mw"
                read = (fact.soc_permille, fact.mv, fact.ma, fact.pv_mw, fact.load_mw)
                self._newest("power", "cell, box", names, (box.cell, box.box, *read, *place))
            case _:
                return

    def _event(self, box: Box, event: str, names: tuple[str, ...], values: tuple[str, ...]) -> None:
        all_names = ("name", "currency", "timezone", "area_m2", "created", "opened", "closed")
        row = [dict(zip(names, values, strict=True)).get(name, "") for name in all_names]
        self._db.run(
            f"INSERT INTO event(cell, box, event, {', '.join(all_names)}) "
            f"VALUES(?, ?, ?{', ?' * len(all_names)}) ON CONFLICT(cell, box, event) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in names),
            (box.cell, box.box, event[:_LONGEST], *row),
        )

    def _newest(self, table: str, keys: str, names: str, values: tuple[Value, ...]) -> None:
        every = f"{keys}, {names}, at, log, seq"
        sets = ", ".join(f"{name} = excluded.{name}" for name in f"{names}, at, log, seq".split(", "))
        self._db.run(
            f"INSERT INTO {table}({every}) VALUES({', '.join('?' * len(values))}) "
            f"ON CONFLICT({keys}) DO UPDATE SET {sets} "
            f"WHERE (excluded.log, excluded.seq) >= ({table}.log, {table}.seq)",
            values,
        )
