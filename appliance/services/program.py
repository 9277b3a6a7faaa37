"""A program of Debian's that a worker runs as its child, and watches."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from appliance.services import launch

_STOP_S = 5.0


def found(name: str) -> str | None:
    """Where the program is; None: it is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


class Program:
    """One run at a time; what it says goes into a file, which begins anew with each. It dies with the worker."""

    def __init__(self, said: Path) -> None:
        self._said = said
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, argv: Sequence[str]) -> None:
        """Start it."""
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                launch.bound(list(argv)), stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )

    @property
    def started(self) -> bool:
        """Whether it was started, and its end was not yet noticed by ``ended``."""
        return self._process is not None

    def ended(self) -> bool:
        """Whether it has ended by itself since it was started; asked once, it counts as not started."""
        if self._process is None or self._process.poll() is None:
            return False
        self._process = None
        return True

    def said(self) -> str:
        """What it said."""
        return self._said.read_text(errors="replace")

    def stop(self) -> None:
        """End it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
