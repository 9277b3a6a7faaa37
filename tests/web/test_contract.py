"""The staff API does what its own OpenAPI document says, whoever asks and whatever is asked.

Each call is carried out once as a person would (`DAY`), then with what Schemathesis makes of its description:
well-formed and not, by nobody, by a cashier and by a lead. `CONTRACT_EXAMPLES`: of each call, as many of both;
`CONTRACT_SEED`.
"""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.config import SchemathesisConfig

from tests.conftest import Process
from tests.web.conftest import Client, House, new_house
from web.till.api.openapi import DOCUMENT

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "10"))
SEED = int(os.environ.get("CONTRACT_SEED", "1"))
ENDLESS = "GET /follow"
"""A stream that ends when its reader goes: tests/web/test_streams.py."""
CALLS = [f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods]
PHASES = (Phase.generate, Phase.shrink)
WHO = (None, "Ben", "Ada")
MAY_WAIT = ("busy", "disk-full")
EXPECTED = ["2XX", "400", "401", "403", "404", "409", "413", "422", "429", "503"]
CONFIG = {
    # What a decision or a bound beyond a schema's words refuses is well-formed nevertheless.
    "checks": {
        "positive_data_acceptance": {"expected-statuses": EXPECTED},
        "negative_data_rejection": {"expected-statuses": EXPECTED[1:]},
        "not_a_server_error": {"expected-statuses": EXPECTED},
    },
    "generation": {"with-security-parameters": False},
}
COFFEE = {"lines": [{"sku": "COFFEE", "qty": 2}], "tenders": [{"kind": "cash", "amount": 1000}]}
BY_CARD = {**COFFEE, "tenders": [{"kind": "card", "amount": 700, "status": "unknown"}]}
CART = {"lines": COFFEE["lines"], "note": "Back in a minute"}
PLAN = {
    "lines": [{"name": "door", "a": [500, 5000], "b": [9500, 5000], "entrance": True}],
    "zones": [{"name": "hall", "corners": [[0, 5000], [9999, 5000], [5000, 9999]], "whole": False}],
}
ADA, BEN = "Ada", "Ben"
COUNTED = {"coins": {"100": 3}}
BACK = {"reason": "faulty", "restock": True}


@dataclass
class Desk:
    """Who asks the till, and what is known of it: ids and names, by the name of the field or parameter that takes
    them."""

    house: House
    schema: Any
    http: requests.Session = field(default_factory=requests.Session)
    known: dict[str, list[str]] = field(default_factory=dict)
    keys: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self, case: Case, who: str | None) -> requests.Response:
        """One request; its answer is as the document says."""
        headers = {} if who is None else {"Authorization": f"Bearer {self.house.tokens[who]}"}
        answer = case.call(f"{self.house.url}/api/v1", self.http, headers, timeout=30)
        malformed = case.meta is not None and any(part.mode.is_negative for part in case.meta.components.values())
        skipped = [schemathesis.checks.ignored_auth] + (
            [] if malformed else [schemathesis.checks.negative_data_rejection]
        )
        case.validate_response(answer, excluded_checks=skipped)
        if who is None and case.operation.definition.raw.get("security") is None:
            assert answer.status_code == 401
        if answer.status_code >= 500:
            assert answer.json()["type"].removeprefix("/problems/") in MAY_WAIT
            assert "recorder" not in answer.json()["detail"]
        return answer

    def key(self) -> str:
        return f"contract-{next(self.keys)}"

    def learn(self, name: str, value: str) -> str:
        self.known.setdefault(name, []).append(value)
        return value

    def drawer(self) -> None:
        """An open one, whatever was done before."""
        ada = self.house.client()
        if not ada.get("/drawers").json["drawers"]:
            assert ada.post("/drawer/open", {"float": 10_000}, key=self.key()).status == 200


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    for house in new_house():
        document = Client(house.url).get("/openapi.json").json
        desk = Desk(house, schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(CONFIG)))
        camera = f'[devices]\nfootfall-1 = "camera://{house.run}/camera"\n'
        footfall = Process("footfall", house.data, house.run, camera)
        footfall.start()
        with desk.http:
            yield desk
        assert footfall.kill(signal.SIGTERM) == 0
        # A fault that the API answered itself is in the log; neither process was lost on the way.
        assert "request.failed" not in house.till.log.read_text()
        for worker in (house.till, house.recorder):
            assert worker.process is not None
            assert worker.process.poll() is None


@dataclass(frozen=True)
class Step:
    """A call that is carried out: who, what, its body, and which status it has."""

    who: str | None
    call: str
    body: Any = None
    status: int = 200
    learns: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)


