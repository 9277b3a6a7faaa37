"""Each rule of the door alone, in each form of ticket: verdict, reason, the fact, and what the answer says."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from appliance.domain.tokens import Token, sign, text
from tests.conftest import EngineBox
from tests.door.worlds import GATE, LEAD, NEXT, NOW, TICKET, Door, Form, World, defined, imported, pretix

SAID = ["event_closed", "unreadable", "unknown", "bad_signature", "other_event", "revoked", "blocked", "cancelled"]
SAID += ["not_yet_valid", "expired", "wrong_product", "elsewhere", "wrong_session", "unpaid", "question", "list_full"]
SAID += ["already_used"]
NOT_OF = {("plain", "bad_signature"), ("pretix", "elsewhere")}
FORMS: tuple[Form, ...] = ("token", "plain", "pretix")
ALONE = [(form, wrong) for form in FORMS for wrong in SAID if (form, wrong) not in NOT_OF]
ONLY_IN = {"not_yet_valid", "expired", "question", "list_full", "already_used"}
FOR_NOBODY = {"event_closed", "unreadable", "bad_signature"}
"""Reasons that no lead overrules."""


@pytest.fixture
def door(data: Path) -> Iterator[Door]:
    one = Door(data)
    yield one
    one.close()


def reason_of(wrong: str) -> str:
    return "wrong_product" if wrong == "elsewhere" else wrong


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", ["in", "out"])
def test_a_ticket_with_which_nothing_is_wrong_goes_in_and_out(data: Path, form: Form, way: str) -> None:
    world = World(data, form, set())
    said = world.verdict(way)
    kind, fact = world.last()
    assert kind == ("ticket.admitted/1" if way == "in" else "ticket.exited/1")
    assert fact == {"ticket": said["ticket"], "list": "general", "gate": GATE, "time_checked": True}
    assert (said["verdict"], said["reason"]) == ("admitted" if way == "in" else "exited", None)
    assert (said["list"], said["gate"], said["direction"], said["entry"]) == ("general", GATE, way, "single")
    assert (said["entries"], said["forcible"], said["at"]) == (0, False, "2026-11-23T18:00:00.000Z")
    assert form != "token" or said["ticket"] == TICKET
    world.close()


@pytest.mark.parametrize(("form", "wrong"), ALONE)
def test_one_thing_that_is_wrong_is_refused_for_just_that(data: Path, form: Form, wrong: str) -> None:
    world = World(data, form, {wrong})
    before = world.box.engine.store.pos
    said = world.verdict("in")
    kind, fact = world.last()
    assert world.box.engine.store.pos == before + 1, "one scan, one fact"
    assert kind == "ticket.refused/1"
    assert (said["verdict"], said["reason"], fact["reason"]) == ("refused", reason_of(wrong), reason_of(wrong))
    assert (fact["list"], fact["gate"]) == (said["list"], said["gate"]) == (said["list"], GATE)
    assert fact["ticket"] == said["ticket"]
    assert (said["ticket"] is None) == (wrong in {"unreadable", "bad_signature"})
    assert said["forcible"] == (wrong not in FOR_NOBODY)
    assert (said["direction"], said["time_checked"], said["pos"]) == ("in", True, before + 1)
    assert ("first" in said) == ("first" in fact) == (wrong == "already_used")
    if wrong == "already_used":
        assert said["first"] == fact["first"] == {"at": said["at"], "gate": GATE, "box": "box-7"}
        assert said["entries"] == 1
    if wrong == "question":
        assert said["questions"] == [{"question": "q1", "text": "Over 18?", "answer": "confirm"}]
    if wrong == "not_yet_valid":
        assert said["valid_from"] == NOW + 3600
    if wrong == "expired":
        assert said["valid_until"] == NOW - 3600
    if form == "plain" and wrong not in {"unreadable", "unknown"}:
        assert said["holder_ref"] is not None
    assert world.box.ask("ticket.scan", {"code": world.code}, id="again")["ok"]
    world.close()


@pytest.mark.parametrize(("form", "wrong"), [one for one in ALONE if one[1] != "already_used"])
def test_who_is_not_inside_goes_out_unless_a_rule_for_both_ways_says_no(data: Path, form: Form, wrong: str) -> None:
    world = World(data, form, {wrong})
    said = world.verdict("out")
    if wrong in ONLY_IN:
        assert (said["verdict"], said["reason"], world.last()[0]) == ("exited", None, "ticket.exited/1")
    else:
        assert (said["verdict"], said["reason"], said["forcible"]) == ("refused", reason_of(wrong), False)
        assert world.last()[1]["reason"] == reason_of(wrong)
    world.close()


STAYS = {
    ("token", "event_closed"): "there is no event to leave",
    ("plain", "event_closed"): "there is no event to leave",
    ("pretix", "event_closed"): "there is no event to leave",
    ("token", "bad_signature"): "without its key nothing says whose ticket this is",
    ("token", "elsewhere"): "nobody leaves one list by the exit of another",
    ("plain", "elsewhere"): "nobody leaves one list by the exit of another",
}
CANNOT_BE_INSIDE = {("token", "unreadable"), ("plain", "unreadable"), ("pretix", "unreadable"), ("pretix", "unknown")}


@pytest.mark.parametrize(("form", "wrong"), [one for one in ALONE if one not in CANNOT_BE_INSIDE])
def test_who_is_inside_may_leave_whatever_became_of_the_ticket(data: Path, form: Form, wrong: str) -> None:
    world = World(data, form, {wrong}, inside=True)
    said = world.verdict("out")
    if (form, wrong) in STAYS:
        assert (said["verdict"], said["reason"]) == ("refused", reason_of(wrong))
    else:
        assert (said["verdict"], said["list"]) == ("exited", "general"), said
        assert world.last()[0] == "ticket.exited/1"
    world.close()


@pytest.mark.parametrize(("form", "wrong"), [one for one in ALONE if one != ("pretix", "unknown")])
def test_the_lead_lets_in_against_every_rule_but_the_final_ones(data: Path, form: Form, wrong: str) -> None:
    world = World(data, form, {wrong})
    said = world.force(world.code, **world.ask_for)
    kind, fact = world.last()
    if wrong in FOR_NOBODY:
        assert (said["verdict"], said["reason"], kind) == ("refused", wrong, "ticket.refused/1")
        assert "forced_by" not in fact
    else:
        assert (said["verdict"], said["reason"], said["overruled"]) == ("admitted", None, reason_of(wrong))
        assert (kind, fact["forced_by"]) == ("ticket.admitted/1", LEAD)
        assert set(fact["reason_ref"]) == {"ref", "mac"}
        assert "I know them" not in "".join(world.box.bodies())
    world.close()


def test_nobody_is_let_in_on_a_list_that_is_not_there(door: Door) -> None:
    door.all(imported("A"))
    reply = door.ask("ticket.admit", {"code": "B", "list": "nowhere", "by": LEAD, "reason": "I know them"})
    assert reply["refusal"]["slug"] == "not-found"
    assert door.force("A", list="nowhere")["list"] == "general", "a ticket's own list is"


def test_the_lead_who_overrules_nothing_is_not_named(door: Door) -> None:
    door.all(imported("A"))
    said = door.force("A")
    assert (said["verdict"], said["overruled"]) == ("admitted", None)
    assert set(door.last()[1]) == {"ticket", "list", "gate", "time_checked"}


@pytest.mark.parametrize("form", ["token", "pretix"])
def test_the_signature_of_a_key_that_this_box_never_had_is_no_ticket_for_the_lead_either(
    data: Path, form: Form
) -> None:
    known, stranger = Door(data), Door(data.with_name("stranger"))
    known.publish()
    for list_ in ("general", "nowhere"):
        code = stranger.token(TICKET, list_, known.event) if form == "token" else pretix(stranger.shop, "s", 1)
        ask = {"list": list_} if form == "pretix" else {}
        expected = "bad_signature" if list_ == "general" else "unknown"
        assert (known.scan(code, **ask)["reason"], known.scan(code, **ask)["forcible"]) == (expected, False)
        assert known.force(code, **ask)["verdict"] == "refused"
        assert known.last()[0] == "ticket.refused/1"
        if form == "pretix":
            assert known.scan(code)["reason"] == "bad_signature", "also where no list is named"
    known.close()
    stranger.close()


@pytest.mark.parametrize("mark", ["blocked", "cancelled"])
def test_a_mark_makes_no_ticket_of_a_text_that_nobody_issued(door: Door, mark: str) -> None:
    door.publish()
    bent = "AA" + pretix(door.shop, "s", 1)
    for code in (bent, "PLAIN"):
        for word in (mark, "unblocked" if mark == "blocked" else "paid"):
            door.all(("tickets.mark", {"mark": word, "codes": [code]}))
        expected = "unreadable" if code == bent else "unknown"
        assert door.scan(code, list="general")["reason"] == door.scan(code)["reason"] == expected


def test_what_was_said_before_an_import_does_not_pay_for_the_ticket(door: Door) -> None:
    for code, word in (("A", "unblocked"), ("B", "paid")):
        door.all(("tickets.mark", {"mark": word, "codes": [code]}), imported(code, status="pending"))
    assert [door.scan(code)["reason"] for code in "AB"] == ["unpaid", None]


def test_a_code_is_found_whatever_blanks_its_export_put_around_it(door: Door) -> None:
    door.all(imported(" A "))
    assert door.scan("A")["verdict"] == "admitted"
    assert door.scan("A ")["reason"] == "already_used"


@pytest.mark.parametrize("entry", ["single", "multiple", "reentry"])
def test_the_leads_word_counts_once_and_puts_nobody_on_a_list(door: Door, entry: str) -> None:
    door.all(defined("general", entry=entry))
    assert door.force("STRANGER")["verdict"] == "admitted"
    for way, verdict in (("in", "refused"), ("out", "exited"), ("in", "refused"), ("out", "refused")):
        said = door.scan("STRANGER", direction=way)
        assert said["verdict"] == verdict
        assert said["reason"] == (None if verdict == "exited" else "unknown")


@pytest.mark.parametrize("kind", ["badge", "quote", "access", "receipt"])
def test_a_token_of_another_kind_is_no_ticket_for_anybody(door: Door, kind: Any) -> None:
    code = text(sign(Token(kind, TICKET, door.event, "general"), door.own))
    said = door.scan(code)
    assert (said["reason"], said["forcible"]) == ("wrong_product", False)
    assert door.scan(code, direction="out")["reason"] == "wrong_product"
    assert door.force(code)["verdict"] == "refused"


@pytest.mark.parametrize(
    ("products", "sessions", "item", "variation", "subevent", "reason"),
    [
        (["1"], [], 1, 0, 0, None),
        (["1"], [], 1, 5, 0, None),
        (["1-5"], [], 1, 5, 0, None),
        (["1-5"], [], 1, 6, 0, "wrong_product"),
        (["1-5"], [], 1, 0, 0, "wrong_product"),
        (["15"], [], 1, 5, 0, "wrong_product"),
        ([], ["7"], 1, 0, 7, None),
        ([], ["7"], 1, 0, 8, "wrong_session"),
        ([], ["7"], 1, 0, 0, "wrong_session"),
        (["2"], ["7"], 1, 0, 8, "wrong_product"),
    ],
)
def test_a_shops_item_and_subevent_are_product_and_session(
    door: Door,
    products: list[str],
    sessions: list[str],
    item: int,
    variation: int,
    subevent: int,
    reason: str | None,
) -> None:
    door.publish()
    door.all(defined("general", products=products, sessions=sessions))
    said = door.scan(pretix(door.shop, "s", item, subevent, variation=variation))
    assert said["reason"] == reason
    assert said["product"] == (f"{item}-{variation}" if variation else f"{item}")


def test_who_has_no_product_or_session_is_asked_for_none(door: Door) -> None:
    door.all(defined("general", products=["adult"], sessions=["evening"]), imported("A"))
    assert door.scan("A")["verdict"] == "admitted"
    assert door.scan(door.token(TICKET))["verdict"] == "admitted"


def test_a_list_that_includes_pending_lets_in_who_has_not_paid(door: Door) -> None:
    door.all(defined("general", pending=True), imported("A", status="pending"))
    assert door.scan("A")["verdict"] == "admitted"


def test_paid_after_all_and_unblocked_are_let_in_and_revoked_is_for_good(door: Door) -> None:
    door.all(imported("A", status="pending"), imported("B"), imported("C", status="cancelled"), imported("D"))
    for mark, codes in (("blocked", "BD"), ("revoked", "D")):
        door.all(("tickets.mark", {"mark": mark, "codes": list(codes)}))
    assert [door.scan(code)["reason"] for code in "ABCD"] == ["unpaid", "blocked", "cancelled", "revoked"]
    for mark, codes in (("paid", "ACD"), ("unblocked", "BD")):
        door.all(("tickets.mark", {"mark": mark, "codes": list(codes)}))
    assert [door.scan(code)["reason"] for code in "ABCD"] == [None, None, None, "revoked"]


@pytest.mark.parametrize("state", ["none", "created"])
def test_before_an_event_is_open_nobody_goes_in_or_out(door: Door, state: str) -> None:
    if state == "none":
        fresh = EngineBox(door.box.data.with_name("fresh"))
        said = [fresh.do("ticket.scan", code="A", direction=way) for way in ("in", "out")]
        fresh.engine.close()
    else:
        door.all(imported("A"), ("event.close", {}), ("event.create", NEXT))
        said = [door.scan("A", direction=way) for way in ("in", "out")]
    assert [(one["verdict"], one["reason"], one["forcible"]) for one in said] == [
        ("refused", "event_closed", False)
    ] * 2


def test_a_ticket_of_an_earlier_event_stays_one_whatever_is_said_of_it_now(door: Door) -> None:
    door.all(imported("A", holder="Ana"))
    assert door.scan("A")["verdict"] == "admitted"
    door.next_event()
    assert (door.scan("A")["reason"], door.scan("A")["entries"]) == ("other_event", 0)
    assert door.scan("A", direction="out")["reason"] == "other_event", "nobody is inside of this event"
    door.all(("tickets.mark", {"mark": "blocked", "codes": ["A"]}))
    assert door.scan("A")["reason"] == "other_event"
    door.all(("tickets.mark", {"mark": "unblocked", "codes": ["A"]}), imported("A"))
    assert door.scan("A")["verdict"] == "admitted", "imported for this one too"


def test_of_several_earlier_events_the_latest_is_remembered(door: Door) -> None:
    refs = []
    for _ in range(5):
        door.all(imported("A", holder="Ana"))
        refs.append(door.scan("A")["holder_ref"])
        door.next_event()
    assert len(set(refs)) == 5
    assert door.scan("A")["holder_ref"] == refs[-1]


# Questions


def test_a_question_is_asked_once_and_what_the_guest_says_stays_out_of_the_journal(door: Door) -> None:
    asked = [{"text": "Over 18?"}, {"text": "Your seat?", "answer": "text"}]
    door.all(defined("general", entry="multiple", questions=asked), imported("A"))
    said = door.scan("A", answers={"q1": "yes", "q2": "  "})
    assert (said["reason"], [one["question"] for one in said["questions"]]) == ("question", ["q2"])
    said = door.scan("A", answers={"q1": "yes", "q2": "balcony", "q3": "?"})
    assert (said["verdict"], door.last()[1]["answered"]) == ("admitted", ["q1", "q2"])
    assert "balcony" not in "".join(door.box.bodies())
    assert door.scan("A")["verdict"] == "admitted"
    assert "answered" not in door.last()[1]


@pytest.mark.parametrize("between", [[{"text": "Old?"}], []])
def test_a_new_question_is_asked_also_of_those_who_answered_one_that_is_gone(
    door: Door, between: list[dict[str, str]]
) -> None:
    door.all(defined("general", entry="multiple", questions=[{"text": "Old?"}, {"text": "Gone?"}]), imported("A"))
    assert door.scan("A", answers={"q1": "yes", "q2": "yes"})["verdict"] == "admitted"
    door.all(defined("general", questions=between))
    assert door.scan("A")["verdict"] == "admitted"
    door.restart()
    door.all(defined("general", questions=[*between, {"text": "New?"}]))
    assert [one["text"] for one in door.scan("A")["questions"]] == ["New?"]


# Entry


def may_enter(entry: str, history: tuple[str, ...]) -> bool:
    """As it was asked for: multiple entry, or no scans yet, or all are exits, or re-entry after exit is allowed and
    the last was an exit."""
    only_exits = all(one == "out" for one in history)
    return entry == "multiple" or not history or only_exits or (entry == "reentry" and history[-1] == "out")


HISTORIES = [history for length in range(5) for history in product(("in", "out"), repeat=length)]


@pytest.mark.parametrize("entry", ["single", "multiple", "reentry"])
def test_whoever_may_enter_after_any_four_scans_enters_and_nobody_else(door: Door, entry: str) -> None:
    """An entry that the rules refuse is made by the lead's word: it counts as any other."""
    door.all(defined("general", entry=entry), *(imported(f"T{number}") for number in range(len(HISTORIES))))
    for number, history in enumerate(HISTORIES):
        code = f"T{number}"
        for way in history:
            said = door.force(code) if way == "in" else door.scan(code, direction="out")
            assert said["verdict"] in {"admitted", "exited"}
        said = door.scan(code)
        expected = (None, "admitted") if may_enter(entry, history) else ("already_used", "refused")
        assert (said["reason"], said["verdict"]) == expected, history
        assert said["entries"] == history.count("in")
        assert door.scan(code, direction="out")["verdict"] == "exited", "an exit is always allowed"


