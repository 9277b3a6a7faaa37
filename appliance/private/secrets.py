"""DATA/secrets.db: who may sign in. Hashes of PINs, tokens and cookies; the till's and the command line's.

Signing in is by PIN alone, so a PIN names its person: all PINs share the box's random salt, and their argon2
hashes stand in a UNIQUE column. One argon2 run finds the person or nobody, at the same cost either way and
however many staff there are; and two people can never have one PIN. That a PIN is taken shows only to `add`,
which needs write access to this file; it names nobody, and a PIN that the box draws is redrawn in silence.

A lock-out is kept per device. Beside it a slower brake counts what a right PIN does not forgive: wrong PINs
of a device that signed in before, else of all unknown devices at one network address. So neither a made-up
device cookie nor somebody's own right PIN in between buys more guesses, and a stranger locks no known till.
"""

import hashlib
import os
import re
import secrets
import sqlite3
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from appliance.clock import Clock, Now
from appliance.errors import Problem
from appliance.ids import new_id
from appliance.private import brakes
from appliance.private.pairing import Pairings

Role = Literal["lead", "cashier", "door"]
ROLES: tuple[Role, ...] = get_args(Role)

SESSION_S = 12 * 3600
"""Seconds from signing in to having to sign in again; of an approval, until it is used."""

_VERSION = 1
_PIN = re.compile(r"[0-9]{4,8}")
_WAITING = 4  # sign-ins that may queue for argon2; more are told to come back
_SESSIONS_EACH = 30
_DEVICES = 1000
_APPROVALS = 1000
_SCHEMA = f"""
CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE staff (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
    pin BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE token (hash BLOB PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff ON DELETE CASCADE) STRICT;
CREATE TABLE session (hash BLOB PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff ON DELETE CASCADE,
    csrf TEXT NOT NULL, boot TEXT NOT NULL, mono INTEGER NOT NULL, wall_ms INTEGER NOT NULL) STRICT;
CREATE TABLE device (hash BLOB PRIMARY KEY) STRICT;
{brakes.SCHEMA}
PRAGMA user_version = {_VERSION};
"""
_ADDED = """
CREATE TABLE IF NOT EXISTS approval (hash BLOB PRIMARY KEY, staff TEXT NOT NULL, command TEXT, boot TEXT NOT NULL,
    mono INTEGER NOT NULL, wall_ms INTEGER NOT NULL) STRICT
"""
"""Tables of later releases: a release before them reads the file all the same, as after an update that is undone."""


@dataclass(frozen=True)
class Staff:
    """One person who works here. ``id`` is what the journal's ``actor`` shows."""

    id: str
    name: str
    role: Role


@dataclass(frozen=True)
class SignedIn:
    """Who asks. ``csrf``: what a write by cookie has to repeat; None when a bearer token was shown."""

    staff: Staff
    csrf: str | None


@dataclass(frozen=True)
class Grant:
    """A sign-in that worked. ``cookie`` and ``device`` go to the browser and are kept nowhere else;
    ``device`` is None when the browser's device cookie was good already."""

    staff: Staff
    csrf: str
    cookie: str
    device: str | None


