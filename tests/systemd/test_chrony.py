"""The network's time on a box, as chronyd itself reads the file: it prints it (-p), and sets no clock."""

import subprocess
from pathlib import Path

from tests.systemd.conftest import needs


def _read(installed: Path) -> list[str]:
    argv = ["chronyd", "-p", "-f", str(installed / "etc/chrony/boothkit.conf")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line and not line.startswith("#")]


def test_chronyd_takes_the_file_steps_at_any_time_and_tells_the_kernel(installed: Path) -> None:
    needs("chronyd")
    lines = _read(installed)
    assert [line for line in lines if line.startswith("makestep")] == ["makestep 1 -1"]
    assert "rtcsync" in lines
    assert [line for line in lines if line.startswith("pool")] == ["pool 2.debian.pool.ntp.org iburst"]


def test_nobody_asks_the_box_for_the_time(installed: Path) -> None:
    needs("chronyd")
    lines = _read(installed)
    assert {"port 0", "cmdport 0"} <= set(lines)
    assert not [line for line in lines if line.startswith(("allow", "cmdallow", "local"))]


def test_debians_service_starts_with_our_file(installed: Path) -> None:
    drop_in = (installed / "usr/lib/systemd/system/chrony.service.d/50-boothkit.conf").read_text()
    assert "ExecStart=\nExecStart=!/usr/sbin/chronyd -f /etc/chrony/boothkit.conf $DAEMON_OPTS\n" in drop_in
