"""The kit check as the page and the API of the till do it: what a person answered, and what the box saw by then."""

import hashlib
from collections.abc import Mapping
from typing import Any

from appliance.domain.kitplan import Place
from appliance.errors import Problem, invalid
from appliance.ids import new_id
from appliance.projections import checklist as engine
from appliance.projections import kitlooks, kitwords
from appliance.projections.checklist import Checklist
from appliance.projections.kitlooks import Around
from web.till import auth
from web.till.deps import deps

_ASKED: Mapping[str, tuple[str, ...]] = {
    "begin": (),
    "ask": ("kit", "step", "device"),
    "check": ("kit", "step", "device", "outcome", "reason"),
    "finish": ("kit",),
    "sheet": ("kit",),
}
"""By what can be done: what a person says with it."""


def around() -> Around:
    """The box beside its journal, now."""
    it = deps()
    return kitlooks.around(it.reader, it.run, it.config, it.clock(), box=it.box)


def checklist(place: Around) -> Checklist | None:
    """The newest check."""
    return engine.checklist(deps().reader.db(), place)


def do(verb: str, said: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Begin, ask, check, finish, or print the sheet; the recorder's answer. Raises Problem."""
    allowed = _ASKED.get(verb)
    if allowed is None:
        raise Problem("not-found", f"nothing is called {verb[:40]!r} here", f"There are: {', '.join(_ASKED)}.")
    if unknown := sorted(set(said) - set(allowed)):
        raise invalid(f"{unknown[0][:40]!r} is not known here; allowed: {', '.join(allowed) or 'nothing'}")
    place = around()
    data: dict[str, Any] = dict(said)
    if verb == "begin":
        data["presses"] = kitlooks.pressed(place)
    if verb in ("check", "finish"):
        _record_evidence(place)
    if verb == "check":
        data["by"] = auth.staff().role
        if (lesson := kitlooks.lesson(data, place)) is not None:
            deps().client.send("device.learn", lesson, actor=auth.actor(), id=new_id("k"))
            data["proof"] = "both"
    if verb == "finish":
        data["devices"] = list(place.names)
    return deps().client.send(f"kit.{verb}", data, actor=auth.actor(), id=key).answer


def adopt(uri: str, name: str, key: str) -> dict[str, Any]:
    """Take something that a worker found into use; nothing else can be."""
    if not any((one.uri, one.name) == (uri, name) for one in around().found):
        detail = f"{name[:40]} at {uri[:120]} is not plugged in, or in use already"
        raise Problem("not-found", detail, "Plug it in; it appears on the kit page within some seconds.")
    return deps().client.send("device.adopt", {"device": name, "uri": uri}, actor=auth.actor(), id=key).answer


def drop(name: str, key: str) -> dict[str, Any]:
    """Use it no longer."""
    return deps().client.send("device.drop", {"device": name}, actor=auth.actor(), id=key).answer


def _record_evidence(place: Around) -> None:
    """What the box has seen by itself becomes a fact with the next thing that a person says."""
    found = checklist(place)
    for data in found.evident() if found is not None and found.check.ready is None else ():
        deps().client.send("kit.check", data, actor=auth.actor(), id=new_id("k"))


def key(*parts: object) -> str:
    """A command's identity for each thing that can be pressed, the same until something has happened: a double press is
    one."""
    text = "\0".join(map(str, (auth.staff().id, deps().reader.position(), *parts)))
    return "kit-" + hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def place_of(step: str | None, device: str | None) -> Place | None:
    """The step that an address names, if it names one."""
    return next((Place(name, device or "") for name in kitwords.WORDS if name == step), None)
