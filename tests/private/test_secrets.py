"""Who may sign in, and how often one may guess."""

import hashlib
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.clock import FakeClock
from appliance.errors import Problem
from appliance.private.secrets import SESSION_S, Grant, Secrets

HERE = "10.77.0.20"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def secrets(tmp_path: Path, clock: FakeClock) -> Iterator[Secrets]:
    opened = Secrets(tmp_path, clock)
    opened.add("Ada", "lead", "123456")
    opened.add("Ben", "cashier", "222222")
    yield opened
    opened.close()


def slug_of(secrets: Secrets, pin: str, device: str | None = None, address: str = HERE) -> str:
    """How a sign-in ends: ``ok`` or the problem's slug."""
    try:
        secrets.login(pin, device, address)
    except Problem as problem:
        return problem.slug
    return "ok"


def known_device(secrets: Secrets) -> str:
    """A browser that has signed in once."""
    device = secrets.login("123456", None, HERE).device
    assert device is not None
    return device


def retry_after(secrets: Secrets, pin: str, device: str | None = None) -> int:
    with pytest.raises(Problem) as caught:
        secrets.login(pin, device, HERE)
    assert caught.value.slug == "throttled"
    seconds: int = caught.value.extra["retry_after"]
    return seconds


def test_a_pin_names_its_person(secrets: Secrets) -> None:
    assert secrets.login("222222", None, HERE).staff.name == "Ben"
    assert secrets.login("123456", None, HERE).staff.role == "lead"


def test_a_cookie_is_its_person_until_they_lock_the_screen(secrets: Secrets) -> None:
    grant = secrets.login("222222", None, HERE)
    signed = secrets.session(grant.cookie)
    assert signed is not None
    assert (signed.staff, signed.csrf) == (grant.staff, grant.csrf)
    secrets.logout(grant.cookie)
    assert secrets.session(grant.cookie) is None


def test_no_two_people_have_one_pin_and_nobody_learns_whose_it_is(secrets: Secrets) -> None:
    with pytest.raises(ValueError, match="cannot be given") as caught:
        secrets.add("Cleo", "door", "222222")
    assert "Ben" not in str(caught.value)
    assert [staff.name for staff in secrets.staff()] == ["Ada", "Ben"]


def test_a_drawn_pin_has_six_digits_and_signs_in(secrets: Secrets) -> None:
    staff, pin = secrets.add("Cleo", "door")
    assert len(pin) == 6
    assert pin.isdecimal()
    assert secrets.login(pin, None, HERE).staff == staff


@pytest.mark.parametrize("pin", ["123", "123456789", "12a456", "", "١٢٣٤", "1234 "])
def test_a_pin_has_four_to_eight_plain_digits(secrets: Secrets, pin: str) -> None:
    with pytest.raises(ValueError, match="4 to 8 digits"):
        secrets.add("Cleo", "door", pin)


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\nb", "Ada", " Ada "])
def test_a_name_is_there_once_and_can_be_printed(secrets: Secrets, name: str) -> None:
    with pytest.raises(ValueError, match=r"1 to 40 printable|is there already"):
        secrets.add(name, "door", "333333")


def test_the_file_holds_no_pin_no_token_no_cookie(secrets: Secrets, tmp_path: Path) -> None:
    staff, pin = secrets.add("Cleo", "door", "84736251")
    token = secrets.issue_token(staff)
    grant = secrets.login(pin, None, HERE)
    stored = (tmp_path / "secrets.db").read_bytes()
    assert grant.device is not None
    for secret in (pin, token, grant.cookie, grant.device):
        assert secret.encode() not in stored
    assert stat.S_IMODE((tmp_path / "secrets.db").stat().st_mode) == 0o600


def test_a_token_is_its_person_without_a_csrf_token(secrets: Secrets) -> None:
    ben = secrets.staff()[1]
    signed = secrets.bearer(secrets.issue_token(ben))
    assert signed is not None
    assert (signed.staff, signed.csrf) == (ben, None)
    assert secrets.bearer("bkt_made-up") is None


