"""A second implementation of the evidence, from docs/evidence.md alone: hashlib, json, base64, sqlite3 and Ed25519,
none of our code."""

import base64
import hashlib
import json
import sqlite3
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def tree_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, written as the definition reads: recursive."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree_root(leaves[:k]) + tree_root(leaves[k:])).digest()


def check(folder: Path) -> dict[int, int]:
    """Verify a copy of a journal; facts by log. Raises AssertionError with what is wrong."""
    keys = {}
    for line in (folder / "keys" / "box.pub").read_text().splitlines():
        name, _, rest = line.partition("+")
        ident, _, encoded = rest.partition("+")
        raw = base64.b64decode(encoded)
        assert raw[0] == 1
        assert len(raw) == 33
        assert hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() == ident
        keys[name] = (bytes.fromhex(ident), raw[1:])
    db = sqlite3.connect(f"file:{folder / 'journal.db'}?mode=ro", uri=True)
    try:
        facts = db.execute("SELECT pos, log, seq, id, body, leaf FROM fact ORDER BY pos").fetchall()
        checkpoints = db.execute("SELECT log, size, note FROM checkpoint").fetchall()
    finally:
        db.close()
    leaves: dict[int, list[bytes]] = {}
    origins: dict[int, str] = {}
    for number, (pos, log, seq, ident, text, leaf) in enumerate(facts, 1):
        assert pos == number, f"position {pos} at place {number}"
        body = json.loads(text)
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert canonical == text, f"{ident} is not canonical"
        assert (body["log"], body["seq"], body["id"]) == (log, seq, ident)
        own = leaves.setdefault(log, [])
        assert seq == len(own) + 1
        assert hashlib.sha256(b"\x00" + text.encode()).digest() == leaf, f"leaf of {ident}"
        own.append(leaf)
        origins[log] = f"boothkit/{body['box']}/{log}"
    for log, size, note in checkpoints:
        text, _, signatures = note.partition("\n\n")
        origin, count, root = text.split("\n")
        assert origin == origins[log]
        assert int(count) == size
        assert base64.b64decode(root) == tree_root(leaves[log][:size]), f"root at {size}"
        dash, name, encoded = signatures.strip().split(" ")
        raw = base64.b64decode(encoded)
        ident, public = keys[origin]
        assert (dash, name, raw[:4]) == ("—", origin, ident)
        Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], (text + "\n").encode())
    return {log: len(own) for log, own in leaves.items()}
