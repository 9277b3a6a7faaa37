"""The box's own keys: one Ed25519 seed for its logs, one HMAC key for identities of commands, one for claim codes of
guests, one for identities of tickets that are plain codes, which the boxes of a site share; files of mode 0600 under
DATA/keys."""

import hmac
import secrets
from pathlib import Path

from appliance.domain.guests import ALPHABET, CODE_CHARS
from appliance.durable import write_durably
from appliance.errors import BoothkitError
from appliance.journal import notes

_TICKETS = "ticket.key"


class BadKeys(BoothkitError):
    """A key file does not hold a key."""

    remedy = "Restore DATA/keys from the backup; without it the box starts a new log."


class BoxKeys:
    """``signer(log)`` signs that log's checkpoints."""

    def __init__(self, box: str, folder: Path) -> None:
        self._box = box
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._seed = _secret(folder / "box.key")
        self._mac = _secret(folder / "command.key")
        self._tickets = _secret(folder / _TICKETS)
        self._claims = _secret(folder / "claim.key")
        self._signers: dict[int, notes.Signer] = {}

    @property
    def folder(self) -> Path:
        """DATA/keys."""
        return self._folder

    def origin(self, log: int) -> str:
        """``boothkit/<box>/<log>``."""
        return f"boothkit/{self._box}/{log}"

    def signer(self, log: int) -> notes.Signer:
        """The signer of one log: the name is its origin."""
        if log not in self._signers:
            self._signers[log] = notes.Signer(self.origin(log), self._seed)
        return self._signers[log]

    def publish(self, log: int) -> None:
        """Add the log's verifier key to box.pub, newest last; the same again changes nothing."""
        path = self._folder / "box.pub"
        line = self.signer(log).verifier.vkey()
        known = path.read_text().splitlines() if path.exists() else []
        if line not in known:
            write_durably(path, "".join(f"{key}\n" for key in [*known, line]).encode(), 0o644)

    def digest(self, canonical: bytes) -> bytes:
        """HMAC-SHA256 over a command's canonical bytes: what tells the same identity with other content apart."""
        return hmac.digest(self._mac, b"command\x00" + canonical, "sha256")

    def plain_ticket(self, code: str) -> str:
        """The id of a ticket that is a plain code: an HMAC (hex, 128 bits), so that the journal never holds the
        code."""
        return hmac.digest(self._tickets, b"ticket\x00" + code.encode(), "sha256").hex()[:32]

    def claim_code(self, guest: str) -> str:
        """The claim code of a guest: 50 bits that follow from the id, so that no file holds them."""
        bits = int.from_bytes(hmac.digest(self._claims, b"code\x00" + guest.encode(), "sha256"))
        return "".join(ALPHABET[bits >> 5 * place & 31] for place in range(CODE_CHARS))

    def claim_mark(self, code: str) -> str:
        """What a fact holds in place of a claim code: an HMAC (hex, 128 bits)."""
        return hmac.digest(self._claims, b"mark\x00" + code.encode(), "sha256").hex()[:32]

    def has_ticket_key(self, key: bytes) -> bool:
        """Whether ids of plain tickets are made with this key already."""
        return hmac.compare_digest(key, self._tickets)

    def take_ticket_key(self, key: bytes) -> None:
        """From now on ids of plain tickets are those of the box that this key is from."""
        write_durably(self._folder / _TICKETS, (key.hex() + "\n").encode(), 0o600)
        self._tickets = key


def _secret(path: Path) -> bytes:
    if not path.exists():
        write_durably(path, (secrets.token_hex(32) + "\n").encode(), 0o600)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """32 bytes in hexadecimal digits. BadKeys; OSError."""
    try:
        seed = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise BadKeys(f"{path}: wants 64 hexadecimal digits") from error
    if len(seed) != 32:
        raise BadKeys(f"{path}: wants 64 hexadecimal digits, has {2 * len(seed)}")
    return seed
