"""Facts are found by their kind, old ones are read as new ones, and the contract of FACTS' names is kept."""

from typing import Any

import msgspec
import pytest

from appliance.domain import kernel


class Thing(kernel.Fact, frozen=True):
    """A fact that this test makes up."""

    colour: str
    weight_g: int


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.discover()
    monkeypatch.setattr(kernel, "_facts", dict(kernel._facts))
    monkeypatch.setattr(kernel, "_kinds", dict(kernel._kinds))
    monkeypatch.setattr(kernel, "_upcasts", {})
    kernel.kind("thing.seen/3")(Thing)

    @kernel.upcast("thing.seen/1", "thing.seen/2")
    def with_colour(data: dict[str, Any]) -> dict[str, Any]:
        return {"colour": "unknown", **data}

    @kernel.upcast("thing.seen/2", "thing.seen/3")
    def in_grams(data: dict[str, Any]) -> dict[str, Any]:
        return {"colour": data["colour"], "weight_g": data["kilos"] * 1000}


def test_an_old_version_is_read_through_every_step_as_the_newest(kinds: None) -> None:
    assert kernel.read_fact("thing.seen/1", {"kilos": 2}) == Thing(colour="unknown", weight_g=2000)
    assert kernel.read_fact("thing.seen/2", {"colour": "red", "kilos": 3}) == Thing(colour="red", weight_g=3000)
    assert kernel.read_fact("thing.seen/3", {"colour": "red", "weight_g": 1}) == Thing(colour="red", weight_g=1)


def test_what_a_newer_box_added_is_ignored_and_an_unknown_kind_is_skipped(kinds: None) -> None:
    assert kernel.read_fact("thing.seen/3", {"colour": "red", "weight_g": 1, "smell": "good"}) is not None
    assert kernel.read_fact("thing.seen/4", {"anything": 1}) is None
    with pytest.raises(msgspec.ValidationError):
        kernel.read_fact("thing.seen/3", {"colour": "red"})


def test_two_types_cannot_claim_one_kind(kinds: None) -> None:
    with pytest.raises(TypeError, match="two types claim"):
        kernel.kind("thing.seen/3")(Thing)


REQUIRED = {
    "log.started/1": {"log", "reason", "previous"},
    "admission.learnt/1": {"ticket", "list", "box", "at"},
    "event.created/1": {"event", "name", "currency", "timezone", "area_m2"},
    "event.opened/1": {"event"},
    "event.closed/1": {"event"},
    "catalogue.changed/1": {"version", "items", "removed"},
    "list.defined/1": {"list", "entry"},
    "guest.signed_up/1": {"guest", "consent_version"},
    "voucher.terms_set/1": {"terms", "currency", "amount", "minimum", "days", "most"},
    "voucher.granted/1": {"voucher", "guest", "terms", "currency", "amount", "minimum"},
    "voucher.redeemed/1": {"voucher", "sale", "amount", "provisional", "time_checked"},
    "guests.exported/1": {"count", "digest"},
    "guest.erased/1": {"guest", "consent_version"},
    "visit.measured/1": {"page", "visits", "seconds", "by_bucket"},
    "gate.defined/1": {"gate", "lists", "direction"},
    "tickets.imported/1": {"list", "import", "part", "tickets"},
    "ticket.revoked/1": {"ticket"},
    "ticket.marked/1": {"ticket", "mark"},
    "admission.undone/1": {"of", "ticket", "list", "gate", "direction"},
    "ticket.issued/1": {"ticket", "list"},
    "ticket.admitted/1": {"ticket", "list", "gate", "time_checked"},
    "ticket.exited/1": {"ticket", "list", "gate", "time_checked"},
    "ticket.refused/1": {"ticket", "list", "gate", "reason"},
    "sale.completed/1": {
        "sale", "number", "drawer", "lines", "tenders", "total", "rounding", "change", "vat", "training",
    },
    "sale.voided/1": {"sale", "of", "lines", "tenders", "total", "vat", "restock", "reason"},
    "sale.refunded/1": {"sale", "of", "lines", "tenders", "total", "vat", "restock", "reason"},
    "tender.settled/1": {"sale", "tender", "outcome"},
    "policy.applied/1": {"version", "kinds", "signer"},
    "policy.refused/1": {"version", "kinds", "signer", "reason"},
    "cart.parked/1": {"cart", "name", "lines"},
    "cart.taken/1": {"cart"},
    "cart.dropped/1": {"cart"},
    "drawer.opened/1": {"drawer", "float"},
    "drawer.counted/1": {"drawer", "coins", "counted"},
    "drawer.moved/1": {"drawer", "amount", "reason"},
    "drawer.unlocked/1": {"drawer", "reason"},
    "drawer.closed/1": {"drawer", "z", "expected", "counted", "variance", "totals"},
    "drawer.read/1": {"drawer", "report", "totals"},
    "task.raised/1": {"task", "kind", "about"},
    "task.done/1": {"task"},
    "token.issued/1": {"token", "for"},
    "token.redeemed/1": {"token", "sale", "provisional"},
    "receipt.requested/1": {"sale", "copy", "printer"},
    "receipt.printed/1": {"sale", "copy", "printer", "outcome"},
    "backup.made/1": {"kind", "bytes", "upto", "sha256", "key"},
    "crossings.counted/1": {"line", "in", "out", "from_mono", "to_mono", "source"},
    "power.sampled/1": {"soc_permille", "mv", "ma", "pv_mw", "load_mw"},
    "device.changed/1": {"device", "kind", "state", "reason"},
    "disk.level_changed/1": {"from", "to", "free"},
    "record.erased/1": {"refs", "why"},
    "clock.stepped/1": {"by_ms", "source"},
    "command.refused/1": {"command_kind", "reason"},
    "guardrail.broken/1": {"rule", "allowed", "value", "approver", "about", "policy"},
    "occupancy.exceeded/1": {"occupancy"},
    "occupancy.eased/1": {"occupancy"},
    "occupancy.corrected/1": {"occupancy"},
    "counter.planned/1": {"device", "lines", "zones", "tried"},
    "counter.judged/1": {"device", "verdict", "reasons", "hidden_permille", "illegal_permille"},
    "dwell.counted/1": {"zone", "stays", "seconds", "longest", "from_mono", "to_mono"},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_the_public_fields_of_a_kind_are_required(kind: str) -> None:
    fields = msgspec.structs.fields(kernel.fact_types()[kind])
    assert REQUIRED[kind] <= {field.encode_name for field in fields if field.required}


def test_no_fact_can_hold_what_the_journal_refuses() -> None:
    for name, cls in kernel.fact_types().items():
        assert '"type":"number"' not in msgspec.json.encode(msgspec.json.schema(cls)).decode(), name
