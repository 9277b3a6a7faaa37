"""A CSV that anybody's program wrote: from bytes to headings and rows.

Encodings, delimiters, titles above the headings, rows of another width and quotation marks that do not close are coped
with; what is no CSV is refused by its name. Lines count from 1, as an editor shows them.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from appliance.errors import DataError
from appliance.files import headings as words
from appliance.files.headings import EDGES

LARGEST = 16 * 1024 * 1024
"""Bytes of a file."""
MOST = 100_000
"""Rows of a file."""
LINES = 20 * MOST
"""Lines of a file: a row may have several, and between rows may be empty ones."""
FIRST = 200
"""Rows that columns are told by."""
WIDEST = 500
"""Columns of a file."""
_SEARCHED = 10_000  # rows, empty ones too, among which those are looked for
_TOP = 12  # rows among which the headings are looked for
_HEADING = 80  # characters
_DELIMITERS = (";", "\t", "|", ",")  # what is rarer in texts wins where both would do

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SEP = re.compile(r'"?sep=([;,|:/^~#!&*+%\t-])"?(?:\r\n|\r|\n)', re.IGNORECASE)
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x7f]")
_BOMS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16 LE"),
    (codecs.BOM_UTF16_BE, "UTF-16 BE"),
)

_EXPORT = "Export the list again from the shop, as CSV."
_AS_CSV = "Open it and save it as CSV (UTF-8), then take that file."
_UNPACK = "Unpack it and take the CSV in it."
_BEGINNINGS = (
    (b"%PDF-", "a PDF", _EXPORT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of the old kind", _AS_CSV),
    (b"{\\rtf", "a text document (RTF)", _EXPORT),
    (b"\x1f\x8b", "a compressed file", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a compressed file", _UNPACK),
    (b"\x89PNG", "a picture", _EXPORT),
    (b"\xff\xd8\xff", "a picture", _EXPORT),
    (b"SQLite format 3\0", "a database", _EXPORT),
)
_PACKED = (
    (b"xl/workbook", "an Excel workbook", _AS_CSV),
    (b"opendocument.spreadsheet", "a LibreOffice workbook", _AS_CSV),
    (b"Index/Document.iwa", "a Numbers workbook", "Open it in Numbers and export it as CSV, then take that file."),
    (b"", "a ZIP archive", _UNPACK),
)


@dataclass(frozen=True)
class Sheet:
    """An opened file. ``at``: where its first line begins in ``text``; ``head``: (line, cells) of its headings, None
    when it has none, and ``headings`` are "Column 1" and so on."""

    name: str
    text: str
    at: int
    encoding: str
    delimiter: str
    head: tuple[int, list[str]] | None
    headings: tuple[str, ...]

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """(line, cells) of each row below the headings that is not empty, None for cells that cannot be told apart;
        raises DataError when they are too many."""
        after, head = self.head or (0, None)
        count = 0
        for line, cells in _rows(self.text, self.at, self.delimiter):
            # Exports that were put together have their headings again in the middle.
            if line <= after or cells == head or (cells is not None and blank(cells)):
                continue
            count += 1
            if count > MOST:
                raise DataError(
                    f"{self.name}, line {line}: more than {MOST:,} rows", remedy="Split the file and import the parts."
                )
            yield line, cells


def opened(raw: bytes, name: str) -> Sheet:
    """The file by its bytes; raises DataError saying what was found instead of a list."""
    text, encoding = _decoded(raw, name)
    start = text[:512].lstrip(EDGES)
    if start.startswith("<"):
        raise DataError(f"{name}: this is a web page or XML, not CSV", remedy=_EXPORT)
    if re.match(r'\{\s*"|\[\s*[{\["]', start):
        raise DataError(f"{name}: this is JSON, not CSV", remedy=_EXPORT)
    sep = _SEP.match(text)
    at = sep.end() if sep else 0
    delimiter = sep[1] if sep else _delimiter(text, at)
    top = list(islice(_filled(text, at, delimiter), FIRST))
    if not top:
        raise DataError(f"{name}: there is no row in it that can be read", remedy=_EXPORT)
    place = words.heading_row([cells[:WIDEST] for _, cells in top[:_TOP]])
    head = None if place is None else top[place]
    below = [cells for _, cells in (top if place is None else top[place + 1 :])]
    named = [] if head is None else [clean(heading)[:_HEADING] for heading in head[1][: WIDEST + 1]]
    while named and not named[-1]:
        named.pop()
    width = len(named) if head is not None else max(map(len, below))
    # A column without a heading is one when most rows have it; else a cell has a delimiter too many in it.
    while width <= WIDEST and 2 * sum(1 for cells in below if cell(cells, width).strip(EDGES)) > len(below):
        width += 1
    if width > WIDEST:
        raise DataError(f"{name}: more than {WIDEST} columns", remedy="Delete those that are not needed.")
    return Sheet(name, text, at, encoding, delimiter, head, _unique(named, width))


def cell(cells: list[str], place: int) -> str:
    """Rows may be shorter than the headings."""
    return cells[place] if place < len(cells) else ""


def blank(cells: list[str]) -> bool:
    """Whether no cell says anything."""
    return not "".join(cells).strip(EDGES)


def unwrapped(text: str) -> str:
    """A cell without its edges and the ``="…"`` that keeps a spreadsheet from taking it for a number."""
    text = text.strip(EDGES)
    if text.startswith("="):
        wrapped = _FORMULA.fullmatch(text)
        if wrapped is not None:
            return wrapped[1].replace('""', '"').strip(EDGES)
    return text


def clean(text: str) -> str:
    """A cell for people: one line of characters that print."""
    text = text.strip(EDGES)
    if text.isprintable() and "  " not in text and not text.startswith("="):
        return text
    text = unwrapped(text)
    return " ".join(filter(None, ("".join(filter(str.isprintable, part)) for part in text.split())))


def _unique(named: list[str], width: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for place in range(width):
        base = (named[place] if place < len(named) else "") or f"Column {place + 1}"
        heading, count = base, 1
        while heading in found:
            count += 1
            heading = f"{base} {count}"
        found[heading] = None
    return tuple(found)


def _decoded(raw: bytes, name: str) -> tuple[str, str]:
    """(text, encoding) of a file that is text and not empty."""
    if len(raw) > LARGEST:
        raise DataError(
            f"{name}: {len(raw):,} bytes, at most {LARGEST:,} are read", remedy="Split the file and import the parts."
        )
    _refuse_what_is_no_text(raw, name)
    encoding = next((encoding for bom, encoding in _BOMS if raw.startswith(bom)), None)
    try:
        text, encoding = (raw.decode(encoding), encoding) if encoding else _guessed(raw)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}, line {line}: byte {error.start} is not {encoding or 'UTF-8, UTF-16 or Windows-1252'}",
            remedy="Save the file as CSV (UTF-8).",
        ) from error
    text = text.lstrip("\ufeff")
    if not text.strip(EDGES):
        raise DataError(f"{name}: the file is empty", remedy=_EXPORT)
    if max(text.count("\n"), text.count("\r")) > LINES:
        raise DataError(f"{name}: more than {LINES:,} lines", remedy="Delete the empty ones, or split the file.")
    odd = len(_CONTROL.findall(text, 0, 65536))
    if odd > max(8, min(len(text), 65536) // 50):
        raise DataError(f"{name}: this is not text, so no CSV", remedy=_EXPORT)
    return text, encoding


def _guessed(raw: bytes) -> tuple[str, str]:
    """Text without a mark: zero bytes on one side only tell UTF-16; what is not UTF-8 is what spreadsheets write."""
    piece = raw[:4096].rstrip(b"\0")
    left, right = piece[::2].count(0), piece[1::2].count(0)
    for encoding, zeros, others in (("UTF-16 LE", right, left), ("UTF-16 BE", left, right)):
        if 5 * zeros > len(piece) and zeros > 10 * others:
            return raw.decode(encoding), encoding
    try:
        return raw.decode(), "UTF-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252"), "Windows-1252"


def _refuse_what_is_no_text(raw: bytes, name: str) -> None:
    start = raw[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"PK\x03\x04"):
        what, remedy = next((what, remedy) for part, what, remedy in _PACKED if part in raw)
        raise DataError(f"{name}: this is {what}, not CSV", remedy=remedy)
    for beginning, what, remedy in _BEGINNINGS:
        if start.startswith(beginning):
            raise DataError(f"{name}: this is {what}, not CSV", remedy=remedy)


def _delimiter(text: str, at: int) -> str:
    """The one that gives the most headings that are known, else rows of one width, else wide ones; "," when none."""
    piece = text[at : at + 65536]
    if len(text) > at + 65536:
        piece = piece[: max(piece.rfind("\n"), piece.rfind("\r")) + 1] or piece

    def fitness(delimiter: str) -> tuple[int, float, int]:
        rows = [cells[:WIDEST] for _, cells in islice(_filled(piece, 0, delimiter), 50)]
        if not rows:
            return 0, 0, 0
        widths = list(map(len, rows))
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        top = rows[:_TOP]
        hits = [words.known(cells, top[place + 1 :]) for place, cells in enumerate(top)]
        most = max(hits)
        if (widths[hits.index(most)] if most else usual) == 1:
            return 0, 0, 0
        return most, round(widths.count(usual) / len(rows), 1), usual

    fits = {delimiter: fitness(delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: fits[delimiter])
    return best if any(fits[best]) else ","


def _filled(text: str, at: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    rows = islice(_rows(text, at, delimiter), _SEARCHED)
    return ((line, cells) for line, cells in rows if cells is not None and not blank(cells))


class _Lines:
    """The lines of a text with their ends, for the csv module, which takes as many as a row has."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.line, self.first = text, len(_LINE.findall(text, 0, at)), ""
        self._found, self._after = _LINE.finditer(text, at), at
        self.begin()

    def begin(self) -> None:
        """The next line is the first of a row."""
        self.row = self.line + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        found = next(self._found)
        self.line += 1
        if self.line == self.row:
            self.first, self._after = found[0], found.end()
        return found[0]

    def back(self) -> None:
        """To the second line of the row, so that one mark does not swallow the tickets below it."""
        self._found, self.line = _LINE.finditer(self.text, self._after), self.row


def _rows(text: str, at: int, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """(line, cells) of each row, empty ones too; None: its quotation marks leave open what is a cell. The reader is
    strict, for a mark that does not close is then noticed at the next one."""
    lines = _Lines(text, at)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield lines.row, _leniently(lines.first, delimiter)
            lines.back()
            reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
        else:
            yield lines.row, cells


def _leniently(line: str, delimiter: str) -> list[str] | None:
    """The cells of one line as ``"VIP" area;…`` means them; None when a mark is left open."""
    try:
        cells = next(csv.reader([line.rstrip("\r\n") + "\n"], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return None
    return None if cells and cells[-1].endswith("\n") else cells
