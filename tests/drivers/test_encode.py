"""Jobs become bytes. What the bytes mean is asked of the emulator, which was not written from the encoder."""

import subprocess
import sys
import unicodedata
from bisect import bisect_right
from io import BytesIO
from pathlib import Path

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.emulators.mechanism import Mechanism
from drivers.emulators.slip import Raster, Slip
from drivers.errors import BadUri
from drivers.printer.encode import Encoded, encode
from drivers.printer.errors import Unprintable
from drivers.printer.job import Block, Cut, Feed, Job, Pair, Qr, Rule, Text
from drivers.printer.profile import Profile, load_profile
from drivers.printer.qr import dots_per_module
from drivers.printer.text import pair, printable, width, wrap

EPSON = load_profile("TM-T88V")
URL = "http://10.77.0.1/r/" + "aZ0_-" * 48


def bytes_of(job: Encoded) -> bytes:
    return job.head + b"".join(job.body) + b"".join(job.tail)


def printed(*blocks: Block, profile: Profile = EPSON) -> tuple[list[Slip], bytes]:
    """The slips that an emulated printer makes of the blocks, and what it says back."""
    said: list[bytes] = []
    printer = Mechanism(profile.columns, said.append, lambda: 0.0)
    printer.receive(bytes_of(encode(Job(1, blocks), profile)))
    return printer.slips(), b"".join(said)


TEXT = st.text(st.characters(exclude_categories=()), max_size=120)
NASTY = st.lists(
    st.one_of(
        TEXT,
        st.sampled_from(["\x1bp0", "\x1dV\x00", "\x10\x14\x01\x00\x01", "\x10\x04\x01", "\x1b@", "\x9b"]),
    ),
    max_size=6,
).map("".join)


@settings(deadline=None)  # the machine may be slow
@given(NASTY, NASTY, st.booleans())
def test_no_text_can_kick_the_drawer_cut_the_paper_or_talk_to_the_printer(text: str, other: str, double: bool) -> None:
    slips, said = printed(Text(text, double=double), Pair(text, other, double=double), Rule())
    (slip,) = slips
    assert slip.drawer_kicks == 0
    assert not slip.cut
    assert slip.qr == []
    assert said == b""
    assert slip.text.endswith("-" * EPSON.columns)


@settings(deadline=None)  # the machine may be slow
@given(NASTY, st.sampled_from(["cp858", "cp850", "cp437"]))
def test_only_characters_of_the_code_page_are_left(text: str, page: str) -> None:
    kept = printable(text, page)
    assert all(char == "\n" or char.isprintable() for char in kept)
    assert len(kept.encode(page)) == len(kept)
    assert printable(kept, page) == kept


@settings(deadline=None)  # the machine may be slow
@given(st.text(st.characters(categories=["Lo", "So"]), max_size=40))
def test_wide_characters_that_cannot_be_shown_keep_their_columns(text: str) -> None:
    text = "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.normalize("NFKD", char) == char)
    assert len(printable(text, "cp858")) == width(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("“Café” – 5 € … ½ × \u2018x’ − 3", "\"Café\" - 5 € ... ½ × 'x' - 3"),
        ("Łódź, Škoda, Đurđa, œuvre", "Lódz, Skoda, Durda, oeuvre"),
        ("cafe\u0301 \ufb01n", "café fin"),
        ("漢字", "????"),
        ("שלום", "????"),
        ("㈱", "()"),
        ("a\u200bb\xadc", "abc"),
        ("a\tb\r\nc", "a b\nc"),
        ("\x1bp\x00", "?p?"),
        ("\U0001f600!", "??!"),
    ],
)
def test_what_the_code_page_lacks_is_spelled_or_replaced_visibly(text: str, shown: str) -> None:
    assert printable(text, "cp858") == shown


def test_a_page_without_the_euro_spells_it() -> None:
    assert printable("5 €", "cp437") == "5 EUR"


def test_the_euro_comes_from_the_western_code_page_on_every_profile_that_has_it() -> None:
    for name, number in (("TM-T88V", 19), ("TM-T20II", 19), ("POS-5890", 19), ("TH230", 6)):
        data = bytes_of(encode(Job(1, (Text("5 € für Müsli"),)), load_profile(name)))
        assert data.count(b"\x1bt") == 1
        assert b"\x1bt" + bytes((number,)) in data
        assert b"5 \xd5 f\x81r M\x81sli" in data


