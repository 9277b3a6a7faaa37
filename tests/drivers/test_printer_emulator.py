"""The emulated printer, judged by clients and byte sequences that know nothing of our driver."""

from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.emulators.escpos_grammar import LONGEST_DATA, Decoder
from drivers.emulators.mechanism import BUFFER, Mechanism
from drivers.emulators.typesetter import SLIPS_KEPT
from tests.drivers.printers import Bench, scanned


@pytest.fixture
def bench() -> Bench:
    return Bench()


# The bytes of the manual


def test_a_slip_ends_at_a_cut_and_text_is_what_the_code_page_says(bench: Bench) -> None:
    bench.send(b"\x1b@\x1bt\x13Caf\x82 5 \xd5  \n\x1ba\x01\x1bE\x01Thanks\n\n\n\x1dV\x01second")
    first = bench.slip()
    assert (first.id, first.text, first.cut) == (1, "Café 5 €\nThanks", True)
    bench.send(b"\x1bt\x02\xd5 \x1bt\x10\x80\n\x1dVB\x00")
    second = bench.printer.slips()[1]
    assert (second.id, second.text, second.cut) == (2, "second\u0131 €", True)


def test_a_long_line_goes_on_below(bench: Bench) -> None:
    bench.send(b"a" * 43 + b"\n" + b"\x1d!\x11" + b"b" * 22 + b"\n" + b"\x1b!\x01" + b"c" * 57 + b"\n")
    assert bench.slip().text.split("\n") == ["a" * 42, "a", "b" * 21, "b", "c" * 56, "c"]


def test_a_full_line_and_its_line_feed_are_one_line(bench: Bench) -> None:
    bench.send(b"a" * 42 + b"\nb\n")
    assert bench.slip().text == "a" * 42 + "\nb"


def test_an_initialised_printer_forgets_the_unprinted_line(bench: Bench) -> None:
    bench.send(b"lost\x1b@kept\n")
    assert bench.slip().text == "kept"


def test_alignment_counts_at_the_beginning_of_a_line_only(bench: Bench) -> None:
    bench.send(b"\x1ba\x02right\nle\x1ba\x01ft\n")
    assert [mark.align for mark in bench.slip().marks] == [2, 2]


def test_the_drawer_is_kicked_by_both_commands(bench: Bench) -> None:
    bench.send(b"\x1bp\x00\x32\x32one\n\x1dV\x00\x10\x14\x01\x00\x01")
    assert bench.slip().drawer_kicks == 2
    bench.send(b"\x1b@\x1bp\x01\x32\x32")
    bench.send(b"\x1b@two\n\x1dV\x00")
    assert [(slip.text, slip.drawer_kicks) for slip in bench.printer.slips()] == [
        ("one", 2),
        ("", 1),
        ("two", 0),
    ]


def test_the_drawer_is_opened_by_a_kick_and_shut_by_a_hand(bench: Bench) -> None:
    printer = bench.printer
    assert bench.send(b"\x10\x04\x01\x1dr\x02\x1da\x01") == b"\x12\x00\x10\x00\x00\x0f"
    assert bench.send(b"\x1bp\x00\x32\x32") == b"\x14\x00\x00\x0f"
    assert printer.drawer == "open"
    assert bench.send(b"\x10\x04\x01\x1dr\x02") == b"\x16\x01"
    printer.drawer = "closed"
    printer.changed()
    assert bench.said() == b"\x10\x00\x00\x0f"
    printer.drawer_closed = "high"
    assert bench.send(b"\x10\x04\x01\x1dr\x02") == b"\x16\x01"


def test_without_paper_only_the_real_time_kick_opens_the_drawer_at_once(bench: Bench) -> None:
    printer = bench.printer
    printer.paper = "out"
    bench.send(b"\x1bp\x00\x32\x32")
    assert printer.drawer == "closed"
    bench.send(b"\x10\x14\x01\x00\x01")
    assert printer.drawer == "open"
    printer.drawer = "closed"
    printer.paper = "ok"
    printer.changed()
    assert printer.drawer == "open"


def test_an_error_keeps_the_drawer_shut(bench: Bench) -> None:
    bench.printer.cutter = "jammed"
    bench.send(b"a\n\x1dV\x00")
    bench.send(b"\x10\x14\x01\x00\x01")
    assert bench.printer.drawer == "closed"


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (b"\x1dk\x024006381333931\x00", "[EAN13 4006381333931]"),
        (b"\x1dkI\x07{B12345", "[CODE128 {B12345]"),
        (b"\x1dk\x04ABC\x00", "[CODE39 ABC]"),
    ],
)
def test_a_barcode_is_named_on_the_slip(bench: Bench, command: bytes, shown: str) -> None:
    bench.send(command + b"below\n")
    assert bench.slip().text == f"{shown}\nbelow"


