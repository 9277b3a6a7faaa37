"""Come-back vouchers: given to who signs up, good once, and what they paid is never paid out."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.clock import FakeClock
from appliance.domain import tokens
from appliance.files import tickets as ticketfile
from appliance.projections import vouchers
from appliance.projections.runner import Projector, dump
from tests.conftest import EngineBox

DAY = 86_400
WORDS = {"name": "Mika", "email": "mika@example.org", "consent": "1", "language": "en"}
TERMS = {"amount": 500, "minimum": 1000, "days": 30, "most": 3}
CART = [{"sku": "POSTER", "qty": 1}]


@pytest.fixture
def stall(box: EngineBox) -> EngineBox:
    """An open event with terms."""
    box.open_event()
    box.do("voucher.set_terms", **TERMS)
    return box


def grant(box: EngineBox) -> tuple[str, str]:
    """Somebody signs up: the voucher's id and its code, as the recorder tells who has the claim code."""
    answer = box.do("guest.sign_up", **WORDS)
    asked = {"code": answer["claim_code"], "device": "x"}
    reply = box.ask("guest.vouchers", asked, role="guest", actor="guest:portal")
    [(voucher, code)] = reply["answer"]["codes"].items()
    return voucher, code


def sale(box: EngineBox, code: str, amount: int = 500, lines: Any = CART, cash: int = 700) -> Any:
    """A sale that a voucher pays a part of."""
    tenders = [{"kind": "voucher", "amount": amount, "reference": code}]
    tenders += [{"kind": "cash", "amount": cash}] if cash else []
    return box.ask("sale.complete", {"lines": lines, "tenders": tenders})


def why(reply: dict[str, Any]) -> tuple[str, str | None]:
    """Slug and reason of a refusal."""
    return reply["refusal"]["slug"], reply["refusal"].get("reason")


def pays(box: EngineBox, voucher: str) -> int:
    """What it still pays."""
    row = box.engine.store.db.execute("SELECT pays FROM p_voucher WHERE voucher = ?", (voucher,)).fetchone()
    return int(row["pays"])


def facts(box: EngineBox, kind: str) -> list[dict[str, Any]]:
    return [json.loads(body)["data"] for body in box.bodies() if f'"{kind}"' in body]


def test_who_signs_up_gets_one_from_tomorrow_on_until_all_are_given(stall: EngineBox) -> None:
    for number in range(5):
        stall.do("guest.sign_up", **WORDS | {"email": f"m{number}@example.org"})
    found = facts(stall, "voucher.granted/1")
    assert len(found) == 3
    assert len({one["voucher"] for one in found}) == 3
    first = found[0]
    assert (first["amount"], first["minimum"], first["currency"]) == (500, 1000, "EUR")
    assert first["valid_until"] - first["valid_from"] in range(30 * DAY - 3600, 30 * DAY + 3601)
    now = stall.clock().wall_ms // 1000
    assert now < first["valid_from"] <= now + DAY
    stall.do("voucher.set_terms", amount=0)
    stall.do("guest.sign_up", **WORDS)
    assert len(facts(stall, "voucher.granted/1")) == 3


def test_a_sign_up_that_is_sent_again_gets_no_second_one(stall: EngineBox) -> None:
    replies = [stall.ask("guest.sign_up", WORDS, id="su-1") for _ in range(3)]
    assert replies[0] == replies[1] == replies[2]
    assert len(facts(stall, "voucher.granted/1")) == 1


def test_it_pays_its_amount_once_and_the_journal_has_its_id_never_its_code(stall: EngineBox) -> None:
    voucher, code = grant(stall)
    assert why(sale(stall, code)) == ("voucher-refused", "not_yet_valid")
    stall.clock.advance(2 * DAY)
    assert why(sale(stall, code, 400, cash=800)) == ("voucher-refused", "wrong_amount")
    assert why(sale(stall, code, lines=[{"sku": "COFFEE", "qty": 2}], cash=200)) == ("voucher-refused", "under_minimum")
    reply = sale(stall, code)
    assert reply["ok"], reply
    [sold] = facts(stall, "sale.completed/1")
    assert sold["tenders"][0] == {"kind": "voucher", "amount": 500, "reference": voucher, "comeback": True}
    assert (sold["total"], sold["change"]) == (1200, 0)
    [redeemed] = facts(stall, "voucher.redeemed/1")
    assert redeemed == {
        "voucher": voucher,
        "sale": sold["sale"],
        "amount": 500,
        "provisional": False,
        "time_checked": True,
    }
    assert code not in "".join(stall.bodies())
    for _ in range(10):
        assert why(sale(stall, code))[0] == "voucher-used"
    assert len(facts(stall, "voucher.redeemed/1")) == 1
    stall.clock.advance(40 * DAY)
    _, late = "", code
    assert why(sale(stall, late))[0] == "voucher-refused"


