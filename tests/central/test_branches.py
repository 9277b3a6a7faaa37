"""A box that fell back to an older copy of its data: neither past is lost, and central tells which is which."""

import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.central.bodies import after, batch, checkpoint, head, journal, sale, signer, started, stretch
from tests.central.conftest import BOX, Inside

FIRST = journal(20)
"""What came first: log 1, of which the box forgets the end."""
OWN = [*FIRST[:15], *stretch(16, 30, 100)]
"""Log 1 as the box has it after it fell back to fact 15 and went on; longer than what came first."""
SECOND = after(2, OWN, 200)


def texts(bodies: list[bytes]) -> list[str]:
    return [raw.decode() for raw in bodies]


# Logs that follow each other


def test_a_new_log_is_not_receipted_before_the_one_before_it_is_here(inside: Inside) -> None:
    second = after(2, FIRST[:10], 100)
    inside.take(batch(FIRST[:4]))
    assert inside.receipts(inside.take(batch(second, shift=10))) == [head(FIRST[:4])]
    assert inside.view.boxes(inside.now_ms)[0]["safe"] == 4
    assert inside.receipts(inside.take(batch(FIRST[4:10]))) == [head(second, 2)]
    assert inside.bodies() == inside.bodies("own") == texts([*FIRST[:10], *second])
    row = inside.view.boxes(inside.now_ms)[0]
    assert (row["log"], row["position"], row["safe"], row["forks"]) == (2, 13, 13, 0)
    assert inside.view.tasks(inside.now_ms) == []


def test_a_log_before_that_was_never_seen_is_asked_for_from_its_start(inside: Inside) -> None:
    second = after(2, FIRST[:10], 100)
    assert inside.receipts(inside.take(batch(second, shift=10))) == [head([])]
    third = after(3, second, 200, past=2)
    assert inside.receipts(inside.take(batch(third, shift=13))) == [head([])]
    assert inside.receipts(inside.take(batch(FIRST[:10]))) == [head(third, 3)]


def test_a_log_whose_beginning_is_missing_says_nothing_about_the_one_before(inside: Inside) -> None:
    second = after(2, FIRST, 100)
    inside.take(batch(FIRST[:4]))
    assert inside.receipts(inside.take(batch(second[1:], shift=20))) == [head(FIRST[:4])]


# A box that fell back


def test_a_box_that_fell_back_goes_on_and_its_orphaned_branch_is_one_task(inside: Inside) -> None:
    first = [*FIRST[:17], sale(18, 450, 18), sale(19, 250, 19), FIRST[19]]
    second = after(2, first[:15], 100)
    inside.take(batch(first))
    assert inside.receipts(inside.take(batch(second, shift=15))) == [head(second, 2)]
    (task,) = inside.view.tasks(inside.now_ms)
    assert task["kind"] == "orphaned branch"
    assert "log 2 goes on after fact 15 of log 1, of which 20 are here; both have the facts up to 15" in task["about"]
    assert "only in the orphaned branch are 5 facts, 2 sales, 700 EUR" in task["about"]
    assert inside.bodies() == texts([*first, *second])
    assert inside.bodies("own") == texts([*first[:15], *second])
    assert inside.bodies("orphaned") == texts(first[15:])