def test_the_code_page_is_the_one_of_the_model() -> None:
    said: list[bytes] = []
    printer = Mechanism(32, said.append, lambda: 0.0, pages={6: "cp858"})
    printer.receive(b"\x1bt\x065 \xd5\n")
    assert printer.slips()[0].text == "5 €"


@pytest.mark.parametrize(
    ("page", "byte", "shown"),
    [
        (0, 0x81, "ü"),
        (16, 0xFC, "ü"),
        (17, 0x86, "Ж"),
        (18, 0x88, "ł"),
        (47, 0xD8, "Ψ"),
        (21, 0xA1, "ก"),
        (1, 0xB1, "ｱ"),
    ],
)
def test_text_is_read_by_the_code_page_that_a_client_chose(bench: Bench, page: int, byte: int, shown: str) -> None:
    bench.send(b"\x1bt" + bytes((page, byte)) + b"\n")
    assert bench.slip().text == shown


@pytest.mark.parametrize(
    "command",
    [
        b"\x1b*\x00\x05\x00abcde",
        b"\x1b*\x21\x02\x00abcdef",
        b"\x1bD\x08\x10\x18\x00",
        b"\x1bc5\x01",
        b"\x1bW12345678",
        b"\x1b&\x03AB\x01abc\x02abcdef",
        b"\x1dk\x041234\x00",
        b"\x1dkI\x0512345",
        b"\x1dh\x50\x1dw\x02\x1dH\x02",
        b"\x1d(L\x04\x000p00",
        b"\x1b$\x10\x00",
        b"\x1d8L\x03\x00\x00\x00abc",
        b"\x1d*\x01\x0112345678",
        b"\x1d(E\x03\x00abc",
        b"\x1dL\x00\x00\x1dW\x00\x02",
        b"\x1c!\x00\x1c.\x1cp\x01\x00",
        b"\x1c(A\x02\x00ab",
        b"\x1cq\x01\x01\x00\x01\x0012345678",
        b"\x1bR\x02\x1b \x00\x1b{\x00",
        b"\x10\x04\x04\x10\x05\x01",
        b"\x1d(k\x03\x000A1",
        b"\x00\x18\x0d",
    ],
)
def test_what_is_not_printed_is_skipped_with_exactly_its_parameters(bench: Bench, command: bytes) -> None:
    bench.send(b"before " + command + b"after\n")
    assert bench.slip().text == "before after"


def test_a_native_qr_code_is_on_the_slip_and_scans(bench: Bench) -> None:
    url = b"http://10.77.0.1/r/abc"
    bench.send(b"\x1ba\x01\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1")
    bench.send(b"\x1d(k" + (len(url) + 3).to_bytes(2, "little") + b"1P0" + url + b"\x1d(k\x03\x001Q0")
    assert bench.slip().qr == [url.decode()]
    assert scanned(bench.slip()) == [url.decode()]


@pytest.mark.parametrize(("level", "found"), [(48, "L"), (49, "M"), (50, "Q"), (51, "H")])
@pytest.mark.parametrize("size", [3, 8])
def test_a_native_qr_code_has_the_size_and_the_level_that_were_asked_for(
    bench: Bench, level: int, found: str, size: int
) -> None:
    bench.send(b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C" + bytes((size,)) + b"\x1d(k\x03\x001E" + bytes((level,)))
    bench.send(b"\x1d(k\x08\x001P0hello\x1d(k\x03\x001Q0")
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(bench.slip().png())))
    assert (code.text, code.ec_level) == ("hello", found)
    assert abs(code.position.top_right.x - code.position.top_left.x - 21 * size) <= size


def test_a_micro_qr_code_is_one(bench: Bench) -> None:
    bench.send(b"\x1d(k\x04\x001A3\x00\x1d(k\x03\x001C\x08\x1d(k\x06\x001P0123\x1d(k\x03\x001Q0")
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(bench.slip().png())))
    assert (code.text, code.format) == ("123", zxingcpp.BarcodeFormat.MicroQRCode)


