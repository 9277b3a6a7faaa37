"""What the box sees of each step of the kit check: its devices' pages, its clock, its journal."""

import math
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from appliance import board
from appliance.clock import Now
from appliance.config import Config
from appliance.domain.kitplan import Place, StepName
from appliance.journal.read import Reader
from appliance.language import N_
from appliance.projections import devices, door, kitwords, status
from appliance.projections.kit import Check

_PAPER = {
    "printed": N_("The printer confirmed the slip."),
    "unconfirmed": N_("The slip was sent; this printer cannot confirm it."),
    "unknown": N_("The printer went silent in the middle of the slip."),
    "not_printed": N_("The printer says that nothing came out."),
}
_TRUST = {
    "ntp": "set by the network",
    "rtc": "set by its own battery clock",
    "phone": "set from a phone",
    "none": "nobody has set it",
}


_MIDWAY_S = 2.0
"""Somebody who broke a beam less than so long ago may still be on the way to the other one."""


@dataclass(frozen=True)
class Seen:
    """What the box sees of a step now. ``enough``: it has passed without a person; ``ready``: a person can answer;
    ``waits``: the device is at it; ``trouble``: why it cannot pass as it is, with ``remedy``."""

    words: str
    enough: bool = False
    ready: bool = True
    waits: bool = False
    trouble: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Found:
    """Something that is plugged in and nobody uses, as a worker's page shows it."""

    kind: str
    name: str
    uri: str
    what: str
    certain: bool


@dataclass(frozen=True)
class Around:
    """The box beside its journal. ``state``: as ``GET /status``; ``devices``: what the workers' pages show of each,
    ``found``: plugged in and not used."""

    state: Mapping[str, Any]
    devices: Mapping[str, Mapping[str, Any]]
    found: tuple[Found, ...]
    names: tuple[str, ...]
    adopted: Mapping[str, str]
    now: Now
    portal: str


@dataclass(frozen=True)
class Desk:
    """What the looks at the steps need."""

    db: sqlite3.Connection
    check: Check
    around: Around
    asked: Mapping[Place, int]
    slips: Mapping[str, str | None]

    def since(self, place: Place) -> int:
        """The position from which on a step counts: its question, else the beginning of the check."""
        return self.asked.get(place, self.check.pos)


def around(reader: Reader, run: Path, config: Config, now: Now, *, box: str) -> Around:
    """The box as it is now; raises RecorderDown."""
    db, pages = reader.db(), board.read_all(run)
    shown: dict[str, Mapping[str, Any]] = {}
    for page in pages.values():
        told = page.get("devices")
        for name, device in told.items() if isinstance(told, dict) else ():
            if isinstance(device, dict):
                shown[name] = device
    adopted = devices.wanted(db)["adopted"]
    names = tuple(dict.fromkeys([*config.devices, *adopted]))
    state = status.status(reader, run, config, now, box=box)
    return Around(state, shown, _found(pages), names, adopted, now, config.portal.public_url)


def _found(pages: Mapping[str, Mapping[str, Any]]) -> tuple[Found, ...]:
    """Pages are other processes' ground: what is not of the right shape is left out. A port that may be several things
    is there once for each."""
    found: dict[tuple[str, str], Found] = {}
    for page in pages.values():
        told = page.get("found")
        for one in told if isinstance(told, list) else ():
            match one:
                case {"kind": str(kind), "name": str(name), "uri": str(uri), "what": str(what), "certain": bool(sure)}:
                    found[kind, uri] = Found(kind, name, uri, what, sure)
                case _:
                    pass
    return tuple(sorted(found.values(), key=lambda one: (not one.certain, one.kind, one.uri)))


def look(place: Place, desk: Desk) -> Seen:
    """What the box sees of one step."""
    return _LOOKS[place.step](place, desk)


def _power(place: Place, desk: Desk) -> Seen:
    power = desk.around.state["power"]
    parts = []
    if power["volts"] is not None:
        parts.append(f"battery {power['volts']:.1f} V")
    if power["soc"] is not None:
        parts.append(f"{power['soc']:.0f} % full")
    if power.get("pv_watts") is not None:
        parts.append(f"sun {power['pv_watts']:.0f} W")
    words = ", ".join(parts)
    sources = [name for name in desk.around.names if name.partition("-")[0] == "power"]
    for name in sources:
        if (trouble := _trouble(name, desk.around)) is not None:
            return replace(trouble, words=words or trouble.words)
    if words:
        return Seen(words[:1].upper() + words[1:], enough=True)
    return Seen("Waiting for the first reading." if sources else "No charger, battery or meter is in use.")


