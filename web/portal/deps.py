"""What the portal is given, and how its pages reach it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from flask import current_app

from appliance.clock import Clock
from appliance.config import Config
from appliance.journal.book import Book
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.receipts.wording import Wording
from web.common.language import wording
from web.packs.site import Site
from web.portal.fresh import Fresh
from web.portal.gate import Asked, Gate, nobody
from web.portal.pace import Pace
from web.portal.tally import Tally


@dataclass(frozen=True)
class Deps:
    """``keys``: the folder with box.pub; ``monotonic``: seconds, for answers that all take the same time, and for how
    fast a device may go on; ``client``: the recorder, as guests may ask it; ``visits``: for how long pages are looked
    at, until that is recorded; ``landing``: the folder with the event's own first page, if there is one; ``steward``:
    who lets devices through the firewall."""

    reader: Reader
    keys: Path
    config: Config
    monotonic: Callable[[], float]
    client: RecorderClient
    visits: Tally
    landing: Path
    clock: Clock
    steward: Asked = nobody


@dataclass(frozen=True)
class Kept:
    """A page as it was made last, plain and compressed; ``state``: of what."""

    state: str
    plain: bytes
    packed: bytes


@dataclass(frozen=True)
class Here:
    """The app's own parts beside what it was given. ``signups``: how many one device may send; ``pages``: the first
    page, by language and by what it offers."""

    deps: Deps
    book: Book
    fresh: Fresh
    signups: Pace
    gate: Gate
    site: Site
    pages: dict[tuple[str, str], Kept] = field(default_factory=dict)

    @property
    def wording(self) -> Wording:
        """How things are written for who asks now."""
        return wording()


def here() -> Here:
    """The parts of the app that answers now."""
    return cast(Here, current_app.extensions["boothkit"])
