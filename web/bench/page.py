"""The page for people: every control is a form that posts and comes back; the script only saves the reload."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from appliance.errors import Problem, invalid
from web.bench.controls import REMEDY, Controls, carry_out
from web.bench.pad import Pad, Pick
from web.common.problems import fault_of

SHOWN = 12
"""Slips on the page; the rest is in the JSON."""

_PEOPLE = 1
_MINUS = "\N{MINUS SIGN}"
_NBSP = "\N{NO-BREAK SPACE}"
_PICKS: tuple[Pick, ...] = ("again", "unknown", "noise")


@dataclass(frozen=True)
class Slider:
    """One value of the battery monitor; the ends move apart when a script sets more than usual."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    icon: str = ""
    value: float = 0

    def at(self, value: float) -> "Slider":
        """The same with its value."""
        low, high = min(self.low, value), max(self.high, value)
        return Slider(self.name, self.label, self.unit, low, high, self.step, self.icon, value)

    @property
    def words(self) -> str:
        """Such as ``−1.4 A``."""
        digits = 1 if self.step < 1 else 0
        return f"{self.value:.{digits}f}{_NBSP}{self.unit}".replace("-", _MINUS)


SLIDERS = (
    Slider("pv_watts", "Sun", "W", 0, 120, 1, "sun"),
    Slider("soc", "State of charge", "%", 0, 100, 1, "battery"),
    Slider("volts", "Battery", "V", 10, 15, 0.1),
    Slider("amps", "Into the battery", "A", -10, 10, 0.1),
)
PLUGS = (("printer", "Printer"), ("scanner", "Scanner"), ("beam", "Beam"), ("power", "Solar charger"))
_DEVICE_OF = {"printer": "printer", "scanner": "scanner-door", "beam": "footfall", "power": "power"}


@dataclass
class Said:
    """What the bench has to say about the last try, at the section where it was made."""

    section: str = ""
    problem: Problem | None = None
    form: dict[str, str] = field(default_factory=dict)


def blueprint(controls: Controls, pad: Pad, start: str) -> Blueprint:
    """``start`` names this start of the bench."""
    page = Blueprint("page", __name__)

    def view(said: Said) -> dict[str, Any]:
        state = controls.state()
        slips = controls.receipts()
        return {
            **state,
            "sliders": [slider.at(state["power"][slider.name]) for slider in SLIDERS],
            "plugs": [(name, label, state["devices"][_DEVICE_OF[name]]) for name, label in PLUGS],
            "lists": pad.lists,
            "last": pad.last,
            "said": said,
            "code": said.form.get("code", ""),
            "people": said.form.get("people", _PEOPLE),
            "slips": [_slip(slip, start) for slip in reversed(slips[-SHOWN:])],
            "slip_count": len(slips),
            "kicks": sum(slip["drawer_kicks"] for slip in slips),
            "start": start,
        }

    @page.get("/")
    def bench() -> Response:
        """The whole bench; with ``If-None-Match`` only when something has changed. The wire is left out of the tag: it
        changes all the time, and is asked for by itself."""
        seen = view(Said())
        tag = hashlib.sha256(json.dumps(seen, default=str).encode()).hexdigest()[:16]
        if request.if_none_match.contains(tag):
            response = Response(status=304)
        else:
            response = make_response(render_template("bench.html", **seen, wire=_wire(controls)))
        response.set_etag(tag)
        return response

    @page.get("/wire")
    def wire() -> str:
        """The last bytes of each cable."""
        return render_template("_wire.html", wire=_wire(controls))

    def form(section: str, act: Callable[[dict[str, str]], None]) -> None:
        def post() -> Response:
            values = request.form.to_dict()
            try:
                act(values)
            except Problem as problem:
                said = Said(section, problem, values)
                html = render_template("bench.html", **view(said), wire=_wire(controls))
                return make_response(html, fault_of(problem).status)
            return make_response(redirect(url_for("page.bench", _anchor=section), 303))

        page.add_url_rule(f"/hands/{section}", section, post, methods=["POST"])

    form("scanner", lambda values: _scan(pad, values))
    form("beam", lambda values: _walk(controls, values))
    form("printer", lambda values: carry_out(controls.printer, **_switches(values)))
    form("power", lambda values: carry_out(controls.power, **_numbers(values)))
    form("lead", lambda values: carry_out(controls.button, values.get("press") == "hold"))
    form("plugs", lambda values: _plug(controls, values))
    form("calm", lambda values: _calm(controls))
    return page


def _scan(pad: Pad, values: dict[str, str]) -> None:
    if (list_ := values.get("list")) is not None:
        pad.next_of(list_)
    elif (wanted := values.get("pick")) is not None:
        for which in _PICKS:
            if which == wanted:
                return pad.pick(which)
        raise invalid(f"pick is one of {', '.join(_PICKS)}, not {wanted[:40]!r}", REMEDY)
    else:
        pad.scan(values.get("code", ""))


def _walk(controls: Controls, values: dict[str, str]) -> None:
    if values.get("walk") == "back":
        carry_out(controls.turn_back, "in")
        return
    people = values.get("people", "").strip()
    if not (people.isascii() and people.isdigit() and len(people) <= 6):
        raise invalid(f"people is a whole number, not {people[:40]!r}", REMEDY)
    carry_out(controls.beam, values.get("walk"), int(people))


def _switches(values: dict[str, str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {key: values[key] for key in ("paper", "cover", "drawer", "behaviour") if key in values}
    if "online" in values:
        wanted["online"] = values["online"] == "yes"
    return wanted


def _numbers(values: dict[str, str]) -> dict[str, float]:
    wanted = {}
    for slider in SLIDERS:
        if (text := values.get(slider.name)) is not None:
            try:
                wanted[slider.name] = float(text)
            except ValueError:
                raise invalid(f"{slider.name} is a number, not {text[:40]!r}", REMEDY) from None
    return wanted


def _plug(controls: Controls, values: dict[str, str]) -> None:
    if "pull" in values:
        carry_out(controls.unplug, values["pull"])
    else:
        carry_out(controls.plug, values.get("plug"))


def _calm(controls: Controls) -> None:
    for device, _ in PLUGS:
        carry_out(controls.plug, device)
    carry_out(controls.printer, paper="ok", cover="closed", online=True, drawer="closed", behaviour="normal")


def _slip(slip: dict[str, Any], start: str) -> dict[str, Any]:
    """Its picture has one address for ever once it is cut, another one with each line until then."""
    version = start if slip["cut"] else f"{start}-{len(slip['text'])}-{len(slip['qr'])}"
    return {**slip, "png": url_for("api.picture", number=slip["id"], v=version)}


def _wire(controls: Controls) -> list[tuple[str, list[dict[str, Any]]]]:
    names = dict(PLUGS)
    return [
        (names[device], [{**piece, "time": _clock(piece["at"])} for piece in pieces])
        for device, pieces in controls.wire().items()
    ]


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%H:%M:%S}"
