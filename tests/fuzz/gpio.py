"""GPIO lines: datagrams that move emulated pins, and edges that beams and a button give in any order."""

import math
import struct
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

from drivers.gpio.mock import LONGEST, Move, parse
from drivers.wire.beam import BeamPair
from drivers.wire.press import Button
from tests.fuzz.harness import Target


def datagrams() -> Callable[[bytes], object]:
    """Each piece is one datagram."""

    def feed(data: bytes) -> object:
        found = parse(data)
        assert found is None or found == "listen" or isinstance(found, Move)
        if isinstance(found, Move):
            assert type(found.pin) is int
            assert found.level in (0, 1)
            assert math.isfinite(found.at)
            assert len(data) <= LONGEST
        return found

    return feed


EDGE = struct.Struct("<BH")
"""Bits: beam, level, settle too; then milliseconds since the one before."""


class Edges:
    """Bytes as edges with times; what is left over waits for the next piece."""

    def __init__(self) -> None:
        self._left, self._ms = b"", 0

    def of(self, data: bytes) -> list[SimpleNamespace]:
        found = []
        data = self._left + data
        whole = len(data) - len(data) % EDGE.size
        for bits, ms in EDGE.iter_unpack(data[:whole]):
            self._ms += ms
            found.append(SimpleNamespace(beam=bits & 1, on=bool(bits & 2), settle=bool(bits & 4), at=self._ms / 1000))
        self._left = data[whole:]
        return found


def beams() -> Callable[[bytes], object]:
    edges, counters = Edges(), Counter[str]()
    pair = BeamPair((False, False), 0.0, counters)

    def feed(data: bytes) -> object:
        for edge in edges.of(data):
            for noted in pair.edge(edge.beam, edge.on, edge.at):
                assert noted.at <= edge.at
            if edge.settle:
                pair.settle(edge.at)
            rest = pair.rest(edge.at)
            assert rest is None or rest >= 0
            assert 0 <= pair.state <= 3
        assert set(counters) <= {"in", "out", "turned_back", "illegal", "blocked", "glitches"}
        return pair.state

    return feed


def button() -> Callable[[bytes], object]:
    edges, counters = Edges(), Counter[str]()
    one = Button(False, 0.0, counters)

    def feed(data: bytes) -> object:
        for edge in edges.of(data):
            for noted in one.edge(edge.on, edge.at):
                assert noted.at <= edge.at
            if edge.settle:
                one.settle(edge.at)
            rest = one.rest(edge.at)
            assert rest is None or rest >= 0
        assert set(counters) <= {"presses", "holds", "glitches", "stuck"}
        return one.down

    return feed


def path(*edges: tuple[int, int]) -> bytes:
    return b"".join(EDGE.pack(bits, ms) for bits, ms in edges)


WALKS = (
    path((2, 30), (3, 30), (0, 30), (1, 30), (4, 60)),
    path((3, 30), (2, 30), (1, 30), (0, 30), (4, 60)),
    path((2, 5), (0, 5)) * 20,
    path((2, 30), (4, 20_000), (0, 30), (4, 60)),
    path((2, 0), (3, 1), (4, 50), (0, 0), (1, 1), (4, 50)),
)
PRESSES = (
    path((2, 100), (0, 300), (4, 60)),
    path((2, 100), (4, 3500), (0, 10), (4, 60)),
    path((2, 100), (4, 40_000), (0, 10), (4, 60)),
    path((2, 1), (0, 1)) * 20 + path((2, 1), (4, 50)),
)
MOVES = (
    b'{"pin": 17, "level": 1}',
    b'{"pin": 27, "level": 0, "at": 12345.678901}',
    b'{"listen": true}',
    b'{"pin": 17, "level": 1, "at": 1e999}',
)

TARGETS = {
    "datagrams": Target(
        MOVES, datagrams, (b'"at":', b'"pin":', b"NaN", b"Infinity", b"[", b"{", b"\\ud800"), 300, 4096
    ),
    "beams": Target(WALKS, beams, (b"\2\0\0", b"\0\0\0", b"\3\1\0", b"\4\xff\xff"), 600, 8192),
    "button": Target(PRESSES, button, (b"\2\0\0", b"\0\0\0", b"\4\xff\xff"), 600, 8192),
}
