"""Guests who take all there is: the portal serves the others, and the till sells as before."""

import sys
from typing import Any

import pytest

from tests.hostile.attackers import SIGN_UPS
from tests.hostile.booth import Booth

SALES = 50


@pytest.fixture
def alone(booth: Booth) -> float:
    """Sales a second while nobody disturbs."""
    return booth.sell(lambda count: count >= SALES)


@pytest.mark.parametrize(
    "kind", ["idle", "more-than-there-are", "slowloris", "slow-readers", "all-at-once", "bodies", "guesses", "sign-ups"]
)
def test_the_till_sells_and_the_portal_serves_others_through(
    booth: Booth, alone: float, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with booth.under(kind) as attack:

        def over(count: int) -> bool:
            return count >= SALES and not (kind == "sign-ups" and attack.goes_on)

        rate = booth.sell(over)
    with capsys.disabled():
        said = f"sales a second {rate:.1f} of {alone:.1f} alone, ratio {rate / alone:.2f}"
        sys.stdout.write(f"\n{kind}: {said}; the portal's peak {booth.peak_mb()} MB; {booth.tally}\n")
    booth.unharmed()
    judge = JUDGED.get(kind)
    assert judge is None or judge(booth.tally), booth.tally


def few_signed_up(tally: dict[str, Any]) -> bool:
    """10 at once and one more a minute; everybody else was told to wait."""
    return sum(tally.values()) == SIGN_UPS and set(tally) <= {"200", "429"} and tally["200"] <= 20


def guesses_slowed(tally: dict[str, Any]) -> bool:
    """Nobody's code, or not now."""
    return set(tally) <= {"422", "429"} and tally["422"] < 20 < tally["429"]


JUDGED = {"sign-ups": few_signed_up, "guesses": guesses_slowed}
