"""What the printers' driver promises when one of the two sides begins anew, and about the drawer."""

import pytest

from drivers.emulators.printer import PrinterEmulator
from drivers.printer.attempt import Result
from drivers.printer.escpos import Model
from drivers.printer.job import Job
from tests.drivers.printers import (
    HUGE,
    HUGE_TEXT,
    LONG,
    LONG_TEXT,
    RECEIPT,
    RECEIPT_TEXT,
    URL,
    PrinterBench,
    Printing,
    assert_receipt,
    attend,
    eventually,
    online,
    run,
)
from tests.drivers.suites.printer_trouble import TroubleSuite


class Stop(BaseException):
    """What a signal handler raises."""


class PrinterSuite(TroubleSuite):
    """All that is promised on every link."""

    # Restarts

    @pytest.mark.parametrize("lines", [1, 20, 400])
    def test_a_driver_that_stops_in_the_middle_of_a_job_leaves_the_printer_usable(
        self, bench: PrinterBench, emulator: PrinterEmulator, lines: int
    ) -> None:
        """The process ends: the next one knows nothing of the job."""
        emulator.paper_for(lines=lines)
        first = bench.model()

        def stop() -> None:
            if first.life.reason == "paper out":
                raise Stop

        with pytest.raises(Stop):
            first.print(Job(1, HUGE), beat=stop)
        first.close()
        emulator.paper = "ok"
        second = online(bench.model())
        assert run(second, *RECEIPT) == Result("printed")
        last = emulator.receipts()[-1]
        assert last.text.endswith(RECEIPT_TEXT)
        assert (last.qr, last.cut) == ([URL], True)

    def test_a_driver_object_that_was_stopped_sets_the_next_receipt_apart(
        self, emulator: PrinterEmulator, printer: Model
    ) -> None:
        emulator.paper_for(lines=20)

        def stop() -> None:
            if printer.life.reason == "paper out":
                raise Stop

        with pytest.raises(Stop):
            printer.print(Job(1, HUGE), beat=stop)
        emulator.paper = "ok"
        online(printer)
        assert run(printer, *RECEIPT) == Result("printed")
        assert_receipt(emulator.receipts()[-1])

    def test_a_printer_that_was_restarted_prints_the_next_job(self, emulator: PrinterEmulator, printer: Model) -> None:
        assert run(printer, *RECEIPT) == Result("printed")
        emulator.close()
        attend(printer, lambda: printer.life.state == "absent")
        emulator.start()
        online(printer)
        assert run(printer, *RECEIPT) == Result("printed")
        assert len(emulator.receipts()) == 2

    def test_the_worker_knows_before_the_first_byte_is_sent(self, emulator: PrinterEmulator, printer: Model) -> None:
        def fail() -> None:
            assert emulator.receipts() == []
            raise OSError("the journal is full")

        for missing in (False, True):
            emulator.no_process_id = missing
            printer.close()
            with pytest.raises(OSError, match="journal"):
                printer.print(Job(2, RECEIPT), beat=lambda: None, begin=fail)
        assert emulator.receipts() == []
        assert run(printer, *RECEIPT) == Result("printed")
        assert len(emulator.receipts()) == 1

    # The drawer

    @pytest.mark.parametrize("state", ["ready", "paper", "cover", "online"])
    def test_the_drawer_opens_at_once_whatever_the_printer_waits_for(
        self, emulator: PrinterEmulator, printer: Model, state: str
    ) -> None:
        online(printer)
        if state == "paper":
            emulator.paper = "out"
        elif state == "cover":
            emulator.cover = "open"
        elif state == "online":
            emulator.online = False
        attend(printer, lambda: printer.life.state == ("online" if state == "ready" else "fault"))
        assert printer.kick()
        eventually(lambda: emulator.drawer == "open")
        assert printer.life.counters["kicks"] == 1
        emulator.paper, emulator.cover, emulator.online = "ok", "closed", True
        online(printer)
        assert run(printer, *RECEIPT) == Result("printed")
        assert sum(slip.drawer_kicks for slip in emulator.receipts()) == 1
        assert [slip.text for slip in emulator.receipts() if slip.text] == [RECEIPT_TEXT]

    @pytest.mark.parametrize(("drawer", "kicks"), [("pin2", 1), ("pin5", 1), ("none", 0)])
    def test_a_receipt_can_open_the_drawer_it_belongs_to(
        self, bench: PrinterBench, emulator: PrinterEmulator, drawer: str, kicks: int
    ) -> None:
        printer = bench.model(drawer=drawer)
        assert printer.print(Job(1, RECEIPT), beat=lambda: None, kick=True) == Result("printed")
        (slip,) = emulator.receipts()
        assert (slip.text, slip.drawer_kicks) == (RECEIPT_TEXT, kicks)
        assert emulator.drawer == ("open" if kicks else "closed")

    def test_the_drawer_opens_while_a_receipt_waits_for_paper(self, emulator: PrinterEmulator, printer: Model) -> None:
        emulator.paper_for(lines=2)
        kicked: list[bool] = []

        def kick() -> None:
            if printer.life.reason == "paper out" and not kicked:
                kicked.append(printer.kick())

        printing = Printing(printer, *RECEIPT, beat=kick)
        eventually(lambda: emulator.drawer == "open")
        emulator.paper = "ok"
        assert printing.result() == Result("printed")
        assert kicked == [True]
        (slip,) = emulator.receipts()
        assert (slip.text, slip.qr) == (RECEIPT_TEXT, [URL])

    def test_kicks_in_the_middle_of_a_receipt_cost_none_of_its_characters(
        self, emulator: PrinterEmulator, printer: Model
    ) -> None:
        """Some fall between two pieces of the job; the others are refused, because they would become part of one."""
        emulator.buffer = 600
        emulator.sip = 50
        kicked: list[bool] = []
        printing = Printing(printer, *LONG, beat=lambda: kicked.append(printer.kick()))
        assert printing.result() == Result("printed")
        assert [slip.text for slip in emulator.receipts() if slip.text] == [LONG_TEXT]
        assert any(kicked)
        eventually(lambda: sum(slip.drawer_kicks for slip in emulator.receipts()) == sum(kicked))

    @pytest.mark.parametrize("reports", [True, False])
    def test_the_drawers_switch_is_known_and_its_meaning_can_be_learnt(
        self, emulator: PrinterEmulator, printer: Model, reports: bool
    ) -> None:
        emulator.no_reports = not reports
        assert printer.drawer_level is None
        assert printer.drawer_open is None
        emulator.drawer_closed = "high"
        online(printer)
        attend(printer, lambda: printer.drawer_level == "high")
        assert printer.drawer_open is None
        printer.drawer_closed = "high"
        assert printer.drawer_open is False
        assert printer.kick()
        attend(printer, lambda: printer.drawer_open is True)
        assert printer.drawer_level == "low"
        emulator.drawer = "closed"
        attend(printer, lambda: printer.drawer_open is False)
        emulator.unplug()
        attend(printer, lambda: printer.life.state == "absent")
        assert printer.drawer_open is None
        assert not printer.kick()

    def test_a_printer_without_a_drawer_kicks_none(self, bench: PrinterBench, emulator: PrinterEmulator) -> None:
        printer = online(bench.model(drawer="none"))
        assert not printer.kick()
        assert printer.drawer_level is None
        assert run(printer, *RECEIPT) == Result("printed")
        assert emulator.drawer == "closed"


