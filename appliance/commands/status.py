"""``boothkit status``: the box now."""

import click

from appliance.clock import system_clock
from appliance.commands._common import Box, common
from appliance.journal.read import Reader
from appliance.projections.status import status
from appliance.services.context import box_id


@click.command()
@common
def command(box: Box) -> None:
    """The box now: workers, devices, power, journal, uplink, event."""
    reader = Reader(box.data)
    try:
        now = system_clock(box.config.clock.trust)()
        answer = status(reader, box.run, box.config, now, box=box_id(box.config, box.data))
    finally:
        reader.close()
    facts = f"{answer['journal']['pos']} facts, {answer['uplink']['safe']} safe at central"
    lines = [f"{answer['box']}, log {answer['log']}: {facts}"]
    lines += [
        f"  {name:<10} {worker['state']:<10} {worker['reason']}".rstrip() for name, worker in answer["workers"].items()
    ]
    for name, device in answer["devices"].items():
        remedy = f" -> {device['remedy']}" if device.get("remedy") else ""
        lines.append(f"  {name:<14} {device['state']:<10} {device['reason']}{remedy}")
    box.out(answer, "\n".join(lines))
    fine = all(worker["state"] in ("ready", "degraded") for worker in answer["workers"].values())
    raise click.exceptions.Exit(0 if fine and answer["workers"] else 1)
