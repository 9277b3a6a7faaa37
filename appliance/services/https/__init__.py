"""The https worker: nginx in front of the till, for paired devices on the guests' air.

nginx is Debian's, and a child of this process. This one writes its configuration, starts it, asks through it as a
browser would (TLS against the box's own authority, a real answer of the till), and starts it anew with a renewed
certificate.
Without nginx, or without a port for it, there is nothing to do but to say so.
"""

import http.client
from contextlib import suppress

from appliance.board import Board
from appliance.language import N_
from appliance.services.context import WorkerContext
from appliance.services.listening import WAIT, Listening, Silent
from appliance.services.program import found
from appliance.services.run import Loop

_IDLE_S = 2.0
_FIRST_TRIES, _TRIES = 15, 3
"""Steps that may pass without an answer: after its start, and later."""
_ASKED = "/pair/ca.crt"


def main(ctx: WorkerContext) -> int:
    """Serve until SIGTERM."""
    board, loop = Board(ctx.run, ctx.name), Loop(ctx.name)
    if ctx.config.staff.https_port:
        return Https(ctx, board).serve(loop)

    def idle() -> None:
        board.put(state="ready", reason="switched off: [staff] https_port is 0")

    loop.every(_IDLE_S, idle)
    return loop.run(idle)


class Https(Listening):
    """nginx."""

    def __init__(self, ctx: WorkerContext, board: Board) -> None:
        super().__init__(ctx, board, ctx.config.staff.https_port, "nginx.said")

    def prepare(self) -> list[str] | None:
        """Its configuration."""
        from appliance.services.https import nginx

        program = found("nginx")
        if program is None:
            remedy = N_("Install it (apt-get install nginx), or set [staff] https_port = 0.")
            self.lack(N_("nginx is not installed"), remedy)
            return None
        self.own.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.own / "nginx.conf"
        file.write_text(nginx.configuration(self.ctx.config, self.names, self.ctx.run), encoding="ascii")
        return [program, "-e", "stderr", "-p", str(self.own), "-c", str(file)]

    def started(self) -> None:
        """It takes a moment."""
        self.patience = _FIRST_TRIES
        self.board.put(state="starting", reason="", remedy="", url=None)

    def answered(self) -> bool:
        """Whether it had answered."""
        return self.patience == _TRIES

    def ending(self) -> tuple[str, str]:
        """From its last words."""
        said = self.program.said()
        if "Address already in use" in said:
            remedy = N_("Stop what listens there, or set [staff] https_port to another number.")
            return N_(f"nothing can listen at port {self.port}: it is taken"), remedy
        if "bind()" in said:
            remedy = N_("Set [staff] https_port to one from 1024 on.")
            return N_(f"nothing can listen at port {self.port}"), remedy
        last = next((line for line in reversed(said.splitlines()) if "[emerg] " in line), "")
        return N_("nginx ended") if not last else f"nginx ended: {last.partition('[emerg] ')[2][:200]}", WAIT

    def ask(self) -> None:
        """At each step, for nothing else would notice."""
        status = 0
        with suppress(OSError, http.client.HTTPException):
            status = self._answer()
        if status == 0:
            self.patience -= 1
            if self.patience <= 0:
                raise Silent(f"port {self.port}: nobody answers")
            return
        self.patience = _TRIES
        if status == 200:
            self.ready(url=f"https://{self.names[0]}:{self.port}")
        else:
            self.lack(N_("the till does not answer"), WAIT)

    def lack(self, reason: str, remedy: str, **shown: None) -> None:
        """There is no address to open then."""
        super().lack(reason, remedy, url=None, **shown)

    def _answer(self) -> int:
        """What the till answers through nginx."""
        with self.link() as link:
            connection = http.client.HTTPConnection(self.names[0], self.port)
            connection.sock = link
            connection.request("GET", _ASKED, headers={"Connection": "close"})
            return connection.getresponse().status
