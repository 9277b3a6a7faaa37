"""The printer as the printing worker has it, over real TCP connections and ptys."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Event, Thread

import pytest
import zxingcpp
from PIL import Image

from drivers.emulators.printer import PrinterEmulator, Slip
from drivers.errors import BadUri
from drivers.printer.escpos import Model, Result
from drivers.printer.job import Block, Cut, Job, Kick, Pair, Qr, Rule, Text
from drivers.printer.line import Timing
from drivers.registry import create
from drivers.uri import Uri

URL = "http://10.77.0.1/r/" + "aZ0_-" * 48
FAST = Timing(answer=0.4, grace=0.1, heartbeat=0.1, lost=1.5, confirm=20.0, patience=20.0)
RECEIPT: tuple[Block, ...] = (
    Kick(),
    Text("Pop-up Café", align="center", bold=True, double=True),
    Rule(),
    Pair("2 x Coffee", "7,00 €"),
    Qr(URL),
    Cut(),
)
RECEIPT_TEXT = f"Pop-up Café\n{'-' * 42}\n2 x Coffee                          7,00 €"
LONG: tuple[Block, ...] = (*(Text(f"line {n:04} {'.' * 30}") for n in range(400)), Cut())
LONG_TEXT = "\n".join(f"line {n:04} {'.' * 30}" for n in range(400))
HUGE: tuple[Block, ...] = (*(Text(f"{n:042}") for n in range(3000)), Cut())
HUGE_TEXT = "\n".join(f"{n:042}" for n in range(3000))
PATIENCE = 20.0


@pytest.fixture
def emulator() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator()
    printer.start()
    yield printer
    printer.close()


@contextmanager
def connected(emulator: PrinterEmulator, timing: Timing = FAST, options: str = "") -> Iterator[Model]:
    printer = Model("printer", Uri.parse(f"tcp://127.0.0.1:{emulator.port}{options}"), time.monotonic, timing)
    yield printer
    printer.close()


@pytest.fixture
def printer(emulator: PrinterEmulator) -> Iterator[Model]:
    with connected(emulator) as model:
        yield model


@contextmanager
def serial_printer(folder: Path, options: str = "") -> Iterator[tuple[PrinterEmulator, Model]]:
    emulator = PrinterEmulator(None, link=folder / "printer")
    emulator.start()
    printer = Model("printer", Uri.parse(f"serial://{folder}/printer{options}"), time.monotonic, FAST)
    yield emulator, printer
    printer.close()
    emulator.close()


class Printing:
    """A job on its way, in the worker's thread; `beats` counts."""

    def __init__(self, printer: Model, *blocks: Block) -> None:
        self.beats = 0
        self._results: list[Result] = []
        self._thread = Thread(target=lambda: self._results.append(printer.print(Job(1, blocks), beat=self._beat)))
        self._thread.start()

    def _beat(self) -> None:
        self.beats += 1

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


def no_beat() -> None:
    pass


def run(printer: Model, *blocks: Block) -> Result:
    return printer.print(Job(1, blocks), beat=no_beat)


def assert_receipt(slip: Slip) -> None:
    assert slip.text == RECEIPT_TEXT
    assert slip.qr == [URL]
    assert slip.cut
    assert slip.drawer_kicks == 1
    assert [code.text for code in zxingcpp.read_barcodes(Image.open(BytesIO(slip.png())))] == [URL]


def test_a_job_over_tcp_is_printed_once_and_the_qr_code_scans(emulator: PrinterEmulator, printer: Model) -> None:
    assert run(printer, *RECEIPT) == Result("printed")
    (slip,) = emulator.receipts()
    assert_receipt(slip)


def test_a_job_over_a_serial_line_is_printed(tmp_path: Path) -> None:
    with serial_printer(tmp_path, "?baud=115200") as (emulator, printer):
        assert run(printer, *RECEIPT) == Result("printed")
        assert run(printer, *LONG) == Result("printed")
        first, second = emulator.receipts()
        assert_receipt(first)
        assert second.text == LONG_TEXT


def test_the_registry_finds_the_printer_by_its_scheme(emulator: PrinterEmulator) -> None:
    printer = create("printer-tickets", f"tcp://127.0.0.1:{emulator.port}?profile=TM-T20II")
    assert isinstance(printer, Model)
    assert printer.columns == 48
    assert run(printer, Text("hello"), Cut()) == Result("printed")
    printer.close()


@pytest.mark.parametrize("options", ["profile=TM-T88X", "patience=soon", "colour=red"])
def test_an_option_that_is_not_understood_is_named(options: str) -> None:
    with pytest.raises(BadUri, match=options.partition("=")[0]):
        create("printer", f"tcp://127.0.0.1:9100?{options}")


