"""The run loop over real descriptors, real signals and a real notification socket."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.errors import RecorderDown
from appliance.services.notify import Inbox, Notify
from appliance.services.run import Loop

TOO_LONG_S = 30.0


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop("test", Notify())
    loop.call_later(TOO_LONG_S, lambda: pytest.fail("the loop was never stopped"))
    yield loop
    loop.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def test_what_is_readable_is_read(loop: Loop, pipe: tuple[int, int]) -> None:
    taken = []

    def take() -> None:
        taken.append(os.read(pipe[0], 100))
        loop.stop()

    loop.add_reader(pipe[0], take)
    loop.call_later(0, lambda: os.write(pipe[1], b"code"))
    assert loop.run() == 0
    assert taken == [b"code"]


def test_the_other_end_going_away_is_readable_too(loop: Loop, pipe: tuple[int, int]) -> None:
    loop.add_reader(pipe[0], loop.stop)
    loop.call_later(0, lambda: os.close(pipe[1]))
    assert loop.run() == 0


def test_a_reader_removed_by_one_before_it_is_not_called(loop: Loop) -> None:
    """Both are readable in the same turn; whichever comes first takes the other away."""
    first, second = socket.socketpair(), socket.socketpair()
    called = []
    with first[0], first[1], second[0], second[1]:

        def take(mine: int, other: int) -> None:
            called.append(mine)
            loop.remove_reader(other)
            loop.call_later(0, loop.stop)
            loop.remove_reader(mine)

        one, two = first[0].fileno(), second[0].fileno()
        loop.add_reader(one, lambda: take(one, two))
        loop.add_reader(two, lambda: take(two, one))
        first[1].send(b"x")
        second[1].send(b"x")
        assert loop.run() == 0
    assert len(called) == 1


def test_adding_a_reader_again_replaces_its_callback(loop: Loop, pipe: tuple[int, int]) -> None:
    loop.add_reader(pipe[0], lambda: pytest.fail("this one was replaced"))
    loop.add_reader(pipe[0], loop.stop)
    os.write(pipe[1], b"x")
    assert loop.run() == 0


def test_timers_run_in_the_order_in_which_they_are_due(loop: Loop) -> None:
    order: list[str] = []
    loop.call_later(0.03, loop.stop)
    loop.call_later(0.02, lambda: order.append("late"))
    loop.call_later(0.01, lambda: order.append("early"))
    loop.call_later(0.01, lambda: order.append("early, asked later"))
    assert loop.run() == 0
    assert order == ["early", "early, asked later", "late"]


def test_a_cancelled_timer_does_not_run_even_when_it_is_due(loop: Loop) -> None:
    victim = loop.call_later(0.001, lambda: pytest.fail("it was cancelled"))
    loop.call_later(0, victim.cancel)
    loop.call_later(0, lambda: time.sleep(0.002))  # both are due in one turn now
    loop.call_later(0.01, loop.stop)
    assert loop.run() == 0
    victim.cancel()


def test_every_goes_on_until_it_is_cancelled(loop: Loop) -> None:
    ticks = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            timer.cancel()
            loop.call_later(0.02, loop.stop)

    timer = loop.every(0.001, tick)
    assert loop.run() == 0
    assert len(ticks) == 3


def test_a_late_loop_does_not_make_up_for_missed_ticks() -> None:
    now = [0.0]
    ticks = []
    loop = Loop("test", Notify(), now=lambda: now[0])

    def tick() -> None:
        ticks.append(now[0])
        now[0] += {1: 10.0, 2: 1.0}.get(len(ticks), 0.0)
        if len(ticks) == 3:
            loop.stop()

    loop.every(1.0, tick)
    now[0] = 1.0
    assert loop.run() == 0
    assert ticks == [1.0, 11.0, 12.0]


def test_a_timer_that_asks_for_itself_does_not_starve_the_readers(loop: Loop, pipe: tuple[int, int]) -> None:
    def again() -> None:
        loop.call_later(0, again)

    again()
    loop.add_reader(pipe[0], loop.stop)
    os.write(pipe[1], b"x")
    assert loop.run() == 0


def test_every_nothing_is_refused(loop: Loop) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        loop.every(0, loop.stop)


def test_another_thread_wakes_the_loop_and_its_calls_keep_their_order(loop: Loop) -> None:
    seen: list[tuple[int, int]] = []

    def call() -> None:
        for n in range(1000):
            loop.call_soon_threadsafe(lambda n=n: seen.append((n, threading.get_ident())))  # type: ignore[misc]
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=call)
    loop.call_later(0, thread.start)
    assert loop.run() == 0
    thread.join()
    assert seen == [(n, threading.get_ident()) for n in range(1000)]
    loop.call_soon_threadsafe(lambda: pytest.fail("the loop is over"))


def test_stop_makes_the_running_callback_the_last(loop: Loop) -> None:
    loop.call_later(0, loop.stop)
    loop.call_later(0, lambda: pytest.fail("stopped already"))
    assert loop.run() == 0


def test_an_exception_ends_the_worker_with_an_event_and_exit_code_1(
    loop: Loop, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise LookupError("no such drawer")

    loop.call_later(0, broken)
    assert loop.run() == 1
    [event] = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (event["level"], event["event"]) == ("error", "worker.failed")
    assert event["fields"]["error"] == "LookupError"
    assert event["fields"]["why"] == ""  # whatever it stumbled over may be in there
    assert event["fields"]["trace"].startswith("test_run.py:")


def test_an_error_of_our_own_says_why(loop: Loop, capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise RecorderDown("the recorder went away")

    loop.call_later(0, broken)
    assert loop.run() == 1
    assert json.loads(capfd.readouterr().err)["fields"]["why"] == "the recorder went away"


def test_an_exception_before_it_is_ready_is_never_called_ready(tmp_path: Path) -> None:
    with inbox(tmp_path) as (box, address):
        loop = Loop("test", Notify(address))
        assert loop.run(lambda: 1 // 0) == 1
        assert messages(box) == ["STOPPING=1"]


class inbox:
    """A starter's end of the protocol, read by pid."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "n"

    def __enter__(self) -> tuple[Inbox, str]:
        self.box = Inbox(self.path)
        return self.box, str(self.path)

    def __exit__(self, *error: object) -> None:
        self.box.close()


