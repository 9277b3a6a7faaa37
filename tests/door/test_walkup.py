"""Tickets that are bought at the till: as many as were paid for, of lists that let them in, one slip each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import FakeClock
from appliance.config import Config
from appliance.domain import walkups as domain
from appliance.domain.catalogue import Item
from appliance.domain.drawer import Drawer, Drawers
from appliance.domain.events import Event
from appliance.domain.kernel import Context
from appliance.domain.lists import CheckinList
from appliance.domain.receipts import SlipRequested
from appliance.domain.sales import AskLine, AskTender, CompleteSale, SaleKnown, complete
from appliance.domain.tickets import TicketIssued
from appliance.errors import DataError
from appliance.files import catalogue as catalogue_file
from appliance.ids import new_id
from appliance.private.people import seal
from appliance.projections import catalogue, paper, tickets, walkups
from appliance.receipts import slips
from appliance.receipts.layout import Code
from tests.conftest import ITEMS, EngineBox
from tests.kit.test_slips import texts

EVENING = {"sku": "EVENING", "name": "Evening ticket", "price": 1200, "vat": "0.07", "kind": "unit"}
EVENING |= {"ticket": "general"}
LOUNGE = {"sku": "LOUNGE", "name": "Lounge", "price": 3000, "vat": "0.19", "kind": "unit", "ticket": "vip", "stock": 3}


def sale(**bought: int) -> dict[str, Any]:
    """Paid in cash with more than enough."""
    lines = [{"sku": sku, "qty": qty} for sku, qty in bought.items()]
    return {"lines": lines, "tenders": [{"kind": "cash", "amount": 1_000_000}]}


@pytest.fixture
def shop(box: EngineBox) -> EngineBox:
    """An open event whose catalogue has two kinds of tickets; the lounge's list is not defined yet."""
    box.open_event()
    box.do("catalogue.import", items=[*ITEMS, EVENING, LOUNGE])
    return box


def facts(box: EngineBox, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(body) for body in box.bodies()]
    return [body["data"] for body in found if body["kind"] == kind]


def refusal(reply: dict[str, Any]) -> str:
    assert not reply["ok"]
    slug: str = reply["refusal"]["slug"]
    return slug


def test_a_sale_issues_as_many_tickets_as_it_sells_and_names_them_in_its_answer(shop: EngineBox) -> None:
    answer = shop.do("sale.complete", **sale(COFFEE=3, EVENING=2))
    found = facts(shop, "ticket.issued/1")
    assert [one["ticket"] for one in found] == answer["tickets"]
    assert [(one["list"], one["sale"], one["product"]) for one in found] == [
        ("general", answer["sale"], "Evening ticket")
    ] * 2
    assert tickets.of_sale(shop.engine.store.db, answer["sale"]) == sorted(answer["tickets"])
    assert "tickets" not in shop.do("sale.complete", **sale(COFFEE=1))


def test_sale_and_tickets_are_one_transaction_with_a_slip_each(shop: EngineBox) -> None:
    reply = shop.ask("sale.complete", sale(EVENING=2))
    first, last = reply["positions"]
    assert shop.kinds()[first - 1 : last] == [
        "sale.completed/1",
        "receipt.requested/1",
        "ticket.issued/1",
        "ticket.issued/1",
        "slip.requested/1",
        "slip.requested/1",
    ]
    asked = facts(shop, "slip.requested/1")
    assert [one["about"] for one in asked] == reply["answer"]["tickets"]
    assert {(one["slip_kind"], one["printer"], one["copy"]) for one in asked} == {("ticket", "printer", 0)}


def test_the_same_sale_twice_issues_once(shop: EngineBox) -> None:
    first = shop.ask("sale.complete", sale(EVENING=2), id="tap")
    assert shop.ask("sale.complete", sale(EVENING=2), id="tap") == first
    assert len(facts(shop, "ticket.issued/1")) == 2


def test_a_box_that_was_set_back_and_hears_the_sale_again_issues_the_tickets_that_the_guest_holds(
    tmp_path: Path,
) -> None:
    held = []
    for folder in ("before", "restored"):
        box = EngineBox(tmp_path / folder)
        box.open_event()
        box.do("catalogue.import", items=[EVENING])
        held.append(box.ask("sale.complete", sale(EVENING=2), id="tap")["answer"]["tickets"])
        box.engine.close()
    assert held[0] == held[1]


