"""The VE.Direct text protocol (Victron, "VE.Direct Protocol" 3.33): what a battery monitor or solar charger
says each second.

A block is `\\r\\n<label>\\t<value>` … `\\r\\nChecksum\\t<byte>`; all its bytes add up to 0 modulo 256, and
the checksum may be any byte, a colon or a newline too. Chargers interleave asynchronous hex frames, `:` hex
digits `\\n`, in the middle of a block or after its checksum; they are not part of the sum. 0xFE sometimes
stands where a newline was.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

LABEL_MAX = 8
VALUE_MAX = 32
FIELDS_MAX = 40
HEX_MAX = 256
"""Digits of a hex frame; the longest that devices send by themselves have fewer than 100."""
BLOCK_MAX = 2048
"""Bytes of a block; 40 full fields are 1,720. Beyond that the `Checksum` label was lost."""

_TAB, _LF, _CR, _COLON = b"\t\n\r:"
_NEWLINES = b"\n\xfe"
_LABEL = re.compile(r"[A-Za-z0-9_#]{1,8}")
_HEX = frozenset(b"0123456789ABCDEF")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,9})")
_HEX_NUMBER = re.compile(r"0x[0-9A-Fa-f]{1,8}")
_SWITCH = re.compile(r"(?i)on|off")
_TEXT = re.compile(r"[\x20-\x7e]*")
_UNKNOWN = "---"
"""A battery monitor that is not synchronised yet says this in place of a number."""


_LARGE = (-(2**31), 2**31 - 1)
_COUNT = (0, 2**31 - 1)
_MILLIVOLT = (-1_000, 1_000_000)
_MILLIAMP = (-10_000_000, 10_000_000)
_WATT = (-1_000_000, 1_000_000)
_CODE = (0, 65_535)

_INTEGERS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("V", "V2", "V3", "VS", "VM", "VPV", "DC_IN_V"), _MILLIVOLT),
    **dict.fromkeys(("I", "I2", "I3", "IL"), _MILLIAMP),
    **dict.fromkeys(("P", "DC_IN_P", "AC_OUT_S"), _WATT),
    **dict.fromkeys(("AR", "CS", "ERR", "MODE", "MPPT", "WARN"), _CODE),
    **dict.fromkeys(("H4", "H5", "H9", "H10", "H11", "H12", "H13", "H14", "H17", "H18"), _COUNT),
    **dict.fromkeys(("H19", "H20", "H21", "H22", "H23"), _COUNT),
    **dict.fromkeys(("H1", "H2", "H3", "H6", "H7", "H8", "H15", "H16", "CE"), _LARGE),
    "PPV": (0, 100_000),
    "DM": (-1_000, 1_000),
    "T": (-100, 200),
    "SOC": (0, 1_000),
    "TTG": (-1, 1_000_000),
    "HSDS": (0, 364),
    "MON": (-9, 9),
    "AC_OUT_V": (0, 100_000),
    "AC_OUT_I": (-100_000, 100_000),
    "DC_IN_I": (-100_000, 100_000),
}
"""V, VS, VM, VPV mV · I, IL mA · P, PPV W · SOC, DM ‰ · CE mAh · TTG min (-1 = infinite) · T °C · H17–H20,
H22 0.01 kWh.
"""
_HEX_NUMBERS = frozenset({"PID", "OR"})
_SWITCHES = frozenset({"LOAD", "Alarm", "Relay"})
_TEXTS = frozenset({"BMV", "FW", "FWE", "SER#"})

_KNOWN = _INTEGERS.keys() | _HEX_NUMBERS | _SWITCHES | _TEXTS

Value = int | str | None


@dataclass(frozen=True)
class Block:
    """One block with a right checksum and no value outside its pattern and range. Labels that are not known
    are left out.
    """

    fields: Mapping[str, Value]

    def integer(self, label: str) -> int | None:
        """None when the device does not send it or does not know it."""
        value = self.fields.get(label)
        return value if isinstance(value, int) else None


class _At(Enum):
    START = auto()
    """After a value or a checksum: the next byte is the carriage return."""
    NEWLINE = auto()
    LABEL = auto()
    VALUE = auto()
    CHECKSUM = auto()
    HEX = auto()


class Parser:
    """`feed` bytes as they come. `counters`: `blocks` and `invalid` (both ended by a checksum, or given up at
    2,048 bytes), `hex_frames`, `bad_hex_frames`, `unknown_fields`.
    """

    def __init__(self, counters: Counter[str] | None = None) -> None:
        self.counters: Counter[str] = Counter() if counters is None else counters
        self.reset()

    def reset(self) -> None:
        """The line was lost: what was half read is dropped and not counted."""
        self._at = _At.START
        self._begin_block()
        self._after_hex = _At.START
        self._hex = bytearray()

    def feed(self, data: bytes) -> list[Block]:
        blocks: list[Block] = []
        for byte in data:
            if self._at is _At.HEX and self._in_hex(byte):
                continue
            if byte == _COLON and self._at is not _At.CHECKSUM:
                self._after_hex, self._at = self._at, _At.HEX
                self._hex.clear()
            else:
                self._in_block(byte, blocks)
        return blocks

    def _begin_block(self) -> None:
        self._sum = 0
        self._length = 0
        self._repair = 0
        self._broken = False
        self._fields: dict[str, Value] = {}
        self._unknown = 0
        self._label = ""
        self._text = bytearray()

    def _in_hex(self, byte: int) -> bool:
        """False for a byte that cannot be part of a hex frame: the colon was noise, the byte is the
        block's.
        """
        if byte in _NEWLINES:
            self.counters["hex_frames" if _hex_frame_adds_up(self._hex) else "bad_hex_frames"] += 1
            self._at = self._after_hex
        elif byte in _HEX and len(self._hex) < HEX_MAX:
            self._hex.append(byte)
        else:
            self.counters["bad_hex_frames"] += 1
            self._at = self._after_hex
            self._broken = True
            return False
        return True

    def _in_block(self, byte: int, blocks: list[Block]) -> None:
        self._sum += byte
        self._length += 1
        match self._at:
            case _At.START:
                self._at = _At.NEWLINE if byte == _CR else self._break()
            case _At.NEWLINE:
                if byte in _NEWLINES:
                    self._repair += _LF - byte
                    self._at = _At.LABEL
                else:
                    self._at = self._break()
            case _At.LABEL:
                self._in_label(byte)
            case _At.VALUE:
                if byte == _CR:
                    self._take_field()
                    self._at = _At.NEWLINE
                elif len(self._text) < VALUE_MAX:
                    self._text.append(byte)
                else:
                    self._broken = True
            case _At.CHECKSUM:
                self._end_block(blocks)
            case _At.HEX:
                raise AssertionError("hex digits are no part of a block")
            case never:
                assert_never(never)
        if self._length > BLOCK_MAX:
            self.counters["invalid"] += 1
            self._begin_block()
            self._at = self._break()

    def _break(self) -> _At:
        """The bytes are not what the protocol says: the block is lost, the next line may be read again."""
        self._broken = True
        return _At.START

    def _in_label(self, byte: int) -> None:
        if byte == _TAB:
            self._label = self._text.decode("latin-1")
            self._text.clear()
            self._at = _At.CHECKSUM if self._label == "Checksum" else _At.VALUE
        elif byte == _CR:
            self._broken = True
            self._text.clear()
            self._at = _At.NEWLINE
        elif len(self._text) < LABEL_MAX:
            self._text.append(byte)
        else:
            self._text.clear()
            self._at = self._break()

    def _take_field(self) -> None:
        label, text = self._label, self._text.decode("latin-1")
        self._text.clear()
        if label in self._fields or len(self._fields) == FIELDS_MAX or not _LABEL.fullmatch(label):
            self._broken = True
        elif label in _KNOWN:
            try:
                self._fields[label] = _value(label, text)
            except ValueError:
                self._broken = True
        else:
            self._unknown += 1
            self._broken |= not _TEXT.fullmatch(text)

    def _end_block(self, blocks: list[Block]) -> None:
        adds_up = self._sum % 256 == 0 or (self._sum + self._repair) % 256 == 0
        if adds_up and not self._broken:
            self.counters["blocks"] += 1
            self.counters["unknown_fields"] += self._unknown
            blocks.append(Block(self._fields))
        else:
            self.counters["invalid"] += 1
        self._begin_block()
        self._at = _At.START


def _value(label: str, text: str) -> Value:
    """`ValueError` when the text is not what the protocol allows for the label."""
    if label in _INTEGERS:
        if text == _UNKNOWN:
            return None
        low, high = _INTEGERS[label]
        if _INTEGER.fullmatch(text) and low <= int(text) <= high:
            return int(text)
    elif label in _HEX_NUMBERS:
        if _HEX_NUMBER.fullmatch(text):
            return int(text, 16)
    elif (_SWITCH if label in _SWITCHES else _TEXT).fullmatch(text):
        return text
    raise ValueError(f"{label}: {text!r}")


def _hex_frame_adds_up(digits: bytes | bytearray) -> bool:
    """One digit of command, then bytes; together they make 0x55 (Victron, "VE.Direct HEX Protocol")."""
    if len(digits) % 2 == 0:
        return False
    text = digits.decode("ascii")
    return (int(text[0], 16) + sum(bytes.fromhex(text[1:]))) % 256 == 0x55
