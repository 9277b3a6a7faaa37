"""When facts happened whose box had no clock: the truth lies within the bounds, and no such time decides who was first.

Boxes are simulated: they restart, their monotonic clocks run up to 100 ppm wrong, their wall clocks say anything until
the network, a phone or a battery sets them to within a second, and central hears of it sooner or later.
"""

import json
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.central import boots
from appliance.central.places import Box
from appliance.central.retiming import Boot, origins
from appliance.clock import parse_rfc3339, rfc3339
from appliance.journal import notes
from tests.central.bodies import SEED, batch, body
from tests.central.conftest import NOW_MS, Inside
from tests.central.test_doors import lists, moved

BEGIN_MS = NOW_MS - 20 * 86_400_000
HOUR_MS = 3_600_000
_boxes = count(100)


@dataclass(frozen=True)
class Told:
    """A fact: when it truly was, and what the box says of it."""

    true_ms: int
    boot: str
    mono: int
    at_ms: int
    clock: str


@st.composite
def lives(draw: st.DrawFn) -> list[Told]:
    """The facts of a box, over a few starts of it."""
    facts: list[Told] = []
    now = BEGIN_MS
    for boot in range(draw(st.integers(1, 4))):
        now += draw(st.integers(1, 40 * HOUR_MS))
        start, ppm = now, draw(st.integers(-100, 100))
        wrong = draw(st.integers(-BEGIN_MS, 10**12))  # what the wall clock is off by, until it is set
        clock = draw(st.sampled_from(("none", "none", "none", "ntp", "rtc")))
        for _ in range(draw(st.integers(1, 5))):
            now += draw(st.integers(0, 8 * HOUR_MS))
            if draw(st.integers(0, 3)) == 0:
                clock = draw(st.sampled_from(("ntp", "phone", "none")))
                wrong = draw(st.integers(-BEGIN_MS, 10**12))
            off = wrong if clock == "none" else draw(st.integers(-900, 900))
            mono = (now - start) * 1000 * (1_000_000 + ppm) // 1_000_000
            facts.append(Told(now, f"boot{boot}", mono, max(0, now + off), clock))
    return facts


def deliver(inside: Inside, facts: list[Told], heard: list[tuple[int, int]]) -> str:
    """Give them to central: so many at a time, so much later. The box's name."""
    name = f"box-{next(_boxes)}"
    inside.keyring.enrol(Box("cell", name), notes.Signer(f"boothkit/{name}/1", SEED).verifier.vkey())
    bodies = [
        body(seq, box=name, id=f"{name}-{seq}.0", at=rfc3339(f.at_ms), boot=f.boot, mono=f.mono, clock=f.clock)
        for seq, f in enumerate(facts, 1)
    ]
    sent, inside.now_ms = 0, 0
    for many, later in [*heard, (len(facts), 0)]:
        if some := bodies[sent : sent + many]:
            sent += len(some)
            inside.now_ms = max(inside.now_ms, facts[sent - 1].true_ms + later)
            inside.take(batch(some, topic=f"boothkit/1/cell/{name}/facts"))
    return name


