"""Beams, lamps, buttons and relays on GPIO lines pass their kinds' suites."""

from pathlib import Path

import pytest

from drivers.errors import BadUri
from drivers.registry import create
from tests.drivers.suites.button import ButtonSuite
from tests.drivers.suites.footfall import FootfallSuite
from tests.drivers.suites.indicator import IndicatorSuite
from tests.drivers.suites.lines import bench
from tests.drivers.suites.relay import RelaySuite


class TestFootfall(FootfallSuite):
    NAME, LINES = "footfall", "17,27"


class TestIndicator(IndicatorSuite):
    NAME, LINES = "indicator-door", "23,24"


class TestButton(ButtonSuite):
    NAME, LINES = "button-lead", "22"


class TestRelay(RelaySuite):
    NAME, LINES = "relay-lights", "5"


@pytest.mark.parametrize(
    ("options", "start", "off", "end"),
    [
        ("", 1, 0, 0),
        ("active=low", 0, 1, 1),
        ("contact=nc", 0, 1, 0),
        ("active=low&contact=nc", 1, 0, 1),
        ("start=off", 0, None, 0),
        ("shed=critical", 1, 0, 0),
    ],
)
def test_a_relay_is_pulled_only_when_its_wiring_wants_it_and_released_at_the_end(
    tmp_path: Path, options: str, start: int, off: int | None, end: int
) -> None:
    with bench("chip", tmp_path, "relay-lights", "5", options) as one:
        one.online()
        line = one.chip.lines[5]  # type: ignore[attr-defined]
        assert line.history == [start], "from its first moment as an output"
        one.device.switch(False)
        assert line.out == (start if off is None else off)
        one.device.close()
        assert line.history[-1] == end
        assert not line.is_output


@pytest.mark.parametrize(
    ("name", "uri", "says"),
    [
        ("indicator-door", "gpio://1,2,3", "1 to 2 different lines"),
        ("indicator-door", "gpio://23,24?as=beeper", "one line"),
        ("indicator-door", "gpio://23,23", "different"),
        ("indicator-door", "gpio://23?as=horn", "lamp, beeper"),
        ("button-lead", "gpio://22?hold=0", "hold"),
        ("button-lead", "gpio://28", "0…27"),
        ("button-lead", "gpio://22/x", "one line"),
        ("relay", "gpio://5?shed=normal", "shed"),
        ("relay", "gpio://5?contact=co", "no, nc"),
        ("relay", "gpio://5?factory=lgpio", "gpiod, mock"),
        ("relay", "gpio://5?factory=mock", "go together"),
        ("relay", "gpio://5?socket=/tmp/x", "go together"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_with_what_is_allowed(name: str, uri: str, says: str) -> None:
    with pytest.raises(BadUri, match=says):
        create(name, uri)
