"""Lists of tickets as shops and spreadsheets write them: what is guessed of them, what comes out, what is said."""

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import DataError
from appliance.files import headings, sheet
from appliance.files.codes import (
    LARGEST,
    MOST,
    ROLES,
    CodeRow,
    Columns,
    RowFault,
    check_columns,
    look,
    parse_columns,
    read,
)
from appliance.files.headings import Status

CODE: Columns = {"code": ("Code",)}


def lines(*rows: str, end: str = "\r\n") -> str:
    return "".join(row + end for row in rows)


def taken(raw: bytes | str, columns: Columns | None = None) -> list[CodeRow | RowFault]:
    raw = raw.encode() if isinstance(raw, str) else raw
    table = look(raw, "list.csv")
    found = list(read(raw, "list.csv", table.guess if columns is None else columns))
    assert len(found) == table.rows
    return found


def tickets(raw: bytes | str, columns: Columns | None = None) -> list[CodeRow]:
    found = taken(raw, columns)
    assert not [row for row in found if isinstance(row, RowFault)]
    return [row for row in found if isinstance(row, CodeRow)]


def fault(raw: bytes | str, columns: Columns | None = None) -> RowFault:
    [found] = [row for row in taken(raw, columns) if isinstance(row, RowFault)]
    return found


def refused(raw: bytes | str) -> str:
    raw = raw.encode() if isinstance(raw, str) else raw
    with pytest.raises(DataError) as told:
        look(raw, "list.csv")
    assert told.value.remedy
    assert str(told.value).startswith("list.csv")
    return f"{told.value} {told.value.remedy}"


