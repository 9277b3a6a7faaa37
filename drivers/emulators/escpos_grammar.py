"""The command side of ESC/POS: which bytes belong to which command. Source: Epson's command reference.

Commands that are not printed here still have to be skipped with exactly their parameters, else these come
out as text.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

LONGEST_DATA = 256 * 1024
"""Bytes of one command that are kept; a longer one is swallowed and its data dropped."""

DLE, ESC, FS, GS = 0x10, 0x1B, 0x1C, 0x1D


@dataclass(frozen=True, slots=True)
class Command:
    """`name` is the fixed bytes, `args` what follows. Of text, `name` is empty and `args` one byte; a
    control character stands alone as a name.
    """

    name: bytes
    args: bytes = b""


_Bytes = Generator[None, int, bytes]

_FIXED = {
    bytes((prefix, second)): count
    for prefix, by_count in {
        DLE: {1: b"\x05"},
        ESC: {0: b"2<@LSimv\x0c", 1: b" !%-3=?EGJKMRTUVadertu{", 2: b"$\\Bc", 3: b"p", 8: b"W"},
        FS: {0: b"&.", 1: b"!-CW", 2: b"?Sp", 74: b"2"},
        GS: {0: b":c", 1: b"!/BEHITabfhrw", 2: b"$LPW\\", 3: b"^z", 4: b"g"},
    }.items()
    for count, seconds in by_count.items()
    for second in seconds
}
"""Parameter bytes after the two bytes of the name. Two bytes that are nowhere here are dropped."""


class Decoder:
    """Bytes one by one → commands."""

    def __init__(self) -> None:
        self._machine = _commands()
        next(self._machine)

    def feed(self, byte: int) -> Command | None:
        """The command that `byte` completes."""
        return self._machine.send(byte)


def _commands() -> Generator[Command | None, int, None]:
    done: Command | None = None
    while True:
        first = yield done
        if first not in (DLE, ESC, FS, GS):
            done = Command(b"", bytes((first,))) if first >= 0x20 else Command(bytes((first,)))
            continue
        name = bytes((first, (yield None)))
        if name in _FAMILIES:
            name += bytes(((yield None),))
        read = _VARIABLE.get(name[:2])
        done = Command(name, (yield from read() if read is not None else _take(_FIXED.get(name, 0))))


def _take(count: int) -> _Bytes:
    """`count` bytes; none of them when they are more than `LONGEST_DATA`."""
    if count > LONGEST_DATA:
        for _ in range(count):
            yield
        return b""
    taken = bytearray()
    while len(taken) < count:
        taken.append((yield))
    return bytes(taken)


def _until_nul(longest: int) -> _Bytes:
    taken = bytearray()
    while len(taken) < longest:
        byte = yield
        taken.append(byte)
        if byte == 0:
            break
    return bytes(taken)


def _counted(size: int) -> Callable[[], _Bytes]:
    """`size` bytes, least significant first, tell how many follow; these are the arguments."""

    def read() -> _Bytes:
        count = yield from _take(size)
        return (yield from _take(int.from_bytes(count, "little")))

    return read


def _bit_image() -> _Bytes:
    """ESC * m nL nH d…: columns of one byte, or of three at the high density."""
    head = yield from _take(3)
    columns = int.from_bytes(head[1:], "little")
    return head + (yield from _take(columns * (3 if head[0] in (32, 33) else 1)))


def _raster() -> _Bytes:
    """GS v 0 m xL xH yL yH d…: rows of x bytes. GS Q 0 is of the same form."""
    head = yield from _take(6)
    x, y = int.from_bytes(head[2:4], "little"), int.from_bytes(head[4:6], "little")
    return head + (yield from _take(x * y))


def _downloaded_image() -> _Bytes:
    """GS * x y d…"""
    x, y = yield from _take(2)
    return (yield from _take(x * y * 8))


def _stored_images() -> _Bytes:
    """FS q n, then n times xL xH yL yH d…"""
    (images,) = yield from _take(1)
    for _ in range(images):
        size = yield from _take(4)
        x, y = int.from_bytes(size[:2], "little"), int.from_bytes(size[2:], "little")
        yield from _take(x * y * 8)
    return b""


def _user_characters() -> _Bytes:
    """ESC & y c1 c2, then for each character x d…"""
    y, first, last = yield from _take(3)
    for _ in range(first, last + 1):
        (x,) = yield from _take(1)
        yield from _take(x * y)
    return b""


def _stored_data() -> _Bytes:
    """FS g 1 m a1-a4 nL nH d… writes, FS g 2 m a1-a4 nL nH reads."""
    head = yield from _take(8)
    return (yield from _take(int.from_bytes(head[6:], "little") if head[0] == 0x31 else 0))


def _barcode() -> _Bytes:
    """GS k m: data up to NUL, or from m = 65 on a count and the data; the arguments are m and the data."""
    kind = yield from _take(1)
    return kind + (yield from _until_nul(255) if kind[0] <= 6 else _counted(1)())


def _cut() -> _Bytes:
    """GS V m, with a feed n for the functions that feed."""
    mode = yield from _take(1)
    return mode + (yield from _take(1 if mode[0] in (65, 66, 97, 98, 103, 104) else 0))


def _status_question() -> _Bytes:
    """DLE EOT n, with a further number for ink and other devices."""
    n = yield from _take(1)
    return n + (yield from _take(1 if n[0] in (7, 8, 18) else 0))


def _real_time_action() -> _Bytes:
    """DLE DC4 fn …"""
    fn = yield from _take(1)
    return fn + (yield from _take({1: 2, 2: 2, 3: 4, 7: 1, 8: 7}.get(fn[0], 0)))


_FAMILIES = (b"\x1b(", b"\x1c(", b"\x1d(", b"\x1d8")
"""Their third byte belongs to the name."""

_VARIABLE: dict[bytes, Callable[[], _Bytes]] = {
    b"\x1b(": _counted(2),
    b"\x1c(": _counted(2),
    b"\x1d(": _counted(2),
    b"\x1d8": _counted(4),
    b"\x1b*": _bit_image,
    b"\x1b&": _user_characters,
    b"\x1bD": lambda: _until_nul(33),
    b"\x1cq": _stored_images,
    b"\x1cg": _stored_data,
    b"\x1d*": _downloaded_image,
    b"\x1dQ": _raster,
    b"\x1dV": _cut,
    b"\x1dk": _barcode,
    b"\x1dv": _raster,
    b"\x10\x04": _status_question,
    b"\x10\x14": _real_time_action,
}
"""Readers of the arguments, by the first two bytes."""
