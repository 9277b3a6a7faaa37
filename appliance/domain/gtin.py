"""GS1 keys of what is sold: trade item numbers and where a GS1 Digital Link says more of an item."""

import re

RESOLVER = "https://id.gs1.org"
"""GS1's own resolver: every Digital Link has its canonical form there."""

LENGTHS = (8, 12, 13, 14)

_DIGITS = re.compile(r"[0-9]+")
_LOT = re.compile(r"[!\"%&'()*+,./0-9:;<=>?A-Z_a-z-]{1,20}")
"""AI (10): 1 to 20 of GS1's character set 82 (GS1 General Specifications, figure 7.11-1)."""


def check_digit(body: str) -> int:
    """The last digit of a GTIN whose other digits are ``body`` (GS1 General Specifications, 7.9.1)."""
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -weighed % 10


def fault(gtin: str) -> str | None:
    """What is wrong with a GTIN, in words, or None."""
    if not _DIGITS.fullmatch(gtin) or len(gtin) not in LENGTHS:
        return f"{gtin[:20]!r}: wants the 8, 12, 13 or 14 digits below the bar code"
    wanted = check_digit(gtin[:-1])
    if int(gtin[-1]) != wanted:
        return f"{gtin}: its last digit would be {wanted}; read it again, one digit is wrong"
    return None


def digital_link(gtin: str, lot: str | None) -> str:
    """The address of an item, and of its lot, by the GS1 Digital Link standard (URI syntax). A ``lot`` that GS1's
    alphabet cannot write is left out: the address is then that of the item."""
    address = f"{RESOLVER}/01/{gtin.zfill(14)}"
    return f"{address}/10/{_encoded(lot)}" if lot is not None and _LOT.fullmatch(lot) else address


def _encoded(lot: str) -> str:
    """Percent-encoded, all but the unreserved letters (RFC 3986, 2.3); ``lot`` is ASCII."""
    return "".join(letter if letter.isalnum() or letter in "-._~" else f"%{ord(letter):02X}" for letter in lot)
