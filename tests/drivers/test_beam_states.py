from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.beam import BLOCKED_AFTER, GLITCH, RECENT, SLOWEST, BeamPair, Noted, Passage

RING = (0, 1, 3, 2)
LEGAL = st.lists(st.sampled_from([1, -1]), max_size=80)
"""Steps along the ring of states; +1 four times is one person in."""


def states(steps: list[int]) -> list[int]:
    place, path = 0, []
    for step in steps:
        place += step
        path.append(RING[place % 4])
    return path


def net_passages(steps: list[int]) -> int:
    """People in minus people out when the doorway was last free: whole turns of the ring."""
    turned, net = 0, 0
    for step in steps:
        turned += step
        if turned % 4 == 0:
            net = turned // 4
    return net


def timed(steps: list[int]) -> Iterator[tuple[float, int, int]]:
    """Seconds, state before, state: forward at a walk, back only after a stop that is longer than any walk."""
    now, before, forward = 0.0, 0, 0
    for step, state in zip(steps, states(steps), strict=True):
        forward = step if before == 0 else forward
        now += 0.1 if step == forward else SLOWEST + 0.1
        yield now, before, state
        before = state


@given(LEGAL)
def test_any_path_of_legal_moves_counts_its_net_passages(steps: list[int]) -> None:
    passage = Passage()
    results = [passed for at, _, state in timed(steps) for passed in passage.move(state, at)]
    assert results.count("in") - results.count("out") == net_passages(steps)
    assert "illegal" not in results


@given(LEGAL, st.data())
def test_the_same_holds_for_raw_edges_with_glitches_between_them(steps: list[int], data: st.DataObject) -> None:
    pair = BeamPair((False, False), 0.0)
    counted = []
    for now, before, state in timed(steps):
        if data.draw(st.booleans()):
            beam = data.draw(st.sampled_from([0, 1]))
            level = bool(before >> beam & 1)
            counted += pair.edge(beam, not level, now - 0.05)
            counted += pair.edge(beam, level, now - 0.05 + GLITCH / 2)
        changed = (before ^ state) >> 1
        counted += pair.edge(changed, bool(state >> changed & 1), now)
    counted += pair.settle(1000.0)
    whats = [noted.what for noted in counted]
    assert whats.count("in") - whats.count("out") == net_passages(steps)
    assert "illegal" not in whats
    assert [noted.at for noted in counted] == sorted(noted.at for noted in counted)


BROAD = st.floats(0.15, 0.35)
LIGHT = st.floats(0.03, 0.5)


@given(st.lists(st.tuples(BROAD, LIGHT), min_size=1, max_size=8), st.floats(0.025, 0.14), st.booleans())
def test_everybody_who_walks_straight_through_counts_however_little_light_is_between_them(
    people: list[tuple[float, float]], lag: float, inwards: bool
) -> None:
    """Shades and the light between them in seconds; the second beam sees all of it `lag` later."""
    pair, edges, at = BeamPair((False, False), 0.0), [], 1.0
    first = 0 if inwards else 1
    for shade, light in people:
        edges += [(at, first, True), (at + shade, first, False)]
        edges += [(at + lag, 1 - first, True), (at + shade + lag, 1 - first, False)]
        at += shade + light
    noted = [note for at, beam, broken in sorted(edges) for note in pair.edge(beam, broken, at)]
    noted += pair.settle(at + 1)
    assert [note.what for note in noted] == ["in" if inwards else "out"] * len(people)


@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.booleans(), st.floats(0, 0.5)), max_size=80), st.data())
def test_any_edges_count_the_same_when_they_are_played_again_in_one_go(
    edges: list[tuple[int, bool, float]], data: st.DataObject
) -> None:
    """However often it is asked in between what is certain."""
    live, again = BeamPair((False, False), 0.0), BeamPair((False, False), 0.0)
    now, told, replayed = 0.0, [], []
    for beam, broken, pause in edges:
        told += live.settle(now + pause * data.draw(st.sampled_from([0.0, 0.3, 1.0])))
        now += pause
        told += live.edge(beam, broken, now)
        replayed += again.edge(beam, broken, now)
    told += live.settle(now + 60)
    replayed += again.settle(now + 60)
    assert told == replayed
    assert live.counters == again.counters
    assert live.state == again.state
    passages = sum(live.counters[what] for what in ("in", "out", "turned_back", "illegal"))
    assert live.illegal == (live.counters["illegal"], passages)


def walk(passage: Passage, *states: int, beat: float = 0.1) -> list[str]:
    """These states, one every `beat` seconds."""
    return [passed for number, state in enumerate(states) for passed in passage.move(state, number * beat)]


def test_somebody_who_walks_in_is_in_and_out_is_out() -> None:
    passage = Passage()
    assert walk(passage, 1, 3, 2, 0) == ["in"]
    assert walk(passage, 2, 3, 1, 0) == ["out"]


def test_turning_back_at_any_point_counts_nothing() -> None:
    passage = Passage()
    for path in ((1, 0), (1, 3, 1, 0), (1, 3, 2, 3, 1, 0), (2, 0), (2, 3, 2, 0), (2, 3, 1, 3, 2, 0)):
        assert walk(passage, *path) == ["back"]


def test_loitering_on_the_way_in_is_one_person() -> None:
    passage = Passage()
    assert walk(passage, 1, 0, 1, 3, 1, 3, 2, 3, 2, 3, 2, 0).count("in") == 1


