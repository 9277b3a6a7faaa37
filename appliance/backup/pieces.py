"""A backup on its way to central: pieces, and central's signed word for how much of it it holds.

A piece (topic `backup`) is one line of JSON, `{"at","sha256","size"}`, and the bytes from offset `at` on; `sha256` is
what the backup is called by (of its manifest.json), `size` its length. Central answers (topic `kept`) with a note whose
text is

    boothkit-backup/1
    boothkit/<box>
    <sha256>
    <bytes that it holds>
    <size>

It says that it holds all of them only when it has checked them.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from appliance.backup.sealed import BadSeal
from appliance.journal import notes

HEADER = "boothkit-backup/1"
PIECE = 48 * 1024
LARGEST = 64 * 1024 * 1024
"""Bytes of a whole one."""
_LONGEST_HEAD = 200


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]


@dataclass(frozen=True)
class Piece:
    """Some bytes of a backup, and where they belong."""

    sha256: str
    at: int
    size: int
    content: bytes

    def pack(self) -> bytes:
        """The message."""
        return msgspec.json.encode(_Head(self.at, self.sha256, self.size)) + b"\n" + self.content

    @classmethod
    def parse(cls, payload: bytes) -> "Piece":
        """The piece of a message; raises BadSeal."""
        head, gap, content = payload.partition(b"\n")
        try:
            found = msgspec.json.decode(head if len(head) <= _LONGEST_HEAD else b"", type=_Head)
        except (msgspec.MsgspecError, ValueError) as error:
            raise BadSeal(f"no piece of a backup: {error}") from error
        if not gap or not 1 <= len(content) <= PIECE or found.at + len(content) > found.size:
            raise BadSeal(f"a piece of {len(content)} bytes at {found.at} of {found.size}")
        return cls(found.sha256, found.at, found.size, content)


@dataclass(frozen=True)
class Held:
    """How much of a backup central holds."""

    box: str
    sha256: str
    held: int
    size: int

    @property
    def whole(self) -> bool:
        """Whether it counts."""
        return self.held == self.size

    def text(self) -> str:
        """What central signs."""
        return f"{HEADER}\nboothkit/{self.box}\n{self.sha256}\n{self.held}\n{self.size}\n"

    @classmethod
    def parse(cls, note: str, central: notes.Verifier) -> "Held":
        """What a note of central's says; raises notes.BadNote."""
        text, _ = notes.verify(note, central)
        lines = text.split("\n")
        if len(lines) != 6 or lines[0] != HEADER or not lines[1].startswith("boothkit/"):
            raise notes.BadNote("not a note about a backup")
        try:
            found = cls(lines[1].removeprefix("boothkit/"), lines[2], int(lines[3]), int(lines[4]))
        except ValueError as error:
            raise notes.BadNote("not a note about a backup") from error
        if found.text() != text or not 0 <= found.held <= found.size:
            raise notes.BadNote("not a note about a backup")
        return found
