"""The supervisor over real processes: what dies or hangs is replaced, and nothing is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.board import read_all
from appliance.services.runfolder import RunFolderTooLong
from appliance.services.supervisor import Spec, Supervisor

TOO_LONG_S = 40.0

UP = """
import json, sys
from pathlib import Path
from appliance.services.supervisor import Spec, Supervisor
how = json.loads(sys.argv[1])
specs = [Spec(name, [sys.executable, *argv], {}, tuple(needs)) for name, argv, needs in how["specs"]]
supervisor = Supervisor(specs, Path(how["run"]), **how["limits"])
raise SystemExit(supervisor.run(lambda: print("ready", flush=True), how["for"]))
"""

LOOP = "from appliance.services.run import Loop; import sys; loop = Loop('w')\n"
WELL = "raise SystemExit(loop.run())\n"
DEAF = "import signal; loop.run(lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))\n"


class Up:
    """One supervisor in a process of its own, and what it shows on its board."""

    def __init__(self, run: Path, folder: Path) -> None:
        self.run, self.folder = run, folder
        self.specs: list[tuple[str, list[str], list[str]]] = []
        self.process: subprocess.Popen[str] | None = None
        self.errors = folder / "stderr"
        self.seen: set[int] = set()

    def add(self, name: str, code: str = WELL, needs: tuple[str, ...] = ()) -> None:
        script = self.folder / f"{name}.py"
        script.write_text(LOOP + code)
        self.specs.append((name, [str(script), str(self.folder)], list(needs)))

    def start(self, for_seconds: float | None = None, **limits: float) -> "subprocess.Popen[str]":
        how = {"specs": self.specs, "run": str(self.run), "limits": limits, "for": for_seconds}
        with open(self.errors, "a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", UP, json.dumps(how)], stdout=subprocess.PIPE, stderr=errors, text=True
            )
        return self.process

    def wait_ready(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.errors.read_text()

    def workers(self) -> dict[str, dict[str, Any]]:
        workers: dict[str, dict[str, Any]] = read_all(self.run).get("supervisor", {}).get("workers", {})
        self.seen |= {worker["pid"] for worker in workers.values() if worker["pid"] is not None}
        return workers

    def wait(self, name: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + TOO_LONG_S
        while time.monotonic() < deadline:
            worker = self.workers().get(name)
            if worker is not None and wanted(worker):
                return worker
            time.sleep(0.01)
        raise AssertionError(f"{name} never got there: {self.workers()}\n{self.errors.read_text()}")

    def events(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.errors.read_text().splitlines() if line.startswith("{")]
        return [line["fields"] for line in lines if line["event"] == event]

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(TOO_LONG_S)


@pytest.fixture
def run() -> Iterator[Path]:
    """A short path: pytest's own is too long for a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="bk", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def up(run: Path, tmp_path: Path) -> Iterator[Up]:
    up = Up(run, tmp_path)
    yield up
    if up.process is not None:
        up.workers()
        up.process.kill()
        up.process.communicate()
        wait_until(lambda: not any(alive(pid) for pid in up.seen))


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TOO_LONG_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_worker_is_started_again_and_says_why(up: Up) -> None:
    up.add("a")
    up.add("b")
    up.start()
    up.wait_ready()
    before = up.workers()
    os.kill(before["a"]["pid"], signal.SIGKILL)
    after = up.wait("a", lambda worker: worker["state"] == "ready" and worker["pid"] != before["a"]["pid"])
    assert after["restarts"] == 1
    assert after["reason"] == "SIGKILL"
    assert up.workers()["b"] == before["b"]
    assert up.stop() == 0


