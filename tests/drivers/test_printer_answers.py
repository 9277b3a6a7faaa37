"""What the emulated printer says back, byte by byte as in the manual."""

import pytest

from tests.drivers.printers import Bench

OK, NEAR_END, END = b"\x12", b"\x1e", b"\x7e"
STATUS = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_status_is_answered_as_the_sensors_are(bench: Bench) -> None:
    assert bench.send(STATUS) == OK * 4
    bench.printer.paper = "near_end"
    assert bench.send(STATUS) == OK * 3 + NEAR_END
    bench.printer.paper = "out"
    assert bench.send(STATUS) == b"\x1a\x32\x12" + END
    bench.printer.paper, bench.printer.cover = "ok", "open"
    assert bench.send(STATUS) == b"\x1a\x16\x12\x12"
    bench.printer.cover, bench.printer.online = "closed", False
    assert bench.send(STATUS) == b"\x1a\x12\x12\x12"


def test_a_real_time_question_is_answered_even_when_it_arrives_in_pieces(bench: Bench) -> None:
    assert [bench.send(bytes((byte,))) for byte in b"\x10\x10\x04\x04"] == [b"", b"", b"", OK]


def test_a_real_time_question_inside_a_command_is_answered_and_becomes_part_of_it(bench: Bench) -> None:
    assert bench.send(b"\x1d(k\x06\x001P0\x10\x04\x01\x1d(k\x03\x001Q0ok\n") == OK
    assert bench.slip().qr == ["\x10\x04\x01"]
    assert bench.slip().text == "ok"


def test_changes_are_reported_when_asked_for_and_until_initialised(bench: Bench) -> None:
    assert bench.send(b"\x1da\x0e") == b"\x10\x00\x00\x0f"
    bench.printer.paper = "out"
    bench.printer.changed()
    assert bench.said() == b"\x18\x00\x0f\x0f"
    bench.printer.paper, bench.printer.cover = "ok", "open"
    bench.printer.changed()
    assert bench.said() == b"\x38\x00\x00\x0f"
    bench.printer.cover = "closed"
    bench.printer.changed()
    assert bench.said() == b"\x10\x00\x00\x0f"
    bench.send(b"\x1b@")
    bench.printer.paper = "out"
    bench.printer.changed()
    assert bench.said() == b""


@pytest.mark.parametrize(("asked", "answer"), [(b"\x00", b""), (b"1", b"\x37\x23\x00"), (b"\x02", b"\x37\x23\x60\x00")])
def test_going_offline_is_told_when_asked_for(bench: Bench, asked: bytes, answer: bytes) -> None:
    assert bench.send(b"\x1d(H\x03\x0010" + asked) == b""
    bench.printer.paper = "out"
    bench.printer.changed()
    bench.printer.changed()
    assert bench.said() == answer
    bench.printer.paper = "ok"
    bench.printer.changed()
    assert bench.said() == b""


@pytest.mark.parametrize("watched", [1, 2, 4, 8])
def test_only_the_changes_that_are_watched_are_reported(bench: Bench, watched: int) -> None:
    printer = bench.printer
    bench.send(b"\x1da" + bytes((watched,)))
    reported = {}
    printer.drawer = "open"
    printer.changed()
    reported[1] = bench.said()
    printer.paper = "near_end"
    printer.changed()
    reported[8] = bench.said()
    printer.cover = "open"
    printer.changed()
    reported[2] = bench.said()
    printer.cover, printer.cutter = "closed", "jammed"
    printer.changed()
    bench.said()
    reported[4] = bench.send(b"\x1dV\x00")
    offline_by_error = {4} if watched == 2 else set()
    assert {what for what, said in reported.items() if said} == {watched} | offline_by_error


def test_ordered_answers_wait_for_everything_before_them(bench: Bench) -> None:
    assert bench.send(b"\x1dr\x01\x1dr\x02") == b"\x00\x00"
    bench.printer.lines_left = 2
    assert bench.send(b"a\nb\nc\n\x1dr\x01\x1d(H\x06\x0000abcd") == b""
    assert bench.slip().text == "a\nb"
    bench.printer.lines_left, bench.printer.paper = None, "near_end"
    bench.printer.changed()
    assert bench.said() == b"\x03\x37\x22abcd\x00"
    assert bench.slip().text == "a\nb\nc"


def test_only_the_latest_process_id_is_answered(bench: Bench) -> None:
    assert bench.send(b"a\n\x1d(H\x06\x00000001\x1dV\x00\x1d(H\x06\x00000002") == b"\x37\x220002\x00"


def test_it_says_who_it_is(bench: Bench) -> None:
    assert bench.send(b"\x1dI\x42") == b"\x5fBoothkit\x00"
    assert bench.send(b"\x1dI\x02") == b"\x02"


def test_the_buffer_can_be_cleared(bench: Bench) -> None:
    bench.printer.paper = "out"
    bench.send(b"never\n")
    assert bench.send(b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08") == b"\x37\x25\x00"
    bench.printer.paper = "ok"
    bench.printer.changed()
    assert bench.printer.slips() == []


def test_a_jam_lasts_until_the_host_says_go_on(bench: Bench) -> None:
    bench.printer.cutter = "jammed"
    bench.send(b"a\n\x1dV\x00\x1d(H\x06\x0000abcd")
    assert bench.send(STATUS) == b"\x1a\x52\x1a\x12"
    bench.send(b"\x10\x05\x01")
    assert bench.send(STATUS) == b"\x1a\x52\x1a\x12"
    bench.printer.cutter = "ok"
    assert bench.send(b"\x10\x05\x01" + STATUS) == OK * 4 + b"\x37\x22abcd\x00"
    assert bench.slip().cut
