"""Bytes that no box sends: each is counted, kept for a look, and harms nothing."""

import json
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.central import intake
from appliance.central.database import open_reader
from appliance.central.places import Rejected
from appliance.central.service import Received
from appliance.journal import codec
from tests.central.bodies import batch, body, event, head, journal, signer
from tests.central.conftest import BOX, Inside

TEN = journal(10)
GOOD = batch(TEN).payload


def rejected(inside: Inside) -> int:
    tasks = inside.tasks("rejected")
    return int(tasks[0]["about"].split()[0]) if tasks else 0


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (BOX.topic("facts"), b"\xff\xfe"),
        (BOX.topic("facts"), b"{}"),
        (BOX.topic("facts"), b"[]"),
        (BOX.topic("facts"), b"[1]"),
        (BOX.topic("facts"), b"[" * 100_000),
        (BOX.topic("facts"), b"[" + b",".join([b"{}"] * 101) + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1]).replace(b'{"actor"', b'{"a":' + b"[" * 5000 + b'"actor"') + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1]).replace(b'"mono":2', b'"mono":2.0') + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1]).replace(b'"mono":2', b'"mono": 2') + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1]).replace(b'"mono":2', b'"mono":2,"mono":2') + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1], id="other") + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1], source="boothkit/box-8/1") + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1], source="boothkit/box-7/2") + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1], type="org.boothkit.sale.completed/1") + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1], specversion="0.3") + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1], pos=1) + b"]"),
        (BOX.topic("facts"), b"[" + event(TEN[1], pos=2**60) + b"]"),
        (BOX.topic("facts"), b"[" + event(body(0)) + b"]"),
        (BOX.topic("facts"), b"[" + event(body(2, box="box-8"), source="boothkit/box-7/1") + b"]"),
        (BOX.topic("facts"), b"[" + event(body(2, data={"x": "y" * 300_000})) + b"]"),
        (BOX.topic("checkpoint"), b"\xff"),
        (BOX.topic("checkpoint"), b"boothkit/box-7/1\n1\n"),
        (BOX.topic("status"), b"[]"),
        (BOX.topic("status"), b'{"online":true,"log":-1}'),
        (BOX.topic("status"), b'{"online":true,"event":"' + b"x" * 5000 + b'"}'),
        (BOX.topic("else"), b"x"),
        ("boothkit/1/CELL/box-7/facts", GOOD),
        ("boothkit/2/cell/box-7/facts", GOOD),
    ],
)
def test_garbage_is_counted_and_what_follows_is_taken(inside: Inside, topic: str, payload: bytes) -> None:
    inside.take(batch(TEN[:1]))
    answers = inside.take(Received(topic, payload), batch(TEN))
    assert rejected(inside) == 1
    assert inside.receipts(answers) == [head(TEN)]


def test_no_more_than_a_thousand_beginnings_are_kept_and_all_are_counted(inside: Inside, tmp_path: Path) -> None:
    inside.take(*(Received(BOX.topic("facts"), b"garbage %d" % n) for n in range(1200)))
    assert rejected(inside) == 1200
    with closing(open_reader(tmp_path / "central", inside.dsn)) as db:
        assert db.rows("SELECT count(*) AS n FROM rejected") == [{"n": 1000}]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_facts_or_rejected(payload: bytes) -> None:
    for read in (lambda: intake.batch(payload, BOX), lambda: intake.status(payload)):
        why = "taken"
        try:
            read()
        except Rejected as error:
            why = str(error)
        assert why


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=3))
def test_a_fact_that_is_taken_is_byte_for_byte_one_that_hashes_to_its_leaf(place: int, other: bytes) -> None:
    changed = GOOD[:place] + other + GOOD[place + len(other) :]
    try:
        events = intake.batch(changed, BOX)
    except Rejected:
        return
    for fact in events:
        if isinstance(fact, intake.Incoming):
            assert codec.encode(json.loads(fact.body)) == fact.body.encode()
            assert codec.leaf_hash(fact.body.encode()) == fact.leaf
            assert fact.body.encode() in changed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
