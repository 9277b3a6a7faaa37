"""Stored facts → one message: a batch of CloudEvents 1.0 (its JSON format, §4), the bodies byte for byte."""

import zlib
from collections.abc import Sequence

from appliance.journal.read import Stored

CONTENT_TYPE = "application/cloudevents-batch+json"
MOST = 100
"""Events in one batch."""

ENCODING = "deflate"
_END = '"'
USUAL_BYTES = 64 * 1024
"""A batch ends before this, so that a slow line is not blocked for long; a single larger fact goes alone."""


class FactTooLarge(Exception):
    """One fact alone makes a message beyond what the broker takes; everything behind it waits."""

    def __init__(self, fact: Stored, size: int, limit: int) -> None:
        super().__init__(f"the fact at position {fact.pos} needs a message of {size} bytes, the broker takes {limit}")


def event(fact: Stored) -> bytes:
    """One CloudEvent; ``data`` is the stored text itself, so that central hashes what the journal hashed.

    Box and kind are cut out of the text, because parsing it was most of the work of sending. In canonical form the box
    comes before anything that somebody typed, and behind the kind there are only numbers; ids, boxes and kinds are of
    letters that JSON leaves as they are.
    """
    body = fact.body
    box = body.index('"box":"') + 7
    kind = body.rindex('"kind":"') + 8
    source = f"boothkit/{body[box : body.index(_END, box)]}/{fact.log}"
    return (
        f'{{"specversion":"1.0","id":"{fact.id}","source":"{source}",'
        f'"type":"org.boothkit.{body[kind : body.index(_END, kind)]}","seq":{fact.seq},"pos":{fact.pos},"data":{body}}}'
    ).encode()


def batch(facts: Sequence[Stored], limit: int) -> tuple[bytes, int]:
    """The longest message of at most ``limit`` bytes from the first fact on, and how many facts it holds.

    Raises FactTooLarge when not even one fits.
    """
    limit_now = min(limit, USUAL_BYTES)
    parts: list[bytes] = []
    size = 1
    for fact in facts[:MOST]:
        part = event(fact)
        if size + len(part) + 1 > limit_now:
            if parts:
                break
            if size + len(part) + 1 > limit:
                raise FactTooLarge(fact, size + len(part) + 1, limit)
        parts.append(part)
        size += len(part) + 1
    return b"[" + b",".join(parts) + b"]", len(parts)


def deflated(payload: bytes) -> bytes:
    """The same in the zlib format (RFC 1950), which HTTP calls deflate: about an eighth for a full batch."""
    return zlib.compress(payload, 6)
