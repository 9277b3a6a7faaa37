"""The worker of the footfall counters: crossings become facts in small batches."""

from dataclasses import dataclass

from appliance.journal.client import RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.devicehost import DeviceHost, Outbox
from appliance.services.run import Loop
from drivers.device import Crossing, Device, Event

GATHER_S = 2.0
"""Movement of one line within this time is one fact: live enough for a screen, few enough for a card."""


@dataclass
class _Batch:
    from_mono: int
    to_mono: int
    in_: int = 0
    out: int = 0


class Gatherer:
    """Counts by line, handed over two seconds after the first movement."""

    def __init__(self, ctx: WorkerContext, loop: Loop, outbox: Outbox) -> None:
        self._clock = ctx.clock
        self._loop = loop
        self._outbox = outbox
        self._batches: dict[str, _Batch] = {}

    def take(self, device: Device, event: Event) -> None:
        """One person crossed a line."""
        if not isinstance(event, Crossing):
            return
        now = self._clock().mono
        batch = self._batches.get(event.line)
        if batch is None:
            batch = self._batches[event.line] = _Batch(now, now)
            self._loop.call_later(GATHER_S, lambda: self.hand_over(event.line, device.name))
        batch.to_mono = now
        if event.direction == "in":
            batch.in_ += 1
        else:
            batch.out += 1

    def hand_over(self, line: str, device: str) -> None:
        """What was gathered becomes one fact."""
        if (batch := self._batches.pop(line, None)) is not None:
            data = {"line": line, "in": batch.in_, "out": batch.out, "from_mono": batch.from_mono}
            data |= {"to_mono": batch.to_mono, "source": "beam"}
            self._outbox.send("crossings.count", data, actor=f"device:{device}")

    def hand_over_all(self, device: str) -> None:
        """Before the worker stops."""
        for line in list(self._batches):
            self.hand_over(line, device)


def main(ctx: WorkerContext) -> int:
    """Count until SIGTERM; what was gathered by then is handed over."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    outbox = Outbox(client, loop, ctx.name)
    gatherer = Gatherer(ctx, loop, outbox)
    host = DeviceHost(ctx, loop, ("footfall",), outbox, gatherer.take)
    code = loop.run(host.start)
    gatherer.hand_over_all("footfall")
    host.close()
    client.close()
    return code
