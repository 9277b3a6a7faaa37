"""Each model of a scanner keeps the promises of the suite, over a pty, a TCP connection or a FIFO."""

import random
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from drivers.device import Event, Scan
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.gm import GmEmulator
from drivers.emulators.keyboard import KeyboardEmulator
from drivers.emulators.pictures import jpeg, picture
from drivers.emulators.port import TcpPort
from drivers.emulators.scanner import ScannerEmulator
from drivers.life import State
from tests.drivers.conftest import Pump
from tests.drivers.suites.scanner import ScannerBench, ScannerSuite, TextSuite

PATIENT = "gap=3000"
"""On a loaded machine the pieces of one code may be far apart."""


class TextBench(ScannerBench):
    """What half a code looks like where codes are text."""

    def half(self, code: str) -> None:
        for piece in (code[at : at + 300] for at in range(0, len(code), 300)):  # a FIFO holds the keys of about 300
            heard = self.device.life.counters["heard"] + len(piece)
            self.emit(piece)
            self.until(lambda _, heard=heard: self.device.life.counters["heard"] >= heard)

    def away(self) -> None:
        return

    def hush(self) -> None:
        return

    @abstractmethod
    def emit(self, code: str) -> None:
        """Without an end."""


class PlainBench(TextBench):
    def __init__(self, pump: Pump, where: Path | int, uri: str) -> None:
        super().__init__(pump)
        self.uri = uri
        self.emulator = ScannerEmulator(where)

    def start(self) -> None:
        self.emulator.start()

    def stop(self) -> None:
        self.emulator.close()

    def plug(self) -> None:
        self.emulator.plug()

    def unplug(self) -> None:
        self.emulator.unplug()

    def scan(self, code: str) -> None:
        self.emulator.garbage(code.encode() + b"\r")  # the emulator's own `scan` refuses what no symbol carries

    def emit(self, code: str) -> None:
        self.emulator.partial(code)

    def garbage(self) -> None:
        self.emulator.garbage(b"\xff\xfe\x00\x80\r")

    def slowly(self, code: str) -> None:
        self.emulator.slowly(code)


class TcpBench(PlainBench):
    """Connected is not accepted: until the emulator has the connection, what it sends is heard by nobody."""

    def connect(self) -> None:
        super().connect()
        self._heard()

    def read(self, *codes: str) -> list[str]:
        self._heard()
        return super().read(*codes)

    def _heard(self) -> None:
        number = next(self._numbers)

        def heard(events: list[Event]) -> bool:
            self.scan(f"AWAY-{number}")
            return any(isinstance(event, Scan) and event.code == f"AWAY-{number}" for event in events)

        assert self.until(heard) == []


class GmBench(TextBench):
    when_silent: State = "degraded"

    def __init__(self, pump: Pump, where: Path, family: Literal["gm65", "gm67"]) -> None:
        super().__init__(pump)
        self.uri = f"serial://{where}?model={family}&trigger=host&{PATIENT}"
        self.emulator = GmEmulator(where, family)

    def start(self) -> None:
        self.emulator.start()

    def stop(self) -> None:
        self.emulator.close()

    def plug(self) -> None:
        self.emulator.plug()

    def unplug(self) -> None:
        self.emulator.unplug()

    def scan(self, code: str) -> None:
        self.emulator.deaf = False
        self.emulator.scan(code)

    def emit(self, code: str) -> None:
        self.emulator.partial(code)

    def garbage(self) -> None:
        self.emulator.garbage(b"\x02\x00\x00\xff\xfe\x04\xd0\r")

    def slowly(self, code: str) -> None:
        self.emulator.slowly(f"{code}\r".encode())

    def hush(self) -> None:
        self.emulator.deaf = True


