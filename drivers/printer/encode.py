"""Job → bytes. python-escpos is used as an encoder only, and imported here only: it costs 0.2 s and 15 MB.

Two of its habits are worked around: without a forced code page it chooses one per character (the euro sign
from a Greek one), and `text()` passes control characters on.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, assert_never

from drivers.errors import BadUri
from drivers.printer import qr
from drivers.printer.job import Align, Block, Cut, Feed, Job, Kick, Pair, Qr, Rule, Text
from drivers.printer.text import pair, printable, wrap

DOTS_PER_COLUMN = 12
"""Font A."""
_PAGES = (("CP858", "cp858"), ("CP850", "cp850"), ("CP437", "cp437"))
"""Western code pages, best first, as printer profiles and as Python call them. Only CP858 has the euro."""
_DRAWER_PIN = 2
_LEVEL_M = 1
"""python-escpos's QR_ECLEVEL_M."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the encoder needs to know of a printer. `columns` in font A, `dots` across the printable width."""

    name: str
    columns: int
    dots: int
    page: str
    codec: str
    native_qr: bool
    raster: bool
    asian: bool
    """May wake up in a two-byte character mode, in which accented letters become ideographs."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Chunks of whole commands: a status question may be sent between two of them, never inside one.

    `head` sets the printer up, `body` is what people read, `tail` begins with the last cut.
    """

    head: bytes
    body: tuple[bytes, ...]
    tail: tuple[bytes, ...]


def load_profile(name: str) -> Profile:
    """A profile of escpos-printer-db by its name; `BadUri` names the ones there are."""
    _, known = _library()
    if name not in known:
        raise BadUri(f"option profile={name!r} is not known; allowed: {', '.join(sorted(known))}")
    data = known[name]
    listed = set(data["codePages"].values())
    pages = [(page, codec) for page, codec in _PAGES if page in listed]
    if not pages:
        raise BadUri(f"option profile={name!r} is not a receipt printer with a Western code page")
    columns: int = data["fonts"]["0"]["columns"]
    pixels = data["media"].get("width", {}).get("pixels")
    features = data["features"]
    return Profile(
        name=name,
        columns=columns,
        dots=pixels if isinstance(pixels, int) else columns * DOTS_PER_COLUMN,
        page=pages[0][0],
        codec=pages[0][1],
        native_qr=features["qrCode"],
        raster=features["bitImageRaster"],
        asian=data["vendor"] not in ("Epson", "Generic", "Star Micronics"),
    )


def encode(job: Job, profile: Profile) -> Encoded:
    """`Unprintable` when the job does not fit this paper."""
    writer = _Writer(profile)
    chunks = [list(writer.block(block)) for block in job.blocks]
    last_cut = max((n for n, block in enumerate(job.blocks) if isinstance(block, Cut)), default=len(chunks))
    return Encoded(
        head=writer.head,
        body=tuple(chunk for block in chunks[:last_cut] for chunk in block),
        tail=tuple(chunk for block in chunks[last_cut:] for chunk in block),
    )


def cut(profile: Profile) -> bytes:
    """Sets apart what lies on the paper from what comes next."""
    writer = _Writer(profile)
    return writer.head + b"".join(writer.block(Cut()))


class _Writer:
    """One job's worth of python-escpos."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        dummy, _ = _library()
        self._printer = dummy(profile=profile.name)
        self._printer.hw("INIT")
        head = self._taken()
        head += b"\x1bR\x00"  # ESC R 0: ASCII, where a national set replaces # $ @ [ \\ ] { | } ~
        if profile.asian:
            head += b"\x1c."  # FS . leaves the two-byte character mode
        self._printer.charcode(profile.page)
        self.head = head + self._taken()

    def block(self, block: Block) -> Iterator[bytes]:
        columns = self._profile.columns
        match block:
            case Text(text, align, bold, double):
                lines = wrap(self._plain(text), columns // 2 if double else columns)
                yield from self._lines(lines, align, bold, double)
            case Pair(left, right, bold, double):
                lines = pair(self._plain(left), self._plain(right), columns // 2 if double else columns)
                yield from self._lines(lines, "left", bold, double)
            case Rule():
                yield from self._lines(["-" * columns])
            case Qr(data):
                yield from self._qr(qr.checked(data))
            case Feed(lines):
                self._printer.print_and_feed(lines)
                yield self._taken()
            case Cut():
                self._printer.cut(mode="PART")
                yield self._taken()
            case Kick():
                self._printer.cashdraw(_DRAWER_PIN)
                yield self._taken()
            case _:
                assert_never(block)

    def _lines(
        self, lines: list[str], align: Align = "left", bold: bool = False, double: bool = False
    ) -> Iterator[bytes]:
        self._printer.set(align=align, bold=bold, normal_textsize=not double, double_width=double, double_height=double)
        for line in lines:
            self._printer.textln(line)
            yield self._taken()

    def _qr(self, payload: bytes) -> Iterator[bytes]:
        profile = self._profile
        if not (profile.native_qr or profile.raster):
            yield from self._lines(wrap(self._plain(payload.decode()), profile.columns))
            return
        size = qr.dots_per_module(payload, profile.dots)
        yield from self._lines([""], "center")  # the quiet zone above, four modules or more
        if profile.native_qr:
            self._printer.qr(payload.decode(), ec=_LEVEL_M, size=size, native=True)
            yield self._taken()
        else:
            yield from qr.raster(payload, size)
        yield from self._lines([""])

    def _plain(self, text: str) -> str:
        return printable(text, self._profile.codec)

    def _taken(self) -> bytes:
        output: bytes = self._printer.output
        self._printer.clear()
        return output


@cache
def _library() -> tuple[Any, dict[str, dict[str, Any]]]:
    """python-escpos's dummy printer and its profiles by name."""
    from escpos import capabilities
    from escpos.printer import Dummy

    if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:
        # Each import leaves a new folder with a copy of the profiles in the temporary folder.
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    return Dummy, capabilities.CAPABILITIES["profiles"]