# Shape and headings are the shop's, people and codes made up.
SHOPS: dict[str, tuple[bytes, Columns, CodeRow]] = {
    "pretix, check-in list": (
        lines(
            '"Order code","Attendee name","Attendee name: Given name","Attendee name: Family name","Product","Price",'
            '"Checked in","Checked out","Automatically checked in","Paid","Secret","E-mail","Company","Voucher code",'
            '"Order date","Requires special attention","Comment","Seat ID"',
            '"T0GGP","Ada Lovelace","Ada","Lovelace","Day ticket – Saturday","23.00","","","No","Yes",'
            '"z3fsn8jyufm5kpk768q69gkbyr5f4h6w","ada@example.org","","","2026-05-01","No","needs a ramp",""',
            '"T0GGP","Bo Ek","Bo","Ek","Day ticket – Saturday","23.00","","","No","No",'
            '"u5bz9cq6zfnk2g76vrrnpvxbpcu8ghtb","ada@example.org","","","2026-05-01","No","",""',
        ).encode(),
        {
            "code": ("Secret",),
            "holder": ("Attendee name",),
            "order": ("Order code",),
            "product": ("Product",),
            "status": ("Paid",),
            "note": ("Comment",),
        },
        CodeRow(
            2,
            "z3fsn8jyufm5kpk768q69gkbyr5f4h6w",
            "Ada Lovelace",
            "T0GGP",
            "Day ticket – Saturday",
            "",
            "paid",
            "needs a ramp",
        ),
    ),
    "Eventbrite, attendee summary": (
        lines(
            "Order #,Order Date,First Name,Last Name,Email,Quantity,Ticket Type,Attendee #,Barcode #,Attendee Status",
            "7213850001,2026-03-01 10:02:11,Ada,Lovelace,ada@example.org,1,Early Bird,9110220001,"
            "721385000191102200010001,Attending",
            "7213850001,2026-03-01 10:02:11,Bo,Ek,ada@example.org,1,Early Bird,9110220002,"
            "721385000191102200020001,Not Attending",
        ).encode("utf-8-sig"),
        {
            "code": ("Barcode #",),
            "holder": ("First Name", "Last Name"),
            "order": ("Order #",),
            "product": ("Ticket Type",),
            "status": ("Attendee Status",),
        },
        CodeRow(2, "721385000191102200010001", "Ada Lovelace", "7213850001", "Early Bird"),
    ),
    "Tito, tickets": (
        lines(
            "Number,Ticket Created Date,Ticket,Ticket Full Name,Ticket First Name,Ticket Last Name,Ticket Email,Event,"
            "Void Status,Price,Ticket Reference,Unique Ticket URL,Order Reference,Order Name,Order Email",
            "1,2026-01-01,Conference,Ada Lovelace,Ada,Lovelace,ada@example.org,Conf,,120.00,GIAO-1,"
            "https://example.org/tickets/ti_1,GIAO,Ada Lovelace,ada@example.org",
            "2,2026-01-01,Workshop,Bo Ek,Bo,Ek,bo@example.org,Conf,void,80.00,GIAO-2,"
            "https://example.org/tickets/ti_2,GIAO,Ada Lovelace,ada@example.org",
        ).encode(),
        {
            "code": ("Ticket Reference",),
            "holder": ("Ticket Full Name",),
            "order": ("Order Reference",),
            "product": ("Ticket",),
            "status": ("Void Status",),
        },
        CodeRow(2, "GIAO-1", "Ada Lovelace", "GIAO", "Conference"),
    ),
    "Weezevent, a file for access control": (
        lines(
            "barcode;name of the ticket type;price;last name;first name;email address;company;notes",
            "00734512345678;Pass 2 jours;35,99;Lefèvre;Zoé;zoe@example.org;;fauteuil roulant",
            "00734512345679;Pass 2 jours;35,99;Ek;Bo;bo@example.org;;",
        ).encode("cp1252"),
        {"code": ("barcode",), "holder": ("first name", "last name"), "note": ("notes",)},
        CodeRow(2, "00734512345678", "Zoé Lefèvre", note="fauteuil roulant"),
    ),
    "FooEvents for WooCommerce": (
        lines(
            "TicketID,OrderID,Attendee Name,Attendee Last Name,Attendee Email,Ticket Status,Ticket Type",
            "10032874651,4711,Ada,Lovelace,ada@example.org,Not Checked In,Standard",
            "10032874652,4711,Bo,Ek,ada@example.org,Canceled,Standard",
        ).encode(),
        {
            "code": ("TicketID",),
            "holder": ("Attendee Name", "Attendee Last Name"),
            "order": ("OrderID",),
            "product": ("Ticket Type",),
            "status": ("Ticket Status",),
        },
        CodeRow(2, "10032874651", "Ada Lovelace", "4711", "Standard"),
    ),
    "Tixify": (
        lines(
            "order_id\tshop_name\tevent_name\tbarcode\tfirst_name\tlast_name\temail\tticket_name\tticket_invalidated",
            "88\tShop\tFest\tTX-000012\tAda\tLovelace\ta@example.org\tFloor\t0",
            "88\tShop\tFest\tTX-000013\tBo\tEk\ta@example.org\tFloor\t1",
            end="\n",
        ).encode(),
        {
            "code": ("barcode",),
            "holder": ("first_name", "last_name"),
            "order": ("order_id",),
            "product": ("ticket_name",),
            "status": ("ticket_invalidated",),
        },
        CodeRow(2, "TX-000012", "Ada Lovelace", "88", "Floor"),
    ),
    "a German shop, through Excel": (
        lines(
            "sep=;",
            "Bestellnummer;Vorname;Nachname;E-Mail-Adresse;Kartenart;Preis;Strichcode;Zahlungsstatus;Einlasszeit",
            'B-100;Jörg;Müller;j@example.org;Ermäßigt;12,50 €;="000123456789012345678901";bezahlt;Sa 18 Uhr',
            'B-100;Zoë;Groß;j@example.org;Ermäßigt;12,50 €;="000123456789012345678902";Storniert;Sa 18 Uhr',
        ).encode("cp1252"),
        {
            "code": ("Strichcode",),
            "holder": ("Vorname", "Nachname"),
            "order": ("Bestellnummer",),
            "product": ("Kartenart",),
            "session": ("Einlasszeit",),
            "status": ("Zahlungsstatus",),
        },
        CodeRow(3, "000123456789012345678901", "Jörg Müller", "B-100", "Ermäßigt", "Sa 18 Uhr"),
    ),
    "a French shop": (
        lines(
            "N° de commande;Prénom;Nom;Adresse e-mail;Tarif;Code-barres;Séance;Statut;Commentaire",
            "C12;Zoé;Lefèvre;z@example.org;Plein tarif;A7K2P9;20h30;Payé;",
            "C13;Bo;Ek;b@example.org;Réduit;A7K2P8;20h30;Remboursé;",
        ).encode(),
        {
            "code": ("Code-barres",),
            "holder": ("Prénom", "Nom"),
            "order": ("N° de commande",),
            "product": ("Tarif",),
            "session": ("Séance",),
            "status": ("Statut",),
            "note": ("Commentaire",),
        },
        CodeRow(2, "A7K2P9", "Zoé Lefèvre", "C12", "Plein tarif", "20h30"),
    ),
    "a Spanish shop": (
        lines(
            "Número de pedido,Nombre,Apellidos,Correo electrónico,Tipo de entrada,Código de barras,Estado,Nota",
            "P1,Íñigo,Núñez,i@example.org,General,770001,Pagado,",
            "P2,Bo,Ek,b@example.org,General,770002,Pendiente de pago,",
        ).encode("utf-16"),
        {
            "code": ("Código de barras",),
            "holder": ("Nombre", "Apellidos"),
            "order": ("Número de pedido",),
            "product": ("Tipo de entrada",),
            "status": ("Estado",),
            "note": ("Nota",),
        },
        CodeRow(2, "770001", "Íñigo Núñez", "P1", "General"),
    ),
    "an Italian shop": (
        lines(
            "Numero ordine|Nome|Cognome|Tipo di biglietto|Codice a barre|Stato|Note",
            "O1|Niccolò|Rossi|Intero|99-01|Pagato|",
            "O2|Bo|Ek|Ridotto|99-02|Annullato|",
        ).encode("utf-16-be"),
        {
            "code": ("Codice a barre",),
            "holder": ("Nome", "Cognome"),
            "order": ("Numero ordine",),
            "product": ("Tipo di biglietto",),
            "status": ("Stato",),
            "note": ("Note",),
        },
        CodeRow(2, "99-01", "Niccolò Rossi", "O1", "Intero"),
    ),
    "a Dutch shop, with a title above": (
        lines(
            "Bezoekerslijst Zomerfeest;;;;;;",
            "",
            "Bestelnummer;Voornaam;Achternaam;Soort ticket;Streepjescode;Betaalstatus;Opmerking",
            "1;Loïs;'t Hart;Dag;NL0001;Betaald;",
            "2;Bo;Ek;Dag;NL0002;Geannuleerd;",
        ).encode(),
        {
            "code": ("Streepjescode",),
            "holder": ("Voornaam", "Achternaam"),
            "order": ("Bestelnummer",),
            "product": ("Soort ticket",),
            "status": ("Betaalstatus",),
            "note": ("Opmerking",),
        },
        CodeRow(4, "NL0001", "Loïs 't Hart", "1", "Dag"),
    ),
    "a spreadsheet with extras": (
        lines(
            "Name,Ticket code,Extras,Option,Note",
            "Ada Lovelace,S-1,Lunch,yes,",
            "Bo Ek,S-2,,no,late",
        ).encode(),
        {
            "code": ("Ticket code",),
            "holder": ("Name",),
            "note": ("Note",),
            "includes": ("Extras", "Option"),
        },
        CodeRow(2, "S-1", "Ada Lovelace", includes=("Lunch", "Option")),
    ),
    "our own list": (
        b"code,holder,list\r\nBK1:AAAA,Ada,general\r\nBK1:AAAB,,vip\r\n",
        {"code": ("code",), "holder": ("holder",)},
        CodeRow(2, "BK1:AAAA", "Ada"),
    ),
    "bare codes": (b"0001\n0002\n0004\n", {"code": ("Column 1",)}, CodeRow(1, "0001")),
}


