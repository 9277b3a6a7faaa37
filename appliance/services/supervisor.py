"""What systemd does on the box, for a laptop: `boothkit up` starts the workers, and starts them again.

    waiting → starting → ready → (it ended) → restarting → waiting …        stopping → stopped

A worker starts when all that it needs is ready. One that ends, is silent for longer than its watchdog allows
or does not get ready is replaced, after a pause that doubles with each failure in a row. Stopping goes the
other way: nothing is asked to stop while something that needs it still runs.

A worker that ends with last words (`notify.last_words`: a taken port, a file that cannot be written) waits for
a person. Before all were ready once, somebody sits in front of it: everything stops, and they are told. Later,
in the middle of an event, it is tried again and again, and the board says what to do.

The page `supervisor` on the board: `workers: {NAME: {state, pid, restarts, reason, remedy}}`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

from appliance import log
from appliance.board import Board
from appliance.errors import BoothkitError
from appliance.services.child import Child
from appliance.services.notify import REMEDY, Notify
from appliance.services.run import Loop, Timer
from appliance.services.runfolder import held, notify_socket

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_MOST_EXTENSION_S = 60.0
_NEVER_READY_S = 60.0

WorkerState = Literal["waiting", "starting", "ready", "restarting", "stopping", "stopped"]


class CannotStart(BoothkitError):
    """A worker needs a person before it can start; nothing runs any more."""


@dataclass(frozen=True)
class Spec:
    """How to start one worker: `env` goes over our own environment, `needs` are ready before it starts."""

    name: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass
class _Worker:
    spec: Spec
    state: WorkerState = "waiting"
    child: Child | None = None
    timer: Timer | None = None
    ready_at: float | None = None
    failures: int = 0
    restarts: int = 0
    reason: str = ""
    remedy: str = ""
    killed_for: str = ""
    last_words: tuple[str, str] | None = None

    def disarm(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Supervisor:
    """Runs once. One thread, the same loop as every worker's."""

    def __init__(
        self,
        specs: Sequence[Spec],
        run: Path,
        *,
        watchdog_s: float = 10.0,
        ready_s: float = 30.0,
        stop_s: float = 5.0,
        healthy_s: float = 30.0,
    ) -> None:
        """`watchdog_s`: longest silence of a ready worker; `ready_s`: longest start without a sign of life;
        `stop_s`: from SIGTERM to SIGKILL; `healthy_s`: ready for so long, and earlier failures are forgotten.

        ValueError: a name twice, a need that nobody has, a circle of needs. RunFolderTooLong.
        """
        names = [spec.name for spec in specs]
        unknown = sorted({need for spec in specs for need in spec.needs} - set(names))
        if len(set(names)) != len(names) or "supervisor" in names or unknown:
            raise ValueError(f"workers {names}, needed but unknown {unknown}: each once, none `supervisor`")
        try:
            TopologicalSorter({spec.name: spec.needs for spec in specs}).prepare()
        except CycleError as error:
            raise ValueError(f"workers need each other in a circle: {' → '.join(error.args[1])}") from error
        self._workers = {spec.name: _Worker(spec) for spec in specs}
        self._folder = run
        self._sockets = {name: notify_socket(run, name) for name in names}
        self._watchdog_s, self._ready_s = watchdog_s, ready_s
        self._stop_s, self._healthy_s = stop_s, healthy_s
        self._log = log.get("supervisor")
        self._stopping = False
        self._announced = False
        self._given_up = False
        self._cannot_start: CannotStart | None = None
        self._end: Timer | None = None

    def run(
        self,
        on_ready: Callable[[], object],
        for_seconds: float | None = None,
        *,
        prepare: Callable[[], object] = lambda: None,
    ) -> int:
        """Start all, call `on_ready` once when all are ready for the first time, run until a signal to stop.

        `for_seconds` counts from then. `prepare` is called before the first worker starts, when the run folder
        is ours alone. Returns 0 after a clean stop; 1 when something failed that should not, or when with
        `for_seconds` the workers were not ready within 60 s. AlreadyRunning, CannotStart.
        """
        with held(self._folder):
            prepare()
            (self._folder / "notify").mkdir(mode=0o700, exist_ok=True)
            self._board = Board(self._folder, "supervisor")
            self._on_ready, self._for_seconds = on_ready, for_seconds
            self._loop = Loop("supervisor", Notify(), on_signal=self._stop)
            try:
                code = self._loop.run(self._begin)
            finally:
                self._clear_up()
        if self._cannot_start is not None:
            raise self._cannot_start
        return 1 if self._given_up else code

    def _begin(self) -> None:
        if self._for_seconds is not None:
            self._end = self._loop.call_later(_NEVER_READY_S, self._give_up)
        self._loop.every(1.0, self._show)
        self._advance()

    def _advance(self) -> None:
        """Start what waits and has what it needs."""
        for worker in self._workers.values():
            needs = [self._workers[need] for need in worker.spec.needs]
            if worker.state == "waiting" and all(need.state == "ready" for need in needs):
                self._start(worker)
        self._show()

    def _start(self, worker: _Worker) -> None:
        name = worker.spec.name
        worker.state, worker.ready_at, worker.killed_for, worker.last_words = "starting", None, "", None
        try:
            child = Child(worker.spec.argv, worker.spec.env, self._sockets[name], self._watchdog_s)
        except OSError as error:
            self._ended(worker, f"not started: {error}")
            return
        worker.child = child
        self._loop.add_reader(child.inbox.fileno(), partial(self._heard, worker, child))
        self._loop.add_reader(child.pidfd, partial(self._reap, worker, child))
        self._watch(worker, self._ready_s, f"not ready within {self._ready_s:g} s")
        self._log.info("worker.started", name=name, pid=child.pid)

    def _heard(self, worker: _Worker, child: Child) -> None:
        for message in child.messages():
            if REMEDY in message:
                worker.last_words = message.get("STATUS", ""), message[REMEDY]
            elif worker.state == "starting" and message.get("READY") == "1":
                self._is_ready(worker)
            elif worker.state == "starting" and message.get("EXTEND_TIMEOUT_USEC", "").isdecimal():
                more = min(int(message["EXTEND_TIMEOUT_USEC"]) / 1e6, _MOST_EXTENSION_S)
                self._watch(worker, more, f"silent for {more:g} s while it started")
            elif worker.state == "ready" and message.get("WATCHDOG") == "1":
                self._watch(worker, self._watchdog_s, f"silent for {self._watchdog_s:g} s")

    def _is_ready(self, worker: _Worker) -> None:
        worker.state, worker.ready_at = "ready", self._loop.now()
        self._watch(worker, self._watchdog_s, f"silent for {self._watchdog_s:g} s")
        self._log.info("worker.ready", name=worker.spec.name, restarts=worker.restarts)
        self._advance()
        if not self._announced and self._all_ready():
            self._announced = True
            self._on_ready()
            if self._end is not None and self._for_seconds is not None:
                self._end.cancel()
                self._end = self._loop.call_later(self._for_seconds, self._stop)

    def _watch(self, worker: _Worker, seconds: float, why: str) -> None:
        """Replace the worker unless something is heard from it within `seconds`."""
        worker.disarm()
        worker.timer = self._loop.call_later(seconds, partial(self._overdue, worker, seconds, why))

    def _overdue(self, worker: _Worker, seconds: float, why: str) -> None:
        if worker.timer is None or worker.child is None:
            return
        late_s = self._loop.now() - worker.timer.due
        if late_s > seconds / 4:  # it is us who slept: no judge of others
            self._log.warning("supervisor.slept", late_s=round(late_s, 1))
            self._watch(worker, seconds, why)
            return
        self._log.warning("worker.killed", name=worker.spec.name, why=why)
        worker.killed_for = why
        worker.child.kill()

    def _reap(self, worker: _Worker, child: Child) -> None:
        self._loop.remove_reader(child.inbox.fileno())
        self._loop.remove_reader(child.pidfd)
        worker.state = "restarting"  # of what it said, only its last words still count
        self._heard(worker, child)
        worker.child = None
        ending = child.reap()
        said, remedy = worker.last_words or ("", "")
        self._ended(worker, worker.killed_for or said or ending, remedy)

    def _ended(self, worker: _Worker, reason: str, remedy: str = "") -> None:
        worker.disarm()
        worker.reason, worker.remedy = reason, remedy
        if self._stopping:
            worker.state = "stopped"
            self._stop_next()
            return
        if remedy and not self._announced:
            worker.state = "stopped"
            self._cannot_start = CannotStart(f"{worker.spec.name}: {reason}", remedy=remedy)
            self._stop()
            return
        if worker.ready_at is not None and self._loop.now() - worker.ready_at >= self._healthy_s:
            worker.failures = 0
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(worker.failures, 16))
        worker.failures += 1
        worker.state = "restarting"
        worker.timer = self._loop.call_later(pause, partial(self._again, worker))
        self._log.warning("worker.ended", name=worker.spec.name, reason=reason, restart_in_s=pause)
        self._show()

    def _again(self, worker: _Worker) -> None:
        worker.restarts += 1
        worker.state = "waiting"
        self._advance()

    def _give_up(self) -> None:
        self._log.error("workers.never_ready", waited_s=_NEVER_READY_S)
        self._given_up = True
        self._stop()

    def _stop(self) -> None:
        """Ask all to stop, in reverse; at the second signal, make them."""
        if self._stopping:
            for worker in self._workers.values():
                if worker.child is not None:
                    worker.child.kill()
            return
        self._stopping = True
        for worker in self._workers.values():
            worker.disarm()
            if worker.child is None:
                worker.state = "stopped"
        self._stop_next()

    def _stop_next(self) -> None:
        running = [worker for worker in self._workers.values() if worker.child is not None]
        needed = {need for worker in running for need in worker.spec.needs}
        for worker in running:
            if worker.state != "stopping" and worker.spec.name not in needed and worker.child is not None:
                worker.state = "stopping"
                self._watch(worker, self._stop_s, f"did not stop within {self._stop_s:g} s")
                worker.child.terminate()
        self._show()
        if not running:
            self._loop.stop()

    def _clear_up(self) -> None:
        """After a clean stop there is nothing to do; after a failure of our own nothing is left behind."""
        for worker in self._workers.values():
            if worker.child is not None:
                worker.child.kill()
                worker.child.reap()
                worker.child = None
        self._board.clear()

    def _all_ready(self) -> bool:
        return all(worker.state == "ready" for worker in self._workers.values())

    def _show(self) -> None:
        workers = {
            name: {
                "state": worker.state,
                "pid": None if worker.child is None else worker.child.pid,
                "restarts": worker.restarts,
                "reason": worker.reason,
                "remedy": worker.remedy,
            }
            for name, worker in self._workers.items()
        }
        if self._stopping:
            self._board.put(state="stopping", workers=workers)
        elif self._all_ready():
            self._board.put(state="ready", workers=workers)
        else:
            self._board.put(state="degraded" if self._announced else "starting", workers=workers)
