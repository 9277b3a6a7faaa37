"""A folder of TOML files → the bundle of a policy. Every fault names file, key, what was found, what is allowed.

`policy.toml` says version, scope and until when; `guardrails.toml`, `catalogue.toml` or `.csv`, `ticket-keys.toml`,
`revoked.toml`, `peers.toml` and `clearance.toml` are the sections, each of which may be missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from appliance.central.keyring import Keyring
from appliance.clock import rfc3339
from appliance.domain.guardrails import Guardrails
from appliance.domain.policy import Clearance, Peer, Revoked, TicketKey
from appliance.errors import DataError, Problem
from appliance.files import catalogue, tables
from appliance.files import policy as policyfile
from appliance.files.bundle import Bundle
from appliance.files.landing.folder import read as read_page
from appliance.journal.notes import b64

DAY_MS = 86_400_000
DAYS = 90
"""A bundle is good for so long when nobody says until when."""
_SECTIONS = {
    "guardrails.toml": "guardrails",
    "catalogue.toml": "catalogue",
    "catalogue.csv": "catalogue",
    "ticket-keys.toml": "ticket_keys",
    "revoked.toml": "revoked",
    "peers.toml": "peers",
    "clearance.toml": "clearances",
}
_HEAD = "policy.toml"


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)] | None = None
    scope: str | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None
    expires: str | None = None


class _KeyRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    event: str
    key: str | None = None
    file: str | None = None


class _Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: tuple[_KeyRow, ...] = ()


class _Peers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    peers: Literal["enrolled"] | None = None
    peer: tuple[Peer, ...] = ()


class _ClearanceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    by: str
    digest: str | None = None
    folder: str | None = None
    until: str | None = None


class _Clearances(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clearance: tuple[_ClearanceRow, ...] = ()


@dataclass(frozen=True)
class Options:
    """What the command line says; it goes before policy.toml."""

    version: int | None = None
    scope: str | None = None
    days: int | None = None


def read(folder: Path, options: Options, keyring: Keyring, now_ms: int) -> Bundle:
    """The bundle that a folder describes. DataError."""
    found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    known = {_HEAD, *_SECTIONS}
    extra = [name for name in found if name not in known and Path(name).suffix in (".toml", ".csv")]
    if extra:
        raise DataError(f"{folder / extra[0]}: unknown file; allowed are {', '.join(sorted(known))}")
    if {"catalogue.toml", "catalogue.csv"} <= set(found):
        raise DataError(f"{folder}: there is catalogue.toml and catalogue.csv; keep one of them")
    head = tables.convert(folder / _HEAD, tables.read(folder / _HEAD), _Head) if _HEAD in found else _Head()
    if head.version is None and options.version is None:
        raise DataError(f"{folder / _HEAD}: version is missing", remedy="Name one that is higher than any before.")
    expires = _expires(folder / _HEAD, options, head, now_ms)
    scope = options.scope or head.scope or "*"
    version = options.version or head.version
    said: dict[str, Any] = {"kind": "policy", "version": version, "scope": scope, "expires": expires}
    tables.convert(folder / _HEAD, {**said, "data": {}}, Bundle)
    readers: dict[str, Callable[[Path], Any]] = {
        "guardrails": lambda path: tables.convert(path, tables.read(path), Guardrails),
        "catalogue": _catalogue,
        "ticket_keys": _ticket_keys,
        "revoked": lambda path: tables.convert(path, tables.read(path), Revoked),
        "peers": lambda path: _peers(path, scope, keyring),
        "clearances": _clearances,
    }
    data: dict[str, Any] = {}
    for name in found:
        if (section := _SECTIONS.get(name)) is not None:
            data[section] = msgspec.to_builtins(readers[section](folder / name))
    bundle: Bundle = tables.convert(folder / _HEAD, {**said, "data": data}, Bundle)
    try:
        policyfile.read(bundle)
    except Problem as problem:
        raise DataError(f"{folder}: {problem.detail}") from problem
    return bundle


def _expires(path: Path, options: Options, head: _Head, now_ms: int) -> str:
    if options.days is None and head.expires is not None:
        if head.days is not None:
            raise DataError(f"{path}: days and expires; keep one of them")
        return head.expires
    return rfc3339(now_ms + (options.days or head.days or DAYS) * DAY_MS)


def _catalogue(path: Path) -> dict[str, Any]:
    rows, currency = catalogue.read_stated(path)
    return {"items": rows, **({"currency": currency} if currency else {})}


def _ticket_keys(path: Path) -> list[TicketKey]:
    """``key`` in base64, or ``file``: a PEM such as a box's DATA/keys/event-EVENT.pub, beside the TOML."""
    found = []
    for number, row in enumerate(tables.convert(path, tables.read(path), _Keys).key, 1):
        where = f"{path}: key {number} ({row.event!r})"
        if (row.key is None) == (row.file is None):
            raise DataError(f"{where}: wants key or file, one of them")
        found.append(TicketKey(event=row.event, key=row.key or _pem(where, path.parent / (row.file or ""))))
    return found


def _pem(where: str, path: Path) -> str:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{where}: {path}: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise DataError(f"{where}: {path}: wants an Ed25519 key, found {type(key).__name__}")
    return b64(key.public_bytes_raw())


def _clearances(path: Path) -> list[Clearance]:
    """``digest`` as ``boothkit landing digest`` says it, or ``folder``: the very pages that were looked at, beside the
    TOML."""
    found = []
    for number, row in enumerate(tables.convert(path, tables.read(path), _Clearances).clearance, 1):
        if (row.digest is None) == (row.folder is None):
            raise DataError(f"{path}: clearance {number}: wants digest or folder, one of them")
        digest = row.digest or read_page(path.parent / (row.folder or "")).digest
        found.append(Clearance(digest=digest, by=row.by, until=row.until))
    return found


def _peers(path: Path, scope: str, keyring: Keyring) -> list[Peer]:
    """As they stand there, or all of the cell that central knows."""
    said = tables.convert(path, tables.read(path), _Peers)
    if said.peers is None:
        return list(said.peer)
    if said.peer:
        raise DataError(f'{path}: peers = "enrolled" and [[peer]]; keep one of them')
    if scope == "*":
        raise DataError(f'{path}: peers = "enrolled" wants a scope of one cell; found "*"')
    cell = scope.partition("/")[0]
    boxes = [box for box in keyring.boxes() if box.cell == cell]
    return [Peer(box=box.box, keys=tuple(key.vkey() for key in keyring.keys(box))) for box in boxes]
