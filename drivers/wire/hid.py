"""What a scanner that calls itself a keyboard types: `struct input_event`s of the kernel into text.

Source: linux/input.h and Documentation/input/event-codes.rst.
"""

import unicodedata
from collections import Counter
from struct import Struct
from typing import Literal

from drivers.wire.keys import (
    ACCENTS,
    ALT,
    ALT_GR,
    BRACKET_RIGHT,
    CAPS_LOCK,
    CTRL,
    ENTER,
    KEYPAD,
    META,
    SHIFT,
    TAB,
    Layout,
)

EVENT = Struct("@llHHi")
"""`struct input_event`: two longs of time, type, code, value; 24 bytes on 64-bit systems, 16 on 32-bit."""

_SYN, _KEY, _LED = 0x00, 0x01, 0x11
_SYN_REPORT, _SYN_DROPPED = 0, 3
_LED_CAPS_LOCK = 1
_UP, _DOWN = 0, 1  # 2 is the kernel's own repeat of a key held down

BROKEN = "\x18"
"""CAN: in place of what was lost. No code has it, so the one it stands in is not taken for a whole one."""

End = Literal["enter", "tab", "either"]
_LONGEST_COMPOSED = 6
_HELD = SHIFT | CTRL | META | {ALT, ALT_GR}


class Keyboard:
    """`feed` gives what was typed as UTF-8, with CR where a key says that the code ends.

    Characters composed on the keypad with Alt come out as Windows has them: Alt+0nnn in code page 1252, Alt+nnn in 437.
    A key that has no character in this layout breaks the code it stands in; keys that never have one (F1, arrows) are
    passed over. `counters`: `dropped` (the kernel ran out of room for events).
    """

    def __init__(self, layout: Layout, end: End, counters: Counter[str]) -> None:
        self._layout = layout
        self._ends = {"enter": ENTER, "tab": frozenset({TAB}), "either": ENTER | {TAB}}[end]
        self._counters = counters
        self._half = b""
        self.reset()

    def reset(self) -> None:
        """Connected anew: nothing is held down that this connection has not seen go down."""
        self._half = b""
        self._caps = False
        self._let_go()

    def _let_go(self) -> None:
        self._down: set[int] = set()
        self._accent: str | None = None
        self._composed = ""
        self._deaf = False

    def feed(self, data: bytes) -> bytes:
        data = self._half + data
        whole = len(data) - len(data) % EVENT.size
        self._half = data[whole:]
        typed = [self._event(kind, code, value) for _, _, kind, code, value in EVENT.iter_unpack(data[:whole])]
        return "".join(typed).encode()

    def _event(self, kind: int, code: int, value: int) -> str:
        if kind == _SYN and code == _SYN_DROPPED:
            self._counters["dropped"] += 1
            self._let_go()
            self._deaf = True
            return BROKEN
        if self._deaf:
            self._deaf = not (kind == _SYN and code == _SYN_REPORT)
        elif kind == _LED and code == _LED_CAPS_LOCK:
            self._caps = value != 0
        elif kind == _KEY and value == _DOWN:
            return self._pressed(code)
        elif kind == _KEY and value == _UP:
            return self._released(code)
        return ""

    def _pressed(self, key: int) -> str:
        if key in _HELD:
            self._down.add(key)
        elif key == CAPS_LOCK:
            self._caps = not self._caps
        elif key in self._ends:
            return self._unaccented() + "\r"
        elif ALT in self._down and key in KEYPAD:
            self._composed = (self._composed + KEYPAD[key])[:_LONGEST_COMPOSED]
        else:
            return self._typed(key)
        return ""

    def _released(self, key: int) -> str:
        self._down.discard(key)
        if key != ALT or not self._composed:
            return ""
        digits, self._composed = self._composed, ""
        number = int(digits)
        if number > 0xFF:
            return BROKEN
        return bytes([number]).decode("cp1252" if digits[0] == "0" else "cp437", "replace")

    def _typed(self, key: int) -> str:
        down = self._down
        alt_gr = ALT_GR in down or (ALT in down and bool(CTRL & down))
        if not alt_gr and (ALT in down or CTRL & down or META & down):
            return "\x1d" if key == BRACKET_RIGHT and CTRL & down else ""
        level = 2 if alt_gr else 1 if SHIFT & down else 0
        character = self._layout.character(key, level)
        if character is None:
            return BROKEN if any(key in known for known in self._layout.levels) else ""
        if (key, level) in self._layout.dead:
            before = self._unaccented()
            self._accent = character
            return before
        if self._caps and not alt_gr and len(swapped := character.swapcase()) == 1:
            character = swapped
        return self._accented(character)

    def _accented(self, character: str) -> str:
        if self._accent is None:
            return character
        if character == " ":
            return self._unaccented()
        together = unicodedata.normalize("NFC", character + ACCENTS[self._accent])
        if len(together) > 1:
            return self._unaccented() + character
        self._accent = None
        return together

    def _unaccented(self) -> str:
        """An accent that no letter came for stands for itself."""
        accent, self._accent = self._accent, None
        return accent or ""
