"""Any text → characters that a printer's code page has or a font can draw, in lines of so many columns.

Nothing below a blank leaves `printable` except the line feed, so no text can carry a command to the printer.
"""

import unicodedata
from collections.abc import Callable

_SPELLED = str.maketrans(
    {
        "€": "EUR",
        "„": '"', "“": '"', "”": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
        "‚": "'", "‘": "'", "’": "'", "‛": "'", "′": "'", "‹": "'", "›": "'", "ʼ": "'",
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "⁃": "-",
        "•": "*", "‣": "*", "∙": "*", "⁄": "/", "∕": "/", "∶": ":", "×": "x", "→": "->", "←": "<-",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ĸ": "k",
        "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ø": "o",
        "Ø": "O", "ß": "ss", "ẞ": "SS", "þ": "th", "Þ": "Th", "ə": "e", "Ə": "E",
        "\t": " ", "\u2028": "\n", "\u2029": "\n", "\x85": "\n",
    }
)  # fmt: skip


def printable(text: str, page: str, draws: Callable[[str], bool] = lambda char: False) -> str:
    """`text` in characters of the code page `page` (a Python codec with one byte a character) and in such as `draws`
    says it can draw; it is asked about each character that can be neither shown nor spelled.

    What the page lacks is spelled with ASCII where that is readable (quotes, dashes, accents, ligatures); what then
    cannot be drawn either becomes "?", two for a wide character, so that what was laid out in columns stays there.
    """
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    kept: list[str] = []
    drawn = False
    for char in text:
        if char == "\n" or shows(char, page):
            kept.append(char)
            drawn = False
        elif _is_mark(char):
            if drawn and draws(char):  # elsewhere the character beneath it is spelled without its marks
                kept.append(char)
        else:
            instead = _instead(char, page, draws)
            kept.append(instead)
            drawn = instead == char
    return unicodedata.normalize("NFC", "".join(kept))


def shows(text: str, page: str) -> bool:
    """Whether the code page has every character of this line."""
    if not text.isprintable():
        return False
    try:
        text.encode(page)
    except UnicodeEncodeError:
        return False
    return True


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me")


def _instead(char: str, page: str, draws: Callable[[str], bool]) -> str:
    spelled = char.translate(_SPELLED)
    if spelled == char:
        spelled = unicodedata.normalize("NFKD", char)
    kept = "".join(part for part in spelled if part == "\n" or shows(part, page))
    letters = [part for part in spelled if not _is_mark(part)]
    if letters and len(kept) == len(letters):
        return kept
    if char.isprintable() and draws(char):
        return char
    return kept if kept.strip() or spelled.isspace() else "?" * width(char)


def width(text: str) -> int:
    """Display columns: 2 for wide characters, 0 for marks and invisible ones, else 1."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf") or "\u1160" <= char <= "\u11ff":
        return 0  # among them the vowels and finals that complete a Hangul syllable
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clusters(text: str) -> list[str]:
    """Characters, each with the marks upon it."""
    found: list[str] = []
    for char in text:
        if found and _columns(char) == 0:
            found[-1] += char
        else:
            found.append(char)
    return found


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most `columns` display columns, broken at blanks where possible; at least one line."""
    lines = []
    for line in text.split("\n"):
        rest = line.rstrip()
        while width(rest) > columns:
            most = _fitting(rest, columns)
            at = rest.rfind(" ", 1, most + 1)
            if at < 1 or not rest[:at].strip():
                at = most
            lines.append(rest[:at].rstrip())
            rest = rest[at:].lstrip()
        lines.append(rest)
    return lines


def _fitting(text: str, columns: int) -> int:
    """How many characters of `text` fit into so many columns; one at least."""
    used = 0
    for place, char in enumerate(text):
        used += _columns(char)
        if used > columns:
            return max(1, place)
    return len(text)


def pair(left: str, right: str, columns: int) -> list[str]:
    """`left` and `right` at the two edges. A long `left` goes on below, clear of the column of `right`; a
    `right` that leaves no room gets lines of its own.
    """
    room = columns - width(right) - 1
    if "\n" in right or room < columns // 4:
        return wrap(left, columns) + [" " * (columns - width(line)) + line for line in wrap(right, columns)]
    first, *more = wrap(left, room)
    return [first + " " * (columns - width(first) - width(right)) + right, *more]