def test_graphics_are_drawn_however_they_are_sent(bench: Bench) -> None:
    dots = b"\xff\x00" * 8
    stored = b"0p0\x01\x011\x10\x00\x08\x00" + dots
    for command in (
        b"\x1dv0\x00\x02\x00\x08\x00" + dots,
        b"\x1d(L" + len(stored).to_bytes(2, "little") + stored + b"\x1d(L\x02\x0002",
        b"\x1d8L" + len(stored).to_bytes(4, "little") + stored + b"\x1d(L\x02\x000\x02",
    ):
        bench.send(command + b"\x1dV\x00")
    pictures = [slip.png() for slip in bench.printer.slips()]
    assert len(pictures) == 3
    assert len(set(pictures)) == 1
    inside = Image.open(BytesIO(pictures[0])).crop((36, 36, 52, 44))
    assert inside.tobytes() == (b"\x18" * 8 + b"\xfc" * 8) * 8


def test_positions_move_to_the_right(bench: Bench) -> None:
    bench.send(b"\x1b$\x30\x00a\x1b$\x80\x01b\x1b\\\x18\x00c\n\x1bt\x01\x98\x95\x99\n")
    assert bench.slip().text == "    a" + " " * 27 + "b  c\n┌─┐"


def test_a_qr_code_that_is_wider_than_the_paper_does_not_come_out(bench: Bench) -> None:
    bench.send(b"\x1d(k\x03\x001C\x10\x1d(k\x67\x001P0" + b"a" * 100 + b"\x1d(k\x03\x001Q0text\n")
    assert bench.slip().qr == []


def test_double_size_is_double_size_on_the_picture(bench: Bench) -> None:
    bench.send(b"\x1b!\x30HIGH\n\x1b!\x00HIGH\n\x1dV\x00")
    picture = Image.open(BytesIO(bench.slip().png())).point(lambda dot: 255 if dot < 100 else 0)
    big, small = (picture.crop((0, top, picture.width, end)).getbbox() for top, end in ((36, 84), (84, 114)))
    assert big is not None
    assert small is not None
    assert big[2] - big[0] == 2 * (small[2] - small[0])
    assert big[3] - big[1] == 2 * (small[3] - small[1])


# Noise


COMMANDS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([b"\x1b", b"\x1d", b"\x1c", b"\x10"]),
            st.binary(min_size=1, max_size=1),
            st.binary(max_size=12),
        ).map(b"".join),
        st.sampled_from(
            [
                b"text\n",
                b"\x1b@",
                b"\x1dV\x00",
                b"\x1d(k\x07\x001P0data\x1d(k\x03\x001Q0",
                b"\x1dv0\x00\x02\x00\x02\x00abcd",
                b"\x1d(L\x0d\x000p0\x01\x011\x10\x00\x08\x00abc\x1d(L\x02\x0002",
            ]
        ),
    ),
    max_size=20,
).map(b"".join)


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.binary(max_size=800), COMMANDS))
def test_noise_neither_stops_nor_fills_the_printer(noise: bytes) -> None:
    bench = Bench()
    bench.send(noise)
    assert bench.printer.room == BUFFER
    for slip in bench.printer.slips():
        assert slip.png().startswith(b"\x89PNG")


@settings(deadline=None)
@given(COMMANDS, st.data())
def test_how_the_bytes_arrive_makes_no_difference(stream: bytes, data: st.DataObject) -> None:
    whole, parts = Bench(), Bench()
    cut = data.draw(st.integers(0, len(stream)))
    whole.send(stream)
    parts.send(stream[:cut])
    parts.send(stream[cut:])
    assert parts.printer.slips() == whole.printer.slips()


def test_a_gigantic_picture_is_swallowed_without_being_kept(bench: Bench) -> None:
    bench.send(b"\x1dv0\x00\x40\x00\xff\xff")
    for _ in range(0xFFFF * 0x40 // 4096):
        bench.send(b"\xff" * 4096)
    bench.send(b"\xff" * (0xFFFF * 0x40 % 4096) + b"after\n")
    assert bench.slip().text == "after"
    assert len(bench.slip().marks) == 1
    assert LONGEST_DATA < 0xFFFF * 0x40


def test_paper_without_end_is_torn_off_and_old_slips_forgotten(bench: Bench) -> None:
    bench.send(b"x\n" * 9000)
    assert len(bench.printer.slips()) == 5
    bench.send(b"x\n\x1dV\x00" * (SLIPS_KEPT + 10))
    assert len(bench.printer.slips()) == SLIPS_KEPT


def test_a_decoder_waits_for_the_rest_of_a_command() -> None:
    decoder = Decoder()
    assert [decoder.feed(byte) for byte in b"\x1d(k\x03\x001Q"] == [None] * 7
    command = decoder.feed(0x30)
    assert command is not None
    assert (command.name, command.args) == (b"\x1d(k", b"1Q0")
