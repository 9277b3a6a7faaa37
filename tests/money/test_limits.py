"""How much is taken off and given back: alone, on the lead's word, and not at all, as the policy in force has it."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.projections import guardrails
from appliance.projections.runner import Projector, dump
from tests.money.stall import Stall
from tests.money.test_pricing import LEAD, carts, expected_lines, payable, whole
from tests.policies import CONFIG, in_force

ANYWHERE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SHARES = st.sampled_from(["0", "0.05", "0.125", "0.20", "0.333333", "0.5", "0.999999", "1"])
CAKES = {"sku": "CAKE", "qty": 10}
NO_SECRETS = {"reason": "faulty", "restock": False}


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    made = Stall(tmp_path_factory.mktemp("ruled") / "data", config=CONFIG)
    yield made
    made.engine.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stall]:
    made = Stall(tmp_path / "data", config=CONFIG)
    yield made
    made.engine.close()


def broken(stall: Stall, about: str) -> list[dict[str, Any]]:
    found = [json.loads(body) for body in stall.bodies()]
    return [one["data"] for one in found if one["kind"] == "guardrail.broken/1" and one["data"]["about"] == about]


def exceeds(lines: list[dict[str, Any]], discount: dict[str, Any] | None, limit: str) -> bool:
    """More than this share of a line or of the whole, however a percentage at the limit is rounded."""
    share = Fraction(limit)
    parts, cart_off = expected_lines(lines, discount)
    mine = [(own, payable(line)) for (own, _, _), line in zip(parts, lines, strict=True) if line["sku"] != "CUP"]
    if any(own > whole(price * share) for own, price in mine):
        return True
    at_once, by_line = whole(sum(price for _, price in mine) * share), sum(whole(price * share) for _, price in mine)
    return sum(own for own, _ in mine) + cart_off > max(at_once, by_line)


@ANYWHERE
@given(carts(), SHARES, SHARES)
def test_any_discount_is_free_or_the_leads_or_nobodys_as_the_policy_says(
    ruled: Stall, cart: tuple[list[dict[str, Any]], dict[str, Any] | None], one: str, other: str
) -> None:
    alone, lead = sorted((one, other), key=Fraction)
    version = in_force(ruled, discount={"alone": alone, "lead": lead})
    lines, discount = cart
    reply = ruled.sell(*lines, discount=discount)
    approved = ruled.sell(*lines, discount=discount, **LEAD) if asked(cart) else reply
    if not exceeds(lines, discount, alone):
        assert reply["ok"]
        assert broken(ruled, approved["answer"]["sale"]) == []
        return
    assert reply["refusal"]["slug"] == "guardrail"
    if exceeds(lines, discount, lead):
        assert approved["refusal"]["slug"] == "guardrail"
        assert {reply["refusal"]["may"], approved["refusal"]["may"]} == {"nobody"}
        assert approved["refusal"]["limit"] == lead
        assert f"policy {version}" in approved["refusal"]["detail"]
        return
    assert (reply["refusal"]["may"], reply["refusal"]["limit"]) == ("lead", alone)
    (fact,) = broken(ruled, approved["answer"]["sale"])
    assert (fact["rule"], fact["allowed"], fact["approver"], fact["policy"]) == ("discount", alone, "s-lead", version)
    assert Fraction(alone) < Fraction(fact["value"]) <= 1
    assert Fraction(fact["value"]) >= most_off(lines, discount)


def asked(cart: tuple[list[dict[str, Any]], dict[str, Any] | None]) -> bool:
    lines, discount = cart
    return discount is not None or any(line.get("discount") is not None for line in lines)


def most_off(lines: list[dict[str, Any]], discount: dict[str, Any] | None) -> Fraction:
    """The largest share that was asked for of a line; a sum rounded by itself may be a little more, or less."""
    found = [Fraction(0)]
    for line in lines:
        wish = line.get("discount")
        if wish is None:
            continue
        price = payable(line)
        found.append(Fraction(wish["percent"]) if "percent" in wish else Fraction(wish["amount"], price or 1))
    return max(found)


def test_the_edge_of_each_limit_is_within_it_and_a_cent_more_is_not(fresh: Stall) -> None:
    in_force(fresh, discount={"alone": "0.15", "lead": "0.5"})
    line = [{**CAKES, "discount": {"amount": amount}} for amount in (632, 633, 2105, 2106)]
    assert fresh.sell(line[0])["ok"]
    assert fresh.sell(line[1])["refusal"]["may"] == "lead"
    assert "15 %" in fresh.sell(line[1])["refusal"]["detail"]
    sale = fresh.sold(line[2], **LEAD)
    (fact,) = broken(fresh, sale["sale"])
    assert (fact["value"], sale["share_off"]) == ("0.5", "0.5")
    over = fresh.sell(line[3], **LEAD)["refusal"]
    assert (over["may"], over["remedy"]) == ("nobody", "Take less off.")
    assert fresh.last("command.refused/1")["command_kind"] == "sale.complete"


def test_a_reason_is_wanted_beyond_what_one_may_alone_and_the_approver_is_told_only_then(fresh: Stall) -> None:
    in_force(fresh, discount={"alone": "0.05", "lead": "0.2"})
    cheap = {**CAKES, "discount": {"percent": "0.1"}}
    assert fresh.refused(cheap, approver="s-lead") == "validation"
    assert fresh.sold(cheap, **LEAD)["approver"] == "s-lead"
    assert "approver" not in fresh.sold({**CAKES, "discount": {"percent": "0.05"}}, **LEAD)


def sold_for(stall: Stall, price: int) -> str:
    return str(stall.sold({"sku": "OPEN", "price": price})["sale"])


def back(stall: Stall, sale: str, verb: str = "refund", **more: Any) -> dict[str, Any]:
    said = NO_SECRETS if verb == "refund" else {"reason": "other"}
    return dict(stall.ask(f"sale.{verb}", {"sale": sale, **said, **more}))


@ANYWHERE
@given(st.integers(0, 3000), st.integers(0, 3000), st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=4))
def test_any_steps_of_giving_back_end_at_the_same_two_limits(
    ruled: Stall, alone: int, more: int, steps: list[tuple[int, bool]]
) -> None:
    lead = alone + more
    version = in_force(ruled, refund={"alone": alone, "lead": lead})
    sale = str(ruled.sold({"sku": "STICKER", "qty": 600}, {"sku": "CUP", "qty": 30})["sale"])
    all_of_it = of_staff = pieces = 0
    for cups, with_lead in steps:
        if pieces + cups > 30:
            break
        worth = cups * 200
        reply = back(ruled, sale, lines=[{"line": 2, "qty": cups}], **({"approver": "s-lead"} if with_lead else {}))
        if all_of_it + worth > lead:
            assert (reply["refusal"]["slug"], reply["refusal"]["may"]) == ("guardrail", "nobody")
            assert reply["refusal"]["limit"] == lead
        elif of_staff + worth > alone and not with_lead:
            assert (reply["refusal"]["slug"], reply["refusal"]["may"]) == ("guardrail", "lead")
        else:
            facts = broken(ruled, reply["answer"]["sale"])
            if with_lead and of_staff + worth > alone:
                (fact,) = facts
                assert (fact["rule"], fact["allowed"], fact["policy"]) == ("refund", str(alone), version)
                assert fact["value"] == str(of_staff + worth)
            else:
                assert facts == []
            pieces += cups
            all_of_it += worth
            of_staff += 0 if with_lead else worth


def test_a_void_is_held_to_the_same_limits(fresh: Stall) -> None:
    in_force(fresh, refund={"alone": 500, "lead": 900})
    assert back(fresh, sold_for(fresh, 500), "void")["ok"]
    sale = sold_for(fresh, 501)
    assert back(fresh, sale, "void")["refusal"]["may"] == "lead"
    voided = back(fresh, sale, "void", approver="s-lead")
    assert [one["rule"] for one in broken(fresh, voided["answer"]["sale"])] == ["refund"]
    assert back(fresh, sold_for(fresh, 901), "void", approver="s-lead")["refusal"]["may"] == "nobody"


def test_today_counts_what_was_given_and_how_far_it_went_and_a_rebuild_finds_the_same(fresh: Stall) -> None:
    db = fresh.engine.store.db
    (event,) = {json.loads(body)["event"] for body in fresh.bodies()} - {""}
    untouched = {"count": 0, "most": None, "beyond": 0}
    assert guardrails.today(db, event) == dict.fromkeys(("discount", "refund", "occupancy"), untouched)
    in_force(fresh, discount={"alone": "0.15", "lead": "0.5"}, refund={"alone": 1000})
    fresh.sold(CAKES)
    fresh.sold({**CAKES, "discount": {"percent": "0.05"}})
    fresh.sold({**CAKES, "discount": {"percent": "0.335"}}, **LEAD)
    assert back(fresh, sold_for(fresh, 1150), approver="s-lead")["ok"]
    assert back(fresh, sold_for(fresh, 200))["ok"]
    fresh.do("drawer.open", float=0, training=True, name="T9")
    fresh.sold({**CAKES, "discount": {"percent": "0.5"}}, drawer="T9", **LEAD)
    told = guardrails.today(db, event)
    assert told["discount"] == {"count": 2, "most": "0.335", "beyond": 1}
    assert told["refund"] == {"count": 2, "most": 1150, "beyond": 1}
    before = dump(db)
    Projector(db).rebuild()
    assert dump(db) == before
