"""Bundles: sold as one, recorded and given back as their parts, and no dearer than these. What any cart with them costs
is in ``test_pricing``, what goes back of it in ``test_refunds``."""

from pathlib import Path
from typing import Any

import pytest

from appliance.domain.catalogue import Item
from appliance.errors import DataError
from appliance.files import catalogue as cataloguefile
from appliance.projections import catalogue, events, sales
from appliance.receipts import layout
from tests.conftest import EngineBox
from tests.money.stall import ITEMS, LEAD, Stall

CUPS = [{"sku": "CUP", "name": "Cup deposit", "price": 200, "vat": "0", "kind": "deposit"}]
PARTS: list[dict[str, Any]] = [
    {"sku": "COFFEE", "name": "Coffee", "price": 350, "vat": "0.19", "kind": "unit", "stock": 7},
    {"sku": "CAKE", "name": "Cake", "price": 420, "vat": "0.07", "kind": "unit", "stock": 4},
    {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.07", "kind": "weight"},
    *CUPS,
]
MENU: dict[str, Any] = {
    "sku": "MENU",
    "name": "Menu",
    "price": 1000,
    "kind": "bundle",
    "contains": [{"sku": "COFFEE", "qty": 2}, {"sku": "CAKE", "qty": 1}],
}
MENU_LINE = {"sku": "MENU", "qty": 1}
MENU_TOML = '[[item]]\nsku = "M"\nname = "Menu"\nprice = 600\nkind = "bundle"\ncontains = "COFFEE:2"\n'
COFFEE_TOML = '[[item]]\nsku = "COFFEE"\nname = "Coffee"\nprice = 350\nvat = "0.19"\nkind = "unit"\n'
CASH = [{"kind": "cash", "amount": 100_000}]


@pytest.fixture
def shop(box: EngineBox) -> EngineBox:
    """An open event that has a menu."""
    box.open_event()
    box.do("catalogue.import", items=[*PARTS, MENU])
    return box


def stock(box: EngineBox) -> dict[str, int | None]:
    return {item.sku: item.stock for item in catalogue.items(box.engine.store.db)}


def sell(box: EngineBox, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return box.ask("sale.complete", {"lines": list(lines), "tenders": CASH, **more})


def test_a_bundle_is_recorded_as_its_parts_and_takes_their_stock(shop: EngineBox) -> None:
    assert stock(shop) == {"COFFEE": 7, "CAKE": 4, "BEANS": None, "CUP": None, "MENU": 3}
    answer = sell(shop, {"sku": "MENU", "qty": 2})["answer"]
    sale = sales.get(shop.engine.store.db, answer["sale"])
    assert sale is not None
    assert [(one["sku"], one["qty"], one["unit_price"], one["total"], one["vat"]) for one in sale["lines"]] == [
        ("COFFEE", 4, 350, 1250, "0.19"),
        ("CAKE", 2, 420, 750, "0.07"),
    ]
    assert {one["bundle"] for one in sale["lines"]} == {"MENU"}
    assert sale["lines"][0]["bundle_sold"] == {"name": "Menu", "qty": 2, "unit_price": 1000, "full": 2000}
    assert stock(shop) == {"COFFEE": 3, "CAKE": 2, "BEANS": None, "CUP": None, "MENU": 1}


def test_what_is_sold_out_is_the_part_whoever_took_it(shop: EngineBox) -> None:
    assert sell(shop, {"sku": "COFFEE", "qty": 6})["ok"]
    assert stock(shop)["MENU"] == 0
    told = sell(shop, {"sku": "MENU", "qty": 1})["refusal"]
    assert (told["slug"], told["sku"], told["left"]) == ("sold-out", "COFFEE", 1)
    assert told["detail"] == "Coffee: 1 left, 2 asked for"
    told = sell(shop, {"sku": "CAKE", "qty": 3}, {"sku": "CAKE", "qty": 2})["refusal"]
    assert (told["sku"], told["left"]) == ("CAKE", 4)


def test_what_is_given_back_of_a_bundle_is_on_the_shelf_again(shop: EngineBox) -> None:
    answer = sell(shop, {"sku": "MENU", "qty": 1})["answer"]
    asked = {"sale": answer["sale"], "reason": "faulty", "restock": True}
    first = shop.do("sale.refund", **asked, lines=[{"line": 1, "qty": 1}])
    assert stock(shop)["COFFEE"] == 6
    second = shop.do("sale.refund", **asked)
    assert first["total"] + second["total"] == 1000
    assert stock(shop) == {"COFFEE": 7, "CAKE": 4, "BEANS": None, "CUP": None, "MENU": 3}
    assert shop.do("sale.void", sale=sell(shop, MENU_LINE)["answer"]["sale"], reason="wrong_item")["total"] == 1000


def test_that_a_bundle_is_cheap_is_no_discount_and_one_on_top_is(stall: Stall) -> None:
    cheap = stall.sold({"sku": "BOTTLE", "qty": 1})
    assert (cheap["total"], cheap["lines"][0]["discount"]) == (2000, 0)
    assert "approver" not in cheap
    assert stall.sold({"sku": "BOTTLE", "discount": {"percent": "0.2"}})["total"] == 1600
    assert stall.refused({"sku": "BOTTLE", "discount": {"percent": "0.21"}}) == "guardrail"
    dear = stall.sold({"sku": "WALK", "discount": {"percent": "1"}}, **LEAD)
    assert [(one["sku"], one["total"]) for one in dear["lines"]] == [("CUP", 400), ("COFFEE", 0)]


def test_an_age_and_a_rate_are_those_of_the_parts(stall: Stall) -> None:
    ages = {item.sku: item.min_age for item in catalogue.items(stall.engine.store.db)}
    assert (ages["BOTTLE"], ages["BREAKFAST"]) == (16, None)
    assert stall.refused({"sku": "BOTTLE"}, age_checked=False) == "age-check"
    sale = stall.sold({"sku": "BREAKFAST", "service": "takeaway"})
    assert [one["vat"] for one in sale["lines"]] == ["0.07", "0.07", "0.19"]


def test_a_bundle_has_no_price_and_no_weight_of_its_own_and_does_not_come_back(stall: Stall) -> None:
    for more in ({"price": 5}, {"grams": 5}, {"returned": True}):
        assert stall.refused({"sku": "BREAKFAST", **more}) == "validation"
    assert stall.refused(*[{"sku": "BREAKFAST"}] * 67) == "validation"  # 201 lines with the parts


def test_a_receipt_names_the_bundle_its_price_and_its_parts(stall: Stall) -> None:
    stall.sold({"sku": "BREAKFAST", "qty": 2, "discount": {"percent": "0.1"}}, {"sku": "CAKE"})
    sale = stall.last("sale.completed/1") | {"at": "2026-11-23T18:00:00.000Z"}
    event = events.current(stall.engine.store.db)
    assert event is not None
    shown = layout.receipt(sale, event_name=event.name, timezone=event.timezone, url="http://x/r/y")
    rows = [(one.left, one.right) for one in shown if isinstance(one, layout.Row)]
    assert rows[1:4] == [
        ("2 x Breakfast (€7.01)", "€14.02"),
        ("  Discount 10\N{NO-BREAK SPACE}%", "\N{MINUS SIGN}€1.40"),
        ("Cake", "€4.21"),
    ]
    parts = [one.text for one in shown if isinstance(one, layout.Line) and one.text.startswith("  ")]
    assert parts == ["  2 x Coffee", "  2 x Cake", "  2 x Sticker"]


# The catalogue


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"price": 1121}, "price 1121: its parts cost 1120"),
        ({"contains": []}, "contains: a bundle has 1 to 20 parts"),
        ({"contains": [{"sku": "TEA", "qty": 1}]}, "contains: 'TEA' is not in the catalogue"),
        ({"contains": [{"sku": "BEANS", "qty": 1}]}, "contains: 'BEANS' is weight"),
        ({"contains": [{"sku": "MENU", "qty": 1}]}, "contains: 'MENU' is bundle"),
        ({"contains": [{"sku": "COFFEE", "qty": 1}] * 2}, "contains: a part is there twice"),
        ({"contains": [{"sku": "COFFEE", "qty": 0}]}, "contains: of each part there are 1 to 99"),
        ({"contains": [{"sku": "CUP", "qty": 5}]}, "contains: nothing but deposits"),
        (
            {"contains": [{"sku": "CUP", "qty": 6}, {"sku": "CAKE", "qty": 1}]},
            "the deposits in it are 1200",
        ),
        ({"vat": "0.19"}, "vat: a bundle has what its parts have"),
        ({"stock": 3}, "stock: a bundle has what its parts have"),
        ({"kind": "unit", "vat": "0.19"}, "contains: only a bundle has parts"),
    ],
)
def test_a_catalogue_with_a_wrong_bundle_is_refused_as_a_whole(
    shop: EngineBox, change: dict[str, Any], why: str
) -> None:
    before = shop.bodies()
    told = shop.ask("catalogue.import", {"items": [*PARTS, MENU | change]})["refusal"]
    assert (told["slug"], told["detail"][: len("item 5 ('MENU'): ")]) == ("validation", "item 5 ('MENU'): ")
    assert why in told["detail"]
    assert shop.bodies() == before


