"""A WSGI app on a port: waitress, with the limits that many idle phones and a few long streams need."""

import http.client
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.log import Log

if TYPE_CHECKING:
    from flask import Flask

_BACKLOG, _CROWD = 256, 4096
_LOOKS_S = 0.05
CONNECTIONS = 1000
"""At once; nobody else is let in then."""
_GONE_MS = 20_000  # a peer that acknowledges nothing for so long is gone, also when its Wi-Fi just vanished


INSIDE = "boothkit.inside"
"""In a request's environment: it came through the unix socket, so somebody stands between us and who asks."""

_UNTRUSTED: dict[str, Any] = {"clear_untrusted_proxy_headers": True}
# "localhost" is how waitress calls the other end of a unix socket: every peer of a port has an address instead.
_TRUSTED: dict[str, Any] = {
    "trusted_proxy": "localhost",
    "trusted_proxy_count": 1,
    "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
    "clear_untrusted_proxy_headers": True,
}


class PortTaken(OSError):
    """Nothing can listen at this host and port; ``port`` is the one that was asked for."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(error.errno, f"{host}:{port}: {error.strerror}")
        self.port = port


@dataclass(frozen=True)
class Strangers:
    """Limits where anybody may come: from ``crowded`` connections on each new one takes the place of an idle one, and a
    request has ``request_s`` seconds from its first byte to its last (``turnstile``)."""

    crowded: int
    request_s: float


class Server:
    """An app that listens from the start and answers in threads of its own until ``stop``."""

    def __init__(
        self,
        app: "Flask",
        host: str,
        port: int,
        *,
        threads: int,
        log: Log,
        most_body: int = 1024 * 1024,
        inside: Path | None = None,
        strangers: Strangers | None = None,
    ) -> None:
        """``port`` 0: any that is free; ``most_body``: bytes that are taken in at all, so that the app can say 413 in
        its own words; ``inside``: listen at this unix socket instead, for the folder's group, and believe what the
        other end says of whom it answers; ``strangers``: of those who may be anybody. Raises PortTaken."""
        from waitress import create_server

        from web.common.connection import Channel
        from web.common.turnstile import Turnstile

        logging.getLogger("waitress").addHandler(_Handler(log))
        logging.getLogger("waitress").propagate = False
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._inside = inside
        if inside is None:
            listener = _listen(host, port, _BACKLOG if strangers is None else _CROWD)
            bound_host, self.port = listener.getsockname()[:2]
            self.host = "127.0.0.1" if bound_host == "0.0.0.0" else bound_host  # noqa: S104 -- compared, not bound
        else:
            listener, self.host, self.port = _listen_inside(inside), host, port
        self._map: dict[int, Any] = {}
        limits: dict[str, Any] = {
            "map": self._map,
            "ident": None,
            "connection_limit": CONNECTIONS,
            "asyncore_use_poll": True,  # select(2) ends at descriptor 1023
            "channel_timeout": 60,
            "cleanup_interval": 10,
            "channel_request_lookahead": 1,  # a stream's reader that leaves is seen at once
            "log_socket_errors": False,
            "max_request_header_size": 32 * 1024,
            "max_request_body_size": most_body,
            "inbuf_overflow": 64 * 1024,
            "outbuf_overflow": 256 * 1024,
            "outbuf_high_watermark": 1024 * 1024,
            **(_UNTRUSTED if inside is None else _TRUSTED),
        }
        app_inside = app if inside is None else _marked(app)
        self._server = create_server(app_inside, sockets=[listener], threads=threads, **limits)
        self._server.channel_class = self._channel = Channel
        self._own: tuple[str, int] = self.host, self.port
        self._lines = [self._server.task_dispatcher]
        if strangers is not None:
            Turnstile(self._server, strangers.crowded, strangers.request_s)
            # Whoever asks whether this server lives must not stand in one line with those who would see it dead.
            own = _listen("127.0.0.1", 0, _BACKLOG)
            self._own = own.getsockname()
            self._lines.append(create_server(app, sockets=[own], threads=1, **limits).task_dispatcher)
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where this machine reaches it."""
        return f"http://{self.host}:{self.port}" if self._inside is None else f"unix:{self._inside}"

    def stop(self) -> None:
        """Stop listening, end the threads. Streams must have been ended before."""
        from waitress.wasyncore import close_all

        def close() -> None:
            close_all(self._map)

        self._server.trigger.pull_trigger(close)
        self._thread.join(timeout=10)
        for line in self._lines:
            line.shutdown(timeout=5)

    def answers(self, path: str, timeout: float) -> bool:
        """Whether the app answers a real request to ``path`` with 200 within ``timeout`` seconds, and those who wait
        get on."""
        connection = http.client.HTTPConnection(*self._own, timeout=timeout)
        try:
            if self._inside is not None:
                connection.sock = _dial(self._inside, timeout)
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().status == 200 and self._gets_on(timeout)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _gets_on(self, timeout: float) -> bool:
        """Whether somebody in the line was served meanwhile, or there is none."""
        served, deadline = self._channel.served, time.monotonic() + timeout
        while self._lines[0].queue and self._channel.served == served:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOKS_S)
        return True


def _listen(host: str, port: int, backlog: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), backlog=backlog)
    except OSError as error:
        raise PortTaken(host, port, error) from error
    # tcp(7): accepted connections inherit these.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_MS)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return listener


def _marked(app: "Flask") -> Callable[[dict[str, Any], Any], Any]:
    def marked(environ: dict[str, Any], start_response: Any) -> Any:
        environ[INSIDE] = True
        return app(environ, start_response)

    return marked


def _listen_inside(path: Path) -> socket.socket:
    """The folder says who may come this far: its group is the socket's, by the folder's setgid bit."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        os.chmod(path, 0o660)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise PortTaken(str(path), 0, error) from error
    return listener


def _dial(path: Path, timeout: float) -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(timeout)
    try:
        link.connect(str(path))
    except OSError:
        link.close()
        raise
    return link


class _Handler(logging.Handler):
    """waitress's own warnings as events of the worker."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        say: Callable[..., None] = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        error = record.exc_info[1] if record.exc_info else None
        say("http.server", where=f"{record.module}:{record.lineno}", error=type(error).__name__ if error else None)
