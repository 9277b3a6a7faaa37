"""What the staff app is given, and how its views reach it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import current_app

from appliance.clock import Clock
from appliance.config import Config
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.private.people import People
from appliance.private.secrets import Secrets
from appliance.receipts.wording import Wording
from web.till.streams import Streams
from web.till.tabs import Tab
from web.till.uploads import Uploads


@dataclass(frozen=True)
class Deps:
    """``client``: the recorder's staff socket; ``box``: its id; ``monotonic``: seconds, for heartbeats."""

    client: RecorderClient
    reader: Reader
    people: People
    secrets: Secrets
    config: Config
    run: Path
    box: str
    clock: Clock
    monotonic: Callable[[], float]


@dataclass(frozen=True)
class Here:
    """The app's own parts beside what it was given."""

    deps: Deps
    streams: Streams
    wording: Wording
    tabs: tuple[Tab, ...]
    uploads: Uploads


def here() -> Here:
    """The parts of the app that answers now."""
    return cast(Here, current_app.extensions["boothkit"])


def deps() -> Deps:
    """What the app that answers now was given."""
    return here().deps