def test_a_later_catalogue_that_breaks_a_bundle_is_refused_with_its_reason(shop: EngineBox) -> None:
    cheaper = [PARTS[0] | {"price": 250}, *PARTS[1:], MENU]
    assert "its parts cost 920" in shop.ask("catalogue.import", {"items": cheaper})["refusal"]["detail"]
    gone = [item for item in (*PARTS, MENU) if item["sku"] != "CAKE"]
    assert "'CAKE' is not in the catalogue" in shop.ask("catalogue.import", {"items": gone})["refusal"]["detail"]
    assert stock(shop)["MENU"] == 3
    assert shop.do("catalogue.import", items=[*PARTS, MENU])["changed"] == 0
    assert shop.do("catalogue.import", items=PARTS)["removed"] == 1


@pytest.mark.parametrize("suffix", [".toml", ".csv"])
def test_a_catalogue_with_bundles_comes_back_as_it_was_written(stall: Stall, tmp_path: Path, suffix: str) -> None:
    items = list(catalogue.full(stall.engine.store.db).values())
    file = tmp_path / f"items{suffix}"
    file.write_text(cataloguefile.write(items, suffix, currency="EUR"), encoding="utf-8", newline="")
    rows = cataloguefile.read(file, currency="EUR")
    assert rows == ITEMS
    assert stall.do("catalogue.import", items=rows)["changed"] == 0
    assert any(isinstance(item, Item) and item.contains for item in items)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "sku,name,price,kind,vat,contains\nCOFFEE,Coffee,350,unit,0.19,\nM,Menu,600,bundle,,COFFEE:2\n"),
        ("a.toml", COFFEE_TOML + MENU_TOML),
    ],
)
def test_parts_are_written_in_a_cell(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert cataloguefile.read(file, currency="EUR")[1]["contains"] == [{"sku": "COFFEE", "qty": 2}]
    file.write_text(text.replace("COFFEE:2", "COFFEE:two"), encoding="utf-8")
    with pytest.raises(DataError, match=r"item 2 \(M\): contains: 'COFFEE:two' is no part"):
        cataloguefile.read(file, currency="EUR")
