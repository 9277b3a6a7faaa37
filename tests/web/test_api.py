"""The staff app's JSON, over a real socket, against a real recorder."""

import socket
from itertools import count
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.conftest import Client, House

_fresh = count(1)


def signed_in(house: House, pin: str = "123456") -> Client:
    """A browser that typed a PIN: cookies, our own Origin, the CSRF token."""
    answer = Client(house.url).ask("POST", "/api/v1/login", {"pin": pin})
    assert answer.status == 200
    cookies = [value.partition(";")[0] for value in answer.cookies]
    return Client(house.url, {"Cookie": "; ".join(cookies), "Origin": house.url, "X-CSRF-Token": answer.json["csrf"]})


COFFEE = {"sku": "COFFEE", "qty": 2}


def test_a_sale_is_answered_with_its_number_its_vat_and_its_receipt(house: House) -> None:
    answer = house.client("Ben").sell(COFFEE, {"sku": "CUP", "qty": 1}, cash=1000)
    assert answer.status == 201
    sale = answer.json
    assert (sale["total"], sale["rounding"], sale["change"]) == (900, 0, 100)
    assert sale["vat"] == [
        {"rate": "0.19", "net": 588, "tax": 112, "gross": 700},
        {"rate": "0", "net": 200, "tax": 0, "gross": 200},
    ]
    assert sale["number"].startswith("1-")
    assert "/r/" in sale["receipt"]
    found = house.client().get(f"/sales/{sale['sale']}")
    assert (found.status, found.json["number"], found.json["pos"]) == (200, sale["number"], sale["pos"])
    assert found.json["receipts"] == [{"copy": 0, "printer": "printer", "outcome": None, "on_paper": None}]


def test_the_same_key_gives_the_same_sale_and_another_body_is_a_conflict(house: House) -> None:
    ben = house.client("Ben")
    first = ben.sell(COFFEE, cash=700, key="again-1")
    assert ben.sell(COFFEE, cash=700, key="again-1").json == first.json
    assert ben.sell(COFFEE, cash=700, key='"again-1"').json == first.json
    other = ben.sell(COFFEE, cash=800, key="again-1")
    assert (other.status, other.slug) == (409, "key-reused")


def test_a_refusal_uses_its_key_up_and_a_malformed_request_does_not(house: House) -> None:
    ben = house.client("Ben")
    assert ben.sell(COFFEE, cash=1, key="short-1").slug == "underpaid"
    assert ben.sell(COFFEE, cash=700, key="short-1").slug == "key-reused"
    assert ben.sell({"sku": "COFFEE", "qty": 0}, cash=700, key="bad-1").slug == "validation"
    assert ben.sell(COFFEE, cash=700, key="bad-1").status == 201


@pytest.mark.parametrize(
    ("lines", "tenders", "status", "slug"),
    [
        ([{"sku": "NOPE", "qty": 1}], [{"kind": "cash", "amount": 1}], 422, "unknown-sku"),
        ([COFFEE], [{"kind": "cash", "amount": 699}], 422, "underpaid"),
        ([COFFEE], [{"kind": "card", "amount": 701}], 422, "overpaid"),
        ([{"sku": "VASE", "qty": 1}], [{"kind": "cash", "amount": 4600}], 409, "sold-out"),
        ([{"sku": "COFFEE", "qty": "2"}], [{"kind": "cash", "amount": 700}], 422, "validation"),
        ([{"sku": "COFFEE", "qty": 1, "x": 1}], [{"kind": "cash", "amount": 350}], 422, "validation"),
        ([], [{"kind": "cash", "amount": 0}], 422, "validation"),
    ],
)
def test_what_cannot_be_sold_is_refused_with_the_reason_and_a_remedy(
    house: House, lines: object, tenders: object, status: int, slug: str
) -> None:
    answer = house.client("Ben").post("/sales", {"lines": lines, "tenders": tenders})
    assert (answer.status, answer.slug) == (status, slug)
    assert answer.json["detail"]
    assert answer.json["remedy"]


def test_a_scan_names_the_holder_and_the_second_one_the_first(house: House) -> None:
    cleo = house.client("Cleo")
    code = house.ticket()
    first = cleo.post("/scans", {"code": code, "gate": "Door A"}, key="scan-1")
    assert (first.status, first.json["verdict"], first.json["reason"]) == (200, "admitted", None)
    assert first.json["holder"]
    assert first.json["list"] == "general"
    assert "holder_ref" not in first.json
    assert cleo.post("/scans", {"code": code, "gate": "Door A"}, key="scan-1").json == first.json
    second = cleo.post("/scans", {"code": code}).json
    assert (second["verdict"], second["reason"]) == ("refused", "already_used")
    assert second["first"]["gate"] == "Door A"
    assert second["pos"] > first.json["pos"]


