"""Where central keeps what it received: one database, everything in ``transaction``."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from appliance.central.database import Database, NotCentral
from appliance.central.records import Records


class Store(Records):
    """A database for writing: facts in logs, and what is recorded beside them. Every method may raise StoreFailed."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)

    def close(self) -> None:
        """Let go of the database."""
        self.db.close()

    @contextmanager
    def transaction(self, names: Iterable[str] = ()) -> Iterator[None]:
        """All or nothing; durable when it is left. ``names``: what no other consumer shall touch meanwhile; what is
        known of it is read anew, for another one may have written since."""
        self.forget()
        try:
            with self.db.transaction():
                self.db.lock(names)
                yield
                self.flush_all()
        except BaseException:
            self.forget()
            raise

    def belongs_to(self, key: str) -> None:
        """Consumers of one database are one central: NotCentral when this one's key is another."""
        with self.transaction(["key"]):
            self.db.run("INSERT INTO central_key VALUES(1, ?) ON CONFLICT DO NOTHING", (key,))
            row = self.db.row("SELECT key FROM central_key")
        if row is not None and row["key"] != key:
            raise NotCentral(
                f"the store belongs to {row['key']}, this central's key is {key}",
                remedy="Give every consumer the same keys/central.key; boxes believe no other.",
            )
