"""Catalogue files: variants become items of a group, and what was written is what is read."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain.catalogue import Item, item_fault
from appliance.errors import DataError
from appliance.files import catalogue as cataloguefile
from appliance.projections import catalogue
from tests.conftest import EngineBox

SHIRT = """
[[item]]
sku = "SHIRT"
name = "Shirt"
price = 2500
vat = "0.19"
kind = "unit"
"""


def read(folder: Path, text: str, name: str = "items.toml") -> list[dict[str, Any]]:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return cataloguefile.read(file, currency="EUR")


def test_each_variant_is_an_item_with_a_sku_and_a_stock_of_its_own(tmp_path: Path, box: EngineBox) -> None:
    variants = 'variants = [{name = "S", stock = 3}, {name = "Size M", sku = "M", price = 2700}, "L"]\n'
    items = read(tmp_path, SHIRT + variants)
    common = {"vat": "0.19", "kind": "unit", "group": "Shirt"}
    assert items == [
        {"sku": "SHIRT-S", "name": "Shirt S", "price": 2500, "stock": 3, **common},
        {"sku": "SHIRT-M", "name": "Shirt Size M", "price": 2700, **common},
        {"sku": "SHIRT-L", "name": "Shirt L", "price": 2500, **common},
    ]
    box.open_event()
    box.do("catalogue.import", items=items)
    cash = [{"kind": "cash", "amount": 100_000}]
    too_many = {"lines": [{"sku": "SHIRT-S", "qty": 4}], "tenders": cash}
    assert box.ask("sale.complete", too_many)["refusal"]["slug"] == "sold-out"
    box.do("sale.complete", lines=[{"sku": "SHIRT-S", "qty": 2}, {"sku": "SHIRT-L", "qty": 9}], tenders=cash)
    left = [(item.sku, item.group, item.stock) for item in catalogue.items(box.engine.store.db)]
    assert left == [("SHIRT-S", "Shirt", 1), ("SHIRT-M", "Shirt", None), ("SHIRT-L", "Shirt", None)]


def test_a_cell_of_a_csv_names_the_variants(tmp_path: Path) -> None:
    text = "sku,name,price,vat,kind,vat_takeaway,min_age,variants\nTEA,Tea,300,0.19,unit,0.07,,Mint | Chai\n"
    items = read(tmp_path, text + "GIN,Gin,800,0.19,unit,,18,\n", "items.csv")
    assert [(item["sku"], item["name"], item.get("group")) for item in items] == [
        ("TEA-Mint", "Tea Mint", "Tea"),
        ("TEA-Chai", "Tea Chai", "Tea"),
        ("GIN", "Gin", None),
    ]
    assert (items[0]["vat_takeaway"], items[2]["min_age"]) == ("0.07", 18)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("variants = []", "item 1 (SHIRT): variants: wants a list"),
        ('variants = "S"', "item 1 (SHIRT): variants: wants a list"),
        ("variants = [3]", "item 1 (SHIRT), variant 1: wants a name"),
        ('variants = ["S", {stock = 3}]', "item 1 (SHIRT), variant 2: wants a name"),
        ('variants = [{name = "S", vat = "0"}]', "item 1 (SHIRT), variant 1: unknown key 'vat'"),
        ('variants = ["Größe M"]', "item 1 (SHIRT), variant 1: 'Größe M' cannot end a sku"),
        ('stock = 5\nvariants = ["S"]', "item 1 (SHIRT): stock belongs to each"),
        ('group = "G"\nvariants = ["S"]', "item 1 (SHIRT): group belongs to each"),
        ('min_age = "16"', "item 1 (SHIRT)"),
        ("size = 1", "item 1 (SHIRT): unknown key 'size'; allowed are sku"),
        (f'variants = ["S"]\n{SHIRT}sizes = 1', "item 2 (SHIRT): unknown key 'sizes'"),
    ],
)
def test_what_is_wrong_with_a_file_is_named_with_its_item(tmp_path: Path, more: str, why: str) -> None:
    with pytest.raises(DataError) as found:
        read(tmp_path, f"{SHIRT}{more}\n")
    assert why in str(found.value)


def test_a_wrong_trade_item_number_is_named_with_its_file_its_line_and_its_item(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"items\.toml: item 2 \(B\): gtin: 96385075: its last digit would be 4"):
        read(tmp_path, f'{SHIRT}{SHIRT.replace("SHIRT", "B")}gtin = "96385075"\n')
    with pytest.raises(DataError, match=r"items\.toml: item 1 \(SHIRT\): Expected `str \| null`, got `int`.*gtin"):
        read(tmp_path, f"{SHIRT}gtin = 96385074\n")
    text = "sku,name,price,vat,kind,gtin\nA,A,1,0,unit,96385074\n\nB,B,1,0,unit,0963850741\n"
    with pytest.raises(DataError, match=r"items\.csv, line 4: item 2 \(B\): gtin: '0963850741': wants the 8"):
        read(tmp_path, text, "items.csv")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"vat_takeaway": "7"}, "vat_takeaway"),
        ({"vat_takeaway": ""}, "vat_takeaway"),
        ({"vat": ""}, "vat"),
        ({"vat": "1E-999999999"}, "vat"),
        ({"vat": "0.0000001"}, "at most 6"),
        ({"kind": "deposit", "vat_takeaway": "0.07"}, "deposit"),
        ({"min_age": 0}, "min_age"),
        ({"min_age": 100}, "min_age"),
        ({"group": ""}, "group"),
        ({"group": "x" * 61}, "group"),
        ({"gtin": "9506000134353"}, "gtin: 9506000134353: its last digit would be 2"),
        ({"gtin": "12"}, "gtin: '12': wants the 8, 12, 13 or 14 digits"),
        ({"kind": "bundle", "vat": "", "gtin": "96385074"}, "gtin: a bundle has what its parts have"),
    ],
)
def test_what_is_wrong_with_an_item_is_said(change: dict[str, Any], why: str) -> None:
    good = {"sku": "A", "name": "A", "price": 1, "vat": "0.19", "kind": "unit"}
    assert item_fault(msgspec.convert(good, Item)) is None
    assert why in str(item_fault(msgspec.convert(good | change, Item)))


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
items = st.builds(
    Item,
    sku=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    name=words,
    price=st.integers(0, 10**6),
    vat=st.sampled_from(["0", "0.07", "0.19"]),
    kind=st.sampled_from(["unit", "weight", "open"]),
    stock=st.none() | st.integers(0, 1000),
    vat_takeaway=st.none() | st.sampled_from(["0.07", "0.055"]),
    group=st.none() | words,
    min_age=st.none() | st.integers(1, 99),
    lot=st.none() | words,
    gtin=st.none() | st.sampled_from(["036000291452", "96385074", "9506000134352"]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(items, min_size=1, max_size=5), st.sampled_from([".toml", ".csv"]))
def test_what_was_written_is_what_is_read(tmp_path: Path, some: list[Item], suffix: str) -> None:
    file = tmp_path / f"items{suffix}"
    file.write_text(cataloguefile.write(some, suffix, currency="EUR"), encoding="utf-8", newline="")
    assert [msgspec.convert(row, Item) for row in cataloguefile.read(file, currency="EUR")] == some