def test_jobs_follow_each_other_on_one_connection(emulator: PrinterEmulator, printer: Model) -> None:
    for number in range(5):
        assert run(printer, Text(f"receipt {number}"), Cut()) == Result("printed")
    assert [slip.text for slip in emulator.receipts()] == [f"receipt {number}" for number in range(5)]
    assert printer.life.counters["attempts"] == 1
    assert printer.life.counters["printed"] == 5


def test_a_drawer_opens_without_paper(emulator: PrinterEmulator, printer: Model) -> None:
    assert run(printer, Kick()) == Result("printed")
    (slip,) = emulator.receipts()
    assert (slip.text, slip.drawer_kicks, slip.cut) == ("", 1, False)


@pytest.mark.parametrize("state", ["paper", "cover", "online"])
def test_nothing_is_sent_to_a_printer_that_says_it_is_not_ready(
    emulator: PrinterEmulator, printer: Model, state: str
) -> None:
    if state == "paper":
        emulator.paper = "out"
    elif state == "cover":
        emulator.cover = "open"
    else:
        emulator.online = False
    begun = Event()
    result = printer.print(Job(1, RECEIPT), beat=no_beat, begin=begun.set)
    assert result.outcome == "not_printed"
    assert result.reason == {"paper": "paper out", "cover": "cover open", "online": "switched offline"}[state]
    assert result.remedy
    assert not begun.is_set()
    assert (printer.life.state, printer.life.reason) == ("fault", result.reason)
    emulator.paper, emulator.cover, emulator.online = "ok", "closed", True
    assert emulator.receipts() == []
    assert run(printer, *RECEIPT) == Result("printed")
    assert len(emulator.receipts()) == 1


def test_a_printer_that_is_not_there_has_printed_nothing(emulator: PrinterEmulator, printer: Model) -> None:
    emulator.unplug()
    result = run(printer, *RECEIPT)
    assert result.outcome == "not_printed"
    assert result.remedy
    assert printer.life.state == "absent"
    emulator.plug()
    attend(printer, lambda: printer.life.state == "online")
    assert run(printer, *RECEIPT) == Result("printed")


def test_the_worker_knows_before_the_first_byte_is_sent(emulator: PrinterEmulator, printer: Model) -> None:
    seen: list[int] = []
    printer.print(Job(1, RECEIPT), beat=no_beat, begin=lambda: seen.append(len(emulator.receipts())))
    assert seen == [0]

    def fail() -> None:
        raise OSError("the journal is full")

    with pytest.raises(OSError, match="journal"):
        printer.print(Job(2, RECEIPT), beat=no_beat, begin=fail)
    assert len(emulator.receipts()) == 1
    assert run(printer, *RECEIPT) == Result("printed")


def test_paper_that_runs_out_in_the_middle_is_waited_for_and_the_job_printed_once(
    emulator: PrinterEmulator, printer: Model
) -> None:
    emulator.paper_for(lines=150)
    printing = Printing(printer, *LONG)
    eventually(lambda: printer.life.reason == "paper out")
    assert printer.life.state == "fault"
    assert printer.life.remedy
    assert emulator.receipts()[0].text.count("\n") == 149
    beats = printing.beats
    eventually(lambda: printing.beats > beats + 2)
    emulator.paper = "ok"
    assert printing.result() == Result("printed")
    (slip,) = emulator.receipts()
    assert slip.text == LONG_TEXT
    assert slip.cut
    assert printer.life.state == "online"


def test_a_cover_opened_in_the_middle_is_waited_for(emulator: PrinterEmulator, printer: Model) -> None:
    emulator.slow = 0.005
    printing = Printing(printer, *LONG)
    eventually(lambda: bool(emulator.receipts()))
    emulator.cover = "open"
    eventually(lambda: printer.life.reason == "cover open")
    emulator.slow = 0
    emulator.cover = "closed"
    assert printing.result() == Result("printed")
    assert [slip.text for slip in emulator.receipts()] == [LONG_TEXT]


@pytest.mark.parametrize("xonxoff", [False, True])
def test_a_printer_that_takes_no_more_bytes_is_waited_for(tmp_path: Path, xonxoff: bool) -> None:
    """Its buffer and the system's are full: the rest of the job waits on our side."""
    with serial_printer(tmp_path) as (emulator, printer):
        emulator.xonxoff = xonxoff
        emulator.paper_for(lines=20)
        printing = Printing(printer, *HUGE)
        eventually(lambda: printer.life.reason == "paper out")
        beats = printing.beats
        eventually(lambda: printing.beats > beats + 4)
        emulator.paper = "ok"
        assert printing.result() == Result("printed")
        assert [slip.text for slip in emulator.receipts()] == [HUGE_TEXT]


