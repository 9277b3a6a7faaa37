"""``boothkit configure``: lay the configuration down for the workers, as a box does at each start."""

from pathlib import Path

import click

from appliance import config as configuration
from appliance.commands._common import Box, common
from appliance.errors import BoothkitError
from appliance.services.context import state_folder

KEPT = Path("/var/lib/boothkit-config")


class NoRunFolder(BoothkitError):
    """The folders of the service are not there."""

    remedy = "This is for a box with the service installed: `systemctl start boothkit-configuration` runs it."


@click.command()
@common
def command(box: Box) -> None:
    """Read boothkit.toml for the service's workers; a wrong one is reported, and the last right one stays in force."""
    from appliance.services.configuration import settle

    kept = state_folder(KEPT)
    if not (box.run / "secret").is_dir() or not kept.is_dir():
        raise NoRunFolder(f"{box.run / 'secret'} and {kept}: not both there")
    outcome = settle(box.run, kept, configuration.find(box.config_path))
    answer = {"fault": outcome.fault, "remedy": outcome.remedy}
    box.out(answer, f"{outcome.fault}\n{outcome.remedy}" if outcome.fault else "The configuration is in force.")
