"""Where no path unit watches what the steward is asked for (on a laptop), it starts the backup itself: everything there
has one owner."""

import os
import subprocess
import sys
from pathlib import Path

from appliance.services.launch import bound


class BackupMaker:
    """At most one backup at a time."""

    def __init__(self, data: Path, run: Path) -> None:
        self._data, self._run = data, run
        self._child: subprocess.Popen[bytes] | None = None

    def make(self, to: str) -> None:
        """Begin one, unless one is under way: whoever asks twice wants one."""
        self.reap()
        if self._child is None:
            argv = [sys.executable, "-m", "appliance.cli", "backup", "--to", to, "--data", str(self._data)]
            env = {**os.environ, "BOOTHKIT_RUN": str(self._run)}
            self._child = subprocess.Popen(bound(argv), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def reap(self) -> None:
        """See whether it has ended; how, it has said on the board."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def close(self) -> None:
        """A backup that is under way is none."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None
