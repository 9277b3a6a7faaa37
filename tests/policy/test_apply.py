"""Promises of a policy at the box: the newest that central signed for it, whole or not at all, and it says why not."""

import base64
import json
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.domain.guardrails import Guardrails
from appliance.domain.policy import MOST_STRANGE
from appliance.files import bundle
from appliance.files import tickets as ticketfile
from appliance.journal.notes import Signer
from appliance.projections import catalogue, policy, runner
from tests.conftest import ITEMS
from tests.policy.conftest import CENTRAL, EXPIRES, FORGER, LIMITS, PolicyBox, note

Boxes = Callable[..., PolicyBox]
TEA = {"sku": "TEA", "name": "Tea", "price": 250, "vat": "0.07", "kind": "unit"}


def refused(box: PolicyBox, raw: bytes, **how: Any) -> str:
    """The reason; nothing but the history changed."""
    before, size = box.state(), len(box.bodies())
    answer = box.apply(raw, **how)
    assert answer["applied"] is False
    assert answer["detail"]
    assert answer["remedy"]
    assert box.state() == before
    new = [json.loads(body) for body in box.bodies()[size:]]
    assert [body["kind"] for body in new] in ([], ["policy.refused/1"])
    reason: str = answer["reason"]
    assert all(body["data"]["reason"] == reason for body in new)
    return reason


def test_a_policy_is_in_force_from_its_fact_on_with_all_of_its_sections(quay: PolicyBox) -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    peer = Signer("boothkit/box-8/1", bytes(range(32))).verifier.vkey()
    data = {
        **LIMITS,
        "catalogue": {"currency": "EUR", "items": [ITEMS[0], TEA]},
        "ticket_keys": [{"event": "e-1", "key": key}],
        "revoked": {"tickets": ["ab" * 12], "codes": ["ABC-1"]},
        "peers": [{"box": "box-8", "keys": [peer]}],
    }
    answer = quay.apply(note(12, data, scope="quay"))
    assert (answer["applied"], answer["version"], answer["items"], answer["revoked"]) == (True, 12, 6, 2)
    db = quay.engine.store.db
    now = policy.in_force(db)
    assert (now.version, now.scope, now.expires, now.signer) == (12, "quay", EXPIRES, "boothkit/central")
    assert now.since == quay.clock().at
    assert policy.guardrails(db).discount.alone == "0.10"
    assert [key.event for key in policy.ticket_keys(db)] == ["e-1"]
    assert policy.peers(db) == {"box-8": (peer,)}
    assert set(catalogue.full(db)) == {"COFFEE", "TEA"}
    kinds = quay.kinds()[-4:]
    assert kinds == ["policy.applied/1", "catalogue.changed/1", "ticket.revoked/1", "ticket.revoked/1"]
    assert b"ABC-1" not in "".join(quay.bodies()).encode()
    before = runner.dump(db)
    quay.engine._projector.rebuild()
    assert runner.dump(db) == before


def test_a_section_that_is_not_named_stays_as_it_was(quay: PolicyBox) -> None:
    quay.apply(note(1))
    quay.apply(note(2, {"catalogue": {"items": [TEA]}}))
    db = quay.engine.store.db
    assert policy.guardrails(db).discount.lead == "0.20"
    assert list(catalogue.full(db)) == ["TEA"]
    assert policy.in_force(db).version == 2


def test_older_other_forged_expired_foreign_cut_huge_and_senseless_bundles_change_nothing(quay: PolicyBox) -> None:
    quay.apply(note(12))
    good = note(13)
    assert refused(quay, note(11)) == "older"
    assert refused(quay, note(12, {"guardrails": {}})) == "other"
    assert refused(quay, note(13, signer=FORGER)) == "bad-signature"
    assert refused(quay, note(13, expires="2026-11-01T00:00:00Z")) == "expired"
    assert refused(quay, note(11, expires="2026-11-01T00:00:00Z")) == "older"
    assert refused(quay, note(13, scope="pier")) == "scope"
    assert refused(quay, note(13, scope="quay/box-8")) == "scope"
    assert refused(quay, note(13, {"release": "1"}, kind="update")) == "wrong-kind"
    assert refused(quay, good[:-1]) == "unreadable"
    assert refused(quay, b"") == "unreadable"
    assert refused(quay, b"\xff" * 100) == "unreadable"
    assert refused(quay, good.replace(b'"0.10"', b'"0.90"')) == "bad-signature"
    assert refused(quay, b"x" * (bundle.LONGEST + 1)) == "too-large"
    assert refused(quay, secrets.token_bytes(bundle.LONGEST)) == "too-large"
    assert refused(quay, note(13, {})) == "bad-data"
    assert refused(quay, note(13, {"offers": {}})) == "bad-data"
    assert refused(quay, note(13, {"catalogue": {"currency": "CHF", "items": [TEA]}})) == "bad-data"
    assert refused(quay, note(13, {"catalogue": {"items": [TEA, TEA]}})) == "bad-data"
    assert refused(quay, note(13, {"guardrails": {"discount": {"alone": "0.5", "lead": "0.2"}}})) == "bad-data"
    assert refused(quay, note(13, {"ticket_keys": [{"event": "e", "key": "AAAA"}]})) == "bad-data"
    assert refused(quay, note(13, {"revoked": {"tickets": ["no id"]}})) == "bad-data"
    stranger = Signer("boothkit/box-9/1", bytes(32)).verifier.vkey()
    assert refused(quay, note(13, {"peers": [{"box": "box-8", "keys": [stranger]}]})) == "bad-data"
    assert quay.apply(good)["applied"] is True
    past = policy.history(quay.engine.store.db, 100)
    assert [seen.reason for seen in past[:3]] == [None, "bad-data", "bad-data"]
    assert all(seen.version == 0 for seen in past if seen.reason in ("bad-signature", "unreadable", "too-large"))


