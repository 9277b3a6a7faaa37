"""Promises of the steward: named users only, by the kernel's word; validated; real nftables in its own namespace."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.clock import FakeClock, Note, judge, read_note
from appliance.journal import wire
from appliance.journal.read import Reader
from appliance.services.run import Loop
from appliance.services.steward import ASKED, Steward
from appliance.services.stewardclient import SOCKET
from appliance.services.verbs import user_name
from tests.conftest import EngineBox, wait_until

MAC = "02:00:5e:10:00:01"
USERS = {"guest.admit": ("nobody",), "clock.set": ("nobody",), "power.off": ("games",)}
CALL = """
import json, socket, sys
link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
link.settimeout(20)
link.connect(sys.argv[1])
link.send(sys.argv[2].encode())
print(link.recv(200000).decode())
"""


def no_update(name: str) -> Any:
    raise AssertionError(name)


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: other users and a network namespace")


def ask(run: Path, user: str, verb: str, data: Any = None) -> dict[str, Any]:
    """One verb, asked by a process of that user."""
    frame = json.dumps({"id": "a", "verb": verb, "data": data})
    argv = ["/usr/bin/python3", "-c", CALL, str(run / SOCKET), frame]
    if not Path(argv[0]).exists():
        argv[0] = sys.executable
    said = subprocess.run(argv, user=user, capture_output=True, text=True, timeout=30, check=True)
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer


@pytest.fixture
def box(tmp_path: Path, run_folder: Path) -> Iterator[Callable[[], Path]]:
    """Starts the steward as root in a network namespace of its own, with the box's table of released guests."""
    nft, unshare = shutil.which("nft", path="/usr/sbin:/usr/bin"), shutil.which("unshare")
    if os.geteuid() != 0 or nft is None or unshare is None:
        pytest.skip("needs root, nft and unshare")
    run_folder.chmod(0o755)
    config = run_folder / "steward.toml"
    config.write_text('[steward]\nguest_admit = ["nobody"]\nclock_set = ["nobody"]\npower_off = ["games"]\n')
    rules = "add table inet boothkit; add set inet boothkit released { type ether_addr; flags timeout; }"
    script = (
        f"{nft} '{rules}' && exec {sys.executable} -m appliance.cli worker steward --data {tmp_path} --config {config}"
    )
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}:/usr/sbin"
    process: list[subprocess.Popen[bytes]] = []

    def start() -> Path:
        env = {**os.environ, "BOOTHKIT_RUN": str(run_folder), "PATH": path}
        with (run_folder / "steward.log").open("ab") as log:
            process.append(subprocess.Popen([unshare, "--net", "sh", "-c", script], env=env, stderr=log))
        wait_until((run_folder / SOCKET).exists, "the steward's socket")
        return run_folder

    start.pid = lambda: process[0].pid  # type: ignore[attr-defined]
    yield start
    for each in process:
        each.send_signal(signal.SIGTERM)
        assert each.wait(20) == 0


def released(pid: int) -> str:
    """The set of released guests as the kernel holds it."""
    argv = ["nsenter", f"--net=/proc/{pid}/ns/net", "nft", "list", "set", "inet", "boothkit", "released"]
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=20, check=True).stdout


@root_only
def test_a_guest_that_the_portals_user_names_is_let_through_for_some_hours(box: Any) -> None:
    run = box()
    assert ask(run, "nobody", "guest.admit", {"mac": MAC, "hours": 12}) == {
        "id": "a",
        "ok": True,
        "answer": {"mac": MAC, "hours": 12},
    }
    assert MAC in released(box.pid())
    assert "timeout 12h" in released(box.pid())


