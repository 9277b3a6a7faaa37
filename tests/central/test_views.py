"""The views for BI tools: the same columns and numbers on both databases, and in docs/reference/central.md."""

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from appliance.central.database import open_reader
from appliance.central.places import Box
from appliance.central.rollups import hour_of
from appliance.central.views import VIEWS
from appliance.journal import notes
from tests.central.bodies import SEED, batch, body
from tests.central.conftest import Inside
from tests.conftest import EngineBox
from tests.docs.markdown import ROOT

Ask = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def ask(inside: Inside, box: EngineBox) -> Ask:
    """Asks a central that holds a short event of a real box."""
    box.open_event()
    box.clock.advance(60)
    cash, card = {"kind": "cash", "amount": 5000}, {"kind": "card", "amount": 350}
    box.do("sale.complete", lines=[{"sku": "COFFEE", "qty": 2}, {"sku": "CAKE", "qty": 1}], tenders=[cash])
    box.clock.advance(3600)
    box.do("sale.complete", lines=[{"sku": "COFFEE", "qty": 1}], tenders=[card])
    box.do("tickets.issue", list="general", tickets=[{"ticket": "ab" * 16}])
    for in_, out in ((3, 1), (0, 1)):
        crossed = {"line": "door", "in": in_, "out": out, "from_mono": 1, "to_mono": 2, "source": "beam"}
        assert box.ask("crossings.count", crossed)["ok"]
    box.do("device.report", device="printer", kind="printer", state="online", reason="")
    box.do("device.report", device="printer", kind="printer", state="fault", reason="paper out")
    box.do("power.sample", soc_permille=810, mv=12900, ma=-400, pv_mw=None, load_mw=5200)
    box.do("power.sample", soc_permille=800, mv=12850, ma=-500, pv_mw=None, load_mw=6400)
    bodies = [text.encode() for text in box.bodies()]
    inside.take(batch(bodies), batch(bodies))

    def query(sql: str) -> list[dict[str, Any]]:
        with closing(open_reader(inside.view._folder, inside.dsn)) as db:
            return db.rows(sql)

    return query


def test_sales_taxes_tenders_and_items_by_hour(ask: Ask) -> None:
    hours = ("2026-11-23T18:00:00Z", "2026-11-23T19:00:00Z")
    sales = ask("SELECT hour, currency, sales, gross, net, tax FROM v_sales ORDER BY hour")
    assert sales == [
        {"hour": hours[0], "currency": "EUR", "sales": 1, "gross": 1120, "net": 981, "tax": 139},
        {"hour": hours[1], "currency": "EUR", "sales": 1, "gross": 350, "net": 294, "tax": 56},
    ]
    taxes = ask(
        "SELECT rate, sum(net) AS net, sum(tax) AS tax, sum(gross) AS gross FROM v_tax GROUP BY rate ORDER BY 1"
    )
    assert [(row["rate"], int(row["net"]), int(row["tax"]), int(row["gross"])) for row in taxes] == [
        ("0.07", 393, 27, 420),
        ("0.19", 882, 168, 1050),
    ]
    assert ask("SELECT tender, tenders, amount FROM v_tenders ORDER BY tender") == [
        {"tender": "card", "tenders": 1, "amount": 350},
        {"tender": "cash", "tenders": 1, "amount": 1120},
    ]
    assert ask("SELECT sku, unit, qty, gross FROM v_items WHERE sku = 'COFFEE' ORDER BY hour") == [
        {"sku": "COFFEE", "unit": "piece", "qty": 2, "gross": 700},
        {"sku": "COFFEE", "unit": "piece", "qty": 1, "gross": 350},
    ]


def test_attendance_is_the_counters_where_there_is_one(ask: Ask) -> None:
    assert ask("SELECT source, entries, exits FROM v_attendance") == [{"source": "footfall", "entries": 3, "exits": 2}]
    assert ask("SELECT line, entries, exits FROM v_crossings") == [{"line": "door", "entries": 3, "exits": 2}]