def test_removing_somebody_ends_their_pin_tokens_and_sign_ins_at_once(secrets: Secrets) -> None:
    grant = secrets.login("222222", None, HERE)
    token = secrets.issue_token(grant.staff)
    assert secrets.remove("Ben") == grant.staff
    assert secrets.session(grant.cookie) is None
    assert secrets.bearer(token) is None
    assert slug_of(secrets, "222222") == "wrong-pin"
    assert secrets.remove("Ben") is None


def test_from_the_fifth_wrong_pin_on_a_device_waits_twice_as_long_each_time(secrets: Secrets, clock: FakeClock) -> None:
    assert [slug_of(secrets, "999999") for _ in range(4)] == ["wrong-pin"] * 4
    for seconds in (30, 60, 120, 240):
        assert retry_after(secrets, "999999") == seconds
        clock.advance(seconds)


def test_a_right_pin_waits_too_and_then_signs_in(secrets: Secrets, clock: FakeClock) -> None:
    for _ in range(5):
        slug_of(secrets, "999999")
    clock.advance(29)
    assert retry_after(secrets, "123456") == 1
    clock.advance(1)
    assert slug_of(secrets, "123456") == "ok"
    assert slug_of(secrets, "999999") == "wrong-pin"


def test_one_device_that_waits_does_not_stop_another(secrets: Secrets) -> None:
    for _ in range(5):
        slug_of(secrets, "999999", "tablet-1")
    assert slug_of(secrets, "123456", "tablet-1") == "throttled"
    assert slug_of(secrets, "123456", "tablet-2") == "ok"
    assert slug_of(secrets, "123456", None, "10.77.0.21") == "ok"


def test_a_lock_survives_a_restart_of_the_till(secrets: Secrets, tmp_path: Path, clock: FakeClock) -> None:
    for _ in range(5):
        slug_of(secrets, "999999")
    secrets.close()
    again = Secrets(tmp_path, clock)
    assert slug_of(again, "123456") == "throttled"
    again.close()


def test_after_a_reboot_a_lock_runs_from_the_boot_whatever_the_wall_clock_says(
    secrets: Secrets, clock: FakeClock
) -> None:
    for _ in range(6):
        slug_of(secrets, "999999")
        clock.advance(30)
    slug_of(secrets, "999999")  # 120 s from now
    clock.reboot("b1")
    clock.step(-400_000)
    assert retry_after(secrets, "123456") <= 120
    clock.advance(120)
    assert slug_of(secrets, "123456") == "ok"


def test_made_up_device_cookies_buy_no_more_guesses(secrets: Secrets) -> None:
    tries = [slug_of(secrets, "999999", f"made-up-{number}") for number in range(25)]
    assert tries.count("wrong-pin") == 19
    assert tries[-1] == "throttled"


def test_ones_own_pin_in_between_buys_no_more_guesses(secrets: Secrets) -> None:
    device = known_device(secrets)
    wrong = 0
    for _ in range(7):
        wrong += [slug_of(secrets, "999999", device) for _ in range(4)].count("wrong-pin")
        slug_of(secrets, "222222", device)
    assert wrong == 19


def test_strangers_at_the_same_address_cannot_lock_a_known_till_out(secrets: Secrets) -> None:
    device = known_device(secrets)
    for number in range(30):
        slug_of(secrets, "999999", f"made-up-{number}")
    assert slug_of(secrets, "123456", "made-up-1") == "throttled"
    assert slug_of(secrets, "123456", device) == "ok"


def test_wrong_pins_are_forgotten_after_an_hour(secrets: Secrets, clock: FakeClock) -> None:
    for _ in range(4):
        slug_of(secrets, "999999")
    clock.advance(3600)
    assert slug_of(secrets, "999999") == "wrong-pin"


