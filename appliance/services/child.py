"""One life of one worker: its process, what it says about itself, its end."""

import os
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

from appliance.services import launch
from appliance.services.notify import Inbox

_STDERR = 2


class Child:
    """A process in a session of its own, so that Ctrl-C reaches its starter only, bound to its starter's
    life.

    Its stdout goes to stderr: stdout belongs to the one line of `up`.
    """

    def __init__(self, argv: list[str], env: dict[str, str], notify: Path, watchdog_s: float) -> None:
        """Start `argv` with `env` over our own environment. OSError when there is no process or socket to be
        had."""
        with ExitStack() as undo:
            self.inbox = Inbox(notify)
            undo.callback(self.inbox.close)
            self._process = subprocess.Popen(
                launch.bound(argv),
                env=_environment(env, notify, watchdog_s),
                stdin=subprocess.DEVNULL,
                stdout=_STDERR,
                start_new_session=True,
            )
            undo.callback(self._process.wait)
            undo.callback(self._process.kill)
            self.pid = self._process.pid
            self.pidfd = os.pidfd_open(self.pid)
            """Readable when the process has ended."""
            undo.pop_all()

    def messages(self) -> list[dict[str, str]]:
        """What it told us since the last call."""
        return self.inbox.receive(self.pid)

    def terminate(self) -> None:
        """Ask it to stop. Only the worker is asked: it stops what it started."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and all it started. SIGKILL also ends a process that is stopped; nothing gentler does."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # the group went with the last of it

    def reap(self) -> str:
        """Wait for its end, end what it left behind, close; why it ended: `exit 1`, `SIGKILL`."""
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self.kill()  # before its pid is given back, and could be somebody else's group
        code = self._process.wait()
        os.close(self.pidfd)
        self.inbox.close()
        return f"exit {code}" if code >= 0 else _signal_name(-code)


def _environment(env: dict[str, str], notify: Path, watchdog_s: float) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key != "WATCHDOG_PID"}
    own = {"NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": str(round(watchdog_s * 1e6))}
    return {**inherited, **env, **own}


def _signal_name(number: int) -> str:
    return next((known.name for known in signal.Signals if known == number), f"signal {number}")
