"""A box whose clock is wrong, set, stepped, late or beyond 2038: what was recorded stays, what is skipped says so, and
no span of time is a wrong one."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import dayexport
from appliance.clock import (
    FakeClock,
    Note,
    Now,
    Trust,
    judge,
    parse_rfc3339,
    read_note,
    rfc3339,
    rtc_trust,
    system_clock,
)
from appliance.domain import reports
from appliance.domain.admission import UNDO_S
from appliance.domain.events import Event
from appliance.domain.timeline import Step, Timeline
from appliance.errors import Problem
from appliance.files.tickets import code, event_key
from appliance.journal.read import Reader
from appliance.journal.verify import verify
from appliance.private.secrets import SESSION_S, Secrets
from appliance.projections import books, events, kpis, turnover
from appliance.projections.runner import Projector, dump
from tests.conftest import EngineBox
from tests.independent import check

COFFEE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 500}]}
COINS = {"100": 100}
NEVER = "1970-01-01T00:01:00.000Z"
TODAY = "2026-11-23T18:00:00.000Z"
YEARS_S = (parse_rfc3339(TODAY) - parse_rfc3339(NEVER)) / 1000


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., EngineBox]]:
    """A box on one folder, started again and again."""
    boxes: list[EngineBox] = []

    def one(clock: Any) -> EngineBox:
        if boxes:
            boxes[-1].engine.close()
        boxes.append(EngineBox(tmp_path / "data", clock=clock))
        return boxes[-1]

    yield one
    boxes[-1].engine.close()


def ticket(box: EngineBox, event: str, n: int, *, until: str = "2026-11-01T00:00:00Z") -> str:
    """A ticket's code that is good until a time; by default it is over."""
    key = event_key(box.data / "keys", event, create=True)
    ends = parse_rfc3339(until) // 1000
    return code(key, f"{n:024x}", event=event, list_="general", valid_from=None, valid_until=ends)


def facts(box: EngineBox, kind: str = "") -> list[dict[str, Any]]:
    return [fact for body in box.bodies() if kind in ("", (fact := json.loads(body))["kind"])]


def steps(box: EngineBox) -> list[tuple[int, str, bool]]:
    """What is on record of the clock: by how much, trusted how, found at a restart."""
    found = [fact["data"] for fact in facts(box, "clock.stepped/1")]
    return [(one["by_ms"], one["source"], one.get("restarted", False)) for one in found]


def numbers(box: EngineBox) -> dict[str, Any]:
    return kpis.kpis(box.engine.store.db, box.clock())


def sell(box: EngineBox, n: int = 1) -> None:
    for _ in range(n):
        box.do("sale.complete", **COFFEE)


# No clock at boot, then a phone, then the network


def test_without_a_clock_rules_about_time_are_skipped_and_the_verdict_and_the_fact_say_so(start: Any) -> None:
    box = start(FakeClock(NEVER, "none"))
    event = box.open_event()
    said = box.do("ticket.scan", code=ticket(box, event, 1))
    assert (said["verdict"], said["time_checked"]) == ("admitted", False)
    (fact,) = facts(box, "ticket.admitted/1")
    assert (fact["clock"], fact["data"]["time_checked"], fact["at"][:4]) == ("none", False, "1970")


def test_when_a_phone_has_set_it_the_rules_apply_again_until_the_box_restarts(start: Any, run_folder: Path) -> None:
    raw = FakeClock(NEVER, "none")
    clock = Believing(raw, run_folder)
    box = start(clock)
    event = box.open_event()
    (run_folder / "steward").mkdir()
    Note("b0", "phone", raw().offset_ms + round(YEARS_S * 1000)).write(run_folder)
    assert box.do("ticket.scan", code=ticket(box, event, 1))["time_checked"] is False  # noted, and not set yet
    raw.step(YEARS_S)
    said = box.do("ticket.scan", code=ticket(box, event, 2))
    assert (said["verdict"], said["reason"], said["time_checked"]) == ("refused", "expired", True)
    assert steps(box) == [(round(YEARS_S * 1000), "phone", False)]
    assert facts(box)[-1]["clock"] == "phone"
    raw.step(-3600)
    sell(box)
    assert steps(box)[1:] == [(-3_600_000, "none", False)]  # nobody knows who did that
    raw.step(3600)
    raw.reboot("b1")
    sell(box)
    assert facts(box)[-1]["clock"] == "none"