def test_both_pasts_are_kept_and_the_new_log_is_receipted_when_the_boxs_own_is_here(inside: Inside) -> None:
    inside.take(batch(FIRST))
    assert inside.receipts(inside.take(batch(OWN[15:25]))) == [head(FIRST)]
    assert [task["kind"] for task in inside.view.tasks(inside.now_ms)] == ["fork"]
    assert inside.receipts(inside.take(batch(SECOND, shift=30))) == [head(FIRST)]
    (task,) = inside.view.tasks(inside.now_ms)
    assert task["kind"] == "orphaned branch"
    assert "5 facts of the box's own line are missing" in task["about"]
    assert inside.receipts(inside.take(batch(OWN[25:]))) == [head(SECOND, 2)]
    (task,) = inside.view.tasks(inside.now_ms)
    assert "log 2 goes on after fact 30 of log 1, of which 20 are here; both have the facts up to 15" in task["about"]
    assert inside.bodies() == texts([*FIRST, *SECOND])
    assert inside.bodies("own") == texts([*OWN, *SECOND])
    assert inside.bodies("orphaned") == texts(FIRST[15:])
    row = inside.view.boxes(inside.now_ms)[0]
    assert (row["log"], row["safe"], row["forks"], row["alarms"]) == (2, 33, 0, 1)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_both_pasts_are_told_apart_in_whatever_order_they_come(
    data: st.DataObject, engine: str, request: pytest.FixtureRequest
) -> None:
    pieces = [batch(OWN[15:20]), batch(OWN[20:26]), batch(OWN[25:]), batch(SECOND[:1], 30), batch(SECOND[1:], 30)]
    again = data.draw(st.lists(st.integers(0, 4), max_size=4))
    order = data.draw(st.permutations([*range(5), *again]))
    dsn = request.getfixturevalue("cluster").fresh() if engine == "postgres" else ""
    with tempfile.TemporaryDirectory() as folder:
        inside = Inside(Path(folder), dsn=dsn)
        inside.keyring.enrol(BOX, signer().verifier.vkey())
        inside.take(batch(FIRST))
        answers = [inside.take(pieces[index]) for index in order]
        assert inside.receipts(answers[-1]) == [head(SECOND, 2)]
        assert inside.bodies() == texts([*FIRST, *SECOND])
        assert inside.bodies("own") == texts([*OWN, *SECOND])
        assert inside.bodies("orphaned") == texts(FIRST[15:])
        assert [task["kind"] for task in inside.view.tasks(inside.now_ms)] == ["orphaned branch"]
        inside.store.close()


def test_a_box_that_fell_back_twice_has_three_pasts(inside: Inside) -> None:
    middle = [*FIRST[:15], *stretch(16, 24, 100)]
    newest = [*middle[:18], *stretch(19, 22, 200)]
    second = after(2, newest, 300)
    inside.take(batch(FIRST), batch(middle[15:]), batch(newest[18:]))
    assert inside.receipts(inside.take(batch(second, shift=22))) == [head(second, 2)]
    assert inside.bodies("own") == texts([*newest, *second])
    assert sorted(inside.bodies("orphaned")) == sorted(texts([*FIRST[15:], *middle[18:]]))


def test_a_box_that_fell_back_behind_a_whole_log_has_lost_that_log(inside: Inside) -> None:
    second = after(2, FIRST, 100)
    third = after(3, FIRST[:12], 200)
    inside.take(batch(FIRST), batch(second, shift=20))
    assert inside.receipts(inside.take(batch(third, shift=12))) == [head(third, 3)]
    (task,) = inside.tasks("orphaned branch")
    assert "only in the orphaned branch are 11 facts" in task["about"]
    assert inside.bodies("own") == texts([*FIRST[:12], *third])
    assert inside.bodies("orphaned") == texts([*FIRST[12:], *second])


def test_a_log_that_was_begun_twice_is_resolved_by_the_one_after_it(inside: Inside) -> None:
    second, other = after(2, FIRST, 100, facts=4), after(2, FIRST[:12], 200, facts=6)
    third = after(3, other, 300, past=2)
    inside.take(batch(FIRST), batch(second, shift=20))
    assert inside.receipts(inside.take(batch(other, shift=12))) == [head(second, 2)]
    assert inside.receipts(inside.take(batch(third, shift=18))) == [head(third, 3)]
    assert inside.bodies("own") == texts([*FIRST[:12], *other, *third])
    assert inside.bodies("orphaned") == texts([*FIRST[12:], *second])


def test_a_past_that_is_nowhere_is_waited_for(inside: Inside) -> None:
    inside.take(batch(FIRST))
    lie = started(2, {"log": 1, "size": 15, "root": bytes(32).hex()}, mono=100)
    assert inside.receipts(inside.take(batch([lie], shift=15))) == [head(FIRST)]
    (task,) = inside.view.tasks(inside.now_ms)
    assert task["kind"] == "orphaned branch"
    assert "where they part is not known yet" in task["about"]


def test_a_root_that_no_line_comes_to_is_not_held(inside: Inside) -> None:
    inside.take(batch(FIRST), batch(OWN[15:]))
    false = [*OWN[:29], *stretch(30, 30, 500)]
    assert inside.receipts(inside.take(batch(after(2, false, 600), shift=30))) == [head(FIRST)]


# What a forked log does until it is explained


def test_a_forked_log_stands_still_until_a_checkpoint_says_which_line_goes_on(inside: Inside) -> None:
    more = [*FIRST, *stretch(21, 25, 21)]
    inside.take(batch(FIRST), batch(OWN[15:18]))
    assert inside.receipts(inside.take(batch(more[20:]))) == [head(FIRST)]
    answers = inside.take(checkpoint(more[:24]))
    assert inside.receipts(answers) == [head(more[:24])]
    assert inside.cosigned(answers) == [head(more[:24])]
    assert inside.bodies() == texts(more[:24])