def messages(box: Inbox) -> list[str]:
    return [f"{key}={value}" for message in box.receive(os.getpid()) for key, value in message.items()]


def test_the_starter_hears_ready_the_state_and_the_stop(tmp_path: Path) -> None:
    with inbox(tmp_path) as (box, address):
        loop = Loop("test", Notify(address))
        loop.call_later(0, lambda: loop.status("two\nlines"))
        loop.call_later(0, loop.stop)
        assert loop.run(lambda: box.receive(os.getpid()) == [] or pytest.fail("too early")) == 0
        assert messages(box) == ["READY=1", "STATUS=two lines", "STOPPING=1"]


def test_an_abstract_address_works_too() -> None:
    name = f"boothkit-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as box:
        box.bind(f"\0{name}")
        box.setblocking(False)
        loop = Loop("test", Notify(f"@{name}"))
        loop.call_later(0, loop.stop)
        assert loop.run() == 0
        assert box.recv(100) == b"READY=1"


def beats_at(clock: list[float], notify: Notify, work: Callable[[Loop], None]) -> None:
    loop = Loop("test", notify, now=lambda: clock[0])
    loop.call_later(0, lambda: work(loop))
    assert loop.run() == 0


def test_long_work_beats_at_half_the_watchdog_and_not_oftener(tmp_path: Path) -> None:
    clock = [0.0]

    def work(loop: Loop) -> None:
        for _ in range(100):
            clock[0] += 0.1
            loop.beat()
        loop.stop()

    with inbox(tmp_path) as (box, address):
        beats_at(clock, Notify(address, watchdog_s=2.0), work)
        assert messages(box).count("WATCHDOG=1") == 10


