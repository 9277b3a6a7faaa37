"""What a check of the kit takes for an answer."""

import json
from typing import Any

import pytest

from appliance.projections import kit, paper
from tests.conftest import EngineBox

DEVICES = ["printer", "scanner-door"]


def begin(box: EngineBox) -> str:
    """A check under way; its id."""
    found: str = box.do("kit.begin", presses=[])["kit"]
    return found


def check(box: EngineBox, kit_: str, step: str, device: str = "", outcome: str = "passed", **more: Any) -> None:
    box.do("kit.check", kit=kit_, step=step, device=device, outcome=outcome, **more)


def slug(box: EngineBox, command: str, data: dict[str, Any], **more: Any) -> str:
    reply = box.ask(command, data, **more)
    assert not reply["ok"], reply
    found: str = reply["refusal"]["slug"]
    return found


def facts(box: EngineBox, kind: str) -> list[dict[str, Any]]:
    return [body["data"] for body in map(json.loads, box.bodies()) if body["kind"] == kind]


def print_slip(box: EngineBox, kit_: str, outcome: str | None) -> None:
    """The test slip is asked for, and the printer says what became of it."""
    box.do("kit.ask", kit=kit_, step="printer", device="printer")
    slip = facts(box, "slip.requested/1")[-1]["slip"]
    if outcome is not None:
        box.do("slip.report", slip=slip, copy=0, printer="printer", outcome=outcome)


def scan(box: EngineBox, code: str, actor: str = "device:scanner-door") -> dict[str, Any]:
    reply = box.ask("kit.scan", {"code": code, "gate": "door"}, actor=actor, role="device")
    assert reply["ok"], reply
    answer: dict[str, Any] = reply["answer"]
    return answer


def do_all(box: EngineBox, kit_: str, *without: str) -> None:
    """Every step of a box with a printer and a scanner."""
    print_slip(box, kit_, "printed")
    check(box, kit_, "printer", "printer")
    for step, device in (("drawer", "printer"), ("scanner", "scanner-door")):
        check(box, kit_, step, device, "skipped", reason="not_here")
    for step in {"power", "clock", "wifi", "keys", "sale"} - set(without):
        check(box, kit_, step)


def test_a_test_slip_is_asked_of_the_printer_once_while_it_waits(box: EngineBox) -> None:
    kit_ = begin(box)
    print_slip(box, kit_, None)
    box.do("kit.ask", kit=kit_, step="printer", device="printer")
    (slip,) = facts(box, "slip.requested/1")
    assert (slip["slip_kind"], slip["about"], slip["printer"]) == ("kit-test", kit_, "printer")
    box.do("slip.report", slip=slip["slip"], copy=0, printer="printer", outcome="not_printed")
    box.do("kit.ask", kit=kit_, step="printer", device="printer")
    assert len(facts(box, "slip.requested/1")) == 2


def test_a_slip_came_out_only_when_the_printer_does_not_say_otherwise(box: EngineBox) -> None:
    kit_ = begin(box)
    yes = {"kit": kit_, "step": "printer", "device": "printer", "outcome": "passed"}
    assert slug(box, "kit.check", yes) == "kit-no-slip"
    for outcome in (None, "not_printed"):
        print_slip(box, kit_, outcome)
        assert slug(box, "kit.check", yes) == "kit-no-slip"
        if outcome is None:
            slip = facts(box, "slip.requested/1")[-1]["slip"]
            box.do("slip.report", slip=slip, copy=0, printer="printer", outcome="not_printed")
    print_slip(box, kit_, "printed")
    box.do("kit.check", **yes, proof="seen")
    assert facts(box, "kit.checked/1")[-1]["proof"] == "both"


def test_of_a_printer_that_cannot_confirm_a_person_s_word_counts_and_is_called_that(box: EngineBox) -> None:
    kit_ = begin(box)
    print_slip(box, kit_, "unconfirmed")
    check(box, kit_, "printer", "printer", proof="both")
    assert facts(box, "kit.checked/1")[-1]["proof"] == "said"


def test_a_scanner_that_reads_the_code_of_the_check_has_passed_without_a_person(box: EngineBox) -> None:
    box.do("kit.begin", presses=[])
    code = facts(box, "kit.begun/1")[0]["code"]
    assert code.startswith("BOOTHKIT-KIT-")
    assert scan(box, code)["verdict"] == "kit"
    assert facts(box, "kit.heard/1")[0]["device"] == "scanner-door"
    told = facts(box, "kit.checked/1")
    assert [(one["device"], one["outcome"], one["proof"], one["by"]) for one in told] == [
        ("scanner-door", "passed", "seen", "box")
    ]
    scan(box, code)
    scan(box, code, actor="device:scanner-2")
    assert [one["device"] for one in facts(box, "kit.checked/1")] == ["scanner-door", "scanner-2"]


def test_any_other_code_that_looks_like_one_is_unknown_and_leaves_nothing_behind(box: EngineBox) -> None:
    unknown = {"verdict": "refused", "reason": "unknown"}
    assert scan(box, "BOOTHKIT-KIT-00000000") == unknown
    begin(box)
    before = len(box.bodies())
    assert scan(box, "BOOTHKIT-KIT-00000000") == unknown
    assert len(box.bodies()) == before


def test_the_code_of_an_earlier_or_finished_check_is_nobody_s(box: EngineBox) -> None:
    first = begin(box)
    begin(box)
    codes = [fact["code"] for fact in facts(box, "kit.begun/1")]
    assert scan(box, codes[0])["verdict"] == "refused"
    assert slug(box, "kit.check", {"kit": first, "step": "clock", "outcome": "passed"}) == "not-found"
    second = facts(box, "kit.begun/1")[1]["kit"]
    do_all(box, second)
    box.do("kit.finish", kit=second, devices=DEVICES)
    assert scan(box, codes[1])["verdict"] == "refused"
    assert slug(box, "kit.ask", {"kit": second, "step": "printer", "device": "printer"}) == "kit-over"