def test_capacity_counts_people_inside_and_who_is_inside_already_adds_nobody(door: Door) -> None:
    door.all(defined("general", entry="multiple", capacity=2), *(imported(code) for code in "ABC"))
    assert [door.scan(code)["reason"] for code in "AABBC"] == [None, None, None, None, "list_full"]
    assert door.scan("C", direction="out")["verdict"] == "exited", "who was never seen going in makes no room"
    assert door.scan("C")["reason"] == "list_full"
    door.scan("A", direction="out")
    assert [door.scan(code)["reason"] for code in "CA"] == [None, "list_full"]
    door.all(defined("general", capacity=0))
    assert door.scan("A")["verdict"] == "admitted", "no limit"


# The clock


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrong", ["not_yet_valid", "expired"])
def test_a_clock_that_nobody_trusts_judges_no_validity_and_says_so_until_it_is_trusted_again(
    data: Path, form: Form, wrong: str
) -> None:
    world = World(data, form, {wrong})
    world.box.clock.trust("none")
    for way, kind in (("in", "ticket.admitted/1"), ("out", "ticket.exited/1")):
        said = world.verdict(way)
        assert (said["time_checked"], world.last()) == (
            False,
            (kind, {"ticket": said["ticket"], "list": "general", "gate": GATE, "time_checked": False}),
        )
    assert (world.verdict("in")["reason"], world.verdict("in")["time_checked"]) == ("already_used", False)
    for level in ("rtc", "ntp", "phone"):
        world.box.clock.trust(level)
        said = world.verdict("in")
        assert (said["reason"], said["time_checked"]) == (wrong, True)
    assert world.verdict("out")["verdict"] == "exited", "times are not asked on the way out"
    world.close()


@pytest.mark.parametrize("form", FORMS)
def test_a_ticket_is_valid_from_its_first_second_up_to_its_last_but_one(data: Path, form: Form) -> None:
    door = Door(data)
    door.publish()
    times: dict[str, Any] = {"valid_from": NOW + 10, "valid_until": NOW + 20}
    door.all(defined("general", entry="multiple"), imported("PLAIN", **times))
    code = {
        "token": door.token(TICKET, **times),
        "plain": "PLAIN",
        "pretix": pretix(door.shop, "s", 1, 0, *times.values()),
    }[form]
    reasons = [door.scan(code)["reason"]]
    for seconds in (9.999, 0.001, 9.999, 0.001):
        door.box.clock.advance(seconds)
        reasons.append(door.scan(code)["reason"])
    assert reasons == ["not_yet_valid", "not_yet_valid", None, None, "expired"]
    door.close()
