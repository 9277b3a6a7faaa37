"""What the till may ask of a camera that counts: a blurred still, a trial of other lines, what the trial has counted.

Nothing of it is kept or logged. A picture leaves the process through `look` alone, as the camera blurred it. A trial is
held in memory and ends by itself when nobody has asked for a while.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from appliance.errors import Problem, invalid
from appliance.services.footfall import plans
from appliance.services.footfallclient import SOCKET
from appliance.services.run import Loop, Timer
from appliance.services.verbs import Verbs, unknown
from drivers.device import Device
from drivers.errors import DeviceError
from drivers.vision.plan import BadPlan, Plan
from drivers.vision.verdict import View

if TYPE_CHECKING:
    from drivers.vision.counter import Tally  # brings OpenCV along

TRIAL_S = 120.0
"""After the last question about it a trial ends."""
MOST_LINKS = 12
MOST_STILL = 64 * 1024
"""Bytes of a still: what fits a frame as base64, with room for the rest."""
LAST = 20
"""Crossings of a trial that are told one by one."""


@runtime_checkable
class Camera(Protocol):
    """What a device that sees has beside every `Device`. `planned`: what it counts with now."""

    name: str
    view: View
    people: int
    inside: Mapping[str, int]
    planned: Plan

    def look(self) -> bytes | None:
        """A blurred JPEG of now; None: there is no picture."""

    def try_(self, plan: Plan | None) -> None:
        """Begin or end a trial."""

    def tally(self) -> "Tally":
        """Of the trial."""


class OfDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of `look` and `tally`."""

    device: str


class Try(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``plan``: None: the trial is over."""

    device: str
    plan: plans.PlanTold | None = None


@runtime_checkable
class Beams(Protocol):
    """What a pair of beams has beside every `Device`."""

    beams: Sequence[str] | None
    wiring: Mapping[str, Any]


class Asking:
    """Answers `look {device}`, `try {device, plan}` and `tally {device}`."""

    def __init__(self, loop: Loop, run: Path, devices: Mapping[str, Device]) -> None:
        self._loop, self._devices = loop, devices
        self._trials: dict[str, tuple[Camera, Timer]] = {}
        self._verbs = Verbs("footfall", loop, run / SOCKET, self._answer, most=MOST_LINKS, most_each=MOST_LINKS)
        self.answer = self._verbs.answer

    def _answer(self, verb: object, data: object, user: str) -> dict[str, Any]:
        """Whoever could pass the folder may ask: on a box that is the till's user alone."""
        try:
            return self._do(verb, data)
        except DeviceError as error:
            raise Problem("busy", str(error), error.remedy) from error

    def _do(self, verb: object, data: object) -> dict[str, Any]:
        match verb:
            case "look":
                return self._look(_asked(data, OfDevice).device)
            case "try":
                asked = _asked(data, Try)
                return self._try(asked.device, asked.plan)
            case "tally":
                return self._tally(_asked(data, OfDevice).device)
            case _:
                raise unknown(verb, ["look", "try", "tally"])

    def _camera(self, name: str) -> Camera:
        device: object = self._devices.get(name)
        if device is None:
            raise Problem("not-found", f"no counter is called {name[:40]}", "See all of them on the page of footfall.")
        if not isinstance(device, Camera):
            raise Problem("no-camera", f"{name} is no camera", "Its lines follow from its wiring.")
        return device

    def _look(self, name: str) -> dict[str, Any]:
        camera = self._camera(name)
        still = camera.look()
        if still is not None and len(still) > MOST_STILL:
            still = None
        return {"jpeg": None if still is None else base64.b64encode(still).decode(), **self._told(camera)}

    def _try(self, name: str, plan: plans.PlanTold | None) -> dict[str, Any]:
        camera = self._camera(name)
        try:
            tried = None if plan is None else plans.of(plan)
        except BadPlan as error:
            raise invalid(str(error)) from error
        camera.try_(tried)
        self._forget(name)
        if tried is not None:
            self._watch(camera)
        return {}

    def _tally(self, name: str) -> dict[str, Any]:
        camera = self._camera(name)
        if self._is_tried(camera):
            self._watch(camera)
        tally, now = camera.tally(), self._loop.now()
        return {
            "crossings": {line: {"in": ways[0], "out": ways[1]} for line, ways in tally.crossings.items()},
            "last": [
                {"line": line, "direction": direction, "ago_s": max(0, int(now - at))}
                for line, direction, at in list(tally.last)[-LAST:]
            ],
            **self._told(camera),
        }

    def _told(self, camera: Camera) -> dict[str, Any]:
        return {**seen(camera), "plan": plans.tell(camera.planned), "trial": self._is_tried(camera)}

    def _is_tried(self, camera: Camera) -> bool:
        """A device that was made anew since has no trial."""
        device, _ = self._trials.get(camera.name, (None, None))
        return device is camera

    def _watch(self, camera: Camera) -> None:
        """From now on the trial has its time again."""
        self._forget(camera.name)
        self._trials[camera.name] = camera, self._loop.call_later(TRIAL_S, lambda: self._end(camera))

    def _forget(self, name: str) -> None:
        if name in self._trials:
            self._trials.pop(name)[1].cancel()

    def _end(self, camera: Camera) -> None:
        self._trials.pop(camera.name, None)
        camera.try_(None)

    def page(self, name: str) -> dict[str, Any]:
        """What the worker's board page shows of a device beside its life."""
        device: object = self._devices.get(name)
        if isinstance(device, Camera):
            return {"sees": seen(device)}
        return {"beams": device.beams, "wiring": device.wiring} if isinstance(device, Beams) else {}

    def close(self) -> None:
        """Stop answering."""
        self._verbs.close()


def _asked(data: object, shape: type[Any]) -> Any:
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error


def seen(camera: Camera) -> dict[str, Any]:
    """What it says of its view, and how many people it sees now."""
    view = camera.view
    return {
        "view": {
            "verdict": view.verdict,
            "reasons": list(view.reasons),
            "height_permille": None if view.height is None else round(view.height * 1000),
            "hidden_permille": round(view.hidden * 1000),
            "fps": round(view.fps, 1),
        },
        "people": camera.people,
        "inside": dict(camera.inside),
    }
