import json

from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import LinkLost
from drivers.life import FIRST_DELAY, HEALTHY_AFTER, LONGEST_DELAY, Life

GONE = LinkLost("serial /dev/x: no such file")


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def state(life: Life) -> str:
    return life.state


def pause_after_loss(life: Life, clock: Clock) -> float:
    life.trying()
    life.lost(GONE)
    pause = life.wait(connected=False)
    clock.at += pause
    assert life.due()
    return pause


def test_the_first_try_is_due_at_once() -> None:
    assert Life(Clock()).due()


def test_tries_are_half_a_second_then_twice_as_far_apart_up_to_thirty() -> None:
    clock = Clock()
    life = Life(clock, random=lambda: 0.5)
    assert [pause_after_loss(life, clock) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert life.counters["attempts"] == 8


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20))
def test_the_pause_stays_within_a_fifth_of_its_length(chances: list[float]) -> None:
    clock = Clock()
    rest = list(chances)
    life = Life(clock, random=lambda: rest.pop(0))
    length = FIRST_DELAY
    for _ in chances:
        pause = pause_after_loss(life, clock)
        assert 0.8 * length - 1e-6 <= pause <= 1.2 * length + 1e-6
        length = min(2 * length, LONGEST_DELAY)


def test_half_a_minute_of_health_forgets_the_failures_before() -> None:
    clock = Clock()
    life = Life(clock, random=lambda: 0.5)
    for _ in range(5):
        pause_after_loss(life, clock)
    life.opened()
    life.ok()
    clock.at += HEALTHY_AFTER - 1
    life.ok()
    assert pause_after_loss(life, clock) == 16
    life.opened()
    life.ok()
    clock.at += HEALTHY_AFTER
    life.ok()
    assert pause_after_loss(life, clock) == FIRST_DELAY


def test_a_device_that_is_plugged_in_is_tried_at_once() -> None:
    clock = Clock()
    there = False
    life = Life(clock, random=lambda: 0.5, present=lambda: there)
    for _ in range(9):
        life.lost(GONE)
    assert not life.due()
    assert life.wait(connected=False) <= 0.5
    there = True
    assert life.due()


def test_a_path_that_is_there_but_cannot_be_opened_needs_a_person() -> None:
    there = True
    life = Life(Clock(), present=lambda: there)
    life.lost(GONE)
    assert state(life) == "fault"
    there = False
    life.lost(GONE)
    assert state(life) == "absent"


def test_a_connection_that_breaks_is_absent_even_while_the_path_lingers() -> None:
    life = Life(Clock(), present=lambda: True)
    life.opened()
    life.lost(GONE)
    assert state(life) == "absent"


def test_a_retry_that_fails_again_is_no_news() -> None:
    clock = Clock()
    life = Life(clock)
    life.lost(GONE)
    clock.at += 60
    life.trying()
    life.lost(GONE)
    assert (life.state, life.since) == ("absent", 1000.0)


def test_a_silent_device_is_degraded_and_recovers_with_its_next_word() -> None:
    clock = Clock()
    life = Life(clock, stale_after=5.0)
    life.opened()
    assert state(life) == "connecting"
    life.ok()
    clock.at += 4.9
    life.watch()
    assert state(life) == "online"
    assert 0 < life.wait(connected=True) <= 0.2
    clock.at += 0.2
    life.watch()
    assert state(life) == "degraded"
    assert "5 s" in life.reason
    assert life.remedy
    assert life.wait(connected=True) > 1
    life.ok()
    assert (life.state, life.last_ok) == ("online", clock.at)
    assert life.counters["stale"] == 1


def test_proof_of_life_does_not_clear_what_the_model_found_wrong() -> None:
    life = Life(Clock(), stale_after=5.0)
    life.opened()
    life.ok()
    life.set("fault", "no paper", "Load a roll.")
    life.ok()
    assert state(life) == "fault"


def test_the_snapshot_is_json_with_state_reason_since_and_counters() -> None:
    clock = Clock()
    life = Life(clock)
    life.trying()
    life.lost(GONE)
    board = json.loads(json.dumps(life.snapshot()))
    assert board == {
        "state": "absent",
        "reason": "serial /dev/x: no such file",
        "remedy": GONE.remedy,
        "since": 1000.0,
        "last_ok": None,
        "counters": {"attempts": 1},
    }
