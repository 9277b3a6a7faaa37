"""What may be looked at: catalogue, numbers, the state of the box."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint

from appliance.projections import catalogue, events, kpis, status
from appliance.projections.catalogue import ItemView
from web.till.deps import deps

blueprint = Blueprint("api_reads", __name__)
SOME_HAVE = frozenset({"vat_takeaway", "group", "min_age", "contains"})


@blueprint.get("/catalogue")
def items() -> dict[str, Any]:
    """What is for sale, and what is left of it."""
    db = deps().reader.db()
    event = events.current(db)
    return {
        "currency": event.currency if event else None,
        "items": [_item(item) for item in catalogue.items(db)],
    }


def _item(item: ItemView) -> dict[str, Any]:
    """What only few items have is there with them alone."""
    shown = asdict(item)
    return {key: value for key, value in shown.items() if key not in SOME_HAVE or value is not None}


@blueprint.get("/kpis")
def numbers() -> dict[str, Any]:
    """The present event's numbers, now."""
    return kpis.kpis(deps().reader.db(), deps().clock())


@blueprint.get("/status")
def box() -> dict[str, Any]:
    """Workers, devices, power, journal, uplink."""
    return status.status(deps().reader, deps().run, deps().config, deps().clock(), box=deps().box)
