"""A shop's list on its way to the recorder, in pieces that hold up no sale. An import that broke off is simply begun
again: what is there already is counted, not doubled."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from appliance.files.codes import CodeRow, Columns, RowFault, read

ROWS = 200
LARGEST = 96 * 1024
"""Bytes of one piece: less than one frame to the recorder holds."""


@dataclass(frozen=True)
class Piece:
    """``id``: the command's; ``data``: of ``tickets.import``; ``line``: of the file, where it ends; ``faults``: rows on
    the way that are no tickets."""

    id: str
    data: dict[str, Any]
    line: int
    faults: list[RowFault]


def pieces(raw: bytes, name: str, columns: Columns, list_: str, ident: str) -> Iterator[Piece]:
    """The pieces of a file; ``ident``: of this import. The last one may hold faults only: it has no tickets. Raises
    DataError as ``read``."""
    tickets: list[dict[str, Any]] = []
    faults: list[RowFault] = []
    size = part = line = 0
    for row in read(raw, name, columns):
        line = row.line
        if isinstance(row, RowFault):
            faults.append(row)
            continue
        ticket = _ticket(row, says_status="status" in columns)
        weight = len(json.dumps(ticket, ensure_ascii=False).encode())
        if tickets and (len(tickets) == ROWS or size + weight > LARGEST):
            part += 1
            yield _piece(ident, part, list_, tickets, line, faults)
            tickets, faults, size = [], [], 0
        tickets.append(ticket)
        size += weight
    if tickets or faults:
        yield _piece(ident, part + 1, list_, tickets, line, faults)


def _piece(
    ident: str, part: int, list_: str, tickets: list[dict[str, Any]], line: int, faults: list[RowFault]
) -> Piece:
    data = {"list": list_, "import": ident, "part": part, "tickets": tickets}
    return Piece(f"{ident}-{part}", data, line, faults)


def _ticket(row: CodeRow, *, says_status: bool) -> dict[str, Any]:
    said = {
        "holder": row.holder,
        "order": row.order,
        "product": row.product,
        "session": row.session,
        "note": row.note,
        "includes": list(row.includes),
    }
    status = {"status": row.status} if says_status else {}
    return {"code": row.code, **{name: text for name, text in said.items() if text}, **status}
