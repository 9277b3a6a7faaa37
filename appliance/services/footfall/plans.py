"""Plans of lines and zones as they travel: places in whole ten-thousandths of the picture, as
`counter.planned/1` has them."""

from typing import Annotated, Any

import msgspec

from drivers.vision.plan import BadPlan, Line, Place, Plan, Zone

WHOLE = 10_000
"""Parts of the picture's width and height."""

_At = Annotated[int, msgspec.Meta(ge=0, le=WHOLE)]
_Place = tuple[_At, _At]


class LineTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``entrance`` is for the books: the counter counts every line."""

    name: str
    a: _Place
    b: _Place
    entrance: bool = True


class ZoneTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As `drivers.vision.plan.Zone`."""

    name: str
    corners: list[_Place]
    whole: bool = False


class PlanTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    lines: list[LineTold] = []
    zones: list[ZoneTold] = []


def read(told: object) -> Plan:
    """The plan that came over a wire; BadPlan when it is none, or cannot be counted."""
    try:
        plan = msgspec.convert(told, PlanTold)
    except msgspec.ValidationError as error:
        raise BadPlan(f"places are pairs of whole numbers from 0 to {WHOLE}: {error}") from error
    return of(plan)


def of(plan: PlanTold) -> Plan:
    """The same to count with; BadPlan."""
    return Plan(
        tuple(Line(line.name, _place(line.a), _place(line.b)) for line in plan.lines),
        tuple(Zone(zone.name, tuple(_place(at) for at in zone.corners), zone.whole) for zone in plan.zones),
    )


def tell(plan: Plan) -> dict[str, Any]:
    """The same as it travels."""
    return {
        "lines": [{"name": line.name, "a": _told(line.a), "b": _told(line.b)} for line in plan.lines],
        "zones": [
            {"name": zone.name, "corners": [_told(at) for at in zone.corners], "whole": zone.whole}
            for zone in plan.zones
        ],
    }


def _place(at: _Place) -> Place:
    return at[0] / WHOLE, at[1] / WHOLE


def _told(at: Place) -> list[int]:
    return [round(at[0] * WHOLE), round(at[1] * WHOLE)]
