"""What else is recorded of a sale: ages, notes, stock, turnover, and its paper."""

from pathlib import Path
from typing import Any

import pytest

from appliance.private.people import People
from appliance.projections import catalogue, kpis
from appliance.projections.runner import Projector, dump
from appliance.receipts import layout
from appliance.services.printing import block
from drivers.printer.job import Cut
from drivers.printer.profile import load_profile
from tests.conftest import EngineBox
from tests.drivers.printers import printed
from tests.kit.test_slips import texts
from tests.money.stall import ITEMS, LEAD, OF, Stall


def test_what_is_sold_from_an_age_on_wants_an_id_to_have_been_seen(stall: Stall) -> None:
    reply = stall.sell({"sku": "RUM"}, {"sku": "WINE"}, age_checked=False)
    assert (reply["refusal"]["slug"], reply["refusal"]["remedy"]) == ("age-check", "Ask for an ID.")
    assert reply["refusal"]["min_age"] == 18
    assert stall.sold({"sku": "RUM"}, {"sku": "WINE"})["age_checked"] is True
    assert "age_checked" not in stall.sold({"sku": "COFFEE"})
    stall.do("catalogue.import", items=[{**OF["CUP"], "min_age": 16}])
    stall.sold({"sku": "CUP", "returned": True}, age_checked=False)


def test_what_is_noted_of_a_sale_can_be_erased_and_is_not_in_the_journal(tmp_path: Path) -> None:
    stall = Stall(tmp_path / "data")
    said = "For Ana, who waits outside"
    ref = stall.sold({"sku": "COFFEE"}, note=f"  {said} ")["note_ref"]["ref"]
    assert not any("Ana" in body for body in stall.bodies())
    stall.engine.close()
    again = EngineBox(tmp_path / "data", clock=stall.clock)
    people = People(tmp_path / "data")
    assert people.person(ref) == {"note": said}
    again.engine.close()


@pytest.mark.parametrize("note", ["", "   ", "x" * 501])
def test_a_note_says_something_and_is_short(stall: Stall, note: str) -> None:
    assert stall.refused({"sku": "COFFEE"}, note=note) == "validation"


def test_stock_goes_down_by_pieces_whatever_they_cost(stall: Stall) -> None:
    stall.do("catalogue.import", items=[{**item, "stock": 3} if item["sku"] == "CAKE" else item for item in ITEMS])
    lines = [{"sku": "CAKE", "qty": 2, "discount": {"percent": "1"}}, {"sku": "CAKE", "qty": 2}]
    assert stall.refused(*lines, **LEAD) == "sold-out"
    stall.sold(lines[0], discount={"amount": 0}, **LEAD)
    left = {item.sku: item.stock for item in catalogue.items(stall.engine.store.db)}
    assert left["CAKE"] == 1


def test_turnover_is_what_was_paid_for_not_the_rounding_and_not_the_discount(stalls: dict[str, Stall]) -> None:
    stall = stalls["SEK"]
    before = kpis.kpis(stall.engine.store.db, stall.clock())["sales"]
    stall.sold({"sku": "CAKE", "qty": 10}, discount={"percent": "0.1"}, tenders=[{"kind": "cash", "amount": 5000}])
    after = kpis.kpis(stall.engine.store.db, stall.clock())["sales"]
    assert (after["count"] - before["count"], after["gross"] - before["gross"]) == (1, 3789)


def test_projections_that_are_built_again_are_those_that_were_there(stall: Stall) -> None:
    stall.sold({"sku": "WINE", "qty": 2, "service": "takeaway"}, discount={"percent": "0.5"}, note="A word", **LEAD)
    db = stall.engine.store.db
    before = dump(db)
    Projector(db).rebuild()
    assert dump(db) == before


def receipt_of(stall: Stall, *lines: dict[str, Any], **more: Any) -> list[layout.Element]:
    sale = stall.sold(*lines, **more)
    return layout.receipt(
        {**sale, "at": "2026-11-23T18:00:00.000Z"}, event_name="Market", timezone="UTC", url="HTTP://R"
    )


@pytest.mark.parametrize(("profile", "columns"), [("TM-T88V", 42), ("POS-5890", 32), ("TM-T20II", 48)])
def test_a_receipt_shows_what_was_taken_off_what_was_rounded_and_each_rate(
    stalls: dict[str, Stall], profile: str, columns: int
) -> None:
    elements = receipt_of(
        stalls["CHF"],
        {"sku": "COFFEE", "qty": 2, "service": "takeaway", "discount": {"percent": "0.1"}},
        {"sku": "CAKE", "qty": 1, "discount": {"amount": 21}},
        discount={"percent": "0.05"},
        tenders=[{"kind": "voucher", "amount": 500, "reference": "GIFT-7"}, {"kind": "cash", "amount": 1000}],
    )
    read = [text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-") for text in texts(elements)]
    assert read[2:] == [
        "2 x Coffee (CHF 3.57) | CHF 7.14",
        "  Discount 10 % | -CHF 0.71",
        "takeaway, VAT 7 %",
        "Cake | CHF 4.21",
        "  Discount | -CHF 0.21",
        "Discount 5 % | -CHF 0.52",
        "TOTAL | CHF 9.91",
        "Rounding | -CHF 0.01",
        "Voucher GIFT-7 | CHF 5.00",
        "Cash | CHF 10.00",
        "Change | CHF 5.10",
        "VAT 7 % in CHF 9.91 | CHF 0.65",
        "",
        "Scan to keep this receipt and to check it.",
        read[-1],
    ]
    model = load_profile(profile)
    assert model.columns == columns
    slip = printed(*map(block, elements), Cut(), profile=model)
    for line in slip.text.splitlines():
        assert len(line) <= columns
    assert "Discount 5" in slip.text
