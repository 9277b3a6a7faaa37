"""The portal worker: the guests' pages behind waitress, and a watchdog that really asks them."""

import time

from appliance import log
from appliance.board import Board
from appliance.journal.read import Reader
from appliance.services.context import WorkerContext
from appliance.services.notify import last_words
from appliance.services.run import Loop
from web.common.serving import PortTaken, Server
from web.portal import Deps, create_app

THREADS = 8
EXIT_PORT_TAKEN = 3

_ASK_S = 2.0
_ANSWER_S = 3.0
_TRIES = 3
_HEALTH = "/health"


class PortalSilent(Exception):
    """The portal's own app did not answer its own worker."""


def main(ctx: WorkerContext) -> int:
    """Serve until SIGTERM. Exit code 3: nothing can listen at the port."""
    logger = log.get(ctx.name)
    reader = Reader(ctx.data)
    app = create_app(Deps(reader, ctx.data / "keys", ctx.config, time.monotonic))
    try:
        server = Server(
            app, ctx.config.portal.host, ctx.config.portal.port, threads=THREADS, log=logger, most_body=16 * 1024
        )
    except PortTaken as error:
        remedy = "Stop what listens there, or set [portal] port to another number (0 = any free one)."
        if isinstance(error.__cause__, PermissionError):
            remedy = "Set [portal] port to one from 1024 on, or 0 for any free one: lower ones need privileges."
        logger.error("portal.port_taken", port=error.port, why=str(error), remedy=remedy)
        last_words(f"nothing can listen at port {error.port}: {error.strerror}", remedy)
        return EXIT_PORT_TAKEN
    board = Board(ctx.run, ctx.name)
    loop = Loop(ctx.name)

    def ask() -> None:
        """As long as this waits, the loop gives no sign of life."""
        if not any(server.answers(_HEALTH, _ANSWER_S) for _ in range(_TRIES)):
            raise PortalSilent(f"{server.url}{_HEALTH}: no answer, {_TRIES} times {_ANSWER_S:g} s")
        board.put(state="ready", url=server.url)

    loop.every(_ASK_S, ask)
    code = loop.run(ask)
    board.put(state="stopping")
    server.stop()
    reader.close()
    return code
