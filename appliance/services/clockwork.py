"""The worker of deadlines: it asks for a checkpoint at its start and every five minutes."""

from appliance.board import Board
from appliance.journal.client import RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.devicehost import Outbox
from appliance.services.run import Loop

CHECKPOINT_S = 300.0


def main(ctx: WorkerContext) -> int:
    """Ask the recorder for what is due, until SIGTERM."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    outbox = Outbox(client, loop, ctx.name)
    board = Board(ctx.run, ctx.name)

    def checkpoint() -> None:
        if not len(outbox):
            outbox.send("checkpoint.request", {}, actor="device:clockwork")

    def start() -> None:
        board.put(state="ready")
        checkpoint()

    loop.every(CHECKPOINT_S, checkpoint)
    loop.every(1.0, lambda: board.put(state="ready"))
    code = loop.run(start)
    board.put(state="stopping")
    client.close()
    return code
