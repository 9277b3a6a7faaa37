"""A sealed list of guests, opened at the office: whether its box recorded it, and without whom was erased since."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.backup import returnlist
from appliance.central.keyring import central_signer
from appliance.errors import DataError
from appliance.files.catalogue import neutral

COLUMNS = ("name", "email", "language", "event_name", "at", "consent_version", "box", "guest")


@dataclass(frozen=True)
class Opened:
    """``rows``: one for each address, the newest yes of it; ``erased``: how many were left out because their box says
    that they were erased; ``again``: how many because their address is there already. ``is_recorded``: the box's own
    journal, as it came here, names this very file; None: nothing of the box is here."""

    cell: str
    box: str
    made: str
    rows: list[dict[str, str]]
    erased: int
    again: int
    is_recorded: bool | None


def source(file: Path, keys: Path) -> dict[str, Any]:
    """The list in a file, with central's key in the folder ``keys``. Raises DataError; BadSeal; OSError."""
    if not (keys / "central.key").exists():
        raise DataError(f"{keys}: no central has been here", remedy="Name central's folder with --data.")
    with file.open("rb") as sealed:
        return returnlist.open_list(sealed, central_signer(keys).private)


def opened(found: dict[str, Any], content: bytes, facts: Iterable[str] | None) -> Opened:
    """``facts``: bodies of the box as they came here; None: it is not known here."""
    digest, gone, is_recorded = hashlib.sha256(content).hexdigest(), set(), None if facts is None else False
    for body in facts or ():
        if '"guest' not in body:
            continue
        fact = json.loads(body)
        if fact["kind"] == "guest.erased/1":
            gone.add(fact["data"]["guest"])
        elif fact["kind"] == "guests.exported/1" and fact["data"]["digest"] == digest:
            is_recorded = True
    kept = [{**row, "box": found["box"]} for row in found["guests"] if row["guest"] not in gone]
    newest = {row["email"].casefold(): row for row in sorted(kept, key=lambda row: row["at"])}
    rows = sorted(newest.values(), key=lambda row: (row["at"], row["guest"]))
    erased, again = len(found["guests"]) - len(kept), len(kept) - len(rows)
    return Opened(found["cell"], found["box"], found["made"], rows, erased, again, is_recorded)


def to_csv(rows: Iterable[dict[str, str]]) -> str:
    """With headers; no cell is a formula."""
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    table.writeheader()
    table.writerows({name: neutral(row.get(name, "")) for name in COLUMNS} for row in rows)
    return out.getvalue()
