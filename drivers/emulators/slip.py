"""What came out of the printer: the marks on the paper, as text, and as a picture of the slip."""

from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

if TYPE_CHECKING:
    from PIL import Image, ImageFont

CELL_WIDTH, CELL_HEIGHT = 12, 24
"""Dots of a font A character."""
LINE_SPACING = 30
_MARGIN = 36
_TEETH = 8
_FONTS = Path("/usr/share/fonts/truetype/dejavu")
_LEVELS = "lmqh"


@dataclass(frozen=True, slots=True)
class Style:
    """`wide` and `high` are multipliers 1…8; `narrow` is font B."""

    bold: bool = False
    underline: bool = False
    inverse: bool = False
    narrow: bool = False
    wide: int = 1
    high: int = 1

    @property
    def dots(self) -> int:
        """Width of one character."""
        return (9 if self.narrow else CELL_WIDTH) * self.wide


@dataclass(frozen=True, slots=True)
class TextLine:
    """`align` is 0 left, 1 centre, 2 right, as in ESC a; `spacing` the dots to the next line."""

    runs: tuple[tuple[str, Style], ...]
    align: int
    spacing: int

    @property
    def text(self) -> str:
        return "".join(run for run, _ in self.runs).rstrip()


@dataclass(frozen=True, slots=True)
class QrCode:
    """`modules` a side, each `module` dots large; `level` is 0 L, 1 M, 2 Q, 3 H; `micro` is a Micro QR code."""

    data: bytes
    level: int
    modules: int
    module: int
    align: int
    micro: bool

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Raster:
    """Rows of `width` bytes, most significant bit left; each dot is `across` × `down` dots large."""

    rows: bytes
    width: int
    across: int
    down: int
    align: int


Mark = TextLine | QrCode | Raster


@dataclass(frozen=True)
class Slip:
    """One piece of paper: from one cut to the next, or what hangs out of the printer still (`cut` False).

    `text` is what the characters say, a line a line, without trailing blanks; `qr` the payloads of the QR
    codes that the printer drew itself.
    """

    id: int
    text: str
    qr: list[str]
    cut: bool
    drawer_kicks: int
    marks: tuple[Mark, ...] = field(default=(), repr=False)
    dots: int = field(default=42 * CELL_WIDTH, repr=False)

    def png(self) -> bytes:
        """A picture of the slip, one pixel a dot."""
        return _picture(self)


def qr_matrix(data: bytes, level: int, micro: bool) -> tuple[bytearray, ...] | None:
    """Rows of modules; None when no symbol holds the data."""
    import segno

    try:
        return segno.make(data, error=_LEVELS[level], mode="byte", boost_error=False, micro=micro).matrix
    except ValueError:  # too much data, or a level that no Micro QR code has
        return None


def text_of(marks: tuple[Mark, ...]) -> str:
    return "\n".join(mark.text for mark in marks if isinstance(mark, TextLine)).rstrip()


def _picture(slip: Slip) -> bytes:
    from PIL import Image, ImageDraw

    pieces = [(_drawn(mark), mark.align, advance(mark)) for mark in slip.marks]
    height = sum(dots for _, _, dots in pieces) + 2 * _MARGIN
    paper = Image.new("L", (slip.dots + 2 * _MARGIN, height), 252)
    top = _MARGIN
    for piece, align, dots in pieces:
        if piece is not None:
            left = max(0, slip.dots - piece.width) * align // 2
            paper.paste(24, (_MARGIN + left, top), piece)
        top += dots
    edges = ImageDraw.Draw(paper)
    for left in range(0, paper.width, 2 * _TEETH):
        tooth = [(left, 0), (left + _TEETH, _TEETH), (left + 2 * _TEETH, 0)]
        edges.polygon(tooth, fill=160)
        if slip.cut:
            edges.polygon([(x, height - 1 - y) for x, y in tooth], fill=160)
    out = BytesIO()
    paper.save(out, "PNG", optimize=True)
    return out.getvalue()


def advance(mark: Mark) -> int:
    """Dots of paper that the mark takes."""
    match mark:
        case TextLine():
            tallest = max((style.high * CELL_HEIGHT for _, style in mark.runs), default=0)
            return max(mark.spacing, tallest)
        case QrCode():
            return mark.modules * mark.module
        case Raster():
            return len(mark.rows) // mark.width * mark.down
        case _:
            assert_never(mark)


def _drawn(mark: Mark) -> "Image.Image | None":
    """What the print head burns, 255 = black; None for a blank line."""
    from PIL import Image

    match mark:
        case TextLine():
            return _line(mark) if mark.text else None
        case QrCode():
            bits = b"".join(qr_matrix(mark.data, mark.level, mark.micro) or ())
            code = Image.frombytes("L", (mark.modules, mark.modules), bits).point(lambda dot: dot * 255)
            return code.resize((code.width * mark.module, code.height * mark.module), Image.Resampling.NEAREST)
        case Raster():
            dots = Image.frombytes("1", (mark.width * 8, len(mark.rows) // mark.width), mark.rows).convert("L")
            return dots.resize((dots.width * mark.across, dots.height * mark.down), Image.Resampling.NEAREST)
        case _:
            assert_never(mark)


def _line(line: TextLine) -> "Image.Image":
    from PIL import Image

    height = max(style.high for _, style in line.runs) * CELL_HEIGHT
    drawn = Image.new("L", (sum(len(run) * style.dots for run, style in line.runs), height), 0)
    left = 0
    for run, style in line.runs:
        piece = _run(run, style)
        drawn.paste(piece, (left, height - piece.height))
        left += piece.width
    return drawn


def _run(text: str, style: Style) -> "Image.Image":
    """Drawn at single size and then blown up dot by dot, as a print head does."""
    from PIL import Image, ImageDraw, ImageOps

    cell = style.dots // style.wide
    piece = Image.new("L", (cell * len(text), CELL_HEIGHT), 0)
    draw = ImageDraw.Draw(piece)
    font = _font(style.bold, 15 if style.narrow else 20)
    for place, char in enumerate(text):
        draw.text((place * cell, CELL_HEIGHT - 5), char, fill=255, font=font, anchor="ls")
    if style.underline:
        draw.line((0, CELL_HEIGHT - 2, piece.width, CELL_HEIGHT - 2), fill=255)
    if style.inverse:
        piece = ImageOps.invert(piece)
    return piece.resize((piece.width * style.wide, piece.height * style.high), Image.Resampling.NEAREST)


@cache
def _font(bold: bool, size: int) -> "ImageFont.FreeTypeFont | Any":
    """DejaVu Sans Mono where Debian's fonts-dejavu-core is installed, else the font that Pillow brings."""
    from PIL import ImageFont

    path = _FONTS / f"DejaVuSansMono{'-Bold' if bold else ''}.ttf"
    return ImageFont.truetype(path, size) if path.exists() else ImageFont.load_default(size)