def test_who_crosses_a_line_inside_of_the_place_is_no_attendance(inside: Inside, box: EngineBox) -> None:
    box.open_event()
    box.do("device.report", device="footfall", kind="footfall", state="online", reason="")
    middle = {"name": "middle", "a": [0, 5000], "b": [10_000, 5000], "entrance": False}
    box.do("counter.plan", device="footfall", lines=[middle, {**middle, "name": "door", "entrance": True}])
    for line in ("footfall/middle", "footfall/door"):
        crossed = {"line": line, "in": 2, "out": 1, "from_mono": 1, "to_mono": 2, "source": "camera"}
        assert box.ask("crossings.count", crossed)["ok"]
    inside.take(batch([text.encode() for text in box.bodies()]))
    with closing(open_reader(inside.view._folder, inside.dsn)) as db:
        assert db.rows("SELECT line, entries, exits FROM v_crossings") == [
            {"line": "footfall/door", "entries": 2, "exits": 1}
        ]
    assert inside.view.kpis()["attendance"] == {"in": 2, "out": 1, "source": "footfall"}


def test_states_are_the_newest(ask: Ask) -> None:
    assert ask("SELECT device, kind, state, reason FROM v_devices") == [
        {"device": "printer", "kind": "printer", "state": "fault", "reason": "paper out"}
    ]
    assert ask("SELECT soc_permille, mv, ma, pv_mw, load_mw FROM v_power") == [
        {"soc_permille": 800, "mv": 12850, "ma": -500, "pv_mw": None, "load_mw": 6400}
    ]
    (event,) = ask("SELECT name, currency, timezone, area_m2, opened, closed FROM v_events")
    assert (event["name"], event["currency"], event["area_m2"], event["closed"]) == ("Abendmarkt", "EUR", "12", "")
    assert event["opened"].startswith("2026-11-23T18:00")
    (row,) = ask("SELECT cell, box, log, event_name, soc_permille FROM v_boxes")
    assert row == {"cell": "cell", "box": "box-7", "log": 1, "event_name": None, "soc_permille": 800}
    facts = ask("SELECT seq, kind FROM v_facts ORDER BY seq")
    assert facts[0] == {"seq": 1, "kind": "log.started/1"}


def test_the_door_counts_where_nobody_else_does(inside: Inside, ask: Ask) -> None:
    ticket = {"ticket": "t1", "list": "vip", "gate": "door", "time_checked": True}
    more = [body(1, box="box-8"), body(2, "ticket.admitted/1", ticket, box="box-8", mono=5, id="x2.0")]
    inside.keyring.enrol(Box("cell", "box-8"), notes.Signer("boothkit/box-8/1", SEED).verifier.vkey())
    inside.take(batch(more, topic="boothkit/1/cell/box-8/facts"))
    assert ask("SELECT source, entries FROM v_attendance WHERE box = 'box-8'") == [
        {"source": "admissions", "entries": 1}
    ]
    assert ask("SELECT list, admitted, exited, refused FROM v_door WHERE box = 'box-8'") == [
        {"list": "vip", "admitted": 1, "exited": 0, "refused": 0}
    ]


def test_an_hour_is_an_hour_or_nothing() -> None:
    assert hour_of("2026-11-23T18:59:59.999Z") == "2026-11-23T18:00:00Z"
    for at in ("", "yesterday", "2026-99-99T18:00:00.000Z", "2026-11-23T18:00:00", "0001-01-01T00:00:00Z"):
        assert hour_of(at) == ""


def test_the_views_and_columns_are_those_of_the_documentation(ask: Ask) -> None:
    page = (ROOT / "docs" / "reference" / "central.md").read_text(encoding="utf-8")
    told = {
        name: re.findall(r"`(\w+)`", columns)
        for name, columns in re.findall(r"^\| `(v_\w+)` \| (.*?) \|", page, re.MULTILINE)
    }
    assert set(told) == set(re.findall(r"CREATE VIEW (v_[a-z_]+) AS", VIEWS))
    for name, columns in told.items():
        ask(f"SELECT {', '.join(columns)} FROM {name}")  # noqa: S608 - ours
        rows = ask(f"SELECT * FROM {name}")  # noqa: S608 - ours
        if rows:
            assert set(rows[0]) == set(columns), name
