"""What central shows: to scripts, to people, and on the command line."""

import json

import pytest
from flask.testing import FlaskClient

from appliance.projections import kpis
from tests.central.bodies import after, batch, body, journal
from tests.central.conftest import BOX, Inside
from tests.conftest import EngineBox
from web.central.app import create_app

FORTY = journal(40)


@pytest.fixture
def web(inside: Inside) -> FlaskClient:
    """A client of the pages over a central that has 40 facts of one box and a fork."""
    inside.take(batch(FORTY), batch([body(3, data={"by_ms": 999, "source": "rtc"})]))
    return create_app(inside.view, lambda: inside.now_ms).test_client()


def test_facts_are_given_back_as_they_were_received(web: FlaskClient) -> None:
    answer = web.get("/api/v1/boxes/cell/box-7/facts")
    assert answer.mimetype == "application/x-ndjson"
    assert answer.data == b"".join(raw + b"\n" for raw in FORTY)


def test_the_pieces_of_a_long_answer_leave_nothing_out(inside: Inside) -> None:
    bodies = journal(1203)
    for start in range(0, len(bodies), 100):
        inside.take(batch(bodies[start : start + 100]))
    assert inside.bodies() == [raw.decode() for raw in bodies]


def test_boxes_tasks_and_the_page_say_the_same(web: FlaskClient) -> None:
    boxes = web.get("/api/v1/boxes").get_json()
    assert [(row["cell"], row["box"], row["safe"], row["forks"]) for row in boxes] == [("cell", "box-7", 40, 1)]
    assert [task["kind"] for task in web.get("/api/v1/tasks").get_json()] == ["fork"]
    page = web.get("/").get_data(as_text=True)
    assert "box-7" in page
    assert "two facts claim seq 3" in page


def test_an_unknown_box_is_a_problem_with_a_remedy(web: FlaskClient) -> None:
    answer = web.get("/api/v1/boxes/cell/box-8/facts")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert json.loads(answer.data)["remedy"]
    assert web.get("/nowhere").mimetype == "application/problem+json"
    assert web.post("/api/v1/boxes").status_code == 405


def test_centrals_sums_are_the_boxes_own_numbers(inside: Inside, box: EngineBox) -> None:
    box.open_event()
    tender = [{"kind": "cash", "amount": 5000}]
    box.do("sale.complete", lines=[{"sku": "COFFEE", "qty": 2}], tenders=tender)
    box.do("sale.complete", lines=[{"sku": "POSTER", "qty": 1}], tenders=tender)
    for crossed in ({"in": 3, "out": 1}, {"in": 1, "out": 2}):
        data = {"line": "door", **crossed, "from_mono": 1, "to_mono": 2, "source": "beam"}
        assert box.ask("crossings.count", data)["ok"]
    inside.take(batch([text.encode() for text in box.bodies()]))
    own = kpis.kpis(box.engine.store.db, box.clock())
    sums = inside.view.kpis()
    assert sums["sales"] == {"count": own["sales"]["count"], "gross": own["sales"]["gross"], "currency": "EUR"}
    assert sums["attendance"] == {"in": 4, "out": 3, "source": "footfall"}
    assert (own["attendance"]["in"], own["attendance"]["out"]) == (4, 3)
    assert [(row["cell"], row["box"]) for row in sums["boxes"]] == [(BOX.cell, BOX.box)]


def test_amounts_of_two_currencies_are_never_added_up(inside: Inside, box: EngineBox) -> None:
    box.open_event()
    box.do("sale.complete", lines=[{"sku": "COFFEE", "qty": 1}], tenders=[{"kind": "cash", "amount": 350}])
    bodies = [text.encode() for text in box.bodies()]
    sale = json.loads(next(raw for raw in bodies if b"sale.completed" in raw))
    other = {**sale["data"], "currency": "CHF"}
    more = [body(len(bodies) + 1, "sale.completed/1", other, event="ev2")]
    inside.take(batch([*bodies, *more]))
    assert inside.view.kpis()["sales"] == {"count": 2, "gross": None, "currency": "CHF and EUR"}


def test_the_lines_of_a_box_that_fell_back_are_asked_for_by_name(web: FlaskClient, inside: Inside) -> None:
    second = after(2, FORTY[:30], 500)
    inside.take(batch(second, shift=30))
    path = "/api/v1/boxes/cell/box-7/facts"
    assert web.get(f"{path}?line=main").data == web.get(path).data
    assert web.get(f"{path}?line=own").data == b"".join(raw + b"\n" for raw in [*FORTY[:30], *second])
    forked = body(3, data={"by_ms": 999, "source": "rtc"})
    assert web.get(f"{path}?line=orphaned").data == b"".join(raw + b"\n" for raw in [*FORTY[30:], forked])
    answer = web.get(f"{path}?line=other")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert "main, own, orphaned" in answer.get_json()["detail"]
