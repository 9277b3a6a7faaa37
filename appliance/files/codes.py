"""Lists of tickets that any shop wrote: a CSV as bytes, its columns guessed, then row by row a ticket or what is wrong.

A file is looked at (`look`), a person confirms which column is what, and it is read (`read`). A fault's words have
nothing of the row's cells in them, so they may be shown and logged; the tickets are for `tickets.import`.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.domain import tokens
from appliance.errors import DataError
from appliance.files import headings as words
from appliance.files.guess import guess
from appliance.files.headings import EDGES, ROLES, Columns, Role, Status
from appliance.files.sheet import FIRST, LARGEST, MOST, blank, cell, clean, opened, unwrapped

__all__ = [
    "LARGEST",
    "MOST",
    "ROLES",
    "CodeRow",
    "Columns",
    "Role",
    "RowFault",
    "Table",
    "check_columns",
    "look",
    "parse_columns",
    "read",
]

_SAMPLE = 5
_LABEL = 60  # characters of a product, a session, an entry of includes
_NAME, _NOTE, _ENTRIES = 120, 300, 10
_SHOWN = 40  # headings in an error
_SEVERAL: tuple[Role, ...] = ("holder", "includes")
_WRITE = "Write role=Heading, with a comma between two: code=Barcode,holder=First name+Last name."
_STATES = "Write one that is known, or import without the status. Known are, among others, " + "; ".join(
    f"for {state}: {usual}" for state, usual in words.USUAL.items()
)


@dataclass(frozen=True)
class Table:
    """What a file is. ``headings``: "Column 1" and so on where it has none; ``rows``: those that are not empty;
    ``guess``: may lack "code"; ``sample``: the first five rows, as wide as the headings."""

    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    rows: int
    guess: Columns
    sample: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class CodeRow:
    """A ticket. ``line``: where its row begins."""

    line: int
    code: str
    holder: str = ""
    order: str = ""
    product: str = ""
    session: str = ""
    status: Status = "paid"
    note: str = ""
    includes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowFault:
    """A row that is no ticket. Its words may be shown and logged: nothing of the row's cells is in them."""

    line: int
    why: str
    remedy: str


class _Bad(Exception):
    """What is wrong with a row, and the remedy."""


def look(raw: bytes, name: str) -> Table:
    """What the file is and what its columns may be; raises DataError saying what was found instead of a list."""
    sheet = opened(raw, name)
    first: list[list[str]] = []
    count = 0
    for _line, cells in sheet.rows():
        count += 1
        if cells is not None and len(first) < FIRST:
            first.append(cells)
    if not count:
        raise DataError(f"{name}: there are headings, and no row below them", remedy="Export the list again.")
    sample = tuple(
        tuple(cell(cells, place).strip(EDGES) for place in range(len(sheet.headings))) for cells in first[:_SAMPLE]
    )
    return Table(sheet.encoding, sheet.delimiter, sheet.headings, count, guess(sheet.headings, first), sample)


def parse_columns(text: str) -> Columns:
    """``code=Barcode,holder=First Name+Last Name`` as columns; raises DataError. A part with a comma in it stands in
    quotation marks: ``"holder=Name, first"``; a plus sign of a heading is doubled."""
    try:
        parts = next(csv.reader([" ".join(text.split())], skipinitialspace=True), [])
    except csv.Error as error:
        raise DataError(f"columns: {error}", remedy=_WRITE) from error
    found: Columns = {}
    for part in parts or [""]:
        said, equals, value = part.partition("=")
        role = next((role for role in ROLES if role == said.strip().lower()), None)
        if role is None or not equals:
            raise DataError(f"columns: {part[:80]!r} names no role; there are {', '.join(ROLES)}", remedy=_WRITE)
        if role in found:
            raise DataError(f"columns: {role} is said twice", remedy="Join the headings of a role with a plus sign.")
        named = tuple(one.replace("++", "+").strip() for one in re.split(r"(?<!\+)\+(?!\+)", value))
        if not all(named):
            raise DataError(f"columns: {part[:80]!r} names no heading", remedy=_WRITE)
        found[role] = named
    return found


def check_columns(table: Table, columns: Columns) -> None:
    """Raises DataError naming the file's headings when the columns are not among them, or none has the code."""
    _check("columns", table.headings, columns)


def read(raw: bytes, name: str, columns: Columns) -> Iterator[CodeRow | RowFault]:
    """Each row that is not empty, in the file's order, as ``Table.rows`` counts them. Raises DataError at once for what
    is no list or has no such columns, and while reading when there are too many rows."""
    sheet = opened(raw, name)
    _check(name, sheet.headings, columns)
    taker = _Taker(sheet.headings, columns)
    return (taker.take(line, cells) for line, cells in sheet.rows())


