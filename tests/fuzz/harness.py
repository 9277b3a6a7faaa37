"""Fuzzing a parser in this process: samples of what a device says are bent, cut into pieces of chance and fed.

A parser fails when it raises, when what it holds grows beyond its bound, or when one input takes seconds of processor
time. Chance comes from a seed: a failure names the seed and the batch, and `fuzz(..., batches=[n])` feeds it again.
"""

import gc
import random
import signal
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

BATCH = 1000
"""Inputs that one parser gets before a fresh one takes its place; a batch is fed alike whatever came before."""
TRACED = 10
"""Each so manieth batch, and the first, is watched for growth: tracing makes a parser about three times slower."""
LOOK = 50
"""Inputs between two looks at what a traced parser holds."""

_SHOWN = 500

BYTES = (b"\0", b"\xff", b"\x80", b"\x7f", b"\r", b"\n", b"\r\n", b"\t", b" ", b"\x1b", b"\x1d", b"\x10", b"0", b"-")
"""What has a meaning in most formats."""


@dataclass(frozen=True)
class Target:
    """`run` makes a fresh parser: a function that takes the next piece of the stream. `corpus`: what a device may say,
    whole. `magic`: bytes that mean something to it. `longest`: bytes of one input. `holds`: bytes that the parser may
    keep.
    """

    corpus: Sequence[bytes]
    run: Callable[[], Callable[[bytes], object]]
    magic: Sequence[bytes] = ()
    longest: int = 4096
    holds: int = 65536


@dataclass(frozen=True)
class Report:
    """What was fed: `octets` in all, `held` the most that a traced parser kept, in bytes."""

    inputs: int
    octets: int
    seconds: float
    held: int

    def __str__(self) -> str:
        rate = self.inputs / max(self.seconds, 1e-9)
        return (
            f"{self.inputs:,} inputs, {self.octets:,} bytes, {self.seconds:.1f} s, {rate:,.0f} inputs/s, "
            f"held at most {self.held:,} bytes"
        )


class Growth(AssertionError):
    """The parser keeps more than its target allows."""


class Hang(AssertionError):
    """One input took too much processor time."""


def fuzz(
    target: Target, inputs: int, *, seed: int = 1, hang: float = 5.0, batches: Iterable[int] | None = None
) -> Report:
    """Feeds at least `inputs` inputs, or just the `batches` named. What the parser raises leaves with a note that says
    which seed, batch and input it was, and how the input begins. `hang`: seconds of processor time for one input. Main
    thread only.
    """
    octets = held = fed = 0
    began = time.perf_counter()
    with _alarm() as alarm:
        warm = target.run()  # what is loaded once, such as a code page, is not what a parser keeps
        for number, sample in enumerate(target.corpus):
            try:
                alarm(hang)
                warm(sample)
                alarm(0)
            except BaseException as error:
                alarm(0)
                error.add_note(f"fuzz: sample={number}, not even bent")
                raise
        for batch in range(-(-inputs // BATCH)) if batches is None else batches:
            chance = random.Random(f"{seed}/{batch}")
            traced = batch % TRACED == 0
            if traced:
                gc.collect()
                tracemalloc.start()
            try:
                feed = target.run()
                for number in range(min(BATCH, inputs)):
                    data = mutated(target, chance)
                    try:
                        alarm(hang)
                        for piece in cut(data, chance):
                            feed(piece)
                        alarm(0)
                        if traced and number % LOOK == LOOK - 1:
                            held = max(held, _held(target.holds))
                    except BaseException as error:
                        alarm(0)
                        error.add_note(f"fuzz: seed={seed} batch={batch} input={number} {data[:_SHOWN].hex()}")
                        raise
                    octets += len(data)
                    fed += 1
            finally:
                tracemalloc.stop()
    return Report(fed, octets, time.perf_counter() - began, held)


def mutated(target: Target, chance: random.Random) -> bytes:
    """One input: a sample or two, bent up to eight times; one in sixteen is left whole, so that deep states are met."""
    data = bytearray(chance.choice(target.corpus))
    if chance.random() < 0.25:
        data += chance.choice(target.corpus)
    for _ in range(chance.choice((0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 6, 8))):
        chance.choice(_BENDS)(data, target, chance)
        del data[target.longest :]
    return bytes(data)


def cut(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """The same bytes as reads may give them: in one go, in a few pieces, byte by byte, with empty reads between."""
    way = chance.random()
    if way < 0.4 or len(data) < 2:
        yield data
        return
    most = 1 if way > 0.97 else chance.choice((2, 7, 64, len(data)))
    at = 0
    while at < len(data):
        size = chance.randint(1, most)
        yield data[at : at + size]
        at += size
        if way > 0.9:
            yield b""


def _place(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _stretch(data: bytearray, chance: random.Random) -> slice:
    start = _place(data, chance)
    return slice(start, min(len(data), start + chance.choice((1, 2, 4, 16, 256))))


def _flip(data: bytearray, target: Target, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _overwrite(data: bytearray, target: Target, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _truncate(data: bytearray, target: Target, chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _behead(data: bytearray, target: Target, chance: random.Random) -> None:
    del data[: _place(data, chance)]


def _drop(data: bytearray, target: Target, chance: random.Random) -> None:
    del data[_stretch(data, chance)]


def _repeat(data: bytearray, target: Target, chance: random.Random) -> None:
    piece = data[_stretch(data, chance)]
    at = _place(data, chance)
    data[at:at] = piece * min(chance.choice((1, 2, 10, 300)), target.longest // max(1, len(piece)))


def _swap(data: bytearray, target: Target, chance: random.Random) -> None:
    where = _stretch(data, chance)
    piece = data[where]
    del data[where]
    at = _place(data, chance)
    data[at:at] = piece


def _splice(data: bytearray, target: Target, chance: random.Random) -> None:
    other = chance.choice(target.corpus)
    data[_place(data, chance) :] = other[chance.randrange(len(other) + 1) :]


def _insert(data: bytearray, target: Target, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = chance.choice(target.magic if target.magic and chance.random() < 0.7 else BYTES)


def _noise(data: bytearray, target: Target, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = chance.randbytes(chance.choice((1, 3, 20)))


_BENDS = (_flip, _overwrite, _truncate, _behead, _drop, _repeat, _swap, _splice, _insert, _insert, _noise)


def _held(bound: int) -> int:
    held, _ = tracemalloc.get_traced_memory()
    if held > bound:
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    if held > bound:
        most = tracemalloc.take_snapshot().statistics("lineno")[0]
        raise Growth(f"the parser keeps {held:,} bytes, more than {bound:,}; most of it: {most}")
    return held


@contextmanager
def _alarm() -> Iterator[Callable[[float], None]]:
    """Sets the alarm to so many seconds of processor time, 0 = off. Not the real-time alarm: that is pytest-timeout's,
    and a slow machine is no hang.
    """

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hang("one input takes for ever")

    def alarm(seconds: float) -> None:
        signal.setitimer(signal.ITIMER_PROF, seconds)

    before = signal.signal(signal.SIGPROF, ring)
    try:
        yield alarm
    finally:
        alarm(0)
        signal.signal(signal.SIGPROF, before)
