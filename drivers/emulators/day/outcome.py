"""What a day must have led to, by a small model of its own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from drivers.emulators.day.steps import (
    FLOAT,
    POSTERS,
    REENTRY,
    Line,
    Plug,
    Power,
    Printer,
    Scan,
    Sell,
    Step,
    Tender,
    Walk,
    posters,
    total,
)


@dataclass
class Expected:
    """What is true afterwards, on a box that was as the demo makes it. Money in minor units; `drawer` is the cash in
    it; `refused` and `refused_sales` count by reason."""

    admitted: Counter[str] = field(default_factory=Counter)
    exited: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    sales: int = 0
    refused_sales: Counter[str] = field(default_factory=Counter)
    gross: int = 0
    posters: int = POSTERS
    drawer: int = FLOAT
    walked: Counter[str] = field(default_factory=Counter)


def expected(steps: Sequence[Step]) -> Expected:
    """The outcome of a plan under the rules of the door and the till."""
    outcome = Expected()
    used: set[str] = set()
    inside: set[str] = set()
    for step in steps:
        match step.do:
            case Scan(code, list_, _, direction):
                if list_ is None:
                    outcome.refused["unknown"] += 1
                elif direction == "out":
                    outcome.exited[list_] += 1
                    inside.discard(code)
                elif code in (inside if list_ in REENTRY else used):
                    outcome.refused["already_used"] += 1
                else:
                    outcome.admitted[list_] += 1
                    used.add(code)
                    inside.add(code)
            case Sell(lines, tenders):
                _sold(outcome, lines, tenders)
            case Walk(direction, people):
                outcome.walked[direction] += people
            case Printer() | Plug() | Power():
                pass
            case never:
                assert_never(never)
    return outcome


def _sold(outcome: Expected, lines: tuple[Line, ...], tenders: tuple[Tender, ...]) -> None:
    wanted, due = posters(lines), total(lines)
    paid = sum(tender.amount for tender in tenders)
    if wanted > outcome.posters:
        outcome.refused_sales["sold-out"] += 1
    elif paid < due:
        outcome.refused_sales["underpaid"] += 1
    else:
        outcome.sales += 1
        outcome.gross += due
        outcome.posters -= wanted
        # Whatever a card did not pay is in the drawer once the change is out of it.
        outcome.drawer += due - sum(tender.amount for tender in tenders if tender.kind == "card")
