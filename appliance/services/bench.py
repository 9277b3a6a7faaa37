"""The demo's bench: the emulators, and the page that moves them. Loopback only."""

import csv
import socket
from collections.abc import Iterator
from pathlib import Path

from appliance import log
from appliance.board import Board
from appliance.domain import tokens
from appliance.errors import ConfigError, RecorderDown
from appliance.journal.read import Reader
from appliance.projections import door, events
from appliance.services.context import WorkerContext
from appliance.services.run import Loop
from drivers.emulators.bench import Bench, uris
from drivers.uri import Uri
from web.bench.app import create_app
from web.common.serving import PortTaken, Server

logger = log.get("bench")

THREADS = 4


def main(ctx: WorkerContext) -> int:
    """Run the emulated ends of the demo's devices until SIGTERM; raises ConfigError when it cannot listen."""
    folder = ctx.run / "devices"
    bench = Bench(folder, _printer_port(folder, ctx.config.devices.get("printer", "")))
    try:
        bench.start()
    except OSError as error:
        raise ConfigError(
            f"the emulated devices: {error}", remedy="End the other demo, or give this one --data."
        ) from error
    reader = Reader(ctx.data)
    app = create_app(bench, _tickets(ctx.data / "demo" / "tickets.csv", reader))
    try:
        server = Server(app, "127.0.0.1", ctx.config.bench.port, threads=THREADS, log=logger)
    except PortTaken as error:
        bench.close()
        raise ConfigError(f"the bench: {error.strerror}", remedy="Choose another port with --bench-port.") from error
    board = Board(ctx.run, ctx.name)
    loop = Loop(ctx.name)

    def show() -> None:
        board.put(state="ready", url=server.url)

    loop.every(1.0, show)
    code = loop.run(show)
    board.put(state="stopping")
    server.stop()
    bench.close()
    reader.close()
    return code


def _printer_port(folder: Path, configured: str) -> int:
    """Where our printer listens. A configuration may name another one in its place: that is left alone, and ours
    takes any free port."""
    port = Uri.parse(configured).port if configured else None
    wanted = port if port is not None and configured == uris(folder, port)["printer"] else 0
    try:
        return _free(wanted)
    except OSError:
        logger.warning("bench.printer_elsewhere", uri=configured)
        return _free(0)


def _free(port: int) -> int:
    with socket.create_server(("127.0.0.1", port)) as probe:
        found: int = probe.getsockname()[1]
        return found


def _tickets(file: Path, reader: Reader) -> dict[str, Iterator[str]]:
    """By list the demo's codes, each once, without those that were used before."""
    try:
        with file.open(encoding="utf-8", newline="") as text:
            rows = [(row["list"], row["code"]) for row in csv.DictReader(text)]
    except FileNotFoundError:
        rows = []
    codes: dict[str, list[str]] = {}
    for list_, code in rows:
        codes.setdefault(list_, []).append(code)
    return {list_: (code for code in found if _unused(code, reader)) for list_, found in codes.items()}


def _unused(code: str, reader: Reader) -> bool:
    """Asked when the code's turn comes; one that cannot be looked up now counts as unused: the door decides."""
    try:
        event = events.current(reader.db())
        places = door.places(reader.db(), tokens.read_unverified(code).id, event.event) if event else {}
    except (RecorderDown, tokens.Unreadable):
        return True
    return not any(place.entries for place in places.values())
