"""QR codes within the page: the policy allows no data: address, and a picture of its own would be one more request."""

from functools import lru_cache

import segno
from markupsafe import Markup


@lru_cache(maxsize=64)
def qr(data: str) -> Markup:
    """An SVG of ``data``. Drawing one takes tens of milliseconds, so the newest are kept."""
    code = segno.make(data, error="m", micro=False)
    return Markup(code.svg_inline(border=0, omitsize=True, svgclass="qr", lineclass=None))  # noqa: S704 - segno's own digits
