"""What the receipt printers' driver promises, whatever the printer is connected by.

A link's test class subclasses `PrinterSuite` with a fixture `bench`: a driver, and the emulator at its other end.
"""

from collections.abc import Callable
from threading import Event

import pytest

from drivers.emulators.printer import PrinterEmulator
from drivers.printer.attempt import Result
from drivers.printer.encode import encode
from drivers.printer.escpos import Model
from drivers.printer.job import Cut, Job, Qr, Text
from drivers.printer.profile import load_profile
from drivers.wire.escpos import enable_asb
from tests.drivers.printers import (
    LONG,
    LONG_TEXT,
    RECEIPT,
    RECEIPT_TEXT,
    SHORT,
    URL,
    PrinterBench,
    Printing,
    assert_receipt,
    attend,
    eventually,
    online,
    run,
)

PROCESS_ID = 11
"""Bytes of a GS ( H."""


def _places() -> dict[str, int]:
    """How many bytes of the receipt have gone out in each state of the job."""
    job = encode(Job(1, RECEIPT), load_profile("TM-T88V"))
    head = len(job.head + enable_asb())
    body = head + len(b"".join(job.body))
    stream = job.head + enable_asb() + b"".join(job.body)
    return {
        "in the head": 3,
        "before the text": head,
        "in the text": head + len(job.body[0]) - 4,
        "in the length of the QR code": stream.index(URL.encode()) - 4,
        "in the QR code": stream.index(URL.encode()) + 40,
        "in the mark": body + 5,
        "before the cut": body + PROCESS_ID,
        "in the cut": body + PROCESS_ID + 1,
        "in the last mark": body + PROCESS_ID + len(b"".join(job.tail)) + 6,
    }


PLACES = _places()