def _check(name: str, headings: tuple[str, ...], columns: Columns) -> None:
    there = ", ".join(headings[:_SHOWN]) + (", …" if len(headings) > _SHOWN else "")
    for role, named in columns.items():
        for heading in named:
            if heading not in headings:
                raise DataError(f"{name}: no column {heading!r}; there are: {there}", remedy="Name one of these.")
        if not named or (len(named) > 1 and role not in _SEVERAL):
            raise DataError(
                f"{name}: {role} has {len(named)} columns; there are: {there}", remedy=f"Name one for {role}."
            )
    if "code" not in columns:
        raise DataError(
            f"{name}: no column is named for the code; there are: {there}",
            remedy="Name the one that has what the ticket's QR code or barcode says.",
        )


class _Taker:
    """Makes tickets of rows; remembers the codes that came, with their lines."""

    def __init__(self, headings: tuple[str, ...], columns: Columns) -> None:
        self._headings = headings
        self._at = {role: tuple(map(headings.index, columns.get(role, ()))) for role in ROLES}
        self._seen: dict[str, int] = {}
        self._states: dict[str, Status | None] = {}

    def take(self, line: int, cells: list[str] | None) -> CodeRow | RowFault:
        try:
            cells = self._whole(cells)
            return CodeRow(
                line,
                self._code(line, cells),
                self._text(cells, "holder")[:_NAME],
                self._text(cells, "order")[:_NAME],
                self._label(cells, "product"),
                self._label(cells, "session"),
                self._status(cells),
                self._text(cells, "note")[:_NOTE],
                self._includes(cells),
            )
        except _Bad as bad:
            return RowFault(line, *bad.args)

    def _whole(self, cells: list[str] | None) -> list[str]:
        if cells is None:
            raise _Bad(
                "a quotation mark does not close, or a cell is very long",
                "Put the cell into quotation marks, and write a mark that is inside it twice.",
            )
        width = len(self._headings)
        if len(cells) > width and not blank(cells[width:]):
            raise _Bad(
                f"the row has {len(cells)} cells below {width} headings, so they may have shifted",
                "Put the cell that has a delimiter in it into quotation marks.",
            )
        return cells

    def _code(self, line: int, cells: list[str]) -> str:
        code = unwrapped(cell(cells, self._at["code"][0]))
        if code.startswith("'"):
            # A spreadsheet's mark of a text; or quotation marks of another kind.
            code = unwrapped(code[1:].removesuffix("'"))
        if not code:
            raise _Bad("the row has no code", "Write the ticket's code into the row, or delete the row.")
        if words.spoiled(code):
            raise _Bad(
                "a spreadsheet has spoiled the code: it kept no more than the first digits of a long number",
                "Format the column as text and export again from the shop.",
            )
        if len(code) > tokens.MAX_TEXT:
            raise _Bad(
                f"the code has {len(code)} characters, at most {tokens.MAX_TEXT} can be scanned",
                "See whether this is the column that has the code.",
            )
        if not code.isprintable():
            raise _Bad("the code has a character that does not print", "Export the list again, as CSV (UTF-8).")
        first = self._seen.setdefault(code, line)
        if first != line:
            raise _Bad(f"the code is the same as in line {first}", "Delete one of the two rows.")
        return code

    def _text(self, cells: list[str], role: Role) -> str:
        places = self._at[role]
        if not places:
            return ""
        if len(places) == 1:
            return clean(cell(cells, places[0]))
        return " ".join(filter(None, [clean(cell(cells, place)) for place in places]))

    def _label(self, cells: list[str], role: Role) -> str:
        label = self._text(cells, role)
        if len(label) > _LABEL:
            raise _Bad(
                f"the {role} has {len(label)} characters, at most {_LABEL} fit",
                "Shorten it: cut off here, two could become the same.",
            )
        return label

    def _status(self, cells: list[str]) -> Status:
        if not self._at["status"]:
            return "paid"
        place = self._at["status"][0]
        said = cell(cells, place)[:_NOTE]
        if said not in self._states:
            self._states[said] = words.state(clean(said), self._headings[place])
        status = self._states[said]
        if status is None:
            raise _Bad("the word for the status is not known", _STATES)
        return status

    def _includes(self, cells: list[str]) -> tuple[str, ...]:
        """What the cells say; a yes says what the heading does, as exports of questions and extras have it."""
        if not self._at["includes"]:
            return ()
        found = []
        for place in self._at["includes"]:
            said = clean(cell(cells, place))
            answer = words.yes_or_no(said)
            if said and answer is not False:
                found.append((self._headings[place] if answer else said)[:_LABEL].rstrip())
        return tuple(found[:_ENTRIES])
