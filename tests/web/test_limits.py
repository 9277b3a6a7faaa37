"""The limits of a policy on the till: over HTTP, and in a real browser that was open before the policy came."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.policies import TOML, put
from tests.watched import calm
from tests.web.conftest import TOML as HOUSE
from tests.web.conftest import Answer, House, new_house
from tests.web.doors import at_the_door, bring, define, verdict
from tests.web.tablet import Tablet

COFFEE = {"sku": "COFFEE", "qty": 2}
PIN = "123456"
BACK = {"reason": "faulty", "restock": False}


@pytest.fixture(scope="module")
def ruled() -> Iterator[House]:
    """A box that takes central's policies."""
    yield from new_house(toml=HOUSE + TOML)


@pytest.fixture(scope="module")
def till(ruled: House, chromium: Browser) -> Iterator[Tablet]:
    """The cashier's."""
    tablet = Tablet(chromium, ruled)
    tablet.unlock()
    yield tablet
    tablet.close()
    assert [fault for fault in tablet.faults if "Failed to load resource" not in fault] == []
    assert tablet.elsewhere == []


def off(percent: str, **more: Any) -> dict[str, Any]:
    return {
        "lines": [{**COFFEE, "discount": {"percent": percent}}],
        "tenders": [{"kind": "cash", "amount": 10_000}],
        "discount_reason": "damaged",
        **more,
    }


def about(house: House, kind: str, ident: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in house.facts(kind) if fact["data"].get("about") == ident]


# ---- over HTTP


def test_a_discount_asks_the_lead_or_is_nobodys_and_the_answer_tells_which(ruled: House) -> None:
    ben, ada = ruled.client("Ben"), ruled.client("Ada")
    version = put(ruled, discount={"alone": "0.1", "lead": "0.3"})
    assert ben.post("/sales", off("0.1")).status == 201
    asks = ben.post("/sales", off("0.2"))
    assert (asks.status, asks.slug, asks.json["may"], asks.json["limit"]) == (403, "guardrail", "lead", "0.1")
    sold = ben.post("/sales", off("0.2", approver_pin=PIN))
    (fact,) = about(ruled, "guardrail.broken/1", sold.json["sale"])
    assert (fact["rule"], fact["allowed"], fact["value"], fact["policy"]) == ("discount", "0.1", "0.2", version)
    assert ben.post("/sales", off("0.2", approver_pin=PIN, discount_reason=None)).slug == "validation"
    for client, more in ((ben, {"approver_pin": PIN}), (ada, {})):
        never = client.post("/sales", off("0.31", **more))
        assert (never.status, never.slug, never.json["may"], never.json["limit"]) == (403, "guardrail", "nobody", "0.3")
        assert f"policy {version}" in never.json["detail"]
    german = ada.post("/sales", off("0.31"), Accept_Language="de")
    assert f"Richtlinie {version} erlaubt das niemandem" in german.json["detail"]


def test_a_refusal_keeps_its_answer_when_the_limits_change_and_a_new_key_is_decided_anew(ruled: House) -> None:
    ben = ruled.client("Ben")
    put(ruled, discount={"alone": "0.1", "lead": "0.3"})
    refused = ben.post("/sales", off("0.2"), key="before-the-policy")
    put(ruled, discount={"alone": "0.25", "lead": "0.3"})
    assert ben.post("/sales", off("0.2"), key="before-the-policy").json == refused.json
    sold = ben.post("/sales", off("0.2"), key="after-the-policy")
    put(ruled, discount={"alone": "0.1", "lead": "0.1"})
    assert ben.post("/sales", off("0.2"), key="after-the-policy").json == sold.json