def test_after_giving_up_in_the_middle_of_sending_the_next_receipt_is_whole(tmp_path: Path) -> None:
    with serial_printer(tmp_path, options="?patience=0.5") as (emulator, printer):
        emulator.paper_for(lines=20)
        assert run(printer, *HUGE).outcome == "unknown"
        emulator.paper = "ok"
        attend(printer, lambda: printer.life.state == "online")
        assert run(printer, *RECEIPT) == Result("printed")
        begun, whole = emulator.receipts()
        assert HUGE_TEXT.startswith(begun.text[:-60])
        assert_receipt(whole)


def test_nobody_loads_paper_and_the_job_stays_unknown(emulator: PrinterEmulator) -> None:
    with connected(emulator, options="?patience=0.5") as printer:
        emulator.paper_for(lines=2)
        result = run(printer, *RECEIPT)
        assert result.outcome == "unknown"
        assert "paper out" in result.reason
        assert result.remedy
        emulator.paper = "ok"
        attend(printer, lambda: printer.life.state == "online")
        eventually(lambda: bool(emulator.receipts()) and emulator.receipts()[0].cut)
        assert run(printer, Text("next"), Cut()) == Result("printed")
        assert [slip.text for slip in emulator.receipts()] == [RECEIPT_TEXT, "next"]


def test_a_plug_pulled_in_the_middle_leaves_the_outcome_unknown(emulator: PrinterEmulator, printer: Model) -> None:
    emulator.slow = 0.005
    printing = Printing(printer, *LONG)
    eventually(lambda: bool(emulator.receipts()))
    emulator.unplug()
    result = printing.result()
    assert result.outcome == "unknown"
    assert result.reason
    assert result.remedy
    assert printer.life.state == "absent"


@pytest.mark.parametrize("count", [60, 200, 380, 500])
def test_a_receipt_after_a_broken_one_is_whole_and_on_its_own_paper(
    emulator: PrinterEmulator, printer: Model, count: int
) -> None:
    """The cable came off inside a command, which must not swallow the head of the next receipt."""
    assert run(printer, Text("first"), Cut()) == Result("printed")
    emulator.close_after(count)
    assert run(printer, *RECEIPT).outcome == "unknown"
    attend(printer, lambda: printer.life.state == "online")
    assert run(printer, *RECEIPT) == Result("printed")
    assert_receipt(emulator.receipts()[-1])


def test_a_receipt_after_a_power_cut_of_the_box_is_whole(emulator: PrinterEmulator) -> None:
    """The printer had its own power and still waits for the rest of a QR code."""
    with socket.create_connection(("127.0.0.1", emulator.port)) as box:
        box.sendall(b"\x1b@half a receipt\n\x1d(k\x20\x01\x31P0http://10.77.0.1/r/")
    with connected(emulator) as printer:
        assert run(printer, *RECEIPT) == Result("printed")
    (slip,) = emulator.receipts()
    assert slip.text == f"half a receipt\n{RECEIPT_TEXT}"
    assert slip.qr == [URL]


def test_a_silent_printer_is_never_said_to_have_printed(emulator: PrinterEmulator, printer: Model) -> None:
    emulator.silent = True
    result = run(printer, *RECEIPT)
    assert result.outcome == "unconfirmed"
    assert result.reason
    assert printer.life.state == "degraded"
    assert_receipt(emulator.receipts()[0])


def test_a_printer_that_falls_silent_is_connected_to_anew(emulator: PrinterEmulator, printer: Model) -> None:
    attend(printer, lambda: printer.life.state == "online")
    emulator.silent = True
    assert run(printer, *RECEIPT).outcome == "unconfirmed"
    assert printer.life.counters["attempts"] == 2
    emulator.silent = False
    attend(printer, lambda: printer.life.state == "online")
    assert run(printer, *RECEIPT) == Result("printed")


def test_a_printer_that_falls_silent_over_the_job_is_not_believed(emulator: PrinterEmulator, printer: Model) -> None:
    def mute() -> None:
        emulator.silent = True

    result = printer.print(Job(1, RECEIPT), beat=no_beat, begin=mute)
    assert result.outcome == "unknown"
    assert "stopped answering" in result.reason


def test_without_process_ids_the_ordered_status_confirms(emulator: PrinterEmulator, printer: Model) -> None:
    emulator.no_process_id = True
    assert run(printer, *RECEIPT) == Result("printed")
    assert run(printer, *LONG) == Result("printed")
    emulator.paper_for(lines=150)
    printing = Printing(printer, *LONG)
    eventually(lambda: printer.life.reason == "paper out")
    emulator.paper = "ok"
    assert printing.result() == Result("printed")
    assert [slip.text for slip in emulator.receipts()[1:]] == [LONG_TEXT, LONG_TEXT]