def test_projections_that_are_built_again_know_the_same_tickets(shop: EngineBox) -> None:
    answer = shop.do("sale.complete", **sale(EVENING=2))
    db = shop.engine.store.db
    before = [walkups.get(db, ticket) for ticket in answer["tickets"]]
    shop.engine._projector.rebuild()
    assert [walkups.get(db, ticket) for ticket in answer["tickets"]] == before
    assert walkups.of_sale(db, answer["sale"]) == answer["tickets"]


def test_stock_counts_tickets_as_anything_else(shop: EngineBox) -> None:
    shop.do("list.define", list="vip")
    shop.do("sale.complete", **sale(LOUNGE=2))
    reply = shop.ask("sale.complete", sale(LOUNGE=2))
    assert (refusal(reply), reply["refusal"]["left"]) == ("sold-out", 1)
    assert {item.sku: item.stock for item in catalogue.items(shop.engine.store.db)}["LOUNGE"] == 1


def test_a_ticket_whose_list_is_not_defined_is_not_sold(shop: EngineBox) -> None:
    reply = shop.ask("sale.complete", sale(COFFEE=1, LOUNGE=1))
    assert refusal(reply) == "ticket-list"
    assert "vip" in reply["refusal"]["detail"]
    assert facts(shop, "sale.completed/1") == facts(shop, "ticket.issued/1") == []
    shop.do("list.define", list="vip")
    assert len(shop.do("sale.complete", **sale(COFFEE=1, LOUNGE=1))["tickets"]) == 1


def test_a_ticket_that_its_list_would_turn_away_is_not_sold(shop: EngineBox) -> None:
    shop.do("list.define", list="general", products=["Day ticket"])
    assert refusal(shop.ask("sale.complete", sale(EVENING=1))) == "ticket-list"
    shop.do("list.define", list="general", products=["Day ticket", "Evening ticket"])
    (ticket,) = shop.do("sale.complete", **sale(EVENING=1))["tickets"]
    code = shop.do("ticket.code", ticket=ticket)["code"]
    assert shop.do("ticket.scan", code=code, gate="door")["verdict"] == "admitted"


def test_more_than_fifty_tickets_are_no_walk_up(shop: EngineBox) -> None:
    assert refusal(shop.ask("sale.complete", sale(EVENING=51))) == "validation"
    assert facts(shop, "ticket.issued/1") == []
    assert len(set(shop.do("sale.complete", **sale(EVENING=50))["tickets"])) == 50


def test_tickets_go_to_their_own_printer_and_without_any_to_none(tmp_path: Path) -> None:
    for devices, printers in (
        ({"printer": "tcp://127.0.0.1:9", "printer-tickets": "tcp://127.0.0.1:9"}, ["printer-tickets"]),
        ({}, []),
    ):
        box = EngineBox(tmp_path / str(len(devices)), config=msgspec.convert({"devices": devices}, Config))
        box.open_event()
        box.do("catalogue.import", items=[EVENING])
        box.do("sale.complete", **sale(EVENING=1))
        assert [one["printer"] for one in facts(box, "slip.requested/1")] == printers
        assert len(facts(box, "ticket.issued/1")) == 1
        box.engine.close()


def decide(ask: CompleteSale, items: Sequence[Item], sale: str = "tap") -> list[Any]:
    """The facts of a sale by the decision alone."""
    event = Event("e1", "Abendmarkt", "EUR", "Europe/Berlin", "12", "open")
    lists = {name: CheckinList(name) for name in ("general", "vip")}
    drawers = Drawers((Drawer("d1", "1", "e1", "EUR", "staff:s1", "2026-11-23T18:00:00.000Z", 0, None, 0),))
    known = SaleKnown(event, drawers, {item.sku: item for item in items}, {}, 1, lists)
    ctx = Context(
        FakeClock()(), "box-7", 1, sale, "staff:s1", "e1", new_id, lambda data: seal(data, bytes(32)), "p", ["p"]
    )
    return list(complete(ask, known, ctx).facts)


LINES = st.lists(st.tuples(st.sampled_from(["EVENING", "LOUNGE", "COFFEE"]), st.integers(1, 8)), min_size=1, max_size=6)


