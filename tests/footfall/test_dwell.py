"""How long people stay, zone by zone."""

import json

import pytest

from tests.footfall.conftest import Counted

STAY = {"zone": "footfall/bar", "stays": 2, "seconds": 75, "longest": 60, "from_mono": 1, "to_mono": 2}


def test_stays_are_added_up_by_zone_with_mean_and_longest(counted: Counted) -> None:
    assert "dwell" not in counted.kpis()
    counted.box.do("dwell.count", **STAY)
    counted.box.do("dwell.count", **{**STAY, "stays": 1, "seconds": 5, "longest": 5})
    counted.box.do("dwell.count", **{**STAY, "zone": "footfall/stage", "stays": 3, "seconds": 100, "longest": 40})
    assert counted.kpis()["dwell"] == [
        {"zone": "footfall/bar", "stays": 3, "mean_s": 26.7, "longest_s": 60},
        {"zone": "footfall/stage", "stays": 3, "mean_s": 33.3, "longest_s": 40},
    ]
    assert json.loads(counted.box.bodies()[-1])["data"]["zone"] == "footfall/stage"
    counted.box.do("event.close")
    counted.box.do("event.create", name="Morgen", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    assert "dwell" not in counted.kpis()


@pytest.mark.parametrize(
    "wrong",
    [
        {"stays": 0},
        {"stays": 10_001},
        {"longest": 76},
        {"longest": -1, "seconds": -1},
        {"seconds": 123},
        {"from_mono": 3},
        {"zone": "bar"},
        {"zone": "footfall/Ada Lovelace"},
        {"longest": 700_000, "seconds": 700_001},
    ],
)
def test_what_no_camera_can_have_seen_is_not_recorded(counted: Counted, wrong: dict[str, int | str]) -> None:
    before = len(counted.box.kinds())
    assert counted.box.ask("dwell.count", {**STAY, **wrong})["refusal"]["slug"] == "validation"
    assert len(counted.box.kinds()) == before