def _clock(place: Place, desk: Desk) -> Seen:
    clock = desk.around.state["clock"]
    words = f"The box's clock: {_TRUST[clock['trust']]}"
    if clock["trust"] == "none":
        return Seen(words, trouble="The clock is not trusted", remedy=kitwords.WORDS["clock"].help[0])
    return Seen(words, enough=True)


def _printer(place: Place, desk: Desk) -> Seen:
    if not place.device:
        return _none("printer", desk)
    trouble = _trouble(place.device, desk.around)
    if place.device not in desk.slips:
        return trouble or Seen(_told(place.device, desk), ready=False)
    outcome = desk.slips[place.device]
    if outcome is None:
        return replace(trouble or Seen("The slip is being printed."), ready=False, waits=True)
    if outcome == "not_printed":
        told = trouble or Seen("", trouble=_PAPER[outcome], remedy=kitwords.WORDS["printer"].help[0])
        return replace(told, words=_PAPER[outcome], ready=False)
    return Seen(_PAPER[outcome])


def _drawer(place: Place, desk: Desk) -> Seen:
    level = drawer_level(place.device, desk.around)
    if level is None:
        return Seen("The printer does not tell how its drawer's sensor is.")
    return Seen(f"The drawer's sensor is {level} now.")


def drawer_level(printer: str, place: Around) -> Literal["high", "low"] | None:
    """The level of a printer's drawer sensor now."""
    match place.devices.get(printer, {}).get("drawer"):
        case "high":
            return "high"
        case "low":
            return "low"
        case _:
            return None


def lesson(said: Mapping[str, Any], place: Around) -> dict[str, str] | None:
    """Data of ``device.learn`` that an answer (data of ``kit.check``) holds: a drawer that a person has shut shows what
    its sensor says then."""
    if (said.get("step"), said.get("outcome")) != ("drawer", "passed"):
        return None
    printer = said.get("device")
    level = drawer_level(printer, place) if isinstance(printer, str) else None
    return None if level is None else {"device": str(printer), "what": "drawer_closed", "value": level}


def _scanner(place: Place, desk: Desk) -> Seen:
    if not place.device:
        return _none("scanner", desk)
    return _trouble(place.device, desk.around) or Seen(_told(place.device, desk))


def _footfall(place: Place, desk: Desk) -> Seen:
    row = desk.db.execute(
        "SELECT coalesce(sum(in_), 0) AS came, coalesce(sum(out), 0) AS went FROM p_crossing "
        "WHERE (line = ? OR line LIKE ? || '/%') AND pos > ?",
        (place.device, place.device, desk.since(place)),
    ).fetchone()
    came, went = row["came"], row["went"]
    words = f"Counted {came} in, {went} out."
    if came:
        return Seen(words, enough=True)
    wiring = desk.around.devices.get(place.device, {}).get("wiring")
    told = wiring if isinstance(wiring, dict) else {}
    if went:
        remedy = kitwords.WORDS["footfall"].help[3]
        if turned := told.get("turned"):
            remedy = (
                f'Write {place.device} = "{turned}" below [devices] in the configuration, then start the box again.'
            )
        return Seen(words, trouble="It counts people out who walk in", remedy=remedy)
    return _trouble(place.device, desk.around) or _beams(words, place, desk, told) or Seen(words)


def _beams(words: str, place: Place, desk: Desk, wiring: Mapping[str, Any]) -> Seen | None:
    """What is wrong with a pair of beams that has counted nobody since it was asked to."""
    device = desk.around.state["devices"][place.device]
    if device["state"] == "degraded":
        reason = device["reason"]
        return Seen(words, trouble=reason[:1].upper() + reason[1:], remedy=device.get("remedy", ""))
    match wiring:
        case {"broken": [first, second], "lines": [int(one), int(other)], "illegal": illegal}:
            since = _seconds_since(place, desk)
        case _:
            return None
    if _within(since, illegal):
        return Seen(
            words,
            trouble="Both beams change at once",
            remedy="Give each beam a line of its own, and turn the emitters so that each lights its own sensor only.",
        )
    seen = [_within(since, first), _within(since, second)]
    if all(seen) or not any(seen) or _within(_MIDWAY_S, first) or _within(_MIDWAY_S, second):
        return None
    dark, line = (2, other) if seen[0] else (1, one)
    return Seen(
        words,
        trouble=f"Beam {dark} (GPIO{line}) was not broken",
        remedy="Is its sensor plugged in, and is its light where people walk, as high as the other beam's?",
    )


def _within(seconds: float, ago: object) -> bool:
    return isinstance(ago, int | float) and ago <= seconds


