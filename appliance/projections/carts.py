"""Parked carts: which wait, and who took or dropped the others."""

import json
import sqlite3
from typing import Any

import msgspec

from appliance.domain.carts import (
    Cart,
    CartDropped,
    CartKnown,
    CartParked,
    CartTaken,
    DropCart,
    ParkCart,
    ParkingKnown,
    TakeCart,
    shown,
)
from appliance.journal.records import Record
from appliance.projections import events
from appliance.projections.registry import Surroundings, folds, knows

TABLES = """
CREATE TABLE p_cart(
  cart TEXT PRIMARY KEY, pos INTEGER NOT NULL, event TEXT NOT NULL, name TEXT NOT NULL,
  state TEXT NOT NULL, ended_by TEXT) STRICT;
CREATE INDEX p_cart_waiting ON p_cart(event, pos) WHERE state = 'parked';
"""


@folds(CartParked)
def parked(db: sqlite3.Connection, record: Record, fact: CartParked) -> None:
    """A cart waits."""
    row = (fact.cart, record.pos, record.body["event"], fact.name)
    db.execute("INSERT INTO p_cart VALUES(?, ?, ?, ?, 'parked', NULL)", row)


@folds(CartTaken)
def taken(db: sqlite3.Connection, record: Record, fact: CartTaken) -> None:
    """A till has it."""
    _end(db, record, fact.cart, "taken")


@folds(CartDropped)
def dropped(db: sqlite3.Connection, record: Record, fact: CartDropped) -> None:
    """Nobody wants it."""
    _end(db, record, fact.cart, "dropped")


def _end(db: sqlite3.Connection, record: Record, cart: str, state: str) -> None:
    db.execute("UPDATE p_cart SET state = ?, ended_by = ? WHERE cart = ?", (state, record.body["actor"], cart))


def waiting(db: sqlite3.Connection, event: str) -> list[dict[str, Any]]:
    """The carts of an event that wait, the oldest first, as the API gives them, their notes by reference."""
    rows = db.execute("SELECT cart FROM p_cart WHERE state = 'parked' AND event = ? ORDER BY pos", (event,)).fetchall()
    found = [get(db, row["cart"]) for row in rows]
    return [shown(cart) for cart in found if cart is not None]


def names(db: sqlite3.Connection, event: str) -> dict[str, str]:
    """Id → name of the carts of an event that wait, the oldest first."""
    rows = db.execute("SELECT cart, name FROM p_cart WHERE state = 'parked' AND event = ? ORDER BY pos", (event,))
    return {row["cart"]: row["name"] for row in rows}


def get(db: sqlite3.Connection, cart: str) -> Cart | None:
    """A cart as it is now, whatever became of it."""
    row = db.execute(
        "SELECT c.event, c.state, c.ended_by, f.body FROM p_cart c JOIN fact f ON f.pos = c.pos WHERE c.cart = ?",
        (cart,),
    ).fetchone()
    if row is None:
        return None
    body = json.loads(row["body"])
    fact = msgspec.convert(body["data"], CartParked)
    return Cart(row["event"], fact, body["actor"], body["at"], row["state"], row["ended_by"])


@knows("cart.park")
def for_parking(db: sqlite3.Connection, ask: ParkCart, around: Surroundings) -> ParkingKnown:
    """The event, and the names that are in use."""
    event = events.current(db)
    return ParkingKnown(event, frozenset(names(db, event.event if event else "").values()))


@knows("cart.take", "cart.drop")
def for_ending(db: sqlite3.Connection, ask: TakeCart | DropCart, around: Surroundings) -> CartKnown:
    """The event and the cart."""
    return CartKnown(events.current(db), get(db, ask.cart))
