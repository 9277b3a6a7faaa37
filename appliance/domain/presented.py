"""What a code is, before any rule of the door is applied: one of our tokens, a ticket of pretix, or a plain code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.domain import pretix, tokens
from appliance.domain.pretix import PretixTicket


@dataclass(frozen=True)
class PretixKey:
    """A public key that signs tickets of pretix, and the events that they are for: one shop may sell for several."""

    public: Ed25519PublicKey
    events: frozenset[str]


@dataclass(frozen=True)
class Presented:
    """What was shown at the door.

    ``ticket``: the id under which the box knows it (a token's cti, else the HMAC of the code); None when nothing that
    may be trusted says so. ``fault``: it claims to be signed and cannot be read, or no key of this box made its
    signature; ``scope`` is then what it claims. ``events``: those that it is for, empty when it does not say.
    """

    ticket: str | None
    form: Literal["token", "pretix", "plain", "picked"] = "plain"
    fault: Literal["unreadable", "bad_signature"] | None = None
    events: frozenset[str] = frozenset()
    scope: str = ""
    token: tokens.Token | None = None
    pretix: PretixTicket | None = None


def identity(code: str, plain_id: str) -> str:
    """The id of the ticket that a code names, whoever signed it: for naming a ticket, never for trusting it.
    ``plain_id``: as for ``present``."""
    if not code.startswith(tokens.PREFIX):
        return plain_id
    try:
        return tokens.read_unverified(code).id
    except tokens.Unreadable:
        return plain_id


def picked(ticket: str) -> Presented:
    """A ticket that a person found by its holder's name, and chose."""
    return Presented(ticket, "picked")


def present(
    code: str,
    plain_id: str,
    keys: Callable[[], Mapping[bytes, Ed25519PublicKey]],
    pretix_keys: Callable[[], Mapping[bytes, PretixKey]],
) -> Presented:
    """What ``code`` is. ``plain_id``: the HMAC under which it is known when it is no token of ours; keys by kid, asked
    for only when the code is signed."""
    if not code or len(code) > tokens.MAX_TEXT or not code.isprintable():
        return Presented(None, fault="unreadable")
    if code.startswith(tokens.PREFIX):
        return _token(code, keys())
    if pretix.claims_to_be(code):
        return _pretix(code, plain_id, pretix_keys())
    return Presented(plain_id)


def _token(code: str, keys: Mapping[bytes, Ed25519PublicKey]) -> Presented:
    try:
        token = tokens.read(code, keys)
    except tokens.Unreadable:
        return Presented(None, "token", "unreadable")
    except tokens.UntrustedToken as error:
        return Presented(None, "token", "bad_signature", frozenset({error.event}), error.scope)
    return Presented(token.id, "token", events=frozenset({token.event}), scope=token.scope, token=token)


def _pretix(code: str, plain_id: str, keys: Mapping[bytes, PretixKey]) -> Presented:
    """The id stays that of the text: a shop's list of codes and its signatures name the same ticket."""
    try:
        ticket = pretix.read(code, {kid: key.public for kid, key in keys.items()})
    except tokens.Unreadable:
        return Presented(plain_id, "pretix", "unreadable")
    except pretix.Untrusted:
        return Presented(plain_id, "pretix", "bad_signature")
    return Presented(plain_id, "pretix", events=keys[ticket.kid].events, pretix=ticket)
