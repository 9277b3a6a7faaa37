"""What the printers' driver promises when paper, answers, speed or abilities are missing."""

import pytest

from drivers.emulators.printer import PrinterEmulator
from drivers.printer.attempt import Result
from drivers.printer.escpos import Model
from drivers.printer.job import Cut, Text
from tests.drivers.printers import (
    HUGE,
    HUGE_TEXT,
    LONG,
    LONG_TEXT,
    RECEIPT,
    RECEIPT_TEXT,
    PrinterBench,
    Printing,
    assert_receipt,
    attend,
    eventually,
    online,
    run,
)
from tests.drivers.suites.printer import PrinterBasics


class TroubleSuite(PrinterBasics):
    # Paper and cover in the middle

    def test_paper_that_runs_out_in_the_middle_is_waited_for_and_the_job_printed_once(
        self, emulator: PrinterEmulator, printer: Model
    ) -> None:
        emulator.paper_for(lines=150)
        printing = Printing(printer, *LONG)
        eventually(lambda: printer.life.reason == "paper out")
        assert printer.life.snapshot()["state"] == "fault"
        assert printer.life.remedy
        assert emulator.receipts()[0].text.count("\n") == 149
        beats = printing.beats
        eventually(lambda: printing.beats > beats + 2)
        emulator.paper = "ok"
        assert printing.result() == Result("printed")
        (slip,) = emulator.receipts()
        assert slip.text == LONG_TEXT
        assert slip.cut
        online(printer)

    def test_a_cover_opened_in_the_middle_is_waited_for(self, emulator: PrinterEmulator, printer: Model) -> None:
        emulator.slow = 0.005
        printing = Printing(printer, *LONG)
        eventually(lambda: bool(emulator.receipts()))
        emulator.cover = "open"
        eventually(lambda: printer.life.reason == "cover open")
        emulator.slow = 0
        emulator.cover = "closed"
        assert printing.result() == Result("printed")
        assert [slip.text for slip in emulator.receipts()] == [LONG_TEXT]

    def test_nobody_loads_paper_and_the_job_stays_unknown(self, bench: PrinterBench, emulator: PrinterEmulator) -> None:
        printer = bench.model(patience="0.5")
        emulator.paper_for(lines=2)
        result = run(printer, *RECEIPT)
        assert result.outcome == "unknown"
        assert "paper out" in result.reason
        assert result.remedy
        emulator.paper = "ok"
        online(printer)
        eventually(lambda: bool(emulator.receipts()) and emulator.receipts()[0].cut)
        assert run(printer, Text("next"), Cut()) == Result("printed")
        assert [slip.text for slip in emulator.receipts()] == [RECEIPT_TEXT, "next"]

    def test_a_jammed_knife_after_the_text_does_not_make_the_receipt_unknown(
        self, emulator: PrinterEmulator, printer: Model
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
        online(printer)
        assert_receipt(emulator.receipts()[0])

    # Silence and noise

    def test_a_silent_printer_is_never_said_to_have_printed(self, emulator: PrinterEmulator, impatient: Model) -> None:
        emulator.silent = True
        result = run(impatient, *RECEIPT)
        assert result.outcome == "unconfirmed"
        assert result.reason
        assert impatient.life.state == "degraded"
        assert_receipt(emulator.receipts()[0])

    def test_a_printer_that_falls_silent_is_connected_to_anew(
        self, emulator: PrinterEmulator, impatient: Model
    ) -> None:
        online(impatient)
        emulator.silent = True
        assert run(impatient, *RECEIPT).outcome == "unconfirmed"
        assert impatient.life.counters["attempts"] == 2
        emulator.silent = False
        online(impatient)
        assert run(impatient, *RECEIPT) == Result("printed")

    def test_a_printer_that_falls_silent_over_the_job_is_not_believed(
        self, emulator: PrinterEmulator, impatient: Model
    ) -> None:
        def mute() -> None:
            emulator.silent = True

        result = run(impatient, *RECEIPT, begin=mute)
        assert result.outcome == "unknown"
        assert "stopped answering" in result.reason

    def test_life_says_when_a_printer_falls_silent(self, emulator: PrinterEmulator, impatient: Model) -> None:
        online(impatient)
        emulator.silent = True
        attend(impatient, lambda: (impatient.life.state, impatient.life.reason[:10]) == ("degraded", "answers no"))
        emulator.silent = False
        online(impatient)

    def test_noise_between_the_answers_invents_no_confirmation(
        self, emulator: PrinterEmulator, impatient: Model
    ) -> None:
        assert run(impatient, Text("first"), Cut()) == Result("printed")
        emulator.garbage = True
        for _ in range(3):
            result = run(impatient, Text("x"), Cut())
            printed = [slip.text for slip in emulator.receipts()].count("x")
            assert result.outcome in ("printed", "unknown", "not_printed", "unconfirmed")
            assert result.outcome != "printed" or printed
        assert impatient.life.counters["garbage"]

    # Slowness

    def test_a_slow_printer_is_waited_for(self, bench: PrinterBench, emulator: PrinterEmulator) -> None:
        emulator.slow = 0.1
        printing = Printing(bench.model(), *(Text(f"{n}") for n in range(12)), Cut())
        assert printing.result() == Result("printed")
        assert printing.beats > 4

    def test_answers_in_single_bytes_are_put_together(self, emulator: PrinterEmulator, printer: Model) -> None:
        emulator.dribble = True
        emulator.sip = 3
        assert run(printer, *RECEIPT) == Result("printed")
        assert_receipt(emulator.receipts()[0])
        assert printer.life.counters["garbage"] == 0

    def test_a_printer_that_says_xoff_is_waited_for(self, emulator: PrinterEmulator, printer: Model) -> None:
        online(printer)
        emulator.xoff = True
        printing = Printing(printer, *RECEIPT)
        eventually(lambda: printing.beats > 3)
        assert emulator.receipts() == []
        emulator.xoff = False
        assert printing.result() == Result("printed")
        assert_receipt(emulator.receipts()[0])

    @pytest.mark.parametrize("xonxoff", [False, True])
    def test_a_printer_whose_buffer_is_full_is_waited_for(
        self, emulator: PrinterEmulator, printer: Model, xonxoff: bool
    ) -> None:
        emulator.xonxoff = xonxoff
        emulator.buffer = 600
        emulator.paper_for(lines=20)
        printing = Printing(printer, *HUGE)
        eventually(lambda: printer.life.reason == "paper out")
        beats = printing.beats
        eventually(lambda: printing.beats > beats + 4)
        assert printing.beats < beats + 100, "it waits, it does not spin"
        emulator.paper = "ok"
        assert printing.result() == Result("printed")
        assert [slip.text for slip in emulator.receipts()] == [HUGE_TEXT]

    # What cheap printers lack

    def test_without_process_ids_the_ordered_status_confirms(self, emulator: PrinterEmulator, printer: Model) -> None:
        emulator.no_process_id = True
        assert run(printer, *RECEIPT) == Result("printed")
        emulator.paper_for(lines=150)
        printing = Printing(printer, *LONG)
        eventually(lambda: printer.life.reason == "paper out")
        emulator.paper = "ok"
        assert printing.result() == Result("printed")
        assert [slip.text for slip in emulator.receipts()[1:]] == [LONG_TEXT]

    def test_a_printer_that_cannot_confirm_is_not_said_to_have_printed(
        self, emulator: PrinterEmulator, impatient: Model
    ) -> None:
        emulator.no_process_id = emulator.no_ordered = True
        assert run(impatient, *RECEIPT).outcome == "unconfirmed"
        emulator.paper_for(lines=150)
        printing = Printing(impatient, *LONG)
        eventually(lambda: impatient.life.reason == "paper out")
        emulator.paper = "ok"
        assert printing.result().outcome == "unconfirmed"
        assert [slip.text for slip in emulator.receipts()] == [RECEIPT_TEXT, LONG_TEXT]

    def test_a_printer_that_reports_no_changes_by_itself_is_asked(
        self, emulator: PrinterEmulator, printer: Model
    ) -> None:
        emulator.no_reports = True
        online(printer)
        emulator.paper = "out"
        attend(printer, lambda: printer.life.reason == "paper out")
        emulator.paper = "ok"
        online(printer)
        emulator.paper_for(lines=2)
        printing = Printing(printer, *RECEIPT)
        eventually(lambda: printer.life.reason == "paper out")
        emulator.paper = "ok"
        assert printing.result() == Result("printed")
        assert_receipt(emulator.receipts()[0])
