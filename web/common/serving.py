"""A WSGI app on a port: waitress, with the limits that many idle phones and a few long streams need."""

import http.client
import logging
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from appliance.log import Log

if TYPE_CHECKING:
    from flask import Flask

_BACKLOG = 256
_GONE_MS = 20_000  # a peer that acknowledges nothing for so long is gone, also when its Wi-Fi just vanished


class PortTaken(OSError):
    """Nothing can listen at this host and port; ``port`` is the one that was asked for."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(error.errno, f"{host}:{port}: {error.strerror}")
        self.port = port


class Server:
    """An app that listens from the start and answers in threads of its own until ``stop``."""

    def __init__(
        self, app: "Flask", host: str, port: int, *, threads: int, log: Log, most_body: int = 1024 * 1024
    ) -> None:
        """``port`` 0: any that is free; ``most_body``: bytes that are taken in at all, so that the app can say 413 in
        its own words. Raises PortTaken."""
        from waitress import create_server

        logging.getLogger("waitress").addHandler(_Handler(log))
        logging.getLogger("waitress").propagate = False
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        listener = _listen(host, port)
        bound_host, self.port = listener.getsockname()[:2]
        self.host = "127.0.0.1" if bound_host == "0.0.0.0" else bound_host  # noqa: S104 -- compared, not bound
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._map,
            sockets=[listener],
            threads=threads,
            ident=None,
            connection_limit=1000,
            asyncore_use_poll=True,  # select(2) ends at descriptor 1023
            channel_timeout=60,
            cleanup_interval=10,
            channel_request_lookahead=1,  # a stream's reader that leaves is seen at once
            log_socket_errors=False,
            max_request_header_size=32 * 1024,
            max_request_body_size=most_body,
            inbuf_overflow=64 * 1024,
            outbuf_overflow=256 * 1024,
            outbuf_high_watermark=1024 * 1024,
        )
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where this machine reaches it."""
        return f"http://{self.host}:{self.port}"

    def stop(self) -> None:
        """Stop listening, end the threads. Streams must have been ended before."""
        from waitress.wasyncore import close_all

        def close() -> None:
            close_all(self._map)

        self._server.trigger.pull_trigger(close)
        self._thread.join(timeout=10)
        self._server.task_dispatcher.shutdown(timeout=5)

    def answers(self, path: str, timeout: float) -> bool:
        """Whether the app answers a real request to ``path`` with 200 within ``timeout`` seconds."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        raise PortTaken(host, port, error) from error
    # tcp(7): accepted connections inherit these.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_MS)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return listener


class _Handler(logging.Handler):
    """waitress's own warnings as events of the worker."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        say: Callable[..., None] = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        error = record.exc_info[1] if record.exc_info else None
        say("http.server", where=f"{record.module}:{record.lineno}", error=type(error).__name__ if error else None)
