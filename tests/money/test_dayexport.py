"""The day's CSV set, read again by a reader of its own and added up to the Zs; and what nobody is to stumble on."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from appliance import dayexport
from appliance.domain.drawer import Drawer
from appliance.files.dsfinvk import schema
from appliance.files.dsfinvk.schema import Amount, number
from appliance.journal.read import Reader
from appliance.projections import books, drawer, events
from tests.money.stall import LEAD, Stall
from tests.money.test_books import STAFF, STEPS, Till, step

Rows = dict[str, list[dict[str, str]]]
HOSTILE: list[dict[str, Any]] = [
    {
        "sku": "A",
        "name": '=HYPERLINK("http://evil";"x")',
        "price": 350,
        "vat": "0.19",
        "kind": "unit",
        "category": "@SUM",
    },
    {"sku": "B", "name": '+1";"2', "price": 420, "vat": "0.07", "kind": "unit", "category": "-2+3"},
    {"sku": "C", "name": "Kaffee; groß, „süß“", "price": 99, "vat": "0.08125", "kind": "unit"},
    {"sku": "CUP", "name": "-Becher", "price": 200, "vat": "0", "kind": "deposit"},
    {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.07", "kind": "weight"},
]


def read(raw: bytes) -> Rows:
    """Every file of the zip by the standard csv module, columns by name."""
    found: Rows = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        assert packed.testzip() is None
        for name in packed.namelist():
            if not name.endswith(".csv"):
                continue
            text = packed.read(name).decode("utf-8")
            assert text.count("\r\n") == text.count("\n")
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
            assert lines[0] == [column.name for column in schema.TABLES[name].columns]
            assert all(len(line) == len(lines[0]) for line in lines)
            found[name] = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    return found


def money(text: str) -> Decimal:
    assert re.fullmatch(r"-?[0-9]+(,[0-9]+)?", text), text
    return Decimal(text.replace(",", "."))


def total(rows: list[dict[str, str]], column: str, **only: str) -> Decimal:
    return sum(
        (money(row[column]) for row in rows if all(row[key] == value for key, value in only.items())), Decimal(0)
    )


def exported(box: Any, day: Any = None) -> bytes:
    event = events.current(box.engine.store.db)
    assert event is not None
    with closing(Reader(box.data)) as reader:
        return dayexport.archive_of(reader, event, "box-7", day)


def agree(rows: Rows, z: dict[str, Any]) -> None:
    """One Z: every file adds up to what its report says, to the cent and to the hundredth of one."""
    log, _, n = z["z"].partition("-")
    only = {"Z_KASSE_ID": f"box-7-{log}", "Z_NR": n}
    mine = {
        name: [row for row in found if all(row[key] == value for key, value in only.items())]
        for name, found in rows.items()
    }
    (head,) = mine["cashpointclosing.csv"]
    assert head["Z_ERSTELLUNG"] == z["at"]
    training = {row["BON_ID"] for row in mine["transactions.csv"] if row["BON_TYP"] == "AVTraining"}
    real = {name: [row for row in found if row.get("BON_ID") not in training] for name, found in mine.items()}
    cents = Decimal(100)
    if z.get("training"):
        assert {row["BON_TYP"] for row in mine["transactions.csv"]} <= {"AVTraining"}
        assert not mine["businesscases.csv"] + mine["payment.csv"]
        assert money(head["Z_SE_ZAHLUNGEN"]) == money(head["Z_SE_BARZAHLUNGEN"]) == 0
        return
    assert not training

    assert total(mine["cash_per_currency.csv"], "ZAHLART_BETRAG_WAEH") * cents == z["counted"]
    assert money(head["Z_SE_BARZAHLUNGEN"]) * cents == z["counted"]
    paid = total(real["transactions.csv"], "UMS_BRUTTO")
    assert money(head["Z_SE_ZAHLUNGEN"]) == paid == total(mine["payment.csv"], "Z_ZAHLART_BETRAG")
    assert (
        paid == total(real["datapayment.csv"], "BASISWAEH_BETRAG") == total(mine["businesscases.csv"], "Z_UMS_BRUTTO")
    )
    trade = ("Umsatz", "Pfand", "PfandRueckzahlung")
    turnover = sum(total(mine["businesscases.csv"], "Z_UMS_BRUTTO", GV_TYP=kind) for kind in trade)
    rebate = [row for row in mine["businesscases.csv"] if row["GV_TYP"] == "Rabatt" and row["GV_NAME"] != "Rundung"]
    assert (turnover + total(rebate, "Z_UMS_BRUTTO")) * cents == z["turnover"]
    rounding = [row for row in mine["businesscases.csv"] if row["GV_NAME"] == "Rundung"]
    assert total(rounding, "Z_UMS_BRUTTO") * cents == z["rounding"]
    other = z["float"] + sum(move["amount"] for move in z["moves"]) + z["variance"]
    assert paid * cents == z["turnover"] + z["rounding"] + other
    for kind, name in (("cash", "Bar"), ("card", "Karte"), ("voucher", "Gutschein")):
        right = sum(one["amount"] for one in z["tenders"] if one["kind"] == kind)
        right += other if kind == "cash" else 0
        assert total(mine["payment.csv"], "Z_ZAHLART_BETRAG", ZAHLART_NAME=name) * cents == right

    rates = {row["UST_SCHLUESSEL"]: money(row["UST_SATZ"]) for row in mine["vat.csv"]}
    by_key: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for line in z["vat"]:
        key = next(key for key, value in rates.items() if abs(value - Decimal(line["rate"]) * 100) < Decimal("0.01"))
        for at, part in enumerate(("gross", "net", "tax")):
            by_key[key][at] += line[part]
    by_key["5"][0] += z["rounding"] + other
    by_key["5"][1] += z["rounding"] + other
    for file, columns in (
        ("transactions_vat.csv", ("BON_BRUTTO", "BON_NETTO", "BON_UST")),
        ("lines_vat.csv", ("POS_BRUTTO", "POS_NETTO", "POS_UST")),
        ("businesscases.csv", ("Z_UMS_BRUTTO", "Z_UMS_NETTO", "Z_UST")),
    ):
        for key in rates:
            sums = [total(real[file], column, UST_SCHLUESSEL=key) * cents for column in columns]
            assert sums == by_key[key], (file, key)
        assert {row["UST_SCHLUESSEL"] for row in mine[file]} <= set(rates)

    for bon in mine["transactions.csv"]:
        one = {"BON_ID": bon["BON_ID"]}
        gross = money(bon["UMS_BRUTTO"])
        assert gross == total(mine["lines_vat.csv"], "POS_BRUTTO", **one)
        assert gross == total(mine["transactions_vat.csv"], "BON_BRUTTO", **one)
        assert gross == total(mine["datapayment.csv"], "BASISWAEH_BETRAG", **one)
        for row in (row for row in mine["lines.csv"] if row["BON_ID"] == bon["BON_ID"]):
            whole = total(mine["lines_vat.csv"], "POS_BRUTTO", **one, POS_ZEILE=row["POS_ZEILE"])
            # A price of five places, and cents for what was weighed.
            assert abs(money(row["MENGE"]) * money(row["STK_BR"]) - whole) <= Decimal("0.006")
    ids = [bon["BON_ID"] for bon in mine["transactions.csv"]]
    assert len(set(ids)) == len(ids)
    assert [int(bon["BON_NR"]) for bon in mine["transactions.csv"]] == list(range(1, len(ids) + 1))
    if ids:
        assert (head["Z_START_ID"], head["Z_ENDE_ID"]) == (ids[0], ids[-1])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS)
def test_every_file_adds_up_to_its_z(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    till = Till(tmp_path_factory.mktemp("export"))
    for op, who, n in [("open", STAFF[0], 50), ("open", STAFF[1], 0), ("sell", STAFF[0], 0), *steps]:
        step(till, op, who, n)
    for one in till.open()[1:]:
        if till.count(one) is not None:
            till.close(one)
    db = till.box.engine.store.db
    raw = exported(till.box)
    rows = read(raw)
    event = events.current(db)
    assert event is not None
    zs = [z for z in (books.z(db, z["z"]) for z in books.zs(db, event.event)) if z is not None]
    for z in zs:
        agree(rows, z)
    assert len(rows["cashpointclosing.csv"]) == len(zs)
    assert exported(till.box) == raw
    till.box.engine.close()


def count_and_close(stall: Stall, off: int = 0) -> dict[str, Any]:
    """The Z of the only drawer, with so many minor units too much in it."""
    db = stall.engine.store.db
    (one,) = drawer.drawers(db).open
    stall.do("drawer.count", coins={"1": 0})
    expected = books.x(db, _now(stall, one))["expected"]
    stall.do("drawer.count", coins={"1": (expected + off) % 100, "100": (expected + off) // 100})
    return stall.do("drawer.close", reason="other" if off else None)


def _now(stall: Stall, one: Drawer) -> Drawer:
    return next(now for now in drawer.drawers(stall.engine.store.db).open if now.drawer == one.drawer)


def test_a_day_of_discounts_deposits_weights_and_hostile_names(tmp_path: Path) -> None:
    stall = Stall(tmp_path / "data", cash_rounding=5)
    stall.do("catalogue.import", items=HOSTILE)
    own = {"percent": "0.50"}
    first = stall.sold(
        {"sku": "A", "qty": 3, "discount": own, "service": "here"},
        {"sku": "B", "qty": 2, "service": "takeaway"},
        {"sku": "CUP", "qty": 2},
        discount={"amount": 111},
        **LEAD,
    )
    second = stall.sold(
        {"sku": "C", "qty": 7}, {"sku": "BEANS", "grams": 137}, {"sku": "CUP", "qty": 1, "returned": True}
    )
    stall.sold({"sku": "B", "qty": 1}, tenders=[{"kind": "voucher", "amount": 420, "reference": "G-1"}])
    stall.do(
        "sale.refund",
        sale=first["sale"],
        reason="faulty",
        restock=True,
        lines=[{"line": 1, "qty": 1}, {"line": 3, "qty": 1}],
    )
    stall.do("sale.void", sale=second["sale"], reason="wrong_item", approver="s-lead")
    for amount, reason in ((5000, "float"), (-2000, "to_safe"), (-300, "expense"), (-50, "tips"), (7, "other")):
        stall.do("drawer.move", amount=amount, reason=reason, note="for Ada Lovelace")
    z = count_and_close(stall, off=-25)
    raw = exported(stall)
    rows = read(raw)
    shown = books.z(stall.engine.store.db, z["z"])
    assert shown is not None
    agree(rows, shown)

    kinds = {(row["GV_TYP"], row["GV_NAME"]): money(row["Z_UMS_BRUTTO"]) for row in rows["businesscases.csv"]}
    assert kinds["Geldtransit", "float"] == 50
    assert kinds["Geldtransit", "to_safe"] == -20
    assert kinds["Auszahlung", "expense"] == -3
    assert kinds["TrinkgeldAN", "tips"] == Decimal("-0.50")
    assert kinds["Einzahlung", "other"] == Decimal("0.07")
    assert kinds["Anfangsbestand", ""] == 100
    assert kinds["DifferenzSollIst", "other"] == Decimal("-0.25")
    assert kinds["Pfand", ""] == 2
    assert kinds["PfandRueckzahlung", ""] == 0
    assert {row["GV_TYP"] for row in rows["lines.csv"] if row["GV_NAME"] == "Rundung"} <= {"Aufschlag", "Rabatt"}

    lines = [row for row in rows["lines.csv"] if row["BON_ID"] == first["number"]]
    assert [row["ARTIKELTEXT"] for row in lines[:3]] == ["'" + HOSTILE[0]["name"], "'" + HOSTILE[1]["name"], "'-Becher"]
    assert [row["INHAUS"] for row in lines[:3]] == ["1", "0", ""]
    assert [row["WARENGR"] for row in lines[:3]] == ["'@SUM", "'-2+3", ""]
    assert [(row["GV_TYP"], row["GV_NAME"]) for row in lines[3:]] == [
        *(("Rabatt", ""), ("Rabatt", "")),
        ("Aufschlag", "Rundung"),
    ]
    amounts = [row for row in rows["itemamounts.csv"] if row["BON_ID"] == first["number"]]
    assert [(row["TYP"], row["PF_BRUTTO"]) for row in amounts] == [("base_amount", "3,50000"), ("discount", "-1,75000")]
    weighed = next(row for row in rows["lines.csv"] if row["ART_NR"] == "BEANS")
    assert (weighed["MENGE"], weighed["EINHEIT"], weighed["STK_BR"]) == ("0,137", "kg", "24,90000")

    references = {row["BON_ID"]: row for row in rows["references.csv"]}
    assert {row["REF_BON_ID"] for row in references.values()} == {first["number"], second["number"]}
    assert all(row["REF_Z_NR"] == "1" and row["REF_TYP"] == "Transaktion" for row in references.values())
    void = next(row for row in rows["transactions.csv"] if row["BON_STORNO"] == "1")
    assert references[void["BON_ID"]]["REF_BON_ID"] == second["number"]
    assert (void["BON_TYP"], money(void["UMS_BRUTTO"]) < 0) == ("Beleg", True)
    assert {row["UST_SCHLUESSEL"]: row["UST_SATZ"] for row in rows["vat.csv"]} == {
        "1": "19,00",
        "2": "7,00",
        "5": "0,00",
        "1000": "8,13",
    }
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        assert b"Lovelace" not in b"".join(packed.read(name) for name in packed.namelist())
    stall.engine.close()


def test_no_cell_of_text_begins_a_formula_and_no_number_is_harmed(tmp_path: Path) -> None:
    table = schema.Table("T", (schema.Text("A", 9), schema.Number("N", 2)))
    for text in ("=1", "+1", "-1", "@a", "\t=1", "\r=1"):
        line = schema.row(table, {"A": text, "N": Amount(-5, 2)})
        assert line.startswith("\"'"), line
        assert line.endswith(";-0,05\r\n")
    assert schema.row(table, {"A": "a\r\nb\x00c\u202ed"}) == '"a  b c d";\r\n'
    assert schema.row(table, {"A": '""""""""""""'}) == '"' + '""' * 9 + '";\r\n'
    with pytest.raises(KeyError):
        schema.row(table, {"B": 1})
    for value, places, wanted, text in (
        *((5, 2, 2, "0,05"), (-5, 2, 2, "-0,05"), (125, 3, 2, "0,13"), (-125, 3, 2, "-0,13"), (124, 3, 2, "0,12")),
        *((7, 0, 2, "7,00"), (1234, 0, 0, "1234"), (-4, 3, 2, "0,00"), (10**14 + 1, 5, 5, "1000000000,00001")),
    ):
        assert number(Amount(value, places), wanted) == text


def test_what_has_no_z_yet_is_left_out_and_named(stall: Stall) -> None:
    empty = exported(stall)
    assert all(not found for found in read(empty).values())
    stall.sold({"sku": "COFFEE", "qty": 1})
    raw = exported(stall)
    assert all(not found for found in read(raw).values())
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        told = packed.read("README.txt").decode()
        assert "drawer 1, receipts: 1" in told
        assert "NOT a certified export" in told
        assert sorted(packed.namelist()) == sorted(["README.txt", "index.xml", *schema.TABLES])
        assert all(re.fullmatch(r"[A-Za-z_]+\.(csv|xml|txt)", name) for name in packed.namelist())
        described = ET.fromstring(packed.read("index.xml"))  # noqa: S314 - our own
    tables = {table.findtext("URL"): table for table in described.iter("Table")}
    assert set(tables) == set(schema.TABLES)
    for file, table in tables.items():
        assert [column.findtext("Name") for column in table.iter("VariableColumn")] == [
            column.name for column in schema.TABLES[str(file)].columns
        ]


def test_training_is_in_it_and_in_no_sum(stall: Stall) -> None:
    trainee = stall.do("drawer.open", float=500, name="T", training=True)["drawer"]
    stall.sold({"sku": "COFFEE", "qty": 1}, drawer=trainee)
    stall.do("drawer.count", coins={"1": 3}, drawer=trainee)
    z = stall.do("drawer.close", drawer=trainee, reason="other")
    raw = exported(stall)
    rows = read(raw)
    shown = books.z(stall.engine.store.db, z["z"])
    assert shown is not None
    agree(rows, shown)
    assert [row["GV_TYP"] for row in rows["lines.csv"]] == ["Anfangsbestand", "Umsatz", "DifferenzSollIst"]
    assert [row["UMS_BRUTTO"] for row in rows["transactions.csv"]] == ["5,00", "3,57", "-8,54"]
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        assert "drawer T: training, in no sum" in packed.read("README.txt").decode()


def test_the_parts_of_a_bundle_say_how_their_price_came_about(stall: Stall) -> None:
    sold = stall.sold({"sku": "BREAKFAST", "qty": 3}, discount={"amount": 100})
    z = count_and_close(stall)
    rows = read(exported(stall))
    shown = books.z(stall.engine.store.db, z["z"])
    assert shown is not None
    agree(rows, shown)
    lines = [row for row in rows["lines.csv"] if row["BON_ID"] == sold["number"]]
    assert [row["ART_NR"] for row in lines] == ["COFFEE", "CAKE", "STICKER", "", ""]
    amounts = [row for row in rows["itemamounts.csv"] if row["POS_ZEILE"] == "1"]
    assert [row["TYP"] for row in amounts] == ["base_amount", "discount"]
    assert amounts[0]["PF_BRUTTO"] == "3,57000"
    assert total(amounts, "PF_BRUTTO") == money(lines[0]["STK_BR"])


def test_a_day_is_one_of_the_event_s_own_calendar(stall: Stall) -> None:
    stall.clock.step(4.5 * 3600)  # 22:30 UTC is 23:30 in Berlin
    stall.sold({"sku": "COFFEE", "qty": 1})
    late = count_and_close(stall)
    stall.clock.advance(3600)
    stall.do("drawer.open", float=0)
    next_day = count_and_close(stall)
    db = stall.engine.store.db
    event = events.current(db)
    assert event is not None
    reader = Reader(stall.data)
    for text, z in (("2026-11-23", late), ("2026-11-24", next_day)):
        day = dayexport.day_of(text)
        assert [row["Z_NR"] for row in read(exported(stall, day))["cashpointclosing.csv"]] == [z["z"].partition("-")[2]]
        stored = [json.loads(line) for line in dayexport.stored(reader, event, day)]
        assert [body["data"]["z"] for body in stored if body["kind"] == "drawer.closed/1"] == [z["z"]]
    everything = "".join(dayexport.stored(reader, event))
    assert everything == "".join(f"{body}\n" for body in stall.bodies() if f'"event":"{event.event}"' in body)
    reader.close()
    assert dayexport.name_of(event, dayexport.day_of("2026-11-24"), "zip") == f"boothkit-{event.event}-2026-11-24.zip"
