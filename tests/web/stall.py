"""A stall with one of everything that a till may have to sell, and its tablets."""

from collections.abc import Iterator
from typing import Any

from appliance import demo
from tests.web.conftest import House, new_house
from tools.screens_sell import MORE

ITEMS: tuple[dict[str, Any], ...] = (
    *demo.ITEMS,
    *MORE,
    {"sku": "WINE", "name": "Riesling", "price": 600, "vat": "0.19", "kind": "unit", "min_age": 16},
    {"sku": "VASE", "name": "Vase, tall", "price": 4600, "vat": "0.19", "kind": "unit", "stock": 0},
)


def new_stall() -> Iterator[House]:
    """The stall's box: lead Ada (123456), cashier Ben (222222) and an open drawer of the demo's."""
    yield from new_house(items=ITEMS)
