"""How many are inside at once: what the policy lets the door do by itself, and the lead, and nobody."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.projections import guardrails
from tests.door.worlds import LEAD, Door, defined
from tests.policies import CONFIG, in_force


@pytest.fixture
def door(data: Path) -> Iterator[Door]:
    """Two lists of guests who may come again."""
    made = Door(data, CONFIG)
    made.all(defined("general", entry="reentry"), defined("vip", entry="multiple"))
    yield made
    made.close()


def code(door: Door, guest: int, list_: str = "general") -> str:
    """What a guest's ticket says."""
    return door.token(f"{guest:024x}", list_)


def kinds(door: Door, after: int) -> list[str]:
    return [body["kind"] for body in door.facts(after)]


def test_a_full_house_lets_nobody_in_but_on_the_leads_word_and_that_is_on_record(door: Door) -> None:
    version = in_force(door.box, occupancy={"alone": 2, "lead": 3})
    one, two, three, four = (code(door, n, "vip" if n % 2 else "general") for n in range(4))
    for shown in (one, two):
        assert door.scan(shown)["verdict"] == "admitted"
    refused = door.scan(three)
    assert (refused["reason"], refused["crowd"], refused["policy"]) == ("list_full", 2, version)
    assert refused["forcible"]
    assert door.last()[1]["crowd"] == 2
    before = door.box.engine.store.pos
    forced = door.force(three)
    assert (forced["verdict"], forced["overruled"]) == ("admitted", "list_full")
    admitted, broken, exceeded = door.facts(before)
    assert (admitted["kind"], admitted["data"]["forced_by"]) == ("ticket.admitted/1", LEAD)
    assert broken["data"] == {
        "rule": "occupancy",
        "allowed": "2",
        "value": "3",
        "approver": LEAD,
        "about": admitted["data"]["ticket"],
        "policy": version,
    }
    assert (exceeded["kind"], exceeded["data"]) == ("occupancy.exceeded/1", {"occupancy": 3, "by": LEAD})
    nobody = door.scan(four)
    assert (nobody["reason"], nobody["crowd"], nobody["forcible"]) == ("list_full", 3, False)
    assert door.force(four)["verdict"] == "refused"
    assert door.scan(one, direction="out")["verdict"] == "exited"
    assert door.scan(four)["forcible"]


def test_whoever_is_inside_already_takes_no_place_and_whoever_goes_out_always_may(door: Door) -> None:
    in_force(door.box, occupancy={"alone": 1, "lead": 1})
    guest, other = code(door, 1, "vip"), code(door, 2)
    assert door.scan(guest)["verdict"] == "admitted"
    assert door.scan(guest)["verdict"] == "admitted"  # comes and goes as often as they like, and was not seen to go
    assert door.scan(other)["reason"] == "list_full"
    assert door.scan(guest, direction="out")["verdict"] == "exited"
    assert door.scan(other)["verdict"] == "admitted"


def test_what_the_lead_may_not_is_not_to_be_had_for_another_reason_either(door: Door) -> None:
    door.all(defined("late", entry="single", products=["evening"]))
    in_force(door.box, occupancy={"alone": 1, "lead": 1})
    stranger = code(door, 2, "late")
    assert door.scan(stranger, list="general")["forcible"]
    assert door.scan(code(door, 1))["verdict"] == "admitted"
    wrong = door.scan(stranger, list="general")
    assert (wrong["reason"], wrong["forcible"], wrong["crowd"]) == ("wrong_product", False, 1)
    assert door.force(stranger, list="general")["verdict"] == "refused"


def test_one_limit_without_the_other_holds_for_all_or_lets_the_lead_do_anything(door: Door) -> None:
    in_force(door.box, occupancy={"lead": 1})
    assert door.scan(code(door, 1))["verdict"] == "admitted"
    assert door.scan(code(door, 2))["forcible"] is False
    in_force(door.box, occupancy={"alone": 1})
    assert door.scan(code(door, 2))["forcible"] is True
    assert [door.force(code(door, 10 + n))["verdict"] for n in range(3)] == ["admitted"] * 3
    in_force(door.box)
    assert door.scan(code(door, 2))["verdict"] == "admitted"


@pytest.mark.parametrize("seed", range(4))
def test_any_evening_is_counted_as_a_doorkeeper_with_a_list_counts_it(door: Door, seed: int) -> None:
    lots = random.Random(seed)
    alone, lead = 3, 5
    version = in_force(door.box, occupancy={"alone": alone, "lead": lead})
    inside: set[int] = set()
    most = crossed = overruled = 0
    for _ in range(60):
        guest = lots.randrange(9)
        shown, act = code(door, guest, "vip"), lots.choice(["in", "in", "out", "force"])
        before = door.box.engine.store.pos
        answer: dict[str, Any]
        if act == "out":
            answer = door.scan(shown, direction="out")
            inside.discard(guest)
            assert answer["verdict"] == "exited"
            continue
        answer = door.force(shown) if act == "force" else door.scan(shown)
        adds, n = guest not in inside, len(inside)
        if adds and (n >= lead or (n >= alone and act == "in")):
            assert (answer["verdict"], answer["reason"], answer["crowd"]) == ("refused", "list_full", n)
            assert answer["policy"] == version
            assert kinds(door, before) == ["ticket.refused/1"]
            continue
        assert answer["verdict"] == "admitted"
        inside.add(guest)
        most = max(most, len(inside))
        wanted = ["ticket.admitted/1"]
        if adds and n >= alone:
            overruled += 1
            wanted.append("guardrail.broken/1")
        if adds and n == alone:
            crossed += 1
            wanted.append("occupancy.exceeded/1")
        assert kinds(door, before) == wanted
    told = guardrails.today(door.box.engine.store.db, door.event)["occupancy"]
    assert told == {"count": overruled, "most": most, "beyond": overruled}
    assert overruled >= crossed > 0


def test_an_entry_that_is_undone_counts_for_nobody(door: Door) -> None:
    in_force(door.box, occupancy={"alone": 1, "lead": 2})
    assert door.scan(code(door, 1))["verdict"] == "admitted"
    forced = door.force(code(door, 2))
    assert door.undo(forced["scan"]) == ""
    assert guardrails.today(door.box.engine.store.db, door.event)["occupancy"]["most"] == 1
    assert door.scan(code(door, 2))["crowd"] == 1