def test_guesses_sent_side_by_side_are_counted_one_by_one(secrets: Secrets) -> None:
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(slug_of(secrets, "999999"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) <= {"wrong-pin", "throttled", "busy"}
    assert results.count("wrong-pin") <= 4


def over(secrets: Secrets, grant: Grant) -> bool:
    return secrets.session(grant.cookie) is None


def test_a_sign_in_ends_after_twelve_hours_even_when_somebody_sets_the_clock_back(
    secrets: Secrets, clock: FakeClock
) -> None:
    grant = secrets.login("123456", None, HERE)
    clock.advance(SESSION_S - 1)
    assert not over(secrets, grant)
    clock.step(-5 * 3600)
    clock.advance(1)
    assert over(secrets, grant)


def test_a_sign_in_outlives_a_reboot_but_not_a_clock_that_went_back(secrets: Secrets, clock: FakeClock) -> None:
    grant = secrets.login("123456", None, HERE)
    clock.advance(60)
    clock.reboot("b1")
    assert not over(secrets, grant)
    clock.step(-3600)
    assert over(secrets, grant)


def test_the_next_process_finds_the_same_people(secrets: Secrets, tmp_path: Path, clock: FakeClock) -> None:
    other = Secrets(tmp_path, clock)
    other.add("Cleo", "door", "333333")
    assert secrets.login("333333", None, HERE).staff.name == "Cleo"
    other.close()


anything = st.text(st.characters(codec=None), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pin=anything, device=st.none() | anything, text=anything)
def test_hostile_text_is_nobody(secrets: Secrets, pin: str, device: str | None, text: str) -> None:
    assert slug_of(secrets, pin, device) in ("wrong-pin", "throttled")
    assert secrets.session(text) is None
    assert secrets.bearer(text) is None
    secrets.logout(text)


def approval_of(secrets: Secrets, pin: str = "123456") -> str:
    given = secrets.give_approval(pin, None, HERE, "lead")
    assert given is not None
    return given[0]


def test_an_approval_is_for_the_first_command_that_uses_it_and_for_its_retries(secrets: Secrets) -> None:
    ada = secrets.staff()[0].id
    approval = approval_of(secrets)
    assert [secrets.use_approval(approval, command) for command in ("k1", "k2", "k1")] == [ada, None, ada]
    assert secrets.use_approval(approval[:-1] + "x", "k1") is None
    assert secrets.give_approval("222222", None, HERE, "lead") is None


def test_an_approval_waits_for_twelve_hours_and_a_retry_for_as_long_as_it_takes(
    secrets: Secrets, clock: FakeClock
) -> None:
    used, late = approval_of(secrets), approval_of(secrets)
    clock.advance(SESSION_S - 1)
    assert secrets.use_approval(used, "k1") is not None
    clock.advance(1)
    assert secrets.use_approval(late, "k2") is None
    assert secrets.use_approval(used, "k1") is not None


def test_an_approval_goes_with_the_person_unless_it_is_used(secrets: Secrets) -> None:
    used, waiting = approval_of(secrets), approval_of(secrets)
    ada = secrets.use_approval(used, "k1")
    secrets.remove("Ada")
    assert (secrets.use_approval(used, "k1"), secrets.use_approval(waiting, "k2")) == (ada, None)


def test_guessing_for_an_approval_locks_the_device_as_signing_in_does(secrets: Secrets) -> None:
    for _ in range(4):
        with pytest.raises(Problem, match="wrong-pin"):
            secrets.give_approval("999999", None, HERE, "lead")
    for pin in ("999999", "123456"):
        with pytest.raises(Problem, match="throttled"):
            secrets.give_approval(pin, None, HERE, "lead")
    assert slug_of(secrets, "123456") == "throttled"


def test_nothing_of_an_approval_but_its_hash_is_kept(secrets: Secrets, tmp_path: Path) -> None:
    approval = approval_of(secrets)
    assert len(bytes.fromhex(approval)) == 16
    kept = (tmp_path / "secrets.db").read_bytes()
    assert hashlib.sha256(approval.encode()).digest() in kept
    assert approval.encode() not in kept
    assert bytes.fromhex(approval) not in kept


def test_a_file_of_before_there_were_approvals_is_brought_up_to_date(tmp_path: Path, clock: FakeClock) -> None:
    with closing(Secrets(tmp_path, clock)) as before:
        before.add("Ada", "lead", "123456")
    with closing(sqlite3.connect(tmp_path / "secrets.db", isolation_level=None)) as db:
        db.execute("DROP TABLE approval")
    with closing(Secrets(tmp_path, clock)) as after:
        assert after.use_approval(approval_of(after), "k1") == after.staff()[0].id