def test_money_back_asks_the_lead_or_is_nobodys(ruled: House) -> None:
    ben = ruled.client("Ben")
    put(ruled, refund={"alone": 300, "lead": 500})
    for price, wanted in ((300, None), (301, "lead"), (501, "nobody")):
        for verb, body in (("refund", BACK), ("void", {"reason": "other"})):
            sale = ben.sell({"sku": "OPEN", "price": price}, cash=price).json["sale"]
            answer = ben.post(f"/sales/{sale}/{verb}", body)
            assert answer.json.get("may") == wanted
            approved = ben.post(f"/sales/{sale}/{verb}", {**body, "approver_pin": PIN})
            assert approved.status == (409 if wanted is None else 201 if wanted == "lead" else 403)
            if wanted == "lead":
                assert len(about(ruled, "guardrail.broken/1", approved.json["sale"])) == 1


def calls(house: House, sale: str, z: str) -> dict[str, Answer]:
    """By action what the cashier is answered who does it."""
    ben = house.client("Ben")
    return {
        "sell": ben.sell(COFFEE, cash=1000),
        "refund": ben.post(f"/sales/{sale}/refund", BACK),
        "void": ben.post(f"/sales/{sale}/void", {"reason": "other"}),
        "reprint": ben.post(f"/drawer/z/{z}/reprint"),
        "no-sale": ben.post("/drawer/no-sale", {"reason": "change"}),
        "cash-move": ben.post("/drawer/move", {"amount": 100, "reason": "tips"}),
        "z-report": ben.post("/drawer/close", {"drawer": "none"}),
        "tickets": ben.post("/tickets/000000000000000000000000/print"),
    }


def test_what_the_policy_leaves_to_the_lead_the_cashier_may_not_and_nothing_else_changes(ruled: House) -> None:
    ben, ada, cleo = (ruled.client(name) for name in ("Ben", "Ada", "Cleo"))
    put(ruled)
    sale = ben.sell(COFFEE, cash=1000).json["sale"]
    actions = [
        name for name, answer in calls(ruled, sale, "1-1").items() if answer.json.get("type") != "/problems/role"
    ]
    assert len(actions) == 8
    for action in actions:
        version = put(ruled, may={action: ["door"]})
        answers = calls(ruled, ben_sold(ruled, ada), "1-1")
        barred = [name for name, answer in answers.items() if answer.json.get("type") == "/problems/role"]
        assert barred == [action]
        assert f"policy {version} leaves this to the lead" in answers[action].json["detail"]
    put(ruled, may={"sell": ["door", "cashier"], "no-sale": []})
    assert cleo.sell(COFFEE, cash=1000).slug == "role"
    assert ada.post("/drawer/no-sale", {"reason": "change"}).status == 200
    put(ruled)
    assert ben.post("/drawer/no-sale", {"reason": "change"}).status == 200


def ben_sold(house: House, by: Any) -> str:
    return str(by.sell(COFFEE, cash=1000).json["sale"])


def test_the_leads_word_opens_what_the_policy_leaves_to_the_lead(ruled: House) -> None:
    ben = ruled.client("Ben")
    sales = [ben_sold(ruled, ben) for _ in range(2)]
    put(ruled, may={"no-sale": [], "cash-move": [], "refund": [], "void": []})
    tries: list[tuple[str, dict[str, Any]]] = [
        ("/drawer/no-sale", {"reason": "check"}),
        ("/drawer/move", {"amount": -500, "reason": "to_safe"}),
        (f"/sales/{sales[0]}/refund", BACK),
        (f"/sales/{sales[1]}/void", {"reason": "other"}),
    ]
    for path, body in tries:
        key = f"again-{path.rpartition('/')[2]}"
        assert ben.post(path, body, key=key).slug == "role"
        wrong = ben.post(path, {**body, "approver_pin": "222222"}, key=key)
        assert wrong.slug == "role"
        given = ben.post(path, {**body, "approver_pin": PIN}, key=key)
        assert given.status in (200, 201), given.json
    for kind in ("drawer.unlocked/1", "drawer.moved/1"):
        fact = ruled.facts(kind)[-1]
        assert fact["data"]["approver"] != fact["actor"].removeprefix("staff:")
    assert "approver" not in json.dumps(ben.post("/drawer/no-sale", {"approver": "s1", "reason": "check"}).json["type"])
    put(ruled)


# ---- in a browser


