"""What the keys of a keyboard mean in a country: a row of text for each row of keys.

Sources: linux/input-event-codes.h for the numbers of the keys; xkeyboard-config, symbols us, gb, de and fr (azerty),
for the characters. Which accents wait for a letter is as in Microsoft's layouts: scanners type for those.
"""

from dataclasses import dataclass

_ROWS = ((41, *range(2, 14)), tuple(range(16, 28)), (*range(30, 41), 43), (86, *range(44, 54)))
"""Numbers of the keys that differ between countries, left to right; 43 is left of Enter or above it, 86 left of Z."""

KEYPAD = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
"""Always digits: a scanner has no arrows to send."""
ALWAYS = {57: " ", 55: "*", 74: "-", 78: "+", 98: "/", 83: ".", **KEYPAD}

ENTER = frozenset({28, 96})
TAB = 15
SHIFT = frozenset({42, 54})
CTRL = frozenset({29, 97})
ALT, ALT_GR = 56, 100
META = frozenset({125, 126})
CAPS_LOCK = 58
BRACKET_RIGHT = 27
"""With Ctrl the group separator, as terminals have it, on the key that has ] in the US."""

ACCENTS = {"^": "\u0302", "\u00b4": "\u0301", "`": "\u0300", "¨": "\u0308", "~": "\u0303"}
"""A dead key's own sign, and what it puts on the next letter (Unicode's combining marks)."""


@dataclass(frozen=True)
class Layout:
    """Characters by the number of the key. `dead` holds keys that wait for a letter, as (number, level).
    Levels: 0 plain, 1 with Shift, 2 with AltGr.
    """

    levels: tuple[dict[int, str], dict[int, str], dict[int, str]]
    dead: frozenset[tuple[int, int]]

    def character(self, key: int, level: int) -> str | None:
        return ALWAYS.get(key) or self.levels[level].get(key)


def _layout(plain: str, shifted: str, alt_gr: str, dead: tuple[tuple[int, int], ...] = ()) -> Layout:
    return Layout((_level(plain), _level(shifted), _level(alt_gr)), frozenset(dead))


def _level(text: str) -> dict[int, str]:
    """A line for each row; a space stands for nothing."""
    lines = text.split("\n")
    return {
        key: character
        for keys, line in zip(_ROWS, lines, strict=True)
        for key, character in zip(keys, line.ljust(len(keys)), strict=True)
        if character != " "
    }


LAYOUTS = {
    "us": _layout(
        "`1234567890-=\nqwertyuiop[]\nasdfghjkl;'\\\n<zxcvbnm,./",
        '~!@#$%^&*()_+\nQWERTYUIOP{}\nASDFGHJKL:"|\n>ZXCVBNM<>?',
        "\n\n\n",
    ),
    "gb": _layout(
        "`1234567890-=\nqwertyuiop[]\nasdfghjkl;'#\n\\zxcvbnm,./",
        '¬!"£$%^&*()_+\nQWERTYUIOP{}\nASDFGHJKL:@~\n|ZXCVBNM<>?',
        "    €\n\n\n",
    ),
    "de": _layout(
        "^1234567890ß\u00b4\nqwertzuiopü+\nasdfghjklöä#\n<yxcvbnm,.-",
        "°!\"§$%&/()=?`\nQWERTZUIOPÜ*\nASDFGHJKLÖÄ'\n>YXCVBNM;:_",
        "  ²³   {[]}\\\n@ €        ~\n\n|      µ",
        dead=((41, 0), (13, 0), (13, 1)),
    ),
    "fr": _layout(
        "²&é\"'(-è_çà)=\nazertyuiop^$\nqsdfghjklmù*\n<wxcvbn,;:!",
        " 1234567890°+\nAZERTYUIOP¨£\nQSDFGHJKLM%µ\n>WXCVBN?./§",
        "  ~#{[|`\\^@]}\n  €        ¤\n\n",
        dead=((26, 0), (26, 1), (3, 2), (8, 2)),
    ),
}
