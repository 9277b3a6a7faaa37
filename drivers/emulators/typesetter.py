"""Commands → marks on paper, slips and drawer kicks: modes, the line being set, the strip that hangs out."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from drivers.emulators.escpos_grammar import Command
from drivers.emulators.slip import (
    CELL_WIDTH,
    LINE_SPACING,
    Mark,
    QrCode,
    Raster,
    Slip,
    Style,
    TextLine,
    advance,
    qr_matrix,
    text_of,
)

SLIPS_KEPT = 2000
_LONGEST_STRIP = 2000
"""Lines that may hang out uncut before somebody tears them off."""
_TAB = 8

EPSON_PAGES: Mapping[int, str] = {
    0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737", 15: "iso8859-7",
    16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 21: "cp874", 33: "cp775", 34: "cp855", 35: "cp861",
    36: "cp862", 37: "cp864", 38: "cp869", 39: "iso8859-2", 40: "iso8859-15", 45: "cp1250", 46: "cp1251",
    47: "cp1253", 48: "cp1254", 49: "cp1255", 50: "cp1256", 51: "cp1257", 52: "cp1258", 53: "kz1048",
}  # fmt: skip
"""ESC t n of Epson's printers, as far as Python knows the page."""

_KATAKANA = (
    "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯\xa0"
    + "".join(map(chr, range(0xFF61, 0xFFA0)))
    + "═╞╪╡◢◣◥◤♠♥♦♣●○\u2571╲\u2573円年月日時分秒〒市区町村人▒\xa0"
)
"""ESC t 1, which Python has no codec for: half-width katakana and box drawing, from 80h on."""

CUTS = frozenset((b"\x1bi", b"\x1bm", b"\x1dV"))

_BARCODES = ("UPC-A", "UPC-E", "EAN13", "EAN8", "CODE39", "ITF", "CODABAR", "CODE93", "CODE128")
"""GS k m: from 0 on, and from 65 on."""

_PLAIN = Style()


@dataclass(frozen=True, slots=True)
class _Modes:
    """What ESC @ sets back."""

    page: int = 0
    style: Style = _PLAIN
    align: int = 0
    spacing: int = LINE_SPACING
    qr_model: int = 2
    qr_module: int = 3
    qr_level: int = 0
    qr_data: bytes = b""
    graphics: Raster | None = None


