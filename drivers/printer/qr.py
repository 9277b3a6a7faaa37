"""How large a QR code can be on a paper, and its picture for printers that cannot draw one themselves."""

from bisect import bisect_left

from drivers.printer.errors import Unprintable
from drivers.printer.raster import Dots

# Bytes that a symbol of version 1…40 holds at level M in byte mode, ISO/IEC 18004:2015 table 7.
_CAPACITY_M = (
    14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666,
    711, 779, 857, 911, 997, 1059, 1125, 1190, 1264, 1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989,
    2099, 2213, 2331,
)  # fmt: skip
_QUIET = 8
"""Modules of quiet zone, both sides together (section 9.1)."""
_FINEST = 3
"""Dots a module. Finer ones (0.3 mm) run together on worn heads, and phones do not focus on them."""
_COARSEST = 6


def checked(data: str) -> bytes:
    """The payload as bytes. A printer obeys real-time commands even inside it, so control characters are
    refused.
    """
    if not data or any(char < " " or char == "\x7f" for char in data):
        raise Unprintable(f"QR code of {data[:40]!r}: must be text without control characters, and not empty")
    return data.encode()


def dots_per_module(payload: bytes, dots: int) -> int:
    """The module size for a paper `dots` wide; `Unprintable` when even the finest does not fit."""
    version = bisect_left(_CAPACITY_M, len(payload)) + 1
    size = min(_COARSEST, dots // (17 + 4 * version + _QUIET)) if version <= len(_CAPACITY_M) else 0
    if size < _FINEST:
        most = max(
            (capacity for v, capacity in enumerate(_CAPACITY_M, 1) if dots // (17 + 4 * v + _QUIET) >= _FINEST),
            default=0,
        )
        raise Unprintable(
            f"QR code of {len(payload)} bytes: this paper ({dots} dots) holds {most}",
            remedy="Use wider paper or a shorter code.",
        )
    return size


def picture(payload: bytes, size: int) -> Dots:
    """The symbol with its quiet zone at the sides; a module is `size` dots."""
    import segno

    blank = [0] * (_QUIET // 2)
    code = segno.make_qr(payload, error="m", mode="byte", boost_error=False)
    rows = []
    for row in code.matrix:
        bits = "".join(str(module) * size for module in [*blank, *row, *blank])
        wide = -(-len(bits) // 8)
        rows.append(int(bits.ljust(wide * 8, "0"), 2).to_bytes(wide, "big") * size)
    return Dots(len(rows[0]) // size, b"".join(rows))