def test_the_till_knows_both_limits_and_new_ones_reach_a_cart_that_is_open(till: Tablet, ruled: House) -> None:
    page = till.page
    first = put(ruled, discount={"alone": "0.2", "lead": "0.5"})
    till.tap("COFFEE", "COFFEE")
    page.click("#cart-tools [data-do=off]")
    expect(page.locator("#off-rail")).to_have_text(
        f"Policy {first}: up to 20\u00a0% by yourself, up to 50\u00a0% with the lead."
    )
    page.check("[name=off][value='20']", force=True)
    expect(page.locator("#off-lead")).to_be_hidden()
    expect(page.locator("#off-take")).to_be_enabled()
    second = put(ruled, discount={"alone": "0.1", "lead": "0.3"})
    expect(page.locator("#off-lead-word")).to_contain_text("more than 10\u00a0%. It needs a reason and the lead’s PIN")
    expect(page.locator("#off-pin-field")).to_be_visible()
    page.check("[name=off][value='50']", force=True)
    expect(page.locator("#off-lead-word")).to_have_text(
        f"Policy {second} lets nobody take off more than 30\u00a0%. Take less off."
    )
    expect(page.locator("#off-pin-field")).to_be_hidden()
    expect(page.locator("#off-take")).to_be_disabled()
    page.check("[name=off][value='20']", force=True)
    page.check("[name=off-reason][value=damaged]", force=True)
    page.fill("#off-pin", PIN)
    page.click("#off-take")
    expect(page.locator("#approve-word")).to_have_text("Approved by Ada.")
    expect(till.button("charge")).to_be_enabled()
    third = put(ruled, discount={"alone": "0.05", "lead": "0.1"})
    expect(till.button("charge")).to_have_text("Too much is taken off")
    expect(till.button("charge")).to_be_disabled()
    expect(page.locator("#approve-word")).to_contain_text(f"Policy {third} lets nobody")
    calm(page)
    page.click("#approve-open")
    page.check("[name=off][value='10']", force=True)
    page.fill("#off-pin", PIN)
    page.click("#off-take")
    till.charge()
    page.locator("#suggested button").first.click()
    till.finish()
    till.number()
    sale = ruled.facts("sale.completed/1")[-1]["data"]
    assert (sale["share_off"], sale["discount_reason"]) == ("0.1", "damaged")
    assert about(ruled, "guardrail.broken/1", sale["sale"])[0]["policy"] == third
    till.next()


def test_a_page_of_a_cashier_who_may_not_sell_says_so_and_wakes_up_when_they_may(till: Tablet, ruled: House) -> None:
    till.page.goto(ruled.url + "/sell")
    till.tap("COFFEE")
    version = put(ruled, may={"sell": ["lead"]})
    expect(till.page.locator("#state")).to_contain_text(f"Policy {version} leaves selling to the lead.")
    expect(till.button("charge")).to_be_disabled()
    calm(till.page)
    put(ruled)
    expect(till.button("charge")).to_be_enabled()
    till.button("clear").first.click()


def test_the_refund_page_asks_for_the_lead_or_says_that_nobody_may(till: Tablet, ruled: House) -> None:
    page = till.page
    put(ruled)
    sale = ruled.client("Ben").sell({"sku": "OPEN", "price": 2000}, cash=2000).json["sale"]
    page.goto(f"{ruled.url}/sales/{sale}/back")
    page.check("[name=reason][value=faulty]", force=True)
    expect(page.locator("#figures .huge")).to_have_text("€20.00")
    expect(page.locator("#pin")).to_have_count(0)
    put(ruled, refund={"alone": 500, "lead": 3000})
    expect(page.locator("#why")).to_have_text("Above €5.00 of one sale the lead approves.")
    version = put(ruled, refund={"alone": 500, "lead": 1999})
    expect(page.locator("#figures")).to_contain_text(f"Policy {version} lets at most €19.99 of one sale go back.")
    page.reload()
    expect(page.locator("main")).to_contain_text("up to €5.00 of one sale by yourself, up to €19.99 with the lead.")
    calm(page)
    version = put(ruled, may={"refund": [], "void": []})
    expect(page.locator("#why")).to_have_text(f"Policy {version} leaves this to the lead.")
    page.fill("#pin", PIN)
    page.locator("[data-do=back]:visible").click()
    expect(page.locator("h1")).to_have_text("Given back")
    put(ruled)


