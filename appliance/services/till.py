"""The till worker: the staff app behind waitress, and a watchdog that really asks it."""

import time

from appliance import log
from appliance.board import Board
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.private.people import People
from appliance.private.secrets import Secrets
from appliance.services.context import WorkerContext
from appliance.services.notify import last_words
from appliance.services.run import Loop
from web.common.serving import PortTaken, Server
from web.till import Deps, create_app

THREADS = 12
EXIT_PORT_TAKEN = 3

_RECORDER_S = 2.5  # below the 3 s after which a tablet gives up waiting
_ASK_S = 2.0
_ANSWER_S = 3.0
_TRIES = 3
_HEALTH = "/health"


class TillSilent(Exception):
    """The till's own app did not answer its own worker."""


def main(ctx: WorkerContext) -> int:
    """Serve until SIGTERM. Exit code 3: the port is taken."""
    logger = log.get(ctx.name)
    client = RecorderClient(ctx.run, "staff", timeout=_RECORDER_S)
    reader = Reader(ctx.data)
    secrets = Secrets(ctx.data, ctx.clock)
    people = People(ctx.data)
    app = create_app(Deps(client, reader, people, secrets, ctx.config, ctx.run, ctx.box, ctx.clock, time.monotonic))
    try:
        host, port = ctx.config.staff.host, ctx.config.staff.port
        server = Server(app, host, port, threads=THREADS, log=logger)
    except PortTaken as error:
        remedy = "Stop what listens there, or set [staff] port to another number (0 = any free one)."
        logger.error("till.port_taken", port=error.port, why=str(error), remedy=remedy)
        last_words(f"port {error.port} is taken: {error.strerror}", remedy)
        return EXIT_PORT_TAKEN
    board = Board(ctx.run, ctx.name)
    streams = app.extensions["boothkit"].streams
    loop = Loop(ctx.name)

    def ask() -> None:
        """As long as this waits, the loop gives no sign of life."""
        if not any(server.answers(_HEALTH, _ANSWER_S) for _ in range(_TRIES)):
            raise TillSilent(f"{server.url}{_HEALTH}: no answer, {_TRIES} times {_ANSWER_S:g} s")
        board.put(state="ready", url=server.url, streams=streams.open)

    loop.every(_ASK_S, ask)
    code = loop.run(ask)
    board.put(state="stopping")
    streams.close()
    server.stop()
    secrets.close()
    reader.close()
    client.close()
    return code