class PrinterBasics:
    @pytest.fixture
    def emulator(self, bench: PrinterBench) -> PrinterEmulator:
        return bench.emulator

    @pytest.fixture
    def printer(self, bench: PrinterBench) -> Model:
        return bench.model()

    @pytest.fixture
    def impatient(self, bench: PrinterBench) -> Model:
        return bench.model(SHORT)

    # On a good day

    def test_a_job_is_printed_once_and_its_qr_code_scans(self, emulator: PrinterEmulator, printer: Model) -> None:
        assert run(printer, *RECEIPT) == Result("printed")
        (slip,) = emulator.receipts()
        assert_receipt(slip)

    def test_a_long_job_is_whole(self, emulator: PrinterEmulator, printer: Model) -> None:
        assert run(printer, *LONG) == Result("printed")
        assert [slip.text for slip in emulator.receipts()] == [LONG_TEXT]

    def test_jobs_follow_each_other_on_one_connection(self, emulator: PrinterEmulator, printer: Model) -> None:
        for number in range(5):
            assert run(printer, Text(f"receipt {number}"), Cut()) == Result("printed")
        assert [slip.text for slip in emulator.receipts()] == [f"receipt {number}" for number in range(5)]
        assert printer.life.counters["attempts"] == 1
        assert printer.life.counters["printed"] == 5

    def test_life_follows_the_printer_between_jobs(self, emulator: PrinterEmulator, printer: Model) -> None:
        assert printer.life.state == "absent"
        online(printer)
        emulator.paper = "near_end"
        attend(printer, lambda: (printer.life.state, printer.life.reason) == ("degraded", "paper near its end"))
        emulator.paper = "out"
        attend(printer, lambda: (printer.life.state, printer.life.reason) == ("fault", "paper out"))
        assert "roll" in printer.life.remedy
        emulator.cover = "open"
        attend(printer, lambda: (printer.life.state, printer.life.reason) == ("fault", "cover open"))
        emulator.paper, emulator.cover = "ok", "closed"
        online(printer)
        emulator.unplug()
        attend(printer, lambda: printer.life.state == "absent")
        assert printer.fileno() is None
        emulator.plug()
        online(printer)
        assert printer.fileno() is not None

    def test_life_never_says_online_before_the_printer_did(self, emulator: PrinterEmulator, printer: Model) -> None:
        emulator.paper = "out"
        states: list[str] = []

        def seen() -> bool:
            states.append(printer.life.state)
            return printer.life.state == "fault"

        attend(printer, seen)
        assert "online" not in states

    # Not ready

    @pytest.mark.parametrize("state", ["paper", "cover", "online"])
    def test_nothing_is_sent_to_a_printer_that_says_it_is_not_ready(
        self, emulator: PrinterEmulator, printer: Model, state: str
    ) -> None:
        if state == "paper":
            emulator.paper = "out"
        elif state == "cover":
            emulator.cover = "open"
        else:
            emulator.online = False
        begun = Event()
        result = run(printer, *RECEIPT, begin=begun.set)
        assert result.outcome == "not_printed"
        assert result.reason == {"paper": "paper out", "cover": "cover open", "online": "switched offline"}[state]
        assert result.remedy
        assert not begun.is_set()
        assert (printer.life.state, printer.life.reason) == ("fault", result.reason)
        emulator.paper, emulator.cover, emulator.online = "ok", "closed", True
        assert emulator.receipts() == []
        assert run(printer, *RECEIPT) == Result("printed")
        assert len(emulator.receipts()) == 1

    def test_a_job_that_fits_no_paper_says_so(self, printer: Model) -> None:
        result = run(printer, Qr("x" * 3000))
        assert result.outcome == "not_printed"
        assert "holds" in result.reason
        assert result.remedy

    # The plug

    def test_a_printer_that_is_not_there_has_printed_nothing(self, emulator: PrinterEmulator, printer: Model) -> None:
        emulator.unplug()
        result = run(printer, *RECEIPT)
        assert result.outcome == "not_printed"
        assert result.remedy
        assert printer.life.state == "absent"
        emulator.plug()
        online(printer)
        assert run(printer, *RECEIPT) == Result("printed")

    @pytest.mark.parametrize("power", [False, True], ids=["cable", "power"])
    def test_a_plug_pulled_before_the_job_begins_prints_nothing(
        self, emulator: PrinterEmulator, printer: Model, power: bool
    ) -> None:
        online(printer)
        (emulator.unplug_after if power else emulator.close_after)(4)
        begun = Event()
        result = run(printer, *RECEIPT, begin=begun.set)
        if not begun.is_set():
            assert result.outcome == "not_printed"
            assert emulator.receipts() == []
        emulator.plug()
        online(printer)
        assert run(printer, *RECEIPT) == Result("printed")
        assert_receipt(emulator.receipts()[-1])

    @pytest.mark.parametrize("place", PLACES)
    def test_a_plug_pulled_in_a_job_is_never_called_printed_and_the_next_receipt_is_whole(
        self, emulator: PrinterEmulator, printer: Model, place: str
    ) -> None:
        self.pulled(emulator, printer, lambda: emulator.unplug_after(PLACES[place]))

    def pulled(self, emulator: PrinterEmulator, printer: Model, pull: Callable[[], None]) -> None:
        assert run(printer, Text("first"), Cut()) == Result("printed")
        result = run(printer, *RECEIPT, begin=pull)
        whole = any(RECEIPT_TEXT in slip.text for slip in emulator.receipts())
        assert result.outcome == "unknown" or (result.outcome == "printed" and whole and result.reason)
        assert result.remedy
        assert printer.life.state == "absent"
        emulator.plug()
        online(printer)
        assert run(printer, *RECEIPT) == Result("printed")
        assert_receipt(emulator.receipts()[-1])
        assert emulator.receipts()[0].text == "first"

    def test_a_plug_pulled_while_the_printer_prints_leaves_the_outcome_unknown(
        self, emulator: PrinterEmulator, printer: Model
    ) -> None:
        emulator.slow = 0.005
        printing = Printing(printer, *LONG)
        eventually(lambda: bool(emulator.receipts()))
        emulator.unplug()
        result = printing.result()
        assert result.outcome == "unknown"
        assert result.reason
        assert result.remedy
        assert printer.life.state == "absent"

    def test_a_plug_pulled_while_the_printer_waits_for_paper_leaves_the_outcome_unknown(
        self, emulator: PrinterEmulator, printer: Model
    ) -> None:
        emulator.paper_for(lines=2)
        printing = Printing(printer, *RECEIPT)
        eventually(lambda: printer.life.reason == "paper out")
        emulator.unplug()
        assert printing.result().outcome == "unknown"
        emulator.paper = "ok"
        emulator.plug()
        online(printer)
        assert run(printer, *RECEIPT) == Result("printed")
        torn, whole = emulator.receipts()
        assert RECEIPT_TEXT.startswith(torn.text)
        assert_receipt(whole)
