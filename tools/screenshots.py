"""docs/screenshots, from a demo of its own: every screen on a phone, a tablet and a desk, by day and by night.

`make screenshots` runs it. Needs Debian's chromium and fonts-dejavu-core (`make test` installs them).
"""

import io
import shutil
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page

from tools.browser import browser
from tools.pictures import demo
from tools.screens import SCREENS, Places, places, walk

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desk": (1280, 800)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LONG = {
    "sales",
    "sale",
    "refund",
    "refunded",
    "lead",
    "box",
    "kit",
    "device",
    "power",
    "bench",
    "portal",
    "receipt",
    "privacy",
    "tickets",
    "tickets-import",
    "footfall",
    "calibrate",
}
"""Screens that one reads down: taken on a glass as high as the page; the others as a hand sees them."""
COLOURS = 128
SHOWN_PX = {"phone": 130, "tablet": 200, "desk": 400}


def main() -> None:
    """Take all pictures anew and write their index."""
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    with browser() as chromium:
        for size in SIZES:
            with demo() as (ready, data):
                take(chromium, places(ready, data), size)
    (FOLDER / "README.md").write_text(index(), encoding="utf-8")


def take(chromium: Browser, at: Places, size: str) -> None:
    """A walk through every screen at one size, a picture of each in both themes."""
    width, height = SIZES[size]
    page = chromium.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    for name in walk(page, at):
        page.evaluate("scrollTo(0, 0)")
        full = page.evaluate("document.documentElement.scrollHeight") if name in LONG else height
        page.set_viewport_size({"width": width, "height": max(height, full)})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            path = FOLDER / f"{size}-{theme}" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(page))
        page.set_viewport_size({"width": width, "height": height})
    page.close()


def picture(page: Page) -> bytes:
    """A PNG with a palette: flat colours lose nothing by it, and it is a third of the size."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    packed = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    packed.save(out, "PNG", optimize=True)
    return out.getvalue()


def index() -> str:
    """The page that shows them, screen by screen; each picture leads to its twin by night."""
    lines = ["# Screenshots", "", "Taken from the demo by `make screenshots`; a picture leads to the same by night."]
    for name, title in SCREENS.items():
        lines += ["", f"## {title}", "", " ".join(_linked(name, title, size) for size in SIZES)]
    return "\n".join(lines) + "\n"


def _linked(name: str, title: str, size: str) -> str:
    image = f'<img src="{size}-light/{name}.png" alt="{title}, on a {size}" width="{SHOWN_PX[size]}">'
    return f'<a href="{size}-dark/{name}.png">{image}</a>'


if __name__ == "__main__":
    main()
