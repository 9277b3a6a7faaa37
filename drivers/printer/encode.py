"""Job → bytes. python-escpos says the commands; the text between them is ours.

Two of its habits are why: it chooses a code page per character where none is forced (the euro sign from a Greek one),
and its `text()` passes control characters on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import assert_never

from drivers.printer import logo, qr, raster
from drivers.printer.glyphs import Glyphs
from drivers.printer.job import Align, Block, Cut, Feed, Job, Logo, Pair, Qr, Rule, Text
from drivers.printer.profile import Profile, library
from drivers.printer.text import pair, printable, shows, wrap

_LEVEL_M = 1
"""python-escpos's QR_ECLEVEL_M."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Chunks of whole commands: a status question may be sent between two of them, never inside one.

    `head` sets the printer up, `body` is what people read, `tail` begins with the last cut. `unreadable` characters
    stand on the paper as "?", or not at all if they are marks.
    """

    head: bytes
    body: tuple[bytes, ...]
    tail: tuple[bytes, ...]
    unreadable: int


def encode(job: Job, profile: Profile) -> Encoded:
    """`Unprintable` when the job does not fit this paper."""
    writer = _Writer(profile)
    chunks = [list(writer.block(block)) for block in job.blocks]
    last_cut = max((n for n, block in enumerate(job.blocks) if isinstance(block, Cut)), default=len(chunks))
    return Encoded(
        head=writer.head,
        body=tuple(chunk for block in chunks[:last_cut] for chunk in block),
        tail=tuple(chunk for block in chunks[last_cut:] for chunk in block),
        unreadable=writer.unreadable,
    )


def cut(profile: Profile) -> bytes:
    """Sets apart what lies on the paper from what comes next."""
    writer = _Writer(profile)
    return writer.head + b"".join(writer.block(Cut()))


class _Writer:
    """One job's worth of python-escpos."""

    def __init__(self, profile: Profile) -> None:
        self.unreadable = 0
        self._profile = profile
        dummy, _ = library()
        self._printer = dummy(profile=profile.name)
        self._printer.hw("INIT")
        head = self._taken()
        head += b"\x1bR\x00"  # ESC R 0: ASCII, where a national set replaces # $ @ [ \\ ] { | } ~
        if profile.asian:
            head += b"\x1c."  # FS . leaves the two-byte character mode
        self.head = head + b"\x1bt" + bytes((profile.page,))

    def block(self, block: Block) -> Iterator[bytes]:
        columns = self._profile.columns
        match block:
            case Text(text, align, bold, double):
                lines = wrap(self._readable(text), columns // 2 if double else columns)
                yield from self._lines(lines, align, bold, double)
            case Pair(left, right, bold, double):
                lines = pair(self._readable(left), self._readable(right), columns // 2 if double else columns)
                yield from self._lines(lines, "left", bold, double)
            case Rule():
                yield from self._lines(["-" * columns])
            case Qr(data):
                yield from self._qr(qr.checked(data))
            case Logo(png):
                yield from self._logo(png)
            case Feed(lines):
                self._printer.print_and_feed(lines)
                yield self._taken()
            case Cut():
                self._printer.cut(mode="PART")
                yield self._taken()
            case _:
                assert_never(block)

    def _lines(
        self, lines: list[str], align: Align = "left", bold: bool = False, double: bool = False
    ) -> Iterator[bytes]:
        before = self._set(align, bold, double)
        for line in lines:
            if shows(line, self._profile.codec):
                yield before + line.encode(self._profile.codec) + b"\n"
                before = b""
                continue
            for command in raster.commands(_glyphs().line(line, self._profile.cell, bold=bold, double=double)):
                yield before + command
                before = b""

    def _set(self, align: Align, bold: bool = False, double: bool = False) -> bytes:
        self._printer.set(align=align, bold=bold, normal_textsize=not double, double_width=double, double_height=double)
        return self._taken()

    def _qr(self, payload: bytes) -> Iterator[bytes]:
        profile = self._profile
        if not (profile.native_qr or profile.raster):
            yield from self._lines(wrap(self._readable(payload.decode()), profile.columns))
            return
        size = qr.dots_per_module(payload, profile.dots)
        yield from self._lines([""], "center")  # the quiet zone above, four modules or more
        if profile.native_qr:
            self._printer.qr(payload.decode(), ec=_LEVEL_M, size=size, native=True)
            yield self._taken()
        else:
            yield from raster.commands(qr.picture(payload, size))
        yield from self._lines([""])

    def _logo(self, png: bytes) -> Iterator[bytes]:
        """A bad file is refused on every printer, so that it is noticed before the one that draws comes."""
        dots = logo.picture(png, self._profile.dots)
        if self._profile.raster:
            yield self._set("center")
            yield from raster.commands(dots)

    def _readable(self, text: str) -> str:
        return printable(text, self._profile.codec, self._draws)

    def _draws(self, char: str) -> bool:
        drawn = self._profile.raster and _glyphs().covers(char)
        if not drawn:
            self.unreadable += 1
        return drawn

    def _taken(self) -> bytes:
        output: bytes = self._printer.output
        self._printer.clear()
        return output


@cache
def _glyphs() -> Glyphs:
    return Glyphs()
