"""Tar (POSIX.1-1988 ustar), as much of it as backups need: regular files under known names, one after the other.

tarfile reads far more than that, and what it makes of hostile bytes is nobody's promise. What is written here any tar
reads.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.backup.sealed import Readable, Writable, exactly
from appliance.errors import BoothkitError

BLOCK = 512
LARGEST = 8**11 - 1
"""Bytes of one file: eleven octal digits."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,79})?")
_END = bytes(2 * BLOCK)
_MOST = 4096
_OCTAL = re.compile(rb"[0-7]{11}\0")


class BadTape(BoothkitError):
    """Bytes that are no archive of ours."""

    remedy = "Use another copy of this backup; nothing was changed."


def _header(name: str, size: int) -> bytes:
    if not NAME.fullmatch(name) or len(name) > 100 or not 0 <= size <= LARGEST:
        raise ValueError(f"{name!r} of {size} bytes does not go onto a tape")
    fields = (
        name.encode().ljust(100, b"\0"),
        b"0000600\0" + b"0000000\0" * 2,
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b" " * 8,
        b"0".ljust(101, b"\0"),
        b"ustar\x0000".ljust(BLOCK - 257, b"\0"),
    )
    raw = b"".join(fields)
    return raw[:148] + b"%06o\0 " % sum(raw) + raw[156:]


class Writer:
    """Files onto a tape. Each file's bytes are as many as were announced, or the tape is no tape."""

    def __init__(self, out: Writable) -> None:
        self._out = out

    def add(self, name: str, size: int, content: Readable) -> None:
        """One file. ValueError: its name or its size is none, or there are fewer bytes."""
        self._out.write(_header(name, size))
        left = size
        while left:
            piece = content.read(min(left, 64 * 1024))
            if not piece:
                raise ValueError(f"{name} ended {left} bytes early")
            self._out.write(piece)
            left -= len(piece)
        self._out.write(bytes(-size % BLOCK))

    def close(self) -> None:
        """The two empty blocks that a tape ends with."""
        self._out.write(_END)


@dataclass
class Member:
    """A file on the tape; to be read, or not, before the next one is asked for."""

    name: str
    size: int
    _tape: Readable
    _left: int

    def read(self, size: int, /) -> bytes:
        """Its next bytes, none at its end. Raises BadTape when the tape ends before it."""
        if not (wanted := min(size, self._left)):
            return b""
        piece = self._tape.read(wanted)
        if not piece:
            raise BadTape(f"{self.name}: the archive ends within it")
        self._left -= len(piece)
        return piece

    def skip(self) -> None:
        """Over what is left of it, and over the filling behind it."""
        while self.read(64 * 1024):
            pass
        fill = -self.size % BLOCK
        if any(found := exactly(self._tape, fill)) or len(found) != fill:
            raise BadTape(f"{self.name}: the archive goes on in the middle of a block")


def members(tape: Readable) -> Iterator[Member]:
    """The files in their order, no name twice; nothing may follow the end. Raises BadTape."""
    seen: set[str] = set()
    while True:
        block = exactly(tape, BLOCK)
        if not any(block):
            break
        name, size = _read_header(block)
        if name in seen or len(seen) >= _MOST:
            raise BadTape(f"{name} is there twice, or there are too many files")
        seen.add(name)
        member = Member(name, size, tape, size)
        yield member
        member.skip()
    if len(block) != BLOCK or exactly(tape, BLOCK) != bytes(BLOCK) or tape.read(1):
        raise BadTape("the archive does not end as it should")


def _read_header(block: bytes) -> tuple[str, int]:
    if len(block) != BLOCK or not _OCTAL.fullmatch(block[124:136]):
        raise BadTape("not an archive of ours: a header is broken")
    size = int(block[124:135], 8)
    try:
        name = block[:100].rstrip(b"\0").decode("ascii")
        if _header(name, size) != block:
            raise BadTape("not an archive of ours: a header says more than name and size, or its sum is wrong")
    except ValueError as error:
        raise BadTape(f"not an archive of ours: {error}") from error
    return name, size