def test_guests_and_staff_cannot_claim_that_a_scanner_heard(box: EngineBox) -> None:
    begin(box)
    code = facts(box, "kit.begun/1")[0]["code"]
    for role in ("staff", "guest"):
        assert slug(box, "kit.scan", {"code": code, "gate": "door"}, role=role) == "role"


@pytest.mark.parametrize(
    ("step", "device"),
    [("clock", "printer"), ("printer", "scanner-door"), ("printer", ""), ("scanner", "../x"), ("drawer", "drawer")],
)
def test_a_step_and_its_device_belong_together(box: EngineBox, step: str, device: str) -> None:
    kit_ = begin(box)
    data = {"kit": kit_, "step": step, "device": device, "outcome": "passed"}
    assert slug(box, "kit.check", data) == "validation"
    assert facts(box, "kit.checked/1") == []


def test_what_failed_or_was_left_out_says_why_and_what_passed_does_not(box: EngineBox) -> None:
    kit_ = begin(box)
    clock = {"kit": kit_, "step": "clock"}
    assert slug(box, "kit.check", {**clock, "outcome": "failed"}) == "validation"
    assert slug(box, "kit.check", {**clock, "outcome": "passed", "reason": "later"}) == "validation"
    assert slug(box, "kit.check", {**clock, "outcome": "skipped", "reason": "tired"}) == "validation"
    check(box, kit_, "scanner", "", "skipped", reason="not_here")


def test_the_same_answer_twice_is_one_and_a_retry_that_fails_again_is_a_second(box: EngineBox) -> None:
    kit_ = begin(box)
    for _ in range(2):
        check(box, kit_, "footfall", "footfall", "failed", reason="wrong_way")
    assert len(facts(box, "kit.checked/1")) == 1
    box.do("kit.ask", kit=kit_, step="footfall", device="footfall")
    check(box, kit_, "footfall", "footfall", "failed", reason="wrong_way")
    assert len(facts(box, "kit.checked/1")) == 2


def test_a_box_is_ready_when_every_step_has_passed_or_was_left_out(box: EngineBox) -> None:
    kit_ = begin(box)
    do_all(box, kit_, "sale")
    finish = {"kit": kit_, "devices": DEVICES}
    reply = box.ask("kit.finish", finish)
    assert (reply["refusal"]["slug"], reply["refusal"]["detail"]) == ("kit-open", "not every step is done: sale")
    check(box, kit_, "sale", outcome="failed", reason="incomplete")
    assert slug(box, "kit.finish", finish) == "kit-open"
    check(box, kit_, "sale", outcome="skipped", reason="later")
    box.clock.advance(2047)
    answer = box.do("kit.finish", **finish)
    (ready,) = facts(box, "kit.ready/1")
    assert (ready["seconds"], ready["since"], ready["exact"], ready["boots"]) == (2048, "power", True, 1)
    assert (answer["seconds"], answer["printer"]) == (2048, "printer")
    assert [(step["step"], step["outcome"]) for step in ready["steps"]][:4] == [
        ("power", "passed"),
        ("clock", "passed"),
        ("printer", "passed"),
        ("drawer", "skipped"),
    ]
    assert box.engine.store.checkpointed == len(box.bodies())


def test_the_sheet_is_printed_when_ready_and_again_as_a_duplicate(box: EngineBox) -> None:
    kit_ = begin(box)
    assert slug(box, "kit.sheet", {"kit": kit_}) == "not-found"
    do_all(box, kit_)
    box.do("kit.finish", kit=kit_, devices=DEVICES)
    box.do("kit.sheet", kit=kit_)
    sheets = [fact for fact in facts(box, "slip.requested/1") if fact["slip_kind"] == "kit-sheet"]
    assert [sheet["copy"] for sheet in sheets] == [0, 1]
    assert len({sheet["slip"] for sheet in sheets}) == 1
    found = paper.slip(box.engine.store.db, sheets[0]["slip"])
    assert found is not None
    assert (found["about"], found["copy"]) == (kit_, 1)


def test_lights_are_asked_to_show_themselves_until_somebody_has_answered(box: EngineBox) -> None:
    kit_ = begin(box)
    box.do("kit.ask", kit=kit_, step="indicator", device="indicator-door")
    box.do("kit.ask", kit=kit_, step="relay", device="relay-lights")
    wanted = kit.wanted(box.engine.store.db)
    light = {"kit": kit_, "step": "indicator", "device": "indicator-door", "n": 1}
    assert wanted == [light, {"kit": kit_, "step": "relay", "device": "relay-lights", "n": 2}]
    check(box, kit_, "relay", "relay-lights")
    box.do("kit.ask", kit=kit_, step="indicator", device="indicator-door")
    assert kit.wanted(box.engine.store.db) == [{**light, "n": 3}]
    begin(box)
    assert kit.wanted(box.engine.store.db) == []


def test_a_rebuilt_journal_knows_the_same_checks(box: EngineBox) -> None:
    kit_ = begin(box)
    do_all(box, kit_)
    box.do("kit.finish", kit=kit_, devices=DEVICES)
    before = kit.newest(box.engine.store.db), kit.answers(box.engine.store.db, kit_)
    box.engine.close()
    again = EngineBox(box.data, clock=box.clock)
    again.engine._projector.rebuild()
    assert (kit.newest(again.engine.store.db), kit.answers(again.engine.store.db, kit_)) == before
    box.engine = again.engine
