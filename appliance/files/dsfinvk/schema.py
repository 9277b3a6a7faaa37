"""Files and columns of DSFinV-K 2.3, and how their cells are written.

Source: "Digitale Schnittstelle der Finanzverwaltung für Kassensysteme", version 2.3, and the index.xml that the
Bundeszentralamt für Steuern publishes with it. Texts are quoted, numbers are not; semicolon, decimal comma, CRLF, UTF-8
without a mark, a row of names first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from xml.sax.saxutils import escape

from appliance.files.catalogue import neutral

VERSION = "2.3"


class Text(NamedTuple):
    """A column of at most ``longest`` characters."""

    name: str
    longest: int


class Number(NamedTuple):
    """A column of at most ``places`` decimal places."""

    name: str
    places: int


@dataclass(frozen=True)
class Table:
    """A file. ``name``: of the table in the standard; the columns of every table begin with ``KEY``."""

    name: str
    columns: tuple[Text | Number, ...]


@dataclass(frozen=True)
class Amount:
    """A number to write: ``value`` / 10^``places``."""

    value: int
    places: int


Cell = str | int | Amount
KEY = (Text("Z_KASSE_ID", 50), Text("Z_ERSTELLUNG", 30), Number("Z_NR", 0))
_BON = Text("BON_ID", 40)
_LINE = Text("POS_ZEILE", 50)
_VAT_KEY = Number("UST_SCHLUESSEL", 0)


def _texts(**columns: int) -> tuple[Text, ...]:
    return tuple(Text(name, longest) for name, longest in columns.items())


def _numbers(places: int, *names: str) -> tuple[Number, ...]:
    return tuple(Number(name, places) for name in names)


TABLES: Mapping[str, Table] = {
    "cashpointclosing.csv": Table(
        "Stamm_Abschluss",
        (
            *KEY,
            *_texts(Z_BUCHUNGSTAG=25, TAXONOMIE_VERSION=10, Z_START_ID=40, Z_ENDE_ID=40),
            *_texts(NAME=60, STRASSE=60, PLZ=10, ORT=62, LAND=3, STNR=20, USTID=15),
            *_numbers(2, "Z_SE_ZAHLUNGEN", "Z_SE_BARZAHLUNGEN"),
        ),
    ),
    "location.csv": Table(
        "Stamm_Orte",
        (*KEY, *_texts(LOC_NAME=60, LOC_STRASSE=60, LOC_PLZ=10, LOC_ORT=62, LOC_LAND=3, LOC_USTID=15)),
    ),
    "cashregister.csv": Table(
        "Stamm_Kassen",
        (
            *KEY,
            *_texts(KASSE_BRAND=50, KASSE_MODELL=50, KASSE_SERIENNR=70, KASSE_SW_BRAND=50, KASSE_SW_VERSION=50),
            *_texts(KASSE_BASISWAEH_CODE=3, KEINE_UST_ZUORDNUNG=1),
        ),
    ),
    "vat.csv": Table("Stamm_USt", (*KEY, _VAT_KEY, Number("UST_SATZ", 2), Text("UST_BESCHR", 55))),
    "businesscases.csv": Table(
        "Z_GV_Typ",
        (
            *KEY,
            *_texts(GV_TYP=30, GV_NAME=40),
            Number("AGENTUR_ID", 0),
            _VAT_KEY,
            *_numbers(5, "Z_UMS_BRUTTO", "Z_UMS_NETTO", "Z_UST"),
        ),
    ),
    "payment.csv": Table("Z_Zahlart", (*KEY, *_texts(ZAHLART_TYP=25, ZAHLART_NAME=60), Number("Z_ZAHLART_BETRAG", 2))),
    "cash_per_currency.csv": Table("Z_Waehrungen", (*KEY, Text("ZAHLART_WAEH", 3), Number("ZAHLART_BETRAG_WAEH", 2))),
    "transactions.csv": Table(
        "Bonkopf",
        (
            *KEY,
            _BON,
            Number("BON_NR", 0),
            *_texts(BON_TYP=30, BON_NAME=60, TERMINAL_ID=50, BON_STORNO=1, BON_START=30, BON_ENDE=30),
            *_texts(BEDIENER_ID=50, BEDIENER_NAME=50),
            Number("UMS_BRUTTO", 2),
            *_texts(KUNDE_NAME=50, KUNDE_ID=50, KUNDE_TYP=50, KUNDE_STRASSE=60, KUNDE_PLZ=10, KUNDE_ORT=62),
            *_texts(KUNDE_LAND=3, KUNDE_USTID=15, BON_NOTIZ=255),
        ),
    ),
    "transactions_vat.csv": Table(
        "Bonkopf_USt", (*KEY, _BON, _VAT_KEY, *_numbers(5, "BON_BRUTTO", "BON_NETTO", "BON_UST"))
    ),
    "datapayment.csv": Table(
        "Bonkopf_Zahlarten",
        (
            *KEY,
            _BON,
            *_texts(ZAHLART_TYP=25, ZAHLART_NAME=60, ZAHLWAEH_CODE=3),
            *_numbers(2, "ZAHLWAEH_BETRAG", "BASISWAEH_BETRAG"),
        ),
    ),
    "allocation_groups.csv": Table("Bonkopf_AbrKreis", (*KEY, _BON, Text("ABRECHNUNGSKREIS", 50))),
    "references.csv": Table(
        "Bon_Referenzen",
        (
            *KEY,
            _BON,
            _LINE,
            *_texts(REF_TYP=20, REF_NAME=40, REF_DATUM=30, REF_Z_KASSE_ID=50),
            Number("REF_Z_NR", 0),
            Text("REF_BON_ID", 40),
        ),
    ),
    "lines.csv": Table(
        "Bonpos",
        (
            *KEY,
            _BON,
            _LINE,
            *_texts(GUTSCHEIN_NR=50, ARTIKELTEXT=255, POS_TERMINAL_ID=50, GV_TYP=30, GV_NAME=40, INHAUS=1, P_STORNO=1),
            Number("AGENTUR_ID", 0),
            *_texts(ART_NR=50, GTIN=50, WARENGR_ID=40, WARENGR=50),
            *_numbers(3, "MENGE", "FAKTOR"),
            Text("EINHEIT", 50),
            Number("STK_BR", 5),
        ),
    ),
    "lines_vat.csv": Table(
        "Bonpos_USt", (*KEY, _BON, _LINE, _VAT_KEY, *_numbers(5, "POS_BRUTTO", "POS_NETTO", "POS_UST"))
    ),
    "itemamounts.csv": Table(
        "Bonpos_Preisfindung",
        (*KEY, _BON, _LINE, Text("TYP", 20), _VAT_KEY, *_numbers(5, "PF_BRUTTO", "PF_NETTO", "PF_UST")),
    ),
}
"""File → table, those of the standard that a box has something to say in; the others are left out (docs/books.md)."""


def heading(table: Table) -> str:
    """The first row of a file."""
    return ";".join(column.name for column in table.columns) + "\r\n"


def row(table: Table, cells: Mapping[str, Cell]) -> str:
    """One row; columns that ``cells`` does not name are empty. Raises KeyError for what is no column."""
    if unknown := set(cells) - {column.name for column in table.columns}:
        raise KeyError(f"{table.name} has no column {min(unknown)}")
    return ";".join(_written(column, cells.get(column.name)) for column in table.columns) + "\r\n"


def _written(column: Text | Number, value: Cell | None) -> str:
    if isinstance(column, Text):
        return _text(str(value if value is not None else ""), column.longest)
    if value is None:
        return ""
    return number(value if isinstance(value, Amount) else Amount(int(value), 0), column.places)


def _text(value: str, longest: int) -> str:
    """One line of characters that print, which no spreadsheet takes for a formula."""
    text = str(neutral(value))
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return '"' + text[:longest].replace('"', '""') + '"'


def number(amount: Amount, places: int) -> str:
    """123456 / 10^3 in two places → ``123,46``, halves away from zero."""
    shift = amount.places - places
    value = amount.value * 10 ** max(0, -shift)
    if shift > 0:
        whole = (2 * abs(value) + 10**shift) // (2 * 10**shift)
        value = whole if value >= 0 else -whole
    digits = f"{abs(value):0{places + 1}d}"
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]},{digits[-places:]}" if places else sign + digits


def index() -> str:
    """index.xml: the files for an auditor's program, by the description standard of the tax authorities (GDPdU). Its
    DTD, gdpdu-01-09-2004.dtd, is not ours to hand on."""
    parts = ['<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE DataSet SYSTEM "gdpdu-01-09-2004.dtd">\n']
    parts.append("<DataSet>\n  <Version>1.0</Version>\n  <Media>\n    <Name>Boothkit</Name>\n")
    for file, table in TABLES.items():
        columns = "".join(
            f"        <VariableColumn><Name>{escape(column.name)}</Name>"
            + (
                f"<AlphaNumeric/><MaxLength>{column.longest}</MaxLength>"
                if isinstance(column, Text)
                else f"<Numeric><Accuracy>{column.places}</Accuracy></Numeric>"
                if column.places
                else "<Numeric/>"
            )
            + "</VariableColumn>\n"
            for column in table.columns
        )
        parts.append(
            f"    <Table>\n      <URL>{file}</URL>\n      <Name>{table.name}</Name>\n      <UTF8/>\n"
            "      <DecimalSymbol>,</DecimalSymbol>\n      <DigitGroupingSymbol>.</DigitGroupingSymbol>\n"
            "      <Range><From>2</From></Range>\n      <VariableLength>\n"
            "        <ColumnDelimiter>;</ColumnDelimiter>\n"
            "        <RecordDelimiter>&#13;&#10;</RecordDelimiter>\n"
            f"        <TextEncapsulator>&quot;</TextEncapsulator>\n{columns}"
            "      </VariableLength>\n    </Table>\n"
        )
    return "".join(parts) + "  </Media>\n</DataSet>\n"
