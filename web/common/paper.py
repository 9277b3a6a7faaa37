"""What is on paper, as a page draws it: the same elements, from one source."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, assert_never

from appliance.receipts import layout
from web.common.drawing import qr


@dataclass(frozen=True)
class Part:
    """A piece of the paper as a template draws it. ``rows``: neighbours that share one list."""

    kind: Literal["title", "line", "rows", "total", "rule", "code"]
    text: str = ""
    rows: tuple[layout.Row, ...] = ()
    centred: bool = False
    bold: bool = False
    gone: bool = False


def parts(elements: Iterable[layout.Element]) -> list[Part]:
    """The pieces of a receipt, a report or another slip, in order; the text of a code is its drawing."""
    found: list[Part] = []
    for element in elements:
        match element:
            case layout.Title(text):
                found.append(Part("title", text))
            case layout.Line(text, centred, bold, gone):
                found += [Part("line", text, centred=centred, bold=bold, gone=gone)] if text else []
            case layout.Row(large=True):
                found.append(Part("total", rows=(element,)))
            case layout.Row():
                before = found.pop().rows if found and found[-1].kind == "rows" else ()
                found.append(Part("rows", rows=(*before, element)))
            case layout.Rule():
                found.append(Part("rule"))
            case layout.Code(data):
                found.append(Part("code", qr(data)))
            case _:
                assert_never(element)
    return found