@given(
    facts=lives(),
    heard=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 30 * HOUR_MS)), max_size=4),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_truth_lies_within_the_bounds_and_order_and_distances_hold(
    inside: Inside, facts: list[Told], heard: list[tuple[int, int]]
) -> None:
    name = deliver(inside, facts, heard)
    rows = list(inside.view.times("cell", name))
    untimed = [(seq, fact) for seq, fact in enumerate(facts, 1) if fact.clock == "none"]
    assert [row["seq"] for row in rows] == [seq for seq, _ in untimed]
    timed = {fact.boot for fact in facts if fact.clock != "none"}
    received = {
        row["seq"]: row["received_ms"]
        for row in inside.store.db.rows("SELECT seq, received_ms FROM v_facts WHERE box = ?", (name,))
    }
    for row, (seq, fact) in zip(rows, untimed, strict=True):
        early = 0 if row["earliest"] is None else parse_rfc3339(row["earliest"])
        estimate, late = parse_rfc3339(row["estimate"]), parse_rfc3339(row["latest"])
        assert early <= fact.true_ms <= late
        assert early <= estimate <= late <= received[seq]
        assert (row["how"] == "same boot") is (fact.boot in timed)
        assert (row["how"] == "open") is (row["earliest"] is None)
        assert row["at"] == rfc3339(fact.at_ms)
        if row["how"] == "same boot":
            span_ms = max(one.mono for one in facts if one.boot == fact.boot) // 1000
            assert late - early <= 2 * (900 + 1000 + span_ms // 5000 + 10)
    for (before, (_, a)), (after, (_, b)) in pairwise(zip(rows, untimed, strict=True)):
        if a.boot == b.boot:
            apart = parse_rfc3339(after["estimate"]) - parse_rfc3339(before["estimate"])
            assert apart == b.mono // 1000 - a.mono // 1000


@given(facts=lives(), order=st.randoms(use_true_random=False))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_comes_first_the_times_end_the_same(inside: Inside, facts: list[Told], order: Any) -> None:
    names = []
    for shuffled in (False, True):
        name = f"box-{next(_boxes)}"
        inside.keyring.enrol(Box("cell", name), notes.Signer(f"boothkit/{name}/1", SEED).verifier.vkey())
        messages = [
            batch(
                [body(*(seq,), box=name, id=f"c{seq}", at=rfc3339(f.at_ms), boot=f.boot, mono=f.mono, clock=f.clock)],
                topic=f"boothkit/1/cell/{name}/facts",
            )
            for seq, f in enumerate(facts, 1)
        ]
        if shuffled:
            order.shuffle(messages)
        inside.now_ms = facts[-1].true_ms
        for message in [*messages, messages[0]]:
            inside.take(message)
        names.append(name)
    assert list(inside.view.times("cell", names[0])) == list(inside.view.times("cell", names[1]))


def told(inside: Inside, *facts: Told) -> list[dict[str, Any]]:
    return list(inside.view.times("cell", deliver(inside, list(facts), [(1, 0)] * len(facts))))


def test_each_way_of_knowing_is_named(inside: Inside) -> None:
    begin, hour = BEGIN_MS, HOUR_MS
    (first,) = told(inside, Told(begin, "b1", 5_000_000, 60_000, "none"))
    assert (first["how"], first["earliest"], first["latest"]) == ("open", None, rfc3339(begin))
    assert first["estimate"] == rfc3339(begin)
    rows = told(
        inside,
        Told(begin, "b1", 5_000_000, 60_000, "none"),
        Told(begin + hour, "b1", 5_000_000 + hour * 1000, begin + hour, "ntp"),
        Told(begin + 4 * hour, "b2", 5_000_000, 60_000, "none"),
        Told(begin + 6 * hour, "b3", 5_000_000, begin + 6 * hour, "phone"),
        Told(begin + 8 * hour, "b4", 5_000_000, 60_000, "none"),
    )
    assert [row["how"] for row in rows] == ["same boot", "received", "received"]
    assert rows[0]["estimate"] == rfc3339(begin)
    late = [
        Told(begin, "b1", 5_000_000, begin, "ntp"),
        Told(begin + 3 * hour, "b2", 5_000_000, 60_000, "none"),
        Told(begin + 6 * hour, "b3", 5_000_000, begin + 6 * hour, "ntp"),
    ]
    (row,) = inside.view.times("cell", deliver(inside, late, [(3, 90 * hour)]))
    assert row["how"] == "between boots"
    assert abs(parse_rfc3339(row["estimate"]) - (begin + 3 * hour)) < 10_000
    assert parse_rfc3339(row["earliest"]) <= begin + 5000
    assert parse_rfc3339(row["latest"]) >= begin + 6 * hour - 5000


def test_times_are_served_for_scripts_and_a_box_that_is_not_there_is_not(inside: Inside) -> None:
    from web.central.app import create_app

    name = deliver(inside, [Told(BEGIN_MS, "b1", 1000, 60_000, "none")], [])
    client = create_app(inside.view, lambda: inside.now_ms).test_client()
    answer = client.get(f"/api/v1/boxes/cell/{name}/times")
    assert answer.mimetype == "application/x-ndjson"
    (row,) = map(json.loads, answer.text.splitlines())
    assert list(row) == ["id", "log", "seq", "at", "estimate", "earliest", "latest", "how"]
    assert (row["log"], row["seq"], row["at"]) == (1, 1, "1970-01-01T00:01:00.000Z")
    assert client.get("/api/v1/boxes/cell/nobody/times").status_code == 404


@pytest.mark.parametrize("mono", [-1, 2**53 - 1])
@pytest.mark.parametrize("at", ["", "9999-12-31T23:59:59.999Z", "never", "2026-11-23T18:00:00+99:00"])
def test_a_box_that_tells_nonsense_gets_an_answer(inside: Inside, mono: int, at: str) -> None:
    name = f"box-{next(_boxes)}"
    inside.keyring.enrol(Box("cell", name), notes.Signer(f"boothkit/{name}/1", SEED).verifier.vkey())
    many = [body(s, box=name, id=f"c{s}", at=at, boot="b" * 90, mono=mono if s > 1 else 9, clock="x") for s in (1, 2)]
    inside.take(batch(many, topic=f"boothkit/1/cell/{name}/facts"))
    assert [row["seq"] for row in inside.view.times("cell", name)] == [1, 2]


# Where another past is beside it


def boot(name: str, first: int, last: int, *, at: int | None = None, log: int = 1, span: int = 1000) -> Boot:
    offsets = {} if at is None else {"ntp": (at, at)}
    return Boot(name, (log, first), (log, last), span, 10**13, offsets)


def test_a_boot_with_another_past_beside_it_bounds_none_that_comes_behind_it() -> None:
    found = origins([boot("a", 1, 9, at=1000_000), boot("b", 10, 20, at=9000_000), boot("c", 21, 30)], {"b"})
    low = found["c"].low_ms
    assert low is not None
    assert low < 1_010_000
    overlapping = origins([boot("a", 1, 9, at=1000_000), boot("b", 10, 20), boot("c", 12, 30, at=2000_000)])
    assert overlapping["c"].how == "same boot"
    assert overlapping["b"].how == "received"


def test_a_log_that_the_next_one_does_not_follow_to_its_end_holds_it_up_no_longer_than_that() -> None:
    rows = [{"log": 1, "boot": "lost", "last_seq": 20}, {"log": 2, "boot": "own", "last_seq": 3}]
    assert boots._loose(rows, {1: 12}) == {"lost"}
    assert boots._loose(rows, {1: 20}) == set()


# Doors


def scans(box: str, *facts: tuple[int, str, str, tuple[int, str, dict[str, Any]]]) -> Any:
    """Facts of a box: (true second of the evening, what its clock says, its trust, what happened); one boot."""
    bodies = [
        body(
            seq, kind, data, box=box, id=f"{box}-{seq}.0", at=at, boot=f"{box}-boot", mono=true * 1_000_000, clock=clock
        )
        for seq, (true, at, clock, (_, kind, data)) in enumerate(facts, 1)
    ]
    return batch(bodies, topic=f"boothkit/1/cell/{box}/facts")


def test_a_time_without_a_clock_does_not_decide_who_was_first(inside: Inside) -> None:
    for box in ("box-7", "box-8"):
        inside.keyring.enrol(Box("cell", box), notes.Signer(f"boothkit/{box}/1", SEED).verifier.vkey())
    evening = parse_rfc3339("2026-11-23T18:00:00Z")
    right = [rfc3339(evening + second * 1000) for second in range(200)]
    inside.now_ms = evening + 300_000
    inside.take(scans("box-8", (60, right[60], "ntp", moved(0, "t1"))))
    # In 1970, it says, and truly half a minute later.
    wrong = (90, "1970-01-01T00:01:30.000Z", "none", moved(0, "t1"))
    inside.take(scans("box-7", (1, right[1], "none", lists("single")), wrong))
    (task,) = inside.tasks("double admission")
    assert (
        "went in at cell/box-8 (door) at 2026-11-23T18:01:00.000Z, and at cell/box-7 (door) at about" in task["about"]
    )
    assert "its clock was not set" in task["about"]
    # Its clock is set: half a minute later, as it was.
    out = (100, right[100], "ntp", moved(0, "t1", "exited"))
    inside.take(scans("box-7", (1, right[1], "none", lists("single")), wrong, out))
    (task,) = inside.tasks("double admission")
    assert "at about 2026-11-23T18:01:30.000Z" in task["about"]
    (row,) = inside.store.db.rows("SELECT first_box, first_estimate_ms, box, estimate_ms FROM v_double_admissions")
    assert row == {"first_box": "box-8", "first_estimate_ms": None, "box": "box-7", "estimate_ms": evening + 90_000}
    hours = inside.store.db.rows("SELECT hour, sum(admitted) AS n FROM v_door GROUP BY hour ORDER BY hour")
    assert [(one["hour"], one["n"]) for one in hours] == [("", 1), ("2026-11-23T18:00:00Z", 1)]


def test_an_exit_without_a_clock_between_two_entries_is_seen_between_them(inside: Inside) -> None:
    for box in ("box-7", "box-8"):
        inside.keyring.enrol(Box("cell", box), notes.Signer(f"boothkit/{box}/1", SEED).verifier.vkey())
    evening = parse_rfc3339("2026-11-23T18:00:00Z")
    right = [rfc3339(evening + second * 1000) for second in range(200)]
    inside.now_ms = evening + 300_000
    inside.take(scans("box-8", (1, right[1], "ntp", lists("single")), (120, right[120], "ntp", moved(0, "t1"))))
    inside.take(
        scans(
            "box-7",
            (30, "1970-01-01T00:00:30.000Z", "none", moved(0, "t1")),
            (60, "1970-01-01T00:01:00.000Z", "none", moved(0, "t1", "exited")),
            (70, right[70], "ntp", moved(0, "t2")),
        )
    )
    assert inside.tasks("double admission") == []
