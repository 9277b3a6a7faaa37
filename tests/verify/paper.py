"""A box's log with sales in it, and what can be handed out of it, right or spoilt."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.domain import tokens
from appliance.journal import codec, merkle, notes
from appliance.journal.records import Record
from appliance.receipts import face
from appliance.receipts.token import token

SEED = bytes(range(0x20))
CENTRAL = notes.Signer("boothkit/central", bytes(range(0x20, 0x40)))
STRANGER = notes.Signer("boothkit/central", bytes(range(0x60, 0x80)))
WHEN = 1_795_464_000  # 23 November 2026, 20:00 UTC


def line(seq: int) -> dict[str, Any]:
    """What was sold in fact ``seq``."""
    made = {"maker": "Harbour Lane", "lot": "L/04", "gtin": "9506000134352"}
    return {"name": "Cup", "qty": 1, "unit_price": 448 + seq, "discount": 0, "total": 448 + seq, "vat": "0.07", **made}


class Log:
    """``size`` facts: the start of the log, then sales of 450 cents and more."""

    def __init__(self, size: int = 9, *, box: str = "box-7", log: int = 1, seed: bytes = SEED) -> None:
        self.signer = notes.Signer(f"boothkit/{box}/{log}", seed)
        self.vkey = self.signer.verifier.vkey()
        self.box, self.log = box, log
        self.bodies = [self._body("log.started/1", 1, {"key": self.vkey, "reason": "first"})]
        for seq in range(2, size + 1):
            data = {"sale": f"s{seq}", "number": f"{log}-{seq - 1}", "total": 448 + seq, "currency": "EUR"}
            data |= {"lines": [line(seq)], "vat": []}
            self.bodies.append(self._body("sale.completed/1", seq, data))
        self.leaves = [codec.leaf_hash(codec.encode(body)) for body in self.bodies]

    def _body(self, kind: str, seq: int, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "box": self.box,
            "log": self.log,
            "seq": seq,
            "id": f"c{seq}.0",
            "kind": kind,
            "event": "e",
            "at": "2026-11-23T20:00:00.000Z",
            "data": data,
        }

    def code(self, seq: int = 3, key: Ed25519PrivateKey | None = None) -> str:
        """The receipt's token."""
        return token(Record(seq, self.bodies[seq - 1], self.leaves[seq - 1]), key or self.signer.private)

    def face(self, seq: int = 3) -> str:
        """The text of the receipt's items."""
        body = self.bodies[seq - 1]
        return face.text({**body["data"], "at": body["at"]})

    def raw(self, seq: int = 3) -> bytes:
        """The receipt's token as bytes."""
        return tokens._unwrap(self.code(seq))

    def note(self, size: int | None = None, *witnesses: notes.Signer) -> str:
        """The checkpoint over the first ``size`` facts, cosigned."""
        size = size or len(self.leaves)
        head = notes.TreeHead(self.signer.verifier.name, size, merkle.root_of(self.leaves[:size]))
        note = self.signer.sign(head.text())
        for witness in witnesses:
            note = witness.cosign(note, WHEN)
        return note

    def proof(self, seq: int = 3, *witnesses: notes.Signer, size: int | None = None, extra: bytes | None = None) -> str:
        """The proof file that the portal gives; ``extra`` empty: none."""
        size = size or len(self.leaves)
        path = merkle.inclusion_proof(self.leaves[:size], seq - 1)
        held = self.raw(seq) if extra is None else extra
        return notes.proof_text(seq - 1, path, self.note(size, *witnesses), held or None)

    def first(self, *witnesses: notes.Signer) -> str:
        """The proof of the log's first fact, which names the box's key."""
        return self.proof(1, *witnesses, extra=codec.encode(self.bodies[0]))