KINDS = ("log.started/1", "sale.completed/1", "crossings.counted/1", "ticket.admitted/1", "event.created/1", "x/1")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.dictionaries(st.text("abc", max_size=3), JSON, max_size=4)), max_size=5
    )
)
def test_known_kinds_with_unknown_data_are_stored_and_add_nothing(facts: list[tuple[str, dict[str, object]]]) -> None:
    bodies = [TEN[0]]
    for kind, data in facts:
        try:
            bodies.append(body(len(bodies) + 1, kind, data))
        except codec.NotCanonical:
            continue
    with tempfile.TemporaryDirectory() as folder:
        inside = Inside(Path(folder))
        assert inside.receipts(inside.take(batch(bodies))) == [head(bodies)]
        assert inside.view.kpis()["sales"] == {"count": 0, "gross": 0, "currency": None}
        inside.store.close()


def test_a_box_whose_first_message_holds_no_fact_stops_nobody(inside: Inside) -> None:
    inside.keyring.enrol(BOX, signer().verifier.vkey())
    inside.take(Received(BOX.topic("facts"), b'[{"x":1}]'))
    assert rejected(inside) == 1
    assert inside.receipts(inside.take(batch(TEN))) == [head(TEN)]


def test_texts_and_numbers_at_their_limits_are_stored(inside: Inside) -> None:
    odd, most = "\x00\U0001f3ab" * 1200, 2**53 - 1
    line = {"sku": odd, "name": odd, "qty": most, "unit_price": 1, "discount": 0, "total": 1, "vat": odd}
    sale: dict[str, Any] = {
        "sale": odd,
        "number": odd,
        "drawer": odd,
        "currency": odd,
        "lines": [{**line, "qty": 1}, line],
    }
    sale |= {"tenders": [], "total": 2, "rounding": 0, "change": 0, "vat": [], "training": False}
    event = {"event": odd, "name": odd, "currency": odd, "timezone": odd, "area_m2": odd}
    power = {"soc_permille": most, "mv": -most, "ma": most, "pv_mw": None, "load_mw": None}
    facts: list[tuple[str, dict[str, Any]]] = [
        ("sale.completed/1", {**sale, "lines": [{**line, "qty": 1}]}),
        ("sale.completed/1", sale),
        ("event.created/1", event),
        ("event.opened/1", {"event": odd}),
        ("device.changed/1", {"device": odd, "kind": odd, "state": "online", "reason": odd}),
        ("power.sampled/1", power),
        ("list.defined/1", {"list": odd, "entry": "single"}),
        ("ticket.refused/1", {"ticket": None, "list": odd, "gate": odd, "reason": "unknown"}),
        ("crossings.counted/1", {"line": odd, "in": 1, "out": 0, "from_mono": 1, "to_mono": 2, "source": "beam"}),
    ]
    bodies = [TEN[0], *(body(seq, kind, data, event=odd, boot=odd) for seq, (kind, data) in enumerate(facts, 2))]
    bodies.append(body(len(bodies) + 1, odd, event=odd, at=odd, id=odd))
    assert inside.receipts(inside.take(batch(bodies[:5]), batch(bodies[8:]), batch(bodies[5:8]))) == [head(bodies)]
    assert inside.bodies() == [raw.decode() for raw in bodies]
    assert inside.view.kpis()["sales"]["count"] == 1
    inside.take(batch([body(3, boot=odd, id="other")]))
    assert len(inside.view.tasks(inside.now_ms)) == 1


def test_sums_cannot_be_driven_out_of_their_columns(inside: Inside) -> None:
    crossing = {"line": "a", "in": 2**53 - 1, "out": 0, "from_mono": 1, "to_mono": 2, "source": "beam"}
    bodies = [TEN[0], *(body(seq, "crossings.counted/1", crossing) for seq in range(2, 8))]
    assert inside.receipts(inside.take(batch(bodies))) == [head(bodies)]
    assert inside.view.kpis()["attendance"] == {"in": 0, "out": 0, "source": None}
