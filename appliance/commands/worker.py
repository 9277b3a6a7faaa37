"""``boothkit worker NAME``: one worker, as systemd and ``up`` start it."""

import sys
from importlib import import_module

import click

from appliance.commands._common import Box, common
from appliance.errors import BoothkitError
from appliance.services.context import worker_context
from appliance.services.notify import last_words

WORKERS = (
    "recorder",
    "till",
    "portal",
    "printing",
    "scanning",
    "footfall",
    "power",
    "uplink",
    "clockwork",
    "steward",
    "https",
)

OPTIONAL_WORKERS = ("site",)
"""Run where the configuration wants them."""
DEMO_WORKERS = ("bench", "day")


@click.command()
@click.argument("name", type=click.Choice([*WORKERS, *OPTIONAL_WORKERS, *DEMO_WORKERS]))
@common
def command(box: Box, name: str) -> None:
    """Run one worker until SIGTERM."""
    try:
        context = worker_context(name, box.config, box.data, box.run)
        context.run.mkdir(mode=0o750, parents=True, exist_ok=True)
        code = import_module(f"appliance.services.{name}").main(context)
    except BoothkitError as error:
        last_words(str(error), error.remedy)
        raise
    sys.exit(code)
