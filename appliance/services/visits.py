"""Having the recorder write down what the portal added up of visits."""

from typing import Any, Protocol

from appliance import log
from appliance.errors import Problem, RecorderDown
from appliance.ids import new_id
from appliance.journal.client import RecorderClient

logger = log.get("portal")

ACTOR = "guest:portal"
_LATER = frozenset({"busy", "disk-full", "throttled"})


class Gathered(Protocol):
    """Where visits are added up."""

    def gather(self) -> None:
        """Add up what is new."""

    def take(self) -> list[dict[str, Any]]:
        """What was gathered, which is then here."""


class Measuring:
    """One batch at a time: until it is answered it is sent again under its identity, so that it counts once."""

    def __init__(self, visits: Gathered, client: RecorderClient) -> None:
        self._visits = visits
        self._client = client
        self._batch: tuple[str, list[dict[str, Any]]] | None = None

    def record(self) -> None:
        """Send what waits, then what is new. What cannot be sent now stays for the next time."""
        self._visits.gather()
        if self._batch is None or self._sent():
            pages = self._visits.take()
            self._batch = (new_id("visits-"), pages) if pages else None
            if self._batch is not None:
                self._sent()

    def _sent(self) -> bool:
        if self._batch is None:
            return True
        ident, pages = self._batch
        try:
            self._client.send("visit.measure", {"pages": pages}, actor=ACTOR, id=ident)
        except RecorderDown:
            return False
        except Problem as problem:
            if problem.slug in _LATER:
                return False
            logger.error("visits.refused", slug=problem.slug, pages=len(pages))
        self._batch = None
        return True
