"""``boothkit certify``: the certificate of the box's https, as a box makes it at each start and once a day."""

from datetime import UTC, datetime

import click

from appliance.commands._common import Box, common
from appliance.services.context import state_folder


@click.command()
@common
def command(box: Box) -> None:
    """See that the box's own authority is there, and a fresh certificate of it for the staff's https."""
    from appliance.services import authority

    names = box.config.https_hosts()
    authority.lay(state_folder(box.data / "authority"), box.run / "pki", names, datetime.now(UTC))
    box.out({"names": list(names)}, f"The certificate is good for {', '.join(names)}.")
