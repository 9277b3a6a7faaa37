"""A box without its hardware: the root tree booted with its own systemd in a container.

systemd-nspawn wants to be run by systemd; here it need not be. It gets a /run, a cgroup tree and a mount namespace of
its own. What the box keeps is in a folder of the test, mounted at /data, so a box that is booted again finds it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from appliance.commands.worker import OPTIONAL_WORKERS
from tests.conftest import wait_until

_NSPAWN = """
mount -t tmpfs tmpfs /run
umount -R -l /sys/fs/cgroup 2>/dev/null
mount -t cgroup2 none /sys/fs/cgroup || exit 1
mkdir -p "/sys/fs/cgroup/$1" && echo $$ >"/sys/fs/cgroup/$1/cgroup.procs" || exit 1
shift
exec systemd-nspawn "$@"
"""

_CLEAN = """
umount -R -l /sys/fs/cgroup 2>/dev/null
mount -t cgroup2 none /sys/fs/cgroup
find "/sys/fs/cgroup/$1" -depth -type d -exec rmdir {} +
"""

# The steward has CAP_SYS_TIME, and BPF is how systemd keeps addresses and devices from a unit. The clock is the
# host's own: nothing in here may set it, whatever it is allowed.
_RIGHTS = (
    "--capability=CAP_SYS_TIME,CAP_BPF,CAP_PERFMON",
    "--system-call-filter=bpf",
    "--system-call-filter=~clock_settime clock_settime64 settimeofday stime",
)

# There is no card to mount the root from anew, and the time is nobody's business in here.
_MASKED = ("systemd-remount-fs.service", "chrony.service", "systemd-timesyncd.service")

_ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8", "TERM=dumb")

# What a unit sees and is let do, as far as one can share it: its folders, network, cgroup (that is where addresses and
# devices are kept from it), user and groups; not its filter of system calls.
_LIKE_UNIT = """
show() { systemctl show --value --property="$2" "$1"; }
user=$(show "$1" User) pid=$(show "$1" MainPID)
echo $$ >"/sys/fs/cgroup$(show "$1" ControlGroup)/cgroup.procs" || exit 125
shift
exec nsenter --target "$pid" --mount --net --ipc setpriv --reuid="$user" --regid="$user" --init-groups \
  --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""

_BOOT_S = 90
_END_S = 60

_ASKED_TO_REBOOT = 133
"""systemd-nspawn(1), --keep-unit: whoever started it shall start it again."""


