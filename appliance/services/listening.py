"""A program of Debian's that answers strangers over TLS with the box's own certificate: what its worker does for it."""

import socket
import ssl
from abc import ABC, abstractmethod
from pathlib import Path

from appliance import log
from appliance.board import Board
from appliance.language import N_
from appliance.services import laptop
from appliance.services.context import WorkerContext
from appliance.services.program import Program
from appliance.services.run import Loop

_STEP_S = 2.0
_RENEW_S = 3600.0
_ANSWER_S = 2.0
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: that this box has no clock is no fault of its certificate
WAIT = N_("Wait: the box starts it again by itself.")


class Silent(Exception):
    """It runs and does not answer."""


class Listening(ABC):
    """The program, and what is known of it. It is started when it can be, watched, and started anew with a renewed
    certificate: a lone process cannot always take another one, and this is once a month."""

    def __init__(self, ctx: WorkerContext, board: Board, port: int, said: str) -> None:
        """``said``: the file in the worker's own folder with what the program says."""
        self.ctx, self.board, self.port = ctx, board, port
        self.names = ctx.config.https_hosts()
        self.own = ctx.run / ctx.name
        self.program = Program(self.own / said)
        self.patience = 0
        self._log = log.get(ctx.name)
        self._pki = ctx.run / "pki"
        self._loaded = 0
        self._lacks: str | None = None

    def serve(self, loop: Loop) -> int:
        """Until SIGTERM; the exit code."""

        def begin() -> None:
            self._renew()
            self.step()

        loop.every(_STEP_S, self.step)
        loop.every(_RENEW_S, self._renew)
        try:
            return loop.run(begin)
        finally:
            self.board.put(state="stopping")
            self.stop()

    def step(self) -> None:
        """Start what is not running, start it anew with a new certificate, ask whether it answers."""
        if not self.program.started:
            self._start()
        elif self.program.ended():
            self.lack(*self.ending())
            if self.answered():  # no reason to wait for the next step
                self._start()
        elif _stamp(self._pki / "leaf.pem") not in (0, self._loaded):
            self._log.info(f"{self.ctx.name}.certificate")
            self.stop()
            self._start()
        else:
            self.ask()

    def stop(self) -> None:
        """End the program."""
        self.program.stop()

    def _renew(self) -> None:
        laptop.certificate(self.ctx.data, self.ctx.run, self.names)

    def _start(self) -> None:
        argv = self.prepare()
        if argv is None:
            return
        self._loaded = _stamp(self._pki / "leaf.pem")
        if not self._loaded:
            remedy = N_("Wait: boothkit-authority makes it at the start of the box.")
            self.lack(N_("there is no certificate yet"), remedy)
            return
        self.program.start(argv)
        self.started()

    @abstractmethod
    def prepare(self) -> list[str] | None:
        """Lay down what the program reads; its command line, or None when something is lacking, which is said."""

    @abstractmethod
    def started(self) -> None:
        """It was started: say so, and be patient."""

    @abstractmethod
    def answered(self) -> bool:
        """Whether it has answered since it was started."""

    @abstractmethod
    def ending(self) -> tuple[str, str]:
        """Why it ended, and what a person can do."""

    @abstractmethod
    def ask(self) -> None:
        """Look whether it answers. Silent: not for too long."""

    def link(self) -> ssl.SSLSocket:
        """A connection to it, as somebody makes it who trusts the box's authority alone. OSError."""
        context = ssl.create_default_context(cafile=self._pki / "ca.pem")
        context.verify_flags |= _NO_CHECK_TIME
        host = self.ctx.config.staff.host
        host = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 -- compared, not bound
        plain = socket.create_connection((host, self.port), timeout=_ANSWER_S)
        try:
            return context.wrap_socket(plain, server_hostname=self.names[0])
        except BaseException:
            plain.close()
            raise

    def ready(self, **shown: str) -> None:
        """It answers."""
        self._lacks = None
        self.board.put(state="ready", reason="", remedy="", **shown)

    def lack(self, reason: str, remedy: str, **shown: None) -> None:
        """It does not work: why, and what a person can do."""
        if reason != self._lacks:
            self._log.warning(f"{self.ctx.name}.unavailable", why=reason)
        self._lacks = reason
        self.board.put(state="degraded", reason=reason, remedy=remedy, **shown)


def _stamp(path: Path) -> int:
    """Changes with the file; 0: there is none that can be read."""
    try:
        with path.open("rb"):
            return path.stat().st_mtime_ns
    except OSError:
        return 0
