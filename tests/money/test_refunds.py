"""Money that goes back: never more than was paid, to the cent, against an independent calculation in Decimal and
Fraction; tickets and stock go with it."""

import json
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from appliance.central.rollups import ITEM, SALES, TAX, TENDER, added
from appliance.domain import refundpaper
from appliance.domain.guardrails import Refund
from appliance.domain.kernel import read_fact
from appliance.domain.receipts import SlipRequested
from appliance.private.people import People
from appliance.projections import catalogue, kpis, paper, refunds, sales, tickets
from appliance.projections.runner import Projector, dump
from appliance.receipts import slips
from appliance.services.printing import block
from drivers.printer.job import Cut
from drivers.printer.profile import load_profile
from tests.conftest import EngineBox
from tests.door.conftest import MEMORY
from tests.drivers.printers import printed
from tests.kit.test_slips import texts

ITEMS: list[dict[str, Any]] = [
    {"sku": "COFFEE", "name": "Coffee", "price": 357, "vat": "0.19", "vat_takeaway": "0.07", "kind": "unit"},
    {"sku": "STICKER", "name": "Sticker", "price": 3, "vat": "0.19", "kind": "unit"},
    {"sku": "POSTER", "name": "Poster", "price": 1201, "vat": "0.07", "kind": "unit", "stock": 500, "cost": 500},
    {"sku": "CUP", "name": "Cup deposit", "price": 200, "vat": "0", "kind": "deposit", "stock": 500},
    {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.055", "kind": "weight", "stock": 900_000},
    {"sku": "OPEN", "name": "Open price", "price": 0, "vat": "0.19", "kind": "open"},
    {"sku": "EVENING", "name": "Evening", "price": 1300, "vat": "0.07", "kind": "unit", "ticket": "general"},
    {
        "sku": "NIGHT",
        "name": "Night out",
        "price": 3001,
        "kind": "bundle",
        "contains": [
            {"sku": sku, "qty": qty} for sku, qty in (("EVENING", 1), ("COFFEE", 3), ("CUP", 1), ("POSTER", 1))
        ],
    },
]
STOCK = {item["sku"]: item["stock"] for item in ITEMS if "stock" in item}
LEAD = "s-lead"
LIMIT = Refund().alone
CASH = [{"kind": "cash", "amount": 10**10}]


class Shop(EngineBox):
    """An open event, a drawer, and what is said over the counter."""

    def __init__(self, data: Path, currency: str = "EUR", **event: Any) -> None:
        super().__init__(data)
        self.do("event.create", name="Market", currency=currency, timezone="Europe/Berlin", area_m2="12", **event)
        self.do("catalogue.import", items=ITEMS)
        self.do("list.define", list="general", entry="single")
        self.do("event.open")
        self.drawer: str = self.do("drawer.open", float=10_000)["drawer"]

    def sold(self, *lines: dict[str, Any], tenders: Any = CASH, **more: Any) -> dict[str, Any]:
        """The answer to a sale that must be one."""
        return self.do("sale.complete", lines=list(lines), tenders=tenders, **more)

    def refund(self, sale: str, *lines: tuple[int, int], id: str | None = None, **more: Any) -> dict[str, Any]:
        """The reply to a refund; without lines of all that is left."""
        asked: dict[str, Any] = {"sale": sale, "reason": "faulty", "restock": False, **more}
        if lines:
            asked["lines"] = [{"line": line, "qty": qty} for line, qty in lines]
        return self.ask("sale.refund", asked, id=id)

    def void(self, sale: str, **more: Any) -> dict[str, Any]:
        """The reply to a void."""
        return self.ask("sale.void", {"sale": sale, "reason": "wrong_item", **more})

    def data_of(self, kind: str) -> list[dict[str, Any]]:
        """The data of every fact of a kind."""
        found = [json.loads(body) for body in self.bodies()]
        return [body["data"] for body in found if body["kind"] == kind]

    def stock(self) -> dict[str, int]:
        """What is left of what is counted."""
        return {item.sku: item.stock for item in catalogue.items(self.engine.store.db) if item.stock is not None}

    def close_drawer(self) -> None:
        """Counted and closed with its Z."""
        self.do("drawer.count", coins={"5000": 100})
        self.do("drawer.close", reason="other")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    fresh = Shop(tmp_path / "data")
    yield fresh
    fresh.engine.close()


def ok(reply: dict[str, Any]) -> dict[str, Any]:
    assert reply["ok"], reply
    answer: dict[str, Any] = reply["answer"]
    return answer


def slug(reply: dict[str, Any]) -> str:
    assert not reply["ok"], reply
    found: str = reply["refusal"]["slug"]
    return found


def test_a_refund_is_a_new_fact_that_names_the_sale_and_pays_out_what_was_paid(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE", "qty": 2}, {"sku": "CUP", "qty": 1})
    before = sales.get(shop.engine.store.db, sale["sale"])
    answer = ok(shop.refund(sale["sale"]))
    assert (answer["total"], answer["rounding"], answer["tenders"]) == (914, 0, [{"kind": "cash", "amount": 914}])
    assert answer["vat"] == sale["vat"]
    assert (sale["number"], answer["number"], shop.sold({"sku": "COFFEE"})["number"]) == ("1-1", "1-2", "1-3")
    (fact,) = shop.data_of("sale.refunded/1")
    assert (fact["of"], fact["drawer"], fact["reason"], fact["restock"]) == (
        sale["sale"],
        shop.drawer,
        "faulty",
        False,
    )
    assert sales.get(shop.engine.store.db, sale["sale"]) == before


def test_a_void_gives_back_what_the_drawer_kept_and_the_sale_counts_nowhere(shop: Shop) -> None:
    shop.sold({"sku": "POSTER", "qty": 1})
    sale = shop.sold({"sku": "POSTER", "qty": 2}, tenders=[{"kind": "cash", "amount": 5000}])
    answer = ok(shop.void(sale["sale"]))
    assert (answer["total"], answer["tenders"]) == (2402, [{"kind": "cash", "amount": 2402}])
    db, now = shop.engine.store.db, shop.clock()
    seen = kpis.kpis(db, now)
    assert seen["sales"] == {"count": 1, "gross": 1201, "net": 1122}
    assert seen["micro_conversion"]["buys"] == 1
    assert seen["local_roi"]["value"] == pytest.approx((1122 - 500) / 12, abs=0.05)
    today = sales.today(db, now)
    assert (today["count"], today["gross"]) == (1, 1201)
    assert shop.stock()["POSTER"] == 499
    assert slug(shop.void(sale["sale"])) == slug(shop.refund(sale["sale"])) == "nothing-back"


def test_a_refund_lowers_turnover_and_leaves_the_sale_a_buy(shop: Shop) -> None:
    sale = shop.sold({"sku": "POSTER", "qty": 2})
    ok(shop.refund(sale["sale"], (1, 1)))
    ok(shop.refund(sale["sale"], (1, 1), restock=True))
    seen = kpis.kpis(shop.engine.store.db, shop.clock())
    assert seen["sales"] == {"count": 1, "gross": 0, "net": 0}
    # One poster is on the shelf again, the other one is waste.
    assert seen["local_roi"]["value"] == pytest.approx(-500 / 12, abs=0.05)
    assert shop.stock()["POSTER"] == 499


def test_what_was_sold_yesterday_and_voided_today_is_not_less_than_nothing_today(shop: Shop) -> None:
    sale = shop.sold({"sku": "POSTER"})
    shop.clock.advance(86_400)
    ok(shop.void(sale["sale"]))
    today = sales.today(shop.engine.store.db, shop.clock())
    assert (today["count"], today["gross"]) == (0, 0)


def test_a_sale_is_not_voided_after_its_z_but_refunded(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE"})
    shop.close_drawer()
    assert slug(shop.void(sale["sale"])) == "too-late"
    assert slug(shop.refund(sale["sale"])) == "drawer-closed"
    shop.drawer = shop.do("drawer.open", float=0)["drawer"]
    assert slug(shop.void(sale["sale"])) == "too-late"
    assert ok(shop.refund(sale["sale"]))["drawer"] == shop.drawer


def test_a_sale_is_not_voided_after_a_part_of_it_was_refunded(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE", "qty": 2})
    ok(shop.refund(sale["sale"], (1, 1)))
    reply = shop.void(sale["sale"])
    assert slug(reply) == "too-late"
    assert reply["refusal"]["left"] == [{"line": 1, "qty": 1, "total": 357}]


def test_the_same_refund_twice_pays_once_and_another_is_refused_with_what_is_left(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE", "qty": 3})
    first = shop.refund(sale["sale"], (1, 2), id="tap")
    assert shop.refund(sale["sale"], (1, 2), id="tap") == first
    other = shop.refund(sale["sale"], (1, 2), id="other")
    assert slug(other) == "too-much-back"
    assert other["refusal"]["left"] == [{"line": 1, "qty": 1, "total": 357}]
    assert slug(shop.refund(sale["sale"], (1, 1), id="tap")) == "key-reused"
    assert len(shop.data_of("sale.refunded/1")) == 1


def test_no_more_goes_back_to_the_card_than_came_from_it(shop: Shop) -> None:
    card = {"kind": "card", "amount": 700, "reference": "TX 1"}
    sale = shop.sold({"sku": "POSTER", "qty": 1}, tenders=[card, {"kind": "cash", "amount": 1000}])["sale"]
    for amount, cash, why in ((701, 500, "overpaid"), (700, 500, "underpaid"), (700, 502, "overpaid")):
        asked = [{"kind": "card", "amount": amount}, {"kind": "cash", "amount": cash}]
        assert slug(shop.refund(sale, tenders=asked)) == why
    assert slug(shop.refund(sale, tenders=[{"kind": "cash", "amount": 1201, "reference": "x"}])) == "validation"
    assert slug(shop.refund(sale, tenders=[{"kind": "card", "amount": 1, "reference": "a@b.example"}])) == "validation"
    assert ok(shop.refund(sale))["tenders"] == [card, {"kind": "cash", "amount": 501}]


def test_what_went_to_the_card_before_is_counted(shop: Shop) -> None:
    paid = [{"kind": "card", "amount": 1500}, {"kind": "cash", "amount": 902}]
    sale = shop.sold({"sku": "POSTER", "qty": 2}, tenders=paid)["sale"]
    to_card = [{"kind": "card", "amount": 1201}]
    assert ok(shop.refund(sale, (1, 1), tenders=to_card))["tenders"] == to_card
    reply = shop.refund(sale, (1, 1), tenders=to_card)
    assert (slug(reply), reply["refusal"]["most"]) == ("overpaid", 299)


def test_a_card_s_refund_names_the_payment_and_a_guest_may_take_cash(shop: Shop) -> None:
    card = {"kind": "card", "amount": 714, "reference": "TX 2"}
    sale = shop.sold({"sku": "COFFEE", "qty": 2}, tenders=[card])["sale"]
    in_cash = [{"kind": "cash", "amount": 357}]
    assert ok(shop.refund(sale, (1, 1), tenders=in_cash, reason="wrong_tender"))["tenders"] == in_cash
    assert ok(shop.refund(sale, (1, 1)))["tenders"] == [{**card, "amount": 357}]


def test_a_deposit_that_was_given_back_is_taken_again_with_the_rest(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE"}, {"sku": "CUP", "returned": True})["sale"]
    assert slug(shop.refund(sale, (1, 1))) == "too-much-back"
    assert slug(shop.refund(sale, (2, 1))) == "nothing-back"
    assert shop.stock()["CUP"] == 501
    answer = ok(shop.refund(sale, restock=True))
    assert (answer["total"], [line["gross"] for line in answer["vat"]]) == (157, [357, -200])
    assert shop.stock()["CUP"] == 500


def test_a_sale_that_paid_the_guest_is_not_given_back(shop: Shop) -> None:
    sale = shop.sold({"sku": "CUP", "qty": 2, "returned": True}, tenders=[{"kind": "cash", "amount": 0}])["sale"]
    assert slug(shop.void(sale)) == slug(shop.refund(sale)) == "nothing-back"


def test_what_cost_nothing_can_be_voided(shop: Shop) -> None:
    sale = shop.sold({"sku": "OPEN", "price": 0}, tenders=[{"kind": "cash", "amount": 0}])["sale"]
    answer = ok(shop.void(sale))
    assert (answer["total"], answer["tenders"]) == (0, [])


def test_beyond_the_limit_the_lead_is_asked_also_for_many_small_refunds(shop: Shop) -> None:
    sale = shop.sold({"sku": "OPEN", "price": LIMIT // 2}, {"sku": "COFFEE", "qty": 100})["sale"]
    ok(shop.refund(sale, (1, 1)))
    reply = shop.refund(sale, (2, 20))
    assert slug(reply) == "guardrail"
    assert reply["refusal"]["remedy"] == "Ask the lead for their PIN."
    assert slug(shop.void(shop.sold({"sku": "COFFEE", "qty": 100})["sale"])) == "guardrail"
    ok(shop.refund(sale, (2, 20), approver=LEAD))
    # What the lead allowed leaves the cashier's own limit as it was.
    ok(shop.refund(sale, (2, 14)))
    assert [fact.get("approver") for fact in shop.data_of("sale.refunded/1")] == [None, LEAD, None]
    assert slug(shop.refund(sale, approver="a lead")) == "validation"


def test_tickets_of_a_refund_admit_nobody_any_more(shop: Shop) -> None:
    sale = shop.sold({"sku": "EVENING", "qty": 2}, {"sku": "COFFEE"}, {"sku": "EVENING", "qty": 1})
    reply = shop.refund(sale["sale"])
    assert ok(reply)["tickets"] == sale["tickets"]
    first, last = reply["positions"]
    assert shop.kinds()[first - 1 : last] == ["sale.refunded/1", "slip.requested/1"] + 3 * ["ticket.revoked/1"]
    for ticket in sale["tickets"]:
        code = shop.do("ticket.code", ticket=ticket)["code"]
        shop.clock.advance(60)
        assert shop.do("ticket.scan", code=code, gate="door")["reason"] == "revoked"


def test_by_lines_those_tickets_go_first_that_nobody_went_in_with(shop: Shop) -> None:
    sale = shop.sold({"sku": "EVENING", "qty": 3}, {"sku": "EVENING", "qty": 1})
    first, second, third, fourth = sale["tickets"]
    assert shop.do("ticket.scan", code=shop.do("ticket.code", ticket=first)["code"], gate="door")["entries"] == 0
    shop.do("tickets.mark", mark="revoked", tickets=[third])
    assert ok(shop.refund(sale["sale"], (1, 1)))["tickets"] == [third]
    assert ok(shop.refund(sale["sale"], (1, 1)))["tickets"] == [second]
    reply = shop.refund(sale["sale"], (1, 1), (2, 1))
    assert slug(reply) == "ticket-entered"
    assert reply["refusal"]["tickets"] == [first]
    state = tickets.state(shop.engine.store.db, fourth, "")
    assert state is not None
    assert not state.revoked
    assert slug(shop.void(sale["sale"])) == "too-late"
    assert ok(shop.refund(sale["sale"], (1, 1), (2, 1), approver=LEAD))["tickets"] == [first, fourth]


def test_a_sale_whose_guest_is_inside_is_voided_by_the_lead_only(shop: Shop) -> None:
    sale = shop.sold({"sku": "EVENING"})
    shop.do("ticket.scan", code=shop.do("ticket.code", ticket=sale["tickets"][0])["code"], gate="door")
    assert slug(shop.void(sale["sale"])) == "ticket-entered"
    assert ok(shop.void(sale["sale"], approver=LEAD))["tickets"] == sale["tickets"]


def test_what_was_said_is_in_the_erasable_table_only_and_survives_the_sweep(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE", "qty": 2})["sale"]
    ok(shop.refund(sale, (1, 1), note="Zoë spilled it"))
    assert not any("spilled" in body for body in shop.bodies())
    (fact,) = shop.data_of("sale.refunded/1")
    shop.engine.close()
    shop.__dict__.update(EngineBox(shop.data, clock=shop.clock).__dict__)
    assert People(shop.data).person(fact["reason_ref"]["ref"]) == {"reason": "Zoë spilled it"}
    assert slug(shop.refund(sale, note="x" * 201)) == "validation"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"reason": "spilled"}, "validation"),
        ({"lines": []}, "validation"),
        ({"lines": [{"line": 1, "qty": 0}]}, "validation"),
        ({"lines": [{"line": 1, "qty": 1}, {"line": 1, "qty": 1}]}, "validation"),
        ({"lines": [{"line": 0, "qty": 1}]}, "too-much-back"),
        ({"lines": [{"line": 2, "qty": 1}]}, "too-much-back"),
        ({"lines": [{"line": -1, "qty": 1}]}, "too-much-back"),
        ({"drawer": "elsewhere"}, "drawer-closed"),
        ({"sale": "nowhere"}, "not-found"),
        ({"tenders": []}, "underpaid"),
        ({"tenders": [{"kind": "cash", "amount": -1}]}, "validation"),
        ({"tenders": [{"kind": "cash", "amount": 1}] * 11}, "validation"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_goes_back(shop: Shop, asked: dict[str, Any], why: str) -> None:
    sale = shop.sold({"sku": "COFFEE", "qty": 2})["sale"]
    assert slug(shop.refund(**{"sale": sale, **asked})) == why
    assert shop.data_of("sale.refunded/1") == []


def test_another_currency_s_sale_is_not_paid_out_of_this_drawer(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE"})["sale"]
    shop.close_drawer()
    shop.do("event.close")
    shop.do("event.create", name="Next", currency="CHF", timezone="Europe/Zurich", area_m2="12")
    shop.do("event.open")
    shop.do("drawer.open", float=0)
    assert slug(shop.refund(sale)) == "other-currency"


def test_a_refund_is_less_of_the_event_in_which_the_money_goes_back(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE"})["sale"]
    shop.close_drawer()
    shop.do("event.close")
    shop.do("event.create", name="Next", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    shop.do("event.open")
    shop.do("drawer.open", float=5000)
    ok(shop.refund(sale))
    assert kpis.kpis(shop.engine.store.db, shop.clock())["sales"] == {"count": 0, "gross": -357, "net": -300}


def test_cash_goes_back_in_coins_and_in_all_as_much_as_was_paid(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "data", "CHF")
    sale = shop.sold({"sku": "STICKER", "qty": 3}, tenders=[{"kind": "cash", "amount": 10}])
    assert (sale["total"], sale["rounding"]) == (9, 1)
    back = [ok(shop.refund(sale["sale"], (1, 1))) for _ in range(3)]
    assert [one["total"] for one in back] == [3, 3, 3]
    assert [sum(tender["amount"] for tender in one["tenders"]) for one in back] == [5, 0, 5]
    assert [one["rounding"] for one in back] == [2, -3, 2]
    other = shop.sold({"sku": "STICKER", "qty": 4}, tenders=[{"kind": "cash", "amount": 20}])
    assert (other["total"], other["rounding"], other["change"]) == (12, -2, 10)
    answer = ok(shop.void(other["sale"]))
    assert (answer["rounding"], answer["tenders"]) == (-2, [{"kind": "cash", "amount": 10}])
    shop.engine.close()


def on_slip(shop: Shop, refund: str, copy: int | None = None) -> list[str]:
    db = shop.engine.store.db
    slip = paper.slip(db, refundpaper.slip_id(refund), copy)
    assert slip is not None
    found: list[str] = texts(slips.elements(db, slip, printer={}))
    return found


def test_the_paper_says_what_went_back_of_which_sale_how_and_why(shop: Shop) -> None:
    lines = [{"sku": "COFFEE", "qty": 2}, {"sku": "BEANS", "grams": 250}, {"sku": "CUP", "returned": True}]
    tenders = [{"kind": "card", "amount": 500, "reference": "TX 9"}, {"kind": "cash", "amount": 2000}]
    sale = shop.sold(*lines, tenders=tenders)["sale"]
    answer = ok(shop.refund(sale, (1, 2), (2, 250), (3, 1), reason="changed_mind", approver=LEAD))
    assert on_slip(shop, answer["sale"]) == [
        "Market",
        "Refund 1-2 | 2026-11-23 19:00",
        "of receipt 1-1",
        "2 x Coffee | €7.14",
        "Beans 250 g | €6.23",
        "Cup deposit | \N{MINUS SIGN}€2.00",
        "REFUND | €11.37",
        "Card TX 9 | €5.00",
        "Cash | €6.37",
        "VAT 19\N{NO-BREAK SPACE}% in €7.14 | €1.14",
        "VAT 5.5\N{NO-BREAK SPACE}% in €6.23 | €0.32",
        "VAT 0\N{NO-BREAK SPACE}% in \N{MINUS SIGN}€2.00 | €0.00",
        "Reason | Changed mind",
        "Approved by the lead",
        "",
        "",
        "Cash received: signature",
        f"Refund {answer['sale']}",
    ]


@pytest.mark.parametrize(("profile", "columns"), [("POS-5890", 32), ("TM-T20II", 48)])
def test_the_paper_is_whole_on_narrow_and_wide_rolls(shop: Shop, profile: str, columns: int) -> None:
    sale = shop.sold({"sku": "POSTER", "qty": 3}, {"sku": "CUP", "qty": 2, "returned": True})["sale"]
    answer = ok(shop.refund(sale))
    db = shop.engine.store.db
    slip = paper.slip(db, refundpaper.slip_id(answer["sale"]))
    assert slip is not None
    model = load_profile(profile)
    assert model.columns == columns
    seen = printed(*map(block, slips.elements(db, slip, printer={})), Cut(), profile=model)
    assert all(len(line) <= columns for line in seen.text.splitlines())
    for word in ("Refund 1-2", "of receipt 1-1", "3 x Poster", "-€4.00", "€32.03", "signature"):
        assert word in seen.text


def test_a_card_s_refund_has_no_line_to_sign_and_a_copy_says_so(shop: Shop) -> None:
    sale = shop.sold({"sku": "EVENING"}, tenders=[{"kind": "card", "amount": 1300}])["sale"]
    answer = ok(shop.void(sale))
    again = {"refund": answer["sale"]}
    assert slug(shop.ask("refund.print", again)) == "receipt-waiting"
    told = {"slip": refundpaper.slip_id(answer["sale"]), "copy": 0, "printer": "printer", "outcome": "printed"}
    shop.do("slip.report", **told)
    assert shop.do("refund.print", **again)["copy"] == 1
    seen = on_slip(shop, answer["sale"])
    assert seen[:3] == ["Market", "DUPLICATE 1", "Void 1-2 | 2026-11-23 19:00"]
    assert "Tickets taken back | 1" in seen
    assert not any("signature" in text for text in seen)
    assert slug(shop.ask("refund.print", {"refund": "nothing"})) == "not-found"


def test_a_sale_tells_what_went_back_and_what_is_left(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE", "qty": 2}, {"sku": "POSTER"})["sale"]
    first = ok(shop.refund(sale, (1, 1)))
    seen = refunds.of_sale(shop.engine.store.db, sale)
    assert seen["left"] == [{"line": 1, "qty": 1, "total": 357}, {"line": 2, "qty": 1, "total": 1201}]
    (one,) = seen["refunds"]
    assert (one["kind"], one["number"], one["total"]) == ("refund", first["number"], 357)
    assert one["slip"] == {"copy": 0, "printer": "printer", "outcome": None, "on_paper": None}
    ok(shop.refund(sale))
    assert refunds.of_sale(shop.engine.store.db, sale)["left"] == []


def test_central_counts_what_goes_back_against_what_was_sold(shop: Shop) -> None:
    voided = shop.sold({"sku": "COFFEE", "qty": 2}, {"sku": "CUP", "returned": True})["sale"]
    ok(shop.void(voided))
    kept = shop.sold({"sku": "POSTER", "qty": 2}, tenders=[{"kind": "card", "amount": 2402}])["sale"]
    ok(shop.refund(kept, (1, 1)))
    sums: dict[Any, list[int]] = {}
    for text in shop.bodies():
        body = json.loads(text)
        fact = read_fact(body["kind"], body["data"])
        assert fact is not None
        for table, keys, more in added(fact):
            before = sums.get((table.name, *keys), [0] * len(more))
            sums[table.name, *keys] = [a + b for a, b in zip(before, more, strict=True)]
    assert sums[SALES.name, "EUR"] == [1, 1201, 1123, 78]
    assert sums[TAX.name, "EUR", "0.07"] == [1123, 78, 1201]
    assert sums[TAX.name, "EUR", "0.19"] == [0, 0, 0]
    assert sums[TENDER.name, "EUR", "card"][1] == 1201
    assert sums[TENDER.name, "EUR", "cash"][1] == 0
    assert sums[ITEM.name, "EUR", "CUP", "piece"] == [0, 0]
    assert sums[ITEM.name, "EUR", "POSTER", "piece"] == [1, 1201]


# Any cart, any sequence


def nearest(value: Fraction) -> int:
    """Halves away from zero, by Decimal's own rule on the exact value's neighbours."""
    low = value.numerator // value.denominator
    rest = value - low
    tie = Decimal(low) + Decimal("0.5")
    if rest == Fraction(1, 2):
        return int(tie.quantize(Decimal(1), ROUND_HALF_UP))
    return low + (rest > Fraction(1, 2))


def tax_in(gross: int, rate: str) -> int:
    exact = Fraction(Decimal(rate))
    return nearest(gross * exact / (1 + exact))


@dataclass
class Sold:
    """What the test itself knows of a sale: lines as the journal has them, and what it has given back of them."""

    sale: str
    lines: list[dict[str, Any]]
    total: int
    vat: dict[str, dict[str, Any]]
    paid: Counter[str]
    tickets: list[str]
    qty: Counter[int] = field(default_factory=Counter)
    revoked: set[str] = field(default_factory=set)
    back: Counter[str] = field(default_factory=Counter)
    exact_cash: int = 0
    gone: int = 0
    alone: int = 0
    steps: int = 0
    voided: bool = False

    def share(self, number: int, qty: int) -> int:
        """Minor units of the first ``qty`` of a line."""
        line = self.lines[number - 1]
        return nearest(Fraction(abs(line["total"]) * qty, abs(line["qty"])))

    def worth(self, parts: dict[int, int]) -> int:
        return sum(
            self.sign(n) * (self.share(n, self.qty[n] + q) - self.share(n, self.qty[n])) for n, q in parts.items()
        )

    def sign(self, number: int) -> int:
        return 1 if self.lines[number - 1]["qty"] > 0 else -1

    def left(self) -> dict[int, int]:
        rest = {n: abs(line["qty"]) - self.qty[n] for n, line in enumerate(self.lines, 1)}
        return {n: qty for n, qty in rest.items() if qty}

    def gross_by_rate(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for n, line in enumerate(self.lines, 1):
            found[line["vat"]] += self.sign(n) * self.share(n, self.qty[n])
        return found


PERCENTS = st.sampled_from([None, None, "0.10", "0.333333", "0.5", "1"])


@st.composite
def carts(draw: st.DrawFn) -> dict[str, Any]:
    lines = []
    for sku in draw(st.lists(st.sampled_from([item["sku"] for item in ITEMS]), min_size=1, max_size=4)):
        line: dict[str, Any] = {"sku": sku, "qty": draw(st.integers(1, 3))}
        if sku == "BEANS":
            line |= {"grams": draw(st.integers(1, 400))}
        if sku == "OPEN":
            line |= {"price": draw(st.integers(0, 9000))}
        if sku == "CUP":
            line |= {"returned": draw(st.booleans())}
        elif (percent := draw(PERCENTS)) is not None:
            line |= {"discount": {"percent": percent}}
        if sku == "COFFEE" and draw(st.booleans()):
            line |= {"service": "takeaway"}
        lines.append(line)
    cart: dict[str, Any] = {"lines": lines}
    if (percent := draw(PERCENTS)) is not None:
        cart["discount"] = {"percent": percent}
    if "discount" in cart or any("discount" in line for line in lines):
        cart |= {"discount_reason": "friend", "approver": LEAD}
    cart["card"], cart["voucher"] = draw(st.integers(0, 3000)), draw(st.sampled_from([0, 0, 500]))
    return cart


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, Any]:
    which = draw(
        st.sampled_from(
            ["sell", "refund", "refund", "refund", "refund", "refund", "refund", "void", "again", "restart"]
        )
    )
    if which == "sell":
        return which, draw(carts())
    pick = draw(st.integers(0, 99))
    if which == "refund":
        lots = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1000)), min_size=1, max_size=3))
        parts = lots if draw(st.integers(0, 4)) else None
        return which, (pick, parts, draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
    return which, (pick, draw(st.booleans()))


class World:
    """A shop, and the test's own books of it."""

    def __init__(self, data: Path, step: int) -> None:
        self.shop = Shop(data, cash_rounding=step)
        self.step = step
        self.sold: list[Sold] = []
        self.stock = Counter(STOCK)
        self.numbers = 0
        self.last: tuple[str, dict[str, Any], str, Any] | None = None

    def ask(self, command: str, data: dict[str, Any]) -> dict[str, Any]:
        ident = f"k{self.shop.engine.store.pos}"
        reply = self.shop.ask(command, data, id=ident)
        self.last = command, data, ident, reply
        event(f"{command}: {'done' if reply['ok'] else slug(reply)}")
        return reply

    def coins(self, amount: int) -> int:
        return nearest(Fraction(amount, self.step)) * self.step

    def sell(self, cart: dict[str, Any]) -> None:
        """Paid by card and voucher as far as that goes, the rest in cash."""
        cart = dict(cart)
        card, voucher = cart.pop("card"), cart.pop("voucher")
        probe = self.shop.ask("sale.complete", {**cart, "tenders": [{"kind": "card", "amount": 10**11}]})
        assert slug(probe) in ("overpaid", "sold-out")
        total = int(probe["refusal"]["detail"].split()[-1]) if slug(probe) == "overpaid" else 0
        tenders = [{"kind": "cash", "amount": 10**6}]
        if total > 0:
            by_card = min(card, total)
            by_voucher = min(voucher, total - by_card)
            tenders = [
                {"kind": "card", "amount": by_card - by_card // 2, "reference": "A"},
                {"kind": "card", "amount": by_card // 2, "reference": "B"},
                {"kind": "voucher", "amount": by_voucher, "reference": "V 1"},
            ]
            tenders = [one for one in tenders if one["amount"]]
            if (rest := total - by_card - by_voucher) > 0:
                tenders.append({"kind": "cash", "amount": 10**6 if self.coins(rest) else 0})
        reply = self.ask("sale.complete", {**cart, "tenders": tenders})
        assert reply["ok"] or slug(reply) == "sold-out"
        if not reply["ok"]:
            return
        fact = self.shop.data_of("sale.completed/1")[-1]
        paid = Counter({"cash": -fact["change"]})
        for tender in fact["tenders"]:
            paid[tender["kind"]] += tender["amount"]
        vat = {line["rate"]: line for line in fact["vat"]}
        self.sold.append(
            Sold(fact["sale"], fact["lines"], fact["total"], vat, paid, reply["answer"].get("tickets", []))
        )
        self.numbers += 1
        for line in fact["lines"]:
            self.stock[line["sku"]] -= line["qty"]

    def refund(self, asked: tuple[int, list[tuple[int, int]] | None, bool, bool, bool]) -> None:
        pick, lots, restock, approved, by_hand = asked
        if not self.sold:
            return
        of = self.sold[pick % len(self.sold)]
        data: dict[str, Any] = {"sale": of.sale, "reason": "other", "restock": restock}
        parts = of.left()
        if lots is not None:
            parts = {}
            for lot, qty in lots:
                number = 1 + lot % len(of.lines)
                parts[number] = 1 + qty % (of.left().get(number, 0) + 1)  # at times one too many
            data["lines"] = [{"line": line, "qty": qty} for line, qty in parts.items()]
        worth = 0
        if all(qty <= of.left().get(line, 0) for line, qty in parts.items()):
            worth = of.worth(parts)
        if by_hand and worth > 0:
            due = self.coins(of.exact_cash + worth) - self.coins(of.exact_cash)
            data["tenders"] = [{"kind": "cash", "amount": due}]
        if approved:
            data["approver"] = LEAD
        self.judge(self.ask("sale.refund", data), of, parts, restock, approved)

    def void(self, asked: tuple[int, bool]) -> None:
        pick, approved = asked
        if not self.sold:
            return
        of = self.sold[pick % len(self.sold)]
        data = {"sale": of.sale, "reason": "other", **({"approver": LEAD} if approved else {})}
        reply = self.ask("sale.void", data)
        if of.steps and of.left():
            assert slug(reply) == "too-late"
            return
        self.judge(reply, of, of.left(), True, approved, void=True)

    def judge(
        self, reply: dict[str, Any], of: Sold, parts: dict[int, int], restock: bool, approved: bool, void: bool = False
    ) -> None:
        """The reply is the one that the books demand, to the cent; they are brought up to date."""
        if not of.left():
            assert slug(reply) == "nothing-back"
            return
        if any(qty > of.left().get(line, 0) for line, qty in parts.items()):
            assert slug(reply) == "too-much-back"
            return
        worth = of.worth(parts)
        if worth < 0 or worth > of.total - of.gone:
            assert slug(reply) == ("nothing-back" if worth < 0 else "too-much-back")
            return
        if not approved and of.alone + worth > LIMIT:
            assert slug(reply) == "guardrail"
            return
        answer = ok(reply)
        before = of.gross_by_rate()
        for line, qty in parts.items():
            of.qty[line] += qty
            if restock:
                self.stock[of.lines[line - 1]["sku"]] += of.sign(line) * qty
        after = of.gross_by_rate()
        vat = {
            rate: (after[rate] - before[rate], tax_in(after[rate], rate) - tax_in(before[rate], rate))
            for rate in {of.lines[line - 1]["vat"] for line in parts}
        }
        assert {one["rate"]: (one["gross"], one["tax"]) for one in answer["vat"]} == vat
        assert all(one["net"] + one["tax"] == one["gross"] for one in answer["vat"])
        assert answer["total"] == worth == sum(one["gross"] for one in answer["vat"])
        given = Counter[str]()
        for tender in answer["tenders"]:
            assert tender["amount"] > 0
            given[tender["kind"]] += tender["amount"]
        cash = worth - given["card"] - given["voucher"]
        coins = of.paid["cash"] if void else self.coins(of.exact_cash + cash) - self.coins(of.exact_cash)
        assert (given["cash"], answer["rounding"]) == (coins, coins - cash)
        self.judge_tickets(answer.get("tickets", []), of, parts)
        of.exact_cash += cash
        of.back += given
        of.gone += worth
        of.alone += 0 if approved else worth
        of.steps += 1
        of.voided |= void
        self.numbers += 1
        assert (answer["number"], of.back["card"] <= of.paid["card"], of.back["voucher"] <= of.paid["voucher"]) == (
            f"1-{self.numbers}",
            True,
            True,
        )
        if not of.left():
            assert of.gone == of.total
            event(f"all is back after {min(of.steps, 3)} steps or more")

    def judge_tickets(self, gone: list[str], of: Sold, parts: dict[int, int]) -> None:
        """As many of each line's own as go back of it, none twice."""
        at, own = 0, {}
        for number, line in enumerate(of.lines, 1):
            if line.get("ticket"):
                own[number] = set(of.tickets[at : at + line["qty"]])
                at += line["qty"]
        assert len(set(gone)) == len(gone)
        assert not set(gone) & of.revoked
        assert {n: len(own[n] & set(gone)) for n in own if n in parts} == {n: parts[n] for n in own if n in parts}
        assert len(gone) == sum(parts[n] for n in own if n in parts)
        of.revoked |= set(gone)

    def again(self) -> None:
        """The same identity, the same answer, and nothing more."""
        if self.last is None:
            return
        command, data, ident, reply = self.last
        before = self.shop.engine.store.pos
        assert self.shop.ask(command, data, id=ident) == reply
        assert self.shop.engine.store.pos == before

    def restart(self) -> None:
        self.shop.engine.close()
        self.shop.__dict__.update(EngineBox(self.shop.data, clock=self.shop.clock).__dict__)

    def check(self) -> None:
        """Everything that the box shows is what the books say."""
        db = self.shop.engine.store.db
        left = {sku: self.stock[sku] for sku in STOCK}
        assert self.shop.stock() == {**left, "NIGHT": min(left["CUP"], left["POSTER"])}
        seen = kpis.kpis(db, self.shop.clock())["sales"]
        kept = [of for of in self.sold if not of.voided]
        assert (seen["count"], seen["gross"]) == (len(kept), sum(of.total - of.gone for of in kept))
        taxes: dict[str, Counter[str]] = defaultdict(Counter)
        for kind in ("sale.refunded/1", "sale.voided/1"):
            for fact in self.shop.data_of(kind):
                for line in fact["vat"]:
                    taxes[fact["of"]][line["rate"]] += line["tax"]
        for of in self.sold:
            assert {one["line"]: one["qty"] for one in refunds.of_sale(db, of.sale)["left"]} == of.left()
            if not of.left():
                assert {rate: taxes[of.sale][rate] for rate in of.vat} == {
                    rate: line["tax"] for rate, line in of.vat.items()
                }
        live = dump(db)
        Projector(db).rebuild()
        assert dump(db) == live

    def close(self) -> None:
        self.shop.engine.close()


@pytest.mark.timeout(400)
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.sampled_from([1, 1, 5, 50]), carts(), st.lists(steps(), min_size=4, max_size=16))
def test_whatever_is_sold_and_given_back_the_sums_are_those_of_an_independent_calculation(
    step: int, first: dict[str, Any], todo: list[tuple[str, Any]]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bk-money-", dir=MEMORY if MEMORY.is_dir() else None))
    world = World(folder / "data", step)
    try:
        world.sell(first)
        for which, how in todo:
            match which:
                case "sell":
                    world.sell(how)
                case "refund":
                    world.refund(how)
                case "void":
                    world.void(how)
                case "again":
                    world.again()
                case _:
                    world.restart()
        world.check()
    finally:
        world.close()
        shutil.rmtree(folder)


def test_each_entry_asks_for_its_paper_once(shop: Shop) -> None:
    sale = shop.sold({"sku": "COFFEE"})["sale"]
    answer = ok(shop.refund(sale))
    (asked,) = [read_fact("slip.requested/1", data) for data in shop.data_of("slip.requested/1")]
    assert asked == SlipRequested(
        slip=refundpaper.slip_id(answer["sale"]), slip_kind="refund", about=answer["sale"], printer="printer", copy=0
    )