def test_a_ticket_with_re_entry_goes_out_and_in_again(house: House) -> None:
    cleo, code = house.client("Cleo"), house.ticket("vip")
    verdicts = [
        cleo.post("/scans", {"code": code, "direction": way}).json["verdict"] for way in ("in", "in", "out", "in")
    ]
    assert verdicts == ["admitted", "refused", "exited", "admitted"]


def test_a_second_drawer_of_the_same_cashier_is_a_conflict(bare_house: House) -> None:
    assert bare_house.client("Ben").post("/drawer/open", {"float": 100}).status == 200
    answer = bare_house.client("Ben").post("/drawer/open", {"float": 100})
    assert (answer.status, answer.slug) == (409, "drawer-open")


def test_the_catalogue_the_numbers_and_the_status_have_their_documented_shape(house: House) -> None:
    ada = house.client()
    catalogue = ada.get("/catalogue").json
    assert catalogue["currency"] == "EUR"
    assert set(catalogue["items"][0]) == {"sku", "name", "price", "vat", "kind", "category", "stock"}
    kpis = {"attendance", "sales", "attention_density", "micro_conversion", "operational_latency", "local_roi"}
    assert set(ada.get("/kpis").json) == kpis
    status = ada.get("/status").json
    assert set(status) >= {"box", "log", "workers", "devices", "power", "journal", "uplink", "event", "policy", "clock"}
    assert status["workers"]["till"]["state"] == "ready"


def test_facts_come_as_stored_and_in_pages(house: House) -> None:
    ada = house.client()
    everything = ada.get("/facts").body.splitlines()
    page = ada.get("/facts?after=2&limit=3")
    assert page.headers["Content-Type"] == "application/x-ndjson"
    assert page.body.splitlines() == everything[2:5]
    assert page.headers["X-Position"] == "5"
    beyond = ada.get("/facts?after=999999")
    assert (beyond.body, beyond.headers["X-Position"]) == (b"", "999999")
    assert ada.get("/facts?after=-1").slug == "validation"


def test_writes_need_a_key(house: House) -> None:
    ben = house.client("Ben")
    for path in ("/sales", "/scans", "/drawer/open"):
        answer = ben.ask("POST", f"/api/v1{path}", {})
        assert (answer.status, answer.slug) == (400, "key-missing")


def test_everything_but_login_and_openapi_needs_a_sign_in(house: House) -> None:
    stranger = Client(house.url)
    for path in ("/catalogue", "/kpis", "/status", "/facts", "/follow", "/sales/x"):
        answer = stranger.get(path)
        assert (answer.status, answer.slug) == (401, "signed-out")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert stranger.post("/sales", {}).slug == "signed-out"
    assert Client(house.url, {"Authorization": "Bearer bkt_wrong"}).get("/kpis").status == 401
    assert Client(house.url, {"Authorization": "Basic QWRhOjE="}).get("/kpis").status == 401
    assert stranger.get("/openapi.json").status == 200


def test_a_role_may_do_its_own_work_only(house: House) -> None:
    answer = house.client("Cleo").sell(COFFEE, cash=700)
    assert (answer.status, answer.slug) == (403, "role")
    assert house.client("Cleo").ask("GET", "/sell").status == 403
    assert house.client("Ben").ask("GET", "/lead").status == 403


