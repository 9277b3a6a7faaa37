"""Lists of tickets: each piece is a file, small ones together, looked at and read with the columns that are guessed,
and with others."""

from collections.abc import Callable

from appliance.errors import DataError
from appliance.files.codes import ROLES, CodeRow, Columns, RowFault, Table, check_columns, look, parse_columns, read
from tests.fuzz.harness import Target

NAME, CODE = "Zyxgrundhild", "QJX77141"


def files() -> Callable[[bytes], object]:
    held = bytearray()

    def feed(data: bytes) -> object:
        held.extend(data)
        if len(data) < 64 and len(held) < 512:
            return None
        raw = bytes(held)
        held.clear()
        table = _look(raw)
        if isinstance(table, str):
            assert not _personal(table)
            return table
        assert table.rows > 0
        assert all(len(row) == len(table.headings) for row in table.sample)
        last = table.headings[-1:]
        for columns in (table.guess, dict.fromkeys(ROLES, last)):
            if "code" in columns:
                check_columns(table, columns)
                _read(raw, columns, table.rows)
        return table

    return feed


def _look(data: bytes) -> Table | str:
    try:
        return look(data, "list.csv")
    except DataError as error:
        return f"{error} {error.remedy}"


def _read(data: bytes, columns: Columns, rows: int) -> None:
    line = count = 0
    codes = set()
    for row in read(data, "list.csv", columns):
        assert row.line > line
        line, count = row.line, count + 1
        if isinstance(row, RowFault):
            assert not _personal(row.why + row.remedy)
            continue
        assert isinstance(row, CodeRow)
        assert row.code not in codes
        codes.add(row.code)
        for text, most in ((row.code, 1024), (row.holder, 120), (row.order, 120), (row.note, 300)):
            assert text.isprintable()
            assert len(text) <= most
        assert all(len(text) <= 60 and text.isprintable() for text in (row.product, row.session, *row.includes))
        assert len(row.includes) <= 10
    assert count == rows


def _personal(text: str) -> bool:
    return NAME in text or CODE in text


def columns() -> Callable[[bytes], object]:
    def feed(data: bytes) -> object:
        try:
            found = parse_columns(data.decode(errors="replace"))
        except DataError:
            return None
        assert found
        assert all(named and all(named) for named in found.values())
        return found

    return feed


TABLE = (
    "Order #;Ticket Type;Barcode #;Name;Attendee Status;Session;Extras;Note\r\n"
    f'1;Day, half price;{CODE}1;{NAME};Attending;18 h;Lunch;"a\r\nb"\r\n'
    f'1;"Day ""VIP""";="{CODE}2";Jörg;storniert;20 h;x;\r\n'
    f";;'{CODE}3;{NAME};unpaid;;no;1.23457E+12\r\n"
)
FILES = (
    TABLE.encode(),
    b"sep=;\r\n" + TABLE.encode("cp1252"),
    TABLE.encode("utf-16"),
    TABLE.encode("utf-16-be"),
    b"\xef\xbb\xbf" + TABLE.replace(";", "\t").replace("\r\n", "\r").encode(),
    f"Guests\n\nCode,First name,Last name,E-mail\n{CODE}1,{NAME},Ek,a@example.org\n{CODE}2,Bo,,\n".encode(),
    f"{CODE}1\n{CODE}2\n{CODE}3\n".encode(),
    f"Kod|Cena|Data\n{CODE}1|12,50|2026-05-01\n{CODE}2|9,00|2026-05-02\n".encode(),
    f"PK\x03\x04{NAME}xl/workbook.xml".encode(),
)
WORDS = (
    *(b",", b";", b"\t", b"|", b'"', b'""', b"'", b'="', b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"sep=,\n", b"\0"),
    *(b"Code", b"Name", b"Paid", b"yes", b"1.2E+12", b"12,50", b"a@b.c", b"\xa0", b"\x81", b"\xc2\xa0", b"%PDF-", b"<"),
)
ASKED = (b"code=Barcode #,holder=First Name+Last Name", b'"holder=Name, first",code=A++B,includes=X+Y')

TARGETS = {
    "files": Target(FILES, files, magic=WORDS),
    "columns": Target(ASKED, columns, magic=(b"=", b"+", b",", b'"', b"code", b"holder", b"\r\n")),
}
