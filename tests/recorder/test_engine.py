"""Promises of the recorder's engine: identities, append-only, savepoints, rebuild, clock, keys."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain import tokens
from appliance.files.tickets import code, event_key
from appliance.journal.verify import verify
from appliance.projections import catalogue, door, kpis, sales
from appliance.projections.registry import projections
from appliance.projections.runner import Projector, dump
from appliance.receipts.token import address
from appliance.services.recorder.engine import Request
from tests.conftest import ITEMS, EngineBox
from tests.independent import check

COFFEE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 500}]}


def test_the_same_identity_and_content_gets_the_first_answer_and_makes_no_second_sale(box: EngineBox) -> None:
    box.open_event()
    first = box.ask("sale.complete", COFFEE, id="s1")
    again = box.ask("sale.complete", COFFEE, id="s1")
    assert first["ok"]
    assert again == first
    assert box.kinds().count("sale.completed/1") == 1


def test_the_same_identity_with_other_content_actor_or_command_is_an_error(box: EngineBox) -> None:
    box.open_event()
    assert box.ask("sale.complete", COFFEE, id="s1")["ok"]
    other = {**COFFEE, "tenders": [{"kind": "cash", "amount": 400}]}
    for reply in (
        box.ask("sale.complete", other, id="s1"),
        box.ask("sale.complete", COFFEE, id="s1", actor="staff:x"),
        box.ask("ticket.scan", {"code": "x"}, id="s1"),
    ):
        assert reply["refusal"]["slug"] == "key-reused"


def test_a_refusal_is_a_fact_and_is_remembered(box: EngineBox) -> None:
    box.open_event()
    many = {"lines": [{"sku": "POSTER", "qty": 21}], "tenders": [{"kind": "cash", "amount": 99999}]}
    first = box.ask("sale.complete", many, id="s1")
    assert first["refusal"]["slug"] == "sold-out"
    assert json.loads(box.bodies()[-1])["data"] == {"command_kind": "sale.complete", "reason": "sold-out"}
    box.do("catalogue.import", items=[{**item, "stock": 99} if item["sku"] == "POSTER" else item for item in ITEMS])
    assert box.ask("sale.complete", many, id="s1") == first
    assert box.ask("sale.complete", many, id="s2")["ok"]


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        ({"lines": [], "tenders": []}, "validation"),
        ({"lines": [{"sku": "COFFEE", "qty": -1}], "tenders": [{"kind": "cash", "amount": 1}]}, "validation"),
        ({"lines": [{"sku": "COFFEE", "qty": 10**9}], "tenders": [{"kind": "cash", "amount": 1}]}, "validation"),
        ({"lines": [{"sku": "COFFEE", "qty": 1.5}], "tenders": [{"kind": "cash", "amount": 1}]}, "validation"),
        ({"lines": [{"sku": "COFFEE", "more": 1}], "tenders": [{"kind": "cash", "amount": 1}]}, "validation"),
        ({"lines": [{"sku": "OPEN"}], "tenders": [{"kind": "cash", "amount": 1}]}, "validation"),
        ({"lines": [{"sku": "COFFEE", "returned": True}], "tenders": [{"kind": "cash", "amount": 1}]}, "validation"),
    ],
)
def test_a_malformed_command_does_not_use_its_identity_up(box: EngineBox, data: dict[str, Any], slug: str) -> None:
    box.open_event()
    before = box.engine.store.pos
    assert box.ask("sale.complete", data, id="s1")["refusal"]["slug"] == slug
    assert box.engine.store.pos == before
    assert box.ask("sale.complete", COFFEE, id="s1")["ok"]


@pytest.mark.parametrize(
    ("tenders", "slug"),
    [
        ([{"kind": "cash", "amount": 349}], "underpaid"),
        ([{"kind": "card", "amount": 351}], "overpaid"),
        ([{"kind": "card", "amount": 350}, {"kind": "cash", "amount": 100}], "overpaid"),
        ([{"kind": "card", "amount": 349}], "underpaid"),
    ],
)
def test_a_cart_is_paid_exactly_and_only_cash_gives_change(
    box: EngineBox, tenders: list[dict[str, Any]], slug: str
) -> None:
    box.open_event()
    assert box.ask("sale.complete", {**COFFEE, "tenders": tenders})["refusal"]["slug"] == slug


def test_a_sale_has_its_number_its_change_and_its_vat_rounded_once_a_rate(box: EngineBox) -> None:
    box.open_event()
    lines = [
        {"sku": "COFFEE", "qty": 3},
        {"sku": "CAKE", "qty": 1},
        {"sku": "CUP", "qty": 2},
        {"sku": "CUP", "qty": 1, "returned": True},
    ]
    lines += [{"sku": "BEANS", "grams": 250}, {"sku": "OPEN", "price": 99}]
    answer = box.do(
        "sale.complete",
        lines=lines,
        tenders=[{"kind": "card", "amount": 1000, "reference": "0417"}, {"kind": "cash", "amount": 2000}],
    )
    total = 1050 + 420 + 400 - 200 + 623 + 99
    assert (answer["total"], answer["change"], answer["number"]) == (total, 3000 - total, "1-1")
    assert answer["vat"] == [
        {"rate": "0.19", "net": 1149 - 183, "tax": 183, "gross": 1149},
        {"rate": "0.07", "net": 1043 - 68, "tax": 68, "gross": 1043},
        {"rate": "0", "net": 200, "tax": 0, "gross": 200},
    ]
    assert box.do("sale.complete", **COFFEE)["number"] == "1-2"


def test_stock_goes_down_and_never_below_nothing(box: EngineBox) -> None:
    box.open_event()
    poster = {"lines": [{"sku": "POSTER", "qty": 15}], "tenders": [{"kind": "cash", "amount": 99999}]}
    assert box.ask("sale.complete", poster)["ok"]
    refused = box.ask("sale.complete", poster)
    assert (refused["refusal"]["slug"], refused["refusal"]["left"]) == ("sold-out", 5)
    left = {item.sku: item.stock for item in catalogue.items(box.engine.store.db)}
    assert left["POSTER"] == 5


def test_nothing_is_sold_before_an_event_and_a_drawer_are_open(box: EngineBox) -> None:
    assert box.ask("sale.complete", COFFEE)["refusal"]["slug"] == "event-closed"
    box.do("event.create", name="Abendmarkt", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    assert box.ask("sale.complete", COFFEE)["refusal"]["slug"] == "event-closed"
    box.do("catalogue.import", items=ITEMS)
    box.do("event.open")
    assert box.ask("sale.complete", COFFEE)["refusal"]["slug"] == "drawer-closed"


def test_no_statement_changes_replaces_or_deletes_a_fact(box: EngineBox) -> None:
    box.open_event()
    db = box.engine.store.db
    row = db.execute("SELECT * FROM fact WHERE pos = 3").fetchone()
    pos = box.engine.store.pos
    attempts = [
        ("UPDATE fact SET body = '{}' WHERE pos = 3", ()),
        ("UPDATE OR REPLACE fact SET id = (SELECT id FROM fact WHERE pos = 2) WHERE pos = 3", ()),
        ("DELETE FROM fact WHERE pos = 3", ()),
        ("INSERT OR REPLACE INTO fact VALUES(?, ?, ?, ?, ?, ?)", tuple(row)),
        ("INSERT OR REPLACE INTO fact VALUES(?, ?, ?, ?, ?, ?)", (pos + 1, 1, pos + 1, row["id"], "{}", b"x")),
        ("INSERT OR REPLACE INTO fact VALUES(?, ?, ?, ?, ?, ?)", (pos + 1, 1, 3, "new", "{}", b"x")),
        ("INSERT INTO fact VALUES(?, ?, ?, ?, ?, ?)", (pos + 2, 1, pos + 1, "new", "{}", b"x")),
        ("INSERT INTO fact VALUES(?, ?, ?, ?, ?, ?)", (pos + 1, 1, pos + 2, "new", "{}", b"x")),
        ("INSERT INTO fact VALUES(?, ?, ?, ?, ?, ?)", (pos + 1, 0, 1, "new", "{}", b"x")),
        ("INSERT INTO fact VALUES(NULL, 1, ?, 'new', '{}', x'00')", (pos + 3,)),
    ]
    before = box.bodies()
    for statement, values in attempts:
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(statement, values)
    assert box.bodies() == before


def test_one_bad_command_of_a_batch_leaves_the_others_whole(box: EngineBox) -> None:
    box.open_event()
    requests = [
        Request("staff", "a", "sale.complete", "staff:s1", COFFEE),
        Request(
            "staff",
            "b",
            "sale.complete",
            "staff:s1",
            {"lines": [{"sku": "NONE"}], "tenders": [{"kind": "cash", "amount": 1}]},
        ),
        Request("staff", "c", "sale.complete", "staff:s1", {"lines": "nonsense"}),
        Request("guest", "d", "sale.complete", "guest:x", COFFEE),
        Request("staff", json.loads(box.bodies()[0])["command"], "sale.complete", "staff:s1", COFFEE),
        Request("staff", "e", "sale.complete", "staff:s1", COFFEE),
    ]
    replies = box.engine.execute(requests)
    slugs = [reply.get("refusal", {}).get("slug") for reply in replies]
    assert slugs == [None, "unknown-sku", "validation", "role", "key-reused", None]
    assert [replies[0]["answer"]["number"], replies[5]["answer"]["number"]] == ["1-1", "1-2"]
    assert verify(box.data)["ok"]


def test_a_ticket_is_admitted_once_and_refused_with_the_time_of_the_first(box: EngineBox) -> None:
    event = box.open_event()
    key = event_key(box.data / "keys", event, create=True)
    ticket = "0a" * 12
    box.do("tickets.issue", list="general", tickets=[{"ticket": ticket, "holder": "Ana Amber"}])
    text = code(key, ticket, event=event, list_="general", valid_from=None, valid_until=None)
    first = box.do("ticket.scan", code=text, gate="door-a")
    box.clock.advance(60)
    second = box.do("ticket.scan", code=text, gate="door-b")
    assert (first["verdict"], second["verdict"], second["reason"]) == ("admitted", "refused", "already_used")
    assert second["first"] == {"at": first["at"], "gate": "door-a", "box": "box-7"}
    assert "Ana" not in "".join(box.bodies()), "a name in the journal"
    assert door.counts(box.engine.store.db)["general"] == {"total": 1, "admitted": 1, "inside": 1, "refused": 1}


@pytest.mark.parametrize(
    ("reason", "event", "times", "list_", "key_event"),
    [
        ("other_event", "evother", (None, None), "general", None),
        ("expired", None, (None, 1), "general", None),
        ("not_yet_valid", None, (4_000_000_000, None), "general", None),
        ("unknown", None, (None, None), "nowhere", None),
        ("bad_signature", None, (None, None), "general", "foreign"),
    ],
)
def test_each_wrong_ticket_is_refused_with_its_reason(
    box: EngineBox,
    tmp_path: Path,
    reason: str,
    event: str | None,
    times: tuple[int | None, int | None],
    list_: str,
    key_event: str | None,
) -> None:
    live = box.open_event()
    folder = tmp_path / "foreign" if key_event else box.data / "keys"
    folder.mkdir(exist_ok=True)
    key = event_key(folder, live, create=True)
    text = code(key, "0b" * 12, event=event or live, list_=list_, valid_from=times[0], valid_until=times[1])
    assert box.do("ticket.scan", code=text)["reason"] == reason


def test_time_rules_are_skipped_without_a_trusted_clock_and_the_fact_says_so(box: EngineBox) -> None:
    event = box.open_event()
    key = event_key(box.data / "keys", event, create=True)
    box.clock.trust("none")
    text = code(key, "0c" * 12, event=event, list_="general", valid_from=None, valid_until=1)
    answer = box.do("ticket.scan", code=text)
    assert (answer["verdict"], answer["time_checked"]) == ("admitted", False)
    assert json.loads(box.bodies()[-1])["data"]["time_checked"] is False


def test_reentry_needs_an_exit_and_a_revoked_ticket_never_enters(box: EngineBox) -> None:
    event = box.open_event()
    box.do("list.define", list="vip", entry="reentry")
    key = event_key(box.data / "keys", event, create=True)
    text = code(key, "0d" * 12, event=event, list_="vip", valid_from=None, valid_until=None)
    verdicts = [box.do("ticket.scan", code=text, direction=way)["verdict"] for way in ("in", "in", "out", "in", "out")]
    assert verdicts == ["admitted", "refused", "exited", "admitted", "exited"]
    box.do("tickets.mark", mark="revoked", tickets=["0d" * 12])
    assert box.do("ticket.scan", code=text)["reason"] == "revoked"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["in", "out", "revoke", "restart"]), max_size=12), st.sampled_from(["single", "reentry"])
)
def test_no_sequence_of_scans_and_restarts_admits_more_than_the_list_allows(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], entry: str
) -> None:
    data = tmp_path_factory.mktemp("door")
    box = EngineBox(data)
    event = box.open_event()
    box.do("list.define", list="x", entry=entry)
    text = code(
        event_key(data / "keys", event, create=True),
        "0e" * 12,
        event=event,
        list_="x",
        valid_from=None,
        valid_until=None,
    )
    admitted = exits_after = 0
    revoked = False
    for step in steps:
        match step:
            case "restart":
                box.engine.close()
                box = EngineBox(data)
            case "revoke":
                box.do("tickets.mark", mark="revoked", tickets=["0e" * 12])
                revoked = True
            case way:
                verdict = box.do("ticket.scan", code=text, direction=way)["verdict"]
                assert not (revoked and verdict == "admitted")
                admitted += verdict == "admitted"
                exits_after += verdict == "exited"
    assert admitted <= (1 if entry == "single" else 1 + exits_after)
    box.engine.close()


commands = st.one_of(
    st.tuples(st.just("sale.complete"), st.sampled_from(["COFFEE", "POSTER", "CUP", "NONE"]), st.integers(1, 9)),
    st.tuples(st.just("ticket.scan"), st.sampled_from(["a", "b", "\x01", ""]), st.integers(0, 1)),
    st.tuples(st.just("crossings.count"), st.just("door"), st.integers(1, 5)),
    st.tuples(st.just("device.report"), st.sampled_from(["online", "absent"]), st.integers(0, 1)),
    st.tuples(st.just("power.sample"), st.just(""), st.integers(0, 1000)),
    st.tuples(st.just("event.cycle"), st.just(""), st.just(0)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(commands, max_size=25))
def test_a_rebuild_gives_the_tables_that_were_there_and_the_journal_verifies(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    box = EngineBox(tmp_path_factory.mktemp("rebuild"))
    box.open_event()
    for command, word, number in steps:
        box.clock.advance(7)
        match command:
            case "sale.complete":
                box.ask(
                    command, {"lines": [{"sku": word, "qty": number}], "tenders": [{"kind": "cash", "amount": 20000}]}
                )
            case "ticket.scan":
                box.ask(command, {"code": word, "direction": "in" if number else "out"})
            case "crossings.count":
                box.ask(command, {"line": word, "in": number, "out": 1, "from_mono": 1, "to_mono": 2, "source": "beam"})
            case "device.report":
                box.ask(command, {"device": "printer", "kind": "printer", "state": word, "reason": str(number)})
            case "power.sample":
                box.ask(command, {"soc_permille": number, "mv": None, "ma": None, "pv_mw": 0, "load_mw": None})
            case _:
                box.ask("event.close", {})
                box.ask("event.create", {"name": "Next", "currency": "EUR", "timezone": "UTC", "area_m2": "7.5"})
                box.ask("event.open", {})
    db = box.engine.store.db
    before = dump(db)
    Projector(db).rebuild()
    assert dump(db) == before
    box.ask("checkpoint.request", {})
    assert verify(box.data)["ok"]
    assert check(box.data) == {1: box.engine.store.size}
    box.engine.close()


def test_a_projection_that_no_decision_reads_goes_stale_and_never_refuses_a_sale(
    box: EngineBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.open_event()
    footfall = next(projection for projection in projections() if projection.name == "footfall")
    kind = "crossings.counted/1"

    def broken(*_: object) -> None:
        raise ValueError("a fault in a fold")

    monkeypatch.setitem(footfall.folds, kind, broken)
    crossing = {"line": "door", "in": 1, "out": 0, "from_mono": 1, "to_mono": 2, "source": "beam"}
    assert box.ask("crossings.count", crossing)["ok"]
    assert box.ask("sale.complete", COFFEE)["ok"]
    monkeypatch.undo()
    assert Projector(box.engine.store.db).catch_up() == ["footfall"]
    assert kpis.kpis(box.engine.store.db, box.clock())["attendance"]["in"] == 1


def test_a_checkpoint_is_signed_at_close_on_request_and_after_a_thousand_facts(box: EngineBox) -> None:
    box.open_event()
    for start in range(0, 1000, 50):
        box.engine.execute([Request("staff", f"n{start + i}", "sale.complete", "staff:s1", COFFEE) for i in range(50)])
    sizes = [row["size"] for row in box.engine.store.db.execute("SELECT size FROM checkpoint ORDER BY size")]
    assert sizes
    assert max(b - a for a, b in zip([0, *sizes], sizes, strict=False)) <= 1100
    box.do("sale.complete", **COFFEE)
    assert box.do("checkpoint.request")["news"] is True
    assert box.do("checkpoint.request")["news"] is False
    box.do("event.close")
    size = box.engine.store.size
    assert box.engine.store.checkpointed == size
    assert verify(box.data)["checkpoints"] == len(sizes) + 2
    assert check(box.data) == {1: size}


def test_a_wall_clock_that_is_set_leaves_a_fact_and_monotonic_time_none(box: EngineBox) -> None:
    box.open_event()
    box.clock.advance(3600)
    box.do("sale.complete", **COFFEE)
    assert "clock.stepped/1" not in box.kinds()
    box.clock.step(-7200)
    box.do("sale.complete", **COFFEE)
    stepped = [json.loads(body) for body in box.bodies() if '"clock.stepped/1"' in body]
    assert [fact["data"] for fact in stepped] == [{"by_ms": -7_200_000, "source": "ntp"}]


def test_a_receipts_token_is_signed_by_the_box_and_names_its_fact(box: EngineBox) -> None:
    box.open_event()
    answer = box.do("sale.complete", **COFFEE)
    public = box.engine.store.keys.signer(1).private.public_key()
    text = answer["receipt"].removeprefix(address("http://10.77.0.1", ""))
    token = tokens.read(text, {tokens.key_kid(public.public_bytes_raw()): public})
    row = box.engine.store.db.execute("SELECT seq, leaf FROM fact WHERE pos = ?", (answer["pos"],)).fetchone()
    assert token.kind == "receipt"
    assert (token.more[tokens.SEQ], token.more[tokens.LEAF]) == (row["seq"], row["leaf"])
    assert (token.more[tokens.TOTAL], token.more[tokens.NUMBER]) == (350, "1-1")
    assert box.do("receipt.link", sale=answer["sale"])["url"] == answer["receipt"]


def test_what_the_journal_holds_survives_a_restart_and_the_numbers_go_on(box: EngineBox) -> None:
    box.open_event()
    first = box.ask("sale.complete", COFFEE, id="s1")
    before = box.bodies()
    box.engine.close()
    again = EngineBox(box.data, clock=box.clock)
    try:
        assert again.bodies() == before
        assert again.ask("sale.complete", COFFEE, id="s1") == first
        assert again.do("sale.complete", **COFFEE)["number"] == "1-2"
        assert sales.get(again.engine.store.db, "s1") is not None
    finally:
        again.engine.close()


def test_a_name_without_its_fact_is_swept_at_the_next_start(box: EngineBox) -> None:
    box.open_event()
    box.do("tickets.issue", list="general", tickets=[{"ticket": "aa" * 12, "holder": "Ana Amber"}])
    people = sqlite3.connect(box.data / "people.db")
    people.execute("INSERT INTO person VALUES('porphan', x'00', '{}')")
    people.commit()
    box.engine.close()
    again = EngineBox(box.data)
    refs = [ref for (ref,) in people.execute("SELECT ref FROM person")]
    people.close()
    again.engine.close()
    assert len(refs) == 1
    assert "porphan" not in refs


@pytest.mark.parametrize("place", [2, 5, -1])
def test_a_flipped_byte_in_any_fact_is_found_and_named(box: EngineBox, tmp_path: Path, place: int) -> None:
    box.open_event()
    box.do("event.close")
    box.engine.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = tmp_path / "copy"
    shutil.copytree(box.data, copy)
    pos = place if place > 0 else box.engine.store.pos
    text = box.bodies()[pos - 1]
    raw = (copy / "journal.db").read_bytes()
    where = raw.index(text.encode()) + text.index('"actor"') + 10
    (copy / "journal.db").write_bytes(raw[:where] + bytes([raw[where] ^ 1]) + raw[where + 1 :])
    assert verify(box.data)["ok"]
    found = verify(copy)
    assert not found["ok"]
    assert (found["error"]["log"], found["error"]["seq"]) == (1, pos)
