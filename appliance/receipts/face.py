"""What a receipt says to its holder, line by line, as one text whose digest is in the signed token: with that text the
items and where they come from can be checked without the box. Nothing of it is the staff's or the till's."""

import hashlib
from typing import Any

from appliance.domain.gtin import digital_link
from appliance.journal import codec

DIGEST_BYTES = 16
"""Of SHA-256: enough that nobody finds a second text, and the code on the paper stays small."""
MOST = 24 * 1024
"""Bytes of a text that travels in a link."""

_ORIGIN = ("maker", "lot", "gtin")


def lines(sale: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a sale: ``name, qty, unit, unit_price, discount, total, vat``, and of where it comes from what is
    known: ``maker, lot, gtin, digital_link``."""
    return [_line(line) for line in sale["lines"]]


def _line(line: dict[str, Any]) -> dict[str, Any]:
    said = {name: line[name] for name in ("name", "qty", "unit_price", "discount", "total", "vat")}
    said["unit"] = line.get("unit", "piece")
    said |= {name: line[name] for name in _ORIGIN if line.get(name) is not None}
    if line.get("gtin") is not None:
        said["digital_link"] = digital_link(line["gtin"], line.get("lot"))
    return said


def text(sale: dict[str, Any]) -> str:
    """``sale``: data of ``sale.completed`` with ``at``. RFC 8785: the same sale gives the same text."""
    head = {name: sale[name] for name in ("sale", "number", "at", "currency", "total", "vat")}
    return codec.encode({**head, "lines": lines(sale)}).decode()


def digest(said: str) -> bytes:
    """What the token carries of a text."""
    return hashlib.sha256(said.encode()).digest()[:DIGEST_BYTES]