@pytest.mark.parametrize("shop", SHOPS)
def test_a_shops_list_is_understood_without_a_word_from_a_person(shop: str) -> None:
    raw, guess, first = SHOPS[shop]
    assert look(raw, "list.csv").guess == guess
    found = tickets(raw)
    assert found[0] == first
    assert len({row.code for row in found}) == len(found) > 1


@pytest.mark.parametrize(
    ("shop", "status"),
    [
        ("pretix, check-in list", "pending"),
        ("Eventbrite, attendee summary", "cancelled"),
        ("Tito, tickets", "cancelled"),
        ("FooEvents for WooCommerce", "cancelled"),
        ("Tixify", "cancelled"),
        ("a German shop, through Excel", "cancelled"),
        ("a French shop", "cancelled"),
        ("a Spanish shop", "pending"),
    ],
)
def test_who_has_not_paid_or_has_cancelled_is_told_from_who_has(shop: str, status: str) -> None:
    assert [row.status for row in tickets(SHOPS[shop][0])] == ["paid", status]


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16 LE"),
        ("utf-16-le", "UTF-16 LE"),
        ("utf-16-be", "UTF-16 BE"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_line_ends_and_delimiters_are_told_by_the_bytes(
    codec: str, said: str, end: str, delimiter: str
) -> None:
    text = lines("Code|Holder", "A1|Jörg", '"A 2"|"Zoë"', end=end).replace("|", delimiter)
    raw = text.encode(codec)
    table = look(raw, "list.csv")
    assert (table.encoding, table.delimiter, table.headings, table.rows) == (said, delimiter, ("Code", "Holder"), 2)
    assert table.sample == (("A1", "Jörg"), ("A 2", "Zoë"))
    assert tickets(raw) == [CodeRow(2, "A1", "Jörg"), CodeRow(3, "A 2", "Zoë")]


def test_a_byte_order_mark_said_twice_is_no_part_of_the_first_heading() -> None:
    assert look('\ufeff\ufeff"Code",Holder\nA1,Ada\n'.encode(), "x").headings == ("Code", "Holder")


def test_what_excel_says_of_the_delimiter_is_believed() -> None:
    assert tickets("sep=:\nCode:Holder\nA,1:Ada; Countess\n") == [CodeRow(3, "A,1", "Ada; Countess")]


CELLS = st.text(st.sampled_from("ab1 ;,|\t\"'\r\n=:äöüé\u00a0\u2028\x0b\x85"), max_size=8)
LATIN = st.text(st.sampled_from("ab1 ;,|\t\"'\r\n=:äöüé"), max_size=8)


@given(
    data=st.data(),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
    width=st.integers(1, 5),
)
def test_every_table_comes_back_cell_by_cell(
    data: st.DataObject, codec: str, delimiter: str, quoting: Any, end: str, width: int
) -> None:
    cells = data.draw(st.lists(st.lists(LATIN if codec == "cp1252" else CELLS, min_size=width, max_size=width)))
    # A cell's own line break is the file's: csv writes another one bare, which nobody can tell from the end of a row.
    rows = [
        [f"K{place}", *(cell.replace("\r", "\n").replace("\n", end) for cell in row[1:])]
        for place, row in enumerate([*cells, [""] * width])
    ]
    out = io.StringIO(newline="")
    table = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    named = ["Code", "Holder", "Order", "Product", "Note"][:width]
    table.writerows([named, *rows])
    raw = out.getvalue().encode(codec)
    opened = sheet.opened(raw, "x")
    assert opened.headings == tuple(named)
    assert [stripped(found) for _, found in opened.rows()] == [stripped(row) for row in rows]
    assert [row.code if isinstance(row, CodeRow) else row.why for row in taken(raw, CODE)] == [row[0] for row in rows]


def stripped(row: Sequence[str] | None) -> list[str]:
    assert row is not None
    return [cell.strip(" ") for cell in row]


def test_a_line_is_where_an_editor_shows_it() -> None:
    found = tickets('Title\n\nCode,Note\nA1,"two\nlines"\n\n  ,\nA2,\n')
    assert [(row.line, row.code) for row in found] == [(4, "A1"), (8, "A2")]


def test_headings_said_twice_or_not_at_all_have_names_of_their_own() -> None:
    table = look(b"Code,Name,Name,,Name 2\nA1,a,b,c,d\n", "x")
    assert table.headings == ("Code", "Name", "Name 2", "Column 4", "Name 2 2")
    assert tickets("Code,Name,Name\nA1,a,b\n", {**CODE, "holder": ("Name", "Name 2")}) == [CodeRow(2, "A1", "a b")]


def test_a_column_that_most_rows_have_needs_no_heading() -> None:
    table = look(b"Code,Holder\nA1,Ada,x\nA2,Bo,y\nA3,Cy\n", "x")
    assert table.headings == ("Code", "Holder", "Column 3")
    assert table.sample[2] == ("A3", "Cy", "")


def test_a_list_without_headings_loses_no_ticket() -> None:
    found = tickets("A1001;Ada Lovelace;VIP\nA1002;Bo Ek;Guest\nA1003;Cy Young;VIP\n")
    assert found[0] == CodeRow(1, "A1001", "Ada Lovelace")
    assert len(found) == 3
    assert len(tickets("A1001;Guest\nA1002;VIP\n")) == 2


def test_headings_in_a_language_that_nobody_taught_us_are_no_ticket() -> None:
    table = look("Kod biletu,Imię i nazwisko\nZZ-0001,Łucja Ćwik\nZZ-0002,Bo Ek\n".encode(), "x")
    assert (table.rows, table.guess) == (2, {"code": ("Kod biletu",), "holder": ("Imię i nazwisko",)})


def test_exports_put_together_have_their_headings_once() -> None:
    assert [row.code for row in tickets("Code,Holder\nA1,Ada\nCode,Holder\nA2,Bo\n")] == ["A1", "A2"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Kod,Cena,Data\n{},12.50,2026-05-01\n{},14.50,2026-05-02\n", "Kod"),
        ("Zeta,Eta\n1,{}\n2,{}\n", "Eta"),
        ("Zeta,Mail\n{},a@example.org\n{},b@example.org\n", "Zeta"),
        ("Order,Wert\n1000001,{}\n1000001,{}\n", "Wert"),
        ("Name,Reference\nAda Lovelace,{}\nBo Ek,{}\n", "Reference"),
        ("Ticket,QR-Code (text)\nVIP,{}\nVIP,{}\n", "QR-Code (text)"),
        ("Ticket,Name\n{},Ada\n{},Bo\n", "Ticket"),
        ("Link,Wert\nhttps://example.org/tickets/1,{}\nhttps://example.org/tickets/2,{}\n", "Wert"),
        ("Barcode,Wert\n12.50,{}\n14.50,{}\n", "Wert"),
    ],
)
def test_the_code_is_told_by_its_cells_where_headings_do_not_tell(text: str, code: str) -> None:
    assert look(text.format("XK7-22941", "XK7-83112").encode(), "x").guess["code"] == (code,)


