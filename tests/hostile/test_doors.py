"""What guests reach: their own pages, their own commands, and nobody's claim code."""

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.domain.kernel import command_types
from appliance.errors import Problem
from appliance.journal.client import RecorderClient
from tests.hostile.booth import Booth
from tests.portal.stall import Answer, ask
from tools import reference_apps

GUESTS_MAY = {"guest.sign_up", "guest.erase", "guest.whose", "guest.about", "visit.measure"}
"""All that the guests' socket takes, beside a greeting. Whoever adds to it adds it here, on purpose."""
SHARED = re.compile(r"/|/health|/static/.*")
"""What both apps answer, each in its own way."""
SIGNED_UP = {"Content_Type": "application/json"}
TRIES = 40


@pytest.fixture(scope="module", autouse=True)
def _afterwards(booth: Booth) -> Iterator[None]:
    yield
    booth.unharmed()


def test_no_route_of_the_staff_is_there_for_guests(booth: Booth, tmp_path: Path) -> None:
    own = {(one.method, one.path) for one in reference_apps.portal(tmp_path)}
    staff = [one for one in reference_apps.till(tmp_path) if not SHARED.fullmatch(one.path)]
    assert len(staff) > 100
    own_shapes = {re.sub(r"\{[a-z_]+\}", "x", path) for _, path in own}
    for one in staff:
        path = re.sub(r"\{[a-z_]+\}", "x", one.path)
        if path in own_shapes:
            continue
        answer = ask(booth.portal, path, one.method, b"{}" if one.method != "GET" else None)
        assert answer.status in (302, 404, 405), (one.method, one.path, answer.status)
        assert answer.status != 302 or answer.headers["Location"].rstrip("/").count("/") <= 2
    both = {shape for shape in own_shapes if shape in {re.sub(r"\{[a-z_]+\}", "x", one.path) for one in staff}}
    assert both == set(), "no path means one thing to guests and another to the staff"


def test_a_cashiers_cookie_and_token_open_nothing_for_guests(booth: Booth) -> None:
    argv = [sys.executable, "-m", "appliance.cli", "staff", "add", "Script", "--role", "lead", "--token"]
    done = subprocess.run([*argv, "--data", str(booth.data)], capture_output=True, text=True, timeout=60, check=True)
    token = json.loads(done.stdout.splitlines()[-1])["token"]
    for path in ("/api/v1/facts", "/api/v1/status", "/sell", "/api/v1/kpis", "/people"):
        assert booth.guest(path, Authorization=f"Bearer {token}", Cookie="bk_staff=1").status in (302, 404)


def test_the_guests_socket_takes_what_guests_may_do_and_no_other_command(booth: Booth) -> None:
    guests = {name for name, command in command_types().items() if "guest" in command.roles}
    taken = set()
    before = len(staff_facts(booth))
    with closing(RecorderClient(booth.run, "guest")) as client:
        for name in {*command_types(), *GUESTS_MAY, "hello.nobody", "", "x" * 1000}:
            try:
                client.send(name, {}, actor="staff:lead", id=f"hostile-{name}"[:80])
            except Problem as problem:
                if problem.slug not in ("role", "not-found"):
                    taken.add(name)
            else:
                taken.add(name)
    assert taken - {"", "x" * 1000} <= GUESTS_MAY
    assert guests <= GUESTS_MAY
    assert len(staff_facts(booth)) == before


def staff_facts(booth: Booth) -> list[str]:
    """Facts that somebody of the staff is said to have made."""
    return [fact["kind"] for fact in booth.facts() if fact["actor"] == "staff:lead"]


def test_a_guessed_code_is_refused_like_any_other_and_soon_not_looked_at(booth: Booth) -> None:
    mine = ask(
        booth.portal, "/api/v1/signup", "POST", b'{"name":"A","email":"a@b.example","consent":true}', **SIGNED_UP
    )
    code = mine.json["claim_code"]
    near = code[:-1] + ("0" if code[-1] != "0" else "1")
    answers = [enter(booth, text) for text in (near, "AAAAA-AAAAA")]
    assert {answer.status for answer in answers} == {422}
    said = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert said[0] == said[1], "nothing tells how near it was"
    more = [enter(booth, f"AAAAA-AAAA{number}") for number in range(6)]
    assert more[-1].status == 429
    assert int(more[-1].headers["Retry-After"]) > 0
    assert enter(booth, code).status == 429, "also the right one, so that a wait tells nothing"


def enter(booth: Booth, code: str) -> Answer:
    """Type it at the wallet."""
    form = f"code={code}".encode()
    return ask(booth.portal, "/wallet", "POST", form, Content_Type="application/x-www-form-urlencoded")


def test_a_code_that_is_nobodys_takes_as_long_as_one_that_is_nearly_somebodys(
    booth: Booth, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked at the recorder, each from a device of its own so that no brake is in the way; printed, not judged."""
    mine = ask(
        booth.portal, "/api/v1/signup", "POST", b'{"name":"B","email":"b@b.example","consent":true}', **SIGNED_UP
    )
    code = mine.json["claim_code"].replace("-", "")
    near = code[:-1] + ("0" if code[-1] != "0" else "1")
    took: dict[str, list[float]] = {near: [], "ZZZZZZZZZZ": []}
    with closing(RecorderClient(booth.run, "guest")) as client:
        for number in range(TRIES):
            for text, times in took.items():
                data = {"code": text, "device": f"d{number}{text}"}
                begun = time.perf_counter()
                with pytest.raises(Problem) as refused:
                    client.send("guest.whose", data, actor="guest:portal", id=f"t{number}{text}")
                times.append(time.perf_counter() - begun)
                assert refused.value.slug == "claim-code"
    middle = [statistics.median(times) * 1e3 for times in took.values()]
    with capsys.disabled():
        ratio = middle[0] / middle[1]
        sys.stdout.write(f"\nnearly somebody's {middle[0]:.2f} ms, nobody's {middle[1]:.2f} ms: {ratio:.2f}\n")
