"""The worker of battery and solar panel: every reading on the board, one a minute in the journal."""

import time
from typing import Any

from appliance.journal.client import RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.devicehost import DeviceHost, Outbox
from appliance.services.run import Loop
from drivers.device import Device, Event, PowerReading

SAMPLE_S = 60.0
_KEYS = ("soc_permille", "mv", "ma", "pv_mw", "load_mw")


class Meter:
    """The newest value of each quantity, over all power devices."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._values: dict[str, int | None] = dict.fromkeys(_KEYS)
        self._sampled: float | None = None

    def take(self, device: Device, event: Event) -> None:
        """One reading; a quantity that this device does not measure keeps the other device's value."""
        if not isinstance(event, PowerReading):
            return
        for key in _KEYS:
            if (value := getattr(event, key)) is not None:
                self._values[key] = value
        now = time.monotonic()
        if self._sampled is None or now - self._sampled >= SAMPLE_S:
            self._sampled = now
            self._outbox.send("power.sample", dict(self._values), actor=f"device:{device.name}")

    def page(self) -> dict[str, Any]:
        """For the board."""
        return {"power": dict(self._values)}


def main(ctx: WorkerContext) -> int:
    """Read until SIGTERM."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    outbox = Outbox(client, loop, ctx.name)
    meter = Meter(outbox)
    host = DeviceHost(ctx, loop, "power", outbox, meter.take)
    host.extra = meter.page
    code = loop.run(host.start)
    host.close()
    client.close()
    return code
