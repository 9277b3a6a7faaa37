"""What a guest may hold, one module a sort, found by name: each has ``of(guest, code)``, the guest's own of that sort.
``code``: the claim code, for what only the recorder can sign. Nothing here decides or writes.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Thing:
    """One thing in the wallet. ``sort``: a word for scripts; ``label``, ``title``, ``worth``, ``detail``: in the
    language of the guest; ``code``: what its QR says, "" when it shows none (any more); ``stamp``: why not, such as
    *Used 18:12*; ``order``: the smallest stands first."""

    sort: str
    id: str
    label: str
    title: str
    worth: str = ""
    detail: str = ""
    code: str = ""
    stamp: str = ""
    order: int = 0

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "kind": self.sort,
            "id": self.id,
            "title": self.title,
            "worth": self.worth,
            "code": self.code or None,
            "usable": not self.stamp,
        }


def held(guest: str, code: str) -> list[Thing]:
    """All that a guest holds; what can be used stands first."""
    found = [one for module in _sorts() for one in module.of(guest, code)]
    return sorted(found, key=lambda one: (bool(one.stamp), one.order, one.id))


@cache
def _sorts() -> tuple[Any, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)
