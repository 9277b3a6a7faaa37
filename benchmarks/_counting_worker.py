"""The memory of the worker that counts people, with an emulated camera before it; and of the counter over an hour."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import cv2

from appliance.journal.wire import socket_path
from benchmarks._footage import Picture
from benchmarks.uplink import pss
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.crowd import Scene
from drivers.vision.counter import Counter
from drivers.vision.plan import AnyPlan, Line, Zone

_SETTLED_S = 25
_FPS = 7.0
_LINE = Line("line", (0.5, 0), (0.5, 1))


def worker() -> None:
    """A crowd of 20 people a minute at 640 x 480, 10 pictures a second."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        config, camera = folder / "boothkit.toml", folder / "camera"
        config.write_text(f'[devices]\nfootfall = "camera://{camera}?fps=10&line=0.1,0.5,0.9,0.5"\n')
        (folder / "run").mkdir(mode=0o700)
        # As the unit has it.
        own = {"BOOTHKIT_RUN": str(folder / "run"), "BOOTHKIT_DATA": str(folder / "data"), "MALLOC_ARENA_MAX": "1"}
        scene = Scene(5, size=(640, 480), fps=10)
        emulator = CameraEmulator(camera, fps=scene.fps, size=scene.size)
        emulator.start()
        stack.callback(emulator.close)
        emulator.play(picture for picture, _ in scene)
        for name in ("recorder", "footfall"):
            argv = [sys.executable, "-m", "appliance.cli", "worker", name, "--config", str(config)]
            process = stack.enter_context(subprocess.Popen(argv, env={**os.environ, **own}, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            while not socket_path(folder / "run", "device").exists():  # the units start in this order too
                if process.poll() is not None:
                    raise RuntimeError(f"the {name} worker ended with {process.returncode}")
                time.sleep(0.1)
        time.sleep(_SETTLED_S)
        print(f"\nWorker while it counts: {pss(process.pid):.0f} MB PSS (goal 60)")


def hour(shown: list[Picture]) -> None:
    """The recording to and fro, as JPEG in memory, until an hour of it has been seen."""
    kept = [cv2.imencode(".jpg", picture)[1] for picture in (*shown, *reversed(shown))]
    ground = Zone("ground", ((0, 0), (1, 0), (1, 1), (0, 1)))
    counter = Counter(AnyPlan((_LINE,), (ground,)))
    print("\nAn hour of video, MB PSS each ten minutes (with the recording itself):", end="")
    for number in range(round(3600 * _FPS) + 1):
        counter.step(cv2.imdecode(kept[number % len(kept)], cv2.IMREAD_COLOR), number / _FPS)
        if number % round(600 * _FPS) == round(60 * _FPS):
            print(f" {pss(os.getpid()):.0f}", end="", flush=True)
    print()
