"""The way to central: facts out over MQTT 5, receipts and cosignatures in. `connection` alone knows paho-mqtt; a
worker without a broker idles, and imports none of it.
"""

from appliance.board import Board
from appliance.errors import RecorderDown
from appliance.journal.read import Reader
from appliance.services.context import WorkerContext
from appliance.services.run import Loop

_LOOK_S = 5.0


def main(ctx: WorkerContext) -> int:
    """The worker: its exit code."""
    if ctx.config.mqtt.broker:
        from appliance.services.uplink.worker import run

        return run(ctx)
    return _idle(ctx)


def _idle(ctx: WorkerContext) -> int:
    loop, board, reader = Loop(ctx.name), Board(ctx.run, ctx.name), Reader(ctx.data)

    def show() -> None:
        try:
            marks: dict[str, int] = {"position": reader.position(), "safe": reader.safe().pos}
        except RecorderDown:
            marks = {}
        board.put(
            state="ready",
            connected=False,
            **{"position": 0, "safe": 0, **marks},
            reason="no broker is configured",
            remedy="Set [mqtt] broker when facts shall reach central; everything is kept until then.",
            broker="",
        )

    loop.every(_LOOK_S, show)
    code = loop.run(show)
    reader.close()
    board.put(state="stopping")
    return code
