"""What one fact adds to the numbers of its event: the sums that central keeps per box."""

from dataclasses import dataclass

from appliance.domain.admission import TicketAdmitted, TicketExited
from appliance.domain.footfall import CrossingsCounted
from appliance.domain.kernel import MAX_AMOUNT, Fact
from appliance.domain.sales import SaleCompleted


@dataclass(frozen=True)
class Added:
    """Sums to add. ``crossings`` counts the facts that came from footfall devices: where there is one, they are
    the attendance, else the door is, never both. ``gross`` in minor units of ``currency``."""

    currency: str = ""
    crossings: int = 0
    crossed_in: int = 0
    crossed_out: int = 0
    door_in: int = 0
    door_out: int = 0
    sales: int = 0
    gross: int = 0


def added(fact: Fact | None) -> Added | None:
    """What ``fact`` adds; None when it adds nothing, or amounts that no box lets through."""
    match fact:
        case CrossingsCounted() if 0 <= fact.in_ <= MAX_AMOUNT and 0 <= fact.out <= MAX_AMOUNT:
            return Added(crossings=1, crossed_in=fact.in_, crossed_out=fact.out)
        case TicketAdmitted():
            return Added(door_in=1)
        case TicketExited():
            return Added(door_out=1)
        case SaleCompleted(training=False) if abs(fact.total) <= MAX_AMOUNT:
            return Added(currency=fact.currency, sales=1, gross=fact.total)
        case _:
            return None
