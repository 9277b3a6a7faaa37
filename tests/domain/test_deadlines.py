"""A deadline runs with the monotonic clock of its boot: no step of the wall clock moves it, and a boot ends it."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import FakeClock
from appliance.domain.deadlines import Deadline, Paused

SECONDS = st.integers(1, 10**6)
MOVES = st.lists(st.tuples(st.sampled_from(("pass", "step")), st.integers(-(10**6), 10**9)), max_size=20)


@given(seconds=SECONDS, moves=MOVES)
def test_what_is_left_is_what_was_given_less_what_passed_whatever_the_wall_clock_did(
    seconds: int, moves: list[tuple[str, int]]
) -> None:
    clock, passed = FakeClock(), Fraction(0)
    deadline = Deadline.after(clock(), seconds)
    for what, ms in moves:
        if what == "pass":
            clock.advance(abs(ms) / 1000)
            passed += Fraction(abs(ms), 1000)
        else:
            clock.step(ms / 1000)
        left = deadline.left(clock())
        assert left is not None
        assert Fraction(round(left * 1_000_000), 1_000_000) == seconds - passed
        assert deadline.holds(clock()) is (passed <= seconds)


@given(seconds=SECONDS, passed=st.integers(0, 10**6), off=st.integers(0, 10**6))
def test_another_boot_is_neither_before_nor_after_and_resuming_gives_what_was_left(
    seconds: int, passed: int, off: int
) -> None:
    clock = FakeClock()
    deadline = Deadline.after(clock(), seconds)
    clock.advance(passed)
    last = clock()
    clock.reboot("b1")
    clock.advance(off)
    assert (deadline.left(clock()), deadline.holds(clock())) == (None, False)
    with pytest.raises(ValueError, match="cannot pause in boot b1"):
        deadline.pause(clock())
    again = deadline.pause(last).resume(clock())
    assert again.left(clock()) == max(0, seconds - passed)
    assert again.boot == "b1"


def test_a_pause_keeps_to_the_microsecond_and_nothing_runs_in_it() -> None:
    clock = FakeClock()
    deadline = Deadline.after(clock(), 10)
    clock.advance(9.999999)
    paused = deadline.pause(clock())
    assert paused == Paused(1)
    clock.advance(1000)
    again = paused.resume(clock())
    assert again.holds(replace(clock(), mono=again.mono_us))
    assert not again.holds(replace(clock(), mono=again.mono_us + 1))