@root_only
def test_nobody_else_may_use_a_verb_whatever_they_say_they_are(box: Any) -> None:
    run = box()
    for user, verb in (
        ("games", "guest.admit"),
        ("nobody", "power.off"),
        ("root", "guest.admit"),
        ("root", "power.off"),
    ):
        assert ask(run, user, verb, {"mac": MAC, "hours": 1, "user": "nobody"})["refusal"]["slug"] == "role"
    assert MAC not in released(box.pid())
    assert (run / "steward.log").read_text().count("verb.refused") == 4


@root_only
def test_power_off_is_asked_of_the_system_where_the_system_listens(box: Any) -> None:
    run = box()
    assert ask(run, "games", "power.off")["refusal"]["slug"] == "not-privileged"
    asked = run / ASKED
    asked.mkdir()
    assert ask(run, "games", "power.off")["ok"] is True
    assert [path.name for path in asked.iterdir()] == ["power-off"]


@root_only
def test_nobody_takes_the_places_of_the_others(box: Any) -> None:
    run = box()
    hog = (
        "import json, socket, sys, time\n"
        "links = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(12)]\n"
        "for link in links: link.settimeout(20); link.connect(sys.argv[1]); link.send(b'{}')\n"
        "def reply(link):\n"
        "    try: return link.recv(99999)\n"
        "    except OSError: return b''\n"
        "print(sum(bool(reply(link)) for link in links), flush=True); sys.stdin.read()\n"
    )
    argv = ["/usr/bin/python3", "-c", hog, str(run / SOCKET)]
    with subprocess.Popen(argv, user="games", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "8\n"
        assert ask(run, "nobody", "guest.admit", {"mac": MAC, "hours": 1})["ok"] is True
        process.communicate("")


@pytest.fixture
def steward(tmp_path: Path, run_folder: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """The steward's own answers, with a journal and a clock that stands."""
    journal = EngineBox(tmp_path / "data", clock=FakeClock("2026-11-23T18:00:00.000Z"))
    journal.open_event()
    reader, loop = Reader(tmp_path / "data"), Loop("steward")
    set_to: list[int] = []  # the machine's own clock stays as it is

    def set_clock(unix_ms: int) -> None:
        set_to.append(unix_ms)
        journal.clock.step((unix_ms - journal.clock().wall_ms) / 1000)

    one = Steward(loop, run_folder, reader, journal.clock, USERS, no_update, list, set_clock)

    def answer(user: str, verb: Any, data: Any) -> dict[str, Any]:
        return one.answer(wire.pack({"id": "a", "verb": verb, "data": data}), user)

    answer.set_to = set_to  # type: ignore[attr-defined]
    answer.steward, answer.clock, answer.box = one, journal.clock, journal  # type: ignore[attr-defined]
    yield answer
    one.close()
    loop.close()
    reader.close()
    journal.engine.close()


@pytest.mark.parametrize(
    "data",
    [
        {"mac": "02:00:5e:10:00:01; flush ruleset", "hours": 1},
        {"mac": "02:00:5E:10:00:01", "hours": 1},
        {"mac": MAC, "hours": 0},
        {"mac": MAC, "hours": 25},
        {"mac": MAC, "hours": True},
        {"mac": MAC, "hours": 1, "more": 1},
        {"mac": MAC},
        [],
        "x",
        None,
    ],
)
def test_what_is_no_address_or_no_span_is_refused_before_anything_is_called(steward: Any, data: Any) -> None:
    assert steward("nobody", "guest.admit", data)["refusal"]["slug"] == "validation"


@root_only
def test_the_clock_is_never_set_before_the_last_fact_and_a_long_jump_asks_twice(steward: Any) -> None:
    now = 1_795_456_800_000
    before = steward("nobody", "clock.set", {"unix_ms": now - 1})["refusal"]
    assert (before["slug"], before["last_ms"]) == ("clock-before", now)
    jump = steward("nobody", "clock.set", {"unix_ms": now + 25 * 3_600_000})["refusal"]
    assert (jump["slug"], jump["by_ms"]) == ("clock-jump", 25 * 3_600_000)
    assert "25 h" in jump["detail"]
    assert steward.set_to == []
    assert steward("nobody", "clock.set", {"unix_ms": now + 60_000})["answer"] == {"by_ms": 60_000}
    assert steward("nobody", "clock.set", {"unix_ms": now + 25 * 3_600_000, "sure": True})["ok"] is True
    assert steward.set_to == [now + 60_000, now + 25 * 3_600_000]


@root_only
def test_who_set_the_clock_is_noted_before_it_is_set_and_for_this_boot_alone(steward: Any, run_folder: Path) -> None:
    clock, one = steward.clock, steward.steward
    clock.trust("none")
    one.keep_time()
    assert read_note(run_folder) == Note("b0", "", 0, clock().wall_ms)  # the floor: the newest trusted fact
    at = clock().wall_ms + 3_600_000
    assert steward("nobody", "clock.set", {"unix_ms": at})["ok"] is True
    note = read_note(run_folder)
    assert note is not None
    assert (note.source, note.offset_ms) == ("phone", clock().offset_ms)
    assert judge(clock(), note) == "phone"
    one.keep_time()
    assert read_note(run_folder) == note
    clock.step(-3)
    assert judge(clock(), note) == "none"
    clock.trust("ntp")  # the network came, and goes again
    one.keep_time()
    clock.trust("none")
    clock.advance(30 * 3600)
    note = read_note(run_folder)
    one.keep_time()
    assert read_note(run_folder) == note
    assert judge(clock(), note) == "ntp"
    clock.reboot("b1")
    assert judge(clock(), note) == "none"
    one.keep_time()
    kept = read_note(run_folder)
    assert kept is not None
    assert (kept.boot, kept.source, kept.floor_ms) == ("b1", "", note.floor_ms)  # type: ignore[union-attr]


@root_only
def test_a_clock_that_cannot_be_set_is_not_believed_to_be(steward: Any, run_folder: Path) -> None:
    steward.steward._set = lambda unix_ms: None  # as a kernel that refuses
    steward.clock.trust("none")
    assert steward("nobody", "clock.set", {"unix_ms": steward.clock().wall_ms + 60_000})["ok"] is True
    assert judge(steward.clock(), read_note(run_folder)) == "none"


@root_only
def test_without_the_right_a_verb_says_so_and_changes_nothing(run_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from appliance.services.steward import *\n"
        "from appliance.journal import wire; from appliance.journal.read import Reader\n"
        "from appliance.clock import FakeClock\n"
        "folder = Path(sys.argv[1]); loop = Loop('steward')\n"
        "users = {'power.off': ('nobody',), 'guest.admit': ('nobody',)}\n"
        "one = Steward(loop, folder, Reader(folder), FakeClock(), users, None, None, None)\n"
        "for verb, data in (('power.off', {}), ('guest.admit', {'mac': '02:00:5e:10:00:01', 'hours': 1})):\n"
        "    print(one.answer(wire.pack({'id': 'a', 'verb': verb, 'data': data}), 'nobody')['refusal']['slug'])\n"
    )
    argv = [shutil.which("setpriv") or "setpriv", "--bounding-set=-all", "--inh-caps=-all", "--clear-groups"]
    argv += ["--reuid=nobody", sys.executable, "-c", code, str(run_folder)]
    run_folder.chmod(0o777)
    said = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, cwd=Path.cwd())
    if "Permission denied" in said.stderr:
        pytest.skip("another user may not read this checkout's Python")
    assert said.stdout.split() == ["not-privileged", "not-privileged"], said.stderr


def test_unknown_verbs_and_frames_that_are_none_get_an_answer(steward: Any) -> None:
    assert steward("nobody", "reboot", {})["refusal"]["slug"] == "not-found"
    assert steward("nobody", None, {})["refusal"]["slug"] == "not-found"


def test_a_user_id_without_a_name_is_its_number() -> None:
    assert user_name(0) == "root"
    assert user_name(3_999_999) == "3999999"