def test_two_of_one_or_of_two_in_one_sale_are_one_too_many(stall: EngineBox) -> None:
    codes = [grant(stall)[1], grant(stall)[1]]
    stall.clock.advance(2 * DAY)
    for pair in (codes, codes[:1] * 2):
        tenders = [{"kind": "voucher", "amount": 500, "reference": code} for code in pair]
        asked = {"lines": CART, "tenders": [*tenders, {"kind": "cash", "amount": 200}]}
        assert why(stall.ask("sale.complete", asked)) == ("voucher-refused", "only_one")


def test_what_is_no_voucher_of_ours_pays_nothing(stall: EngineBox) -> None:
    voucher, code = grant(stall)
    stall.clock.advance(2 * DAY)
    key = stall.engine._keys.signer(stall.engine._event())
    token = tokens.read_unverified(code)
    other = tokens.Token(
        "voucher", token.id, token.event, "", token.exp, token.nbf, {**token.more, tokens.AMOUNT: 9999}
    )
    access = ticketfile.access_code(key, "ab" * 12, event=token.event, sku="POSTER", valid_from=None, valid_until=None)
    dollars = tokens.Token("voucher", token.id, token.event, "", None, None, {**token.more, tokens.CURRENCY: "USD"})
    broken = tokens.Token("voucher", token.id, token.event, "", None, None, {tokens.AMOUNT: "5"})
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    stranger = tokens.text(tokens.sign(other, Ed25519PrivateKey.generate()))
    assert why(sale(stall, stranger, 9999, cash=0)) == ("voucher-refused", "bad_signature")
    assert why(sale(stall, access)) == ("voucher-refused", "wrong_kind")
    assert why(sale(stall, tokens.text(tokens.sign(dollars, key)))) == ("voucher-refused", "other_currency")
    assert why(sale(stall, tokens.text(tokens.sign(broken, key)))) == ("voucher-refused", "unreadable")
    assert why(sale(stall, "BK1:nonsense")) == ("voucher-refused", "unreadable")
    assert pays(stall, voucher) == 500
    token_tender = {"lines": CART, "tenders": [{"kind": "token", "amount": 1200, "reference": code}]}
    assert why(stall.ask("sale.complete", token_tender)) == ("token-refused", "wrong_kind")


def test_a_voucher_of_another_box_is_taken_once_and_said_to_be_provisional(stall: EngineBox) -> None:
    key, more = stall.engine._keys.signer(stall.engine._event()), {tokens.CURRENCY: "EUR"}
    other = tokens.Token(
        "voucher", "cd" * 12, "ev-other", "", None, None, {**more, tokens.AMOUNT: 500, tokens.MINIMUM: 0}
    )
    code = tokens.text(tokens.sign(other, key))
    assert sale(stall, code)["ok"]
    assert facts(stall, "voucher.redeemed/1")[0]["provisional"] is True
    assert why(sale(stall, code))[0] == "voucher-used"


def test_a_void_makes_it_good_again_and_a_refund_gives_it_back_its_part_never_in_cash(stall: EngineBox) -> None:
    voucher, code = grant(stall)
    stall.clock.advance(2 * DAY)
    first = sale(stall, code)["answer"]["sale"]
    stall.do("sale.void", sale=first, reason="other", approver="lead")
    assert pays(stall, voucher) == 500
    second = sale(stall, code)["answer"]["sale"]
    cash = {"sale": second, "reason": "other", "restock": False, "approver": "lead"}
    refused = stall.ask("sale.refund", {**cash, "tenders": [{"kind": "cash", "amount": 1200}]})
    assert why(refused)[0] == "too-much-back"
    assert refused["refusal"]["most"] == 700
    assert stall.ask("sale.refund", cash)["ok"]
    assert pays(stall, voucher) == 500
    assert sale(stall, code)["ok"]
    assert pays(stall, voucher) == 0