def _seconds_since(place: Place, desk: Desk) -> float:
    """From when on a step counts until now; over a restart of the box everything counts."""
    now, asked = desk.around.now, desk.since(place)
    row = desk.db.execute("SELECT boot, mono FROM p_kit_moment WHERE pos = ?", (asked,)).fetchone()
    return (now.mono - row["mono"]) / 1e6 if row and row["boot"] == now.boot else math.inf


def _shown(place: Place, desk: Desk) -> Seen:
    """Lights, beepers, relays: only a person knows."""
    trouble = _trouble(place.device, desk.around)
    return trouble or Seen(_told(place.device, desk), ready=place in desk.asked)


def _button(place: Place, desk: Desk) -> Seen:
    count = presses(place.device, desk.around)
    if count not in (0, desk.check.presses.get(place.device, 0)):
        return Seen("Pressed.", enough=True)
    return _trouble(place.device, desk.around) or Seen("Not pressed yet.")


def pressed(place: Around) -> list[dict[str, Any]]:
    """``presses`` of ``kit.begin``: every button's counter now."""
    buttons = [name for name in place.names if name.partition("-")[0] == "button"]
    return [{"button": name, "count": presses(name, place)} for name in buttons]


def presses(button: str, place: Around) -> int:
    """How often a button was pressed since its worker started, as the board shows it."""
    counters = place.devices.get(button, {}).get("counters")
    count = counters.get("presses") if isinstance(counters, dict) else None
    return status.safe_int(count, 0)


def _wifi(place: Place, desk: Desk) -> Seen:
    portal = desk.around.state["workers"].get("portal")
    if portal is None or portal["state"] != "ready":
        why = "The guests' page is not running" if portal is None else f"The guests' page: {portal['reason']}"
        return Seen(why, trouble=why, remedy="Wait a moment; the box starts it again by itself.")
    return Seen(f"The guests' page runs at {desk.around.portal}.")


def _keys(place: Place, desk: Desk) -> Seen:
    state = desk.around.state
    counts = door.counts(desk.db)
    total = sum(count["total"] for count in counts.values())
    parts = [f"{total} tickets on {len(counts)} lists" if counts else "no tickets"]
    parts.append("central's key is known" if state["fingerprints"]["central"] else "central's key is not known")
    parts.append("a policy" if state["policy"] else "no policy")
    words = ", ".join(parts)
    return Seen(words[:1].upper() + words[1:] + ".")


def _sale(place: Place, desk: Desk) -> Seen:
    row = desk.db.execute(
        "SELECT s.number, (SELECT outcome FROM p_receipt r WHERE r.sale = s.sale ORDER BY copy LIMIT 1) AS outcome "
        "FROM p_sale s WHERE s.pos > ? ORDER BY s.pos DESC LIMIT 1",
        (desk.check.pos,),
    ).fetchone()
    if row is None:
        return Seen("No sale since this check began.", ready=False)
    if row["outcome"] == "printed":
        return Seen(f"Sale {row['number']}, and its receipt is printed.", enough=True)
    return Seen(f"Sale {row['number']}; its receipt is not confirmed.")


_LOOKS: Mapping[StepName, Callable[[Place, Desk], Seen]] = {
    "power": _power,
    "clock": _clock,
    "printer": _printer,
    "drawer": _drawer,
    "scanner": _scanner,
    "footfall": _footfall,
    "indicator": _shown,
    "relay": _shown,
    "button": _button,
    "wifi": _wifi,
    "keys": _keys,
    "sale": _sale,
}


def _trouble(name: str, place: Around) -> Seen | None:
    """A device that is not well, in its own words."""
    device = place.state["devices"].get(name)
    if device is None:
        return Seen("", trouble="It has said nothing yet", remedy="Wait some seconds.", ready=False)
    if device["state"] in ("online", "degraded", "connecting"):
        return None
    words = device["reason"] or device["state"]
    return Seen(words, trouble=words[:1].upper() + words[1:], remedy=device.get("remedy", ""), ready=False)


def _told(name: str, desk: Desk) -> str:
    words = desk.around.state["devices"].get(name, {}).get("reason") or "It is there."
    return str(words[:1].upper() + words[1:])


def _none(kind: str, desk: Desk) -> Seen:
    """No device of this kind is in use."""
    found = [one for one in desk.around.found if one.kind == kind]
    if found:
        return Seen(
            f"Found: {found[0].what}", trouble="Found, and not in use yet", remedy="Take it into use.", ready=False
        )
    return Seen(f"No {kind} is plugged in.", trouble=f"No {kind} is plugged in", remedy="Plug it in.", ready=False)
