"""Keys of tickets: those in DATA/keys (PEM, Ed25519), read again when the folder changes, ``event-*.pub`` for our own
tickets and ``pretix-EVENT-KID.pub`` for those of pretix; and those of the policy in force."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from appliance import log
from appliance.domain.policy import TicketKey, public_key
from appliance.domain.presented import PretixKey
from appliance.domain.tokens import key_kid
from appliance.files.tickets import event_key

logger = log.get("recorder")
KINDS = ("event-", "pretix-")
"""How the names of their files begin."""


class TicketKeys:
    """Public keys by kid. ``policy``: the keys of the policy in force."""

    def __init__(self, folder: Path, policy: Callable[[], tuple[TicketKey, ...]] = tuple) -> None:
        self._folder = folder
        self._policy = policy
        self._said: tuple[TicketKey, ...] = ()
        self._of_policy: dict[bytes, Ed25519PublicKey] = {}
        self._seen: tuple[tuple[str, int], ...] | None = None
        self._own: dict[bytes, Ed25519PublicKey] = {}
        self._pretix: dict[bytes, PretixKey] = {}

    def public(self) -> Mapping[bytes, Ed25519PublicKey]:
        """Those of our own tickets that are there now."""
        self._look()
        said = self._policy()
        if said != self._said:
            keys = [Ed25519PublicKey.from_public_bytes(public_key(key)) for key in said]
            self._of_policy = {key_kid(key.public_bytes_raw()): key for key in keys}
            self._said = said
        return {**self._of_policy, **self._own} if self._of_policy else self._own

    def pretix(self) -> Mapping[bytes, PretixKey]:
        """Those of pretix that are there now."""
        self._look()
        return self._pretix

    def signer(self, event: str) -> Ed25519PrivateKey:
        """The key of an event's tickets, made when it has none yet."""
        return event_key(self._folder, event, create=True)

    def _look(self) -> None:
        """A file that is no key is left out and named in the log."""
        with os.scandir(self._folder) as entries:
            found = [one for one in entries if one.name.startswith(KINDS) and one.name.endswith(".pub")]
            seen = tuple(sorted((one.name, one.stat().st_mtime_ns) for one in found))
        if seen == self._seen:
            return
        self._seen, self._own, self._pretix = seen, {}, {}
        for name, _ in seen:
            try:
                key = load_pem_public_key((self._folder / name).read_bytes())
            except (ValueError, OSError) as error:
                logger.warning("ticketkey.unreadable", file=name, error=type(error).__name__)
                continue
            if not isinstance(key, Ed25519PublicKey):
                logger.warning("ticketkey.unreadable", file=name, error=type(key).__name__)
                continue
            kid = key_kid(key.public_bytes_raw())
            if name.startswith("event-"):
                self._own[kid] = key
            else:
                event = name.removeprefix("pretix-").rpartition("-")[0]
                known = self._pretix.get(kid, PretixKey(key, frozenset()))
                self._pretix[kid] = PretixKey(key, known.events | {event})
