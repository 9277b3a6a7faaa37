"""What may be looked at: catalogue, numbers, the state of the box."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint

from appliance.projections import catalogue, events, kpis, status
from web.till.deps import deps

blueprint = Blueprint("api_reads", __name__)


@blueprint.get("/catalogue")
def items() -> dict[str, Any]:
    """What is for sale, and what is left of it."""
    db = deps().reader.db()
    event = events.current(db)
    return {
        "currency": event.currency if event else None,
        "items": [asdict(item) for item in catalogue.items(db)],
    }


@blueprint.get("/kpis")
def numbers() -> dict[str, Any]:
    """The present event's numbers, now."""
    return kpis.kpis(deps().reader.db(), deps().clock())


@blueprint.get("/status")
def box() -> dict[str, Any]:
    """Workers, devices, power, journal, uplink."""
    return status.status(deps().reader, deps().run, deps().config, deps().clock(), box=deps().box)
