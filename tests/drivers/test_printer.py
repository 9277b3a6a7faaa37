"""The printer as the printing worker has it, over real TCP connections and ptys."""

from pathlib import Path
from threading import Event

import pytest

from drivers.emulators.printer import PrinterEmulator
from drivers.errors import BadUri
from drivers.printer.escpos import Model, Result
from drivers.printer.job import Cut, Job, Kick, Qr, Text
from drivers.registry import create
from tests.drivers.printers import (
    LONG,
    LONG_TEXT,
    RECEIPT,
    assert_receipt,
    attend,
    no_beat,
    run,
    serial_printer,
)


def test_a_job_over_tcp_is_printed_once_and_the_qr_code_scans(emulator: PrinterEmulator, printer: Model) -> None:
    assert run(printer, *RECEIPT) == Result("printed")
    (slip,) = emulator.receipts()
    assert_receipt(slip)


@pytest.mark.parametrize(("scheme", "options"), [("serial", "?baud=115200"), ("usblp", "")])
def test_a_job_over_a_device_file_is_printed(tmp_path: Path, scheme: str, options: str) -> None:
    with serial_printer(tmp_path, options, scheme) as (emulator, printer):
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

    for missing in (False, True):
        emulator.no_process_id = missing
        printer.close()
        with pytest.raises(OSError, match="journal"):
            printer.print(Job(2, RECEIPT), beat=no_beat, begin=fail)
        printed = len(emulator.receipts())
        assert run(printer, *RECEIPT) == Result("printed")
        assert len(emulator.receipts()) == printed + 1


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


def test_life_says_when_a_printer_falls_silent(emulator: PrinterEmulator, impatient: Model) -> None:
    attend(impatient, lambda: impatient.life.state == "online")
    emulator.silent = True
    attend(impatient, lambda: (impatient.life.state, impatient.life.reason[:10]) == ("degraded", "answers no"))
    emulator.silent = False
    attend(impatient, lambda: impatient.life.state == "online")


def test_life_never_says_online_before_the_printer_did(emulator: PrinterEmulator, printer: Model) -> None:
    emulator.paper = "out"
    states: list[str] = []

    def seen() -> bool:
        states.append(printer.life.state)
        return printer.life.state == "fault"

    attend(printer, seen)
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
