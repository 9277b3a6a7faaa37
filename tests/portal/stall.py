"""A whole box whose guests look at its portal, and what a script asks there."""

import base64
import hashlib
import http.client
import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.journal.client import RecorderClient
from appliance.journal.notes import Signer
from tests.demo import Demo

CENTRAL = Signer("boothkit/central", bytes(range(0x20, 0x40)))
JSON = {"Accept": "application/json"}
_ids = count(1)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def ask(url: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """One request; ``headers`` with _ for -."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class Stall:
    """The demo with a central whose key we hold."""

    def __init__(self, folder: Path) -> None:
        self.demo = Demo(folder / "box", {"BOOTHKIT_CENTRAL_KEY": CENTRAL.verifier.vkey()})
        self.demo.start()
        self.demo.login("222222")
        self.url: str = self.demo.ready["portal"]
        run = Path(self.demo.ready["run"])
        self.device, self.uplink = RecorderClient(run, "device"), RecorderClient(run, "uplink")

    def sell(self, *lines: dict[str, Any]) -> dict[str, Any]:
        """A sale for cash; the till's answer."""
        chosen = lines or ({"sku": "COFFEE", "qty": 1},)
        return self.demo.post("/sales", {"lines": list(chosen), "tenders": [{"kind": "cash", "amount": 90_000}]})

    def checkpoint(self) -> None:
        """What clockwork asks for every five minutes."""
        self.device.send("checkpoint.request", {}, actor="device:clockwork", id=f"seal-{next(_ids)}")

    def get(self, path: str, **headers: str) -> Answer:
        """What a phone asks."""
        return ask(self.url, path, **headers)

    def close(self) -> None:
        """End the box."""
        self.device.close()
        self.uplink.close()
        self.demo.stop()


def token_of(sale: dict[str, Any]) -> str:
    """The last part of a receipt's address."""
    token: str = sale["receipt"].rpartition("/r/")[2]
    return token


def verify_proof(text: str, public_keys: str, leaf: bytes) -> tuple[str, int, int]:
    """Check a proof file with hashlib and Ed25519 alone (docs/evidence.md); its origin, index and size."""
    head, _, checkpoint = text.partition("\n\n")
    header, *more = head.split("\n")
    assert header == "c2sp.org/tlog-proof@v1"
    extra = [line for line in more if line.startswith("extra ")]
    (index_line, *hashes) = more[len(extra) :]
    index = int(index_line.removeprefix("index "))
    signed, _, signatures = checkpoint.partition("\n\n")
    origin, size, root = signed.split("\n")
    node, last, digest = index, int(size) - 1, leaf
    for sibling in map(base64.b64decode, hashes):
        left = node % 2 == 1 or node == last
        digest = hashlib.sha256(b"\x01" + (sibling + digest if left else digest + sibling)).digest()
        while left and node % 2 == 0 and node:
            node, last = node // 2, last // 2
        node, last = node // 2, last // 2
    assert last == 0
    assert digest == base64.b64decode(root)
    [vkey] = [line for line in public_keys.splitlines() if line.startswith(f"{origin}+")]
    public = base64.b64decode(vkey.split("+", 2)[2])[1:]
    [own] = [line for line in signatures.splitlines() if line.startswith(f"— {origin} ")]
    signature = base64.b64decode(own.rpartition(" ")[2])[4:]
    Ed25519PublicKey.from_public_bytes(public).verify(signature, (signed + "\n").encode())
    return origin, index, int(size)
