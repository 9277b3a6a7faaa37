"""An app behind a port in a worker's loop: the port that is taken, and a watchdog that really asks the app."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance import log
from appliance.board import Board
from appliance.services.context import WorkerContext
from appliance.services.notify import last_words
from appliance.services.run import Loop
from web.common.serving import PortTaken, Server, Strangers

if TYPE_CHECKING:
    from flask import Flask

EXIT_PORT_TAKEN = 3

_HEALTH = "/health"
_ASK_S = 2.0
_ANSWER_S = 3.0
_TRIES = 3


class AppSilent(Exception):
    """The app did not answer its own worker."""


def serve(
    ctx: WorkerContext,
    table: str,
    app: "Flask",
    *,
    threads: int,
    most_body: int = 1024 * 1024,
    inside: Path | None = None,
    strangers: Strangers | None = None,
    show: Callable[[], dict[str, Any]] = dict,
    stopping: Callable[[], object] = dict,
    also: Sequence[tuple[float, Callable[[], object]]] = (),
) -> int:
    """Serve until SIGTERM, where the configuration's table says, and at the unix socket ``inside`` if there is one:
    with threads of its own, so that those who come that way take none from the others.

    ``strangers``: limits of those who come by the port; ``show``: what the board says beside the address; ``stopping``:
    what is done before the servers stop, such as ending what would keep a request open; ``also``: what is done every so
    many seconds, beside the requests. Exit code 3: nothing can listen at the port.
    """
    place = getattr(ctx.config, table)
    logger = log.get(ctx.name)
    try:
        server = Server(
            app, place.host, place.port, threads=threads, log=logger, most_body=most_body, strangers=strangers
        )
    except PortTaken as error:
        remedy = f"Stop what listens there, or set [{table}] port to another number (0 = any free one)."
        if isinstance(error.__cause__, PermissionError):
            remedy = f"Set [{table}] port to one from 1024 on, or 0 for any free one: lower ones need privileges."
        logger.error("port.taken", port=error.port, why=str(error), remedy=remedy)
        last_words(f"nothing can listen at port {error.port}: {error.strerror}", remedy)
        return EXIT_PORT_TAKEN
    servers = [server]
    if inside is not None:
        try:
            servers.append(Server(app, table, 0, threads=threads, log=logger, most_body=most_body, inside=inside))
        except PortTaken as error:
            # Those who come by the port are served all the same; https says that nobody answers it.
            logger.error("socket.unusable", why=str(error))
    board = Board(ctx.run, ctx.name)
    loop = Loop(ctx.name)

    def ask() -> None:
        """As long as this waits, the loop gives no sign of life."""
        for one in servers:
            if not any(one.answers(_HEALTH, _ANSWER_S) for _ in range(_TRIES)):
                raise AppSilent(f"{one.url}{_HEALTH}: no answer, {_TRIES} times {_ANSWER_S:g} s")
        board.put(state="ready", url=server.url, **show())

    loop.every(_ASK_S, ask)
    for seconds, callback in also:
        loop.every(seconds, callback)
    code = loop.run(ask)
    board.put(state="stopping")
    stopping()
    for one in servers:
        one.stop()
    return code
