"""Facts as a box would store and send them, made by hand, so that a test can make what no box makes."""

import json
from collections.abc import Sequence
from typing import Any

from appliance.central.service import Received
from appliance.journal import codec, merkle, notes

SEED = bytes(range(32))


def body(seq: int, kind: str = "clock.stepped/1", data: dict[str, Any] | None = None, **other: Any) -> bytes:
    """The canonical bytes of a fact of box-7, log 1; ``mono`` also counts the seconds of its day."""
    second = other.get("mono", seq)
    envelope = {
        "actor": "box:test",
        "at": f"2026-11-23T{18 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000Z",
        "boot": "b0",
        "box": "box-7",
        "clock": "ntp",
        "command": f"c{seq}",
        "data": {"by_ms": seq, "source": "ntp"} if data is None else data,
        "event": "ev1",
        "id": f"c{other.get('log', 1)}-{seq}.0",
        "kind": kind,
        "log": 1,
        "mono": seq,
        "seq": seq,
        **other,
    }
    return codec.encode(envelope)


def started(
    log: int = 1, previous: dict[str, Any] | None = None, seed: bytes = SEED, mono: int = 1, **other: Any
) -> bytes:
    """The first fact of a log."""
    key = signer(log, seed).verifier.vkey()
    reason = "new" if previous is None else "restore"
    data = {"log": log, "reason": reason, "previous": previous, "key": key}
    return body(1, "log.started/1", data, log=log, mono=mono, **other)


def stretch(first: int, last: int, mono: int, *, log: int = 1, **other: Any) -> list[bytes]:
    """Facts ``first`` to ``last``, one a second from ``mono`` on; no other stretch has the same."""
    return [
        body(
            seq, data={"by_ms": mono, "source": "rtc"}, log=log, id=f"m{mono}-{seq}.0", mono=mono + seq - first, **other
        )
        for seq in range(first, last + 1)
    ]


def after(log: int, bodies: Sequence[bytes], mono: int, facts: int = 3, past: int = 1, **other: Any) -> list[bytes]:
    """A log that goes on after ``bodies``, the facts of log ``past``."""
    before = head(bodies, past)
    first = started(log, {"log": past, "size": before.size, "root": before.root.hex()}, mono=mono, **other)
    return [first, *stretch(2, facts, mono + 1, log=log, **other)]


def sale(seq: int, total: int, mono: int, **other: Any) -> bytes:
    """A sale of ``total``."""
    vat = [{"rate": "0.19", "net": total - 1, "tax": 1, "gross": total}]
    data = {
        "sale": f"s{mono}",
        "number": f"1-{seq}",
        "drawer": "d1",
        "currency": "EUR",
        "lines": [
            {"sku": "CUP", "name": "Cup", "qty": 1, "unit_price": total, "discount": 0, "total": total, "vat": "0.19"}
        ],
        "tenders": [{"kind": "cash", "amount": total + 50}],
        "total": total,
        "rounding": 0,
        "change": 50,
        "vat": vat,
        "training": False,
    }
    return body(seq, "sale.completed/1", data, mono=mono, id=f"s{mono}.0", **other)


def journal(size: int) -> list[bytes]:
    """The bodies of log 1."""
    return [started(), *(body(seq) for seq in range(2, size + 1))]


def event(raw: bytes, shift: int = 0, **other: Any) -> bytes:
    """One CloudEvent around a body; ``shift``: pos − seq."""
    fact = json.loads(raw)
    head = {
        "specversion": "1.0",
        "id": fact["id"],
        "source": f"boothkit/{fact['box']}/{fact['log']}",
        "type": f"org.boothkit.{fact['kind']}",
        "seq": fact["seq"],
        "pos": fact["seq"] + shift,
        **other,
    }
    return json.dumps(head)[:-1].encode() + b',"data":' + raw + b"}"


def batch(bodies: Sequence[bytes], shift: int = 0, topic: str = "boothkit/1/cell/box-7/facts") -> Received:
    """A message with these facts."""
    return Received(topic, b"[" + b",".join(event(each, shift) for each in bodies) + b"]")


def signer(log: int = 1, seed: bytes = SEED) -> notes.Signer:
    """The box's key under the name of one log."""
    return notes.Signer(f"boothkit/box-7/{log}", seed)


def head(bodies: Sequence[bytes], log: int = 1) -> notes.TreeHead:
    """The tree head over bodies."""
    return notes.TreeHead(f"boothkit/box-7/{log}", len(bodies), merkle.root_of(codec.leaf_hash(b) for b in bodies))


def checkpoint(bodies: Sequence[bytes], log: int = 1, seed: bytes = SEED) -> Received:
    """A message with the signed tree head over bodies."""
    return Received("boothkit/1/cell/box-7/checkpoint", signer(log, seed).sign(head(bodies, log).text()).encode())
