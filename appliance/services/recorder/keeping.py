"""Commands that make no facts: receipts from central, cosignatures, checkpoints on request, followers' positions,
links, codes of tickets."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

from appliance import log
from appliance.domain.kernel import Role
from appliance.errors import Problem, invalid
from appliance.journal import notes
from appliance.journal.records import Safe
from appliance.journal.store import Behind

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


def _hello(engine: "Engine", actor: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"box": engine.store.box, "log": engine.store.log, "pos": engine.store.pos}


_ALL: frozenset[Role] = frozenset(get_args(Role))
_UPLINK: frozenset[Role] = frozenset({"uplink", "admin"})
_DEVICE: frozenset[Role] = frozenset({"device", "admin"})
_SHOWS_TICKETS: frozenset[Role] = _DEVICE | {"staff"}
OPERATIONS: dict[str, tuple[frozenset[Role], Callable[["Engine", str, dict[str, Any]], dict[str, Any]]]] = {
    "hello": (_ALL, _hello),
    "uplink.receipt": (_UPLINK, _receipt),
    "checkpoint.cosign": (_UPLINK, _cosign),
    "checkpoint.request": (_DEVICE, _checkpoint),
    "follower.advance": (_DEVICE, _advance),
    "receipt.link": (_DEVICE, _link),
    "ticket.code": (_SHOWS_TICKETS, _ticket),
}


def run(engine: "Engine", role: Role, command: str, actor: str, data: dict[str, Any]) -> dict[str, Any]:
    """Carry one out; raises Problem. All of them may be repeated without harm, so their answers need no memory."""
    roles, operation = OPERATIONS[command]
    if role not in roles:
        raise Problem("role", f"{command} is not for the {role} socket")
    return operation(engine, actor, data)