def test_without_a_trusted_clock_nothing_has_ended_and_what_is_in_force_never_loosens(boxes: Boxes) -> None:
    box = boxes()
    box.clock.trust("none")
    assert box.apply(note(1, expires="2020-01-01T00:00:00Z"))["applied"] is True
    box.clock.trust("ntp")
    db = box.engine.store.db
    assert policy.status(db, box.clock())["expired"] is True  # type: ignore[index]
    assert policy.guardrails(db).discount.alone == "0.10"
    assert box.apply(note(1, expires="2020-01-01T00:00:00Z"))["already"] is True


def test_a_box_that_knows_no_central_says_so_and_records_nothing(boxes: Boxes) -> None:
    box = boxes(key="")
    size = len(box.bodies())
    assert refused(box, note(1)) == "no-key"
    assert len(box.bodies()) == size


def test_the_same_once_more_is_no_second_fact(quay: PolicyBox) -> None:
    quay.apply(note(3))
    size = len(quay.bodies())
    for source in ("command", "uplink", "stick"):
        assert quay.apply(note(3), source) == {"applied": True, "already": True, "version": 3, "kinds": []}
    again = CENTRAL.cosign(note(3).decode(), 1_795_456_810).encode()  # the same text, more signatures
    assert quay.apply(again)["already"] is True
    assert len(quay.bodies()) == size


def test_a_command_that_is_repeated_gets_its_first_answer(quay: PolicyBox) -> None:
    first = quay.apply(note(3), id="once")
    quay.apply(note(4))
    assert quay.apply(note(3), id="once") == first
    assert policy.in_force(quay.engine.store.db).version == 4


def test_what_the_broker_says_again_and_again_is_one_fact(quay: PolicyBox) -> None:
    quay.apply(note(3))
    size = len(quay.bodies())
    for _ in range(5):
        assert refused(quay, note(2), source="uplink") == "older"
        assert refused(quay, note(5, scope="pier"), source="uplink") == "scope"
    assert len(quay.bodies()) == size + 2


def test_a_flood_of_strange_bundles_from_the_broker_is_no_flood_of_facts(quay: PolicyBox) -> None:
    size = len(quay.bodies())
    for number in range(3 * MOST_STRANGE):
        assert refused(quay, b"garbage %d" % number, source="uplink") == "unreadable"
    assert len(quay.bodies()) == size + MOST_STRANGE
    assert refused(quay, note(1, scope="pier"), source="uplink") == "scope"
    assert refused(quay, b"garbage from a person", source="stick") == "unreadable"
    assert len(quay.bodies()) == size + MOST_STRANGE + 2
    assert quay.apply(note(1), "uplink")["applied"] is True


def test_a_policy_that_was_not_for_this_event_is_taken_when_the_broker_says_it_for_the_next(boxes: Boxes) -> None:
    box = boxes()
    francs = note(1, {"catalogue": {"currency": "CHF", "items": [TEA]}})
    box.do("event.create", name="A", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    box.do("event.open")
    assert refused(box, francs, source="uplink") == "bad-data"
    box.do("event.close")
    box.do("event.create", name="B", currency="CHF", timezone="Europe/Zurich", area_m2="12")
    assert box.apply(francs, "uplink")["applied"] is True


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from(["good", "forged", "ended", "foreign", "cut", "senseless"])),
        max_size=12,
    )
)
def test_whatever_comes_in_whatever_order_the_highest_that_was_taken_is_in_force(
    tmp_path_factory: pytest.TempPathFactory, order: list[tuple[int, str]]
) -> None:
    box = PolicyBox(tmp_path_factory.mktemp("any"))
    try:
        highest = 0
        for version, how in order:
            rails = {"guardrails": {"refund": {"alone": version}}}
            raw = {
                "good": lambda v=version, r=rails: note(v, r),
                "forged": lambda v=version, r=rails: note(v, r, signer=FORGER),
                "ended": lambda v=version, r=rails: note(v, r, expires="2026-01-01T00:00:00Z"),
                "foreign": lambda v=version, r=rails: note(v, r, scope="pier"),
                "cut": lambda v=version, r=rails: note(v, r)[:-9],
                "senseless": lambda v=version: note(v, {"guardrails": {"refund": {"alone": -1}}}),
            }[how]()
            before = box.state()
            answer = box.apply(raw)
            if how == "good" and version > highest:
                assert answer["applied"]
                highest = version
            else:
                assert answer["applied"] is (how == "good" and version == highest)
                assert box.state() == before
            db = box.engine.store.db
            assert policy.in_force(db).version == highest
            wanted = Guardrails() if not highest else None
            assert policy.guardrails(db) == wanted or policy.guardrails(db).refund.alone == highest
    finally:
        box.engine.close()


