"""Scanners: codes out of text, the answers of modules beside them, keys, pictures in a stream."""

from collections import Counter
from collections.abc import Callable
from itertools import count

from drivers.emulators.keyboard import DROPPED, composed, packed, press, strokes
from drivers.wire.gm import FAMILIES, Answers, gm65_order, gm67_frame
from drivers.wire.hid import EVENT, Keyboard
from drivers.wire.keys import LAYOUTS
from drivers.wire.mjpeg import Mjpeg, size_of
from drivers.wire.scan import LONGEST, ScanReader
from tests.fuzz.harness import Target


def framing() -> Callable[[bytes], object]:
    """The clock goes on 20 ms with each piece; an empty one is a pause."""
    reader, clock = ScanReader(), count()

    def feed(data: bytes) -> object:
        at = next(clock) / 50
        codes = reader.feed(data, at) if data else reader.idle(at)
        for code in codes:
            assert code.replace("\x1d", "").isprintable()
            assert 0 < len(code.encode()) <= LONGEST
        return codes

    return feed


def answers() -> Callable[[bytes], object]:
    counters: Counter[str] = Counter()
    parser, reader, clock = Answers(counters), ScanReader(counters), count()
    sent = came = 0

    def feed(data: bytes) -> object:
        nonlocal sent, came
        at = next(clock) / 50
        text, _ = parser.feed(data, at)
        sent, came = sent + len(data), came + len(text)
        assert came <= sent
        return reader.feed(text, at) if data else reader.idle(at)

    return feed


def keys(country: str) -> Callable[[], Callable[[bytes], object]]:
    def run() -> Callable[[bytes], object]:
        counters: Counter[str] = Counter()
        keyboard, reader, clock = Keyboard(LAYOUTS[country], "either", counters), ScanReader(counters), count()

        def feed(data: bytes) -> object:
            at = next(clock) / 50
            return reader.feed(keyboard.feed(data), at) if data else reader.idle(at)

        return feed

    return run


def pictures() -> Callable[[bytes], object]:
    reader = Mjpeg(longest=20_000)

    def feed(data: bytes) -> object:
        found = reader.feed(data)
        assert found is None or (found[:3] == b"\xff\xd8\xff" and found[-2:] == b"\xff\xd9")
        assert found is None or found.count(b"\xff\xd8\xff") == 1
        size = size_of(found or data)
        assert size is None or 0 <= min(size) <= max(size) <= 0xFFFF
        return found

    return feed


ACK65, ACK67, NAK67 = bytes.fromhex("02000001003331"), gm67_frame(b"\xd0\0\0"), gm67_frame(b"\xd1\0\0\6")
CODES = (
    b"BK1:6BFOXN*TS0BI$ZD.P9U:\r",
    b"]Q1https://example.org/t?x=1\r\n",
    "]d2Ärger-€\x1d10LOT7\n".encode(),
    b"4006381333931\r",
)
WITH_ANSWERS = (
    ACK65 + CODES[0],
    CODES[1] + ACK67 + CODES[3],
    b"BK1:" + ACK65 + b"MIDDLE\r",
    bytes.fromhex("02000001D6") + b"\x12\x34" + NAK67,
    FAMILIES["gm67"].wake + FAMILIES["gm67"].trigger + gm65_order(7, 0, 1),
)
TYPED = (
    packed([*strokes("B1"), *press("ENTER")]),
    packed([*strokes("\x1db"), *press("TAB")]),
    packed([*press("CAPS"), *strokes("c")]),
    packed([*composed("0228"), *composed("132")]),
    packed([DROPPED, *strokes("x")]),
)
PRESSED = tuple(packed([event]) for event in (DROPPED, (1, 26, 1), (1, 42, 1), (1, 100, 1), (1, 56, 1), (1, 28, 1)))
"""Of the keys those that change what the others mean."""
JPEG = bytes.fromhex("ffd8ffe00006b0077001ffc0000b080010000801011100") + bytes(range(200)) + b"\xff\xd9"
ENDS = (b"\r", b"\n", b"\r\n", b"]Q1", b"\x1d", b"\xc3")

TARGETS = {
    "framing": Target(CODES, framing, magic=ENDS),
    "answers": Target(WITH_ANSWERS, answers, magic=(*ENDS, ACK65, ACK67, NAK67, b"\2", b"\4", b"\5", b"\2\0\0\1")),
    "keys_us": Target(TYPED, keys("us"), magic=PRESSED, longest=20 * EVENT.size),
    "keys_fr": Target(TYPED, keys("fr"), magic=PRESSED, longest=20 * EVENT.size),
    "pictures": Target(
        (JPEG, JPEG + b"--" + JPEG), pictures, magic=(b"\xff\xd8\xff", b"\xff\xd9", b"\xff", b"\xff\xc0")
    ),
}
