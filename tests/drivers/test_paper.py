"""What the code page lacks, logos and widths: what comes out on paper, asked of the emulator and of the dots."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from drivers.emulators.escpos_grammar import Command, Decoder
from drivers.emulators.mechanism import Mechanism
from drivers.emulators.slip import TextLine
from drivers.printer.encode import encode
from drivers.printer.glyphs import Glyphs
from drivers.printer.job import Cut, Job, Pair, Qr, Text
from drivers.printer.profile import load_profile
from drivers.printer.raster import Dots, commands
from drivers.printer.text import clusters, pair, printable, shows, width, wrap
from tests.drivers.printers import EPSON, REAL_TIME, bytes_of, pictures, printed

OURS = {
    b"\x1b@", b"\x1bR", b"\x1bt", b"\x1c.", b"\x1ba", b"\x1bE", b"\x1b-", b"\x1bM", b"\x1b!", b"\x1d!", b"\x1bG",
    b"\x1dB", b"\x1b{", b"\x1dv", b"\x1d(k", b"\x1bd", b"\x1dV", b"\n", b"\x1b3", b"\x1b2", b"\x1dL", b"\x1db",
}  # fmt: skip
"""Every command that the encoder has a use for; none of them asks, opens or stores anything."""
needs_fonts = pytest.mark.skipif(
    not (Glyphs().covers("Ж") and Glyphs().covers("漢")),
    reason="fonts are missing: apt-get install fonts-dejavu-core fonts-wqy-microhei",
)
needs_raqm = pytest.mark.skipif(not features.check("raqm"), reason="Pillow has no Raqm: install libfribidi0")


def image(dots: Dots) -> Image.Image:
    return Image.frombytes("1", (dots.wide * 8, len(dots.rows) // dots.wide), dots.rows)


def cells(dots: Dots, first: int, count: int, cell: int = 12) -> bytes:
    picture = image(dots)
    return picture.crop((first * cell, 0, (first + count) * cell, picture.height)).tobytes()


@pytest.fixture(scope="module")
def glyphs() -> Glyphs:
    return Glyphs()


def commands_of(data: bytes) -> list[Command]:
    decoder = Decoder()
    return [command for byte in data if (command := decoder.feed(byte)) is not None]


ANY = st.text(st.characters(exclude_categories=()), max_size=60)
FOREIGN = st.text(st.sampled_from("вЖΩéa 漢字カ한سلمשלםא123!?(\u0301\u05b8\u200d"), max_size=60)
NASTY = st.lists(
    st.one_of(ANY, FOREIGN, st.sampled_from(["\x1bp0", "\x1dV\x00", "\x10\x14\x01\x00\x01", "\x10\x04\x01", "\x1b@"])),
    max_size=5,
).map("".join)


# Nothing gets through


@settings(deadline=None)  # the machine may be slow
@given(NASTY, NASTY, st.booleans(), st.sampled_from(["TM-T88V", "POS-5890", "TM-U220", "TM-T88II"]))
def test_the_only_commands_on_the_wire_are_ours(text: str, other: str, double: bool, name: str) -> None:
    data = bytes_of(encode(Job(1, (Text(text, double=double), Pair(text, other), Cut())), load_profile(name)))
    assert not REAL_TIME.search(data)
    found = commands_of(data)
    assert {command.name for command in found} <= {*OURS, b""}
    assert all(command.args >= b" " and command.args != b"\x7f" for command in found if command.name == b"")
    assert b"".join(command.name + command.args for command in found).startswith(b"\x1b@")


@settings(deadline=None)  # the machine may be slow
@given(st.binary(min_size=1, max_size=400), st.integers(1, 72))
def test_no_picture_contains_a_real_time_command_whatever_its_dots(data: bytes, wide: int) -> None:
    rows = data.ljust(-(-len(data) // wide) * wide, b"\x10")
    stream = b"".join(commands(Dots(wide, rows)))
    assert not REAL_TIME.search(stream)
    drawn = b"".join(command.args[6:] for command in commands_of(stream))
    changed = [(was, now) for was, now in zip(rows, drawn, strict=True) if was != now]
    assert all((was, now) == (0x10, 0x18) for was, now in changed)


def test_a_picture_that_asks_the_printer_for_its_status_does_not() -> None:
    said: list[bytes] = []
    printer = Mechanism(42, said.append, lambda: 0.0)
    dots = b"\x10\x04\x01\x10\x14\x01\x00\x01"
    printer.receive(b"".join(commands(Dots(8, dots * 24))) + b"\n")
    assert said == []
    assert printer.drawer == "closed"
    assert len(printer.slips()[0].marks) == 2


# Letters of other scripts


@needs_fonts
@pytest.mark.parametrize("text", ["Ωμέγα", "Привет", "漢字カフェ", "한국어", "سلام", "שלום"])
def test_what_the_code_page_lacks_is_drawn(text: str) -> None:
    job = encode(Job(1, (Text(text),)), EPSON)
    assert job.unreadable == 0
    slip = printed(Text("before"), Text(text), Text("after"))
    assert slip.text == "before\nafter"
    (first, *_) = pictures(slip)
    assert any(first.rows)
    assert first.width == -(-width(text) * 12 // 8)


def test_what_the_code_page_has_or_can_spell_is_left_to_the_printer() -> None:
    slip = printed(Text("“Café” – 5 € … Łódź, cafe\u0301, \ufb01n"))
    assert slip.text == '"Café" - 5 € ... Lódz, café, fin'
    assert pictures(slip) == []


@needs_fonts
def test_every_letter_stands_in_its_own_cell(glyphs: Glyphs) -> None:
    text = "Жук 漢字 5,00"
    whole = glyphs.line(text, 12)
    at = 0
    for cluster in clusters(text):
        alone = glyphs.line(cluster, 12)
        assert cells(whole, at, width(cluster)) == cells(alone, 0, width(cluster)), cluster
        assert any(cells(alone, 0, width(cluster))) == (cluster != " ")
        at += width(cluster)


@needs_fonts
@pytest.mark.parametrize("name", ["TM-T88V", "POS-5890", "TM-T20II-42col", "TM-T20II"])
@pytest.mark.parametrize("double", [False, True])
def test_a_price_lines_up_however_its_item_is_spelled(name: str, double: bool, glyphs: Glyphs) -> None:
    profile = load_profile(name)
    columns, cell = profile.columns // (2 if double else 1), profile.cell * (2 if double else 1)
    (line,) = pair("Чай 茶", "7,00 €", columns)
    drawn = glyphs.line(line, profile.cell, double=double)
    price = glyphs.line("7,00 €", profile.cell, double=double)
    assert cells(drawn, columns - 6, 6, cell) == cells(price, 0, 6, cell)
    assert drawn.wide == -(-columns * cell // 8)
    slip = printed(Pair("Чай 茶", "7,00 €", double=double), profile=profile)
    assert slip.text == ""
    assert sum(len(picture.rows) for picture in pictures(slip)) == len(drawn.rows)


@needs_fonts
def test_bold_is_blacker_and_double_is_larger(glyphs: Glyphs) -> None:
    for text in ("Жук", "漢字"):
        plain, bold, double = (
            sum(byte.bit_count() for byte in drawn.rows)
            for drawn in (glyphs.line(text, 12), glyphs.line(text, 12, bold=True), glyphs.line(text, 12, double=True))
        )
        assert plain < bold
        assert 2 * plain < double


@needs_fonts
def test_a_drawn_line_is_as_high_as_a_printed_one(glyphs: Glyphs) -> None:
    slip = printed(Text("Жук"), Text("printed"))
    assert isinstance(slip.marks[-1], TextLine)
    assert image(glyphs.line("Жук", 12)).height == slip.marks[-1].spacing


@needs_fonts
def test_a_line_is_aligned_as_the_printers_own_are() -> None:
    slip = printed(Text("Жук", align="center"), Text("Жук", align="right"))
    assert [picture.align for picture in pictures(slip)] == [1, 1, 2, 2]


@needs_fonts
def test_hebrew_is_read_from_the_right(glyphs: Glyphs) -> None:
    plain = Glyphs(raqm=False)
    assert cells(plain.line("אבג", 12), 2, 1) == cells(plain.line("א", 12), 0, 1)
    assert cells(plain.line("x אב 12 ג y", 12), 0, 2) == cells(plain.line("x ", 12), 0, 2)
    assert cells(plain.line("אב 12", 12), 3, 2) == cells(plain.line("12", 12), 0, 2)
    assert cells(plain.line("א12ב", 12), 1, 2) == cells(plain.line("12", 12), 0, 2)


@needs_fonts
@needs_raqm
def test_arabic_letters_are_joined(glyphs: Glyphs) -> None:
    joined, apart = glyphs.line("سلام", 12), Glyphs(raqm=False).line("سلام", 12)
    assert joined.rows != apart.rows
    assert any(joined.rows)
    assert cells(glyphs.line("سلام 5,00", 12), 5, 4) == cells(glyphs.line("5,00", 12), 0, 4)


@needs_fonts
def test_what_no_font_has_is_a_question_mark_and_counted() -> None:
    nobody_draws = "\U00012000"  # cuneiform
    job = encode(Job(1, (Text(f"a{nobody_draws}b \x1b"),)), EPSON)
    assert b"a?b ?\n" in bytes_of(job)
    assert job.unreadable == 1
    lettered = encode(Job(1, (Text("Жук"),)), load_profile("simple"))
    assert lettered.unreadable == 0
    without_pictures = encode(Job(1, (Text("Жук"),)), load_profile("TM-U220"))
    assert b"???\n" in bytes_of(without_pictures)
    assert without_pictures.unreadable == 3


def test_without_fonts_nothing_is_covered(tmp_path: Path) -> None:
    assert not Glyphs(tmp_path).covers("Ж")


@settings(deadline=None)  # the machine may be slow
@given(NASTY)
def test_whatever_is_drawn_is_text_of_the_same_width(text: str) -> None:
    glyphs_of_all = printable(text, "cp858", lambda char: True)
    assert printable(glyphs_of_all, "cp858", lambda char: True) == glyphs_of_all
    for line in glyphs_of_all.split("\n"):
        assert line.isprintable() or any(unicodedata.category(char) == "Me" for char in line)
    assert shows(printable(text, "cp858").replace("\n", ""), "cp858")


# Widths


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("漢字", 4), ("e\u0301", 1), ("\u200b", 0), ("ｱ", 1), ("한", 2), ("😀", 2), ("שָׁ", 1)],
)
def test_width_counts_display_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@settings(deadline=None)  # the machine may be slow
@given(st.one_of(ANY, FOREIGN), st.integers(2, 64))
def test_wrapped_lines_fit_whatever_the_widths_of_their_letters(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@settings(deadline=None)  # the machine may be slow
@given(FOREIGN, FOREIGN, st.integers(8, 64))
def test_a_pair_fits_and_ends_at_the_right_edge(left: str, right: str, columns: int) -> None:
    right = right.strip()
    lines = pair(left, right, columns)
    assert all(width(line) <= columns for line in lines)
    squeezed = sorted("".join(lines).replace(" ", ""))
    assert squeezed == sorted((left + right).replace(" ", ""))
    if right and width(right) <= columns - 1 - columns // 4:
        assert lines[0].endswith(right)
        assert width(lines[0]) == columns


@settings(deadline=None)  # the machine may be slow
@given(FOREIGN, st.integers(2, 20))
def test_no_mark_is_parted_from_its_letter(text: str, columns: int) -> None:
    first, *others = wrap("x" + text.replace(" ", ""), columns)
    assert first.startswith("x")
    assert all(not line or width(line[0]) for line in others)


def test_a_qr_code_as_a_picture_is_left_as_it_is() -> None:
    """Its modules are three dots and more: nothing in it could be changed by keeping commands out."""
    profile = load_profile("POS-5890")
    data = bytes_of(encode(Job(1, (Qr("http://10.77.0.1/r/" + "aZ0_-" * 48),)), profile))
    rows = b"".join(command.args[6:] for command in commands_of(data) if command.name == b"\x1dv")
    assert rows
    assert b"\x10" not in rows