class EvdevBench(TextBench):
    def __init__(self, pump: Pump, where: Path) -> None:
        super().__init__(pump)
        self.uri = f"evdev://{where}?{PATIENT}"
        self.emulator = KeyboardEmulator(where)
        self._chance = random.Random(3)

    def start(self) -> None:
        self.emulator.start()

    def stop(self) -> None:
        self.emulator.close()

    def plug(self) -> None:
        self.emulator.plug()

    def unplug(self) -> None:
        self.emulator.unplug()

    def scan(self, code: str) -> None:
        self.emulator.scan(code)

    def emit(self, code: str) -> None:
        self.emulator.partial(code)

    def garbage(self) -> None:
        self.emulator.garbage(self._chance.randbytes(24 * 10))

    def slowly(self, code: str) -> None:
        self.emulator.slowly(code)


class CameraBench(ScannerBench):
    when_silent: State = "degraded"

    def __init__(self, pump: Pump, where: Path) -> None:
        super().__init__(pump)
        self.uri = f"camera://{where}?fps=30"
        self.emulator = CameraEmulator(where)

    def start(self) -> None:
        self.emulator.start()
        self.emulator.show()

    def stop(self) -> None:
        self.emulator.close()

    def plug(self) -> None:
        self.emulator.show()
        self.emulator.plug()

    def unplug(self) -> None:
        self.emulator.unplug()

    def scan(self, code: str) -> None:
        self.emulator.show(code)

    def half(self, code: str) -> None:
        self.emulator.freeze()
        self.emulator.garbage(jpeg(picture([code]))[:5000])

    def garbage(self) -> None:
        scene = bytearray(jpeg(picture(["NEVER"])))
        scene[200:-200] = bytes(len(scene) - 400)
        self.emulator.garbage(b"\xff\xd8\xff\xd9" + bytes(range(256)) * 4 + bytes(scene))

    def slowly(self, code: str) -> None:
        self.emulator.freeze()
        scene = jpeg(picture([code]))
        for at in range(0, len(scene), 997):
            self.emulator.garbage(scene[at : at + 997])

    def hush(self) -> None:
        self.emulator.freeze()
        number = next(self._numbers)
        self.emulator.garbage(jpeg(picture([f"AWAY-{number}"])))
        self._seen(number)

    def away(self) -> None:
        number = next(self._numbers)
        self.emulator.show(f"AWAY-{number}")
        self._seen(number)

    def _seen(self, number: int) -> None:
        def seen(events: list[Event]) -> bool:
            return any(isinstance(event, Scan) and event.code == f"AWAY-{number}" for event in events)

        assert self.until(seen) == []


def running(bench: ScannerBench) -> Iterator[ScannerBench]:
    bench.start()
    yield bench
    bench.close()


class TestPlain(TextSuite):
    @pytest.fixture
    def bench(self, pump: Pump, tmp_path: Path) -> Iterator[ScannerBench]:
        yield from running(PlainBench(pump, tmp_path / "scanner", f"serial://{tmp_path}/scanner?{PATIENT}"))


class TestTcp(TextSuite):
    @pytest.fixture
    def bench(self, pump: Pump) -> Iterator[ScannerBench]:
        server = TcpPort(0)
        server.plug()
        server.unplug()
        yield from running(TcpBench(pump, server.port, f"tcp://127.0.0.1:{server.port}?{PATIENT}"))


class TestGm65(TextSuite):
    @pytest.fixture
    def bench(self, pump: Pump, tmp_path: Path) -> Iterator[ScannerBench]:
        yield from running(GmBench(pump, tmp_path / "gm", "gm65"))


class TestGm67(TextSuite):
    @pytest.fixture
    def bench(self, pump: Pump, tmp_path: Path) -> Iterator[ScannerBench]:
        yield from running(GmBench(pump, tmp_path / "gm", "gm67"))


class TestEvdev(TextSuite):
    @pytest.fixture
    def bench(self, pump: Pump, tmp_path: Path) -> Iterator[ScannerBench]:
        yield from running(EvdevBench(pump, tmp_path / "event-kbd"))


class TestCamera(ScannerSuite):
    @pytest.fixture
    def bench(self, pump: Pump, tmp_path: Path) -> Iterator[ScannerBench]:
        yield from running(CameraBench(pump, tmp_path / "video"))
