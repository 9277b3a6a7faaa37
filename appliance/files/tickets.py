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
)

from appliance.domain import tokens
from appliance.durable import write_durably
from appliance.errors import DataError
from appliance.journal.keys import BoxKeys


def event_key(folder: Path, event: str, *, create: bool) -> Ed25519PrivateKey:
    """The key that signs an event's tickets: FOLDER/event-EVENT.key (PKCS #8, 0600) with its .pub beside it."""
    path = folder / f"event-{event}.key"
    if not path.exists():
        if not create:
            raise DataError(f"{path}: there is no such key", remedy="boothkit tickets keygen")
        key = Ed25519PrivateKey.generate()
        write_durably(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    loaded = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(loaded, Ed25519PrivateKey):
        raise DataError(f"{path}: not an Ed25519 key")
    public = folder / f"event-{event}.pub"
    if not public.exists():
        pem = loaded.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_durably(public, pem, 0o644)
    return loaded


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


def columns(text: str) -> dict[str, str]:
    """``code=Barcode,holder=Name`` → which column is what; raises DataError."""
    chosen = {}
    for part in text.split(","):
        role, equals, column = part.partition("=")
        if not equals or role.strip() not in ("code", "holder") or not column.strip():
            raise DataError(
                f"--columns {text!r}: wants code=COLUMN,holder=COLUMN", remedy="Name the file's own headers."
            )
        chosen[role.strip()] = column.strip()
    if "code" not in chosen:
        raise DataError(f"--columns {text!r}: names no column for the code", remedy="Add code=COLUMN.")
    return chosen


def read_codes(path: Path, wanted: dict[str, str]) -> list[tuple[str, str]]:
    """(code, holder or "") of each row; raises DataError with file, line and what is wrong."""
    raw = path.read_bytes()
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not {encoding}", remedy="Save the file as UTF-8.") from error
    first = text.partition("\n")[0]
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    headers = table.fieldnames or []
    if wanted["code"] not in headers:
        raise DataError(
            f"{path}: no column {wanted['code']!r}; it has {', '.join(headers) or 'none'}",
            remedy="Name the right one with --columns code=…",
        )
    rows = []
    for row in table:
        found = (row[wanted["code"]] or "").strip()
        if not found:
            continue
        if len(found) > tokens.MAX_TEXT or not found.isprintable():
            raise DataError(f"{path}, line {table.line_num}: a code has at most {tokens.MAX_TEXT} printable characters")
        rows.append((found, (row.get(wanted.get("holder", "")) or "").strip()))
    return rows


def ticket_id(text: str, keys: BoxKeys) -> str:
    """The id of a ticket given as its id, its signed code, or a plain code."""
    if 16 <= len(text) <= 64 and all(c in "0123456789abcdef" for c in text):
        return text
    if text.startswith(tokens.PREFIX):
        try:
            return tokens.read_unverified(text).id
        except tokens.Unreadable as error:
            raise DataError(
                f"not a readable ticket: {error}", remedy="Give the whole code, or the ticket's id."
            ) from error
    return keys.plain_ticket(text)
