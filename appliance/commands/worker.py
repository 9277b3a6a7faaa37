"""``boothkit worker NAME``: one worker, as systemd and ``up`` start it."""

import sys
from importlib import import_module

import click

from appliance.commands._common import Box, common
from appliance.services.context import worker_context

WORKERS = ("recorder", "till", "printing", "scanning", "footfall", "power", "uplink", "clockwork")


@click.command()
@click.argument("name", type=click.Choice([*WORKERS, "bench"]))
@common
def command(box: Box, name: str) -> None:
    """Run one worker until SIGTERM."""
    context = worker_context(name, box.config, box.data, box.run)
    context.run.mkdir(mode=0o750, parents=True, exist_ok=True)
    sys.exit(import_module(f"appliance.services.{name}").main(context))
