"""Access tokens: each pays one piece of its item once, whatever is sent again, killed or taken back in between."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.clock import FakeClock, parse_rfc3339
from appliance.errors import Problem
from appliance.files.tickets import access_code, event_key
from appliance.files.tickets import code as ticket_code
from appliance.journal.client import RecorderClient
from appliance.journal.verify import verify
from appliance.projections import books, drawer, events, kpis, tokens
from appliance.projections.runner import Projector, dump
from appliance.receipts import layout
from tests.conftest import ITEMS, EngineBox, Process
from tests.kit.test_slips import texts

MENU: dict[str, Any] = {
    "sku": "MENU",
    "name": "Menu",
    "price": 700,
    "kind": "bundle",
    "contains": [{"sku": "COFFEE", "qty": 1}, {"sku": "CAKE", "qty": 1}],
}
COFFEE, CUP_BACK = {"sku": "COFFEE", "qty": 1}, {"sku": "CUP", "qty": 1, "returned": True}
NOW_S = parse_rfc3339("2026-11-23T18:00:00.000Z") // 1000


class Stand(EngineBox):
    """An open event whose key signs tokens."""

    def __init__(self, data: Path, clock: FakeClock | None = None) -> None:
        super().__init__(data, clock=clock)
        event = events.current(self.engine.store.db)
        self.event = event.event if event else self.open_event()
        if event is None:
            self.do("catalogue.import", items=[*ITEMS, MENU])
        self.key = event_key(data / "keys", self.event, create=True)

    def code(self, number: int = 1, sku: str = "COFFEE", **other: Any) -> str:
        said = {"event": self.event, "valid_from": None, "valid_until": None, "key": self.key, **other}
        return access_code(said.pop("key"), f"{number:024x}", sku=sku, **said)

    def sell(self, *lines: dict[str, Any], tenders: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return self.ask("sale.complete", {"lines": list(lines), "tenders": tenders}, **more)

    def paid(self, *lines: dict[str, Any], tenders: list[dict[str, Any]]) -> dict[str, Any]:
        """The data of a sale that must be one."""
        reply = self.sell(*lines, tenders=tenders)
        assert reply["ok"], reply
        return self.facts("sale.completed/1")[-1]

    def refused(self, *lines: dict[str, Any], tenders: list[dict[str, Any]]) -> dict[str, Any]:
        reply = self.sell(*lines, tenders=tenders)
        assert not reply["ok"], reply
        assert "BK1:" not in json.dumps(reply)
        return dict(reply["refusal"])

    def facts(self, kind: str) -> list[dict[str, Any]]:
        return [body["data"] for body in map(json.loads, self.bodies()) if body["kind"] == kind]


def by(code: str, amount: int = 350) -> dict[str, Any]:
    return {"kind": "token", "amount": amount, "reference": code}


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    fresh = Stand(tmp_path / "data")
    yield fresh
    fresh.engine.close()


def test_a_token_pays_a_piece_once_and_its_code_stands_nowhere(stand: Stand) -> None:
    sale = stand.paid(COFFEE, tenders=[by(stand.code())])
    assert sale["tenders"] == [{"kind": "token", "amount": 350, "reference": f"{1:024x}"}]
    assert (sale["token"], sale["total"], sale["change"]) == (f"{1:024x}", 350, 0)
    assert stand.facts("token.redeemed/1") == [
        {
            "token": f"{1:024x}",
            "sale": sale["sale"],
            "sku": "COFFEE",
            "amount": 350,
            "provisional": False,
            "time_checked": True,
        }
    ]
    told = stand.refused(COFFEE, tenders=[by(stand.code())])
    assert (told["slug"], told["number"], told["tender"]) == ("token-used", "1-1", 1)
    assert "BK1" not in "".join(stand.bodies())
    db = stand.engine.store.db
    (one,) = drawer.drawers(db).open
    assert books.book(db, one.drawer, 1).sums["tender", "token"].amount == 350
    assert books.x(db, one)["turnover"] == 350
    assert kpis.kpis(db, stand.clock())["micro_conversion"]["redemptions"] == 1


def test_with_other_tenders_it_pays_its_own_piece_and_nothing_else(stand: Stand) -> None:
    cash = {"kind": "cash", "amount": 1000}
    sale = stand.paid({"sku": "COFFEE", "qty": 2}, {"sku": "CAKE"}, tenders=[by(stand.code()), cash])
    assert (sale["change"], sale["total"]) == (1000 - 770, 1120)
    two = [by(stand.code(2)), by(stand.code(3))]
    assert "token" not in stand.paid({"sku": "COFFEE", "qty": 2}, tenders=two)
    assert stand.refused(COFFEE, tenders=[by(stand.code(4)), by(stand.code(4))])["slug"] == "token-used"
    assert stand.refused(COFFEE, tenders=[by(stand.code(4)), by(stand.code(5))])["reason"] == "not_in_cart"
    assert stand.refused({"sku": "CAKE"}, tenders=[by(stand.code(4), 420)])["reason"] == "not_in_cart"
    assert stand.refused(COFFEE, {"sku": "CAKE"}, tenders=[by(stand.code(4))])["slug"] == "underpaid"
    card = {"kind": "card", "amount": 1}
    assert stand.refused(COFFEE, tenders=[by(stand.code(4)), card])["slug"] == "overpaid"
    assert stand.refused(COFFEE, tenders=[by(stand.code(4)), {"kind": "cash", "amount": 5}])["slug"] == "overpaid"
    assert tokens.redemptions(stand.engine.store.db, stand.event) == 3


def test_a_deposit_that_comes_back_beside_a_token_is_paid_out(stand: Stand) -> None:
    sale = stand.paid(COFFEE, CUP_BACK, tenders=[by(stand.code())])
    assert (sale["total"], sale["change"], sale["rounding"]) == (150, 200, 0)
    void = stand.ask("sale.void", {"sale": sale["sale"], "reason": "wrong_item"})
    assert void["refusal"]["slug"] == "nothing-back"


def test_a_token_for_a_bundle_pays_all_of_it_and_none_for_a_part_pays_into_it(stand: Stand) -> None:
    assert stand.refused({"sku": "MENU"}, tenders=[by(stand.code())])["reason"] == "not_in_cart"
    sale = stand.paid({"sku": "MENU"}, tenders=[by(stand.code(sku="MENU"), 700)])
    assert [one["bundle"] for one in sale["lines"]] == ["MENU", "MENU"]


def test_it_says_what_it_pays_after_the_discount(stand: Stand) -> None:
    line = {"sku": "COFFEE", "qty": 1, "discount": {"percent": "0.1"}}
    told = stand.refused(line, tenders=[by(stand.code())])
    assert (told["slug"], told["reason"], told["pays"]) == ("token-refused", "wrong_amount", 315)
    stand.paid(line, tenders=[by(stand.code(), 315)])


@given(st.integers(1, 9), st.integers(0, 200), st.integers(0, 9))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_of_a_line_cost_the_line_however_many_are_paid_by_token(
    stand: Stand, qty: int, off: int, taken: int
) -> None:
    taken, start = min(taken, qty), stand.engine.store.pos * 100
    line = {"sku": "COFFEE", "qty": qty, "discount": {"amount": min(off, 70 * qty)}}
    total = 350 * qty - min(off, 70 * qty)

    def upto(pieces: int) -> int:
        return int((Decimal(total * pieces) / qty).quantize(Decimal(1), ROUND_HALF_UP))

    tenders = [by(stand.code(start + n), upto(n + 1) - upto(n)) for n in range(taken)]
    rest = total - upto(taken)
    sale = stand.paid(line, tenders=[*tenders, *([{"kind": "card", "amount": rest}] if taken < qty else [])])
    assert sum(one["amount"] for one in sale["tenders"]) == total == sale["total"]


BAD: list[tuple[str, Callable[[Stand], str], str]] = [
    ("nonsense", lambda stand: "hello", "unreadable"),
    ("cut off", lambda stand: stand.code()[:-3], "unreadable"),
    ("a ticket", lambda stand: ticket_code(stand.key, "ab" * 12, event=stand.event, list_="general",
                                           valid_from=None, valid_until=None), "wrong_kind"),
    ("another's key", lambda stand: stand.code(key=Ed25519PrivateKey.generate()), "bad_signature"),
    ("another event", lambda stand: stand.code(event="ev-other"), "other_event"),
    ("too early", lambda stand: stand.code(valid_from=NOW_S + 1), "not_yet_valid"),
    ("too late", lambda stand: stand.code(valid_until=NOW_S), "expired"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "why"), BAD, ids=[one[0] for one in BAD])
def test_what_is_no_good_is_refused_with_its_reason(
    stand: Stand, name: str, make: Callable[[Stand], str], why: str
) -> None:
    told = stand.refused(COFFEE, tenders=[by(make(stand))])
    assert (told["slug"], told["reason"]) == ("token-refused", why)
    assert stand.facts("token.redeemed/1") == []


def test_without_a_trusted_clock_times_are_not_judged_and_the_fact_says_so(stand: Stand) -> None:
    stand.clock.trust("none")
    stand.paid(COFFEE, tenders=[by(stand.code(valid_until=NOW_S - 5))])
    assert stand.facts("token.redeemed/1")[0]["time_checked"] is False


def test_a_token_that_was_taken_back_pays_nothing(stand: Stand) -> None:
    stand.do("tickets.mark", mark="revoked", tickets=[f"{1:024x}"])
    assert stand.refused(COFFEE, tenders=[by(stand.code())])["reason"] == "revoked"


@pytest.mark.parametrize("tender", [{"kind": "token", "amount": 350}, by("x") | {"status": "approved"}])
def test_a_token_without_its_code_is_none(stand: Stand, tender: dict[str, Any]) -> None:
    assert stand.refused(COFFEE, tenders=[tender])["slug"] == "validation"


def test_no_money_goes_back_for_a_token_and_a_void_makes_it_valid_again(stand: Stand) -> None:
    card = {"kind": "card", "amount": 350}
    sale = stand.paid({"sku": "COFFEE", "qty": 2}, tenders=[by(stand.code()), card])
    back = {"sale": sale["sale"], "reason": "faulty", "restock": False}
    told = stand.ask("sale.refund", back)["refusal"]
    assert (told["slug"], told["most"]) == ("too-much-back", 350)
    by_token = {**back, "lines": [{"line": 1, "qty": 1}], "tenders": [{"kind": "token", "amount": 350}]}
    assert stand.ask("sale.refund", by_token)["refusal"]["slug"] == "validation"
    answer = stand.do("sale.refund", **back, lines=[{"line": 1, "qty": 1}])
    assert answer["tenders"] == [{"kind": "card", "amount": 350}]
    assert stand.ask("sale.refund", back)["refusal"]["slug"] == "too-much-back"

    other = stand.paid(COFFEE, {"sku": "CAKE"}, tenders=[by(stand.code(2)), {"kind": "cash", "amount": 500}])
    void = stand.do("sale.void", sale=other["sale"], reason="wrong_item")
    assert void["tenders"] == [
        {"kind": "token", "amount": 350, "reference": f"{2:024x}"},
        {"kind": "cash", "amount": 420},
    ]
    stand.paid(COFFEE, tenders=[by(stand.code(2))])
    (one,) = drawer.drawers(stand.engine.store.db).open
    sums = books.book(stand.engine.store.db, one.drawer, 1).sums
    assert (sums["tender", "token"].amount, sums["tender", "cash"].amount) == (700, 0)


def test_training_looks_at_a_token_and_leaves_it(stand: Stand) -> None:
    asked = {"lines": [COFFEE], "tenders": [by(stand.code())]}
    reply = stand.ask("drawer.open", {"float": 0, "training": True}, actor="staff:a")
    assert reply["ok"]
    for _ in range(2):
        assert stand.ask("sale.complete", asked, actor="staff:a")["answer"]["training"] is True
    assert stand.facts("token.redeemed/1") == []
    stand.paid(COFFEE, tenders=[by(stand.code())])


def test_a_receipt_names_a_token_by_its_end(stand: Stand) -> None:
    sale = stand.paid(COFFEE, tenders=[by(stand.code(0xABCDEF))])
    shown = layout.receipt(sale | {"at": "2026-11-23T18:00:00.000Z"}, event_name="x", timezone="UTC", url=None)
    assert any(text.startswith("Access token ..abcdef") for text in texts(shown))


def test_issued_tokens_are_facts_each_once(stand: Stand) -> None:
    asked = {"for": "MENU", "tokens": [f"{n:024x}" for n in range(3)], "valid_until": NOW_S + 60}
    assert stand.do("tokens.issue", **asked) == {"issued": 3, "known": 0, "pos": stand.engine.store.pos - 2}
    assert stand.do("tokens.issue", **asked) == {"issued": 0, "known": 3}
    assert stand.facts("token.issued/1")[0] == {"token": "0" * 24, "for": "MENU", "valid_until": NOW_S + 60}
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"for": "TEA"}, "unknown-sku"),
        ({"for": "BEANS"}, "validation"),
        ({"tokens": []}, "validation"),
    ]
    for wrong, slug in wrongs:
        assert stand.ask("tokens.issue", asked | wrong)["refusal"]["slug"] == slug
    db = stand.engine.store.db
    stand.paid({"sku": "MENU"}, tenders=[by(stand.code(0, "MENU"), 700)])
    assert tokens.get(db, "0" * 24, stand.event) == {"sku": "MENU", "issued": True, "number": "1-1"}


@dataclass
class Model:
    """Which sale each token paid for, as the test keeps it."""

    used: dict[int, str] = field(default_factory=dict)
    last: tuple[str, dict[str, Any], dict[str, Any]] | None = None


STEPS = st.lists(
    st.tuples(st.sampled_from(["pay", "pay", "pay", "two", "again", "void", "restart"]), st.integers(0, 3)),
    min_size=6,
    max_size=20,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS)
def test_a_token_never_pays_twice(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    stand, model = Stand(tmp_path_factory.mktemp("tokens") / "data"), Model()
    for number, (op, pick) in enumerate(steps):
        match op:
            case "pay" | "two":
                wanted = [pick] if op == "pay" else [pick, (pick + 1) % 4]
                tenders = [by(stand.code(one)) for one in wanted]
                asked = {"lines": [{"sku": "COFFEE", "qty": len(wanted)}], "tenders": tenders}
                reply = stand.ask("sale.complete", asked, id=f"s{number}")
                free = not any(one in model.used for one in wanted)
                assert reply["ok"] is free
                assert free or reply["refusal"]["slug"] == "token-used"
                if free:
                    model.used |= dict.fromkeys(wanted, f"s{number}")
                model.last = f"s{number}", asked, reply
            case "again" if model.last is not None:
                ident, asked, reply = model.last
                assert stand.ask("sale.complete", asked, id=ident) == reply
            case "void" if model.used:
                sale = min(model.used.values())
                assert stand.ask("sale.void", {"sale": sale, "reason": "other"})["ok"]
                model.used = {token: by_ for token, by_ in model.used.items() if by_ != sale}
            case "restart":
                stand.engine.close()
                stand = Stand(stand.data, stand.clock)
            case _:
                pass
    paid = [tender["reference"] for sale in stand.facts("sale.completed/1") for tender in sale["tenders"]]
    gone = [tender["reference"] for void in stand.facts("sale.voided/1") for tender in void["tenders"]]
    assert sorted(paid) == sorted(gone + [f"{one:024x}" for one in model.used])
    db = stand.engine.store.db
    before = dump(db)
    Projector(db).rebuild()
    assert dump(db) == before
    stand.engine.close()


def test_a_recorder_that_is_killed_over_a_token_answers_the_retry_as_if_nothing_had_been(
    tmp_path: Path, run_folder: Path, worker: Callable[..., Process]
) -> None:
    stand = Stand(tmp_path / "data")
    code = stand.code()
    stand.engine.close()
    recorder = worker("recorder", '[box]\nid = "box-7"\n')
    client = RecorderClient(run_folder, "staff", timeout=30)
    asked = {"lines": [COFFEE], "tenders": [by(code)]}
    answers = []
    for _ in range(3):
        answers.append(client.send("sale.complete", asked, actor="staff:a", id="one").answer)
        recorder.kill()
        recorder.start()
    assert answers[0] == answers[1] == answers[2]
    with pytest.raises(Problem) as found:
        client.send("sale.complete", asked, actor="staff:a", id="two")
    assert found.value.slug == "token-used"
    client.close()
    recorder.kill()
    assert verify(tmp_path / "data")["ok"]
