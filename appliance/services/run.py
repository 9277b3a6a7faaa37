"""The run loop of every worker: one thread, what is readable, what is due, and a sign of life.

    loop = Loop("scanning")
    loop.add_reader(device.fileno(), take)
    loop.every(1.0, board.put)
    raise SystemExit(loop.run())

The sign of life (WATCHDOG=1) is sent from inside the loop and from nowhere else, so a callback that hangs is
noticed by whoever started the worker. Nothing is caught and carried on with: an exception in a callback ends
the worker, and it is started anew from what is durable.
"""

import bisect
import selectors
import signal
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from operator import attrgetter

from appliance import log
from appliance.services.notify import Notify

Callback = Callable[[], object]

_START_BEAT_S = 5.0
_START_EXTENSION_USEC = 30_000_000


class Timer:
    """Something to be done at `due` (seconds of the loop's clock), and then every `interval`, if any."""

    def __init__(self, loop: "Loop", due: float, interval: float | None, callback: Callback) -> None:
        self.due = due
        self._loop = loop
        self._interval = interval
        self._callback = callback

    def cancel(self) -> None:
        """It will not run any more; may be called twice, and after it ran."""
        self._loop._forget(self)

    def _fire(self, now: float) -> None:
        self._loop._forget(self)
        if self._interval is not None:
            self.due += self._interval
            if self.due <= now:  # a loop that was late does not make up for missed ticks
                self.due = now + self._interval
            self._loop._remember(self)
        self._callback()


class Loop:
    """Runs once, in the thread that calls `run`; only `call_soon_threadsafe` may be called from elsewhere."""

    def __init__(
        self,
        name: str,
        notify: Notify | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        on_signal: Callback | None = None,
    ) -> None:
        """`notify`: by default whoever the environment names. `on_signal`: what each SIGTERM, SIGINT and
        SIGHUP does, inside the loop; by default `stop`.
        """
        self._log = log.get(name)
        self._notify = Notify.from_env() if notify is None else notify
        self.now = now
        self._on_signal = self.stop if on_signal is None else on_signal
        self._selector = selectors.DefaultSelector()
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)
        self._selector.register(self._wake_r, selectors.EVENT_READ, self._woken)
        self._timers: list[Timer] = []  # by due
        self._soon: deque[Callback] = deque()
        self._stopping = False
        self._ready = False
        self._deaf = False
        self._next_beat = now()

    def add_reader(self, fd: int, callback: Callback) -> None:
        """Call `callback` whenever `fd` is readable or its other end is gone; again = another callback.

        A descriptor is removed before it is closed.
        """
        if fd in self._selector.get_map():
            self._selector.modify(fd, selectors.EVENT_READ, callback)
        else:
            self._selector.register(fd, selectors.EVENT_READ, callback)

    def remove_reader(self, fd: int) -> None:
        """Also when it was never added."""
        with suppress(KeyError):
            self._selector.unregister(fd)

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Once, not before `seconds` have passed."""
        return self._remember(Timer(self, self.now() + seconds, None, callback))

    def every(self, seconds: float, callback: Callback) -> Timer:
        """Every `seconds` (> 0), first after that time; ticks missed by a late loop are dropped."""
        if seconds <= 0:
            raise ValueError(f"every {seconds} s: expected more than 0")
        return self._remember(Timer(self, self.now() + seconds, seconds, callback))

    def call_soon_threadsafe(self, callback: Callback) -> None:
        """In the loop's thread, as soon as it can; in the order of the calls. After the end: never."""
        self._soon.append(callback)
        with suppress(OSError):  # full: it is awake already; closed: it is over
            self._wake_w.send(b"\0")

    def stop(self) -> None:
        """The callback that runs now is the last one."""
        self._stopping = True

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._tell("STATUS=" + " ".join(text.split()))

    def beat(self) -> None:
        """A sign of life when one is due. Work that takes long calls it between its pieces.

        Before the worker is ready it asks for more time to start instead (EXTEND_TIMEOUT_USEC).
        """
        every = self._beat_every()
        if every is not None and self.now() >= self._next_beat:
            self._next_beat = self.now() + every
            self._tell("WATCHDOG=1" if self._ready else f"EXTEND_TIMEOUT_USEC={_START_EXTENSION_USEC}")

    def run(self, ready: Callback | None = None) -> int:
        """Call `ready` (what has to work before the worker counts as ready), say READY=1, loop until `stop`.

        The worker's exit code: 0 = stopped, 1 = an exception, which was logged. Signals are taken in the main
        thread only. The loop is closed afterwards.
        """
        try:
            with self._signals():
                return self._run(ready)
        finally:
            self.close()

    def close(self) -> None:
        """For a loop that never ran; may be called twice."""
        self._selector.close()
        self._wake_r.close()
        self._wake_w.close()
        self._notify.close()

    def _run(self, ready: Callback | None) -> int:
        code = 0
        try:
            if ready is not None:
                ready()
            self._ready = True
            self._next_beat = self.now()
            self._tell("READY=1")
            while not self._stopping:
                self._turn()
        except Exception as error:  # noqa: BLE001 -- the one place where a worker ends on what nobody foresaw
            self._log.error("worker.failed", error=type(error).__name__, why=_why(error), trace=_trace(error))
            code = 1
        self._tell("STOPPING=1")
        return code

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._timeout()):
            # An earlier callback of this turn may have removed it, and given its number to something else.
            if self._selector.get_map().get(key.fd) is key:
                self._call(key.data)
        for _ in range(len(self._soon)):
            self._call(self._soon.popleft())
        now = self.now()
        for timer in self._timers[: bisect.bisect_right(self._timers, now, key=attrgetter("due"))]:
            if timer in self._timers:  # not cancelled by one before it
                self._call(partial(timer._fire, now))
        self.beat()

    def _call(self, callback: Callback) -> None:
        if not self._stopping:
            callback()
            self.beat()

    def _timeout(self) -> float | None:
        if self._soon:
            return 0.0
        dues = [self._timers[0].due] if self._timers else []
        if self._beat_every() is not None:
            dues.append(self._next_beat)
        return max(0.0, min(dues) - self.now()) if dues else None

    def _beat_every(self) -> float | None:
        if not self._notify.wanted:
            return None
        if not self._ready:
            return _START_BEAT_S
        return None if self._notify.watchdog_s is None else self._notify.watchdog_s / 2

    def _tell(self, message: str) -> None:
        sent = self._notify.send(message)
        if not sent and not self._deaf:
            self._log.warning("worker.unheard", message=message)
        self._deaf = not sent

    def _woken(self) -> None:
        with suppress(BlockingIOError):
            while self._wake_r.recv(4096):
                pass

    def _remember(self, timer: Timer) -> Timer:
        bisect.insort(self._timers, timer, key=attrgetter("due"))
        return timer

    def _forget(self, timer: Timer) -> None:
        with suppress(ValueError):
            self._timers.remove(timer)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The handler only queues; the wake-up descriptor gets the loop out of its wait
        (signal.set_wakeup_fd)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        taken = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup(1)
            taken.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._signalled) for number in taken}
        fd = signal.set_wakeup_fd(self._wake_w.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(fd)
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _signalled(self, number: int, frame: object) -> None:
        self._soon.append(self._on_signal)


def _why(error: Exception) -> str:
    """Our own errors say what was found; a foreign one may show the data that it stumbled over."""
    ours = type(error).__module__.partition(".")[0] in ("appliance", "drivers", "web")
    return str(error) if ours or isinstance(error, OSError) else ""


def _trace(error: Exception) -> str:
    """Innermost call first, without source lines: they may show what was being worked on."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames)