@pytest.mark.parametrize(
    "text",
    [
        "Preis\n12,50 €\n14,00 €\n",
        "Wert;Datum\n$1,200.00;2026-05-01 10:00\n$1,300.00;2026-05-02 11:00\n",
        "Nr,E-Mail\n1,a@example.org\n2,b@example.org\n",
        "Ticket,Name\nVIP,Ada\nVIP,Bo\n",
    ],
)
def test_prices_dates_addresses_and_row_numbers_are_no_codes(text: str) -> None:
    assert "code" not in look(text.encode(), "x").guess


def test_an_order_is_what_repeats() -> None:
    rows = "".join(f"{7000 + place // 2},Q{place:05},x\n" for place in range(20))
    assert look(f"Vorgang A,Vorgang B,Rest\n{rows}".encode(), "x").guess == {
        "code": ("Vorgang B",),
        "order": ("Vorgang A",),
    }


def test_an_email_is_nobodys_name() -> None:
    assert "holder" not in look(b"Code,Email\nA1,a@example.org\n", "x").guess
    assert "holder" not in look(b"Code,Name\nA1,a@example.org\nA2,b@example.org\n", "x").guess


def test_a_column_of_states_that_are_not_known_is_not_guessed() -> None:
    assert "status" not in look(b"Code,Status\nA1,blue\nA2,green\n", "x").guess


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("  A1\u00a0\u200b", "A1"),
        ("'0012", "0012"),
        ("'0012'", "0012"),
        ('="0012"', "0012"),
        ('"=""00 12"""', "00 12"),
        ('\'="0012"', "0012"),
        ("000000000000000000000001", "000000000000000000000001"),
        ("12e5", "12e5"),
        ("Ü-1", "Ü-1"),
        ("A1\0", "A1"),
    ],
)
def test_a_code_comes_as_the_ticket_has_it(cell: str, code: str) -> None:
    assert tickets(f"Code,Note\n{cell},\n", CODE) == [CodeRow(2, code)]