@settings(deadline=None)  # the machine may be slow
@given(TEXT.map(lambda text: printable(text, "cp858")), st.integers(8, 64))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(len(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")


@settings(deadline=None)  # the machine may be slow
@given(
    TEXT.map(lambda text: printable(text, "cp858")),
    TEXT.map(lambda text: printable(text, "cp858")),
    st.integers(8, 64),
)
def test_a_pair_fits_and_loses_nothing_but_blanks(left: str, right: str, columns: int) -> None:
    lines = pair(left, right, columns)
    assert all(len(line) <= columns for line in lines)
    squeezed = sorted("".join(lines).replace(" ", ""))
    assert squeezed == sorted((left + right).replace(" ", "").replace("\n", ""))


def test_an_item_and_its_price_stand_at_the_two_edges() -> None:
    slips, _ = printed(
        Pair("2 x Coffee", "7,00 €"),
        Pair("A poster with a name that is much too long for one line", "12,00 €"),
        Pair("TOTAL", "19,00 €", bold=True, double=True),
    )
    assert slips[0].text.split("\n") == [
        "2 x Coffee                          7,00 €",
        "A poster with a name that is much  12,00 €",
        "too long for one line",
        "TOTAL         19,00 €",
    ]


def test_words_are_not_broken_where_there_is_a_blank() -> None:
    slips, _ = printed(Text("Thank you very much for your visit to the pop-up in Berlin"))
    assert slips[0].text == "Thank you very much for your visit to the\npop-up in Berlin"


def test_cut_and_feed_reach_the_printer() -> None:
    slips, _ = printed(Text("one"), Feed(3), Text("two"), Cut(), Text("three"), Cut())
    assert [(slip.text, slip.cut) for slip in slips] == [("one\n\n\n\ntwo", True), ("three", True)]
    with pytest.raises(ValueError, match="255"):
        Feed(256)


def test_a_printer_without_a_knife_is_only_fed() -> None:
    profile = load_profile("POS-5890")
    slips, _ = printed(Text("one"), Cut(), profile=profile)
    assert [(slip.text, slip.cut) for slip in slips] == [("one", False)]


def test_status_questions_fit_between_chunks() -> None:
    """A question inside a command would become part of it: a chunk is whole commands."""
    job = encode(Job(1, (Text("x" * 90, bold=True), Qr(URL), Pair("a", "b"), Cut())), EPSON)
    said: list[bytes] = []
    printer = Mechanism(42, said.append, lambda: 0.0)
    for chunk in (job.head, *job.body, *job.tail):
        printer.receive(chunk + b"\x10\x04\x01")
    assert b"".join(said) == b"\x12" * (1 + len(job.body) + len(job.tail))
    assert printer.slips()[0].qr == [URL]


def symbol_version(payload: bytes) -> int:
    version = segno.make_qr(payload, error="m", mode="byte", boost_error=False).version
    assert isinstance(version, int)
    return version


@pytest.mark.parametrize("version", [1, 2, 5, 9, 10, 12, 20, 26])
def test_the_table_of_qr_capacities_is_the_standards(version: int) -> None:
    """The largest payload of a version still gets that version's module size, one byte more does not."""
    size = bisect_right(range(1400), version, key=lambda n: symbol_version(b"a" * n)) - 1
    modules = 17 + 4 * version + 8
    assert dots_per_module(b"a" * size, modules * 5) == 5
    assert dots_per_module(b"a" * (size + 1), modules * 5) == 4


@pytest.mark.parametrize("name", ["TM-T88V", "TM-T20II", "POS-5890", "RP-F10-58mm", "TM-P80"])
def test_a_receipts_qr_code_fits_the_paper_with_its_quiet_zone(name: str) -> None:
    profile = load_profile(name)
    slips, _ = printed(Qr(URL), profile=profile)
    picture = Image.open(BytesIO(slips[0].png()))
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [URL]
    modules = 17 + 4 * symbol_version(URL.encode()) + 8
    assert dots_per_module(URL.encode(), profile.dots) * modules <= profile.dots


def test_a_printer_that_cannot_draw_qr_codes_gets_a_picture_that_scans() -> None:
    data = bytes_of(encode(Job(1, (Qr(URL),)), load_profile("POS-5890")))
    at = data.index(b"\x1dv0")
    wide = data[at + 4]
    rows = bytearray()
    while data[at : at + 3] == b"\x1dv0":
        high = data[at + 6]
        rows += data[at + 8 : at + 8 + wide * high]
        at += 8 + wide * high
    paper = Image.frombytes("1", (wide * 8, len(rows) // wide), bytes(255 - byte for byte in rows))
    framed = Image.new("L", (paper.width + 40, paper.height + 40), 255)
    framed.paste(paper.convert("L"), (20, 20))
    assert [code.text for code in zxingcpp.read_barcodes(framed)] == [URL]


@settings(deadline=None)  # the machine may be slow
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=300))
def test_a_picture_cannot_contain_a_real_time_command(data: str) -> None:
    encoded = encode(Job(1, (Qr(data),)), load_profile("POS-5890"))
    pictures = [chunk for chunk in encoded.body if chunk.startswith(b"\x1dv0")]
    assert pictures
    assert not any(b"\x10" in picture[8:] for picture in pictures)


def test_a_printer_without_graphics_prints_the_address_as_text() -> None:
    slips, _ = printed(Qr(URL), profile=load_profile("TM-U220"))
    assert slips[0].text.replace("\n", "") == URL
    assert not any(isinstance(mark, Raster) for mark in slips[0].marks)


@pytest.mark.parametrize("data", ["", "a\x10\x14\x01\x00\x01", "a\nb", "x" * 3000])
def test_a_qr_code_that_cannot_be_printed_is_refused_with_a_reason(data: str) -> None:
    with pytest.raises(Unprintable) as refusal:
        encode(Job(1, (Qr(data),)), EPSON)
    assert str(refusal.value)
    assert refusal.value.remedy


def test_the_longest_qr_code_that_the_message_names_does_print() -> None:
    with pytest.raises(Unprintable, match=r"holds (\d+)") as refusal:
        encode(Job(1, (Qr("x" * 2331),)), EPSON)
    longest = int(str(refusal.value).rsplit(maxsplit=1)[-1])
    slips, _ = printed(Qr("x" * longest))
    assert [len(data) for data in slips[0].qr] == [longest]


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(BadUri, match=r"TM-T88X.*TM-T88V"):
        load_profile("TM-T88X")
    with pytest.raises(BadUri, match="Western"):
        load_profile("AF-240")


def test_the_encoder_is_loaded_only_when_used_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """python-escpos costs 15 MB, and writes a new temporary folder at each import."""
    script = (
        "import sys, drivers.printer.escpos, drivers.printer.profile as p\n"
        "assert 'escpos' not in sys.modules and 'PIL' not in sys.modules\n"
        "p.load_profile('TM-T88V')\n"
        "assert 'escpos' in sys.modules\n"
    )
    environment = {"TMPDIR": str(tmp_path), "PATH": ""}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, cwd=Path(__file__).parents[2])
    assert list(tmp_path.iterdir()) == []