class Container:
    """A box in ``folder`` that boots ``tree``, which stays as it is; several may boot one tree.

    ``boot`` is its boot partition, ``data`` its data file system; both are there before the first boot.
    """

    def __init__(self, tree: Path, folder: Path) -> None:
        self.boot, self.data = folder / "boot", folder / "data"
        self.console = folder / "console.log"
        self._tree = tree
        self._group = f"boothkit-test.{os.getpid()}.{id(self):x}"
        self._process: subprocess.Popen[bytes] | None = None
        self._init: int | None = None
        self._guests: list[subprocess.Popen[str]] = []
        for path in (self.boot, self.data):
            path.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Boot, until systemd has done all that it was to start."""
        options = [f"--directory={self._tree}", "--boot", "--read-only", "--register=no", "--keep-unit", "--quiet"]
        options += ["--private-network", "--link-journal=no", "--console=read-only", "--hostname=boothkit"]
        options += ["--resolv-conf=off", "--timezone=off", *_RIGHTS]
        options += [f"--bind={self.data}:/data", f"--bind-ro={self.boot}:/boot/firmware"]
        words = ["systemd.log_color=0", "systemd.show_status=no", *(f"systemd.mask={unit}" for unit in _MASKED)]
        # A test run that is killed takes its boxes with it.
        argv = ["setpriv", "--pdeathsig=TERM", "unshare", "--mount", "--propagation", "private"]
        argv += ["sh", "-c", _NSPAWN, "sh", self._group]
        with self.console.open("ab") as console:
            self._process = subprocess.Popen(
                [*argv, *options, *words], stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        try:
            wait_until(self._is_up, "systemd has started everything", _BOOT_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; the console:\n{self._said()}") from None

    def _is_up(self) -> bool:
        """Whether its systemd is through with starting, all well or not."""
        assert self._process is not None
        assert self._process.poll() is None, f"the container ended with {self._process.returncode}"
        self._init = _init_below(self._process.pid)
        if self._init is None:
            return False
        said = self.run(["systemctl", "is-system-running"], check=False).stdout.strip()
        return said not in ("", "offline", "unknown", "initializing", "starting")

    def _said(self) -> str:
        return self.console.read_text(errors="replace")[-4000:]

    @property
    def init(self) -> int:
        """The pid of its init, as seen from here."""
        # Found once: the kernel's list of children may leave one out while another of them ends (proc(5)).
        assert self._init is not None, f"the container has no init:\n{self._said()}"
        return self._init

    def stop(self) -> None:
        """Shut down in order; fine when it is down already."""
        if self._process is not None:
            self._process.terminate()
            self._wait_ended()

    def cut(self) -> None:
        """As if the power failed: nothing in it runs on, none of it gets to know."""
        os.kill(self.init, signal.SIGKILL)
        self._wait_ended()

    def _wait_ended(self) -> None:
        process, self._process = self._process, None
        assert process is not None
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            if self._init is not None:
                os.kill(self._init, signal.SIGKILL)
            process.kill()
            process.wait(_END_S)
        self._init = None
        for guest in self._guests:
            guest.terminate()
        self._guests.clear()
        clean = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _CLEAN, "sh", self._group]
        subprocess.run(clean, check=False, capture_output=True, timeout=60)

    def reboot(self) -> None:
        """``systemctl reboot`` inside, until it is up again."""
        assert self._process is not None, "not started"
        process = self._process
        self.run(["systemctl", "reboot"])
        self._wait_ended()
        assert process.returncode == _ASKED_TO_REBOOT, f"it ended with {process.returncode}:\n{self._said()}"
        self.start()

    def wait_off(self) -> int:
        """Until it has switched itself off; the exit code of what it ran in."""
        assert self._process is not None, "not started"
        return self._process.wait(60)

    def _enter(self, more: Sequence[str], argv: Sequence[str], user: str | None, unit: str | None) -> list[str]:
        # From outside one comes past the container's own bounds: the clock is kept by taking the right away.
        become = ["setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time"]
        if user is not None:
            become += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
        if unit is not None:
            become += ["sh", "-c", _LIKE_UNIT, "sh", unit]
        enter = ["nsenter", f"--target={self.init}", "--mount", "--uts", "--ipc", "--net", "--cgroup", "--root", "--wd"]
        return [*enter, *more, "env", "-i", *_ENVIRONMENT, *become, *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str | None = None,
        unit: str | None = None,
        input: str = "",
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """A command in the box: as root, as one of its ``user``s with all of that user's groups, or as a ``unit``."""
        argv = self._enter(["--pid"], argv, user, unit)
        done = subprocess.run(argv, input=input, capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, f"{done.args} ended with {done.returncode}: {done.stderr}"
        return done

    def popen(self, argv: Sequence[str], output: Path, *, user: str | None = None) -> subprocess.Popen[str]:
        """A command that stays, with a pipe to its standard input, until it is ended; the box being down ends it too.

        It is a process of ours, not of the box, whose last act is to stop all of its own: one that was stopped and
        that nobody here waits for would keep the box from ending.
        """
        with output.open("ab") as target:
            argv = self._enter([], argv, user, None)
            process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=target, stderr=target, text=True, bufsize=1)
        self._guests.append(process)
        return process

    def show(self, unit: str, property: str) -> str:
        """A property of a unit."""
        return self.run(["systemctl", "show", "--value", f"--property={property}", unit]).stdout.strip()

    def pid(self, unit: str) -> int:
        """A unit's main process, as the box numbers it; 0 = it has none."""
        return int(self.show(unit, "MainPID"))

    def units(self) -> list[str]:
        """What boothkit.target wants, without itself, and without what only some boxes start."""
        wanted = self.show("boothkit.target", "Wants").split() + self.show("boothkit.target", "Requires").split()
        some = {f"boothkit-{name}.service" for name in (*OPTIONAL_WORKERS, "names")}
        return sorted(unit for unit in wanted if unit.startswith("boothkit") and unit not in some)

    def wait_active(self, *units: str, seconds: float = 60) -> None:
        """Until all of them are active; says which is not."""
        for unit in units:
            wait_until(lambda unit=unit: self.show(unit, "ActiveState") == "active", f"{unit} is active", seconds)

    def failed(self) -> str:
        """What ``systemctl --failed`` lists: empty when all is well."""
        return self.run(["systemctl", "list-units", "--failed", "--plain", "--no-legend"]).stdout

    def show_log(self) -> None:
        """On standard output, which pytest keeps for a test that failed: what it said, as far as it still can."""
        if self._init is not None and Path(f"/proc/{self._init}").exists():
            log = ["journalctl", "--boot", "--output=short-monotonic", "--priority=notice", "--lines=300"]
            sys.stdout.write(self.run(log, check=False).stdout)
        sys.stdout.write(self._said())

    def journal(self, *arguments: str) -> str:
        """The log since boot."""
        return self.run(["journalctl", "--quiet", "--boot", "--output=short-monotonic", *arguments]).stdout


@contextmanager
def booted(tree: Path, folder: Path) -> Iterator[Container]:
    """A box that is up, for all tests of a module; its log is shown at the end."""
    made = Container(tree, folder)
    try:
        made.start()
        yield made
        made.show_log()
    finally:
        made.stop()


def _init_below(pid: int) -> int | None:
    """The process below ``pid`` that is number 1 of a pid namespace."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    for child in map(int, children):
        if _numbers(child)[-1:] == ["1"]:
            return child
        if (found := _init_below(child)) is not None:
            return found
    return None


def _numbers(pid: int) -> list[str]:
    """A process's numbers in each pid namespace, ours first."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