FAULTS = {
    "1.23457E+12,Ada": "spreadsheet",
    ",Ada": "no code",
    f"{'9' * 1025},Ada": "1025 characters",
    "A\u20071,Ada": "does not print",
    "A\x1d1,Ada": "does not print",
    "A\x001,Ada": "does not print",
    f"A1,Ada,{'p' * 61}": "product has 61",
    f"A1,Ada,,{'s' * 61}": "session has 61",
    "A1,Ada,,,perhaps": "status",
    "A1,Ada,,,paid,Lovelace": "6 cells below 5 headings",
    'A1,"Ada': "quotation mark",
    f"{'9' * 140_000},Ada": "very long",
}
WIDE: Columns = {
    "code": ("Code",),
    "holder": ("Name",),
    "product": ("Product",),
    "session": ("Session",),
    "status": ("Status",),
}


@pytest.mark.parametrize("row", FAULTS)
def test_a_row_that_is_no_ticket_says_why_and_keeps_no_other_from_coming(row: str) -> None:
    found = taken(f"Code,Name,Product,Session,Status\nB0,Bo\n{row}\nB1,Cy\nB2,Di\n", WIDE)
    assert [one.code for one in found if isinstance(one, CodeRow)] == ["B0", "B1", "B2"]
    assert isinstance(found[1], RowFault)
    assert found[1].line == 3
    assert FAULTS[row] in found[1].why
    assert found[1].remedy