def test_a_stopped_worker_is_noticed_and_replaced(up: Up) -> None:
    up.add("a")
    up.start(watchdog_s=1.0)
    up.wait_ready()
    pid = up.workers()["a"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    after = up.wait("a", lambda worker: worker["state"] == "ready" and worker["pid"] != pid)
    assert after["reason"] == "silent for 1 s"
    assert not alive(pid)
    assert up.stop() == 0


def test_a_worker_that_hangs_in_a_callback_is_replaced(up: Up) -> None:
    up.add("a", "import time; loop.call_later(0, lambda: time.sleep(600))\n" + WELL)
    up.start(watchdog_s=0.5)
    up.wait_ready()
    assert up.wait("a", lambda worker: worker["restarts"] >= 1)["reason"] == "silent for 0.5 s"


def test_a_healthy_worker_outlives_many_watchdog_periods(up: Up) -> None:
    up.add("a")
    up.start(for_seconds=2.2, watchdog_s=1.0)
    up.wait_ready()
    before = up.workers()["a"]
    assert up.process is not None
    assert up.process.wait(TOO_LONG_S) == 0
    assert up.events("worker.killed") == []
    assert not alive(before["pid"])


def test_a_worker_that_does_not_get_ready_is_replaced(up: Up) -> None:
    up.add("a", "import time; time.sleep(600)\n")
    up.start(ready_s=0.3)
    assert up.wait("a", lambda worker: worker["restarts"] >= 1)["reason"] == "not ready within 0.3 s"
    assert up.stop() == 0
    assert up.events("worker.ready") == []


def test_a_long_start_with_signs_of_life_is_left_alone(up: Up) -> None:
    up.add("a", "loop.beat()\nimport time; loop.run(lambda: time.sleep(2.2))\n")
    up.start(ready_s=2.0)
    up.wait_ready()
    assert up.workers()["a"]["restarts"] == 0


def test_the_pause_doubles_with_each_failure_in_a_row(up: Up) -> None:
    up.add("a", "sys.exit(3)\n")
    up.start()
    worker = up.wait("a", lambda worker: worker["restarts"] >= 3)
    assert worker["reason"] == "exit 3"
    assert up.stop() == 0
    assert [event["restart_in_s"] for event in up.events("worker.ended")][:3] == [0.2, 0.4, 0.8]


def test_the_pause_starts_over_after_good_health(up: Up) -> None:
    up.add("a", "loop.call_later(0.05, lambda: sys.exit(3))\n" + WELL)
    up.start(healthy_s=0.01)
    up.wait("a", lambda worker: worker["restarts"] >= 3)
    assert up.stop() == 0
    assert {event["restart_in_s"] for event in up.events("worker.ended")} == {0.2}


def test_a_worker_starts_only_when_what_it_needs_is_ready(up: Up) -> None:
    up.add("c", "assert open(sys.argv[1] + '/b').read() == 'ready'\n" + WELL, needs=("a", "b"))
    up.add("b", "loop.run(lambda: open(sys.argv[1] + '/b', 'w').write('ready'))\n", needs=("a",))
    up.add("a", "import time; time.sleep(0.3)\n" + WELL)
    up.start()
    up.wait_ready()
    assert [event["name"] for event in up.events("worker.started")] == ["a", "b", "c"]
    assert up.stop() == 0


def test_workers_stop_in_reverse_before_what_they_need(up: Up) -> None:
    note = "code = loop.run(); open(sys.argv[1] + '/order', 'a').write('{0} ')\nraise SystemExit(code)\n"
    up.add("a", note.format("a"))
    up.add("b", note.format("b"), needs=("a",))
    up.add("c", note.format("c"), needs=("b",))
    up.start()
    up.wait_ready()
    assert up.stop() == 0
    assert (up.folder / "order").read_text() == "c b a "
    assert read_all(up.run) == {}


def test_a_worker_that_will_not_stop_is_made_to(up: Up) -> None:
    up.add("a", DEAF)
    up.start(stop_s=0.3)
    up.wait_ready()
    pid = up.workers()["a"]["pid"]
    assert up.stop() == 0
    assert not alive(pid)
    assert [event["why"] for event in up.events("worker.killed")] == ["did not stop within 0.3 s"]


def test_a_second_signal_does_not_wait(up: Up) -> None:
    up.add("a", DEAF)
    process = up.start(stop_s=600.0)
    up.wait_ready()
    process.send_signal(signal.SIGINT)
    up.wait("a", lambda worker: worker["state"] == "stopping")
    process.send_signal(signal.SIGINT)
    assert process.wait(TOO_LONG_S) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_to_stop_is_a_clean_end(up: Up, number: signal.Signals) -> None:
    up.add("a")
    process = up.start()
    up.wait_ready()
    pid = up.workers()["a"]["pid"]
    process.send_signal(number)
    assert process.wait(TOO_LONG_S) == 0
    assert not alive(pid)
    assert up.events("worker.killed") == []


def test_stopping_before_all_are_ready_is_clean_too(up: Up) -> None:
    up.add("a", "import time; time.sleep(600)\n")
    up.add("b", needs=("a",))
    up.start()
    up.wait("a", lambda worker: worker["state"] == "starting")
    assert up.stop() == 0


def test_killing_the_supervisor_leaves_no_orphans(up: Up) -> None:
    up.add("a")
    up.add("b", "import time; loop.call_later(0, lambda: time.sleep(600))\n" + WELL)
    process = up.start()
    up.wait_ready()
    pids = [worker["pid"] for worker in up.workers().values()]
    assert all(alive(pid) for pid in pids)
    process.kill()
    process.wait()
    wait_until(lambda: not any(alive(pid) for pid in pids))


def test_what_a_worker_started_goes_with_it(up: Up) -> None:
    up.add(
        "a",
        "import subprocess; child = subprocess.Popen(['sleep', '600'])\n"
        "open(sys.argv[1] + '/pid', 'w').write(str(child.pid))\n"
        "loop.call_later(0.2, lambda: sys.exit(1))\n" + WELL,
    )
    up.start()
    up.wait_ready()
    grandchild = int((up.folder / "pid").read_text())
    up.wait("a", lambda worker: worker["restarts"] >= 1)
    wait_until(lambda: not alive(grandchild))
    assert up.stop() == 0


def test_a_supervisor_that_slept_does_not_blame_its_workers(up: Up) -> None:
    """Both were stopped; the supervisor wakes first, with every watchdog overdue."""
    for name in ("a", "b", "c"):
        up.add(name)
    process = up.start(watchdog_s=2.0)
    up.wait_ready()
    pid = up.workers()["a"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    os.kill(up.workers()["b"]["pid"], signal.SIGKILL)
    wait_until(lambda: len(up.events("worker.ended")) == 1)  # it has read all that `a` said
    os.kill(process.pid, signal.SIGSTOP)
    os.kill(up.workers()["c"]["pid"], signal.SIGKILL)
    time.sleep(2.6)  # longer than the watchdog and the supervisor's own allowance
    os.kill(process.pid, signal.SIGCONT)
    wait_until(lambda: len(up.events("worker.ended")) == 2)  # it is awake
    os.kill(pid, signal.SIGCONT)
    assert up.workers()["a"]["pid"] == pid
    assert up.stop() == 0
    assert up.events("worker.killed") == []


def test_a_second_start_on_the_same_folder_is_refused_by_name(up: Up) -> None:
    up.add("a")
    process = up.start()
    up.wait_ready()
    before = up.workers()["a"]
    second = Up(up.run, up.folder / "second")
    second.folder.mkdir()
    second.add("a")
    refused = second.start()
    refused.communicate(timeout=TOO_LONG_S)
    assert refused.returncode == 1
    assert f"already up in {up.run} (pid {process.pid})" in second.errors.read_text()
    assert up.workers()["a"] == before


def test_a_start_after_a_kill_takes_the_folder_over(up: Up) -> None:
    up.add("a")
    process = up.start()
    up.wait_ready()
    up.workers()
    process.kill()
    process.communicate()
    up.start()
    up.wait_ready()
    assert up.stop() == 0


def test_a_program_that_does_not_exist_is_retried_and_named(up: Up) -> None:
    up.add("a")
    script = Path(up.specs[0][1][0])
    script.unlink()
    up.start()
    assert up.wait("a", lambda worker: worker["restarts"] >= 1)["reason"] == "exit 2"
    script.write_text(LOOP + WELL)
    up.wait_ready()
    assert up.stop() == 0


def test_a_command_that_does_not_exist_ends_with_127(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor([Spec("a", ["/nonexistent/worker"])], run)
    original = signal.getsignal(signal.SIGALRM)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)
    try:
        assert supervisor.run(lambda: pytest.fail("it cannot be ready")) == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, original)
    assert "launch: /nonexistent/worker: No such file or directory" in capfd.readouterr().err


def test_a_failure_of_its_own_leaves_nothing_running(up: Up) -> None:
    up.add("a")
    how: dict[str, object] = {"specs": up.specs, "run": str(up.run), "limits": {}, "for": None}
    broken = UP.replace('print("ready", flush=True)', "1 // 0")
    with open(up.errors, "w") as errors:
        done = subprocess.run(
            [sys.executable, "-c", broken, json.dumps(how)], stderr=errors, timeout=TOO_LONG_S, check=False
        )
    assert done.returncode == 1
    [started] = up.events("worker.started")
    assert not alive(started["pid"])
    assert up.events("worker.failed")[0]["error"] == "ZeroDivisionError"


def test_for_seconds_ends_with_0_and_counts_from_ready(up: Up) -> None:
    up.add("a", "import time; time.sleep(0.5)\n" + WELL)
    process = up.start(for_seconds=0.1)
    up.wait_ready()
    assert process.wait(TOO_LONG_S) == 0


def test_one_worker_cannot_speak_for_another(up: Up) -> None:
    """`b` gets the address of `a` and claims that `a` is ready."""
    up.add("a", "import time; time.sleep(600)\n")
    up.add(
        "b",
        "import os; from appliance.services.notify import Notify\n"
        "other = Notify(os.environ['NOTIFY_SOCKET'].removesuffix('b') + 'a')\n"
        "assert other.send('READY=1'); other.close()\n" + WELL,
    )
    up.start()
    up.wait("b", lambda worker: worker["state"] == "ready")
    assert up.workers()["a"]["state"] == "starting"
    assert up.stop() == 0


@pytest.mark.parametrize(
    ("specs", "found"),
    [
        ([Spec("a", []), Spec("a", [])], "each once"),
        ([Spec("supervisor", [])], "none `supervisor`"),
        ([Spec("a", [], needs=("b",))], r"unknown \['b'\]"),
        ([Spec("a", [], needs=("b",)), Spec("b", [], needs=("a",))], "circle"),
    ],
)
def test_a_list_of_workers_that_cannot_work_is_refused(run: Path, specs: list[Spec], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        Supervisor(specs, run)


def test_a_folder_too_deep_for_a_socket_is_refused_with_a_remedy(run: Path) -> None:
    with pytest.raises(RunFolderTooLong) as caught:
        Supervisor([Spec("a", [])], run / ("x" * 100))
    assert "at most 107" in str(caught.value)
    assert "shorter" in caught.value.remedy
