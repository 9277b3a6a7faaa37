"""Where central keeps what it received: SQLite, one connection that writes, everything in ``transaction``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.central import schema
from appliance.central.records import Records


class Store(Records):
    """DIR/central.db for writing: facts in logs, and what is recorded beside them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(schema.connect_writer(folder))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; durable when it is left."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._tails.clear()
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
