"""A stand-in for the program `rpicam-vid`, for computers without the Pi's camera: a file that can be run, with its
options, its words and its ways of going wrong.

It says what rpicam-apps says (core/options.cpp, apps/rpicam_vid.cpp, libcamera's camera.cpp). What it shows and how it
behaves is read from files beside it, so that it can be changed while it runs.
"""

import argparse
import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NoReturn, Self

Way = Literal["well", "slow", "stuttering", "flooding", "stubborn", "dying"]
"""`slow`: in small pieces with pauses; `stuttering`: five at once, then none for as long; `flooding`: as fast as
somebody reads, and never silent beside; `stubborn`: does not end when it is asked to, nor does a child of it; `dying`:
after five pictures.
"""

_TO_SIT = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


class RpicamEmulator:
    """`folder` is to be put on PATH; `fps` pictures a second whatever is asked for."""

    def __init__(self, folder: Path, *, program: str = "rpicam-vid", fps: float = 20.0) -> None:
        self.folder = folder
        self._program = folder / program
        self._fps = fps
        self._once = 0

    def start(self) -> None:
        """Installs it, with one camera that shows nothing yet."""
        self.folder.mkdir(exist_ok=True)
        root = Path(__file__).resolve().parents[2]
        self._program.write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\nsys.path.insert(0, {str(root)!r})\n"
            f"from drivers.emulators.rpicam import main\nmain(Path(__file__).parent, {self._fps})\n"
        )
        self._program.chmod(self._program.stat().st_mode | stat.S_IXUSR)
        self.behave("well")
        self.plug()

    def close(self) -> None:
        """Not installed any more; one that runs ends."""
        self.unplug()
        self._program.unlink(missing_ok=True)

    def plug(self) -> None:
        self._put("camera", b"imx708")

    def unplug(self) -> None:
        (self.folder / "camera").unlink(missing_ok=True)

    def hold(self, data: bytes) -> None:
        """These bytes are its picture from now on; none: it gives no pictures."""
        self._put("shown", data)

    def freeze(self) -> None:
        self.hold(b"")

    def garbage(self, data: bytes) -> None:
        """These bytes once, between two pictures."""
        self._once += 1
        self._put(f"once-{self._once:06}", data)

    def behave(self, way: Way) -> None:
        self._put("way", way.encode())

    @property
    def runs(self) -> list[dict[str, Any]]:
        """Each start of it: `pid`, `argv`, and `child`, the pid of the child of a stubborn one."""
        with suppress(FileNotFoundError):
            return [json.loads(line) for line in (self.folder / "runs").read_text().splitlines()]
        return []

    def _put(self, name: str, data: bytes) -> None:
        fresh = self.folder / f".{name}"
        fresh.write_bytes(data)
        fresh.replace(self.folder / name)


class _Camera:
    """One run of the program."""

    def __init__(self, folder: Path, fps: float) -> None:
        self._folder = folder
        self._every = 1 / fps
        self._given = 0

    def run(self) -> NoReturn:
        while True:
            began = time.monotonic()
            if not (self._folder / "camera").exists():
                _fail("failed to queue buffer for stream: No such device")
            way = self._read("way").decode()
            for once in sorted(self._folder.glob("once-*")):
                self._write(once.read_bytes())
                once.unlink()
            if shown := self._read("shown"):
                self._show(shown, way)
            if way != "flooding":
                time.sleep(max(0.0, began + self._every - time.monotonic()))

    def _show(self, shown: bytes, way: str) -> None:
        self._given += 1
        match way:
            case "slow":
                for at in range(0, len(shown), 997):
                    self._write(shown[at : at + 997])
                    time.sleep(self._every / 10)
            case "stuttering":
                if self._given % 10 < 5:
                    self._write(shown)
            case "dying" if self._given > 5:
                _fail("failed to start output streaming")
            case "flooding":
                os.write(2, b"#1 (30.00 fps) exp 33239.00 ag 8.00 dg 1.00\n" * 20)
                self._write(shown)
            case _:
                self._write(shown)

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(1, data) :]
        except BrokenPipeError:
            _fail("failed to write output bytes")

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return b""


class _Options(argparse.ArgumentParser):
    """Those of the program that are used here, refused as it refuses them."""

    def error(self, message: str) -> NoReturn:
        _fail(message)

    @classmethod
    def made(cls) -> Self:
        options = cls(prog="rpicam-vid", add_help=False, allow_abbrev=False)
        for name in ("camera", "width", "height"):
            options.add_argument(f"--{name}", type=int, default=0)
        options.add_argument("--framerate", type=float, default=30.0)
        options.add_argument("--codec", choices=("h264", "mjpeg", "yuv420"), default="h264")
        options.add_argument("--timeout", default="5sec")
        options.add_argument("--output", default="")
        for name in ("nopreview", "flush"):
            options.add_argument(f"--{name}", action="store_true")
        return options


def main(folder: Path, fps: float) -> NoReturn:
    """The program itself."""
    asked = _Options.made().parse_args()
    _say("[0:12:01.303540] [1811]  INFO Camera camera_manager.cpp:326 libcamera v0.5.0+59-d83ff0a4")
    if asked.codec != "mjpeg" or asked.output != "-" or asked.timeout != "0":
        _fail("only Motion JPEG to standard output, without an end, is emulated")
    if not (folder / "camera").exists():
        _fail("no cameras available")
    if asked.camera != 0:
        _fail("selected camera is not available")
    with open(folder / "lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("[0:12:01.419578] [1811]  INFO Camera camera.cpp:1142 Pipeline handler in use by another process")
            _fail("failed to acquire camera /base/soc/i2c0mux/i2c@1/imx708@1a")
        run: dict[str, Any] = {"pid": os.getpid(), "argv": sys.argv[1:]}
        if (folder / "way").read_text() == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            run["child"] = subprocess.Popen([sys.executable, "-c", _TO_SIT]).pid
        with open(folder / "runs", "a", encoding="ascii") as runs:
            runs.write(json.dumps(run) + "\n")
        _Camera(folder, fps).run()


def _say(line: str) -> None:
    os.write(2, line.encode() + b"\n")


def _fail(why: str) -> NoReturn:
    _say(f"ERROR: *** {why} ***")
    os._exit(255)
