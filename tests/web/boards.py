"""A worker's page on the board that a test writes in the worker's place."""

import threading
from pathlib import Path

from appliance.board import Board, State

BEAT_S = 1.0


class LiveBoard(Board):
    """Written again and again, as by a worker that is alive, however long the test takes: a page that grows old is
    taken for that of a silent one."""

    def __init__(self, run: Path, name: str) -> None:
        super().__init__(run, name)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._beat: threading.Thread | None = None

    def _go_on(self) -> None:
        while not self._over.wait(BEAT_S):
            self.put()

    def put(self, *, state: State | None = None, **values: object) -> None:
        with self._lock:
            super().put(state=state, **values)
        if self._beat is None:
            self._beat = threading.Thread(target=self._go_on, daemon=True)
            self._beat.start()

    def fall_silent(self) -> None:
        """The page stays as it is."""
        self._over.set()
        if self._beat is not None:
            self._beat.join()
