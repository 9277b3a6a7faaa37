"""What signals look and sound like: told apart by rhythm, easy on the eyes, over when they are over."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Signal
from drivers.wire.signals import LINES, PATTERNS, Kind, Pattern, Player

KINDS: list[Kind] = ["pair", "lamp", "beeper"]
SIGNALS: list[Signal] = ["admitted", "refused", "exited", "attention", "ready", "trouble", "test", "off"]
AT_THE_DOOR: list[Signal] = ["admitted", "refused", "exited", "attention"]
STANDING = {"ready", "trouble", "attention", "off"}


def rhythm(pattern: Pattern) -> tuple[tuple[bool, float | None], ...]:
    """On and off, whatever the colour; neighbours that are alike are one."""
    steps: list[tuple[bool, float | None]] = []
    for on, seconds in pattern.steps:
        if seconds == 0.0:
            continue
        if steps and steps[-1][0] == any(on) and seconds is not None:
            steps[-1] = (any(on), (steps[-1][1] or 0) + seconds)
        else:
            steps.append((any(on), seconds))
    if steps and not steps[-1][0] and not pattern.again:
        steps.pop()
    return tuple(steps)


def timeline(kind: Kind, signal: Signal, seconds: float) -> list[tuple[float, tuple[bool, ...]]]:
    """When the lines change, and to what."""
    player = Player(kind)
    player.play(signal, 0.0)
    at, found = 0.0, [(0.0, player.levels(0.0))]
    while (rest := player.rest(at)) is not None and at < seconds:
        at += rest + 1e-9
        if player.levels(at) != found[-1][1]:
            found.append((at, player.levels(at)))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_signal_has_its_pattern_for_every_kind(kind: Kind) -> None:
    assert sorted(PATTERNS[kind]) == sorted(SIGNALS)
    for pattern in PATTERNS[kind].values():
        assert {len(step.on) for step in pattern.steps} == {LINES[kind]}


@pytest.mark.parametrize("kind", KINDS)
def test_signals_at_the_door_differ_in_rhythm_and_not_only_in_colour(kind: Kind) -> None:
    for one, other in combinations(AT_THE_DOOR, 2):
        assert rhythm(PATTERNS[kind][one]) != rhythm(PATTERNS[kind][other]), f"{one} and {other}"


@pytest.mark.parametrize("kind", ["pair", "lamp"])
def test_what_the_box_shows_of_itself_differs_in_rhythm(kind: Kind) -> None:
    for one, other in combinations(["ready", "attention", "trouble", "off"], 2):
        assert rhythm(PATTERNS[kind][one]) != rhythm(PATTERNS[kind][other]), f"{one} and {other}"  # type: ignore[index]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signal", SIGNALS)
def test_nothing_flashes_more_than_three_times_within_a_second(kind: Kind, signal: Signal) -> None:
    changes = timeline(kind, signal, 10.0)
    flashes = [at for (_, before), (at, after) in pairwise(changes) if any(before) and not any(after)]
    for number, at in enumerate(flashes):
        assert sum(at <= other < at + 1.0 for other in flashes[number:]) <= 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_verdict_ends_by_itself_and_what_asks_for_a_person_does_not(kind: Kind) -> None:
    for signal in SIGNALS:
        player = Player(kind)
        player.play(signal, 0.0)
        standing = signal in STANDING and (kind != "beeper" or signal in ("off", "ready", "trouble"))
        assert (player.signal(3600.0) == signal) == standing, signal
        if not standing:
            assert player.rest(3600.0) is None
            assert not any(player.levels(3600.0))
            assert any(any(player.levels(tenth / 10)) for tenth in range(31)), "over within three seconds"


def test_a_beeper_says_nothing_of_the_box_itself() -> None:
    for signal in ("ready", "trouble", "off"):
        assert timeline("beeper", signal, 10.0) == [(0.0, (False,))]  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.sampled_from(SIGNALS), st.floats(0, 20)), max_size=10), st.sampled_from(KINDS))
def test_looking_late_shows_the_same_as_looking_all_the_time(shown: list[tuple[Signal, float]], kind: Kind) -> None:
    patient, hasty = Player(kind), Player(kind)
    at = 0.0
    for signal, pause in shown:
        patient.play(signal, at)
        hasty.play(signal, at)
        end = at + pause
        while (rest := hasty.rest(at)) is not None and at + rest < end:
            assert rest >= 0.0
            at += max(rest, 0.001)
            hasty.levels(at)
        at = end
        assert hasty.levels(at) == patient.levels(at)
        assert len(patient.levels(at)) == LINES[kind]