class CableSuite(PrinterSuite):
    """A cable holds a few kilobytes: when the printer takes no more, the rest of the job waits on our side."""

    def test_a_kick_that_would_fall_inside_a_command_is_refused(
        self, emulator: PrinterEmulator, printer: Model
    ) -> None:
        emulator.buffer = 600
        emulator.paper_for(lines=20)
        kicked: list[bool] = []

        def kick() -> None:
            if printer.life.reason in ("paper out", "takes no data"):
                kicked.append(printer.kick())

        printing = Printing(printer, *HUGE, beat=kick)
        eventually(lambda: False in kicked)
        emulator.paper = "ok"
        assert printing.result() == Result("printed")
        assert [slip.text for slip in emulator.receipts() if slip.text] == [HUGE_TEXT]
        eventually(lambda: sum(slip.drawer_kicks for slip in emulator.receipts()) == sum(kicked))

    def test_after_giving_up_in_the_middle_of_sending_the_next_receipt_is_whole(
        self, bench: PrinterBench, emulator: PrinterEmulator
    ) -> None:
        printer = bench.model(patience="0.5")
        emulator.buffer = 600
        emulator.paper_for(lines=20)
        assert run(printer, *HUGE).outcome == "unknown"
        emulator.paper = "ok"
        online(printer)
        assert run(printer, *RECEIPT) == Result("printed")
        begun, *_, whole = emulator.receipts()
        assert HUGE_TEXT.startswith(begun.text[:-60])
        assert_receipt(whole)
