"""Reading the paper: which receipt each piece shows, and whether it is whole. What is printed is not asked of the box.

A strip between two cuts may carry a torn receipt and behind it the next one, so a piece begins at each title.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drivers.emulators.printer import Slip
from drivers.emulators.slip import Mark, QrCode, TextLine

_DUPLICATE = re.compile(r"\s*DUPLICATE (\d+)")
_RECEIPT = re.compile(r"Receipt (\S+)\s")
_SALE = re.compile(r"\s*Sale (\S+)")


@dataclass(frozen=True)
class Piece:
    """``number`` of the receipt, None when it tore before that line; ``copy`` 0 = no DUPLICATE; ``sale``: the last
    line, None when that is missing."""

    number: str | None
    copy: int
    sale: str | None
    shape: tuple[str, ...]
    """The kinds of its marks from first to last, by which whole receipts are alike."""
    text: str

    def whole(self, original: "Piece") -> bool:
        """Whether it has all that a whole original has, and the line DUPLICATE on a copy."""
        shape = original.shape[:1] + ("text",) * (self.copy > 0) + original.shape[1:]
        return self.sale is not None and self.shape == shape


def pieces(slips: Iterable[Slip], title: str) -> Iterator[Piece]:
    """What the slips show, in order. Raises AssertionError for paper that does not begin with a title."""
    for slip in slips:
        parts: list[list[Mark]] = []
        for mark in slip.marks:
            if isinstance(mark, TextLine) and mark.text.strip() == title:
                parts.append([])
            if parts:
                parts[-1].append(mark)
            else:
                assert isinstance(mark, TextLine), slip
                assert not mark.text.strip(), f"paper without a head: {slip.text!r}"
        yield from map(_piece, parts)


def _piece(marks: list[Mark]) -> Piece:
    texts = [mark.text for mark in marks if isinstance(mark, TextLine)]
    duplicate = next(filter(None, map(_DUPLICATE.fullmatch, texts[1:2])), None)
    receipt = next(filter(None, map(_RECEIPT.match, texts)), None)
    sale = next(filter(None, map(_SALE.fullmatch, texts)), None)
    shape = [kind for mark in marks if (kind := _kind(mark))]
    return Piece(
        receipt[1] if receipt else None,
        int(duplicate[1]) if duplicate else 0,
        sale[1] if sale else None,
        tuple(shape),
        "\n".join(texts),
    )


def _kind(mark: Mark) -> str:
    """Empty for feeding."""
    if isinstance(mark, TextLine):
        return "text" if mark.text.strip() else ""
    return "code" if isinstance(mark, QrCode) else "picture"
