"""The worker of the door's scanners: a code becomes a verdict."""

from appliance.journal.client import RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.devicehost import DeviceHost, Outbox
from appliance.services.run import Loop
from drivers.device import Device, Event, Scan


def main(ctx: WorkerContext) -> int:
    """Read the scanners, ask the recorder."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    outbox = Outbox(client, loop, ctx.name)

    def take(device: Device, event: Event) -> None:
        if isinstance(event, Scan):
            gate = device.name.partition("-")[2] or "door"
            outbox.send("ticket.scan", {"code": event.code, "gate": gate}, actor=f"device:{device.name}")

    host = DeviceHost(ctx, loop, "scanner", outbox, take)
    code = loop.run(host.start)
    host.close()
    client.close()
    return code
