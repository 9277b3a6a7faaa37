"""Text that a printer's code page lacks, drawn with Debian's fonts on the grid of the printer's own characters.

Each character gets one cell, or two if it is wide, so columns line up with the lines that the printer sets itself.
Text that runs from right to left is shaped as one piece where Pillow has Raqm (Debian's libfribidi0); else it is
reversed character by character, and Arabic letters stand unjoined.
"""

import itertools
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.printer.raster import Dots
from drivers.printer.text import clusters, width

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts/truetype")
_FACES = (
    ("dejavu/DejaVuSansMono.ttf", "dejavu/DejaVuSansMono-Bold.ttf"),
    ("dejavu/DejaVuSans.ttf", "dejavu/DejaVuSans-Bold.ttf"),
    ("wqy/wqy-microhei.ttc", ""),
    ("ancient-scripts/Symbola_hint.ttf", ""),
)
"""fonts-dejavu-core (Greek, Cyrillic, Arabic, Hebrew, signs), fonts-wqy-microhei (Chinese, Japanese, Korean),
fonts-symbola (emoji); the first that has a character draws it. Beside each its bold cut, where there is one.
"""
_POINTS_PER_DOT = 5 / 3
"""Font size of a cell one dot wide: characters of DejaVu Sans Mono are 0.602 of their size wide."""
_CELL_HEIGHT, _LEADING = 24, 6
_BASELINE = 22
"""Dots of a line at single size; with the leading it is as high as the printer's own, 30 dots."""
_MOST_REMEMBERED = 4096
_LOOKING_SIZE = 20.0
_NO_CHARACTER = "\U0010ffff"


class Glyphs:
    """The fonts of `folder`; those that are not there are missed by nobody but the reader. `raqm`: whether to
    shape text, None = if Pillow can.
    """

    def __init__(self, folder: Path = FONTS, raqm: bool | None = None) -> None:
        from PIL import features

        self._faces = [
            (folder / plain, folder / bold if bold and (folder / bold).is_file() else None)
            for plain, bold in _FACES
            if (folder / plain).is_file()
        ]
        self._raqm = features.check("raqm") if raqm is None else raqm
        self._has: Callable[[int, str], bool] = lru_cache(_MOST_REMEMBERED)(self._look)
        self._lacking: Callable[[int], bytes] = lru_cache(len(_FACES))(lambda face: self._picture(face, _NO_CHARACTER))
        self._font: Callable[[Path, float], ImageFont.FreeTypeFont] = lru_cache(16)(self._load)

    def covers(self, char: str) -> bool:
        """Whether a font has it."""
        return self._face_of(char) is not None

    def line(self, text: str, cell: int, *, bold: bool = False, double: bool = False) -> Dots:
        """One line of text; `cell` is the dots of a character at single size."""
        from PIL import Image, ImageDraw

        times = 2 if double else 1
        cell *= times
        wide = -(-max(1, width(text)) * cell // 8)
        paper = Image.new("1", (wide * 8, _CELL_HEIGHT * times + _LEADING))
        pen = _Pen(ImageDraw.Draw(paper), cell * _POINTS_PER_DOT, _BASELINE * times, times if bold else 0)
        left = 0
        for piece, reversed_ in _runs(text):
            box = width(piece) * cell
            face = self._face_of(piece) if reversed_ and self._raqm else None
            if face is not None:
                pen.draw(piece, left, box, *self._cut(face, bold), "rtl")
            else:
                self._cells(pen, piece, left, cell, bold, reversed_)
            left += box
        return Dots(wide, paper.tobytes())

    def _cells(self, pen: "_Pen", piece: str, left: int, cell: int, bold: bool, reversed_: bool) -> None:
        for cluster in _turned(piece) if reversed_ else clusters(piece):
            box = width(cluster) * cell
            face = self._face_of(cluster)
            if face is None:
                face = self._face_of(cluster[0])
            if face is not None:
                pen.draw(cluster, left, box, *self._cut(face, bold))
            left += box

    def _face_of(self, text: str) -> int | None:
        """The first that has all of it."""
        return next((face for face in range(len(self._faces)) if all(self._has(face, char) for char in text)), None)

    def _look(self, face: int, char: str) -> bool:
        """A font that lacks a character draws a picture of its own for it, the same for all."""
        return char == " " or self._picture(face, char) != self._lacking(face)

    def _picture(self, face: int, char: str) -> bytes:
        return bytes(self._font(self._faces[face][0], _LOOKING_SIZE).getmask(char, mode="1"))

    def _cut(self, face: int, bold: bool) -> tuple["Callable[[float], ImageFont.FreeTypeFont]", bool]:
        """The font by its size, and whether it has to be drawn twice to be bold."""
        plain, heavy = self._faces[face]
        return partial(self._font, heavy if bold and heavy is not None else plain), bold and heavy is None

    def _load(self, path: Path, size: float) -> "ImageFont.FreeTypeFont":
        from PIL import ImageFont

        engine = ImageFont.Layout.RAQM if self._raqm else ImageFont.Layout.BASIC
        return ImageFont.truetype(path, size, layout_engine=engine)


class _Pen:
    """`stroke` is how far the second stroke of a bold character is set off, as in a printer's emphasised mode."""

    def __init__(self, draw: "ImageDraw.ImageDraw", size: float, baseline: int, stroke: int) -> None:
        self._draw = draw
        self._size = size
        self._baseline = baseline
        self._stroke = stroke

    def draw(
        self,
        text: str,
        left: int,
        box: int,
        font_of: "Callable[[float], ImageFont.FreeTypeFont]",
        twice: bool,
        direction: str | None = None,
    ) -> None:
        """A character in the middle of its box, a run at its left edge; smaller if the font is too wide for it."""
        font = font_of(self._size)
        length = font.getlength(text, direction=direction)
        if length > box + 1:
            font = font_of(int(self._size * box / length))
            length = font.getlength(text, direction=direction)
        at = left if direction else left + max(0, round((box - length) / 2))
        for shift in {0, self._stroke if twice else 0}:
            self._draw.text((at + shift, self._baseline), text, fill=1, font=font, anchor="ls", direction=direction)


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces in the order in which they stand on paper, and whether one is read from right to left: from the
    first such letter to the last that only blanks, digits and signs part from it.
    """
    kinds = [unicodedata.bidirectional(char) for char in text]
    rtl = [kind in ("R", "AL") for kind in kinds]
    start = 0
    for is_letter, places in itertools.groupby(range(len(text)), key=lambda place: kinds[place] == "L"):
        stretch = list(places)
        right = [place for place in stretch if rtl[place]]
        if is_letter or not right:
            continue
        end = right[-1] + 1
        while end < len(text) and kinds[end] == "NSM":
            end += 1
        yield text[start : right[0]], False
        yield text[right[0] : end], True
        start = end
    yield text[start:], False


def _turned(piece: str) -> Iterator[str]:
    """From the right end to the left, numbers as they are."""
    groups = itertools.groupby(clusters(piece), key=lambda cluster: cluster[0].isdecimal())
    for number, group in reversed([(number, list(group)) for number, group in groups]):
        yield from group if number else reversed(group)
