"""The worker of battery, sun and load: it measures, counts, looks ahead, and saves power before it is gone."""

from functools import partial
from pathlib import Path
from typing import Any

from appliance import log
from appliance.domain.power import Level
from appliance.errors import Problem
from appliance.journal.client import RecorderClient
from appliance.services import stewardclient
from appliance.services.context import WorkerContext
from appliance.services.devicehost import DeviceHost, Outbox
from appliance.services.power.keeper import Keeper, seconds
from appliance.services.power.relays import Relays
from appliance.services.power.shutdown import Outcome
from appliance.services.run import Loop
from appliance.services.signals import Button, Indicator, LeadButton, StatusLamp
from drivers.device import Device, Event, PowerReading, Press

OWNS = ("power", "relay", "button", "indicator-status")
ACTOR = "device:power"
WELL = ("online", "degraded")
"""States of a device whose readings count."""

logger = log.get("power")


def ask_to_switch_off(run: Path) -> tuple[Outcome, str]:
    """What came of it, and why."""
    try:
        stewardclient.ask(run, "power.off")
    except Problem as problem:
        logger.warning("shutdown.refused", slug=problem.slug)
        return "refused", problem.detail
    except stewardclient.StewardDown as error:
        logger.warning("shutdown.unheard", why=str(error))
        return "down", str(error)
    logger.info("shutdown.asked")
    return "asked", ""


def main(ctx: WorkerContext) -> int:
    """Measure until SIGTERM."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    outbox = Outbox(client, loop, ctx.name)

    power_off = partial(ask_to_switch_off, ctx.run)
    keeper = Keeper(ctx.config.power, power_off)

    def take(device: Device, event: Event) -> None:
        if isinstance(event, PowerReading):
            keeper.merge.take(device.name, event, seconds(ctx.clock()))
        elif isinstance(event, Press):
            button.pressed(event)

    def lamps() -> dict[str, Indicator]:
        return {name: device for name, device in host.devices.items() if isinstance(device, Indicator)}

    host = DeviceHost(ctx, loop, OWNS, outbox, take)
    lamp = StatusLamp(ctx.run, lamps, host.step)
    button = LeadButton(lamp, power_off, loop.call_later)
    relays = Relays(lambda: {**host.wanted.adopted, **ctx.config.devices})
    level: Level = "normal"

    def tick() -> None:
        nonlocal level
        for name in keeper.merge.devices - host.devices.keys():
            keeper.merge.forget(name)
        for name, device in host.devices.items():
            if device.life.state not in WELL:
                keeper.merge.lost(name)
        wanted = host.wanted
        for command, data in keeper.tick(ctx.clock(), wanted.power, relays.measures(host.devices)):
            if command == "power.change_level":
                logger.info("level.changed", before=level, level=data["to"])
                level = data["to"]
            outbox.send(command, data, actor=ACTOR)
        for relay in relays.switch(host.devices, keeper.off, wanted.asked, seconds(ctx.clock())):
            host.step(relay)
        button.attach(device for device in host.devices.values() if isinstance(device, Button))
        lamp.look(wanted.asked)

    def page() -> dict[str, Any]:
        return {"power": keeper.page(ctx.clock()), **button.page()}

    def start() -> None:
        host.start()
        tick()
        loop.every(1.0, tick)

    host.extra = page
    code = loop.run(start)
    host.close()
    client.close()
    return code