DAY = [
    Step(None, "POST /login", {"pin": "222222"}),
    Step(None, "GET /openapi.json"),
    Step(BEN, "GET /catalogue"),
    Step(BEN, "GET /status"),
    Step(BEN, "GET /kpis"),
    Step(ADA, "POST /occupancy", {"inside": 12}),
    Step(ADA, "GET /policy"),
    Step(ADA, "POST /policy", {"note": "no note"}),  # refused: this box knows no central
    Step(BEN, "GET /clock"),
    Step(ADA, "POST /clock", {"unix_ms": 1_795_456_800_000}, 503),  # this box has no steward
    Step(ADA, "GET /footfall"),
    Step(ADA, "GET /footfall/{device}"),
    Step(ADA, "GET /footfall/{device}/still", status=503),  # nothing is plugged in
    Step(ADA, "POST /footfall/{device}/try", {"plan": PLAN}),
    Step(ADA, "GET /footfall/{device}"),
    Step(ADA, "POST /footfall/{device}/plan", {"plan": PLAN, "tried": {"in": 2, "out": 1}, "sure": True}),
    Step(BEN, "GET /drawers"),
    Step(ADA, "POST /lists", {"list": "late", "entry": "single"}, learns={"list": "list"}),
    Step(ADA, "POST /gates", {"gate": "North", "lists": ["late"]}, learns={"gate": "gate"}),
    Step(BEN, "GET /lists"),
    Step(
        ADA,
        "POST /tickets/files",
        b"code,name\r\nLATE-1,Ana\r\nLATE-2,Bo\r\n",
        201,
        {"file": "file"},
        {"name": "a.csv"},
    ),
    Step(
        ADA,
        "POST /tickets/files/{file}/import",
        {"list": "late", "columns": {"code": ["code"], "holder": ["name"]}, "part": 1},
    ),
    Step(ADA, "DELETE /tickets/files/{file}", status=204),
    Step(BEN, "POST /scans", {"code": "LATE-1"}, learns={"scan": "scan", "ticket": "ticket"}),
    Step(BEN, "POST /scans/{scan}/undo"),
    Step(BEN, "GET /tickets", query={"q": "bo"}),
    Step(BEN, "GET /tickets/{ticket}"),
    Step(BEN, "POST /tickets/{ticket}/print", {}, 404),  # of a shop's, not of this box
    Step(ADA, "POST /tickets/mark", {"mark": "blocked", "codes": ["LATE-2"]}),
    Step(BEN, "POST /sales", COFFEE, 201, {"sale": "sale"}),
    Step(BEN, "POST /sales/{sale}/reprint", {}, 409),  # the first copy still waits for its printer
    Step(BEN, "POST /sales/{sale}/receipt", {"copy": 0, "on_paper": True}, 422),  # so does this
    Step(BEN, "POST /sales/{sale}/refund", {"lines": [{"line": 1, "qty": 1}], **BACK}, 201, {"refund": "sale"}),
    Step(BEN, "POST /refunds/{refund}/reprint", {}, 409),
    Step(BEN, "POST /refunds/{refund}/receipt", {"copy": 0, "on_paper": True}, 422),
    Step(BEN, "GET /sales/{sale}"),
    Step(BEN, "POST /sales", COFFEE, 201, {"sale": "sale"}),
    Step(BEN, "POST /sales/{sale}/void", {"reason": "mistake"}, 201),
    Step(BEN, "POST /sales", BY_CARD, 201, {"sale": "sale"}),
    Step(BEN, "POST /sales/{sale}/card", {"tender": 1, "outcome": "approved"}),
    Step(BEN, "GET /sales", query={"q": "coffee", "show": "all"}),
    Step(BEN, "GET /receipts"),
    Step(BEN, "POST /carts", CART, 201, {"cart": "cart"}),
    Step(BEN, "GET /carts"),
    Step(BEN, "POST /carts/{cart}/take"),
    Step(BEN, "POST /carts", CART, 201, {"cart": "cart"}),
    Step(BEN, "POST /carts/{cart}/drop"),
    Step(BEN, "POST /approvals", {"pin": "123456"}, 201, {"approval": "approval"}),
    Step(BEN, "POST /drawer/move", {"amount": 500, "reason": "change"}),
    Step(BEN, "POST /drawer/no-sale", {"reason": "change"}),
    Step(BEN, "GET /drawer/x"),
    Step(BEN, "POST /drawer/x", status=201),
    Step(BEN, "POST /drawer/count", COUNTED, learns={"drawer": "drawer"}),
    Step(BEN, "GET /drawer/x"),
    Step(BEN, "POST /drawer/close", {"reason": "wrong_change"}, learns={"z": "z"}),
    Step(BEN, "GET /drawer/z/{z}"),
    Step(BEN, "POST /drawer/z/{z}/reprint", status=409),
    Step(BEN, "POST /drawer/open", {"float": 10_000, "name": "Bar"}),
    Step(ADA, "POST /drawer/open", {"float": 0, "name": "Practice", "training": True}, learns={"drawer": "drawer"}),
    Step(ADA, "POST /sales", {**COFFEE, "drawer": "Practice"}, 201, {"sale": "sale"}),
    Step(ADA, "GET /sales/{sale}"),
    Step(ADA, "GET /drawers"),
    Step(ADA, "GET /reports/sales", query={"by": "hour"}),
    Step(ADA, "GET /export/day.zip"),
    Step(ADA, "GET /export/day.ndjson"),
    Step(ADA, "GET /tasks"),
    Step(ADA, "POST /tasks/{task}/done", status=404),
    Step(ADA, "GET /people"),
    Step(ADA, "POST /people/find", {"q": "nobody at all"}),
    Step(ADA, "POST /people/erase", {"refs": ["pnobody"]}, 404),
    Step(ADA, "POST /people/events/{event}/erase"),
    Step(BEN, "POST /kit/{verb}", {}, learns={"kit": "kit"}),
    Step(BEN, "GET /kit"),
    Step(ADA, "POST /devices/{name}/adopt", {"uri": "evdev:///dev/input/event0"}, 404),
    Step(ADA, "POST /devices/{name}/drop", status=404),
    Step(BEN, "GET /facts", query={"limit": 2}),
    Step(BEN, "POST /logout", status=204),
]


