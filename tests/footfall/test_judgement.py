"""A counter that cannot count says so, and no number that rests on it is shown as if it could."""

import json

from appliance.projections import counting
from tests.footfall.conftest import Counted

CLOSE = "footfall cannot count this view: people are too close"
GAP = "footfall could not count for a while"


def test_while_a_counter_cannot_count_nobody_is_told_a_number(counted: Counted) -> None:
    counted.cross(in_=5, out=1, line="footfall/door", source="camera")
    counted.box.clock.advance(60)
    counted.judge("unsuitable", "too-close", "crowded")
    numbers = counted.kpis()
    seen = numbers["attendance"]
    assert (seen["in"], seen["out"], seen["occupancy"], seen["source"]) == (None, None, None, "camera")
    assert seen["missing"] == [CLOSE]
    for name in ("attention_density", "micro_conversion"):
        assert (numbers[name]["value"], numbers[name]["missing"]) == (None, [CLOSE]), name
    assert counted.heads(3)["drift"] is None, "nobody knows how far off it was"
    assert counted.inside() is None, "from there nothing is counted on yet"


def test_after_a_gap_sums_say_what_they_lack_and_who_is_inside_wants_a_head_count(counted: Counted) -> None:
    counted.box.clock.advance(60)
    counted.cross(in_=5, line="footfall/door", source="camera")
    counted.judge("unsuitable", "covered")
    counted.box.clock.advance(60)
    counted.judge("good")
    counted.cross(in_=2, line="footfall/door", source="camera")
    seen = counted.attendance()
    assert (seen["in"], seen["occupancy"], seen["missing"]) == (7, None, [GAP, "a head count since"])
    density = counted.kpis()["attention_density"]
    assert (density["value"], density["missing"]) == (7 * 3600 // 120, [GAP])
    counted.heads(6)
    counted.cross(out=1, line="footfall/door", source="camera")
    assert (counted.inside(), counted.attendance()["missing"]) == (5, [GAP])
    counted.box.clock.advance(3601)
    assert counted.kpis()["attention_density"]["value"] == 5
    counted.judge("unsuitable", "covered")
    counted.judge("good")
    assert counted.inside() is None


def test_an_hour_that_begins_within_a_gap_has_no_density(counted: Counted) -> None:
    counted.cross(in_=5)
    counted.judge("unsuitable", "blocked", illegal=0)
    counted.judge("good", illegal=0)
    counted.box.clock.advance(3700)
    lacking = counted.kpis()["attention_density"]
    assert (lacking["value"], lacking["missing"]) == (None, [GAP, "a head count before the last hour"])


def test_a_poor_view_is_shown_with_what_stands_against_it(counted: Counted) -> None:
    counted.cross(in_=3, line="footfall/door", source="camera")
    counted.judge("poor", "crowded")
    seen = counted.attendance()
    assert (seen["in"], seen["occupancy"]) == (3, 3)
    assert seen["missing"] == ["footfall counts poorly: people hide each other"]
    counted.judge("good")
    assert "missing" not in counted.attendance()


def test_the_same_word_is_no_news_but_in_a_new_event_it_is(counted: Counted) -> None:
    before = len(counted.box.kinds())
    for _ in range(3):
        counted.judge("poor", "dark")
    counted.judge("poor", "dark", "slow")
    assert counted.box.kinds()[before:] == ["counter.judged/1"] * 2
    counted.box.do("event.close")
    counted.box.do("event.create", name="Morgen", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    before = len(counted.box.kinds())
    counted.judge("poor", "dark", "slow")
    assert counted.box.kinds()[before:] == ["counter.judged/1"]
    assert json.loads(counted.box.bodies()[-1])["data"] == {
        "device": "footfall",
        "verdict": "poor",
        "reasons": ["dark", "slow"],
        "hidden_permille": 0,
        "illegal_permille": None,
    }


def test_one_blind_counter_of_two_makes_the_sum_unknown_and_admissions_go_on_without_any(counted: Counted) -> None:
    counted.judge("unsuitable", "too-close", device="footfall-back")
    assert counted.attendance()["missing"] == [
        "footfall or admissions",
        "footfall-back cannot count this view: people are too close",
    ]
    counted.box.do("tickets.issue", list="general", tickets=[{"ticket": f"{1:024x}"}])
    counted.box.do("ticket.admit", ticket=f"{1:024x}")
    seen = counted.attendance()
    assert (seen["in"], seen["occupancy"], seen["source"], len(seen["missing"])) == (1, 1, "admissions", 1)
    counted.cross(in_=2)
    seen = counted.attendance()
    assert (seen["in"], seen["occupancy"], seen["source"]) == (None, None, "beam")


def test_a_camera_without_an_entrance_has_no_say_in_attendance(counted: Counted) -> None:
    counted.cross(in_=2)
    counted.judge("unsuitable", "too-far", device="footfall-bar")
    assert counted.inside() is None
    zone = {"name": "bar", "corners": [[0, 0], [5000, 0], [5000, 5000]]}
    middle = {"name": "middle", "a": [0, 5000], "b": [10_000, 5000], "entrance": False}
    counted.plan(device="footfall-bar", zones=[zone], lines=[middle])
    assert counted.attendance() == {"in": 2, "out": 0, "occupancy": 2, "source": "beam"}


def test_a_counter_that_is_dropped_speaks_no_more(counted: Counted) -> None:
    counted.cross(in_=2)
    counted.box.do("device.adopt", device="footfall-back", uri="camera:///dev/video9")
    counted.plan(device="footfall-back", lines=[{"name": "door", "a": [0, 0], "b": [0, 9000]}])
    counted.judge("unsuitable", "dark", device="footfall-back")
    assert counted.inside() is None
    counted.box.do("device.drop", device="footfall-back")
    db = counted.box.engine.store.db
    assert counting.plans(db) == {}
    assert counted.attendance()["missing"] == ["footfall-back could not count for a while", "a head count since"]
    counted.heads(2)
    assert counted.inside() == 2


def test_every_reason_is_a_sentence_of_its_own(counted: Counted) -> None:
    slugs = (
        "too-close",
        "too-far",
        "crowded",
        "covered",
        "moved",
        "dark",
        "light-changes",
        "slow",
        "blocked",
        "illegal",
    )
    told = set()
    for verdict in ("poor", "unsuitable"):
        for slug in (*slugs, "something-new"):
            counted.judge(verdict, slug)
            told |= set(counted.attendance()["missing"]) - {GAP, "footfall or admissions"}
    assert len(told) == 22


def test_a_judgement_is_of_known_words_and_shares(counted: Counted) -> None:
    good = {"device": "footfall", "verdict": "good", "reasons": [], "hidden_permille": 0, "illegal_permille": None}
    for wrong in (
        {"verdict": "learning"},
        {"reasons": ["Ada was here"]},
        {"reasons": ["dark"] * 9},
        {"hidden_permille": 1001},
        {"illegal_permille": -1},
        {"device": "Foot fall"},
    ):
        assert counted.box.ask("counter.judge", {**good, **wrong})["refusal"]["slug"] == "validation", wrong