def test_an_idle_loop_wakes_up_to_beat(tmp_path: Path) -> None:
    with inbox(tmp_path) as (box, address):
        loop = Loop("test", Notify(address, watchdog_s=0.002))
        heard: list[str] = []

        def take() -> None:
            heard.extend(messages(box))
            if heard.count("WATCHDOG=1") >= 3:
                loop.stop()

        loop.add_reader(box.fileno(), take)
        assert loop.run() == 0


def test_a_long_start_asks_for_more_time_instead(tmp_path: Path) -> None:
    clock = [0.0]

    with inbox(tmp_path) as (box, address):
        loop = Loop("test", Notify(address, watchdog_s=2.0), now=lambda: clock[0])

        def start() -> None:
            for _ in range(12):
                clock[0] += 1.0
                loop.beat()
            loop.stop()

        assert loop.run(start) == 0
        heard = messages(box)
    assert heard.count("EXTEND_TIMEOUT_USEC=30000000") == 3
    assert heard.index("READY=1") == 3


def test_a_starter_that_does_not_listen_is_logged_once_and_hangs_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with inbox(tmp_path) as (_, address):
        loop = Loop("test", Notify(address, watchdog_s=0.0002))
        for _ in range(5000):  # far more than a socket's queue holds
            loop.call_later(0, lambda: loop.status("x"))
        loop.call_later(0.01, loop.stop)
        assert loop.run() == 0
    assert capfd.readouterr().err.count("worker.unheard") == 1


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_what_the_environment_asks_of_this_process(
    environ: dict[str, str], watchdog_s: float | None
) -> None:
    assert Notify.from_env(environ).watchdog_s == watchdog_s


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="vsock:2:1"):
        Notify("vsock:2:1")


def test_what_somebody_else_says_in_a_workers_name_is_not_heard(tmp_path: Path) -> None:
    with inbox(tmp_path) as (box, address):
        say = "import sys; from appliance.services.notify import Notify; Notify(sys.argv[1]).send('READY=1')"
        subprocess.run([sys.executable, "-c", say, address], check=True, timeout=60)
        notify = Notify(address)
        assert notify.send("STATUS=mine")
        notify.close()
        assert messages(box) == ["STATUS=mine"]


def test_descriptors_and_oversized_messages_are_thrown_away(tmp_path: Path) -> None:
    with inbox(tmp_path) as (box, address), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address)
        open_before = len(os.listdir("/proc/self/fd"))
        socket.send_fds(sender, [b"READY=1"], [0, 1, 2])
        sender.send(b"STATUS=" + b"x" * 5000)
        assert messages(box) == ["READY=1"]
        assert len(os.listdir("/proc/self/fd")) == open_before


WORKER = """
import sys
from appliance.services.run import Loop
loop = Loop("worker")
code = loop.run(lambda: print("up", flush=True))
print("closed", flush=True)
raise SystemExit(code)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_an_idle_worker_cleanly(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        try:
            assert worker.stdout.readline() == "up\n"
            worker.send_signal(number)
            assert worker.stdout.readline() == "closed\n"
            assert worker.wait(TOO_LONG_S) == 0
        finally:
            worker.kill()


def test_a_worker_under_nohup_outlives_its_terminal() -> None:
    argv = ["nohup", sys.executable, "-c", WORKER]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as worker:
        assert worker.stdout is not None
        try:
            assert worker.stdout.readline() == "up\n"
            worker.send_signal(signal.SIGHUP)
            worker.send_signal(signal.SIGTERM)
            assert worker.stdout.readline() == "closed\n"
            assert worker.wait(TOO_LONG_S) == 0
        finally:
            worker.kill()


def test_the_signal_handlers_of_before_are_put_back(loop: Loop) -> None:
    before = signal.getsignal(signal.SIGTERM)
    loop.call_later(0, loop.stop)
    loop.run()
    assert signal.getsignal(signal.SIGTERM) is before
