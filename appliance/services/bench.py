"""The demo's bench: the emulators, and the page that moves them. Loopback only."""

import socket
import threading

from waitress.server import create_server

from appliance import log
from appliance.board import Board
from appliance.errors import ConfigError
from appliance.services.context import WorkerContext
from appliance.services.run import Loop
from drivers.emulators.bench import Bench
from drivers.uri import Uri
from web.bench.app import create_app

logger = log.get("bench")


def main(ctx: WorkerContext) -> int:
    """Run the emulated ends of the demo's devices until SIGTERM."""
    port = Uri.parse(ctx.config.devices["printer"]).port
    if port is None:
        raise ConfigError("the demo's printer has no port", remedy="Start the bench with `boothkit up --demo`.")
    bench = Bench(ctx.run / "devices", port)
    bench.start()
    server = create_server(create_app(bench), host="127.0.0.1", port=ctx.config.bench.port, threads=4)
    url = f"http://127.0.0.1:{server.effective_port}"
    thread = threading.Thread(target=server.run, name="bench-web", daemon=True)
    loop = Loop(ctx.name)
    board = Board(ctx.run, ctx.name)

    def start() -> None:
        thread.start()
        with socket.create_connection(("127.0.0.1", server.effective_port), timeout=5):
            board.put(state="ready", url=url)

    loop.every(1.0, lambda: board.put(state="ready", url=url))
    code = loop.run(start)
    server.close()
    bench.close()
    board.put(state="stopping")
    return code