def test_bundles_that_are_played_again_after_a_restore(boxes: Boxes, tmp_path: Path) -> None:
    """A copy of the folder from the time of policy 12 takes 13 alone."""
    box = boxes()
    box.apply(note(11))
    box.apply(note(12))
    box.engine.close()
    shutil.copytree(box.data, tmp_path / "restored")
    box.engine = PolicyBox(box.data).engine
    box.apply(note(13))
    restored = PolicyBox(tmp_path / "restored")
    try:
        assert refused(restored, note(11)) == "older"
        assert restored.apply(note(12))["already"] is True
        assert restored.apply(note(13))["applied"] is True
        assert policy.in_force(restored.engine.store.db).version == 13
    finally:
        restored.engine.close()


def test_a_revoked_ticket_is_refused_at_this_event_and_at_the_next_and_its_code_is_nowhere(boxes: Boxes) -> None:
    box = boxes()
    box.apply(note(1, {"revoked": {"codes": ["BEFORE-1"]}}))  # before there is an event
    for name in ("A", "B"):
        box.do("event.create", name=name, currency="EUR", timezone="Europe/Berlin", area_m2="12")
        box.do("list.define", list="general", entry="single")
        box.do("event.open")
        tickets = [{"code": "BEFORE-1"}, {"code": "DURING-1"}, {"code": f"GOOD-{name}"}]
        data = {"list": "general", "import": name, "part": 1, "tickets": tickets}
        box.do("tickets.import", **data)
        if name == "A":
            revoked = {"revoked": {"codes": ["DURING-1", "BEFORE-1"]}}
            assert box.apply(note(2, revoked))["revoked"] == 1
        scan = {code["code"]: box.do("ticket.scan", code=code["code"]) for code in tickets}
        assert (scan["BEFORE-1"]["verdict"], scan["BEFORE-1"]["reason"]) == ("refused", "revoked")
        assert (scan["DURING-1"]["verdict"], scan["DURING-1"]["reason"]) == ("refused", "revoked")
        assert scan[f"GOOD-{name}"]["verdict"] == "admitted"
        box.do("event.close")
    assert "BEFORE-1" not in "".join(box.bodies())


def test_a_ticket_of_another_boxs_key_is_good_as_soon_as_the_policy_names_it(quay: PolicyBox) -> None:
    event = json.loads(quay.bodies()[-1])["event"]
    key = Ed25519PrivateKey.generate()
    code = ticketfile.code(key, "cd" * 12, event=event, list_="general", valid_from=None, valid_until=None)
    assert quay.do("ticket.scan", code=code)["reason"] == "bad_signature"
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    quay.apply(note(1, {"ticket_keys": [{"event": event, "key": public}]}))
    quay.clock.step(5_000)
    assert quay.do("ticket.scan", code=code)["verdict"] == "admitted"
    quay.apply(note(2, {"ticket_keys": []}))
    quay.clock.step(5_000)
    assert quay.do("ticket.scan", code=code)["reason"] == "bad_signature"


def test_the_largest_catalogue_with_2000_revocations_is_one_step(quay: PolicyBox) -> None:
    text = "wäre größer "
    items = [
        {
            "sku": f"SKU-{number:04d}-LONGNAME",
            "name": f"{text * 2}{number:04d}",
            "price": 100 + number,
            "vat": "0.19",
            "kind": "unit",
            "category": f"Art {number % 9}",
            "stock": number,
            "cost": number,
            "maker": f"{text}{number % 40}",
            "lot": f"L{number:05d}",
            "vat_takeaway": "0.07",
            "group": f"{text}{number % 70}",
            "min_age": 18,
        }
        for number in range(500)
    ]
    revoked = [secrets.token_hex(12) for _ in range(2000)]
    raw = note(1, {"catalogue": {"currency": "EUR", "items": items}, "revoked": {"tickets": revoked}})
    answer = quay.apply(raw)
    assert (answer["applied"], answer["items"], answer["revoked"]) == (True, 500 + len(ITEMS), 2000)
    assert len(catalogue.full(quay.engine.store.db)) == 500
    assert max(map(len, quay.bodies())) < 128 * 1024
    assert quay.apply(raw)["already"] is True
    assert quay.apply(note(2, {"revoked": {"tickets": revoked}}))["revoked"] == 0