class Believing:
    """A clock that a test moves, trusted as the machine's own is: by what the kernel says and the steward noted."""

    def __init__(self, raw: FakeClock, run: Path) -> None:
        self.raw, self.run = raw, run

    def __call__(self) -> Now:
        return replace(self.raw(), trust=judge(self.raw(), read_note(self.run)))


def test_a_battery_clock_that_says_a_time_before_the_newest_trusted_fact_is_flat(start: Any) -> None:
    clock = FakeClock(TODAY)
    box = start(clock)
    box.open_event()
    clock.reboot("b1")
    clock.step(-26 * 365 * 86_400)
    clock.trust("rtc")
    box = start(clock)
    sell(box)
    assert facts(box)[-1]["clock"] == "none"
    clock.step(26 * 365 * 86_400)
    sell(box)
    assert facts(box)[-1]["clock"] == "rtc"


@pytest.mark.parametrize(
    ("kernel", "note", "trust"),
    [
        ("ntp", None, "ntp"),
        ("ntp", Note("b0", "phone", 0), "ntp"),
        ("rtc", None, "rtc"),
        ("rtc", Note("b0", "", 0, parse_rfc3339("2999-01-01T00:00:00Z")), "none"),
        ("rtc", Note("b9", "", 0, parse_rfc3339("2999-01-01T00:00:00Z")), "rtc"),
        ("none", Note("b0", "phone", parse_rfc3339("2999-01-01T00:00:00Z")), "phone"),
        ("none", Note("b0", "phone", parse_rfc3339("2999-01-01T00:00:00Z") - 1999), "phone"),
        ("none", Note("b0", "phone", parse_rfc3339("2999-01-01T00:00:00Z") - 2000), "none"),
        ("none", Note("b9", "phone", parse_rfc3339("2999-01-01T00:00:00Z")), "none"),
        ("none", Note("b0", "ntp", parse_rfc3339("2999-01-01T00:00:00Z")), "ntp"),
        ("none", Note("b0", "moon", parse_rfc3339("2999-01-01T00:00:00Z")), "none"),
        ("none", None, "none"),
    ],
)
def test_what_the_clock_is_worth(kernel: Any, note: Note | None, trust: str) -> None:
    at = parse_rfc3339("2999-01-01T00:00:00Z") - (1 if note and note.floor_ms else 0)
    assert judge(Now(at, 0, "b0", kernel), note) == trust


def test_a_battery_clock_before_the_programs_own_time_is_flat() -> None:
    assert judge(Now(parse_rfc3339("2000-01-01T00:00:00Z"), 0, "b0", "rtc"), None) == "none"


@pytest.mark.parametrize(
    ("files", "trust"),
    [
        ({}, "none"),
        ({"hctosys": "0", "since_epoch": "1000"}, "none"),
        ({"hctosys": "1", "since_epoch": "1000"}, "rtc"),
        ({"hctosys": "1", "since_epoch": "1060"}, "rtc"),
        ({"hctosys": "1", "since_epoch": "1061"}, "none"),  # something else has moved the wall clock on
        ({"hctosys": "1"}, "none"),
        ({"hctosys": "1", "since_epoch": "x"}, "none"),
    ],
)
def test_a_battery_clock_is_believed_as_long_as_it_shows_what_the_box_does(
    tmp_path: Path, files: dict[str, str], trust: str
) -> None:
    folder = tmp_path / "class/rtc/rtc0"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text + "\n")
    assert rtc_trust(tmp_path, 1_000_000) == trust


