"""What is known of a printer's model: escpos-printer-db, as python-escpos brings it. That library is imported by
`library` only: it costs 0.2 s and 15 MB.
"""

import os
import shutil
from dataclasses import dataclass
from functools import cache
from typing import Any

from drivers.errors import BadUri

_FONT_A = 12
"""Dots of a character, where the model does not say how wide its paper is."""
_NARROWEST = 24
"""Columns of a receipt."""
_PAGES = (("CP858", "cp858"), ("CP850", "cp850"), ("CP437", "cp437"))
"""Western code pages, best first, as printer profiles and as Python call them. Only CP858 has the euro."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the encoder needs to know of a printer. `columns` in font A, `dots` across the printable width."""

    name: str
    columns: int
    dots: int
    page: int
    """ESC t: where the code page `codec` is."""
    codec: str
    native_qr: bool
    raster: bool
    asian: bool
    """May wake up in a two-byte character mode, in which accented letters become ideographs."""

    @property
    def cell(self) -> int:
        """Dots of a character in font A."""
        return self.dots // self.columns


def load_profile(name: str) -> Profile:
    """A profile of escpos-printer-db by its name; `BadUri` names the ones there are, or says why not this one."""
    _, known = library()
    if name not in known:
        raise BadUri(f"option profile={name!r} is not known; allowed: {', '.join(sorted(known))}")
    data = known[name]
    codec, page = next(((codec, page) for page, codec in _PAGES if page in data["codePages"].values()), ("", ""))
    if not codec:
        raise BadUri(f"option profile={name!r} is not a receipt printer with a Western code page")
    columns: int = data["fonts"]["0"]["columns"]
    pixels = data["media"].get("width", {}).get("pixels")
    dots: int = pixels if isinstance(pixels, int) else columns * _FONT_A
    if columns < _NARROWEST:
        columns = dots // _FONT_A  # one entry counts the dots of a character in place of the characters
    if columns < _NARROWEST:
        raise BadUri(f"option profile={name!r} is a display or label printer of {columns} columns, a receipt needs 24")
    features = data["features"]
    return Profile(
        name=name,
        columns=columns,
        dots=dots,
        # Some list a page twice, at Epson's number and at one of their own above it, where others have Kazakh.
        page=min(int(number) for number, name in data["codePages"].items() if name == page),
        codec=codec,
        native_qr=features["qrCode"],
        raster=features["bitImageRaster"],
        asian=data["vendor"] not in ("Epson", "Generic", "Star Micronics"),
    )


@cache
def library() -> tuple[Any, dict[str, dict[str, Any]]]:
    """python-escpos's dummy printer and its profiles by name."""
    from escpos import capabilities
    from escpos.printer import Dummy

    if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:
        # Each import leaves a new folder with a copy of the profiles in the temporary folder.
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    return Dummy, capabilities.CAPABILITIES["profiles"]
