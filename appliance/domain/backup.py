"""Backups: that one was made, and counts. What is in it, and where it lies, the journal does not say."""

import re
from typing import Literal

from appliance.domain.kernel import ADMIN, Ask, Context, Decided, Fact, Role, command, kind
from appliance.errors import invalid

Where = Literal["file", "uplink"]
_MAKERS: frozenset[Role] = ADMIN | {"uplink"}
_HEX = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[0-9a-f]{16}")


@kind("backup.made/1")
class BackupMade(Fact, frozen=True):
    """A backup was checked and counts. ``kind``: a file (on a stick), or what went sealed over the uplink and central
    has kept; ``bytes`` of all of it; ``upto``: position of the newest fact that it covers; ``sha256`` (hex) of its
    manifest; ``key``: fingerprint of the passphrase's key that it is sealed for."""

    kind: Where
    bytes: int
    upto: int
    sha256: str
    key: str


class NoteBackup(Ask, frozen=True):
    """What was made: as in the fact."""

    kind: Where
    bytes: int
    upto: int
    sha256: str
    key: str


@command("backup.note", NoteBackup, _MAKERS, at_full="go_on")
def note(ask: NoteBackup, known: int, ctx: Context) -> Decided:
    """It happened: nothing is refused but nonsense. ``known``: position of the newest fact."""
    if not (1 <= ask.upto <= known and ask.bytes > 0):
        raise invalid(f"upto {ask.upto} and {ask.bytes} bytes: the journal ends at {known}")
    if not _HEX.fullmatch(ask.sha256) or not _KEY.fullmatch(ask.key):
        raise invalid("sha256 wants 64 hexadecimal digits, key 16")
    fact = BackupMade(kind=ask.kind, bytes=ask.bytes, upto=ask.upto, sha256=ask.sha256, key=ask.key)
    return Decided([fact], {"upto": ask.upto})
