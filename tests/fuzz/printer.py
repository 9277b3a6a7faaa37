"""Printers: what they answer, what any text becomes on its way to one, and what the emulated one understands."""

import re
from collections.abc import Callable
from functools import lru_cache

from drivers.emulators.escpos_grammar import Decoder
from drivers.emulators.mechanism import BUFFER, Mechanism
from drivers.printer.encode import Encoded, encode
from drivers.printer.job import Cut, Job, Pair, Rule, Text
from drivers.printer.profile import load_profile
from drivers.wire.escpos import Demultiplexer
from tests.fuzz.harness import Target

LONGEST_COMMAND = 8
"""Bytes, but for the pictures."""
REAL_TIME = re.compile(rb"\x10[\x04\x05\x14]")
OURS = {
    b"\x1b@", b"\x1bR", b"\x1bt", b"\x1c.", b"\x1ba", b"\x1bE", b"\x1b-", b"\x1bM", b"\x1b!", b"\x1d!", b"\x1bG",
    b"\x1dB", b"\x1b{", b"\x1dv", b"\x1bd", b"\x1dV", b"\n",
}  # fmt: skip


def replies() -> Callable[[bytes], object]:
    """An empty piece is a pause."""
    demultiplexer = Demultiplexer()
    fed = 0

    def feed(data: bytes) -> object:
        nonlocal fed
        if not data:
            demultiplexer.reset()
        fed += len(data)
        found = demultiplexer.feed(data)
        assert len(found) + demultiplexer.garbage <= fed
        return found

    return feed


def commands() -> Callable[[bytes], object]:
    """The emulator's grammar alone."""
    decoder = Decoder()

    def feed(data: bytes) -> object:
        return [command for byte in data if (command := decoder.feed(byte)) is not None]

    return feed


def mechanism() -> Callable[[bytes], object]:
    """The whole emulated printer, whose paper never ends."""
    said = 0

    def say(reply: bytes) -> None:
        nonlocal said
        said += len(reply)

    printer = Mechanism(42, say, lambda: 0.0)

    def feed(data: bytes) -> object:
        printer.receive(data)
        assert printer.room == BUFFER
        if len(printer.slips()) > 20:
            printer.sweep()
        return said

    return feed


def text(name: str, most: int) -> Callable[[], Callable[[bytes], object]]:
    """Whatever is typed, the commands that leave are the encoder's own."""

    def run() -> Callable[[bytes], object]:
        profile = load_profile(name)

        def feed(data: bytes) -> object:
            typed = data.decode("utf-8", "surrogateescape" if b"\xff" in data else "replace")
            typed = typed[:most]
            double = bool(len(typed) & 1)
            job = Job(1, (Text(typed, double=double), Pair(typed[:8], typed[8:12]), Rule(), Cut()))
            return checked(encode(job, profile))

        return feed

    return run


def checked(job: Encoded) -> int:
    stream = b"".join((job.head, *job.body, *job.tail))
    assert not REAL_TIME.search(stream)
    for chunk in (job.head, *job.body, *job.tail):
        rest = after_data(chunk)
        while rest:
            rest = after_data(rest[first_command(rest[:LONGEST_COMMAND]) :])
    return len(stream)


@lru_cache(2000)
def first_command(data: bytes) -> int:
    """How long it is."""
    decoder = Decoder()
    for place, byte in enumerate(data):
        if (command := decoder.feed(byte)) is not None:
            assert command.name in OURS, command
            return place + 1
    raise AssertionError(f"not a whole command: {data!r}")


def after_data(data: bytes) -> bytes:
    """Behind printed text, and the dots of pictures: the grammar reads byte by byte, which takes long."""
    found = _DATA.match(data)
    if found is None:
        return data
    if (head := found[1]) is not None:
        end = found.end() + head[0] * head[2]
        assert (head[1], head[3]) == (0, 0)
        assert end <= len(data)
        return data[end:]
    return data[found.end() :]


_DATA = re.compile(rb"[ -~\x80-\xff]+|\x1dv0\0(....)", re.DOTALL)

ANSWERS = (
    b"\x12\x12\x12\x1e",
    b"\x10\x00\x00\x0f\x14\x00\x03\x0f",
    b"\x37\x220001\x00\x00\x0c",
    b"\x5fTM-T88V\x00\x37\x23\x60\x00\x37\x25\x00",
    b"\x13\x11\x3d\x20\x42\x00\x35\x31\x00\x3b\x31\x00",
)
PRINTED = (
    b"\x1b@\x1bt\x13Caf\x82 5 \xd5\n\x1ba\x01\x1bE\x01Thanks\n\x1dV\x01",
    b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x08\x001P0hello\x1d(k\x03\x001Q0",
    b"\x1dv0\x00\x02\x00\x08\x00" + b"\xff\x00" * 8,
    b"\x1d(L\x1a\x000p0\x01\x011\x10\x00\x08\x00" + b"\xff\x00" * 8 + b"\x1d(L\x02\x0002",
    b"\x1da\x0f\x1d(H\x06\x000001ab\x1dr\x01\x1dI\x42\x10\x04\x01\x10\x14\x01\x00\x01\x1bp\x00\x32\xfa",
    b"\x1dk\x024006381333931\x00\x1dkI\x05{B123\x1b*\x21\x02\x00abcdef\x1bD\x08\x10\x00\t\tx\n",
)
TYPED = tuple(
    typed.encode()
    for typed in (
        "2 x Coffee “large” – 5 €",
        "Grüße aus Łódź\nzweite Zeile, die umbricht, weil sie zu lang für das Papier ist",
        "Привет Ωμέγα",
        "漢字カフェ 한국어",
        "سلام 123 | שלום",
        "e\u0301\u0302 \u200d\u00ad😀\U00012000",
    )
)
INJECTED = (b"\x1bp\x00\x32\xfa", b"\x1dV\x00", b"\x10\x04\x01", b"\x10\x14\x01\x00\x01", b"\x10", b"\xc2\x9b", b"\xff")

TARGETS = {
    "replies": Target(ANSWERS, replies, magic=(b"\x11", b"\x13", b"\x37\x22", b"\x5f", b"\x10", b"\x00", b"\x12")),
    "commands": Target(PRINTED, commands, magic=(b"\x1b", b"\x1d", b"\x1d(", b"\x10", b"\x1dv0\x00"), holds=400_000),
    "mechanism": Target(
        PRINTED, mechanism, magic=(b"\x1b@", b"\x1d", b"\x10\x04", b"\n"), longest=512, holds=2_000_000
    ),
    "text": Target(TYPED, text("TM-U220", 120), magic=INJECTED, longest=240, holds=2_000_000),
    "drawn_text": Target(TYPED, text("POS-5890", 8), magic=INJECTED, longest=16, holds=2_000_000),
}
