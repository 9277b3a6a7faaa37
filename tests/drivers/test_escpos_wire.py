"""The reply side of ESC/POS. Expected values are the manual's, not the code's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.printer.errors import CoverOpen, CutterJammed, Offline, Overheated, PaperOut, Unrecoverable
from drivers.printer.status import Status
from drivers.wire import escpos as wire
from drivers.wire.escpos import (
    Asb,
    AsbError,
    AsbPrinter,
    Block,
    Demultiplexer,
    Flow,
    Ordered,
    PrinterInfo,
    ProcessId,
    RealTime,
    RollPaper,
)

LONGEST_REPLY = 97


def replies(data: bytes) -> list[wire.Reply]:
    return Demultiplexer().feed(data)


REPLY = st.one_of(
    st.sampled_from([b"\x12", b"\x16", b"\x1a", b"\x1e", b"\x72", b"\x7e", b"\x32"]),
    st.builds(
        lambda a, b, c, d: bytes((0x10 | a, b, c, d)),
        *(st.sampled_from([value for value in range(128) if value & mask == 0]) for mask in [0x93, 0x90, 0x90, 0x90]),
    ),
    st.sampled_from([b"\x00", b"\x03", b"\x0c", b"\x0f"]),
    st.binary(min_size=4, max_size=4).map(lambda raw: b"\x37\x22" + bytes(32 + b % 95 for b in raw) + b"\x00"),
    st.text("ABCDEF -0123456789", max_size=80).map(lambda text: b"\x5f" + text.encode() + b"\x00"),
    st.sampled_from([b"\x37\x25\x00", b"\x37\x23\x40\x00", b"\x3d\x20\x42\x00", b"\x35\x31\x00", b"\x3b\x31\x00"]),
)


def test_the_four_kinds_of_status_bytes_are_never_confused() -> None:
    """Epson, "Transmission status identification": fixed bits decide, for every byte there is."""
    for byte in range(256):
        found = replies(bytes((byte,)))
        if byte in (0x11, 0x13):
            assert found == [Flow(ready=byte == 0x11)]
        elif f"{byte:08b}"[0] == "0" and f"{byte:08b}"[3] == "1" and f"{byte:08b}"[6:] == "10":
            assert found == [RealTime(byte)]
        elif f"{byte:08b}"[0] == "0" and f"{byte:08b}"[3] == "0":
            assert found == [Ordered(byte)]
        else:  # the beginning of something longer, or noise
            assert found == []


def test_a_queued_status_report_is_not_mistaken_for_missing_paper() -> None:
    report = Asb(AsbPrinter.DRAWER | AsbPrinter.OFFLINE, AsbError(0), RollPaper(0))
    assert replies(b"\x1c\x00\x00\x0f") == [report]
    assert not Status.from_asb(report).paper_out


def test_replies_of_all_kinds_share_one_stream() -> None:
    stream = b"\x12\x10\x00\x03\x0f\x0c\x37\x22 a~!\x00\x5fTM-T88V\x00\x37\x25\x00\x7e"
    assert replies(stream) == [
        RealTime(0x12),
        Asb(AsbPrinter(0), AsbError(0), RollPaper.NEAR_END),
        Ordered(0x0C),
        ProcessId(b" a~!"),
        PrinterInfo("TM-T88V"),
        Block(0x37, b"\x25"),
        RealTime(0x7E),
    ]


@settings(deadline=None)  # the machine may be slow
@given(st.lists(REPLY, max_size=12), st.data())
def test_flow_control_may_fall_between_any_two_bytes(stream: list[bytes], data: st.DataObject) -> None:
    plain = b"".join(stream)
    at = data.draw(st.integers(0, len(plain)))
    found = replies(plain[:at] + b"\x13\x11" + plain[at:])
    assert [reply for reply in found if not isinstance(reply, Flow)] == replies(plain)
    assert [reply for reply in found if isinstance(reply, Flow)] == [Flow(ready=False), Flow(ready=True)]


@settings(deadline=None)  # the machine may be slow
@given(st.lists(REPLY, max_size=20))
def test_no_reply_is_lost_and_none_invented(stream: list[bytes]) -> None:
    demux = Demultiplexer()
    assert len(demux.feed(b"".join(stream))) == len(stream)
    assert demux.garbage == 0


@settings(deadline=None)  # the machine may be slow
@given(st.binary(max_size=400), st.data())
def test_how_the_bytes_arrive_makes_no_difference(noise: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(noise)))
    demux = Demultiplexer()
    assert demux.feed(noise[:cut]) + demux.feed(noise[cut:]) == replies(noise)


@settings(deadline=None)  # the machine may be slow
@given(st.binary(max_size=400))
def test_after_noise_and_a_pause_the_next_reply_is_understood(noise: bytes) -> None:
    demux = Demultiplexer()
    demux.feed(noise)
    demux.reset()
    assert demux.feed(b"\x12\x10\x00\x00\x0f") == [
        RealTime(0x12),
        Asb(AsbPrinter(0), AsbError(0), RollPaper(0)),
    ]


@settings(deadline=None)  # the machine may be slow
@given(st.binary(max_size=400))
def test_noise_swallows_at_most_one_longest_reply(noise: bytes) -> None:
    """A header byte in noise must not make the printer mute."""
    demux = Demultiplexer()
    demux.feed(noise)
    assert demux.feed(b"\x12" * (LONGEST_REPLY + 1))[-1:] == [RealTime(0x12)]


@pytest.mark.parametrize(
    ("answers", "trouble", "near_end"),
    [
        ((0x12, 0x12, 0x12, 0x12), None, False),
        ((0x16, 0x12, 0x12, 0x12), None, False),
        ((0x12, 0x12, 0x12, 0x1E), None, True),
        ((0x12, 0x12, 0x12, 0x16), None, True),
        ((0x1A, 0x32, 0x12, 0x72), PaperOut, False),
        ((0x1A, 0x32, 0x12, 0x7E), PaperOut, True),
        ((0x12, 0x12, 0x12, 0x32), PaperOut, False),
        ((0x1A, 0x16, 0x12, 0x7E), CoverOpen, True),
        ((0x1A, 0x52, 0x1A, 0x12), CutterJammed, False),
        ((0x1A, 0x52, 0x32, 0x12), Unrecoverable, False),
        ((0x1A, 0x52, 0x52, 0x12), Overheated, False),
        ((0x1A, 0x1A, 0x12, 0x12), Offline, False),
    ],
)
def test_the_four_answers_say_what_is_wrong(
    answers: tuple[int, int, int, int], trouble: type[Exception] | None, near_end: bool
) -> None:
    status = Status.from_round(*answers)
    found = status.trouble()
    assert (type(found) if found else None) is trouble
    assert status.paper_near_end is near_end
    assert found is None or (str(found) and found.remedy)


@pytest.mark.parametrize(
    ("report", "trouble"),
    [
        (b"\x10\x00\x00\x0f", None),
        (b"\x18\x00\x0f\x0f", PaperOut),
        (b"\x38\x00\x0f\x0f", CoverOpen),
        (b"\x18\x08\x00\x0f", CutterJammed),
        (b"\x18\x00\x00\x0f", Offline),
    ],
)
def test_a_report_says_the_same_as_the_four_answers(report: bytes, trouble: type[Exception] | None) -> None:
    (asb,) = replies(report)
    assert isinstance(asb, Asb)
    found = Status.from_asb(asb).trouble()
    assert (type(found) if found else None) is trouble


def test_both_ways_of_saying_it_tell_the_drawers_switch() -> None:
    assert Status.from_round(0x16, 0x12, 0x12, 0x12).drawer_high
    assert not Status.from_round(0x12, 0x12, 0x12, 0x12).drawer_high
    high, low = replies(b"\x14\x00\x00\x0f\x10\x00\x00\x0f")
    assert isinstance(high, Asb)
    assert isinstance(low, Asb)
    assert Status.from_asb(high).drawer_high
    assert not Status.from_asb(low).drawer_high


def test_requests_are_the_bytes_of_the_manual() -> None:
    assert wire.ask_status(4) == b"\x10\x04\x04"
    assert wire.enable_asb() == b"\x1d\x61\x0f"
    assert wire.ask_ordered() == b"\x1d\x72\x01"
    assert wire.ask_process_id(b"0001") == b"\x1d\x28\x48\x06\x00\x30\x300001"
    assert wire.ask_info(67) == b"\x1d\x49\x43"
    assert wire.recover() == b"\x10\x05\x01"
    assert wire.pulse("pin2") == b"\x1b\x70\x00\x32\xfa"
    assert wire.pulse("pin5") == b"\x1b\x70\x01\x32\xfa"
    assert wire.pulse_now("pin2") == b"\x10\x14\x01\x00\x01"
    assert wire.pulse_now("pin5") == b"\x10\x14\x01\x01\x01"


def test_a_request_that_the_manual_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="1…4"):
        wire.ask_status(5)
    with pytest.raises(ValueError, match="printable"):
        wire.ask_process_id(b"\x1bp00")
    with pytest.raises(ValueError, match="65…68"):
        wire.ask_info(3)
