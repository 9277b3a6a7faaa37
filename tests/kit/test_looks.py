"""What the box sees of its steps by itself, and what it makes of pages that other processes write."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.board import Board
from appliance.config import Config
from appliance.domain.kitplan import Place
from appliance.journal.read import Reader
from appliance.projections import checklist, kitlooks, kitwords
from appliance.projections.checklist import Checklist, Step
from tests.conftest import EngineBox
from tests.kit.test_decisions import begin, check, facts

CONFIG = msgspec.convert(
    {
        "devices": {
            "printer": "tcp://127.0.0.1:9",
            "button": "gpio://5",
            "indicator-door": "gpio://6",
            "footfall": "gpio://17,27",
        }
    },
    Config,
)


class Desk:
    """A box whose workers' pages the test writes."""

    def __init__(self, box: EngineBox, run: Path) -> None:
        self.box = box
        self.run = run
        self.pages = Board(run, "scanning")

    def show(self, **devices: dict[str, Any]) -> None:
        """Devices as their worker shows them."""
        shown = {
            name.replace("_", "-"): {"kind": name.partition("_")[0], "state": "online", "reason": "ready", **page}
            for name, page in devices.items()
        }
        self.pages.put(state="ready", devices=shown)

    def list(self) -> Checklist:
        with closing(Reader(self.box.data)) as reader:
            place = kitlooks.around(reader, self.run, CONFIG, self.box.clock(), box="box-7")
            found = checklist.checklist(reader.db(), place)
        assert found is not None
        return found

    def step(self, name: Any, device: str = "") -> Step:
        found = self.list().step(Place(name, device))
        assert found is not None
        return found

    def cross(self, in_: int, out: int) -> None:
        """People walk through the beam."""
        self.box.do(
            "crossings.count", **{"line": "footfall", "in": in_, "out": out, "source": "beam"}, from_mono=1, to_mono=2
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    box = EngineBox(tmp_path / "data", CONFIG)
    yield Desk(box, tmp_path / "run")
    box.engine.close()


def test_every_step_has_its_words_and_its_look() -> None:
    assert set(kitwords.WORDS) == set(kitlooks._LOOKS)
    assert all(words.help and words.fails for words in kitwords.WORDS.values())


def test_a_button_counts_from_the_beginning_of_the_check(desk: Desk) -> None:
    desk.box.do("kit.begin", presses=[{"button": "button", "count": 3}])
    desk.show(button={"counters": {"presses": 3}})
    assert desk.step("button", "button").state == "todo"
    desk.show(button={"counters": {"presses": 4}})
    assert desk.step("button", "button").state == "done"
    desk.show(button={"counters": {}})  # its worker was started again, and counts from nothing
    assert desk.step("button", "button").state == "todo"
    desk.show(button={"counters": {"presses": 1}})
    assert desk.step("button", "button").state == "done"


def test_people_who_walked_before_the_check_or_before_the_last_question_do_not_count(desk: Desk) -> None:
    desk.show(footfall={})
    desk.cross(5, 5)
    kit_ = begin(desk.box)
    assert desk.step("footfall", "footfall").words == "Counted 0 in, 0 out."
    desk.cross(0, 2)
    assert desk.step("footfall", "footfall").seen.trouble == "It counts people out who walk in"
    check(desk.box, kit_, "footfall", "footfall", "failed", reason="wrong_way")
    desk.cross(1, 0)
    assert desk.step("footfall", "footfall").state == "failed"
    desk.box.do("kit.ask", kit=kit_, step="footfall", device="footfall")
    assert desk.step("footfall", "footfall").state == "todo"
    desk.cross(1, 0)
    step = desk.step("footfall", "footfall")
    assert (step.state, step.words) == ("done", "Counted 1 in, 0 out.")


def wired(**seen: Any) -> dict[str, Any]:
    """A pair of beams as its worker shows it: seconds since each was broken."""
    told = {"lines": [17, 27], "broken": [None, None], "illegal": None, "turned": "gpio://17,27?in=27"}
    return {"wiring": told | seen}


def beams(desk: Desk, *, waited: float, **seen: Any) -> tuple[str, str]:
    """Trouble and remedy when the walk was asked for `waited` seconds ago."""
    desk.box.do("kit.ask", kit=begin(desk.box), step="footfall", device="footfall")
    desk.box.clock.advance(waited)
    desk.show(footfall=wired(**seen))
    found = desk.step("footfall", "footfall").seen
    assert not found.enough
    return found.trouble, found.remedy


def test_swapped_lines_are_found_with_the_address_that_is_right(desk: Desk) -> None:
    begin(desk.box)
    desk.show(footfall=wired(broken=[3.0, 3.1]))
    desk.cross(0, 1)
    seen = desk.step("footfall", "footfall").seen
    assert seen.trouble == "It counts people out who walk in"
    assert 'Write footfall = "gpio://17,27?in=27" below [devices]' in seen.remedy


@pytest.mark.parametrize(
    ("broken", "trouble"),
    [
        ([3.0, None], "Beam 2 (GPIO27) was not broken"),
        ([None, 3.0], "Beam 1 (GPIO17) was not broken"),
        ([3.0, 500.0], "Beam 2 (GPIO27) was not broken"),
        ([1.0, None], ""),  # may be on the way to the other one
        ([3.0, 3.2], ""),  # somebody who turned back
        ([500.0, None], ""),  # before the question
        ([None, None], ""),
    ],
)
def test_a_beam_that_nobody_broke_while_the_other_was_is_named(
    desk: Desk, broken: list[float | None], trouble: str
) -> None:
    found, remedy = beams(desk, waited=60, broken=broken)
    assert found == trouble
    assert bool(remedy) == bool(trouble)


def test_two_beams_that_change_together_see_one_light_or_are_one_line(desk: Desk) -> None:
    assert beams(desk, waited=60, broken=[3.0, 3.0], illegal=3.0)[0] == "Both beams change at once"
    assert beams(desk, waited=60, broken=[70.0, 70.0], illegal=70.0) == ("", "")


def test_over_a_restart_of_the_box_all_that_its_beams_saw_counts(desk: Desk) -> None:
    begin(desk.box)
    desk.box.clock.reboot("b1")
    desk.show(footfall=wired(broken=[3.0, None]))
    assert desk.step("footfall", "footfall").seen.trouble == "Beam 2 (GPIO27) was not broken"


def test_a_beam_that_is_blocked_says_so_in_the_words_of_its_driver(desk: Desk) -> None:
    begin(desk.box)
    reason, remedy = "beam 1 (GPIO17) broken for more than 10 s", "Clear the doorway, align the beams."
    desk.show(footfall={"state": "degraded", "reason": reason, "remedy": remedy, **wired(broken=[12.0, None])})
    seen = desk.step("footfall", "footfall").seen
    assert (seen.trouble, seen.remedy) == ("Beam 1 (GPIO17) broken for more than 10 s", remedy)


@pytest.mark.parametrize(
    "wiring",
    [
        None,
        [],
        {},
        {"lines": "17", "broken": [1], "illegal": []},
        {"lines": [17, 27], "broken": ["x", {}], "illegal": "y"},
    ],
)
def test_a_page_that_is_not_of_the_right_shape_finds_nothing_wrong(desk: Desk, wiring: object) -> None:
    begin(desk.box)
    desk.show(footfall={"wiring": wiring})
    assert desk.step("footfall", "footfall").seen.trouble == ""
    desk.cross(0, 1)
    assert desk.step("footfall", "footfall").seen.remedy == kitwords.WORDS["footfall"].help[3]


def test_what_the_box_has_seen_is_recorded_once_and_as_its_own_word(desk: Desk) -> None:
    kit_ = begin(desk.box)
    desk.cross(1, 0)
    evident = desk.list().evident()
    assert {one["step"]: one["by"] for one in evident} == {"clock": "box", "footfall": "box"}
    for data in evident:
        desk.box.do("kit.check", **data)
    assert desk.list().evident() == []
    assert [one["proof"] for one in facts(desk.box, "kit.checked/1") if one["kit"] == kit_] == ["seen", "seen"]


def test_a_light_is_answered_for_only_after_it_was_asked(desk: Desk) -> None:
    desk.show(indicator_door={})
    kit_ = begin(desk.box)
    assert not desk.step("indicator", "indicator-door").seen.ready
    desk.box.do("kit.ask", kit=kit_, step="indicator", device="indicator-door")
    assert desk.step("indicator", "indicator-door").seen.ready


def test_a_device_that_is_not_well_says_why_and_what_to_do(desk: Desk) -> None:
    begin(desk.box)
    desk.show(printer={"state": "fault", "reason": "paper out", "remedy": "Load a roll."})
    seen = desk.step("printer", "printer").seen
    assert (seen.trouble, seen.remedy, seen.ready) == ("Paper out", "Load a roll.", False)
    assert desk.step("button", "button").seen.trouble == "It has said nothing yet"


def test_a_clock_that_nobody_set_is_no_evidence(desk: Desk) -> None:
    begin(desk.box)
    assert desk.step("clock").state == "done"
    desk.box.clock.trust("none")
    step = desk.step("clock")
    assert (step.state, step.words) == ("todo", "The clock is not trusted")


def test_a_shut_drawer_teaches_its_level_and_an_unknown_one_nothing(desk: Desk) -> None:
    said = {"step": "drawer", "device": "printer", "outcome": "passed"}
    for level, lesson in (("low", "low"), ("high", "high"), (None, None), ("sideways", None)):
        desk.show(printer={"drawer": level})
        with closing(Reader(desk.box.data)) as reader:
            place = kitlooks.around(reader, desk.run, CONFIG, desk.box.clock(), box="box-7")
        found = kitlooks.lesson(said, place)
        assert (found and found["value"]) == lesson
        assert kitlooks.lesson({**said, "outcome": "failed"}, place) is None


def test_an_adopted_device_gets_its_step_and_a_dropped_one_loses_it(desk: Desk) -> None:
    begin(desk.box)
    desk.box.do("device.adopt", device="scanner-door", uri="serial:///dev/ttyACM0")
    assert desk.list().step(Place("scanner", "scanner-door")) is not None
    assert desk.list().step(Place("scanner")) is None
    desk.box.do("device.drop", device="scanner-door")
    assert desk.list().step(Place("scanner")) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(found=JSON, drawer=JSON, counters=JSON)
def test_whatever_a_page_says_of_finds_drawers_and_counters_the_list_is_shown(
    desk: Desk, found: Any, drawer: Any, counters: Any
) -> None:
    begin(desk.box)
    device = {"kind": "button", "state": "online", "reason": "", "counters": counters, "drawer": drawer}
    told = {"kind": "scanner", "name": "scanner-2", "uri": "serial:///x", "what": "it", "certain": found}
    desk.pages.put(state="ready", devices={"printer": device, "button": device}, found=[found, told])
    with closing(Reader(desk.box.data)) as reader:
        place = kitlooks.around(reader, desk.run, CONFIG, desk.box.clock(), box="box-7")
    assert len(place.found) == (1 if isinstance(found, bool) else 0)
    assert desk.step("button", "button").state in ("todo", "done")
