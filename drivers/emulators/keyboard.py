"""A USB scanner in keyboard mode, as the kernel shows it: a FIFO with `struct input_event`s in place of
/dev/input/eventN. Written from linux/input-event-codes.h and pictures of the keyboards, not from the driver.
"""

import os
import select
import struct
import threading
import time
from pathlib import Path
from typing import Literal

Country = Literal["us", "gb", "de", "fr"]

KEYS = {
    **{cap: 2 + n for n, cap in enumerate("1234567890-=")},
    **{cap: 16 + n for n, cap in enumerate("qwertyuiop[]")},
    **{cap: 30 + n for n, cap in enumerate("asdfghjkl;'`")},
    **{cap: 43 + n for n, cap in enumerate("\\zxcvbnm,./")},
    " ": 57,
    "<": 86,
    "ENTER": 28,
    "TAB": 15,
    "CTRL": 29,
    "SHIFT": 42,
    "ALT": 56,
    "CAPS": 58,
    "ALTGR": 100,
    "F1": 59,
}
"""Numbers of the keys by what is printed on a US keyboard; `<` is the key that only others have."""
_KEYPAD = dict(zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True))

_US_SHIFT = dict(zip('~!@#$%^&*()_+{}:"|<>?', "`1234567890-=[];'\\,./", strict=True))


def _table(words: str) -> dict[str, str]:
    """Words of a character and the keys to press for it: S with Shift, G with AltGr, ␣ the space bar."""
    return {word[0]: word[1:].replace("␣", " ") for word in words.split()}


_STROKES: dict[Country, dict[str, str]] = {
    "us": {character: f"S{cap}" for character, cap in _US_SHIFT.items()},
    "gb": {character: f"S{cap}" for character, cap in _US_SHIFT.items()}
    | _table("\"S2 £S3 @S' #\\ ~S\\ \\< |S< ¬S` €G4"),
    "de": _table("""
        zy yz ß- ü[ +] ö; ä' #\\ -/ << ZSy YSz ÜS[ ÖS; ÄS'
        !S1 "S2 §S3 $S4 %S5 &S6 /S7 (S8 )S9 =S0 ?S- *S] 'S\\ ;S, :S. _S/ >S< °S`
        {G7 [G8 ]G9 }G0 \\G- @Gq €Ge ~G] |G< ²G2 ³G3 µGm ^`␣ \u00b4=␣ `S=␣ é=e èS=e ê`e
        """),
    "fr": _table("""
        aq qa zw wz m; ,m ;, :. !/ ù' ASq QSa ZSw WSz MS; ?Sm .S, /S. §S/
        &1 é2 "3 '4 (5 -6 è7 _8 ç9 à0 )- == °S- +S= $] £S] *\\ µS\\ %S' ²` << >S<
        1S1 2S2 3S3 4S4 5S5 6S6 7S7 8S8 9S9 0S0
        #G3 {G4 [G5 |G6 \\G8 ^G9 @G0 ]G- }G= €Ge ~G2␣ `G7␣ ê[e ëS[e ¨S[␣
        """),
}
"""What differs from the plain US key."""

_EVENT = struct.Struct("@llHHi")
PATIENCE = 1.0
"""Seconds that keys wait for room."""
_AT_ONCE = select.PIPE_BUF // _EVENT.size * _EVENT.size
_SYN, _KEY, _MSC, _LED = 0, 1, 4, 17
Event = tuple[int, int, int]
REPORT: Event = (_SYN, 0, 0)
DROPPED: Event = (_SYN, 3, 0)


def press(*names: str) -> list[Event]:
    """The keys go down in this order and up again in the reverse one, a report after each."""
    numbers = [KEYS[name] for name in names]
    events: list[Event] = []
    for value, keys in ((1, numbers), (0, reversed(numbers))):
        for number in keys:
            events += [(_MSC, 4, 0x70000 + number), (_KEY, number, value), REPORT]
    return events


def strokes(text: str, country: Country = "us") -> list[Event]:
    """The events of typing `text`; `ValueError` for a character that this keyboard cannot type."""
    events: list[Event] = []
    for character in text:
        if character == "\x1d":
            events += press("CTRL", "]")
            continue
        stroke = _STROKES[country].get(character)
        if stroke is None:
            lower = character.lower()
            if lower not in KEYS and lower != " ":
                raise ValueError(f"no key of a {country} keyboard types {character!r}")
            stroke = ("S" if character != lower else "") + lower
        while stroke:
            shift = {"S": ["SHIFT"], "G": ["ALTGR"]}.get(stroke[0], [])
            key, stroke = stroke[len(shift)], stroke[len(shift) + 1 :]
            events += press(*shift, key)
    return events


def composed(code: str) -> list[Event]:
    """Alt held, `code` on the keypad, Alt let go: the way of scanners that want to be independent of the country."""
    events: list[Event] = [(_KEY, KEYS["ALT"], 1), REPORT]
    for digit in code:
        events += [(_KEY, _KEYPAD[digit], 1), REPORT, (_KEY, _KEYPAD[digit], 0), REPORT]
    return [*events, (_KEY, KEYS["ALT"], 0), REPORT]


def packed(events: list[Event]) -> bytes:
    now = time.time()
    return b"".join(_EVENT.pack(int(now), int(now % 1 * 1e6), *event) for event in events)


class KeyboardEmulator:
    """`fifo`: where the device file is to be. Keys that nobody reads wait there, other than in a real device file. May
    be used from any thread.
    """

    def __init__(self, fifo: Path, *, country: Country = "us", end: Literal["ENTER", "TAB", ""] = "ENTER") -> None:
        self._path = fifo
        self._country = country
        self._end = end
        self._fd = -1
        self._lock = threading.Lock()

    def start(self) -> None:
        self.plug()

    def close(self) -> None:
        self.unplug()

    def plug(self) -> None:
        with self._lock:
            if self._fd < 0:
                fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
                fresh.unlink(missing_ok=True)
                os.mkfifo(fresh)
                # Open for both: a writer alone cannot be the first.
                self._fd = os.open(fresh, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
                fresh.replace(self._path)

    def unplug(self) -> None:
        with self._lock:
            if self._fd >= 0:
                fd, self._fd = self._fd, -1
                self._path.unlink(missing_ok=True)
                os.close(fd)

    def scan(self, code: str) -> None:
        self.send([*strokes(code, self._country), *(press(self._end) if self._end else [])])

    def partial(self, code: str) -> None:
        self.send(strokes(code, self._country))

    def garbage(self, data: bytes) -> None:
        self._write(data)

    def slowly(self, code: str, pause: float = 0.002) -> None:
        """Each event on its own."""
        for event in [*strokes(code, self._country), *press("ENTER")]:
            self.send([event])
            time.sleep(pause)

    def send(self, events: list[Event]) -> None:
        self._write(packed(events))

    def _write(self, data: bytes) -> None:
        """Whole events only: what finds no room in time is lost, as in the kernel's own buffer."""
        with self._lock:
            poll = select.poll()
            if self._fd >= 0:
                poll.register(self._fd, select.POLLOUT)
            for at in range(0, len(data), _AT_ONCE):
                if self._fd >= 0 and poll.poll(PATIENCE * 1000):
                    os.write(self._fd, data[at : at + _AT_ONCE])
