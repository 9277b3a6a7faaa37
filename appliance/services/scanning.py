"""The worker of the door: a scanner's code becomes a verdict, and the verdict a light at the same gate."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from appliance.journal.client import Answer, RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.devicehost import DeviceHost, Outbox
from appliance.services.run import Loop
from appliance.services.signals import CrowdLamp, Indicator, KitTests
from drivers.device import Device, Event, Scan, Signal

OWNS = ("scanner", "indicator-door", "indicator-beeper")
KIT_CODE = "BOOTHKIT-KIT-"
"""How the code of a kit check begins: it is nobody's ticket."""
PATIENCE_S = 2.0
"""For the recorder's answer; then somebody has to come, and it is asked again."""
LATE_S = 10.0
"""After so many seconds somebody else may stand at the gate: a verdict is written down, and lights nothing."""


class Door:
    """Codes on their way to a verdict. ``show``: light an indicator now.

    While a verdict is awaited the gate asks for a person. A code that waits and is held up again is the same scan, at
    its newest time: otherwise the recorder, back again, would admit it and refuse it a moment later. Only the newest
    scan of a gate lights anything, and only within ten seconds.
    """

    def __init__(
        self,
        outbox: Outbox,
        loop: Loop,
        indicators: Callable[[], dict[str, Indicator]],
        show: Callable[[Indicator, Signal], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox, self._loop, self._now = outbox, loop, now
        self._indicators, self._show = indicators, show
        self._waiting: dict[tuple[str, str], int] = {}
        self._newest: dict[str, tuple[int, float]] = {}
        self._count = 0
        self.counters: Counter[str] = Counter()

    def scanned(self, scanner: str, code: str) -> None:
        """A code was read."""
        gate = scanner.partition("-")[2] or "door"
        if not len(self._outbox):
            self._waiting.clear()  # what was refused as malformed has no answer
        number = self._waiting.get((gate, code))
        again = number is not None
        if number is None:
            self._count += 1
            number = self._waiting[gate, code] = self._count
        self._newest[gate] = number, self._now()
        if again:
            self.counters["repeats"] += 1
            self._light(gate, "attention")
            return
        command = "kit.scan" if code.startswith(KIT_CODE) else "ticket.scan"
        data = {"code": code, "gate": gate}
        self._outbox.send(command, data, actor=f"device:{scanner}", then=partial(self._decided, gate, code))
        if self._waiting.get((gate, code)) == number:
            self.counters["waits"] += 1
            self._light(gate, "attention")
            if not len(self._outbox):
                self._calm_later(gate, number)

    def _decided(self, gate: str, code: str, answer: Answer) -> None:
        number = self._waiting.pop((gate, code), None)
        newest, at = self._newest[gate]
        if number != newest:
            return
        if self._now() - at <= LATE_S:
            self._light(gate, signal_of(answer.answer))
        else:
            self.counters["late"] += 1
            self._calm_later(gate, newest)

    def _calm_later(self, gate: str, number: int) -> None:
        """Nobody knows who waits now; the door's screen shows what was decided."""

        def calm() -> None:
            if self._newest[gate][0] == number:
                self._light(gate, "off")

        self._loop.call_later(LATE_S, calm)

    def _light(self, gate: str, signal: Signal) -> None:
        for device in at_gate(gate, self._indicators()):
            self._show(device, signal)

    def page(self) -> dict[str, Any]:
        """For the board."""
        return {"door": dict(self.counters)}


def signal_of(answer: dict[str, Any]) -> Signal:
    """What a verdict looks like. One that wants more than a light asks for a person."""
    match answer.get("verdict"):
        case "admitted" | "badge_ok":
            return "admitted"
        case "refused" | "badge_refused":
            return "refused"
        case "exited":
            return "exited"
        case "kit":
            return "test"
        case _:
            return "attention"


def at_gate(gate: str, indicators: dict[str, Indicator]) -> list[Indicator]:
    """Lamps and beepers of a gate: those of the same name after `door` or `beeper`, else all of them."""
    found: list[Indicator] = []
    for group in ("door", "beeper"):
        ours = {name: one for name, one in indicators.items() if name.startswith(f"indicator-{group}")}
        here = [one for name, one in ours.items() if _place(name.partition("-")[2], group) == _place(gate, "door")]
        found += here or ours.values()
    return found


def _place(name: str, group: str) -> str:
    """`door-left` → `left`, `left` → `left`, `door` → ``."""
    first, _, rest = name.partition("-")
    return rest if first == group else name


def main(ctx: WorkerContext) -> int:
    """Read the scanners, ask the recorder, light the door."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device", timeout=PATIENCE_S)
    outbox = Outbox(client, loop, ctx.name)

    def take(device: Device, event: Event) -> None:
        if isinstance(event, Scan):
            door.scanned(device.name, event.code)

    host = DeviceHost(ctx, loop, OWNS, outbox, take)

    def indicators() -> dict[str, Indicator]:
        return {name: device for name, device in host.devices.items() if isinstance(device, Indicator)}

    def show(device: Indicator, signal: Signal) -> None:
        device.show(signal)
        host.step(device)

    door = Door(outbox, loop, indicators, show)
    tests, crowd = KitTests(), CrowdLamp(show)

    def look() -> None:
        for device in tests.due(host.wanted.asked, indicators()):
            show(device, "test")
        crowd.look(host.wanted.crowded, indicators())

    def start() -> None:
        host.start()
        loop.every(1.0, look)

    host.extra = door.page
    code = loop.run(start)
    host.close()
    client.close()
    return code
