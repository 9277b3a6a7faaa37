"""A device as configuration names it: `scheme://host:port/path?option=value&…`.

`tcp://10.77.0.9:9100?profile=TM-T20II`, `serial:///dev/serial/by-id/…?baud=9600`,
`gpio://17,27?factory=mock`. Names keep their case (`power-supply://BAT0`), percent escapes are decoded, `+`
and `#` stand for themselves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar
from urllib.parse import quote, unquote

from drivers.errors import BadUri

_SHAPE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9-]*)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?:]*)(?::(?P<port>[0-9]+))?"
    r"(?P<path>/[^?]*)?(?:\?(?P<query>.*))?"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True)
class Uri:
    """`host` and `path` are "" and `port` is None where the URI has none. Every failure is a `BadUri`."""

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        shape = _SHAPE.fullmatch(text)
        if shape is None:
            raise BadUri(f"{text!r} is not a device URI (scheme://host:port/path?option=value)")
        port = int(shape["port"]) if shape["port"] else None
        if port is not None and not 1 <= port <= 65535:
            raise BadUri(f"{text!r}: port {port} is not in 1…65535")
        options: dict[str, str] = {}
        for item in (shape["query"] or "").split("&") if shape["query"] else ():
            key, equals, value = item.partition("=")
            key = _decoded(key, text)
            if not key or not equals:
                raise BadUri(f"{text!r}: option {item!r} is not of the form name=value")
            if key in options:
                raise BadUri(f"{text!r}: option {key!r} is given twice")
            options[key] = _decoded(value, text)
        host = _decoded(shape["host"].strip("[]"), text)
        return cls(shape["scheme"], host, port, _decoded(shape["path"] or "", text), options)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe=",")
        port = f":{self.port}" if self.port is not None else ""
        query = "&".join(f"{quote(k, safe='')}={quote(v, safe='/:,')}" for k, v in self.options.items())
        return f"{self.scheme}://{host}{port}{quote(self.path, safe='/:,')}{'?' if query else ''}{query}"

    def only(self, *names: str) -> None:
        """Refuses options other than `names`; `driver`, which chooses the model, is always allowed."""
        for key in self.options:
            if key != "driver" and key not in names:
                allowed = ", ".join(sorted(names)) or "none"
                raise BadUri(f"{self}: option {key!r} is not known here; allowed: {allowed}")

    def with_defaults(self, **options: str) -> Self:
        return replace(self, options={**options, **self.options})

    def device_path(self) -> str:
        """The path of a device file; a host means that somebody wrote two slashes where three belong."""
        if self.host or self.port is not None or self.path in ("", "/"):
            raise BadUri(f"{self}: needs the path of a device and nothing else ({self.scheme}:///dev/…)")
        return self.path

    def address(self, default_port: int | None = None) -> tuple[str, int]:
        """Host and port."""
        port = self.port if self.port is not None else default_port
        if not self.host or port is None or self.path not in ("", "/"):
            raise BadUri(f"{self}: needs a host and a port and no path ({self.scheme}://HOST:PORT)")
        return self.host, port

    def text(self, name: str, default: str) -> str:
        return self.options.get(name, default)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        found = self.options.get(name)
        if found is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,9}", found) or not low <= int(found) <= high:
            raise BadUri(f"{self}: option {name}={found!r} is not a whole number in {low}…{high}")
        return int(found)

    def decimal(self, name: str, default: float, low: float, high: float) -> float:
        found = self.options.get(name)
        if found is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", found) or not low <= float(found) <= high:
            raise BadUri(f"{self}: option {name}={found!r} is not a number in {low:g}…{high:g}")
        return float(found)

    def choice(self, name: str, default: Choice, allowed: tuple[Choice, ...]) -> Choice:
        found = self.options.get(name)
        if found is None:
            return default
        for value in allowed:
            if value == found:
                return value
        raise BadUri(f"{self}: option {name}={found!r} is not one of {', '.join(allowed)}")


def _decoded(part: str, text: str) -> str:
    try:
        plain = unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise BadUri(f"{text!r}: the percent escapes in {part!r} are not UTF-8") from error
    if _CONTROL.search(plain):
        raise BadUri(f"{text!r}: {part!r} contains a control character")
    return plain
