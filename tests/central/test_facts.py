"""Facts at central: whatever delivery does, the same facts stand there, once, in order, byte for byte."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.central import logs
from appliance.central.service import Received
from tests.central.bodies import batch, body, event, head, journal, signer
from tests.central.conftest import BOX, Inside

FORTY = journal(40)
TOPIC = "boothkit/1/cell/box-7/facts"


def texts(bodies: list[bytes]) -> list[str]:
    return [raw.decode() for raw in bodies]


def test_a_receipt_names_the_highest_fact_without_a_gap_and_the_root_over_all(inside: Inside) -> None:
    answers = inside.take(batch(FORTY[:10]), batch(FORTY[10:25]))
    assert inside.receipts(answers) == [head(FORTY[:25])]
    assert inside.bodies() == texts(FORTY[:25])


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_duplicates_and_reordering_converge(data: st.DataObject, engine: str, request: pytest.FixtureRequest) -> None:
    dsn = request.getfixturevalue("cluster").fresh() if engine == "postgres" else ""
    cuts = sorted(data.draw(st.sets(st.integers(1, 39), max_size=8)))
    pieces = [FORTY[a:b] for a, b in zip([0, *cuts], [*cuts, 40], strict=True)]
    again = data.draw(st.lists(st.integers(0, len(pieces) - 1), max_size=6))
    order = data.draw(st.permutations([*range(len(pieces)), *again]))
    together = data.draw(st.integers(1, len(order)))
    with tempfile.TemporaryDirectory() as folder:
        inside = Inside(Path(folder), dsn=dsn)
        inside.keyring.enrol(BOX, signer().verifier.vkey())
        answers = []
        for start in range(0, len(order), together):
            answers = inside.take(*(batch(pieces[index]) for index in order[start : start + together]))
        assert inside.bodies() == texts(FORTY)
        assert inside.receipts(answers) == [head(FORTY)]
        assert inside.view.boxes(inside.now_ms)[0]["forks"] == 0
        inside.store.close()


def test_what_comes_early_waits_for_what_is_missing_and_a_lasting_gap_is_a_task(inside: Inside) -> None:
    assert inside.receipts(inside.take(batch(FORTY[:5]), batch(FORTY[10:20]))) == [head(FORTY[:5])]
    assert not inside.tasks("gap")
    inside.now_ms += 31_000
    assert inside.tasks("gap")[0]["about"] == "log 1 waits for fact 6; 10 behind it are here"
    assert inside.receipts(inside.take(batch(FORTY[5:10]))) == [head(FORTY[:20])]
    assert not inside.tasks("gap")
    assert inside.bodies() == texts(FORTY[:20])


def test_a_batch_that_was_taken_before_is_answered_again(inside: Inside) -> None:
    inside.take(batch(FORTY))
    assert inside.receipts(inside.take(batch(FORTY[:3]))) == [head(FORTY)]


def test_a_store_goes_on_where_it_was_closed(inside: Inside, tmp_path: Path) -> None:
    inside.take(batch(FORTY[:7]), batch(FORTY[9:12]))
    inside.store.close()
    again = Inside(tmp_path / "central", dsn=inside.dsn)
    assert again.receipts(again.central.greeting()) == [head(FORTY[:7])]
    assert again.receipts(again.take(batch(FORTY[7:9]))) == [head(FORTY[:12])]
    again.store.close()


def test_a_second_fact_for_one_place_is_a_fork_and_replaces_nothing(inside: Inside) -> None:
    inside.take(batch(FORTY[:10]))
    other = body(4, data={"by_ms": 999, "source": "rtc"})
    answers = inside.take(batch([other]))
    assert inside.receipts(answers) == [head(FORTY[:10])]
    assert inside.bodies() == texts(FORTY[:10])
    assert "two facts claim seq 4" in inside.tasks("fork")[0]["about"]
    assert inside.view.boxes(inside.now_ms)[0]["forks"] == 1


def test_a_second_fact_for_a_place_that_still_waits_is_a_fork_too(inside: Inside) -> None:
    inside.take(batch(FORTY[:2]), batch(FORTY[5:7]))
    inside.take(batch([body(6, data={"by_ms": 999, "source": "rtc"})]))
    assert "two facts claim seq 6" in inside.tasks("fork")[0]["about"]
    inside.take(batch(FORTY[2:5]))
    assert inside.bodies() == texts(FORTY[:6])


def test_what_lies_too_far_ahead_is_left_for_its_box_to_send_again(inside: Inside) -> None:
    far = [body(logs.AHEAD + 2), body(logs.AHEAD + 3)]
    answers = inside.take(batch([FORTY[0], *far]))
    assert inside.receipts(answers) == [head(FORTY[:1])]
    inside.now_ms += 60_000
    assert inside.tasks("gap") == []


def test_a_pos_that_does_not_fit_its_log_is_refused(inside: Inside) -> None:
    inside.take(batch(FORTY[:3]))
    inside.take(batch(FORTY[3:4], shift=5))
    assert inside.bodies() == texts(FORTY[:3])
    assert "stands at 4" in inside.tasks("rejected")[0]["about"]


def test_one_bad_fact_does_not_take_its_neighbours_down(inside: Inside) -> None:
    spoiled = event(FORTY[1]).replace(b'"seq": 2', b'"seq": 3')
    payload = b"[" + b",".join([event(FORTY[0]), spoiled, event(FORTY[2])]) + b"]"
    inside.take(Received(TOPIC, payload))
    assert inside.bodies() == texts(FORTY[:1])
    assert inside.receipts(inside.take(batch(FORTY[1:2]))) == [head(FORTY[:3])]
