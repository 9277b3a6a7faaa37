"""No broker: everything is kept, and the board says so."""

from collections.abc import Callable
from typing import Any

from appliance.board import Board
from appliance.errors import RecorderDown
from appliance.journal.read import Reader
from appliance.services.context import WorkerContext
from appliance.services.run import Loop

_LOOK_S = 5.0


class Idle:
    """What stands in for the uplink. ``beside``: what else the board shows."""

    def __init__(self, ctx: WorkerContext, loop: Loop, beside: Callable[[], dict[str, Any]]) -> None:
        self._board, self._reader, self._beside = Board(ctx.run, ctx.name), Reader(ctx.data), beside
        self._loop, self._every_s = loop, 1.0 if ctx.config.site.broker else _LOOK_S

    def start(self) -> None:
        """From now on."""
        self._loop.every(self._every_s, self._show)
        self._show()

    def close(self) -> None:
        """Let go."""
        self._reader.close()
        self._board.put(state="stopping")

    def _show(self) -> None:
        try:
            marks: dict[str, int] = {"position": self._reader.position(), "safe": self._reader.safe().pos}
        except RecorderDown:
            marks = {}
        self._board.put(
            state="ready",
            connected=False,
            **{"position": 0, "safe": 0, **marks},
            reason="no broker is configured",
            remedy="Set [mqtt] broker when facts shall reach central; everything is kept until then.",
            broker="",
            **self._beside(),
        )
