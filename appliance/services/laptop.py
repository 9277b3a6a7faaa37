"""What another user does on a box, and whoever needs it does under ``boothkit up``."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from appliance import log


def certificate(data: Path, run: Path, names: Iterable[str]) -> None:
    """The box's own authority, and a certificate of it for ``names``; on a box nothing (`boothkit certify`)."""
    if not os.access(data, os.W_OK):
        return
    from appliance.services import authority  # here: it takes 30 MB

    try:
        authority.lay(data / "authority", run / "pki", names, datetime.now(UTC))
    except OSError as error:  # a full card: the present one is good for months
        log.get("authority").warning("certificate.not_renewed", why=str(error))
