"""A stall that sells in some currency, and what it sells."""

import json
from pathlib import Path
from typing import Any

from appliance.config import Config
from tests.conftest import EngineBox

ITEMS: list[dict[str, Any]] = [
    {"sku": "COFFEE", "name": "Coffee", "price": 357, "vat": "0.19", "vat_takeaway": "0.07", "kind": "unit"},
    {"sku": "CAKE", "name": "Cake", "price": 421, "vat": "0.07", "kind": "unit", "stock": 100_000_000},
    {"sku": "STICKER", "name": "Sticker", "price": 3, "vat": "0.19", "kind": "unit"},
    {"sku": "CUP", "name": "Cup deposit", "price": 200, "vat": "0", "kind": "deposit"},
    {"sku": "BEANS", "name": "Beans", "price": 2490, "vat": "0.055", "kind": "weight"},
    {"sku": "OPEN", "name": "Open price", "price": 0, "vat": "0.19", "kind": "open"},
    {"sku": "WINE", "name": "Wine", "price": 550, "vat": "0.19", "kind": "unit", "min_age": 16},
    {"sku": "RUM", "name": "Rum", "price": 700, "vat": "0.19", "kind": "unit", "min_age": 18},
    {
        "sku": "BREAKFAST",
        "name": "Breakfast",
        "price": 701,
        "kind": "bundle",
        "contains": [{"sku": "COFFEE", "qty": 1}, {"sku": "CAKE", "qty": 1}, {"sku": "STICKER", "qty": 1}],
    },
    {
        "sku": "WALK",
        "name": "Coffee to walk with",
        "price": 899,
        "kind": "bundle",
        "contains": [{"sku": "CUP", "qty": 2}, {"sku": "COFFEE", "qty": 2}],
    },
    {"sku": "BOTTLE", "name": "Bottle", "price": 2000, "kind": "bundle", "contains": [{"sku": "WINE", "qty": 7}]},
]
OF = {item["sku"]: item for item in ITEMS}
COINS = {"EUR": 1, "CHF": 5, "DKK": 50, "SEK": 100, "HUF": 500}
LEAD = {"approver": "s-lead", "discount_reason": "haggled"}


class Stall(EngineBox):
    """An open event in some currency."""

    def __init__(self, data: Path, currency: str = "EUR", *, config: Config | None = None, **event: Any) -> None:
        super().__init__(data, config)
        self.do("event.create", name="Market", currency=currency, timezone="Europe/Berlin", area_m2="12", **event)
        self.do("catalogue.import", items=ITEMS)
        self.do("event.open")
        self.do("drawer.open", float=10_000)

    def sell(self, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Paid in cash with more than enough, when nothing else is said; the reply."""
        asked = {"lines": list(lines), "tenders": [{"kind": "cash", "amount": 10**10}], "age_checked": True}
        return self.ask("sale.complete", asked | more)

    def sold(self, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The recorded data of a sale that must be one."""
        reply = self.sell(*lines, **more)
        assert reply["ok"], reply
        return self.last("sale.completed/1")

    def refused(self, *lines: dict[str, Any], **more: Any) -> str:
        """The slug of a sale that must be none."""
        reply = self.sell(*lines, **more)
        assert not reply["ok"], reply
        return str(reply["refusal"]["slug"])

    def last(self, kind: str) -> dict[str, Any]:
        """The data of the newest fact of a kind."""
        found = (json.loads(body) for body in reversed(self.bodies()))
        data: dict[str, Any] = next(body["data"] for body in found if body["kind"] == kind)
        return data
