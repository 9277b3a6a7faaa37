"""Bytes from the broker → facts that may be stored. Nothing else looks at what a sender claims."""

import zlib
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from appliance.central.places import Box, Log, Rejected, of_origin
from appliance.domain.kernel import Fact, read_fact
from appliance.journal import codec

MOST_EVENTS = 100
LARGEST = 32 * 1024 * 1024
"""Bytes of a message, compressed or not: 100 of the longest facts, and their envelopes."""
_LONGEST_BODY = 256 * 1024
_TEXTS = ("actor", "at", "boot", "box", "clock", "command", "event", "id", "kind")
_NUMBERS = ("log", "mono", "seq")


class _Event(msgspec.Struct):
    """A CloudEvent as docs/reference/mqtt.md has it; other attributes are ignored."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    seq: int
    pos: int
    data: msgspec.Raw


@dataclass(frozen=True)
class Incoming:
    """A fact whose envelope agrees with its body: its place, the exact body, and the leaf of it. ``at``, ``boot``,
    ``mono``, ``clock``: when it happened, as the box says, and how far it trusted its clock."""

    log: Log
    seq: int
    pos: int
    id: str
    kind: str
    event: str
    at: str
    boot: str
    mono: int
    clock: str
    body: str
    leaf: bytes
    data: dict[str, Any]

    def fact(self) -> Fact | None:
        """The fact, typed; None for a kind or for data that this version does not know."""
        try:
            return read_fact(self.kind, self.data)
        except msgspec.ValidationError:
            return None


def plain(payload: bytes, encoding: str) -> bytes:
    """A payload as it was before it was compressed (`deflate`: the zlib format, RFC 1950); raises Rejected for another
    encoding, for what is none, and for what would not fit into a message."""
    if not encoding:
        return payload
    if encoding != "deflate":
        raise Rejected(f"content-encoding {encoding[:20]!r}: wants deflate")
    inflate = zlib.decompressobj()
    try:
        found = inflate.decompress(payload, LARGEST)
    except zlib.error as error:
        raise Rejected(f"not deflated: {error}") from error
    if not inflate.eof or inflate.unused_data:
        raise Rejected(f"deflated, it is cut off, goes on behind its end, or has more than {LARGEST} bytes")
    return found


def batch(payload: bytes, box: Box) -> list[Incoming | Rejected]:
    """The facts of one message in their order, each judged for itself; raises Rejected when it is no batch."""
    try:
        events = msgspec.json.decode(payload, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Rejected(f"no batch of CloudEvents: {error}") from error
    if not 1 <= len(events) <= MOST_EVENTS:
        raise Rejected(f"a batch of {len(events)} events: wants 1 to {MOST_EVENTS}")
    return [_judge(bytes(event), box) for event in events]


def _judge(raw: bytes, box: Box) -> Incoming | Rejected:
    try:
        return _event(raw, box)
    except Rejected as rejected:
        return rejected
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Rejected(f"{type(error).__name__}: {error}")


def _event(raw: bytes, box: Box) -> Incoming:
    event = msgspec.json.decode(raw, type=_Event)
    text = bytes(event.data)
    if len(text) > _LONGEST_BODY:
        raise Rejected(f"a body of {len(text)} bytes: wants at most {_LONGEST_BODY}")
    body = codec.decode(text)
    for key in _TEXTS:
        if not isinstance(body.get(key), str):
            raise Rejected(f"body: {key} is missing, or no text")
    for key in _NUMBERS:
        if type(body.get(key)) is not int:
            raise Rejected(f"body: {key} is missing, or no integer")
    if not isinstance(body.get("data"), dict):
        raise Rejected("body: data is missing, or no object")
    log = of_origin(box, event.source)
    said = (event.id, event.type, event.seq, log.number, box.box)
    meant = (body["id"], f"org.boothkit.{body['kind']}", body["seq"], body["log"], body["box"])
    for what, claimed, found in zip(("id", "type", "seq", "log", "box"), said, meant, strict=True):
        if claimed != found:
            raise Rejected(f"{what}: the envelope says {claimed!r:.80}, the body {found!r:.80}")
    if not 1 <= event.seq <= event.pos <= codec.MAX_INT:
        raise Rejected(f"seq {event.seq} and pos {event.pos}: wants 1 ≤ seq ≤ pos")
    return Incoming(
        log=log,
        seq=event.seq,
        pos=event.pos,
        id=event.id,
        kind=body["kind"],
        event=body["event"],
        at=body["at"],
        boot=body["boot"],
        mono=body["mono"],
        clock=body["clock"],
        body=text.decode(),
        leaf=codec.leaf_hash(text),
        data=body["data"],
    )


class Status(msgspec.Struct):
    """The retained ``status`` of a box; what is not known is 0 or empty."""

    online: bool
    version: str = ""
    log: int = 0
    position: int = 0
    safe: int = 0
    event: str = ""
    clock: str = ""
    key: str = ""


def status(payload: bytes) -> Status:
    """A box's status; raises Rejected."""
    if len(payload) > 4096:
        raise Rejected(f"a status of {len(payload)} bytes")
    try:
        read = msgspec.json.decode(payload, type=Status)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Rejected(f"no status: {error}") from error
    if not all(0 <= number <= codec.MAX_INT for number in (read.log, read.position, read.safe)):
        raise Rejected("a status with numbers beyond ±(2^53 − 1), or below 0")
    return read
