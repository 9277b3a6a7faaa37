from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.beam import BLOCKED_AFTER, GLITCH, TOGETHER, BeamPair, Noted, Passage

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


@given(LEGAL)
def test_any_path_of_legal_moves_counts_its_net_passages(steps: list[int]) -> None:
    passage = Passage()
    results = [passage.move(state) for state in states(steps)]
    assert results.count("in") - results.count("out") == net_passages(steps)
    assert "illegal" not in results


@given(LEGAL, st.data())
def test_the_same_holds_for_raw_edges_with_glitches_between_them(steps: list[int], data: st.DataObject) -> None:
    pair = BeamPair((False, False), 0.0)
    now, before, counted = 0.0, 0, []
    for state in states(steps):
        now += data.draw(st.floats(2 * (GLITCH + TOGETHER), 1.0))
        if data.draw(st.booleans()):
            beam = data.draw(st.sampled_from([0, 1]))
            level = bool(before >> beam & 1)
            counted += pair.edge(beam, not level, now)
            counted += pair.edge(beam, level, now + GLITCH / 2)
            now += 2 * (GLITCH + TOGETHER)
        changed = (before ^ state) >> 1
        counted += pair.edge(changed, bool(state >> changed & 1), now)
        before = state
    counted += pair.settle(now + 1)
    whats = [noted.what for noted in counted]
    assert whats.count("in") - whats.count("out") == net_passages(steps)
    assert "illegal" not in whats
    assert [noted.at for noted in counted] == sorted(noted.at for noted in counted)


def test_somebody_who_walks_in_is_in_and_out_is_out() -> None:
    passage = Passage()
    assert [passage.move(s) for s in (1, 3, 2, 0)] == [None, None, None, "in"]
    assert [passage.move(s) for s in (2, 3, 1, 0)] == [None, None, None, "out"]


def test_turning_back_at_any_point_counts_nothing() -> None:
    passage = Passage()
    for path in ((1, 0), (1, 3, 1, 0), (1, 3, 2, 3, 1, 0), (2, 0), (2, 3, 2, 0), (2, 3, 1, 3, 2, 0)):
        assert [passage.move(s) for s in path][-1] == "back"


def test_loitering_on_the_way_in_is_one_person() -> None:
    passage = Passage()
    results = [passage.move(s) for s in (1, 0, 1, 3, 1, 3, 2, 3, 2, 3, 2, 0)]
    assert results.count("in") == 1


@given(st.lists(st.sampled_from([0, 1, 2, 3]), max_size=50))
def test_after_any_confusion_the_next_clean_passage_counts(noise: list[int]) -> None:
    passage = Passage()
    for state in noise:
        passage.move(state)
    for way_home in (1, 0) if passage.state == 3 else (0,):
        passage.move(way_home)
    assert [passage.move(s) for s in (1, 3, 2, 0)] == [None, None, None, "in"]


def test_a_person_in_the_doorway_at_the_start_is_not_counted() -> None:
    passage = Passage(3)
    assert [passage.move(s) for s in (2, 0)] == [None, None]
    assert [passage.move(s) for s in (1, 3, 2, 0)][-1] == "in"


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
