"""The way to central, and to the other boxes of the site: facts out over MQTT 5, receipts and cosignatures in.
`connection` alone knows paho-mqtt; a worker without a broker idles, and imports none of it.
"""

from appliance.services.context import WorkerContext
from appliance.services.run import Loop
from appliance.services.uplink.idle import Idle


def main(ctx: WorkerContext) -> int:
    """The worker: its exit code."""
    loop = Loop(ctx.name)
    if ctx.config.site.broker:
        from appliance.services.uplink.site import Site

        site = Site(ctx, loop)
    else:
        site = None
    beside = (lambda: {"site": site.shown()}) if site else dict
    if ctx.config.mqtt.broker:
        from appliance.services.uplink.worker import Uplink

        uplink: Uplink | Idle = Uplink(ctx, loop, beside)
    else:
        uplink = Idle(ctx, loop, beside)

    def start() -> None:
        uplink.start()
        if site is not None:
            site.start()

    code = loop.run(start)
    if site is not None:
        site.close()
    uplink.close()
    return code