@pytest.mark.parametrize("text", ["", "[]", "{}", "x", '{"boot": "b", "source": 1}', '{"b": 1}', "1" * 2000])
def test_a_note_that_is_none_says_nothing(run_folder: Path, text: str) -> None:
    (run_folder / "steward").mkdir()
    (run_folder / "steward/clock").write_text(text)
    assert read_note(run_folder) is None


def test_the_machines_own_clock_believes_the_note_as_soon_as_it_is_there(run_folder: Path) -> None:
    asked: list[int] = []

    def kernel(wall_ms: int) -> Trust:
        asked.append(wall_ms)
        return "none"

    clock = system_clock("auto", run_folder, kernel)
    assert [clock().trust, clock().trust, len(asked)] == ["none", "none", 1]
    (run_folder / "steward").mkdir()
    Note(clock().boot, "phone", clock().offset_ms).write(run_folder)
    assert clock().trust == "phone"
    Note(clock().boot, "phone", clock().offset_ms - 60_000).write(run_folder)
    assert clock().trust == "none"
    assert system_clock("rtc", run_folder)().trust == "rtc"


# Steps


def test_a_step_while_no_recorder_ran_is_on_record_too(start: Any) -> None:
    clock = FakeClock(TODAY)
    box = start(clock)
    box.open_event()
    clock.advance(60)
    box = start(clock)
    sell(box)
    assert steps(box) == []
    clock.step(600)
    box = start(clock)
    sell(box)
    assert steps(box) == [(600_000, "ntp", False)]


def test_a_box_that_comes_up_behind_its_newest_fact_says_so_and_refuses_nothing(start: Any) -> None:
    clock = FakeClock(TODAY)
    box = start(clock)
    box.open_event()
    clock.reboot("b1")
    clock.step(-300)
    clock.trust("none")
    box = start(clock)
    sell(box, 2)
    assert steps(box) == [(-301_000, "none", True)]
    clock.step(4500)
    clock.trust("ntp")
    sell(box)
    assert steps(box)[1:] == [(4_500_000, "ntp", False)]
    clock.reboot("b2")
    clock.step(3600)  # it was off for an hour, and knows the time
    box = start(clock)
    sell(box)
    assert len(steps(box)) == 2
    assert check(box.data) == {1: box.engine.store.size}


