"""How long the card lasts."""

import pytest

from appliance.projections.disk import MOST_DAYS, days_left
from tests.conftest import EngineBox


def test_days_that_are_left_follow_the_pace_and_are_not_guessed(box: EngineBox) -> None:
    box.open_event()
    db = box.engine.store.db
    cash = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 350}]}
    assert days_left(db, box.clock(), 10**9, 10**6).missing == ("facts",)
    for _ in range(160):
        assert box.ask("sale.complete", cash)["ok"]
    assert days_left(db, box.clock(), 10**9, 10**6).missing == ("hour",)
    for _ in range(70):
        box.clock.advance(360)
        assert box.ask("sale.complete", cash)["ok"]
    pos, now = box.engine.store.pos, box.clock()
    # Six hours back from now stand sixty sales, each of which took its part of what is used.
    since = [mono for (mono,) in db.execute("SELECT body ->> 'mono' FROM fact") if mono >= now.mono - 6 * 3600 * 10**6]
    a_day = len(since) / 6 * 24 * 10**6 / pos
    found = days_left(db, now, 10**8, 10**6).days
    assert found == pytest.approx(10**8 / a_day, rel=0.1)
    assert days_left(db, now, 0, 10**6).days == 0
    assert days_left(db, now, 10**12, 10**6).days == MOST_DAYS
    box.clock.advance(7 * 3600)
    assert days_left(db, box.clock(), 10**9, 10**6).missing == ("hour",), "six hours without a fact are no pace"