def test_swaying_to_and_fro_and_two_close_behind_differ_in_time_alone() -> None:
    """One path: the light between two people reaches the second beam as soon as they do."""
    path = (1, 3, 2, 3, 1, 3, 2, 0)
    following = (0.0, 0.1, 0.25, 0.3, 0.35, 0.4, 0.55, 0.65)
    swaying = (0.0, 0.1, 0.25, 0.4, 0.7, 0.8, 1.1, 1.2)
    for times, counted in ((following, ["in", "in"]), (swaying, ["in"])):
        passage = Passage()
        moves = zip(path, times, strict=True)
        assert [passed for state, at in moves for passed in passage.move(state, at)] == counted


def test_an_arm_that_follows_its_owner_is_nobody() -> None:
    """It is in the first beam and out again before it is in the second."""
    pair = BeamPair((False, False), 0.0)
    trunk, arm = ((0.0, 0.2), (0.1, 0.3)), ((0.24, 0.28), (0.34, 0.38))
    edges = [(at, beam, at == pulse[0]) for body in (trunk, arm) for beam, pulse in enumerate(body) for at in pulse]
    noted = [note for at, beam, broken in sorted(edges) for note in pair.edge(beam, broken, at)] + pair.settle(2.0)
    assert whats(noted) == ["in"]


@given(st.lists(st.sampled_from([0, 1, 2, 3]), max_size=50))
def test_after_any_confusion_the_next_clean_passage_counts(noise: list[int]) -> None:
    passage = Passage()
    walk(passage, *noise)
    walk(passage, *((1, 0) if passage.state == 3 else (0,)))
    assert walk(passage, 1, 3, 2, 0) == ["in"]


def test_a_person_in_the_doorway_at_the_start_is_not_counted() -> None:
    passage = Passage(3)
    assert walk(passage, 2, 0) == []
    assert walk(passage, 1, 3, 2, 0) == ["in"]


def whats(noted: list[Noted]) -> list[str]:
    return [note.what for note in noted]


def test_both_beams_at_once_is_the_supply_not_a_person() -> None:
    pair = BeamPair((False, False), 0.0)
    noted = pair.edge(0, True, 1.0) + pair.edge(1, True, 1.0005) + pair.settle(1.1)
    assert whats(noted) == ["illegal"]
    noted = pair.edge(1, False, 2.0) + pair.edge(0, False, 2.001) + pair.settle(2.1)
    assert whats(noted) == ["cleared"]
    assert pair.counters["illegal"] == 2
    assert pair.counters["in"] == pair.counters["out"] == 0


def test_one_beam_that_breaks_as_the_other_frees_is_no_fault() -> None:
    """The light between two people is just as long as from beam to beam."""
    pair = BeamPair((False, False), 0.0)
    edges = [(0, True, 1.0), (1, True, 1.1), (0, False, 1.2), (1, False, 1.3), (0, True, 1.3)]
    edges += [(1, True, 1.4), (0, False, 1.5), (1, False, 1.6)]
    assert whats([note for edge in edges for note in pair.edge(*edge)] + pair.settle(2.0)) == ["in", "in"]


def test_the_share_of_illegal_changes_is_that_of_the_last_passages() -> None:
    pair = BeamPair((False, False), 0.0)
    for number in range(3):
        for at, broken in ((0.0, True), (0.5, False)):
            pair.edge(0, broken, number + at)
            pair.edge(1, broken, number + at)
    pair.settle(4.0)
    assert pair.illegal == (6, 6)
    for number in range(RECENT - 1):
        for at, broken in ((0.0, True), (0.5, False)):
            pair.edge(0, broken, 10 + number + at)
    pair.settle(1000.0)
    assert pair.illegal == (1, RECENT)
    assert pair.counters["illegal"] == 6


def test_edges_that_are_delivered_late_count_as_in_time() -> None:
    pair = BeamPair((False, False), 0.0)
    pair.settle(5.0)
    edges = [(0, True, 1.0), (1, True, 1.03), (0, False, 1.06), (1, False, 1.09)]
    noted = [n for edge in edges for n in pair.edge(*edge)] + pair.settle(5.0)
    assert noted == [("in", 1.09)]


def test_a_broken_beam_is_blocked_once_and_cleared_once() -> None:
    pair = BeamPair((False, False), 0.0)
    pair.edge(0, True, 1.0)
    assert pair.settle(BLOCKED_AFTER) == []
    rest = pair.rest(BLOCKED_AFTER)
    assert rest is not None
    assert abs(rest - 1.0) < 1e-6
    assert pair.settle(1.0 + BLOCKED_AFTER) == [("blocked", 1.0 + BLOCKED_AFTER)]
    assert pair.blocked == (True, False)
    assert pair.settle(100.0) == []
    assert pair.rest(100.0) is None
    assert whats(pair.edge(0, False, 101.0) + pair.settle(102.0)) == ["cleared"]
    assert pair.counters["blocked"] == 1


@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.booleans(), st.floats(0, 0.05)), max_size=60))
def test_chatter_never_ends_in_a_wait_that_does_not_end(edges: list[tuple[int, bool, float]]) -> None:
    """`rest` leads to a moment at which `settle` has nothing left to wait for."""
    pair = BeamPair((False, False), 0.0, blocked_after=1.0)
    now = 0.0
    for beam, broken, pause in edges:
        now += pause
        pair.edge(beam, broken, now)
    for _ in range(5):
        rest = pair.rest(now)
        if rest is None:
            break
        now += rest + 1e-6
        pair.settle(now)
    assert pair.rest(now) is None
