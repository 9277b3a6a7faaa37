"""What every push button has to pass; it is down while its line is low."""

import pytest

from drivers.device import Press
from tests.drivers.suites.lines import LinesBench, LinesSuite

DOWN, UP = 0, 1


def held(bench: LinesBench, seconds: float) -> list[Press]:
    """Somebody pushes it for so long."""
    bench.move(bench.numbers[0], DOWN)
    events = bench.pass_(seconds)
    bench.move(bench.numbers[0], UP)
    events += bench.pass_(0.2)
    return [event for event in events if isinstance(event, Press)]


class ButtonSuite(LinesSuite):
    STATES = ("up", "down", "held", "stuck")

    def works(self, bench: LinesBench) -> None:
        bench.run(lambda _: bench.device.connected, hurry=0.05)
        bench.move(bench.numbers[0], UP)
        bench.online()
        bench.pass_(0.1)
        (press,) = held(bench, 0.3)
        assert not press.held
        (press,) = held(bench, 3.5)
        assert press.held

    def bring(self, bench: LinesBench, state: str) -> None:
        bench.move(bench.numbers[0], UP if state == "up" else DOWN)
        bench.pass_({"up": 0.1, "down": 0.1, "held": 3.5, "stuck": 31.0}[state])
        assert (bench.device.life.state == "degraded") == (state == "stuck")

    def test_a_long_press_is_told_while_the_button_is_down(self, bench: LinesBench) -> None:
        bench.online()
        began = bench.clock()
        bench.move(bench.numbers[0], DOWN)
        (press,) = bench.run(bool, hurry=0.02)
        assert isinstance(press, Press)
        assert press.held
        assert 3.0 <= press.mono - began < 3.0 + 0.001
        assert bench.device.down
        bench.move(bench.numbers[0], UP)
        assert bench.pass_(0.2) == []

    def test_a_lamp_can_follow_the_finger(self, bench: LinesBench) -> None:
        seen: list[bool] = []
        bench.online()
        bench.device.changed = seen.append
        held(bench, 0.3)
        held(bench, 3.5)
        assert seen == [True, False, True, False]

    def test_contacts_that_chatter_are_one_press(self, bench: LinesBench) -> None:
        bench.online()
        for _ in range(8):
            bench.move(bench.numbers[0], DOWN)
            bench.clock.ahead += 0.001
            bench.move(bench.numbers[0], UP)
            bench.clock.ahead += 0.001
        (press,) = held(bench, 0.3)
        assert not press.held

    def test_a_button_that_is_down_at_the_start_is_nobodys_press(self, bench: LinesBench) -> None:
        if not bench.live:
            pytest.skip("an emulated pin is told its level after the start")
        bench.move(bench.numbers[0], DOWN)
        bench.online()
        assert bench.pass_(10.0) == []
        bench.move(bench.numbers[0], UP)
        assert bench.pass_(0.2) == []
        (press,) = held(bench, 3.5)
        assert press.held

    def test_one_that_is_stuck_says_so_and_comes_back(self, bench: LinesBench) -> None:
        bench.online()
        bench.move(bench.numbers[0], DOWN)
        bench.run(lambda _: bench.device.life.state == "degraded", hurry=0.1)
        assert "30 s" in bench.device.life.reason
        assert "short" in bench.device.life.remedy
        bench.move(bench.numbers[0], UP)
        bench.online()
        self.works(bench)