def test_a_checkpoint_over_the_boxs_own_line_is_explained_but_never_cosigned(inside: Inside) -> None:
    inside.take(batch(FIRST), checkpoint(FIRST[:18]), batch(OWN[15:]))
    assert inside.cosigned(inside.take(checkpoint(OWN[:17]))) == [head(FIRST[:18])]
    kinds = [task["kind"] for task in inside.view.tasks(inside.now_ms)]
    assert kinds == ["fork", "fork"]
    inside.take(batch(SECOND, shift=30))
    assert [task["kind"] for task in inside.view.tasks(inside.now_ms)] == ["orphaned branch"]


def test_what_is_kept_beside_a_line_is_bounded_and_said(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.central.logs.WAITING", 8)
    monkeypatch.setattr("appliance.central.incidents.WAITING", 8)
    inside.take(batch(FIRST), batch(OWN[15:]))
    inside.take(batch(SECOND, shift=30))
    (task,) = inside.view.tasks(inside.now_ms)
    assert "no more are kept beside the main line" in task["about"]


# Two machines with one key


def test_a_line_that_goes_on_after_the_box_has_left_it_is_a_second_box(inside: Inside) -> None:
    inside.take(batch(FIRST), batch(after(2, FIRST[:15], 100), shift=15))
    assert [task["kind"] for task in inside.view.tasks(inside.now_ms)] == ["orphaned branch"]
    late = stretch(21, 24, 99)
    inside.take(batch(late))
    (task,) = inside.view.tasks(inside.now_ms)
    assert task["kind"] == "second box"
    assert "log 1 goes on with fact 23 after log 2 has begun behind fact 15 of log 1" in task["about"]


def test_what_the_old_past_sends_late_is_no_second_box(inside: Inside) -> None:
    inside.take(batch(FIRST[:17]), batch(after(2, FIRST[:15], 100), shift=15))
    inside.now_ms += 60_000
    inside.take(batch(FIRST[17:]))
    assert [task["kind"] for task in inside.view.tasks(inside.now_ms)] == ["orphaned branch"]


def test_two_lines_that_both_keep_growing_are_a_second_box(inside: Inside) -> None:
    inside.take(batch(FIRST))
    mine, copy = stretch(21, 24, 200), stretch(21, 23, 198, boot="b9")
    inside.take(batch(mine[:2]), batch(copy[:1]))
    assert [task["kind"] for task in inside.view.tasks(inside.now_ms)] == ["fork"]
    inside.take(batch(copy[1:]), batch(mine[2:]))
    (task,) = inside.view.tasks(inside.now_ms)
    assert task["kind"] == "second box"
    assert (task["cell"], task["box"]) == ("cell", "box-7")
    assert "log 1 has two lines from fact 21 on, and both go on at the same time" in task["about"]


def test_clocks_that_nobody_trusts_accuse_nobody(inside: Inside) -> None:
    inside.take(batch(FIRST))
    ahead = stretch(21, 24, 5000, boot="b1", clock="none")
    inside.take(batch(ahead), batch(after(2, FIRST[:15], 100, boot="b2"), shift=15))
    assert [task["kind"] for task in inside.view.tasks(inside.now_ms)] == ["orphaned branch"]


def test_a_search_among_many_lines_ends(inside: Inside) -> None:
    inside.take(batch(FIRST))
    for lane in range(12):
        inside.take(batch(stretch(10 + lane % 3, 20 - lane % 4, 100 * lane + 100)))
    lie = started(2, {"log": 1, "size": 20, "root": bytes(32).hex()}, mono=5000)
    assert inside.receipts(inside.take(batch([lie], shift=20))) == [head(FIRST)]


def test_the_sums_count_both_pasts_and_each_fact_once(inside: Inside) -> None:
    first, other = [*FIRST[:15], sale(16, 450, 16)], [*FIRST[:15], sale(16, 300, 100), sale(17, 200, 101)]
    for message in itertools.chain.from_iterable(itertools.repeat([batch(first), batch(other)], 2)):
        inside.take(message)
    inside.take(batch(after(2, other, 200), shift=17))
    assert inside.view.kpis()["sales"] == {"count": 3, "gross": 950, "currency": "EUR"}
