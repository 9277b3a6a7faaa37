"""How often one may guess. Wrong guesses are counted by key; from some number on the key is locked, and each further
one doubles the wait. Time is monotonic: no wall clock is believed."""

import sqlite3

from appliance.clock import Now
from appliance.errors import Problem
from appliance.language import N_

FREE_TRIES = 4
"""Wrong guesses that are free; the next one locks."""
FREE_TRIES_SLOW = 19
"""The same for keys that begin with ``slow``, which a right guess does not let go."""
LOCK_S = 30
"""Seconds of the first lock; each further wrong guess doubles it, up to FORGET_S."""
FORGET_S = 3600
"""Seconds after the last wrong guess until all is forgotten."""

SCHEMA = """CREATE TABLE brake (key TEXT PRIMARY KEY, wrong INTEGER NOT NULL,
    boot TEXT NOT NULL, mono INTEGER NOT NULL) STRICT;"""


def forget(db: sqlite3.Connection, now: Now) -> None:
    """Drop what is over. After a reboot every lock runs again, from the boot: no wall clock is believed."""
    db.execute("UPDATE brake SET boot = ?, mono = 0 WHERE boot <> ?", (now.boot, now.boot))
    db.execute("DELETE FROM brake WHERE mono <= ?", (now.mono - FORGET_S * 1_000_000,))


def left(db: sqlite3.Connection, key: str, now: Now) -> float:
    """Seconds until this brake lets go; 0 or less when it does not hold."""
    row = db.execute("SELECT wrong, mono FROM brake WHERE key = ?", (key,)).fetchone()
    return 0.0 if row is None else _lock_s(key, row[0]) - (now.mono - row[1]) / 1e6


def count_wrong(db: sqlite3.Connection, key: str, now: Now) -> float:
    """One more wrong guess; seconds that the key is locked for it."""
    upsert = """INSERT INTO brake VALUES (?, 1, ?, ?)
        ON CONFLICT (key) DO UPDATE SET wrong = wrong + 1, mono = excluded.mono RETURNING wrong"""
    return float(_lock_s(key, db.execute(upsert, (key, now.boot, now.mono)).fetchone()[0]))


def let_go(db: sqlite3.Connection, key: str) -> None:
    """A right guess."""
    db.execute("DELETE FROM brake WHERE key = ?", (key,))


def throttled(wait: float, detail: str = "too many wrong PINs on this device") -> Problem:
    """The answer while a lock holds. ``detail``: of what there were too many."""
    seconds = max(1, -int(-wait // 1))
    remedy = N_(f"Wait {seconds} s, then try again.")
    return Problem("throttled", detail, remedy, retry_after=seconds)


def _lock_s(key: str, wrong: int) -> int:
    beyond = wrong - (FREE_TRIES_SLOW if key.startswith("slow ") else FREE_TRIES)
    return 0 if beyond <= 0 else min(LOCK_S * 2 ** min(beyond - 1, 20), FORGET_S)
