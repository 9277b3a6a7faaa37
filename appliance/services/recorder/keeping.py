"""Commands that make no facts: receipts from central, cosignatures, checkpoints on request, followers' positions,
links, codes of tickets, the key of backups, what a guest's claim code opens."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from appliance import log
from appliance.backup.passphrase import PUBLIC, BadKey, Recipient
from appliance.domain.guests import GUEST
from appliance.domain.kernel import STAFF, Role
from appliance.domain.site import REMEDY as SITE_REMEDY
from appliance.durable import write_durably
from appliance.errors import Problem, invalid
from appliance.journal import notes
from appliance.journal.records import Safe
from appliance.journal.store import Behind
from appliance.projections import site, tickets

if TYPE_CHECKING:
    from appliance.services.recorder.engine import Engine


logger = log.get("recorder")


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or set(data) - {key}:
        raise invalid(f"wants exactly one key {key!r} with text")
    return value


def _central(engine: "Engine") -> notes.Verifier:
    if engine.central is None:
        raise Problem(
            "bad-receipt",
            "this box does not know central's key",
            "Put the key that `boothkit central serve` prints into [central] key.",
        )
    return engine.central


def _receipt(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    note, central = _text(data, "note"), _central(engine)
    try:
        safe = engine.store.accept_receipt(note, central)
    except Behind as behind:
        logger.error("journal.behind", why=str(behind))
        engine.fall_behind()
        mark = engine.store.accept_receipt(note, central)
        return _standing(engine, mark) | {"behind": str(behind)}
    except notes.BadNote as error:
        raise Problem("bad-receipt", str(error), "Check [central] key; nothing was marked as safe.") from error
    return _standing(engine, safe)


def _standing(engine: "Engine", safe: Safe) -> dict[str, Any]:
    return {"log": safe.log, "seq": safe.seq, "pos": safe.pos, "origin": engine.store.keys.origin(safe.log)}


def _cosign(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    try:
        engine.store.cosign(_text(data, "note"), _central(engine).witness())
    except notes.BadNote as error:
        raise Problem(
            "bad-receipt", str(error), "Check [central] key; the checkpoint stays without a witness."
        ) from error
    return {}


def _checkpoint(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    return engine.checkpoint_if_news()


def _advance(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    follower, pos = data.get("follower"), data.get("pos")
    if not isinstance(follower, str) or not isinstance(pos, int) or set(data) != {"follower", "pos"}:
        raise invalid("wants follower (text) and pos (number)")
    if f"device:{follower}" != actor:
        raise Problem("role", f"{actor} may not move the position of {follower[:40]}")
    if not 0 <= pos <= engine.store.pos:
        raise invalid(f"pos {pos}: the journal ends at {engine.store.pos}")
    engine.store.advance(follower, pos)
    return {"pos": pos}


def _link(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"url": engine.receipt_link(engine.record_of_sale(_text(data, "sale")))}


def _ticket(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"code": engine.ticket_code(_text(data, "ticket"))}


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    log: int
    first: int
    last: int


def _site_sign(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    """A passage of this box's own log, signed for the other boxes of the site."""
    store = engine.store
    try:
        place = msgspec.convert(data, _Place)
        text = site.passage_text(store.db, store.keys.origin(place.log), place.log, place.first, place.last)
    except (msgspec.ValidationError, site.Refused) as error:
        raise invalid(str(error)) from error
    return {"note": store.keys.signer(place.log).sign(text)}


def _site_state(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    """How things are on this box, signed for the others."""
    store = engine.store
    text = site.state_text(store.db, store.keys.origin(store.log), engine.now().at)
    return {"note": store.keys.signer(store.log).sign(text)}


def _site_heard(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    """How things are on another box, as it signed it."""
    try:
        box, state = site.read_state(engine.store.db, engine.store.box, _text(data, "note"))
    except site.Refused as refused:
        raise Problem("bad-passage", str(refused), SITE_REMEDY) from refused
    return {"box": box, "state": state}


def _ticket_ids(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    """Take over how another box of the site names plain tickets, before this one has named any."""
    try:
        key = bytes.fromhex(_text(data, "key"))
    except ValueError as error:
        raise invalid("key: wants 64 hexadecimal digits") from error
    if len(key) != 32:
        raise invalid(f"key: wants 64 hexadecimal digits, has {2 * len(key)}")
    if engine.store.keys.has_ticket_key(key):
        return {"changed": False}
    if tickets.named(engine.store.db):
        raise Problem(
            "tickets-named",
            "this box knows tickets already, by names that would be others then",
            "Do this on a new box, before its tickets are imported.",
        )
    engine.store.keys.take_ticket_key(key)
    return {"changed": True}


def _backup_key(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    """The till makes the key of a passphrase, since argon2 never runs here, and the passphrase goes no further."""
    path, text = engine.store.keys.folder / PUBLIC, _text(data, "key")
    try:
        if text:
            write_durably(path, Recipient.parse(text).text().encode(), 0o644)
            logger.info("backup.key_set", actor=actor)
        return {"key": Recipient.parse(path.read_text(encoding="ascii", errors="replace")).fingerprint}
    except FileNotFoundError:
        return {"key": ""}
    except BadKey as error:
        raise invalid(str(error), error.remedy) from error


def _whose(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    return engine.asking.whose(data)


def _about(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    return engine.asking.about(data)


def _vouchers(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    return engine.asking.vouchers(data)


def _hello(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"box": engine.store.box, "log": engine.store.log, "pos": engine.store.pos}


_ALL: frozenset[Role] = frozenset(get_args(Role))
_UPLINK: frozenset[Role] = frozenset({"uplink", "admin"})
_DEVICE: frozenset[Role] = frozenset({"device", "admin"})
_SHOWS: frozenset[Role] = _DEVICE | {"staff"}
OPERATIONS: dict[str, tuple[frozenset[Role], Callable[["Engine", str, dict[str, Any]], dict[str, Any]]]] = {
    "hello": (_ALL, _hello),
    "ticket.ids": (frozenset({"admin"}), _ticket_ids),
    "site.sign": (_UPLINK, _site_sign),
    "site.state": (_UPLINK, _site_state),
    "site.heard": (_UPLINK, _site_heard),
    "uplink.receipt": (_UPLINK, _receipt),
    "checkpoint.cosign": (_UPLINK, _cosign),
    "checkpoint.request": (_DEVICE, _checkpoint),
    "follower.advance": (_DEVICE, _advance),
    "guest.whose": (GUEST, _whose),
    "guest.about": (GUEST, _about),
    "guest.vouchers": (GUEST, _vouchers),
    "backup.key": (STAFF, _backup_key),
    "receipt.link": (_SHOWS, _link),
    "ticket.code": (_SHOWS, _ticket),
}


def run(engine: "Engine", role: Role, command: str, actor: str, data: dict[str, Any]) -> dict[str, Any]:
    """Carry one out; raises Problem. All of them may be repeated without harm, so their answers need no memory."""
    roles, operation = OPERATIONS[command]
    if role not in roles:
        raise Problem("role", f"{command} is not for the {role} socket")
    return operation(engine, actor, data)
