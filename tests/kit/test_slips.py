"""What is on the test slip and on the kit sheet."""

from typing import Any

import pytest

from appliance.errors import Problem
from appliance.projections import paper
from appliance.receipts import slips
from appliance.receipts.layout import Code, Element, Line, Row, Title
from appliance.receipts.wording import Wording
from tests.conftest import EngineBox
from tests.kit.test_decisions import DEVICES, begin, check, do_all, facts, print_slip, scan

PRINTER = {"state": "online", "columns": 48, "profile": "TM-T20II"}


def texts(elements: list[Element]) -> list[str]:
    """What a person reads."""
    found = []
    for element in elements:
        match element:
            case Title(text) | Line(text):
                found.append(text.strip())
            case Row(left, right):
                found.append(f"{left} | {right}")
            case _:
                pass
    return found


def newest(box: EngineBox, slip_kind: str) -> dict[str, Any]:
    """The newest slip of a kind, as printing is handed it."""
    ident = next(fact["slip"] for fact in facts(box, "slip.requested/1")[::-1] if fact["slip_kind"] == slip_kind)
    slip = paper.slip(box.engine.store.db, ident)
    assert slip is not None
    return slip


def test_a_test_slip_shows_box_event_paper_letters_and_the_code_for_the_scanners(box: EngineBox) -> None:
    box.open_event()
    print_slip(box, begin(box), None)
    slip = newest(box, "kit-test")
    elements = slips.elements(box.engine.store.db, slip, printer=PRINTER)
    assert texts(elements) == [
        "Boothkit",
        "Abendmarkt",
        "Box box-7 | printer",
        "80 mm paper, 48 columns, TM-T20II",
        "ÄÖÜ äöü ß € é ç ñ",
        f"Slip {slip['slip'][-4:].upper()} | 2026-11-23 19:00",
        "Test slip. Scan it with each scanner.",
    ]
    (code,) = [element for element in elements if isinstance(element, Code)]
    assert scan(box, code.data)["verdict"] == "kit"


def test_a_narrow_printer_is_named_as_one_and_an_unknown_one_is_not_guessed(box: EngineBox) -> None:
    print_slip(box, begin(box), None)
    slip = newest(box, "kit-test")
    narrow = texts(slips.elements(box.engine.store.db, slip, printer={"columns": 32}))
    assert "58 mm paper, 32 columns" in narrow
    assert "No event yet" in narrow
    unknown = texts(slips.elements(box.engine.store.db, slip, printer={}))
    assert not any("mm" in text for text in unknown)


def test_a_sheet_says_of_each_step_how_it_ended_when_and_on_whose_word(box: EngineBox) -> None:
    box.open_event()
    kit_ = begin(box)
    do_all(box, kit_, "wifi")
    box.clock.advance(600)
    check(box, kit_, "wifi", by="cashier")
    scan(box, facts(box, "kit.begun/1")[0]["code"])
    box.clock.advance(1440)
    box.do("kit.finish", kit=kit_, devices=DEVICES)
    read = texts(slips.elements(box.engine.store.db, newest(box, "kit-sheet"), printer=PRINTER))
    assert read[:4] == [
        "Kit check",
        "Box box-7 | 2026-11-23 19:34",
        "Ready 34\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}s since power came on",
        "That is within 2\N{NO-BREAK SPACE}h. Starts of the box: 1.",
    ]
    places = {line.partition(" | ")[0]: n for n, line in enumerate(read)}
    assert read[places["Guest Wi-Fi"]] == "Guest Wi-Fi | 19:10"
    assert read[places["Guest Wi-Fi"] + 1] == "Works, a person said so, by cashier"
    assert read[places["Receipt printer"] + 1] == "Works, the box and a person saw it, by admin"
    assert read[places["Cash drawer"] + 1] == "Left out: We have none, by admin"
    assert read[places["Scanner door"] + 1] == "Works, the box saw it"
    assert len(read[read.index("This box's key") + 1].replace(" ", "")) == 32
    assert any(text.startswith("Boothkit ") for text in read)


def test_a_sheet_printed_again_says_duplicate(box: EngineBox) -> None:
    kit_ = begin(box)
    do_all(box, kit_)
    box.do("kit.finish", kit=kit_, devices=DEVICES)
    assert "DUPLICATE 1" not in texts(slips.elements(box.engine.store.db, newest(box, "kit-sheet"), printer={}))
    box.do("kit.sheet", kit=kit_)
    assert "DUPLICATE 1" in texts(slips.elements(box.engine.store.db, newest(box, "kit-sheet"), printer={}))


def test_a_check_that_took_longer_says_so_and_one_over_a_restart_says_what_is_not_in_it(box: EngineBox) -> None:
    kit_ = begin(box)
    do_all(box, kit_)
    box.clock.advance(7300)
    box.clock.trust("none")
    box.clock.reboot("b1")
    box.do("kit.finish", kit=kit_, devices=DEVICES)
    (ready,) = facts(box, "kit.ready/1")
    assert (ready["boots"], ready["exact"], ready["seconds"]) == (2, False, 2)
    assert slips.took(ready, Wording()).startswith("at least 2")
    assert slips.within({**ready, "seconds": 7201}, Wording()) == "longer than 2\N{NO-BREAK SPACE}h"


def test_a_slip_about_no_check_is_refused(box: EngineBox) -> None:
    with pytest.raises(Problem, match="not in the journal"):
        slips.elements(box.engine.store.db, {"about": "kit-none", "kind": "kit-test"}, printer={})