def test_a_code_that_a_spreadsheet_spoiled_says_how_to_get_it_back() -> None:
    for cell in ("1.23457E+12", '"1,23457E+12"', "1E+15", "'7.2E+23"):
        assert "column as text" in fault(f"Code,Name\nA0,Bo\n{cell},Ada\n", CODE).remedy
    table = look(b"Code,Name\n1.2E+12,Ada\n1.2E+12,Bo\n1.2E+12,Cy\n1.2E+12,Di\n1.2E+12,Ed\n", "x")
    assert table.guess["code"] == ("Code",)


def test_the_same_code_twice_is_a_ticket_once_and_says_where() -> None:
    found = taken("Code\nA1\nA2\n'A1\n")
    assert found[:2] == [CodeRow(2, "A1"), CodeRow(3, "A2")]
    assert isinstance(found[2], RowFault)
    assert "line 2" in found[2].why


def test_a_quotation_mark_that_does_not_close_takes_one_row_only() -> None:
    rows = [f"A{place},{chr(34) if place == 3 else ''}x" for place in range(400)]
    for after in ("", 'B1,"y"\n', 'B1,say "y"\n', 'B1,""\n'):
        found = taken("Code,Name\n" + "\n".join(rows) + "\n" + after)
        assert [row.line for row in found if isinstance(row, RowFault)] == [5]
        assert len(found) == 400 + bool(after)


def test_marks_inside_a_line_are_taken_as_they_are_meant() -> None:
    assert tickets('Code,Name\nA1,"VIP" Ada\nA2,Bo "the" Ek\nA3, "Cy, Di"\n') == [
        CodeRow(2, "A1", "VIP Ada"),
        CodeRow(3, "A2", 'Bo "the" Ek'),
        CodeRow(4, "A3", "Cy, Di"),
    ]


def test_a_name_is_no_reason_to_lose_a_ticket() -> None:
    long = "n\u0000o\tt\r\nh" * 100
    raw = io.StringIO(newline="")
    csv.writer(raw).writerows(
        [["Code", "Name", "Order", "Note", *["Extra"] * 12], ["A1", long, long, long, *[long] * 12]]
    )
    extras = ("Extra", *(f"Extra {place}" for place in range(2, 13)))
    columns: Columns = {**CODE, "holder": ("Name",), "order": ("Order",), "note": ("Note",), "includes": extras}
    [found] = tickets(raw.getvalue(), columns)
    assert (len(found.holder), len(found.order), len(found.note)) == (120, 120, 300)
    assert (len(found.includes), {len(one) for one in found.includes}) == (10, {60})
    assert found.holder.startswith("no t hno t h")
    assert all(text.isprintable() for text in (found.holder, found.order, found.note, *found.includes))


def test_extras_are_what_cells_say_and_a_yes_is_the_headings_word() -> None:
    raw = "Code,Lunch,Parking,Other\nA1,Yes,0,Poster\nA2,nein,x,\n"
    found = tickets(raw, {**CODE, "includes": ("Lunch", "Parking", "Other")})
    assert [row.includes for row in found] == [("Lunch", "Poster"), ("Parking",)]


