"""Ticket files and keys on disk: event keys (PEM), codes as CSV."""

import csv
import io
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from appliance.domain import tickets, tokens, vouchers
from appliance.domain.presented import identity
from appliance.domain.vouchers import VoucherGranted
from appliance.durable import write_durably
from appliance.errors import DataError
from appliance.journal.keys import BoxKeys


def event_key(folder: Path, event: str, *, create: bool) -> Ed25519PrivateKey:
    """The key that signs an event's tickets: FOLDER/event-EVENT.key (PKCS #8, 0600) with its .pub beside it.

    When the key was lost and another takes its place, tickets of the lost one are still accepted: its public half stays
    as event-KID.pub.
    """
    path = folder / f"event-{event}.key"
    if not path.exists():
        if not create:
            raise DataError(f"{path}: there is no such key", remedy="boothkit tickets keygen")
        key = Ed25519PrivateKey.generate()
        write_durably(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    loaded = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(loaded, Ed25519PrivateKey):
        raise DataError(f"{path}: not an Ed25519 key")
    public, pem = folder / f"event-{event}.pub", _pem(loaded)
    before = public.read_bytes() if public.exists() else None
    if before == pem:
        return loaded
    if before is not None:
        write_durably(folder / f"event-{kid_of(load_pem_public_key(before), public)}.pub", before, 0o644)
    write_durably(public, pem, 0o644)
    return loaded


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def kid(key: Ed25519PrivateKey) -> str:
    """A key's id as tokens carry it, in hex."""
    return tokens.key_kid(key.public_key().public_bytes_raw()).hex()


def kid_of(public: object, file: Path) -> str:
    """The id of a public key; raises DataError when it is not Ed25519."""
    if not isinstance(public, Ed25519PublicKey):
        raise DataError(f"{file}: wants an Ed25519 key, found {type(public).__name__}")
    return tokens.key_kid(public.public_bytes_raw()).hex()


def code(
    key: Ed25519PrivateKey, ticket: str, *, event: str, list_: str, valid_from: int | None, valid_until: int | None
) -> str:
    """What a ticket's QR carries. Times in Unix seconds."""
    return tokens.text(tokens.sign(tokens.Token("ticket", ticket, event, list_, valid_until, valid_from), key))


def access_code(
    key: Ed25519PrivateKey, token: str, *, event: str, sku: str, valid_from: int | None, valid_until: int | None
) -> str:
    """What the QR of an access token carries, which pays one piece of ``sku``. Times in Unix seconds."""
    return tokens.text(tokens.sign(tokens.Token("access", token, event, sku, valid_until, valid_from), key))


def voucher_code(key: Ed25519PrivateKey, granted: VoucherGranted, event: str) -> str:
    """What the QR of a come-back voucher carries; ``event``: that it was given at, whose key this is."""
    return tokens.text(tokens.sign(vouchers.token_of(granted, event), key))


def unix(when: object, timezone: str) -> int | None:
    """A local time at the event as Unix seconds."""
    if not isinstance(when, datetime):
        return None
    return int(when.replace(tzinfo=ZoneInfo(timezone)).timestamp())


def to_csv(rows: list[tuple[str, str, str]]) -> str:
    """``code,holder,list`` with headers."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(["code", "holder", "list"])
    table.writerows(rows)
    return out.getvalue()


def ticket_id(text: str, keys: BoxKeys) -> str:
    """The id of a ticket given as its id, its signed code, or another shop's code."""
    return text if tickets.ticket_id(text) else identity(text, keys.plain_ticket(text))