def test_a_part_that_goes_back_is_what_it_pays_next_time(stall: EngineBox) -> None:
    voucher, code = grant(stall)
    stall.clock.advance(2 * DAY)
    lines = [{"sku": "CAKE", "qty": 3}, {"sku": "COFFEE", "qty": 1}]
    sold = sale(stall, code, lines=lines, cash=1110)["answer"]["sale"]
    part = {"sale": sold, "lines": [{"line": 2, "qty": 1}], "reason": "other", "restock": False, "approver": "lead"}
    assert stall.ask("sale.refund", part)["ok"]
    assert pays(stall, voucher) == 350
    wrong = sale(stall, code)
    assert (*why(wrong), wrong["refusal"]["pays"]) == ("voucher-refused", "wrong_amount", 350)
    assert sale(stall, code, 350, cash=850)["ok"]
    assert stall.ask("sale.refund", part | {"lines": [{"line": 1, "qty": 3}]})["ok"]
    assert pays(stall, voucher) == 150, "the rest of what the first sale took"


def test_training_looks_at_it_and_does_not_use_it_up(box: EngineBox) -> None:
    box.open_event()
    box.do("voucher.set_terms", **TERMS)
    voucher, code = grant(box)
    box.clock.advance(2 * DAY)
    box.do("drawer.count", coins={"1000": 10})
    box.do("drawer.close")
    box.do("drawer.open", float=0, training=True)
    sold = sale(box, code)
    assert sold["ok"], sold
    assert facts(box, "voucher.redeemed/1") == []
    assert pays(box, voucher) == 500
    box.do("sale.void", sale=sold["answer"]["sale"], reason="other", approver="lead")
    assert pays(box, voucher) == 500


def test_a_number_typed_for_a_paper_voucher_gives_nothing_to_ours(stall: EngineBox) -> None:
    voucher, _ = grant(stall)
    sold = sale(stall, voucher)["answer"]["sale"]
    stall.do("sale.void", sale=sold, reason="other", approver="lead")
    assert pays(stall, voucher) == 500


def test_on_a_clock_that_nobody_set_it_has_no_term(tmp_path: Any) -> None:
    box = EngineBox(tmp_path / "data", clock=FakeClock(trust="none"))
    box.open_event()
    box.do("voucher.set_terms", **TERMS)
    _, code = grant(box)
    [given_] = facts(box, "voucher.granted/1")
    assert "valid_from" not in given_
    assert sale(box, code)["ok"]
    assert facts(box, "voucher.redeemed/1")[0]["time_checked"] is False
    box.engine.close()


def test_it_stays_good_for_its_bearer_when_the_guest_is_erased(stall: EngineBox) -> None:
    _, code = grant(stall)
    [signed] = facts(stall, "guest.signed_up/1")
    stall.do("people.erase", refs=[signed["person"]["ref"]])
    stall.clock.advance(2 * DAY)
    assert sale(stall, code)["ok"]


@pytest.mark.parametrize(
    "wrong",
    [{"amount": -1}, {"minimum": 499}, {"days": 0}, {"days": 401}, {"most": 0}, {"most": 10_001}, {"amount": 10**13}],
)
def test_terms_that_make_no_sense_are_refused(stall: EngineBox, wrong: dict[str, int]) -> None:
    assert why(stall.ask("voucher.set_terms", TERMS | wrong))[0] == "validation"


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["sell", "void", "refund", "part", "again"]), max_size=12))
def test_whatever_happens_a_voucher_never_pays_more_than_it_is_worth(steps: list[str]) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        box = EngineBox(Path(folder))
        box.open_event()
        box.do("voucher.set_terms", **TERMS)
        voucher, code = grant(box)
        box.clock.advance(2 * DAY)
        sales: list[str] = []
        for step in steps:
            left = pays(box, voucher)
            if step in ("sell", "again"):
                reply = sale(box, code, left or 500, [{"sku": "CAKE", "qty": 3}], 1260 - (left or 500))
                assert reply["ok"] is (left > 0)
                sales += [reply["answer"]["sale"]] if reply["ok"] else []
            elif sales:
                asked: dict[str, Any] = {"sale": sales[-1], "reason": "other", "approver": "lead"}
                if step != "void":
                    asked |= {"restock": False, **({"lines": [{"line": 1, "qty": 1}]} if step == "part" else {})}
                box.ask("sale.void" if step == "void" else "sale.refund", asked)
            assert 0 <= pays(box, voucher) <= 500
        before = dump(box.engine.store.db)
        Projector(box.engine.store.db).rebuild()
        assert dump(box.engine.store.db) == before
        taken = sum(one["amount"] for one in facts(box, "voucher.redeemed/1"))
        back = sum(
            tender["amount"]
            for kind in ("sale.voided/1", "sale.refunded/1")
            for one in facts(box, kind)
            for tender in one["tenders"]
            if tender["kind"] == "voucher"
        )
        assert pays(box, voucher) == 500 - taken + back
        assert vouchers.of_guest(box.engine.store.db, facts(box, "guest.signed_up/1")[0]["guest"])[0].pays <= 500
        box.engine.close()
