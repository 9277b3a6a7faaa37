"""Jobs in trouble: what may be claimed of them, and what the next receipt looks like."""

import socket
from pathlib import Path

import pytest

from drivers.emulators.printer import PrinterEmulator
from drivers.printer.escpos import Model, Result
from drivers.printer.job import Cut, Job, Text
from drivers.printer.line import Timing
from tests.drivers.printers import (
    HUGE,
    HUGE_TEXT,
    LONG,
    LONG_TEXT,
    RECEIPT,
    RECEIPT_TEXT,
    URL,
    Printing,
    assert_receipt,
    attend,
    connected,
    eventually,
    no_beat,
    run,
    serial_printer,
)


def test_paper_that_runs_out_in_the_middle_is_waited_for_and_the_job_printed_once(
    emulator: PrinterEmulator, printer: Model
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
        assert printing.beats < beats + 100, "it waits, it does not spin"
        emulator.paper = "ok"
        assert printing.result() == Result("printed")
        assert [slip.text for slip in emulator.receipts()] == [HUGE_TEXT]


def test_after_giving_up_in_the_middle_of_sending_the_next_receipt_is_whole(tmp_path: Path) -> None:
    with serial_printer(tmp_path, options="?patience=0.5") as (emulator, printer):
        emulator.paper_for(lines=20)
        assert run(printer, *HUGE).outcome == "unknown"
        attend(printer, lambda: printer.life.reason == "takes no data")
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


def test_a_silent_printer_is_never_said_to_have_printed(emulator: PrinterEmulator, impatient: Model) -> None:
    emulator.silent = True
    result = run(impatient, *RECEIPT)
    assert result.outcome == "unconfirmed"
    assert result.reason
    assert impatient.life.state == "degraded"
    assert_receipt(emulator.receipts()[0])


def test_a_printer_that_falls_silent_is_connected_to_anew(emulator: PrinterEmulator, impatient: Model) -> None:
    attend(impatient, lambda: impatient.life.state == "online")
    emulator.silent = True
    assert run(impatient, *RECEIPT).outcome == "unconfirmed"
    assert impatient.life.counters["attempts"] == 2
    emulator.silent = False
    attend(impatient, lambda: impatient.life.state == "online")
    assert run(impatient, *RECEIPT) == Result("printed")


def test_a_printer_that_falls_silent_over_the_job_is_not_believed(emulator: PrinterEmulator, impatient: Model) -> None:
    def mute() -> None:
        emulator.silent = True

    result = impatient.print(Job(1, RECEIPT), beat=no_beat, begin=mute)
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


def test_a_printer_that_cannot_confirm_is_not_said_to_have_printed(emulator: PrinterEmulator, impatient: Model) -> None:
    emulator.no_process_id = emulator.no_ordered = True
    assert run(impatient, *RECEIPT).outcome == "unconfirmed"
    emulator.paper_for(lines=150)
    printing = Printing(impatient, *LONG)
    eventually(lambda: impatient.life.reason == "paper out")
    emulator.paper = "ok"
    assert printing.result().outcome == "unconfirmed"
    assert [slip.text for slip in emulator.receipts()] == [RECEIPT_TEXT, LONG_TEXT]


def test_a_printer_that_was_busy_when_we_came_is_believed_later(emulator: PrinterEmulator) -> None:
    """It answers how it confirms only after what somebody sent before us; until then it counts as unable to."""
    with socket.create_connection(("127.0.0.1", emulator.port)) as somebody:
        emulator.slow = 0.3
        somebody.sendall(b"x\n" * 8)
        eventually(lambda: bool(emulator.receipts()))
    with connected(emulator, Timing(answer=5.0, probe=0.2, grace=0.1, heartbeat=0.1)) as printer:
        attend(printer, lambda: printer.life.state == "online")
        assert run(printer, *RECEIPT).outcome == "unconfirmed"
        emulator.slow = 0
        eventually(lambda: bool(emulator.receipts()[0].cut))
        attend(printer, lambda: printer.life.reason != "ready")
        assert run(printer, *RECEIPT) == Result("printed")


def test_a_slow_printer_is_waited_for(emulator: PrinterEmulator) -> None:
    emulator.slow = 0.1
    with connected(emulator, Timing(answer=1.5, heartbeat=0.1, lost=1.5)) as printer:
        printing = Printing(printer, *(Text(f"{n}") for n in range(12)), Cut())
        assert printing.result() == Result("printed")
        assert printing.beats > 4


def test_noise_between_the_answers_invents_no_confirmation(emulator: PrinterEmulator, impatient: Model) -> None:
    assert run(impatient, Text("first"), Cut()) == Result("printed")
    emulator.garbage = True
    for _ in range(3):
        result = run(impatient, Text("x"), Cut())
        printed = [slip.text for slip in emulator.receipts()].count("x")
        assert result.outcome in ("printed", "unknown", "not_printed", "unconfirmed")
        assert result.outcome != "printed" or printed
    assert impatient.life.counters["garbage"]


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


def test_a_worker_that_stops_in_the_middle_of_a_job_leaves_the_printer_usable(tmp_path: Path) -> None:
    class Stop(BaseException):
        """What a signal handler raises."""

    with serial_printer(tmp_path) as (emulator, printer):
        emulator.paper_for(lines=20)

        def stop() -> None:
            if printer.life.reason == "paper out":
                raise Stop

        with pytest.raises(Stop):
            printer.print(Job(1, HUGE), beat=stop)
        emulator.paper = "ok"
        attend(printer, lambda: printer.life.state == "online")
        assert run(printer, *RECEIPT) == Result("printed")
        assert_receipt(emulator.receipts()[-1])
