"""What every answer tells the browser about how far to trust it."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

_ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # no-referrer would make a form's Origin "null" (Fetch, 3.1)
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_LABEL = r"[A-Za-z0-9_-]{1,63}"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])(?::[0-9]{{1,5}})?|", re.ASCII)
"""A name, an address or nothing, and a port (RFC 9110, 7.2). Werkzeug fails at some others, also while it answers that
it failed."""


def secure(app: Flask) -> None:
    """Add the headers to every answer; what says nothing about caching is not cached. A Host that cannot be one is
    taken for none."""
    app.wsgi_app = _with_a_host(app.wsgi_app)  # type: ignore[method-assign]

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _with_a_host(app: Callable[[dict[str, Any], Any], Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def checked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not _HOST.fullmatch(environ.get("HTTP_HOST", "")):
            del environ["HTTP_HOST"]
        return app(environ, start_response)

    return checked
