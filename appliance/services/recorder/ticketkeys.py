"""Keys of events' tickets: DATA/keys/event-*.pub (PEM, Ed25519), read again when the folder changes."""

from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from appliance import log
from appliance.domain.tokens import key_kid

logger = log.get("recorder")


class TicketKeys:
    """Public keys by kid."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[tuple[str, int], ...] = ()
        self._keys: dict[bytes, Ed25519PublicKey] = {}

    def public(self) -> Mapping[bytes, Ed25519PublicKey]:
        """The keys that are there now; a file that is no key is left out and named in the log."""
        seen = tuple(sorted((path.name, path.stat().st_mtime_ns) for path in self._folder.glob("event-*.pub")))
        if seen != self._seen:
            self._seen = seen
            self._keys = {}
            for name, _ in seen:
                try:
                    key = load_pem_public_key((self._folder / name).read_bytes())
                except (ValueError, OSError) as error:
                    logger.warning("ticketkey.unreadable", file=name, error=type(error).__name__)
                    continue
                if isinstance(key, Ed25519PublicKey):
                    self._keys[key_kid(key.public_bytes_raw())] = key
        return self._keys
