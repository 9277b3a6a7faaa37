"""The two private databases on their way into a backup."""

import sqlite3
from contextlib import closing
from pathlib import Path

_MOMENTARY = ("session", "approval", "pairing", "brake", "device")
"""Who is signed in, what was approved, codes that wait, and who typed wrong PINs: worth nothing on another box."""


def tidy(copy: Path) -> None:
    """Take out of a copy what must not come back with it, and leave no trace in the file of that, nor of who was erased
    before. People, PINs, tokens and paired devices stay."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = ON")
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        for table in _MOMENTARY:
            if table in there:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 -- our own words
        db.execute("VACUUM")


def staff_of(path: Path) -> tuple[list[tuple[str, str]], int]:
    """Who may sign in (name, role) by a secrets.db, and how many devices are paired with it."""
    if not path.exists():
        return [], 0
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        staff = db.execute("SELECT name, role FROM staff ORDER BY name").fetchall() if "staff" in there else []
        (paired,) = db.execute("SELECT count(*) FROM paired").fetchone() if "paired" in there else (0,)
    return staff, int(paired)
