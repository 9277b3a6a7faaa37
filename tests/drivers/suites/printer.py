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
    HUGE,
    HUGE_TEXT,
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


class Stop(BaseException):
    """What a signal handler raises."""


class PrinterSuite:
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
