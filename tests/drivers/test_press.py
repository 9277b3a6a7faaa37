"""A push button's line: whatever the contacts do, presses come out one by one and a long one is told in time."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.press import GLITCH, HOLD, STUCK, Button, Noted

EDGES = st.lists(st.tuples(st.booleans(), st.floats(0, 10)), max_size=60)


def played(edges: list[tuple[bool, float]], *, down: bool = False, eager: bool = False) -> tuple[list[Noted], float]:
    """`edges`: levels and the seconds after each. `eager`: settled whenever something may be new."""
    button, at = Button(down, 0.0), 0.0
    noted: list[Noted] = []
    for level, pause in edges:
        noted += button.edge(level, at)
        end = at + pause
        while eager and (rest := button.rest(at)) is not None and at + rest <= end:
            at += rest + 1e-6
            noted += button.settle(at)
        at = max(at, end)
    at += STUCK + 1
    return noted + button.settle(at), at


@given(EDGES, st.booleans())
def test_times_go_forward_and_each_press_has_a_beginning_and_one_end(
    edges: list[tuple[bool, float]], down: bool
) -> None:
    noted, end = played(edges, down=down)
    times = [note.at for note in noted]
    assert times == sorted(times)
    assert all(0 <= at <= end for at in times)
    pressed = False
    for note in noted:
        match note.what:
            case "down":
                assert not pressed
                pressed = True
            case "short" | "up" | "freed":
                assert pressed or down
                pressed = False
            case "held":
                assert pressed
            case "stuck":
                assert pressed or down


@given(EDGES)
def test_looking_late_finds_what_looking_in_time_finds(edges: list[tuple[bool, float]]) -> None:
    late, _ = played(edges)
    in_time, _ = played(edges, eager=True)
    assert [note.what for note in late] == [note.what for note in in_time]


@given(st.lists(st.floats(0, GLITCH * 0.9), max_size=30))
def test_what_is_shorter_than_a_glitch_is_no_press(lengths: list[float]) -> None:
    edges: list[tuple[bool, float]] = []
    for length in lengths:
        edges += [(True, length), (False, 0.1)]
    noted, _ = played(edges)
    assert noted == []


def test_a_press_is_short_until_its_time_and_long_from_then_on() -> None:
    short, _ = played([(True, HOLD - 0.001), (False, 1.0)])
    assert [note.what for note in short] == ["down", "short"]
    long, _ = played([(True, HOLD + 0.001), (False, 1.0)])
    assert [(note.what, round(note.at, 3)) for note in long] == [("down", 0.0), ("held", HOLD), ("up", HOLD + 0.001)]


def test_one_that_is_down_at_the_beginning_is_nobodys_press_and_gets_stuck() -> None:
    counters: Counter[str] = Counter()
    button = Button(True, 0.0, counters)
    assert [note.what for note in button.settle(STUCK + 1)] == ["stuck"]
    button.edge(False, STUCK + 2)
    assert [note.what for note in button.settle(STUCK + 3)] == ["freed"]
    button.edge(True, STUCK + 4)
    button.edge(False, STUCK + 5)
    assert [note.what for note in button.settle(STUCK + 6)] == ["short"]
    assert counters == {"stuck": 1, "presses": 1}
