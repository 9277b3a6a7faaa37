"""Once a second: the plans that the lead accepted go to the cameras, and what the counters say of themselves, and of a
place that is empty, goes to the recorder."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from appliance import log
from appliance.services.devicehost import Outbox
from appliance.services.footfall import plans
from appliance.services.footfall.gatherer import Gatherer
from appliance.services.wanted import Wanted
from drivers.device import Device, Judgement
from drivers.vision.plan import BadPlan, Plan

EMPTY_S = 60.0
"""A place in which nobody is seen for so long is empty."""
STEADY_S = 10.0
"""Between two words of a counter on itself: a view on the edge does not fill the journal."""
SEES = ("online", "degraded")
"""States of a device that sees."""


@runtime_checkable
class Judging(Device, Protocol):
    """A counter that knows how far it may be believed."""

    def judgement(self) -> Judgement:
        """Its view or its beams, now."""


@runtime_checkable
class Planned(Device, Protocol):
    """A counter that counts what it is told to."""

    @property
    def inside(self) -> Mapping[str, int]:
        """Zone → people in it now."""

    def plan(self, plan: Plan | None) -> None:
        """Count this from now on; None: as configured."""


class Watch:
    """``devices``: those there are now; ``wanted``: what the journal wants of them; ``now``: monotonic seconds."""

    def __init__(
        self,
        devices: Mapping[str, Device],
        wanted: Callable[[], Wanted],
        gatherer: Gatherer,
        outbox: Outbox,
        now: Callable[[], float],
    ) -> None:
        self._devices, self._wanted, self._gatherer, self._outbox, self._now = devices, wanted, gatherer, outbox, now
        self._log = log.get("footfall")
        self._told: dict[str, tuple[Device, dict[str, object]]] = {}
        self._plans: dict[str, Plan] = {}
        self._judged: dict[str, tuple[str, Judgement, float]] = {}
        self._empty: dict[str, tuple[float, int, bool]] = {}

    def look(self) -> None:
        """All of it."""
        wanted = self._wanted()
        for name, device in self._devices.items():
            if isinstance(device, Planned):
                self._plan(name, device, wanted.counting.get(name))
                self._look_for_people(name, device)
            if isinstance(device, Judging):
                self._judge(name, device, wanted.event)

    def _plan(self, name: str, device: Planned, told: dict[str, object] | None) -> None:
        """Once for each plan and device: one that was plugged in again is told again."""
        before = self._told.get(name)
        if before is None and told is None:
            return
        if before is not None and before[0] is device and before[1] == (told or {}):
            return
        try:
            plan = None if told is None else plans.read(told)
        except BadPlan as error:
            self._log.error("plan.unusable", device=name, why=str(error))
            plan = None
        self._gatherer.hand_over(name)
        device.plan(plan)
        self._told[name] = device, told or {}
        self._plans[name] = plan or Plan()
        self._empty = {zone: seen for zone, seen in self._empty.items() if not zone.startswith(f"{name}/")}

    def _judge(self, name: str, device: Judging, event: str) -> None:
        """What it says when that changes, and in every new event; while it learns it says nothing."""
        now, said = self._now(), device.judgement()
        if said.verdict == "learning" or device.life.state not in SEES:
            return
        if (before := self._judged.get(name)) is not None:
            same = (before[1].verdict, before[1].reasons) == (said.verdict, said.reasons)
            if before[0] == event and (same or now - before[2] < STEADY_S):
                return
        self._judged[name] = event, said, now
        data: dict[str, Any] = {"device": name, "verdict": said.verdict, "reasons": list(said.reasons)}
        data |= {"hidden_permille": said.hidden_permille, "illegal_permille": said.illegal_permille}
        self._outbox.send("counter.judge", data, actor=f"device:{name}")

    def _look_for_people(self, name: str, device: Planned) -> None:
        """A zone that is the whole place and has been empty for a minute, while nobody crossed anything: told once,
        until somebody moves."""
        sees = device.life.state == "online" and self._trusted(device)
        for zone in self._plans.get(name, Plan()).zones:
            place = f"{name}/{zone.name}"
            if not zone.whole:
                continue
            if not sees or device.inside.get(zone.name, 1):
                self._empty.pop(place, None)
                continue
            since, moved, told = self._empty.get(place, (self._now(), self._gatherer.moved, False))
            if moved != self._gatherer.moved:
                since, moved, told = self._now(), self._gatherer.moved, False
            if not told and self._now() - since >= EMPTY_S:
                self._gatherer.hand_over()
                self._outbox.send("occupancy.seen_empty", {"zone": place}, actor=f"device:{name}")
                told = True
            self._empty[place] = since, moved, told

    def _trusted(self, device: Device) -> bool:
        return not isinstance(device, Judging) or device.judgement().verdict == "good"