def test_each_call_is_carried_out_and_answers_as_the_document_says(desk: Desk) -> None:
    assert {step.call for step in DAY} == {*CALLS} - {ENDLESS}, "a call of the API needs its step of the day"
    desk.learn("verb", "begin")
    desk.learn("device", "footfall-1")
    desk.learn("name", "scanner-x")
    desk.learn("task", "none")
    desk.learn("event", "evnone")
    for step in DAY:
        method, path = step.call.split(" ")
        operation = desk.schema[path][method]
        places = {name: desk.known[name][-1] for name in re.findall(r"{(\w+)}", path)}
        more = {} if step.body is None else {"body": step.body, "media_type": "application/json"}
        if isinstance(step.body, bytes):
            more["media_type"] = "application/octet-stream"
        case = operation.Case(path_parameters=places, query=step.query, headers={"Idempotency-Key": desk.key()}, **more)
        answer = desk.ask(case, step.who)
        assert answer.status_code == step.status, (step, answer.text)
        for name, key in step.learns.items():
            desk.learn(name, answer.json()[key])


@pytest.mark.parametrize("call", [call for call in CALLS if call != ENDLESS])
def test_whatever_is_asked_is_answered_as_the_document_says(desk: Desk, call: str) -> None:
    method, path = call.split(" ")
    operation = desk.schema[path][method]
    desk.drawer()
    ask_all(desk, operation, GenerationMode.POSITIVE)
    if _takes(call):
        ask_all(desk, operation, GenerationMode.NEGATIVE)


def ask_all(desk: Desk, operation: APIOperation, mode: GenerationMode) -> None:
    """Everybody asks each of what can be made of the description."""

    @settings(max_examples=EXAMPLES, database=None, phases=PHASES, suppress_health_check=[*HealthCheck])
    @seed(SEED)
    @given(case=operation.as_strategy(generation_mode=mode), known=st.integers(0, 5))
    def one(case: Case, known: int) -> None:
        if known > 1:
            case.path_parameters = _put(case.path_parameters, desk.known, known)
            if isinstance(case.body, dict):
                case.body = _put(case.body, desk.known, known)
        for who in WHO:
            if mode is GenerationMode.POSITIVE and "Idempotency-Key" in case.headers:
                case.headers["Idempotency-Key"] = desk.key()
            desk.ask(case, who)

    one()


def _takes(call: str) -> bool:
    """Whether a request to it can be malformed: any text is well-formed as a part of a path."""
    method, path = call.split(" ")
    described = DOCUMENT["paths"][path][method.lower()]
    places = {parameter["in"] for parameter in described.get("parameters", ())}
    return bool(places - {"path"}) or "requestBody" in described


def _put(value: Any, known: dict[str, list[str]], which: int) -> Any:
    """The same with ids and names that the box knows, wherever a text stands under such a name."""
    if isinstance(value, list):
        return [_put(one, known, which) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: known[name][which % len(known[name])]
        if name in known and isinstance(one, str)
        else _put(one, known, which)
        for name, one in value.items()
    }
