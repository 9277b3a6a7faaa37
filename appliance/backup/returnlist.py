"""The list of guests who want to hear of the next events, sealed so that central's key alone opens it.

The box knows central's Ed25519 key already ([central] key). Its curve is X25519's in other coordinates (RFC 7748 4.1),
so the same key takes what is sealed, as libsodium's crypto_sign_ed25519_pk_to_curve25519 does, and there is no second
one to hand out (docs/decisions/0018-a-list-for-central-alone.md). Inside is JSON:

    {"format": "boothkit-guests/1", "cell", "box", "made", "guests": [{"guest", "event", "event_name", "at",
     "consent_version", "language", "name", "email"}, …]}
"""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from appliance.backup.passphrase import BadKey
from appliance.backup.sealed import BadSeal, Readable, Sealer, key_of, read_head_of, unseal
from appliance.errors import Problem
from appliance.journal.notes import BadNote, Verifier
from appliance.journal.read import Reader
from appliance.private.people import People
from appliance.projections import events, guests

FORMAT = "boothkit-guests/1"
HEADER = "boothkit-central-key/1"
_P = 2**255 - 19
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Office:
    """Central, as somebody for whom things are sealed."""

    verifier: Verifier

    @property
    def public(self) -> bytes:
        """Its X25519 key: u = (1 + y) / (1 - y)."""
        y = int.from_bytes(self.verifier.public, "little") & (2**255 - 1)
        return ((1 + y) * pow(1 - y, _P - 2, _P) % _P).to_bytes(32, "little")

    def text(self) -> str:
        """As it stands in the head."""
        return f"{HEADER}\n{self.verifier.vkey()}\n"

    @classmethod
    def parse(cls, text: str) -> "Office":
        """The key of a head; raises BadKey."""
        lines = text.split("\n")
        if len(lines) != 3 or lines[0] != HEADER or lines[2]:
            raise BadKey("not sealed for a central")
        try:
            return cls(Verifier.parse(lines[1]))
        except BadNote as error:
            raise BadKey(f"not sealed for a central: {error}") from error


@dataclass(frozen=True)
class Made:
    """A sealed list. ``count``: of guests; ``digest``: SHA-256 (hex) of ``content``."""

    content: bytes
    count: int
    digest: str
    key: str


def make(reader: Reader, people: People, office: Verifier | None, *, cell: str, box: str, at: str) -> Made:
    """Everybody who signed up on this box and is not erased. Problem ``no-central``."""
    if office is None:
        raise Problem(
            "no-central",
            "this box knows no central, and the list is for nobody else",
            "Put the key that `boothkit central serve` prints into [central] key.",
        )
    rows = list(_rows(reader, people))
    whole = {"format": FORMAT, "cell": cell, "box": box, "made": at, "guests": rows}
    out = io.BytesIO()
    sealer = Sealer(Office(office), out)
    sealer.write(json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode())
    sealer.close()
    content = out.getvalue()
    return Made(content, len(rows), hashlib.sha256(content).hexdigest(), office.vkey())


def _rows(reader: Reader, people: People) -> Iterator[dict[str, str]]:
    db = reader.db()
    known, names = dict(people.search("")), {event.event: event.name for event in events.every(db)}
    for one in guests.kept(db):
        said = known.get(one.ref)
        if said is not None:  # erased this very moment
            yield {
                "guest": one.guest,
                "event": one.event,
                "event_name": names.get(one.event, ""),
                "at": one.at,
                "consent_version": one.version,
                "language": one.language,
                "name": said.get("name", ""),
                "email": said.get("email", ""),
            }


def file_name(box: str, day: str) -> str:
    """What the file is called; it tells nothing of who is in it."""
    return f"guests-{box}-{day}.sealed"


def open_list(file: Readable, key: Ed25519PrivateKey) -> dict[str, Any]:
    """What is in a sealed list, with central's own key. Raises BadSeal."""
    head = read_head_of(file, Office.parse)
    if head.recipient.verifier.public != key.public_key().public_bytes_raw():
        raise BadSeal(f"sealed for {head.recipient.verifier.vkey()}, which is another central")
    # The private half as RFC 8032 5.1.5 makes it of the seed; X25519 clamps it itself.
    private = X25519PrivateKey.from_private_bytes(hashlib.sha512(key.private_bytes_raw()).digest()[:32])
    whole = bytearray()
    for piece in unseal(file, head, key_of(head, private)):
        whole += piece
        if len(whole) > _LARGEST:
            raise BadSeal("longer than any list of guests")
    try:
        found = json.loads(whole)
    except ValueError as error:
        raise BadSeal(f"no list of guests: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadSeal("no list of guests of this version")
    return found