@given(LINES)
def test_as_many_tickets_as_pieces_each_with_an_id_and_a_slip_of_its_own(bought: list[tuple[str, int]]) -> None:
    ask = CompleteSale(lines=[AskLine(sku, qty) for sku, qty in bought], tenders=[AskTender("cash", 1_000_000)])
    items = [msgspec.convert(item, Item) for item in (ITEMS[0], EVENING, LOUNGE)]
    facts_ = decide(ask, items)
    made = [fact for fact in facts_ if isinstance(fact, TicketIssued)]
    for list_, sku in (("general", "EVENING"), ("vip", "LOUNGE")):
        assert sum(one.list == list_ for one in made) == sum(qty for name, qty in bought if name == sku)
    assert len({one.ticket for one in made}) == len(made)
    asked = [fact for fact in facts_ if isinstance(fact, SlipRequested)]
    assert [one.about for one in asked] == [one.ticket for one in made]
    assert len({one.slip for one in asked}) == len(asked)
    assert decide(ask, items) == facts_
    assert not {one.ticket for one in decide(ask, items, "other") if isinstance(one, TicketIssued)} & {
        one.ticket for one in made
    }


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ticket": "Main hall"}, "lower-case"),
        ({"ticket": ""}, "lower-case"),
        ({"kind": "open"}, "only a unit"),
        ({"kind": "deposit"}, "only a unit"),
        ({"name": " Evening"}, "space"),
    ],
)
def test_an_item_that_cannot_be_a_ticket_is_not_imported(box: EngineBox, change: dict[str, Any], why: str) -> None:
    reply = box.ask("catalogue.import", {"items": [{**EVENING, **change}]})
    assert refusal(reply) == "validation"
    assert why in reply["refusal"]["detail"]
    assert box.do("catalogue.import", items=[EVENING])["changed"] == 1


@pytest.mark.parametrize("suffix", [".toml", ".csv"])
def test_a_catalogue_with_tickets_is_the_same_when_it_is_written_and_read_again(tmp_path: Path, suffix: str) -> None:
    items = [msgspec.convert(item, Item) for item in (ITEMS[0], EVENING, LOUNGE)]
    path = tmp_path / f"catalogue{suffix}"
    path.write_text(catalogue_file.write(items, suffix, currency="EUR"), encoding="utf-8", newline="")
    assert [msgspec.convert(row, Item) for row in catalogue_file.read(path, currency="EUR")] == items


def test_an_unknown_key_of_an_item_is_still_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text('[[item]]\nsku = "A"\ntickets = "general"\n', encoding="utf-8")
    with pytest.raises(DataError, match="unknown key 'tickets'"):
        catalogue_file.read(path, currency=None)


def test_a_code_is_the_same_each_time_and_admits_under_its_own_id_once(shop: EngineBox) -> None:
    (ticket,) = shop.do("sale.complete", **sale(EVENING=1))["tickets"]
    code = shop.do("ticket.code", ticket=ticket)["code"]
    for role in ("device", "staff"):
        again = shop.ask("ticket.code", {"ticket": ticket}, role=role, actor=f"{role}:x")
        assert again["answer"]["code"] == code
    verdicts = []
    for _ in range(2):
        shop.clock.advance(60)
        verdicts.append(shop.do("ticket.scan", code=code, gate="door"))
    assert [(one["verdict"], one["reason"]) for one in verdicts] == [("admitted", None), ("refused", "already_used")]
    assert verdicts[0]["ticket"] == ticket


def test_a_code_is_made_of_tickets_that_this_box_issued_only(shop: EngineBox) -> None:
    coupon = {"list": "general", "import": "i1", "part": 1, "tickets": [{"code": "elsewhere"}]}
    shop.do("tickets.import", **coupon)
    (imported,) = facts(shop, "tickets.imported/1")[0]["tickets"]
    for ticket in (imported["ticket"], "0" * 24, ""):
        assert refusal(shop.ask("ticket.code", {"ticket": ticket})) == "not-found"
    for role in ("guest", "uplink"):
        assert refusal(shop.ask("ticket.code", {"ticket": "0" * 24}, role=role, actor=f"{role}:x")) == "role"


