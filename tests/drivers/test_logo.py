"""Logos, and what every model of the library makes of a receipt."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.errors import BadUri
from drivers.printer.encode import encode
from drivers.printer.errors import Unprintable
from drivers.printer.job import Job, Logo, Pair, Text
from drivers.printer.profile import library, load_profile
from tests.drivers.printers import EPSON, REAL_TIME, bytes_of, pictures, printed


def test_every_model_of_the_library_prints_western_text_or_is_refused_with_a_reason() -> None:
    _, known = library()
    refused = {}
    for name in known:
        try:
            profile = load_profile(name)
        except BadUri as error:
            refused[name] = str(error)
            continue
        assert 24 <= profile.columns <= 64
        assert profile.columns * profile.cell <= profile.dots
        euro = "€" if profile.codec == "cp858" else "EUR"
        text = printed(Pair("Grüße, Müsli", "5 €"), profile=profile).text
        assert text == "Grüße, Müsli" + f"5 {euro}".rjust(profile.columns - 12), name
    assert set(refused) == {"AF-240", "OCD-100", "OCD-300"}
    assert all("profile=" in reason for reason in refused.values())


@pytest.mark.parametrize(
    ("name", "columns", "dots"),
    [
        ("POS-5890", 32, 384),
        ("NT-5890K", 32, 384),
        ("TM-T88V", 42, 512),
        ("TM-T20II", 48, 576),
        ("NT-80-V-UL", 48, 576),
    ],
)
def test_papers_of_58_and_80_mm_have_their_columns_and_dots(name: str, columns: int, dots: int) -> None:
    profile = load_profile(name)
    assert (profile.columns, profile.dots) == (columns, dots)


# Logos


def png(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_a_logo_is_printed_in_the_middle_and_fits_the_paper() -> None:
    wide = Image.new("L", (1000, 300), 0)
    for name in ("TM-T88V", "POS-5890"):
        profile = load_profile(name)
        slip = printed(Logo(png(wide)), Text("Café"), profile=profile)
        found = pictures(slip)
        assert {picture.align for picture in found} == {1}
        assert {picture.width * 8 for picture in found} == {profile.dots}
        assert sum(len(picture.rows) // picture.width for picture in found) == round(300 * profile.dots / 1000)
        assert slip.text == "Café"


def test_a_small_logo_stays_small_and_greys_are_dithered() -> None:
    grey = Image.new("L", (80, 40), 128)
    found = pictures(printed(Logo(png(grey))))
    assert {picture.width for picture in found} == {10}
    black = sum(byte.bit_count() for picture in found for byte in picture.rows)
    assert 0.4 < black / (80 * 40) < 0.6


def test_what_is_transparent_stays_white() -> None:
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (0, 0, 8, 16))
    (found,) = pictures(printed(Logo(png(clear))))
    assert found.rows == b"\xff\x00" * 16


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HUGE = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
GOOD = png(Image.new("L", (40, 40), 99))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a PNG"),
        (b"GIF89a" + bytes(100), "not a PNG"),
        (GOOD[:60], "damaged"),
        (GOOD[:45] + b"xxxx" + GOOD[49:], "damaged"),
        (HUGE, "60000 x 60000"),
        (GOOD + bytes(1 << 20), "1048"),
    ],
)
@pytest.mark.parametrize("name", ["TM-T88V", "TM-U220"])
def test_a_file_that_is_no_logo_is_refused_with_a_reason(data: bytes, reason: str, name: str) -> None:
    with pytest.raises(Unprintable, match=reason) as refusal:
        encode(Job(1, (Logo(data),)), load_profile(name))
    assert "PNG" in refusal.value.remedy


@settings(deadline=None)  # the machine may be slow
@given(st.data())
def test_a_damaged_logo_is_refused_or_drawn(data: st.DataObject) -> None:
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(8, len(GOOD) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Unprintable):
        assert not REAL_TIME.search(bytes_of(encode(Job(1, (Logo(bytes(damaged)),)), EPSON)))


def test_a_printer_that_draws_nothing_leaves_the_logo_out() -> None:
    slip = printed(Logo(GOOD), Text("Cafe"), profile=load_profile("TM-U220"))
    assert slip.text == "Cafe"
    assert pictures(slip) == []
