"""Central operations: consumers on one store. SQLite carries one of them, PostgreSQL (which dies too) any number."""

from pathlib import Path

from tests.brokers import Broker, CentralProcess


class Consumer(CentralProcess):
    """One of several: the folder is shared, the log is its own."""

    def __init__(self, folder: Path, broker: Broker, number: int) -> None:
        super().__init__(folder / "central", broker)
        self.log = folder / f"consumer-{number}.log"