def test_a_ticket_of_an_earlier_event_keeps_its_code_and_is_not_printed_any_more(shop: EngineBox) -> None:
    (ticket,) = shop.do("sale.complete", **sale(EVENING=1))["tickets"]
    code = shop.do("ticket.code", ticket=ticket)["code"]
    shop.do("event.close")
    shop.do("event.create", name="Next", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    shop.do("event.open")
    assert shop.do("ticket.code", ticket=ticket)["code"] == code
    assert shop.do("ticket.scan", code=code, gate="door")["reason"] == "other_event"
    assert refusal(shop.ask("ticket.print", {"ticket": ticket})) == "not-found"


def told(box: EngineBox, ticket: str, copy: int, outcome: str) -> None:
    """What the printer says of a copy."""
    data = {"slip": domain.slip_id(ticket), "copy": copy, "printer": "printer", "outcome": outcome}
    box.do("slip.report", **data)


def test_a_copy_is_a_duplicate_and_two_taps_make_one(shop: EngineBox) -> None:
    (ticket,) = shop.do("sale.complete", **sale(EVENING=1))["tickets"]
    assert refusal(shop.ask("ticket.print", {"ticket": ticket})) == "ticket-waiting"
    told(shop, ticket, 0, "unknown")
    answer = shop.do("ticket.print", ticket=ticket)
    assert (answer["copy"], answer["printer"]) == (1, "printer")
    assert refusal(shop.ask("ticket.print", {"ticket": ticket})) == "ticket-waiting"
    told(shop, ticket, 1, "printed")
    assert shop.do("ticket.print", ticket=ticket)["copy"] == 2
    assert refusal(shop.ask("ticket.print", {"ticket": ticket, "printer": "nowhere"})) == "not-found"


def test_a_ticket_that_was_taken_back_is_not_printed(shop: EngineBox) -> None:
    (ticket,) = shop.do("sale.complete", **sale(EVENING=1))["tickets"]
    told(shop, ticket, 0, "printed")
    shop.do("tickets.mark", mark="revoked", tickets=[ticket])
    assert refusal(shop.ask("ticket.print", {"ticket": ticket})) == "ticket-void"


def test_nobody_prints_what_was_never_issued(shop: EngineBox) -> None:
    assert refusal(shop.ask("ticket.print", {"ticket": "0" * 24})) == "not-found"


def on_slip(box: EngineBox, ticket: str) -> list[Any]:
    """The newest copy of a ticket, as printing lays it out."""
    db = box.engine.store.db
    slip = paper.slip(db, domain.slip_id(ticket))
    assert slip is not None
    return slips.elements(db, slip, printer={}, code=box.do("ticket.code", ticket=ticket)["code"])


def test_a_slip_says_what_it_is_what_it_cost_and_how_often_it_admits(shop: EngineBox) -> None:
    shop.do("list.define", list="vip", entry="reentry")
    answer = shop.do("sale.complete", **sale(LOUNGE=1, COFFEE=2, EVENING=1))
    lounge, evening = answer["tickets"]
    elements = on_slip(shop, evening)
    tail = evening[-8:].upper()
    assert texts(elements) == [
        "Abendmarkt",
        "Evening ticket",
        "Admits one, once",
        f"Ticket {tail[:4]}\N{NO-BREAK SPACE}{tail[4:]}",
        "List | general",
        f"Sale {answer['number']} | 2026-11-23 19:00",
        "Price | \N{EURO SIGN}12.00",
    ]
    (code,) = [element.data for element in elements if isinstance(element, Code)]
    assert shop.do("ticket.scan", code=code, gate="door")["ticket"] == evening
    other = texts(on_slip(shop, lounge))
    assert {"Lounge", "Admits one, again after leaving", "Price | \N{EURO SIGN}30.00"} <= set(other)


def test_the_price_on_a_slip_is_the_one_that_was_paid_whatever_the_catalogue_says_later(shop: EngineBox) -> None:
    (ticket,) = shop.do("sale.complete", **sale(EVENING=1))["tickets"]
    shop.do("catalogue.import", items=[{**EVENING, "price": 9900, "ticket": None}])
    assert "Price | \N{EURO SIGN}12.00" in texts(on_slip(shop, ticket))


def test_a_copy_says_so_on_paper_and_one_that_was_issued_without_a_sale_names_none(shop: EngineBox) -> None:
    ticket = "0123456789abcdef01234567"
    shop.do("tickets.issue", list="general", tickets=[{"ticket": ticket}])
    assert shop.do("ticket.print", ticket=ticket)["copy"] == 0
    assert "DUPLICATE 1" not in texts(on_slip(shop, ticket))
    told(shop, ticket, 0, "not_printed")
    shop.do("ticket.print", ticket=ticket)
    read = texts(on_slip(shop, ticket))
    assert read[1] == "DUPLICATE 1"
    assert not any(text.startswith(("Sale", "Price")) for text in read)
    assert any(text.startswith("Issued | ") for text in read)


def test_a_sale_s_tickets_are_known_with_what_became_of_each_one_s_paper(shop: EngineBox) -> None:
    answer = shop.do("sale.complete", **sale(EVENING=2))
    first, second = answer["tickets"]
    told(shop, second, 0, "unknown")
    found = walkups.on_paper(shop.engine.store.db, answer["sale"])
    assert [(one["ticket"], one["copy"], one["outcome"]) for one in found] == [
        (first, 0, None),
        (second, 0, "unknown"),
    ]
