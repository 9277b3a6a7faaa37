"""Bytes to and from one device. The rule: no protocol here, and every call is bounded in time."""

import os
from collections.abc import Callable

from drivers.errors import BadUri
from drivers.links.base import Link
from drivers.uri import Uri

__all__ = ["Link", "open_link", "options", "presence"]


def open_link(uri: Uri) -> Link:
    """The link that the URI's scheme names, not opened yet; `BadUri`. Options that are not the link's are
    left to the model.
    """
    match uri.scheme:
        case "tcp":
            from drivers.links.tcp import TcpLink

            return TcpLink.from_uri(uri)
        case "serial":
            from drivers.links.serial import SerialLink

            return SerialLink.from_uri(uri)
        case "usblp" | "file":
            from drivers.links.file import FileLink

            return FileLink.from_uri(uri)
        case other:
            raise BadUri(f"{uri}: no link is called {other!r}; allowed: tcp, serial, usblp, file")


def options(uri: Uri) -> tuple[str, ...]:
    """The options that the link itself takes: a model refuses the rest with `uri.only(*links.options(uri),
    "its own")`.
    """
    match uri.scheme:
        case "serial":
            return ("baud", "parity", "flow")
        case "usblp" | "file":
            return ("mode",)
        case _:
            return ()


def presence(uri: Uri) -> Callable[[], bool] | None:
    """Whether the device's path exists, for `Life`; None for a device without a path."""
    path = uri.path
    return (lambda: os.path.exists(path)) if path else None