class Typesetter:
    """`lines` counts the lines of paper used so far; `columns` are characters of font A, `dots` what can be
    printed across, `pages` the code pages of ESC t as Python calls them.
    """

    def __init__(self, columns: int, dots: int | None = None, pages: Mapping[int, str] = EPSON_PAGES) -> None:
        self._columns = columns
        self._dots = dots or columns * CELL_WIDTH
        self._pages = pages
        self.lines = 0
        self._slips: deque[Slip] = deque(maxlen=SLIPS_KEPT)
        self._next_id = 1
        self._modes = _Modes()
        self._line: list[tuple[str, Style]] = []
        self._strip: list[Mark] = []
        self._strip_began = 0
        self._kicks = 0
        self._just_cut = False
        self._do: dict[bytes, Callable[[bytes], None]] = {
            b"": self._character,
            b"\n": lambda _: self._print_line(),
            b"\t": lambda _: self._tab(),
            b"\x1b@": lambda _: self.initialise(),
            b"\x1bt": lambda args: self._set(page=args[0]),
            b"\x1ba": self._align,
            b"\x1bE": lambda args: self._style(bold=bool(args[0] & 1)),
            b"\x1bG": lambda args: self._style(bold=bool(args[0] & 1)),
            b"\x1b-": lambda args: self._style(underline=args[0] in (1, 2, 49, 50)),
            b"\x1bM": lambda args: self._style(narrow=args[0] in (1, 49)),
            b"\x1b!": self._print_mode,
            b"\x1d!": lambda args: self._style(wide=(args[0] >> 4 & 7) + 1, high=(args[0] & 7) + 1),
            b"\x1dB": lambda args: self._style(inverse=bool(args[0] & 1)),
            b"\x1b2": lambda _: self._set(spacing=LINE_SPACING),
            b"\x1b3": lambda args: self._set(spacing=args[0]),
            b"\x1bd": lambda args: self._feed(args[0]),
            b"\x1bJ": lambda args: self._feed_dots(args[0]),
            b"\x1bi": lambda _: self._cut(),
            b"\x1bm": lambda _: self._cut(),
            b"\x1dV": lambda _: self._cut(),
            b"\x1b$": lambda args: self._move_to(int.from_bytes(args, "little")),
            b"\x1b\\": lambda args: self._move_to(self._used + int.from_bytes(args, "little", signed=True)),
            b"\x1d(k": self._two_dimensional,
            b"\x1d(L": self._graphics,
            b"\x1d8L": self._graphics,
            b"\x1dv": self._raster,
            b"\x1dk": self._barcode,
        }

    def do(self, command: Command) -> None:
        """Commands that leave no mark are none of ours."""
        if (action := self._do.get(command.name)) is not None:
            action(command.args)

    def slips(self) -> list[Slip]:
        """Oldest first; the last one may still hang out of the printer."""
        hanging = self._hanging(cut=False)
        return [*self._slips, hanging] if hanging is not None else list(self._slips)

    def sweep(self) -> None:
        self._slips.clear()

    def initialise(self) -> None:
        """ESC @: modes as at power-up, the unprinted line is dropped."""
        self._modes = _Modes()
        self._line = []
        self._just_cut = False
        if not self._strip:
            self.end_slip(cut=False)  # a drawer kick on its own

    def kick(self) -> None:
        """A pulse for the drawer. Straight after a cut it belongs to the slip just cut."""
        if self._just_cut and self._slips:
            last = self._slips.pop()
            self._slips.append(replace(last, drawer_kicks=last.drawer_kicks + 1))
        else:
            self._kicks += 1

    def end_slip(self, *, cut: bool) -> None:
        """Cut, or torn off by hand. Blank paper is no slip."""
        slip = self._hanging(cut=cut)
        self._strip, self._kicks, self._strip_began = [], 0, self.lines
        if slip is not None:
            self._slips.append(slip)
            self._next_id += 1

    def _hanging(self, *, cut: bool) -> Slip | None:
        marks = tuple(self._strip)
        text = text_of(marks)
        codes = [mark.text for mark in marks if isinstance(mark, QrCode)]
        if not (text or codes or self._kicks or any(isinstance(mark, Raster) for mark in marks)):
            return None
        return Slip(self._next_id, text, codes, cut, self._kicks, marks, self._dots)

    def _cut(self) -> None:
        if self._line:
            self._print_line()
        self.end_slip(cut=True)
        self._just_cut = True

    @property
    def _used(self) -> int:
        """Dots of the line being set."""
        return sum(style.dots for _, style in self._line)

    def _character(self, args: bytes) -> None:
        style = self._modes.style
        if self._used + style.dots > self._columns * CELL_WIDTH:
            self._print_line()
        self._line.append((self._decoded(args), style))

    def _move_to(self, dots: int) -> None:
        """Blanks up to a place to the right; overprinting is not imitated."""
        self._line += [(" ", _PLAIN)] * ((min(dots, self._dots) - self._used) // CELL_WIDTH)

    def _tab(self) -> None:
        for _ in range(_TAB - len(self._line) % _TAB):
            self._character(b" ")

    def _print_line(self) -> None:
        runs = tuple(
            ("".join(char for char, _ in run), style) for style, run in groupby(self._line, key=lambda item: item[1])
        )
        self._line = []
        self._put(TextLine(runs, self._modes.align, self._modes.spacing))

    def _put(self, mark: Mark) -> None:
        self._just_cut = False
        self._strip.append(mark)
        self.lines += max(1, round(advance(mark) / LINE_SPACING))
        if self.lines - self._strip_began >= _LONGEST_STRIP:
            self.end_slip(cut=False)

    def _feed(self, lines: int) -> None:
        for _ in range(max(lines, 1 if self._line else 0)):
            self._print_line()

    def _feed_dots(self, dots: int) -> None:
        if self._line:
            self._print_line()
        self._put(TextLine((), 0, dots))

    def _set(self, **changes: Any) -> None:
        self._modes = replace(self._modes, **changes)

    def _style(self, **changes: Any) -> None:
        self._set(style=replace(self._modes.style, **changes))

    def _print_mode(self, args: bytes) -> None:
        """ESC ! n"""
        n = args[0]
        self._style(
            narrow=bool(n & 0x01),
            bold=bool(n & 0x08),
            high=2 if n & 0x10 else 1,
            wide=2 if n & 0x20 else 1,
            underline=bool(n & 0x80),
        )

    def _align(self, args: bytes) -> None:
        """Of effect at the beginning of a line only."""
        if not self._line and args[0] in (0, 1, 2, 48, 49, 50):
            self._set(align=args[0] % 48)

    def _two_dimensional(self, args: bytes) -> None:
        """GS ( k cn fn …: cn 49 is QR."""
        match args[:2], args[2:]:
            case b"\x31\x41", data if data and 49 <= data[0] <= 51:
                self._set(qr_model=data[0] - 48)
            case b"\x31\x43", data if data and 1 <= data[0] <= 16:
                self._set(qr_module=data[0])
            case b"\x31\x45", data if data and 48 <= data[0] <= 51:
                self._set(qr_level=data[0] - 48)
            case b"\x31\x50", data if data[:1] == b"0":
                self._set(qr_data=data[1:])
            case b"\x31\x51", b"0":
                self._print_qr()
            case _:
                pass

    def _print_qr(self) -> None:
        modes = self._modes
        micro = modes.qr_model == 3  # model 1 nobody reads any more: drawn as model 2
        rows = qr_matrix(modes.qr_data, modes.qr_level, micro) if modes.qr_data else None
        if rows is not None and len(rows) * modes.qr_module <= self._dots:
            self._put(QrCode(modes.qr_data, modes.qr_level, len(rows), modes.qr_module, modes.align, micro))

    def _barcode(self, args: bytes) -> None:
        """GS k m: its name and what it says, in place of bars; of effect at the beginning of a line only."""
        number = args[0] - 65 if args[0] >= 65 else args[0]
        if self._line or number >= len(_BARCODES):
            return
        said = "".join(char for char in args[1:].decode("ascii", "replace") if char.isprintable())
        self._put(TextLine(((f"[{_BARCODES[number]} {said}]", _PLAIN),), self._modes.align, LINE_SPACING))

    def _raster(self, args: bytes) -> None:
        """GS v 0 m xL xH yL yH d…; wider than the paper it is cropped on paper, here it is left out."""
        mode, width, rows = args[1] & 3, int.from_bytes(args[2:4], "little"), args[6:]
        if args[:1] == b"0":
            self._picture(Raster(rows, width, 1 + (mode & 1), 1 + (mode >> 1), self._modes.align))

    def _graphics(self, args: bytes) -> None:
        """GS ( L, and GS 8 L for long data: function 112 keeps a picture, 2 or 50 prints it."""
        if args[:2] == b"0p" and len(args) > 10:
            _, across, down, _, *size = args[2:10]
            width = (int.from_bytes(size[:2], "little") + 7) // 8
            picture = Raster(args[10:], width, max(1, min(across, 2)), max(1, min(down, 2)), self._modes.align)
            self._set(graphics=picture)
        elif args in (b"0\x02", b"02") and self._modes.graphics is not None:
            self._picture(replace(self._modes.graphics, align=self._modes.align))
            self._set(graphics=None)

    def _picture(self, picture: Raster) -> None:
        if 0 < picture.width * 8 * picture.across <= self._dots + 7 and picture.width <= len(picture.rows):
            rows = len(picture.rows) // picture.width
            self._put(replace(picture, rows=picture.rows[: rows * picture.width]))

    def _decoded(self, byte: bytes) -> str:
        if self._modes.page == 1 and self._pages is EPSON_PAGES and byte[0] >= 0x80:
            return _KATAKANA[byte[0] - 0x80]
        return byte.decode(self._pages.get(self._modes.page, "ascii"), "replace")
