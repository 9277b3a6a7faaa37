"""What the staff app is given, and how its views reach it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from flask import current_app

from appliance.clock import Clock
from appliance.config import Config
from appliance.errors import Problem
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.private.people import People
from appliance.private.secrets import Secrets
from appliance.receipts.wording import Wording
from web.common.language import wording
from web.packs.site import Site
from web.till.streams import Streams
from web.till.tabs import Tab
from web.till.uploads import Uploads

Asked = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Another worker: has a verb carried out with some data, and raises Problem with its refusal, ``busy`` when it does not
answer."""


def nobody(verb: str, data: dict[str, Any]) -> dict[str, Any]:
    """An app without it: it does not answer."""
    raise Problem("busy", f"nobody is there for {verb}")


@dataclass(frozen=True)
class Deps:
    """``client``: the recorder's staff socket; ``box``: its id; ``monotonic``: seconds, for heartbeats; ``steward``,
    ``footfall``: the workers that the till asks; ``landing``: the folder with the guests' own page, if there is one."""

    client: RecorderClient
    reader: Reader
    people: People
    secrets: Secrets
    config: Config
    run: Path
    box: str
    clock: Clock
    monotonic: Callable[[], float]
    steward: Asked = nobody
    footfall: Asked = nobody
    landing: Path | None = None


@dataclass(frozen=True)
class Here:
    """The app's own parts beside what it was given."""

    deps: Deps
    streams: Streams
    tabs: tuple[Tab, ...]
    uploads: Uploads
    site: Site

    @property
    def wording(self) -> Wording:
        """How things are written for who asks now."""
        return wording()


def here() -> Here:
    """The parts of the app that answers now."""
    return cast(Here, current_app.extensions["boothkit"])


def deps() -> Deps:
    """What the app that answers now was given."""
    return here().deps
