"""Codes for devices: how long, how often, for whom."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.clock import FakeClock
from appliance.errors import Problem
from appliance.private.pairing import CODE_S, MOST, Pairings
from appliance.private.secrets import Secrets

HERE = "10.77.0.20"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pairings(tmp_path: Path, clock: FakeClock) -> Iterator[Pairings]:
    opened = Secrets(tmp_path, clock)
    yield opened.pairings
    opened.close()


def slug(pairings: Pairings, code: str, form: str = "form", address: str = HERE) -> str:
    try:
        pairings.pair(code, form, address)
    except Problem as problem:
        return problem.slug
    return "ok"


def test_a_code_has_fifty_bits_and_is_read_as_people_read(pairings: Pairings) -> None:
    codes = {pairings.new_code("Tablet", "s1") for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 11 and code[5] == "-" and not set(code) & set("ILOU") for code in codes)
    code = codes.pop()
    typed = code.lower().replace("-", "").replace("0", "o").replace("1", "l")
    assert slug(pairings, f" {typed} ") == "ok"
    assert [device.name for device in pairings.devices()] == ["Tablet"]


def test_a_code_is_good_for_ten_minutes_of_this_boot_whatever_the_wall_clock_does(
    pairings: Pairings, clock: FakeClock
) -> None:
    first, second, third = (pairings.new_code("Tablet", "s1") for _ in range(3))
    clock.step(365 * 86_400)
    clock.advance(CODE_S - 1)
    assert slug(pairings, first) == "ok"
    clock.advance(1)
    assert slug(pairings, second) == "wrong-code"
    assert slug(pairings, third) == "wrong-code"
    last = pairings.new_code("Tablet", "s1")
    clock.reboot("b1")
    assert slug(pairings, last) == "wrong-code"


def test_the_same_form_twice_is_one_device_and_the_last_cookie_counts(pairings: Pairings) -> None:
    code = pairings.new_code("Tablet", "s1")
    first, second = pairings.pair(code, "form", HERE), pairings.pair(code, "form", HERE)
    assert pairings.device(first) is None
    device = pairings.device(second)
    assert device is not None
    assert pairings.devices() == [device]
    assert slug(pairings, code, "another form") == "wrong-code"
    assert pairings.device(second) == device


def test_an_unpaired_device_does_not_come_back_by_its_old_form(pairings: Pairings) -> None:
    code = pairings.new_code("Tablet", "s1")
    cookie = pairings.pair(code, "form", HERE)
    device = pairings.device(cookie)
    assert device is not None
    for _ in range(2):
        pairings.unpair(device.id)
    assert pairings.device(cookie) is None
    assert slug(pairings, code) == "wrong-code"


def test_guesses_are_counted_by_address_and_a_right_code_forgives_them(pairings: Pairings, clock: FakeClock) -> None:
    code, later = pairings.new_code("Tablet", "s1"), pairings.new_code("Tablet", "s1")
    assert [slug(pairings, "0" * 10) for _ in range(4)] == ["wrong-code"] * 4
    assert slug(pairings, code) == "ok"
    assert [slug(pairings, "0" * 10) for _ in range(5)] == ["wrong-code"] * 4 + ["throttled"]
    assert slug(pairings, later) == "throttled"
    assert slug(pairings, later, address="10.77.0.21") == "ok"
    clock.advance(30)
    assert slug(pairings, "0" * 10) == "throttled"
    clock.advance(31)
    assert slug(pairings, pairings.new_code("Tablet", "s1")) == "throttled"
    clock.advance(31)
    assert slug(pairings, pairings.new_code("Tablet", "s1")) == "ok"


def test_guessing_a_code_locks_no_pin(tmp_path: Path, clock: FakeClock) -> None:
    with closing(Secrets(tmp_path, clock)) as secrets:
        secrets.add("Ada", "lead", "123456")
        for _ in range(9):
            slug(secrets.pairings, "0" * 10)
        assert secrets.login("123456", None, HERE).staff.name == "Ada"


def test_devices_are_bounded(pairings: Pairings) -> None:
    for _ in range(MOST):
        pairings.pair(pairings.new_code("Tablet", "s1"), "form", HERE)
    with pytest.raises(Problem) as caught:
        pairings.new_code("Tablet", "s1")
    assert caught.value.slug == "too-many-devices"
    pairings.unpair(pairings.devices()[0].id)
    assert slug(pairings, pairings.new_code("Tablet", "s1")) == "ok"


def test_the_file_holds_hashes_and_one_from_before_gets_the_tables(tmp_path: Path, clock: FakeClock) -> None:
    Secrets(tmp_path, clock).close()
    with closing(sqlite3.connect(tmp_path / "secrets.db")) as db:
        db.executescript("DROP TABLE pairing; DROP TABLE paired;")
    with closing(Secrets(tmp_path, clock)) as secrets:
        code = secrets.pairings.new_code("Tablet", "s1")
        cookie = secrets.pairings.pair(code, "the-form", HERE)
    content = (tmp_path / "secrets.db").read_bytes()
    assert b"Tablet" in content
    for secret in (code, code.replace("-", ""), cookie, "the-form"):
        assert secret.encode() not in content
    with closing(Secrets(tmp_path, clock)) as again:
        assert again.pairings.device(cookie) is not None