def test_a_write_by_cookie_must_come_from_our_own_page(house: House) -> None:
    ben = signed_in(house, "222222")
    body = {"lines": [COFFEE], "tenders": [{"kind": "cash", "amount": 700}]}
    assert ben.post("/sales", body).status == 201
    for change in ({"Origin": "http://evil.example"}, {"Origin": ""}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": ""}):
        assert Client(house.url, {**ben.headers, **change}).post("/sales", body).slug == "csrf"
    for name in ("Origin", "X-CSRF-Token"):
        without = {key: value for key, value in ben.headers.items() if key != name}
        answer = Client(house.url, without).post("/sales", body)
        assert (answer.status, answer.slug) == (403, "csrf")


def test_another_site_cannot_sign_a_till_in(house: House) -> None:
    answer = Client(house.url, {"Origin": "http://evil.example"}).ask("POST", "/api/v1/login", {"pin": "123456"})
    assert (answer.status, answer.slug) == (403, "csrf")


def test_signing_out_ends_the_cookie(house: House) -> None:
    ben = signed_in(house, "222222")
    assert ben.ask("POST", "/api/v1/logout").status == 204
    assert ben.get("/kpis").status == 401


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    answer = Client(house.url).ask("POST", "/api/v1/login", {"pin": "123456"})
    cookies = answer.cookies
    assert {cookie.partition("=")[0] for cookie in cookies} == {"bk_staff", "bk_device"}
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie


def test_a_device_with_too_many_wrong_pins_waits_and_no_other_does(house: House) -> None:
    device = f"bk_device=lockout-{next(_fresh)}"
    guess = Client(house.url, {"Cookie": device})
    slugs = [guess.ask("POST", "/api/v1/login", {"pin": "999999"}).slug for _ in range(5)]
    assert slugs == ["wrong-pin"] * 4 + ["throttled"]
    answer = guess.ask("POST", "/api/v1/login", {"pin": "123456"})
    assert (answer.status, answer.slug) == (429, "throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert Client(house.url).ask("POST", "/api/v1/login", {"pin": "123456"}).status == 200


@pytest.mark.parametrize("body", [{}, {"pin": 123456}, {"pin": None}, {"pin": "1", "x": 1}, []])
def test_a_malformed_sign_in_is_no_guess(house: House, body: object) -> None:
    answer = Client(house.url).ask("POST", "/api/v1/login", body)
    assert (answer.status, answer.slug) == (422, "validation")


def test_a_body_beyond_128_kib_is_too_large(house: House) -> None:
    ben = house.client("Ben")
    answer = ben.ask("POST", "/api/v1/sales", raw=b"x" * (128 * 1024 + 1), Idempotency_Key="large")
    assert (answer.status, answer.slug) == (413, "too-large")
    assert ben.ask("POST", "/api/v1/sales", raw=b"x" * (128 * 1024), Idempotency_Key="large").slug == "validation"


def test_malformed_json_is_named_with_its_place(house: House) -> None:
    answer = house.client("Ben").ask("POST", "/api/v1/sales", raw=b'{"lines": [}', Idempotency_Key="malformed")
    assert (answer.status, answer.slug) == (422, "validation")
    assert "line 1, column 12" in answer.json["detail"]


def test_what_is_not_there_is_a_problem_for_scripts_and_a_page_for_people(house: House) -> None:
    answer = Client(house.url).get("/nothing")
    assert (answer.status, answer.slug) == (404, "not-found")
    page = Client(house.url).ask("GET", "/nothing")
    assert page.status == 404
    assert page.headers["Content-Type"].startswith("text/html")
    wrong = house.client().ask("DELETE", "/api/v1/sales")
    assert (wrong.status, wrong.json["type"]) == (405, "about:blank")
    assert "POST" in wrong.headers["Allow"]
    assert house.client().get("/sales/nope").slug == "not-found"


def test_every_answer_keeps_strangers_code_out(house: House) -> None:
    client = house.client()
    for path in ("/sell", "/api/v1/kpis", "/nothing", "/api/v1/nothing", "/login"):
        headers = client.ask("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Server" not in headers


def test_scripts_and_styles_are_kept_for_ever_under_an_address_with_their_hash(house: House) -> None:
    page = Client(house.url).ask("GET", "/login").body.decode()
    address = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    plain = Client(house.url).ask("GET", address)
    assert "immutable" in plain.headers["Cache-Control"]
    packed = Client(house.url).ask("GET", address, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 2
    again = Client(house.url).ask("GET", address, If_None_Match=plain.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    old = Client(house.url).ask("GET", "/static/000000000000/boothkit.css")
    assert (old.body, old.headers["Cache-Control"]) == (plain.body, "no-cache")
    assert Client(house.url).ask("GET", "/static/000000000000/..%2Fapp.py").status == 404


def test_the_openapi_document_names_every_call_and_no_other(house: House) -> None:
    document = Client(house.url).get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    from appliance.config import Config
    from web.till import Deps, create_app

    app = create_app(Deps(*[None] * 4, Config(), *[None] * 4))  # type: ignore[arg-type]
    served = {
        (method, rule.rule.removeprefix("/api/v1").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served


paths = st.sampled_from(["/sales", "/scans", "/drawer/move", "/login", "/logout", "/facts", "/follow/x", "/sales/{}"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
things = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "lines",
                    "tenders",
                    "sku",
                    "qty",
                    "kind",
                    "amount",
                    "code",
                    "list",
                    "direction",
                    "float",
                    "pin",
                    "price",
                    "grams",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(path=paths, body=things, method=st.sampled_from(["GET", "POST", "PUT"]), query=st.text(max_size=20))
def test_nothing_that_one_can_send_breaks_the_till(
    house: House, path: str, body: object, method: str, query: str
) -> None:
    from urllib.parse import quote

    address = f"/api/v1{path}?after={quote(query, errors='replace')}"
    answer = house.client("Ben").ask(method, address, body, Idempotency_Key=f"fuzz-{next(_fresh)}")
    assert answer.status < 500, (method, address, body, answer.body)


@settings(max_examples=40, deadline=None)
@given(raw=st.binary(max_size=300))
def test_bytes_that_are_no_request_do_not_stop_the_till(house: House, raw: bytes) -> None:
    host, _, port = urlsplit(house.url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(raw)
    assert house.client().ask("GET", "/health").status == 200
