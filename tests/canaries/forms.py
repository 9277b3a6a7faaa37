"""Text as it may lie in bytes: plain, in other cases and character sets, escaped, encoded; and how it is found."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

import base45

CONTEXT = 60


@dataclass(frozen=True)
class Found:
    """A canary where none may be: what was looked for, and the bytes around it."""

    looked_for: str
    form: str
    around: bytes


@dataclass(frozen=True)
class Needle:
    """One form of a text. ``folded``: it is looked for without regard to case."""

    text: str
    form: str
    raw: bytes
    folded: bool


@cache
def needles(text: str) -> tuple[Needle, ...]:
    """Every form of ``text`` that is looked for, each once."""
    found: dict[tuple[bytes, bool], Needle] = {}
    for form, raw, folded in _forms(text):
        found.setdefault((raw, folded), Needle(text, form, raw, folded))
    return tuple(found.values())


def _forms(text: str) -> Iterator[tuple[str, bytes, bool]]:
    for case in (text, text.lower(), text.upper()):
        for charset in ("utf-8", "utf-16-le", "utf-16-be", "latin-1", "cp858"):
            raw = case.encode(charset, "replace")
            yield charset, raw.lower(), True
            yield f"{charset} in hex", raw.hex().encode(), True
            yield f"{charset} in spaced hex", raw.hex(" ").encode(), True
            yield f"{charset} in \\x", b"".join(b"\\x%02x" % byte for byte in raw), True
            yield f"{charset} in %", b"".join(b"%%%02x" % byte for byte in raw), True
            for shift in range(3):
                yield f"{charset} in base64, {shift} bytes in", _base64(raw, shift), False
                yield f"{charset} in base64url, {shift} bytes in", _base64(raw, shift, b"-_"), False
            for shift in range(2):
                yield f"{charset} in base45, {shift} bytes in", _base45(raw, shift), False
        yield "in %, as in an address", quote(case, safe="").lower().encode(), True
        yield "in \\u", "".join(f"\\u{ord(letter):04x}" for letter in case).encode(), True
        yield "in \\u where it is not ASCII", case.encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00"), True
        yield "in &#", "".join(f"&#{ord(letter)};" for letter in case).encode(), True
        yield "in &#x", "".join(f"&#x{ord(letter):x};" for letter in case).encode(), True


def _base64(raw: bytes, shift: int, alphabet: bytes = b"+/") -> bytes:
    """What ``raw`` leaves in base64 behind ``shift`` other bytes: the characters that depend on nothing else."""
    first, behind = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
    return base64.b64encode(bytes(shift) + raw, alphabet)[first:behind]


def _base45(raw: bytes, shift: int) -> bytes:
    """The same for RFC 9285, two bytes in three characters."""
    whole = raw[shift : shift + (len(raw) - shift) // 2 * 2]
    return bytes(base45.b45encode(whole))


def excerpts(content: bytes, text: str) -> bytes:
    """The surroundings of all places where any form of ``text`` lies."""
    folded = content.lower()
    found = []
    for needle in needles(text):
        haystack, raw = (folded, needle.raw.lower()) if needle.folded else (content, needle.raw)
        at = haystack.find(raw)
        while at >= 0:
            found.append(content[max(0, at - CONTEXT) : at + len(raw) + CONTEXT])
            at = haystack.find(raw, at + len(raw) + CONTEXT // 4)
    return b"\n".join(found)


def search(content: bytes, texts: Iterable[str]) -> list[Found]:
    """Where any form of any of ``texts`` lies in ``content``, at most once for each form."""
    folded = content.lower()
    found = []
    for needle in (needle for text in texts for needle in needles(text)):
        at = folded.find(needle.raw.lower()) if needle.folded else content.find(needle.raw)
        if at >= 0:
            around = content[max(0, at - CONTEXT) : at + len(needle.raw) + CONTEXT]
            found.append(Found(needle.text, needle.form, around))
    return found
