"""A picture of the owner's → dots on the paper."""

import struct
import zlib
from functools import lru_cache
from io import BytesIO

from drivers.printer.errors import Unprintable
from drivers.printer.raster import Dots

MOST_BYTES = 1 << 20
MOST_PIXELS = 2048
"""A side. What is larger needs tens of megabytes of memory to be read, and is made smaller for the paper anyway."""
_REMEDY = f"Save the logo as PNG, at most {MOST_PIXELS} pixels wide and high and 1 MiB large."
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@lru_cache(4)
def picture(png: bytes, dots: int) -> Dots:
    """Made smaller to fit `dots` across and as many down, never larger; greys dithered, what is transparent is
    white. `Unprintable` says what is wrong with the file.
    """
    from PIL import Image

    _check(png)
    try:
        with Image.open(BytesIO(png), formats=("PNG",)) as opened:
            image = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, IndexError, EOFError, struct.error, zlib.error) as error:
        raise Unprintable(f"logo: the PNG is damaged: {error}", remedy=_REMEDY) from error
    image.thumbnail((dots, dots), Image.Resampling.LANCZOS)
    paper = Image.new("L", (-(-image.width // 8) * 8, image.height), 255)
    paper.paste(image.convert("L"), (0, 0), image.getchannel("A"))
    black = paper.point(lambda dot: 255 - dot).convert("1")
    return Dots(paper.width // 8, black.tobytes())


def _check(png: bytes) -> None:
    if len(png) > MOST_BYTES:
        raise Unprintable(f"logo: {len(png)} bytes, allowed are {MOST_BYTES}", remedy=_REMEDY)
    if png[:8] != _SIGNATURE or len(png) < 24:
        raise Unprintable(f"logo: not a PNG, it begins with {png[:8]!r}", remedy=_REMEDY)
    wide, high = struct.unpack(">II", png[16:24])
    if not (1 <= wide <= MOST_PIXELS and 1 <= high <= MOST_PIXELS):
        raise Unprintable(f"logo: {wide} x {high} pixels, allowed are 1 to {MOST_PIXELS} each", remedy=_REMEDY)
