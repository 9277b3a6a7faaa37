"""People.db follows the journal: what a fact says is erased is erased, and leaves nothing in the file.

SQLite's secure_delete overwrites a row where it stands; of rows that moved between pages while others came in, copies
stay in the gaps of pages. So the file is written anew (VACUUM) after something was erased, and a mark in it remembers
that until it is done.
"""

from appliance import log
from appliance.journal.schema import StorageError
from appliance.journal.store import Store
from appliance.private.people import PeopleWriter
from appliance.projections import disk, persons
from appliance.services.recorder.levels import STOP
from appliance.services.recorder.room import Room

logger = log.get("recorder")

QUICK = 2 * 1024 * 1024
"""Bytes of a file that is written anew within a second on a card; a larger one waits until no event is open."""


class Forgetting:
    """The journal's side of people.db. Everything here may fail and is tried again; sales do not wait for it."""

    def __init__(self, store: Store, people: PeopleWriter, room: Room) -> None:
        self._store, self._people, self._room = store, people, room
        self._upto = 0
        self._failing = False

    def start(self) -> None:
        """Erase what no fact refers to (the power went between the two writes) and what facts say is erased (it went
        after the fact, or an older file was put back)."""
        try:
            swept = self._people.sweep(persons.people(self._store.db))
        except StorageError as error:
            self._failed(error)
            return
        self._upto = self._store.pos
        if swept:
            logger.info("people.swept", records=swept)

    def follow(self) -> None:
        """Erase what facts say, which are durable by now; then see to the file."""
        pos = self._store.pos
        try:
            if pos > self._upto:
                if gone := persons.erased_after(self._store.db, self._upto):
                    self._people.erase(gone)
                    logger.info("people.erased", records=len(gone))
                self._upto = pos
            if self._people.is_dirty and self._may_clean():
                self._people.clean()
        except StorageError as error:
            self._failed(error)
        else:
            self._failing = False

    def _may_clean(self) -> bool:
        size = self._people.size()
        quick = size <= QUICK or not disk.to_close(self._store.db)
        return quick and self._room.free() >= STOP + 2 * size

    def _failed(self, error: StorageError) -> None:
        if not self._failing:
            logger.error("people.not_erased", error=str(error))
        self._failing = True