def test_the_drawer_opens_on_the_leads_pin_where_the_policy_leaves_it_to_them(till: Tablet, ruled: House) -> None:
    page = till.page
    put(ruled)
    page.goto(ruled.url + "/drawer/no-sale")
    page.check("[name=reason][value=change]", force=True)
    expect(page.locator("[data-pin]")).to_be_hidden()
    version = put(ruled, may={"no-sale": [], "z-report": []})
    press = page.locator("[data-press]")
    press.click()
    expect(page.locator("#said")).to_contain_text(f"Policy {version} leaves this to the lead")
    expect(page.locator("[data-pin]")).to_be_focused()
    page.reload()
    expect(page.locator("#pin-why")).to_have_text(f"Policy {version} leaves this to the lead.")
    page.check("[name=reason][value=change]", force=True)
    calm(page)
    press.click()
    expect(page.locator("[data-fault]")).to_have_text("Ask the lead to enter their PIN.")
    page.fill("[data-pin]", "999999")
    press.click()
    expect(page.locator("[data-fault]")).to_contain_text("This PIN is nobody's")
    before = len(ruled.facts("drawer.unlocked/1"))
    page.fill("[data-pin]", PIN)
    press.click()
    expect(page).to_have_url(re.compile(r"/drawer\?drawer="))
    expect(page.locator("[aria-labelledby=hands] tbody tr").first).to_contain_text("Approved by Ada")
    assert len(ruled.facts("drawer.unlocked/1")) == before + 1
    put(ruled)


def test_a_full_house_is_seen_at_the_door_and_the_lead_lets_one_more_in(ruled: House, chromium: Browser) -> None:
    define(ruled, "crowd", entry="reentry")
    codes = bring(ruled, "crowd", {}, {}, {}, {})
    cleo = ruled.client("Cleo")
    inside = sum(one["inside"] for one in cleo.get("/lists").json["lists"])
    tablet = at_the_door(Tablet(chromium, ruled, viewport={"width": 820, "height": 1180}))
    page = tablet.page
    version = put(ruled, occupancy={"alone": inside + 1, "lead": inside + 2})
    expect(page.locator("[data-live='/door/now']")).to_contain_text(f"{inside} of {inside + 1} the policy allows")
    tablet.scan(codes[0])
    verdict(tablet, "Admitted")
    tablet.scan(codes[1])
    verdict(tablet, "Full")
    expect(page.locator("#face-why")).to_have_text(
        f"{inside + 1} inside: as many as policy {version} allows. The lead may let more in."
    )
    calm(page)
    let_in(page)
    verdict(tablet, "Admitted")
    fact = ruled.facts("occupancy.exceeded/1")[-1]
    assert fact["data"]["occupancy"] == inside + 2
    assert about(ruled, "guardrail.broken/1", ruled.facts("ticket.admitted/1")[-1]["data"]["ticket"])
    tablet.scan(codes[2])
    verdict(tablet, "Full")
    expect(page.locator("#face-why")).to_contain_text(f"policy {version} lets nobody else in")
    expect(page.locator("[data-do=let]")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("[data-live='/door/now']")).to_contain_text("Nobody else goes in.")
    calm(page)
    scanned = {"code": codes[3], "gate": "door"}
    ruled.device.send("ticket.scan", scanned, actor="device:scanner", id="overheard-at-a-full-house")
    verdict(tablet, "Full")
    expect(page.locator("#face-why")).to_contain_text("lets nobody else in")
    expect(page.locator("[data-do=let]")).to_be_hidden()
    tablet.close()
    assert tablet.faults == []
    put(ruled)


def let_in(page: Page) -> None:
    page.click("[data-do=let]")
    page.fill("#let-reason", "The band")
    page.fill("#let-pin", PIN)
    page.click("#let .main")