def test_a_step_is_told_again_when_the_batch_that_saw_it_came_to_nothing(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock(TODAY)
    box = start(clock)
    box.open_event()
    clock.step(60)
    commit = box.engine.store.commit

    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(box.engine.store, "commit", broken)
    with pytest.raises(RuntimeError):
        box.ask("sale.complete", COFFEE)
    monkeypatch.setattr(box.engine.store, "commit", commit)
    sell(box)
    assert steps(box) == [(60_000, "ntp", False)]


def test_the_network_that_arrives_in_the_middle_of_a_deadline_moves_no_deadline(start: Any) -> None:
    clock = FakeClock(NEVER, "none")
    box = start(clock)
    event = box.open_event()

    def scan(n: int) -> None:
        assert box.do("ticket.scan", code=ticket(box, event, n, until="2030-01-01T00:00:00Z"))["verdict"] == "admitted"

    def undo(n: int) -> str:
        reply = box.ask("admission.undo", {"scan": facts(box, "ticket.admitted/1")[n]["command"]})
        return "" if reply["ok"] else str(reply["refusal"]["slug"])

    scan(1)
    clock.advance(UNDO_S / 2)
    clock.step(YEARS_S)
    clock.trust("ntp")
    clock.advance(UNDO_S / 2)
    assert undo(0) == ""
    scan(2)
    clock.step(-7200)
    clock.advance(UNDO_S + 1)
    assert undo(1) == "too-late"
    scan(3)
    clock.reboot("b1")
    assert undo(2) == "too-late"


@pytest.mark.parametrize("there_and_back", [(YEARS_S, -7200), (-7200, 7200), (3600, -1800)])
def test_steps_back_and_forth_change_no_number_of_the_day(tmp_path: Path, there_and_back: tuple[float, float]) -> None:
    """Against the same evening with a clock that was left alone: order, X, Z, attendance, latency, density."""
    evenings = []
    for stepped in (False, True):
        box = EngineBox(tmp_path / str(stepped), clock=FakeClock(TODAY))
        event = box.open_event()
        for n in range(1, 7):
            box.clock.advance(700)
            box.do("ticket.scan", code=ticket(box, event, n, until="2199-01-01T00:00:00Z"))
            if n > 2:
                sell(box)
            if stepped and n in (3, 5):
                box.clock.step(there_and_back[n // 4])
        db = box.engine.store.db
        (one,) = db.execute("SELECT drawer FROM p_drawer").fetchall()
        box.do("drawer.count", drawer=one["drawer"], coins=COINS)
        z = box.do("drawer.close", drawer=one["drawer"], reason="wrong_change")
        order = [fact["kind"] for fact in facts(box) if fact["kind"] != "clock.stepped/1"]
        money = {name: z[name] for name in ("expected", "counted", "variance", "sales", "tenders", "vat")}
        evenings.append((order, money, numbers(box)))
        before = dump(db)
        Projector(db).rebuild()
        assert dump(db) == before
        assert len(steps(box)) == (2 if stepped else 0)
        assert verify(box.data)["ok"]
        box.engine.close()
    assert evenings[0] == evenings[1]
    assert evenings[1][2]["operational_latency"]["seconds"] == 2100
    assert evenings[1][2]["attention_density"] == {"value": 6, "unit": "attendees/h"}


def test_the_numbers_survive_a_restart_into_a_time_before_the_event(start: Any) -> None:
    clock = FakeClock(TODAY)
    box = start(clock)
    box.open_event()
    clock.advance(600)
    sell(box)
    clock.reboot("b1")
    clock.step(-YEARS_S)
    clock.trust("none")
    box = start(clock)
    clock.advance(60)
    sell(box)
    assert numbers(box)["operational_latency"]["seconds"] == 600
    assert kpis.measure(box.engine.store.db, clock()).seconds_open == 661
    clock.step(YEARS_S + 1800)  # it had been off for half an hour
    clock.trust("ntp")
    sell(box)
    assert numbers(box)["operational_latency"]["seconds"] == 600
    assert kpis.measure(box.engine.store.db, clock()).seconds_open == 600 + 60 + 1800


MOVE = st.tuples(st.sampled_from(("pass", "step")), st.integers(-(10**10), 10**10))


@given(moves=st.lists(MOVE, max_size=40))
def test_within_a_boot_any_two_facts_are_as_far_apart_as_the_monotonic_clock_says(moves: list[tuple[str, int]]) -> None:
    mono, offset, seen, made = 0, 0, [(1, 0, 0)], []
    for pos, (what, by) in enumerate(moves, 2):
        if what == "pass":
            mono += abs(by)
        else:
            offset += by
            made.append(Step(pos, by, restarted=False, trusted=True))
        seen.append((pos, mono, mono + offset))
    times = Timeline(made, trusted=True)
    told = [times.wall_ms(pos, wall) - at for pos, at, wall in seen]
    assert set(told) == {offset}


# Beyond 2038


@pytest.mark.parametrize("at", ["2038-01-19T03:14:05.000Z", "2106-02-07T06:28:13.000Z"])
def test_the_seconds_that_do_not_fit_any_more_are_like_all_others(start: Any, tmp_path: Path, at: str) -> None:
    clock = FakeClock(at)
    box = start(clock)
    event = box.open_event()
    over, good = (rfc3339(parse_rfc3339(at) + ms) for ms in (-1000, 86_400_000))
    with closing(Secrets(box.data, clock)) as secrets:
        secrets.add("Ada", "lead", "123456")
        cookie = secrets.login("123456", None, "10.77.0.20").cookie
        for n in range(8):
            sell(box)
            said = box.do("ticket.scan", code=ticket(box, event, 2 * n, until=good))
            assert (said["verdict"], said["time_checked"]) == ("admitted", True)
            assert box.do("ticket.scan", code=ticket(box, event, 2 * n + 1, until=over))["reason"] == "expired"
            assert secrets.session(cookie) is not None
            clock.advance(1)
        clock.advance(SESSION_S)
        assert secrets.session(cookie) is None
    times = [fact["at"] for fact in facts(box)]
    assert times == sorted(times)
    assert times[-1][:4] in ("2038", "2106")
    box.do("checkpoint.request")
    before = dump(box.engine.store.db)
    Projector(box.engine.store.db).rebuild()
    assert dump(box.engine.store.db) == before
    assert check(box.data) == {1: box.engine.store.size}
    assert numbers(box)["sales"]["count"] == 8


# Daylight saving


@pytest.mark.parametrize(
    ("begin", "hours"),
    [
        ("2026-10-25T00:30:00.000Z", ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]),
        ("2027-03-28T00:30:00.000Z", ["2027-03-28T01:00:00+01:00", "2027-03-28T03:00:00+02:00"]),
    ],
)
def test_the_night_in_which_an_hour_comes_twice_or_not_at_all_is_one_day_of_money(
    start: Any, begin: str, hours: list[str]
) -> None:
    clock = FakeClock(begin)
    box = start(clock)
    name = box.open_event()
    sell(box, 2)
    clock.advance(3600)
    sell(box, 3)
    db = box.engine.store.db
    (one,) = db.execute("SELECT drawer FROM p_drawer").fetchall()
    box.do("drawer.count", drawer=one["drawer"], coins=COINS)
    box.do("drawer.close", drawer=one["drawer"], reason="wrong_change")
    report = turnover_by_hour(box, name)
    assert [(row["hour"], row["gross"]) for row in report] == [(hours[0], 700), (hours[1], 1050)]
    event = events.get(db, name)
    assert isinstance(event, Event)
    day = date.fromisoformat(hours[0][:10])
    with closing(Reader(box.data)) as reader:
        own = [json.loads(line)["kind"] for line in dayexport.stored(reader, event, day)]
        assert own.count("sale.completed/1") == 5
        assert len(books.zs(db, name)) == 1
        assert dayexport.archive_of(reader, event, "box-7", day) == dayexport.archive_of(reader, event, "box-7", day)
    assert numbers(box)["operational_latency"]["seconds"] == 0
    assert steps(box) == []  # what the wall of the room shows is no step of the clock


def turnover_by_hour(box: EngineBox, event: str) -> list[dict[str, Any]]:
    sums = turnover.sums(box.engine.store.db, event)
    return list(reports.report("hour", sums, "Europe/Berlin")["rows"])


# Who is signed in, who is locked out


def test_the_first_time_from_the_network_ends_no_sign_in_and_no_lock_and_makes_none_endless(tmp_path: Path) -> None:
    clock = FakeClock(NEVER, "none")
    with closing(Secrets(tmp_path, clock)) as secrets:
        secrets.add("Ada", "lead", "123456")
        cookie = secrets.login("123456", None, "10.77.0.20").cookie
        code_ = secrets.pairings.new_code("Bar", "s1")
        waits = []
        for step in (0.0, YEARS_S, -YEARS_S):
            clock.step(step)
            while True:
                try:
                    secrets.login("999999", None, "10.77.0.21")
                except Problem as problem:
                    if problem.slug == "throttled":
                        waits.append(problem.extra["retry_after"])
                        break
            clock.advance(waits[-1] + 1)
        assert waits == sorted(waits)
        assert waits[-1] <= 120
        clock.step(YEARS_S)
        assert secrets.session(cookie) is not None
        assert secrets.pairings.pair(code_, "form", "10.77.0.22")
        clock.advance(SESSION_S)
        assert secrets.session(cookie) is None
