"""What the scanner modules of Hangzhou Grow are told and answer on the line that also carries their codes.

Two families with a protocol each: GM65, GM805, GM861, GM812 ("zone bits": `7E 00`, answered by `02 00`) and GM67,
GM72 (frames with their length first, as in Zebra's SSI). Sources: GM65-S user manual, "Serial port instruction";
GM72 user manual, chapter 9.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """`obeyed`, or refused; `value`: what a GM65 says of the zone bits it was asked for, else 0."""

    obeyed: bool
    value: int = 0


def gm65_order(kind: int, zone: int, value: int) -> bytes:
    """`kind` 7 asks for `value` bytes of zone bits from `zone` on, 8 writes the byte `value` there. The CRC is
    CRC-16/XMODEM over all but the header.
    """
    body = bytes([kind, 1, zone >> 8, zone & 0xFF, value])
    return b"\x7e\x00" + body + crc16(body).to_bytes(2, "big")


def gm67_frame(body: bytes) -> bytes:
    """`body` (operation code, source, status, parameters) with its length before and its checksum behind: the two's
    complement of the sum of all bytes.
    """
    frame = bytes([len(body) + 1]) + body
    return frame + (-sum(frame) & 0xFFFF).to_bytes(2, "big")


def crc16(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 0x1021, start value 0."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


@dataclass(frozen=True)
class Family:
    """`trigger` reads once; `wake`, where not empty, is sent before each order, because the module sleeps. `ask`, where
    not empty, asks for the settings; `hosted` makes of them the order to obey `trigger` from now on, unless they say so
    already (`is_hosted`).
    """

    trigger: bytes
    wake: bytes
    ask: bytes
    is_hosted: Callable[[int], bool]
    hosted: Callable[[int], bytes]


_GM65_MODE, _GM65_HOST = 0b11, 0b01
"""The last two of the zone bits 0x0000, which also hold lamp and buzzer."""

FAMILIES: dict[str, Family] = {
    "gm65": Family(
        # With AB CD in place of the CRC, as the manual prints it: modules take it unchecked.
        trigger=bytes.fromhex("7E 00 08 01 00 02 01 AB CD"),
        wake=b"",
        ask=gm65_order(7, 0x0000, 1),
        is_hosted=lambda bits: bits & _GM65_MODE == _GM65_HOST,
        hosted=lambda bits: gm65_order(8, 0x0000, bits & ~_GM65_MODE | _GM65_HOST),
    ),
    "gm67": Family(
        trigger=gm67_frame(b"\xe4\x04\x00"),
        wake=b"\x00",
        ask=b"",
        is_hosted=lambda _: True,
        hosted=lambda _: gm67_frame(b"\xc6\x04\x08\x00\x8a\x08"),
    ),
}

_GM65_ANSWER = rb"\x02\x00\x00\x01(?P<value>.)(?P<check>..)"
_GM67_ACK = gm67_frame(b"\xd0\x00\x00")
_GM67_NAKS = tuple(gm67_frame(b"\xd1\x00\x00" + bytes([cause])) for cause in (1, 2, 6))
"""Once more; wrong in this place; denied, which is how it says that it is not in host mode."""

_ANY = re.compile(b"|".join([_GM65_ANSWER, *map(re.escape, (_GM67_ACK, *_GM67_NAKS))]), re.DOTALL)
_HALF = re.compile(
    rb"(?:\x02(?:\x00(?:\x00(?:\x01.{0,2})?)?)?|"
    + b"|".join(re.escape(whole[:n]) for whole in (_GM67_ACK, *_GM67_NAKS) for n in range(len(whole) - 1, 0, -1))
    + rb")\Z",
    re.DOTALL,
)
"""The beginning of an answer at the end of what came."""

WHOLE_WITHIN = 1.0
"""Seconds without a byte after which the beginning of an answer is noise; a whole one takes 8 ms at 9600 baud."""


class Answers:
    """Takes the answers out of the stream, wherever they stand and however their bytes arrive. None begins with a byte
    that a code may have, so a code is never taken for one.

    `counters`: `acknowledgements`, `refusals`, `unreadable` (the beginning of an answer, and nothing more).
    """

    def __init__(self, counters: Counter[str]) -> None:
        self._counters = counters
        self._held = b""
        self._last_byte = 0.0

    def feed(self, data: bytes, at: float) -> tuple[bytes, list[Answer]]:
        """What is left for the codes, and the answers in order. The beginning of an answer is held back until the rest
        of it came, or something else. `at`: monotonic seconds.
        """
        if not data:
            return b"", []
        if self._held and at - self._last_byte >= WHOLE_WITHIN:
            self._counters["unreadable"] += 1
            self._held = b""
        self._last_byte = at
        data = self._held + data
        answers: list[Answer] = []
        text = _ANY.sub(lambda found: self._noted(found, answers), data)
        half = _HALF.search(text)
        self._held = half[0] if half else b""
        return text[: len(text) - len(self._held)], answers

    def reset(self) -> None:
        self._held = b""

    def _noted(self, found: "re.Match[bytes]", answers: list[Answer]) -> bytes:
        """What stays in the text in place of an answer: nothing, or all of it when its CRC is wrong."""
        if found["value"] is not None:
            if crc16(found[0][2:5]).to_bytes(2, "big") != found["check"]:
                return found[0]
            answers.append(Answer(True, found["value"][0]))
        else:
            answers.append(Answer(found[0] == _GM67_ACK))
        self._counters["acknowledgements" if answers[-1].obeyed else "refusals"] += 1
        return b""