def test_a_printer_that_cannot_confirm_is_not_said_to_have_printed(emulator: PrinterEmulator, printer: Model) -> None:
    emulator.no_process_id = emulator.no_ordered = True
    assert run(printer, *RECEIPT).outcome == "unconfirmed"
    emulator.paper_for(lines=150)
    printing = Printing(printer, *LONG)
    eventually(lambda: printer.life.reason == "paper out")
    emulator.paper = "ok"
    assert printing.result().outcome == "unconfirmed"
    assert [slip.text for slip in emulator.receipts()] == [RECEIPT_TEXT, LONG_TEXT]


def test_a_slow_printer_is_waited_for(emulator: PrinterEmulator) -> None:
    emulator.slow = 0.05
    with connected(emulator, Timing(answer=0.4, heartbeat=0.1, lost=0.8)) as printer:
        printing = Printing(printer, *(Text(f"{n}") for n in range(30)), Cut())
        assert printing.result() == Result("printed")
        assert printing.beats > 4


def test_noise_between_the_answers_invents_no_confirmation(emulator: PrinterEmulator, printer: Model) -> None:
    assert run(printer, Text("first"), Cut()) == Result("printed")
    emulator.garbage = True
    for _ in range(3):
        result = run(printer, Text("x"), Cut())
        printed = [slip.text for slip in emulator.receipts()].count("x")
        assert result.outcome in ("printed", "unknown", "not_printed", "unconfirmed")
        assert result.outcome != "printed" or printed
    assert printer.life.counters["garbage"]


def test_a_jammed_knife_after_the_text_does_not_make_the_receipt_unknown(
    emulator: PrinterEmulator, printer: Model
) -> None:
    emulator.cutter = "jammed"
    result = run(printer, *RECEIPT)
    assert result.outcome == "printed"
    assert "cutter jammed" in result.reason
    assert result.remedy
    attend(printer, lambda: printer.life.reason == "cutter jammed")
    assert printer.life.state == "fault"
    assert run(printer, *RECEIPT).outcome == "not_printed"
    emulator.cover = "open"
    attend(printer, lambda: printer.life.reason == "cover open")
    emulator.cutter = "ok"
    emulator.cover = "closed"
    attend(printer, lambda: printer.life.state == "online")
    assert_receipt(emulator.receipts()[0])


def test_life_follows_the_printer_between_jobs(emulator: PrinterEmulator, printer: Model) -> None:
    assert printer.life.state == "absent"
    attend(printer, lambda: printer.life.state == "online")
    emulator.paper = "near_end"
    attend(printer, lambda: (printer.life.state, printer.life.reason) == ("degraded", "paper near its end"))
    emulator.paper = "out"
    attend(printer, lambda: (printer.life.state, printer.life.reason) == ("fault", "paper out"))
    assert "roll" in printer.life.remedy
    emulator.cover = "open"
    attend(printer, lambda: (printer.life.state, printer.life.reason) == ("fault", "cover open"))
    emulator.paper, emulator.cover = "ok", "closed"
    attend(printer, lambda: printer.life.state == "online")
    emulator.unplug()
    attend(printer, lambda: printer.life.state == "absent")
    assert printer.fileno() is None
    emulator.plug()
    attend(printer, lambda: printer.life.state == "online")
    assert printer.fileno() is not None
    emulator.silent = True
    attend(printer, lambda: (printer.life.state, printer.life.reason[:10]) == ("degraded", "answers no"))
    emulator.silent = False
    attend(printer, lambda: printer.life.state == "online")


def test_life_never_says_online_before_the_printer_did(emulator: PrinterEmulator, printer: Model) -> None:
    emulator.paper = "out"
    states: list[str] = []
    attend(printer, lambda: states.append(printer.life.state) or printer.life.state == "fault")  # type: ignore[func-returns-value]
    assert "online" not in states


def test_a_serial_printer_may_be_unplugged_and_plugged_again(tmp_path: Path) -> None:
    with serial_printer(tmp_path) as (emulator, printer):
        attend(printer, lambda: printer.life.state == "online")
        emulator.unplug()
        attend(printer, lambda: printer.life.state == "absent")
        assert run(printer, *RECEIPT).outcome == "not_printed"
        emulator.plug()
        attend(printer, lambda: printer.life.state == "online")
        assert run(printer, *RECEIPT) == Result("printed")


def test_a_job_that_fits_no_paper_says_so(printer: Model) -> None:
    result = run(printer, Qr("x" * 3000))
    assert result.outcome == "not_printed"
    assert "holds" in result.reason
    assert result.remedy
