"""Any text → characters that a printer's code page can show, in lines of so many columns.

Nothing below a blank leaves `printable` except the line feed, so no text can carry a command to the printer.
"""

import unicodedata

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


def printable(text: str, page: str) -> str:
    """`text` in characters of the code page `page` (a Python codec with one byte a character).

    What the page lacks is spelled with ASCII where that is readable (quotes, dashes, accents, ligatures);
    else it
    becomes "?", two for a wide character, so that what was laid out in columns stays in its columns.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return "".join(char if char == "\n" or _shows(char, page) else _instead(char, page) for char in text)


def _shows(char: str, page: str) -> bool:
    if not char.isprintable():
        return False
    try:
        return len(char.encode(page)) == 1
    except UnicodeEncodeError:
        return False


def _instead(char: str, page: str) -> str:
    spelled = char.translate(_SPELLED)
    if spelled == char:
        spelled = unicodedata.normalize("NFKD", char)
    kept = "".join(part for part in spelled if part == "\n" or _shows(part, page))
    return kept if kept.strip() or spelled.isspace() else "?" * width(char)


def width(text: str) -> int:
    """Display columns: 2 for wide characters, 0 for marks and invisible ones, else 1."""
    return sum(
        0
        if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most `columns` characters, broken at blanks where possible; at least one line."""
    lines = []
    for line in text.split("\n"):
        rest = line.rstrip()
        while len(rest) > columns:
            at = rest.rfind(" ", 1, columns + 1)
            if at < 1 or not rest[:at].strip():
                at = columns
            lines.append(rest[:at].rstrip())
            rest = rest[at:].lstrip()
        lines.append(rest)
    return lines


def pair(left: str, right: str, columns: int) -> list[str]:
    """`left` and `right` at the two edges. A long `left` goes on below, clear of the column of `right`; a
    `right` that leaves no room gets lines of its own.
    """
    room = columns - len(right) - 1
    if "\n" in right or room < columns // 4:
        return wrap(left, columns) + [line.rjust(columns) for line in wrap(right, columns)]
    first, *more = wrap(left, room)
    return [first + " " * (columns - len(first) - len(right)) + right, *more]
