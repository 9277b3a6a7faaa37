"""A picture as somebody's camera or program wrote it → one that a phone on a busy Wi-Fi can have: its pixels and
nothing else. Where it was taken, by what, and any profile stay behind; what it is named says what it holds.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from appliance.errors import DataError

SIDES = (1200, 800, 480)
"""Pixels of the longer side, the next where the one before cannot be had in few bytes: a page is at most 640 CSS pixels
wide."""
MOST_PIXELS = 48_000_000
"""Of a picture as it came: decoded, 144 MB. What says that it has more is not opened."""
MOST_BYTES = 160 * 1024
"""Of a picture as guests get it."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITIES = (80, 65, 45)


@dataclass(frozen=True)
class Made:
    """A picture for guests: WebP, named by its content; width and height in pixels."""

    name: str
    content: bytes
    width: int
    height: int


def make(raw: bytes, path: Path) -> Made:
    """The picture anew. DataError for what is none, or too large to be opened."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of bombs below our own limit, and of odd EXIF
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise DataError(f"{path}: {width} × {height} pixels; at most {MOST_PIXELS // 1_000_000} million")
                picture.draft("RGB", (2 * SIDES[0], 2 * SIDES[0]))
                upright = ImageOps.exif_transpose(picture)
                plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
        MemoryError,
    ) as error:
        raise DataError(
            f"{path}: no picture that can be read: {error}"[:300], remedy="Save it as JPEG or PNG."
        ) from error
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    content = b""
    for side, quality in ((side, quality) for side in SIDES for quality in _QUALITIES):
        bare.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        bare.save(out, "WEBP", quality=quality, method=4)
        content = out.getvalue()
        if len(content) <= MOST_BYTES:
            break
    return Made(f"{hashlib.sha256(content).hexdigest()[:20]}.webp", content, *bare.size)