@pytest.mark.parametrize(
    ("heading", "cell", "status"),
    [
        ("Status", "PAID", "paid"),
        ("Status", "", "paid"),
        ("Status", "wc-on-hold", "pending"),
        ("Status", "Refunded/Canceled", "cancelled"),
        ("Status", "Gültig", "paid"),
        ("Status", "En attente", "pending"),
        ("Statut", "ANNULÉE", "cancelled"),
        ("Stato", "rimborsato", "cancelled"),
        ("Status", "Niet betaald", "pending"),
        ("Paid", "Yes", "paid"),
        ("Paid?", "", "pending"),
        ("Bezahlt", "nein", "pending"),
        ("Bezahlt", "✓", "paid"),
        ("Cancelled", "Yes", "cancelled"),
        ("Storniert", "", "paid"),
        ("Storniert", "ja", "cancelled"),
        ("Void status", "void", "cancelled"),
        ("Status", "yes", None),
        ("Status", "❌", None),
        ("Status", "partially refunded", None),
    ],
)
def test_words_for_a_state_are_known_and_others_are_asked_about(heading: str, cell: str, status: str | None) -> None:
    found = taken(f"Code,{heading}\nA1,{cell}\n", {**CODE, "status": (heading,)})[0]
    if isinstance(found, CodeRow):
        assert found.status == status
    else:
        assert status is None
        assert "bezahlt" in found.remedy


def test_no_word_means_two_states_and_each_is_written_as_it_is_compared() -> None:
    said = [word for words in headings.STATES.values() for word in words]
    assert len(said) == len(set(said)) > 150
    assert all(headings.plain(word) == word for word in said)


@pytest.mark.parametrize("status", headings.USUAL)
def test_a_word_that_a_person_is_told_to_write_is_known(status: Status) -> None:
    assert {headings.state(word, "Status") for word in headings.USUAL[status].split(", ")} == {status}
    assert headings.USUAL[status] in fault("Code,Status\nA1,perhaps\n", {**CODE, "status": ("Status",)}).remedy


def test_each_heading_is_written_as_it_is_compared() -> None:
    assert all(headings.key_of(word) == word for word in headings.KNOWN)


SECRETS = ("Zyxgrundhild", "QJX-77141-VW", "zyx@example.org", "Blaumeisensaal")


def test_no_fault_says_anything_of_a_persons_ticket() -> None:
    name, code, mail, room = SECRETS
    rows = [
        f"{code},{name},{room},{mail}",
        f"{code},{name},{room},{mail}",
        f",{name},{room},{mail}",
        f"{code * 90},{name},{room},{mail}",
        f"{code}\x01,{name},{room},{mail}",
        f"{code}1,{name},{room * 9},{mail}",
        f"{code}2,{name},{room},{mail},{name}",
        f'{code}3,"{name},{room},{mail}',
        f"{code}4,{name},{room},paid",
    ]
    columns = parse_columns("code=Code,holder=Name,product=Product,status=Status")
    found = taken("Code,Name,Product,Status\n" + "\n".join(rows) + "\n", columns)
    faults = [row for row in found if isinstance(row, RowFault)]
    assert len(faults) == 8
    for one in faults:
        assert not [part for part in SECRETS for text in (one.why, one.remedy) if part.lower() in text.lower()]
    for raw in (
        f"Code,Name\n{code},{name}\n".encode().replace(b"\n", b"\n\x81\xff", 1),
        b"\xff\xfe" + f"{name},{code}\n".encode("utf-16-le") + b"\x00\xd8,",
        f"<p>{name}</p>".encode(),
        f'[{{"code": "{code}", "name": "{name}"}}]'.encode(),
        f"Code,Name\n\x01\x02\x03\x04\x05\x06\x07\x08\x0e{name}".encode(),
    ):
        assert not [part for part in SECRETS if part in refused(raw)]


