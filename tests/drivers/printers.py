"""What the printer tests share: jobs, a printer at the end of a cable, and a worker that prints."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from threading import Thread

import zxingcpp
from PIL import Image

from drivers.emulators.mechanism import Mechanism
from drivers.emulators.printer import PrinterEmulator, Slip
from drivers.emulators.slip import Raster
from drivers.printer.encode import Encoded, encode
from drivers.printer.escpos import Model, Result
from drivers.printer.job import Block, Cut, Job, Pair, Qr, Rule, Text
from drivers.printer.line import Timing
from drivers.printer.profile import Profile, library, load_profile
from drivers.uri import Uri

URL = "http://10.77.0.1/r/" + "aZ0_-" * 48
SURE = Timing(answer=10.0, grace=0.1, heartbeat=0.1, lost=20.0, confirm=20.0, patience=20.0)
"""For printers that answer: a busy machine must not look like a silent printer."""
SHORT = Timing(answer=0.3, probe=0.3, grace=0.1, heartbeat=0.1, lost=1.0, confirm=20.0, patience=20.0)
"""For printers that do not."""
RECEIPT: tuple[Block, ...] = (
    Text("Pop-up Café", align="center", bold=True, double=True),
    Rule(),
    Pair("2 x Coffee", "7,00 €"),
    Qr(URL),
    Cut(),
)
RECEIPT_TEXT = f"Pop-up Café\n{'-' * 42}\n2 x Coffee                          7,00 €"
LONG: tuple[Block, ...] = (*(Text(f"line {n:04} {'.' * 30}") for n in range(400)), Cut())
LONG_TEXT = "\n".join(f"line {n:04} {'.' * 30}" for n in range(400))
HUGE: tuple[Block, ...] = (*(Text(f"{n:042}") for n in range(1500)), Cut())
HUGE_TEXT = "\n".join(f"{n:042}" for n in range(1500))
PATIENCE = 20.0
EPSON = load_profile("TM-T88V")
REAL_TIME = re.compile(rb"\x10[\x04\x05\x14]")
"""How each command begins that a printer obeys wherever it stands."""


@contextmanager
def connected(emulator: PrinterEmulator, timing: Timing = SURE, options: str = "") -> Iterator[Model]:
    printer = Model("printer", Uri.parse(f"tcp://127.0.0.1:{emulator.port}{options}"), time.monotonic, timing)
    yield printer
    printer.close()


def pages_of(profile: str) -> dict[int, str]:
    """ESC t of that model, as far as Python knows its code pages."""
    _, known = library()
    pages = {}
    for number, name in known[profile]["codePages"].items():
        with suppress(LookupError):
            "x".encode(name)
            pages[int(number)] = name
    return pages


def bytes_of(job: Encoded) -> bytes:
    return job.head + b"".join(job.body) + b"".join(job.tail)


def printed(*blocks: Block, profile: Profile = EPSON) -> Slip:
    """What a printer of that model makes of them."""
    printer = Mechanism(
        profile.columns, lambda said: None, lambda: 0.0, dots=profile.dots, pages=pages_of(profile.name)
    )
    printer.receive(bytes_of(encode(Job(1, blocks), profile)))
    (slip,) = printer.slips()
    return slip


def pictures(slip: Slip) -> list[Raster]:
    return [mark for mark in slip.marks if isinstance(mark, Raster)]


class Bench:
    """A printer without a cable: bytes in, replies and slips out."""

    def __init__(self, columns: int = 42) -> None:
        self._said: list[bytes] = []
        self.printer = Mechanism(columns, self._said.append, lambda: 0.0)

    def send(self, data: bytes) -> bytes:
        """What the printer answers to these bytes."""
        self.printer.receive(data)
        return self.said()

    def said(self) -> bytes:
        said = b"".join(self._said)
        self._said.clear()
        return said

    def slip(self) -> Slip:
        (slip,) = self.printer.slips()
        return slip


class PrinterBench:
    """A printer's two ends, `scheme` and `where` between them."""

    def __init__(self, scheme: str, folder: Path, options: dict[str, str]) -> None:
        tcp = scheme == "tcp"
        self.emulator = PrinterEmulator(0 if tcp else None, link=None if tcp else folder / "printer")
        self.emulator.start()
        self._scheme, self._folder, self._options = scheme, folder, options
        self._models: list[Model] = []

    def model(self, timing: Timing = SURE, **options: str) -> Model:
        """One more driver object; the printer takes one at a time."""
        options = self._options | options
        if self._scheme == "tcp":
            uri = Uri("tcp", "127.0.0.1", self.emulator.port, options=options)
        else:
            uri = Uri(self._scheme, path=str(self._folder / "printer"), options=options)
        model = Model("printer", uri, time.monotonic, timing)
        self._models.append(model)
        return model

    def close(self) -> None:
        for model in self._models:
            model.close()
        self.emulator.close()


class Printing:
    """A job on its way, in the worker's thread; `beats` counts."""

    def __init__(self, printer: Model, *blocks: Block, beat: Callable[[], object] | None = None) -> None:
        self.beats = 0
        self._also = beat
        self._results: list[Result] = []
        self._thread = Thread(target=lambda: self._results.append(printer.print(Job(1, blocks), beat=self._beat)))
        self._thread.start()

    def _beat(self) -> None:
        self.beats += 1
        if self._also is not None:
            self._also()

    def result(self) -> Result:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self._results[0]


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def attend(printer: Model, condition: Callable[[], bool]) -> None:
    """Steps the device, as its worker does, until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, printer.life.snapshot()
        printer.step()
        time.sleep(min(0.01, printer.wait()))


def online(printer: Model) -> Model:
    attend(printer, lambda: printer.life.state == "online")
    return printer


def no_beat() -> None:
    pass


def run(printer: Model, *blocks: Block, begin: Callable[[], None] = no_beat) -> Result:
    return printer.print(Job(1, blocks), beat=no_beat, begin=begin)


def scanned(slip: Slip) -> list[str]:
    """The codes that a phone finds on it."""
    return sorted(code.text for code in zxingcpp.read_barcodes(Image.open(BytesIO(slip.png()))))


def assert_receipt(slip: Slip) -> None:
    assert slip.text == RECEIPT_TEXT
    assert slip.qr == [URL]
    assert slip.cut
    assert slip.drawer_kicks == 0
    assert scanned(slip) == [URL]
