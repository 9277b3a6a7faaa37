"""Adding up for how long pages are looked at, from what the pages say of themselves. A page says how many seconds it
was seen since it began; it is believed as far as the time allows that passed here.

Nothing of a visit is kept but numbers, and its peer's address as long as it lasts, so that one device cannot take the
place of all others.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from appliance.domain.visits import LIMITS_S, LONGEST_S, bucket

BEAT_S = 20
"""Between two signs of a page that is seen; visit.js has the same."""
AWAY_S = 60
"""Without a sign for so long, a visit is over; visit.js begins another then."""
MOST = 2000
"""Visits at one time; of one device ``MOST_OF_ONE``."""
MOST_OF_ONE = 30


@dataclass
class Visit:
    """``first``, ``last``: seconds of the monotonic clock. ``seconds``: what is believed; ``told``: what of it was
    gathered, None when not even the visit was."""

    page: str
    peer: str
    first: float
    last: float
    seconds: int = 0
    told: int | None = None


@dataclass
class _Page:
    visits: int = 0
    seconds: int = 0
    by_bucket: list[int] = field(default_factory=lambda: [0] * (len(LIMITS_S) + 1))
    lost: int = 0


class Tally:
    """Thread-safe. Bounded: ``MOST`` visits, and a counter for each page that exists."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._visits: dict[str, Visit] = {}
        self._of_peer: Counter[str] = Counter()
        self._pages: dict[str, _Page] = {}

    def sign(self, ident: str, page: str, seconds: int, peer: str) -> None:
        """A page says that it was seen for ``seconds`` so far. ``ident``: what it calls this visit."""
        now = self._monotonic()
        with self._lock:
            visit = self._visits.get(ident)
            if visit is None:
                if len(self._visits) >= MOST or self._of_peer[peer] >= MOST_OF_ONE:
                    self._page(page).lost += seconds == 0  # its later signs are not other visits
                    return
                visit = self._visits[ident] = Visit(page, peer, now, now)
                self._of_peer[peer] += 1
            possible = int(now - visit.first) + BEAT_S
            visit.seconds = max(visit.seconds, min(seconds, possible, LONGEST_S))
            visit.last = now

    def gather(self) -> None:
        """Add up what is new on each page, and forget the visits that are over."""
        now = self._monotonic()
        with self._lock:
            for ident, visit in list(self._visits.items()):
                if visit.told != visit.seconds:
                    _add(self._page(visit.page), visit)
                    visit.told = visit.seconds
                if now - visit.last > AWAY_S:
                    del self._visits[ident]
                    self._of_peer[visit.peer] -= 1
                    if not self._of_peer[visit.peer]:
                        del self._of_peer[visit.peer]

    def take(self) -> list[dict[str, Any]]:
        """What was gathered since it was last taken, as ``visit.measure`` has it; nothing of it stays here."""
        with self._lock:
            pages, self._pages = self._pages, {}
        return [{"page": name, **vars(page)} for name, page in sorted(pages.items())]

    def _page(self, name: str) -> _Page:
        return self._pages.setdefault(name, _Page())


def _add(page: _Page, visit: Visit) -> None:
    if visit.told is None:
        page.visits += 1
    else:
        page.by_bucket[bucket(visit.told)] -= 1
    page.by_bucket[bucket(visit.seconds)] += 1
    page.seconds += visit.seconds - (visit.told or 0)
