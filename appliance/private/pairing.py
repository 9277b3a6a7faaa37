"""Devices that may reach the till on the guests' air, in DATA/secrets.db: a code of the lead's for a cookie, once.

A code has 50 bits, is good for ten minutes of the monotonic clock and for one device. The form that it is typed into
has an identity of its own: sent twice, because it was tapped twice or the answer was lost, it pairs once, and the
cookie of the last answer counts.
"""

import hashlib
import re
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from appliance.clock import Clock
from appliance.errors import Problem, invalid
from appliance.ids import new_id
from appliance.language import N_
from appliance.private import brakes

CODE_S = 600
"""Seconds that a code is good for."""
COOKIE_S = 397 * 24 * 3600
"""Seconds that a browser keeps the cookie; each sign-in begins them anew."""
MOST = 200
"""Devices that can be paired at a time."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that is read as something else
_READ_AS = str.maketrans("OIL", "011")
_LETTERS = 10
_CODES = 20
_NAME = re.compile(r"[^\W_][\w .'-]{0,29}")
# Beside the tables of `secrets`, whose version they do not change: a file from before gets them here.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS pairing (hash BLOB PRIMARY KEY, name TEXT NOT NULL, staff TEXT NOT NULL,
        boot TEXT NOT NULL, mono INTEGER NOT NULL, form BLOB, device TEXT) STRICT""",
    """CREATE TABLE IF NOT EXISTS paired (id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
        staff TEXT NOT NULL, wall_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT""",
)

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(frozen=True)
class Device:
    """A paired device. ``name``: as the lead called it; ``staff``: the id of who let it in; times in Unix ms of the
    box's clock, ``seen_ms`` of its last sign-in, 0 before the first."""

    id: str
    name: str
    staff: str
    wall_ms: int
    seen_ms: int


class Pairings:
    """The codes and the devices; thread-safe as the transactions are that it is given."""

    def __init__(self, writing: Transaction, reading: Transaction, clock: Clock) -> None:
        self._writing, self._reading, self._clock = writing, reading, clock
        with writing() as db:
            for table in _SCHEMA:
                db.execute(table)

    def new_code(self, name: str, staff: str) -> str:
        """A code for a device of that name, as it is typed: two groups of five. Raises ``validation``."""
        name = " ".join(unicodedata.normalize("NFC", name).split())
        if not _NAME.fullmatch(name):
            raise invalid(
                "name: wants 1 to 30 letters, digits, spaces, dots, dashes", "Call it as everybody here does."
            )
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))
        now = self._clock()
        with self._writing() as db:
            self._forget(db)
            (count,) = db.execute("SELECT count(*) FROM paired").fetchone()
            if count >= MOST:
                raise Problem("too-many-devices", f"{count} devices are paired", "Unpair those that nobody uses.")
            insert = "INSERT INTO pairing (hash, name, staff, boot, mono) VALUES (?, ?, ?, ?, ?)"
            db.execute(insert, (_sha256(code), name, staff, now.boot, now.mono))
            newest = "SELECT hash FROM pairing ORDER BY mono DESC, rowid DESC LIMIT ?"
            db.execute(f"DELETE FROM pairing WHERE hash NOT IN ({newest})", (_CODES,))  # noqa: S608 -- our own words
        half = _LETTERS // 2
        return f"{code[:half]}-{code[half:]}"

    def pair(self, code: str, form: str, address: str) -> str:
        """The cookie of a new device. ``form``: the identity of the form that the code was typed into; ``address``:
        where it comes from. Raises ``wrong-code``, ``throttled``."""
        key, now, cookie = f"pair {address}", self._clock(), secrets.token_urlsafe(32)
        with self._writing() as db:
            self._forget(db)
            brakes.forget(db, now)
            wait = brakes.left(db, key, now)
            if wait <= 0:
                if self._take(db, _normal(code), _sha256(form), cookie):
                    brakes.let_go(db, key)
                    return cookie
                wait = brakes.count_wrong(db, key, now)
        if wait > 0:
            raise brakes.throttled(wait, "too many wrong codes on this device")
        remedy = N_("Type it again, or let the lead make a new one: it is good for ten minutes, and once.")
        raise Problem("wrong-code", "this code is not good, or no longer", remedy)

    def device(self, cookie: str) -> Device | None:
        """Whose cookie this is; None: nobody's, or no longer."""
        with self._reading() as db:
            row = db.execute(f"{_DEVICE} WHERE hash = ?", (_sha256(cookie),)).fetchone()
        return None if row is None else Device(*row)

    def seen(self, cookie: str) -> None:
        """Somebody signs in on this device."""
        with self._writing() as db:
            db.execute("UPDATE paired SET seen_ms = ? WHERE hash = ?", (self._clock().wall_ms, _sha256(cookie)))

    def devices(self) -> list[Device]:
        """All of them, the newest first."""
        with self._reading() as db:
            return [Device(*row) for row in db.execute(f"{_DEVICE} ORDER BY rowid DESC")]

    def unpair(self, device: str) -> None:
        """Its cookie is worth nothing from now on; may be called twice."""
        with self._writing() as db:
            db.execute("DELETE FROM paired WHERE id = ?", (device,))
            db.execute("DELETE FROM pairing WHERE device = ?", (device,))

    def _take(self, db: sqlite3.Connection, code: str, form: bytes, cookie: str) -> bool:
        query = "SELECT name, staff, form, device FROM pairing WHERE hash = ?"
        row = db.execute(query, (_sha256(code),)).fetchone()
        if row is None:
            return False
        name, staff, before, device = row
        if device is not None:
            again = "UPDATE paired SET hash = ? WHERE id = ?"
            return bool(before == form and db.execute(again, (_sha256(cookie), device)).rowcount)
        device, at = new_id("pd-"), self._clock().wall_ms
        db.execute("INSERT INTO paired VALUES (?, ?, ?, ?, ?, 0)", (device, _sha256(cookie), name, staff, at))
        db.execute("UPDATE pairing SET form = ?, device = ? WHERE hash = ?", (form, device, _sha256(code)))
        return True

    def _forget(self, db: sqlite3.Connection) -> None:
        now = self._clock()
        over = now.mono - CODE_S * 1_000_000
        db.execute("DELETE FROM pairing WHERE boot <> ? OR mono <= ?", (now.boot, over))


_DEVICE = "SELECT id, name, staff, wall_ms, seen_ms FROM paired"


def _normal(code: str) -> str:
    """As it was made, whatever somebody took a letter for."""
    return "".join(filter(str.isalnum, code[:40].upper())).translate(_READ_AS)


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
