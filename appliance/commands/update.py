"""``boothkit update``: install what the steward was asked to install, as root."""

import platform
from pathlib import Path

import click

from appliance.board import Board
from appliance.clock import system_clock
from appliance.commands._common import Box, common
from appliance.durable import write_durably
from appliance.errors import Problem
from appliance.services import update
from appliance.services.context import box_id, state_folder


@click.command()
@click.argument("name", required=False)
@common
def command(box: Box, name: str | None) -> None:
    """Install the update NAME of DATA/updates into the slot that is not in use; without NAME, the one that the steward
    was asked for. It starts with the next restart."""
    asked = box.run / update.ASKED
    if name is None:
        name = asked.read_text().strip() if asked.exists() else ""
        asked.unlink(missing_ok=True)  # first: a request that ends in a fault must not come back by itself
        if not name:
            raise Problem("not-found", "nobody asked for an update", "Name one: boothkit update NAME")
    state = state_folder(update.STATE)
    board = Board(box.run, "update")
    slots = update.Slots(box.config.update.slots, Path(box.config.update.cmdline))
    try:
        bundles = update.bundles(box.config, box_id(box.config, box.data))
        now = system_clock(box.config.clock.trust, box.run)()
        found = update.look(box.data, name, bundles, now, update.installed(state))
        slot = update.install(found, slots)
    except Problem as problem:
        board.put(state="degraded", standing=True, reason=problem.detail, remedy=problem.remedy)
        raise
    write_durably(state / update.INSTALLED, f"{found.version}\n".encode(), 0o644)
    said = f"Boothkit {found.release.release} for {platform.machine()} is installed in {slot}."
    board.put(state="ready", standing=True, reason=said, remedy="Restart the box when nobody needs it.")
    box.out({"release": found.release.release, "version": found.version, "slot": slot}, said)
