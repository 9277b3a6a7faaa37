"""Which column of a list is what: by its heading, and by its cells where headings do not tell. A person confirms the
guess, so it may be bold; it is never the last word.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from appliance.files import headings as words
from appliance.files.headings import EDGES, ROLES, Columns, Role, Row

_LOOKED_AT = 300  # characters of a cell
_PRICE = re.compile(r"\W*(?:[A-Za-z]{1,3}\.?\s*)?[-+]?\d{1,3}(?:[ .,'’\u00a0]?\d{3})*[.,]\d{2}\s*(?:\D{1,3})?")
_DATE = re.compile(
    r"(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:\d{4}|\d\d))(?:\D.*)?"
    r"|\d{1,2}:\d\d(?::\d\d)?\s*(?:[AaPp]\.?[Mm]\.?)?",
    re.DOTALL,
)


class _Column:
    """One column of the first rows: its cells that say something, out of so many rows."""

    def __init__(self, heading: str, cells: list[str], rows: int) -> None:
        self.heading, self.key, self.cells, self.rows = heading, words.key_of(heading), cells, rows
        spoiled = [cell for cell in cells if words.spoiled(cell)]  # each was another code
        self.kinds = len(set(cells)) + len(spoiled) - len(set(spoiled))

    def mostly(self, told: Iterable[bool], share: float = 0.5) -> bool:
        return sum(told) > share * len(self.cells)

    def emails(self) -> bool:
        return self.mostly("@" in cell for cell in self.cells)

    def prices(self) -> bool:
        return self.mostly((_PRICE.fullmatch(cell) is not None for cell in self.cells), 0.3)

    def dates(self) -> bool:
        return self.mostly((_DATE.fullmatch(cell) is not None for cell in self.cells), 0.3)

    def may_be_code(self) -> bool:
        """Nothing speaks against what the heading says."""
        if self.rows and not self.cells:
            return False
        return not (self.emails() or self.prices() or self.dates()) and 2 * self.kinds >= len(self.cells)

    def like_numbers(self) -> bool:
        """Filled, without spaces, of similar length: codes, orders, not names and not kinds of tickets."""
        if not self.cells or len(self.cells) < 0.95 * self.rows or self.key in words.OTHER:
            return False
        if self.emails() or self.prices() or self.dates() or self.mostly((c[0] == "+" for c in self.cells), 0.1):
            return False
        lengths = sorted(map(len, self.cells))
        similar = lengths[len(lengths) * 95 // 100] - lengths[len(lengths) * 5 // 100] <= 3
        spaced = self.mostly((" " in cell for cell in self.cells), 0.05)
        digits = self.mostly(map(words.has_digit, self.cells))
        return not spaced and similar and median(lengths) >= 4 and (digits or lengths[0] == lengths[-1])

    def counts(self) -> bool:
        """1, 2, 3: the numbers of the rows."""
        numbers = [int(cell) for cell in self.cells if cell.isascii() and cell.isdigit() and len(cell) < 10]
        return len(numbers) == len(self.cells) > 1 and all(b - a == 1 for a, b in pairwise(numbers))

    def unlike(self) -> bool:
        """Each cell is another."""
        return self.kinds >= 0.98 * len(self.cells)

    def codes(self) -> bool:
        """What the cells alone tell."""
        return self.like_numbers() and self.unlike() and not self.counts()

    def repeats(self) -> bool:
        """As an order of several tickets does."""
        return self.like_numbers() and not self.unlike() and 5 * self.kinds >= len(self.cells)

    def names(self) -> bool:
        """Two words or more, no digits, most of them another."""
        if 2 * len(self.cells) < self.rows or 5 * self.kinds < 3 * len(self.cells) or self.emails():
            return False
        digits = self.mostly(map(words.has_digit, self.cells), 0.05)
        return not digits and self.mostly((" " in cell for cell in self.cells), 0.6)


def guess(headings: Row, rows: Sequence[Row]) -> Columns:
    """Which heading has which role: by the words, then by the cells of a file's first rows. May lack "code"."""
    columns = []
    for place, heading in enumerate(headings):
        cells = [row[place][:_LOOKED_AT].strip(EDGES) for row in rows if place < len(row)]
        columns.append(_Column(heading, [cell for cell in cells if cell], len(rows)))
    found: dict[Role, list[_Column]] = {}
    by_key: dict[str, _Column] = {}
    for column in columns:
        by_key.setdefault(column.key, column)
    code = _code(columns, by_key)
    if code is not None:
        found["code"] = [code]
    left = {key: column for key, column in by_key.items() if column is not code}
    unknown = not any(column.key in words.KNOWN for column in columns)
    holder = _holder(left) or [column for column in columns if unknown and column is not code and column.names()][:1]
    if holder:
        found["holder"] = holder
    for role, known in words.ONE.items():
        chosen = next((word for word in known if _fits(role, left.get(word), holder)), None)
        if chosen is not None:
            found[role] = [left.pop(chosen)]
    if "order" not in found:
        repeated = [c for c in columns if c.key not in words.KNOWN and c.repeats() and c is not code]
        if repeated:
            found["order"] = repeated[:1]
    includes = [column for column in columns if column.key in words.INCLUDES and column is not code]
    if includes:
        found["includes"] = includes
    return {role: tuple(column.heading for column in found[role]) for role in ROLES if role in found}


def _code(columns: list[_Column], by_key: dict[str, _Column]) -> _Column | None:
    for word in words.CODE:
        if word in by_key and by_key[word].may_be_code():
            return by_key[word]
    for column in columns:
        if not words.CODE_PARTS.isdisjoint(column.key.split()) and column.may_be_code():
            return column
    for word in words.WEAK_CODE:
        if word in by_key and by_key[word].codes():
            return by_key[word]
    if len(columns) == 1 and columns[0].may_be_code():
        return columns[0]
    likely = [column for column in columns if column.key not in words.KNOWN and column.codes()]
    return max(likely, key=lambda c: ("://" not in c.cells[0], median(map(len, c.cells))), default=None)


def _holder(left: dict[str, _Column]) -> list[_Column]:
    for known in words.HOLDER:
        parts = [left[word] for word in known if word in left]
        if len(parts) == len(known) and not any(part.emails() for part in parts):
            return parts
    return []


def _fits(role: Role, column: _Column | None, holder: list[_Column]) -> bool:
    if column is None or column in holder:
        return False
    if role == "status":
        return not column.cells or column.mostly(
            (words.state(c, column.heading) is not None for c in column.cells), 0.8
        )
    return not (column.emails() or (role in ("order", "product") and column.prices()))
