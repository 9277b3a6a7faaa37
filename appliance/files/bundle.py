"""What central signs for boxes: a note whose text is the line `boothkit-bundle/1` and one line of RFC 8785 JSON.

`{"data": {…}, "expires": RFC 3339, "kind": …, "scope": "*" | "CELL" | "CELL/BOX", "version": N}`
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from appliance.clock import Now, parse_rfc3339
from appliance.errors import Problem
from appliance.journal import codec, notes

HEADER = "boothkit-bundle/1"
LONGEST = 64 * 1024
Kind = Literal["update"]


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``version`` rises with every bundle of a kind; ``data``: what the kind says."""

    kind: Kind
    version: Annotated[int, msgspec.Meta(ge=1, le=codec.MAX_INT)]
    scope: Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z0-9-]{1,40}(/[a-z0-9-]{1,40})?)$")]
    expires: str
    data: dict[str, Any]

    def text(self) -> str:
        """What is signed."""
        return f"{HEADER}\n{codec.encode(msgspec.to_builtins(self)).decode()}\n"


@dataclass(frozen=True)
class Reader:
    """Who reads bundles: a box of a cell, which knows central's key (None: not yet)."""

    cell: str
    box: str
    central: notes.Verifier | None

    def read(self, raw: bytes, now: Now) -> Bundle:
        """The bundle of a note. Problem ``bad-bundle``: it is none, not central's, not for this box, or expired (which
        only a trusted clock can tell)."""
        if self.central is None:
            raise _bad("this box does not know central's key", "Put central's key into [central] key.")
        if len(raw) > LONGEST:
            raise _bad(f"more than {LONGEST} bytes")
        try:
            text, _ = notes.verify(raw.decode(), self.central)
            header, line, rest = text.split("\n", 2)
            if header != HEADER or rest:
                raise _bad(f"its text is not the line {HEADER} and one line of JSON")
            bundle = msgspec.convert(codec.decode(line), Bundle)
            expires = parse_rfc3339(bundle.expires)
        except (ValueError, notes.BadNote, codec.NotCanonical, msgspec.ValidationError) as error:
            raise _bad(str(error)) from error
        if bundle.scope not in ("*", self.cell, f"{self.cell}/{self.box}"):
            raise _bad(f"it is for {bundle.scope}, this is {self.cell}/{self.box}")
        if now.trusted and now.wall_ms > expires:
            raise _bad(f"it expired at {bundle.expires}")
        return bundle


def _bad(why: str, remedy: str = "Ask central for one that is meant for this box.") -> Problem:
    return Problem("bad-bundle", f"The bundle is refused: {why}", remedy)
