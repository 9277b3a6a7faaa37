"""The worker of the footfall counters: who comes and goes and how long people stay become facts in small batches."""

from appliance.journal.client import RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.devicehost import DeviceHost, Outbox
from appliance.services.footfall.asking import Asking
from appliance.services.footfall.gatherer import Gatherer
from appliance.services.footfall.spool import Spool
from appliance.services.footfall.watch import Watch
from appliance.services.run import Loop


def main(ctx: WorkerContext) -> int:
    """Count until SIGTERM; what was gathered by then is handed over."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    outbox = Outbox(client, loop, ctx.name)
    gatherer = Gatherer(ctx.clock, loop, outbox, Spool(ctx.run, ctx.name))
    host = DeviceHost(ctx, loop, ("footfall",), outbox, gatherer.take)
    asking = Asking(loop, ctx.run, host.devices)
    host.device_extra = asking.page
    watch = Watch(host.devices, lambda: host.wanted, gatherer, outbox, loop.now)

    def start() -> None:
        gatherer.begin()
        watch.look()
        host.start()
        loop.every(1.0, watch.look)

    code = loop.run(start)
    gatherer.hand_over()
    asking.close()
    host.close()
    client.close()
    return code
