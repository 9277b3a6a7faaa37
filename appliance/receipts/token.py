"""A receipt's signed token and address: what the QR on the paper carries (docs/tokens.md)."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.domain import tokens
from appliance.journal.records import Record
from appliance.receipts import face


def token(record: Record, key: Ed25519PrivateKey) -> str:
    """The token (base64url) of a ``sale.completed`` fact: the box's promise that this fact, with this leaf, is in its
    log.

    Deterministic: asked for again, it is the same.
    """
    body, data = record.body, record.body["data"]
    cti = hashlib.sha256(body["id"].encode()).digest()[:12]
    more = {
        tokens.ORIGIN: f"boothkit/{body['box']}/{body['log']}",
        tokens.SEQ: body["seq"],
        tokens.LEAF: record.leaf,
        tokens.NUMBER: data["number"],
        tokens.TOTAL: data["total"],
        tokens.CURRENCY: data["currency"],
        tokens.FACE: face.digest(face.text({**data, "at": body["at"]})),
    }
    receipt = tokens.Token("receipt", cti.hex(), body["event"], data["sale"], more=more)
    return tokens.url_text(tokens.sign(receipt, key))


def address(public_url: str, text: str) -> str:
    """Where a receipt is shown: ``<public_url>/r/<token>``."""
    return f"{public_url.rstrip('/')}/r/{text}"
