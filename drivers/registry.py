"""From a line of the configuration to a device: `create("scanner-door", "serial:///dev/serial/by-id/…")`.

A model is a module of the package named like the kind, with one class `Model(name, uri, now)`. Its name is
the option `driver` if given, else the URI's scheme if there is such a module, else the package's `DEFAULT`.
"""

import re
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from drivers.device import Device
from drivers.errors import BadUri
from drivers.uri import Uri

KINDS = ("printer", "scanner", "footfall", "power", "indicator", "button", "relay")


def kind_of(name: str) -> str:
    """`scanner-door` → `scanner`; `BadUri` for a kind that is not one of `KINDS`."""
    kind = name.partition("-")[0]
    if kind not in KINDS:
        raise BadUri(
            f"device {name!r}: its kind (up to the first '-') is {kind!r}, not one of {', '.join(KINDS)}",
            remedy="Rename the device under [devices], for example scanner-door.",
        )
    return kind


def create(name: str, uri: str, *, now: Callable[[], float] = time.monotonic) -> Device:
    """The device, not connected yet; `BadUri` when the name, the model or an option is not understood."""
    kind = kind_of(name)
    parsed = Uri.parse(uri)
    package = import_module(f"drivers.{kind}")
    wanted = parsed.options.get("driver")
    if wanted is not None:
        if not _is_model(kind, wanted):
            raise BadUri(f"{name}: no {kind} driver is called {wanted!r}")
        model = wanted
    else:
        model = parsed.scheme if _is_model(kind, parsed.scheme) else package.DEFAULT
    device: Device = import_module(f"drivers.{kind}.{_module(model)}").Model(name, parsed, now)
    return device


def _module(model: str) -> str:
    return model.replace("-", "_")


def _is_model(kind: str, model: str) -> bool:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", model) or find_spec(f"drivers.{kind}.{_module(model)}") is None:
        return False
    return hasattr(import_module(f"drivers.{kind}.{_module(model)}"), "Model")
