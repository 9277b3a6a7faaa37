"""The worker of deadlines: it asks for a checkpoint at its start and every five minutes, and at its start and every
hour for personal data to be erased whose term is over."""

from appliance.board import Board
from appliance.journal.client import Answer, RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.devicehost import Outbox
from appliance.services.run import Loop

CHECKPOINT_S = 300.0
EXPIRE_S = 3600.0


def main(ctx: WorkerContext) -> int:
    """Ask the recorder for what is due, until SIGTERM."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    outbox = Outbox(client, loop, ctx.name)
    board = Board(ctx.run, ctx.name)

    def checkpoint() -> None:
        if not len(outbox):
            outbox.send("checkpoint.request", {}, actor="device:clockwork")

    def expire() -> None:
        outbox.send("people.expire", {"keep_days": ctx.config.privacy.keep_days}, actor="device:clockwork", then=more)

    def more(answer: Answer) -> None:
        if answer.answer["erased"]:
            loop.call_soon_threadsafe(expire)

    def start() -> None:
        board.put(state="ready")
        checkpoint()
        if ctx.config.privacy.keep_days:
            expire()
            loop.every(EXPIRE_S, expire)

    loop.every(CHECKPOINT_S, checkpoint)
    loop.every(1.0, lambda: board.put(state="ready"))
    code = loop.run(start)
    board.put(state="stopping")
    client.close()
    return code
