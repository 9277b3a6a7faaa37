"""What is to be printed, before anybody knows on which printer. Layout in columns is the encoder's."""

from dataclasses import dataclass, field
from typing import Literal

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph; keeps its line feeds, long lines wrap at words. `double`: twice as wide and high."""

    text: str
    align: Align = "left"
    bold: bool = False
    double: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """`left` and `right` at the two edges of one line; a long `left` wraps beneath itself."""

    left: str
    right: str
    bold: bool = False
    double: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code, error correction M, centred, as large as it is useful. `data` is printable text."""

    data: str


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture in the middle, made smaller to fit the paper: the bytes of a PNG file (limits in `logo.py`)."""

    png: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Feed:
    """`lines` blank lines, 0…255."""

    lines: int

    def __post_init__(self) -> None:
        if not 0 <= self.lines <= 255:
            raise ValueError(f"Feed({self.lines}): 0…255 lines")


@dataclass(frozen=True, slots=True)
class Cut:
    """Feeds past the knife and cuts; feeds only where there is no knife."""


Block = Text | Pair | Rule | Qr | Logo | Feed | Cut


@dataclass(frozen=True, slots=True)
class Job:
    """`id` is the caller's and for people; what the printer confirms is told apart by its own ids."""

    id: int
    blocks: tuple[Block, ...]