class Secrets:
    """The open file. Thread-safe; other processes may have it open too."""

    def __init__(self, data: Path, clock: Clock) -> None:
        """Makes DATA/secrets.db (mode 0600) when it is not there. ValueError: written by a newer Boothkit."""
        path = data / "secrets.db"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._clock = clock
        self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        self._lock = threading.Lock()
        self._argon2 = threading.Lock()
        self._queue = threading.BoundedSemaphore(_WAITING)
        # The file of the rollback journal stays, empty: on the box the till may write it, but make no files beside it.
        self._db.execute("PRAGMA journal_mode = TRUNCATE")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        with self._writing() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                db.execute("INSERT INTO setting VALUES ('salt', ?)", (secrets.token_bytes(16),))
            elif version != _VERSION:
                raise ValueError(f"{path} has version {version}, this Boothkit reads {_VERSION}")
            for statement in _ADDED.split(";"):
                db.execute(statement)
            self._salt: bytes = db.execute("SELECT value FROM setting WHERE key = 'salt'").fetchone()[0]
        self.pairings = Pairings(self._writing, self._reading, clock)

    def close(self) -> None:
        """May be called twice."""
        self._db.close()

    def add(self, name: str, role: Role, pin: str | None = None) -> tuple[Staff, str]:
        """A new person and the PIN: the one given (4 to 8 digits), else six digits that the box draws.

        ValueError: a name that is empty, too long or taken, or a PIN that cannot be given.
        """
        name = unicodedata.normalize("NFC", name).strip()
        if not 1 <= len(name) <= 40 or not name.isprintable():
            raise ValueError("a name has 1 to 40 printable characters")
        if pin is not None and not _PIN.fullmatch(pin):
            raise ValueError("a PIN has 4 to 8 digits")
        staff = Staff(new_id("s"), name, role)
        while True:
            chosen = pin if pin is not None else f"{secrets.randbelow(10**6):06}"
            hashed = self._hash_pin(chosen)
            with self._writing() as db:
                if db.execute("SELECT 1 FROM staff WHERE name = ?", (name,)).fetchone():
                    raise ValueError(f"{name} is there already")
                if not db.execute("SELECT 1 FROM staff WHERE pin = ?", (hashed,)).fetchone():
                    db.execute("INSERT INTO staff VALUES (?, ?, ?, ?)", (staff.id, name, role, hashed))
                    return staff, chosen
            if pin is not None:
                raise ValueError("this PIN cannot be given; choose another, or none and the box draws one")

    def staff(self) -> list[Staff]:
        """Everybody, by name."""
        with self._reading() as db:
            return [Staff(*row) for row in db.execute("SELECT id, name, role FROM staff ORDER BY name")]

    def remove(self, name: str) -> Staff | None:
        """Take a person's PIN, tokens and sign-ins away; None when there is nobody of that name."""
        with self._writing() as db:
            row = db.execute("DELETE FROM staff WHERE name = ? RETURNING id, name, role", (name,)).fetchone()
            if row is not None:
                db.execute("DELETE FROM approval WHERE staff = ? AND command IS NULL", (row[0],))
        return None if row is None else Staff(*row)

    def issue_token(self, staff: Staff) -> str:
        """A bearer token, to be shown once: only its SHA-256 is kept."""
        token = "bkt_" + secrets.token_urlsafe(32)
        with self._writing() as db:
            db.execute("INSERT INTO token VALUES (?, ?)", (_sha256(token), staff.id))
        return token

    def bearer(self, token: str) -> SignedIn | None:
        """Whose token this is."""
        query = "SELECT s.id, s.name, s.role FROM token t JOIN staff s ON s.id = t.staff WHERE t.hash = ?"
        with self._reading() as db:
            row = db.execute(query, (_sha256(token),)).fetchone()
        return None if row is None else SignedIn(Staff(*row), None)

    def session(self, cookie: str) -> SignedIn | None:
        """Who signed in with this cookie; None when nobody did, or longer ago than SESSION_S."""
        query = """SELECT s.id, s.name, s.role, e.csrf, e.boot, e.mono, e.wall_ms
            FROM session e JOIN staff s ON s.id = e.staff WHERE e.hash = ?"""
        with self._reading() as db:
            row = db.execute(query, (_sha256(cookie),)).fetchone()
        if row is None or _session_over(self._clock(), *row[4:]):
            return None
        return SignedIn(Staff(*row[:3]), row[3])

    def logout(self, cookie: str) -> None:
        """The cookie is worth nothing from now on."""
        with self._writing() as db:
            db.execute("DELETE FROM session WHERE hash = ?", (_sha256(cookie),))

    def login(self, pin: str, device: str | None, address: str) -> Grant:
        """Sign in. ``device``: the browser's device cookie, if it sent one; ``address``: where it asks from.

        Raises Problem: ``wrong-pin``; ``throttled`` (with ``retry_after`` seconds) from the fifth wrong PIN
        on, also for a right one meanwhile; ``busy`` when too many sign in at the same moment.
        """
        with self._one_at_a_time():
            now = self._clock()
            with self._right(pin, device, address, now) as (db, staff, known):
                return _grant(db, staff, None if known else secrets.token_urlsafe(24), now)

    def approve(self, pin: str, device: str | None, address: str) -> Staff:
        """Whose PIN this is, for one thing that somebody else does; nobody is signed in by it. As ``login`` in all
        else: a PIN is guessed here no sooner than there."""
        with self._one_at_a_time(), self._right(pin, device, address, self._clock()) as (_, staff, _):
            return staff

    def give_approval(self, pin: str, device: str | None, address: str, *roles: Role) -> tuple[str, Staff] | None:
        """As ``approve``, for one command that comes later, and who approved; None: they are of none of these roles.
        Only its SHA-256 is kept."""
        with self._one_at_a_time():
            now = self._clock()
            with self._right(pin, device, address, now) as (db, staff, _):
                if staff.role not in roles:
                    return None
                approval = secrets.token_hex(16)
                insert = "INSERT INTO approval VALUES (?, ?, NULL, ?, ?, ?)"
                db.execute(insert, (_sha256(approval), staff.id, now.boot, now.mono, now.wall_ms))
                newest = "SELECT rowid FROM approval ORDER BY rowid DESC LIMIT ?"
                db.execute(f"DELETE FROM approval WHERE rowid NOT IN ({newest})", (_APPROVALS,))  # noqa: S608 -- ours
                return approval, staff

    def use_approval(self, approval: str, command: str) -> str | None:
        """The id of who gave it. The first command, by its identity, has it from then on, also after its time is over:
        an answer that got lost is asked for again. None: there is no such one, it is too old, or another's."""
        with self._writing() as db:
            row = db.execute(
                "SELECT staff, command, boot, mono, wall_ms FROM approval WHERE hash = ?", (_sha256(approval),)
            ).fetchone()
            if row is None or row[1] not in (None, command):
                return None
            if row[1] is None:
                if _session_over(self._clock(), *row[2:]):
                    return None
                db.execute("UPDATE approval SET command = ? WHERE hash = ?", (command, _sha256(approval)))
            staff: str = row[0]
            return staff

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise Problem("busy", "too many sign-ins at this moment", "Try again in a second.", retry_after=1)
        try:
            # Counting under the same lock: guesses sent side by side are counted one after the other.
            with self._argon2:
                yield
        finally:
            self._queue.release()

    @contextmanager
    def _right(
        self, pin: str, device: str | None, address: str, now: Now
    ) -> Iterator[tuple[sqlite3.Connection, Staff, bool]]:
        """The person of a PIN, in a transaction, and whether the device is known; raises Problem as ``login`` says."""
        with self._writing() as db:
            brakes.forget(db, now)
            known = device is not None and _is_known(db, device)
            keys = _brake_keys(device, address, known)
            wait = max(brakes.left(db, key, now) for key in keys)
        if wait > 0:
            raise brakes.throttled(wait)
        hashed = self._hash_pin(pin) if _PIN.fullmatch(pin) else b""
        with self._writing() as db:
            row = db.execute("SELECT id, name, role FROM staff WHERE pin = ?", (hashed,)).fetchone()
            if row is None:
                wait = max(brakes.count_wrong(db, key, now) for key in keys)
            else:
                brakes.let_go(db, keys[0])
                yield db, Staff(*row), known
                return
        if wait > 0:
            raise brakes.throttled(wait)
        raise Problem("wrong-pin", "this PIN is nobody's", "Type it again.")

    def _hash_pin(self, pin: str) -> bytes:
        """About 43 ms and 12 MB on a desktop machine."""
        from argon2.low_level import Type, hash_secret_raw

        return hash_secret_raw(
            pin.encode(),
            self._salt,
            time_cost=3,
            memory_cost=12 * 1024,
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    raise
                raise Problem(
                    "disk-full", "The card is full; nobody can sign in.", "Free space on the card."
                ) from error
            finally:
                if self._db.in_transaction:  # SQLite itself may have rolled back already
                    self._db.execute("ROLLBACK")


def _sha256(text: str) -> bytes:
    # The header may hold any bytes; such a text is nobody's, and must not be an error.
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _session_over(now: Now, boot: str, mono: int, wall_ms: int) -> bool:
    """The monotonic clock decides within one boot; after a reboot the wall clock, if it did not go back."""
    age_s = (now.mono - mono) / 1e6 if boot == now.boot else (now.wall_ms - wall_ms) / 1e3
    return not 0 <= age_s < SESSION_S


def _grant(db: sqlite3.Connection, staff: Staff, device: str | None, now: Now) -> Grant:
    cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    insert = "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)"
    db.execute(insert, (_sha256(cookie), staff.id, csrf, now.boot, now.mono, now.wall_ms))
    keep = "SELECT rowid FROM session WHERE staff = ? ORDER BY rowid DESC LIMIT ?"
    db.execute(
        f"DELETE FROM session WHERE staff = ? AND rowid NOT IN ({keep})",  # noqa: S608 -- our own words
        (staff.id, staff.id, _SESSIONS_EACH),
    )
    if device is not None:
        db.execute("INSERT INTO device VALUES (?)", (_sha256(device),))
        newest = "SELECT rowid FROM device ORDER BY rowid DESC LIMIT ?"
        db.execute(f"DELETE FROM device WHERE rowid NOT IN ({newest})", (_DEVICES,))  # noqa: S608 -- our own words
    return Grant(staff, csrf, cookie, device)


def _is_known(db: sqlite3.Connection, device: str) -> bool:
    return db.execute("SELECT 1 FROM device WHERE hash = ?", (_sha256(device),)).fetchone() is not None


def _brake_keys(device: str | None, address: str, known: bool) -> tuple[str, str]:
    """The quick brake, which a right PIN lets go, and the slow one, which it does not."""
    own = f"address {address}" if device is None else f"device {_sha256(device).hex()}"
    return own, "slow " + (own if known else f"address {address}")