def workbook(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n\0", "empty"),
        (b",,,\n,,\n", "no row"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
        (workbook("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook, not CSV Open it and save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel workbook of the old kind"),
        (workbook("Index/Document.iwa"), "a Numbers workbook"),
        (workbook("tickets.csv"), "a ZIP archive, not CSV Unpack"),
        (b"\n<!DOCTYPE html><html><body>Log in</body></html>", "a web page"),
        ("\ufeff<table><tr><td>A1</td></tr></table>".encode("utf-16"), "a web page"),
        (b'{"attendees": [{"barcode": "1"}]}', "JSON"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\x1f\x8b\x08\0", "a compressed file"),
        (bytes(range(1, 127)) * 9, "not text"),
        (b"\xff\xfeA\0,", "not UTF-16 LE"),
        (b"\xef\xbb\xbfCode\nA\xff\n", "line 2: byte 9 is not UTF-8"),
        (b"Code\n\xfc\x81\n", "line 2: byte 6 is not"),
        (b"Code\n" + b",".join([b"x"] * 600) + b"\n", "more than 500 columns"),
        (b"Code," + b"," * 600 + b"x\n" + b"y," * 700 + b"\n", "more than 500 columns"),
        (b"Code\nA1" + b"\n" * (sheet.LINES + 1), "more than 2,000,000 lines"),
        (b"Code\n" + b"A" * LARGEST, "at most 16,777,216"),
    ],
)
def test_what_is_no_list_is_called_by_its_name(raw: bytes, said: str) -> None:
    assert said in refused(raw)
    with pytest.raises(DataError):
        read(raw, "list.csv", CODE)


def test_headings_alone_are_no_list() -> None:
    assert "no row below" in refused("Code,Name\n,\n")
    assert list(read(b"Code,Name\n,\n", "x", CODE)) == []


def test_a_workbook_of_libreoffice_is_known_by_its_first_entry() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "a LibreOffice workbook" in refused(out.getvalue())


def test_as_many_rows_as_are_promised_and_no_more() -> None:
    raw = "Code\n" + "".join(f"A{place}\n" for place in range(MOST))
    assert look(raw.encode(), "x").rows == MOST
    assert "line 100002: more than 100,000 rows" in refused(raw + "B\n")
    with pytest.raises(DataError, match="more than 100,000 rows"):
        list(read((raw + "B\n").encode(), "x", CODE))


def test_columns_are_written_as_a_person_writes_them() -> None:
    assert parse_columns("code=Barcode #, Holder = First Name + Last Name,includes=A") == {
        "code": ("Barcode #",),
        "holder": ("First Name", "Last Name"),
        "includes": ("A",),
    }
    assert parse_columns('code=a=b,"holder=Name, first"') == {"code": ("a=b",), "holder": ("Name, first",)}
    assert parse_columns("code=A++B") == {"code": ("A+B",)}


@pytest.mark.parametrize(
    "text", ["", "code", "=Barcode", "kode=Barcode", "code=", "code=A,code=B", "holder=A+", "code=A,"]
)
def test_columns_that_say_nothing_clear_are_refused_with_the_way_to_say_it(text: str) -> None:
    with pytest.raises(DataError) as told:
        parse_columns(text)
    assert str(told.value).startswith("columns: ")
    assert told.value.remedy != DataError.remedy


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"code": ("Barcode",)}, "no column 'Barcode'"),
        ({"holder": ("Name",)}, "no column is named for the code"),
        ({"code": ("Code", "Name")}, "code has 2 columns"),
        ({"code": ()}, "code has 0 columns"),
    ],
)
def test_columns_that_the_file_has_not_are_refused_with_those_it_has(columns: Columns, said: str) -> None:
    raw = b"Code,Name\nA1,Ada\n"
    for act in (lambda: check_columns(look(raw, "x"), columns), lambda: read(raw, "x", columns)):
        with pytest.raises(DataError) as told:
            act()
        assert said in str(told.value)
        assert "there are: Code, Name" in str(told.value)
    check_columns(look(raw, "x"), {**CODE, "holder": ("Name",)})


@given(st.binary(max_size=300))
def test_no_bytes_are_too_much(raw: bytes) -> None:
    try:
        table = look(raw, "x")
    except DataError:
        return
    assert set(table.guess) <= set(ROLES)
    assert len(list(read(raw, "x", {"code": table.headings[:1]}))) == table.rows
    assert all(len(row) == len(table.headings) for row in table.sample)
