"""https in front of the till: who is answered, what is believed, and what strangers cannot stop."""

import http.client
import json
import re
import signal
import socket
import ssl
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from appliance.services import authority
from tests.conftest import wait_until
from tests.https.conftest import Place
from tests.web.conftest import Answer, Client
from tools import reference_apps

FOR_STRANGERS = {"/pair", "/pair/ca.crt", "/static/{version}/{name}"}


def test_a_device_is_paired_signs_in_and_sells(place: Place) -> None:
    device = place.device()
    assert device.ask("GET", "/sell").headers["Location"] == "/pair"
    answer = device.pair(place.code("Tablet at the bar"))
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    (cookie,) = answer.cookies
    assert re.fullmatch(
        r"bk_paired=[\w-]{43}; Expires=[^;]*; Max-Age=34300800; Secure; HttpOnly; Path=/; SameSite=Lax", cookie
    )
    assert b'name="pin"' in device.ask("GET", "/login").body
    signed = device.login()
    assert {cookie.partition("=")[0] for cookie in signed.cookies} == {"bk_staff", "bk_device", "bk_paired"}
    assert all("; Secure; HttpOnly" in cookie for cookie in signed.cookies)
    sold = device.sell("over-https")
    assert (sold.status, sold.json["total"]) == (201, 350)
    assert device.sell("over-https").json == sold.json
    assert b"Tablet at the bar" in Client(place.house.url, _lead(place)).ask("GET", "/pairing").body


def _lead(place: Place) -> dict[str, str]:
    return {"Authorization": f"Bearer {place.house.tokens['Ada']}"}


def test_a_stranger_gets_the_pairing_page_the_certificate_and_the_styles_and_nothing_else(
    place: Place, tmp_path: Path
) -> None:
    device, token = place.device(), {"Authorization": f"Bearer {place.house.tokens['Ada']}"}
    page = device.ask("GET", "/pair").body.decode()
    assert "PIN" not in page
    static = re.findall(r'(?:href|src)="(/static/[^"#]+)', page)
    assert len(static) >= 4
    assert {device.ask("GET", path).status for path in static} == {200}
    assert device.ask("GET", "/pair/ca.crt").body == ssl.PEM_cert_to_DER_cert(place.ca.read_text())
    found = [(one.method, one.path) for one in reference_apps.till(tmp_path) if one.path not in FOR_STRANGERS]
    assert len(found) > 60
    for method, path in [*found, ("GET", "/there/is/nothing"), ("PUT", "/login"), ("OPTIONS", "/")]:
        asked = re.sub(r"\{[a-z]+\}", "x", path)
        for headers in ({}, token):
            answer = device.ask(method, asked, b"{}" if method != "GET" else None, **headers)
            assert _shut(answer), (method, path, answer.status, answer.body)
    assert device.login().slug == "unpaired"
    assert device.form("/login", pin="222222").status == 403
    assert "bk_staff" not in device.cookies


def _shut(answer: Answer) -> bool:
    """To the pairing page, or no."""
    if answer.status == 302:
        return answer.headers["Location"] == "/pair"
    return answer.status in (403, 404) and b"PIN" not in answer.body and not answer.cookies


def test_the_plain_port_needs_no_pairing_and_offers_the_certificate(place: Place) -> None:
    plain = Client(place.house.url)
    assert b"needs no pairing" in plain.ask("GET", "/pair").body
    answer = plain.ask("GET", "/pair/ca.crt")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-x509-ca-cert")
    assert answer.body == ssl.PEM_cert_to_DER_cert(place.ca.read_text())
    # A cookie that nothing asks for here is given to nobody here.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = Client(place.house.url, form).ask("POST", "/pair", raw=f"form=x&code={place.code()}".encode())
    assert (posted.status, posted.cookies) == (303, [])


FORGED = {
    "X-Forwarded-For": "10.77.0.99",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "443",
    "Forwarded": "for=10.77.0.99;proto=https;host=evil.example",
}


def test_what_somebody_says_of_themselves_on_the_plain_port_is_not_believed(place: Place) -> None:
    forged = Client(place.house.url, FORGED)
    answer = forged.ask("POST", "/api/v1/login", {"pin": "222222"}, Origin=place.house.url)
    assert answer.status == 200
    assert not any("Secure" in cookie for cookie in answer.cookies)
    assert forged.ask("POST", "/api/v1/login", {"pin": "222222"}, Origin="https://evil.example").slug == "csrf"
    assert forged.ask("GET", "/sell").headers["Location"] == "/login?next=/sell"
    # Another address each time: the wrong PINs are counted for the one that they come from.
    for number in range(5):
        headers = FORGED | {"X-Forwarded-For": f"10.77.0.{number}", "Forwarded": f"for=10.77.0.{number}"}
        link = http.client.HTTPConnection(urlsplit(place.house.url).netloc, source_address=("127.0.0.21", 0))
        link.request("POST", "/api/v1/login", b'{"pin": "999999"}', headers)
        said = json.loads(link.getresponse().read())["type"]
        link.close()
    assert said == "/problems/throttled"


def test_over_https_it_is_not_believed_either_and_an_address_is_locked_by_its_own_wrong_pins(place: Place) -> None:
    name = {name.replace("-", "_"): value for name, value in FORGED.items() if name != "X-Forwarded-Host"}
    one, other = place.paired("One", "127.0.0.31"), place.paired("Other", "127.0.0.32")
    slugs = []
    for number in range(5):
        one.cookies.pop("bk_device", None)
        slugs.append(one.post("/login", {"pin": "999999"}, **name | {"X_Forwarded_For": f"10.77.0.{number}"}).slug)
    assert slugs == ["wrong-pin"] * 4 + ["throttled"]
    assert one.login().slug == "throttled"
    assert other.login().status == 200


def test_a_write_from_another_page_is_refused(place: Place) -> None:
    device = place.paired()
    assert device.post("/login", {"pin": "222222"}, Origin="https://evil.example").slug == "csrf"
    assert device.post("/login", {"pin": "222222"}, Origin=f"http://box.booth:{place.port}").slug == "csrf"
    device.login()
    assert device.post("/sales", {}, Origin="https://evil.example", Idempotency_Key="x").slug == "csrf"


@pytest.mark.parametrize("host", ["evil.example", "box.booth.evil.example", "10.77.0.9"])
def test_a_name_that_is_not_the_boxs_leads_nowhere(place: Place, host: str) -> None:
    answer = place.device().ask("GET", "/pair", Host=host)
    assert (answer.status, b"fingerprint" in answer.body) == (421, False)


def test_only_tls_from_1_2_on_is_spoken(place: Place) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=place.ca)
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", place.port)) as plain:
            context.wrap_socket(plain, server_hostname="box.booth").close()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", place.port)) as plain, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(plain)
    with socket.create_connection(("127.0.0.1", place.port)) as plain:
        plain.sendall(b"GET /login HTTP/1.1\r\nHost: box.booth\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 400")


def test_an_unpaired_device_is_out_at_once_and_so_is_its_stream_of_facts(place: Place) -> None:
    device = place.paired("Lost tablet")
    device.login()
    link = device.connect()
    cookie = "; ".join(f"{name}={value}" for name, value in device.cookies.items())
    head = f"GET /api/v1/follow?after=0 HTTP/1.1\r\nHost: box.booth:{place.port}\r\nCookie: {cookie}\r\n"
    link.sendall(head.encode() + b"Connection: close\r\n\r\n")
    heard = b""
    while b"\ndata: " not in heard:  # facts come as they are recorded, not when a buffer is full
        heard += link.recv(65536)
    assert device.ask("GET", "/api/v1/catalogue").status == 200
    assert _unpair(place, "Lost tablet") == 303
    assert device.ask("GET", "/api/v1/catalogue").slug == "unpaired"
    assert device.ask("GET", "/sell").headers["Location"] == "/pair"
    while link.recv(65536):
        pass
    link.close()


def _unpair(place: Place, name: str) -> int:
    """As the lead does it, on the page."""
    signed = place.device()
    signed.cookies.update(place.paired("The lead's").cookies)
    signed.login("123456")
    page = signed.ask("GET", "/pairing").body.decode()
    found = re.search(rf'value="(pd-\w+)" aria-label="Unpair {name}"', page)
    assert found is not None
    form = f"csrf={signed.csrf}&device={found[1]}".encode()
    headers = {"Content_Type": "application/x-www-form-urlencoded", "Origin": f"https://box.booth:{place.port}"}
    return signed.ask("POST", "/pairing/unpair", form, **headers).status


def test_a_facts_stream_tells_a_sale_at_once(place: Place) -> None:
    device = place.paired()
    device.login()
    cookie = "; ".join(f"{name}={value}" for name, value in device.cookies.items())
    after = place.house.client().get("/status").json["journal"]["pos"]
    link = device.connect()
    head = f"GET /api/v1/follow?after={after} HTTP/1.1\r\nHost: box.booth:{place.port}\r\nCookie: {cookie}\r\n\r\n"
    link.sendall(head.encode())
    heard = link.recv(65536)
    assert b"200 OK" in heard
    assert device.sell("while-somebody-follows").status == 201
    while b"sale.completed/1" not in heard:
        heard += link.recv(65536)
    link.close()


def test_bodies_are_bounded_and_a_strangers_are_not_even_taken_in(place: Place) -> None:
    device = place.paired()
    device.login("123456")
    big = b"x" * (129 * 1024)
    own = {"Origin": f"https://box.booth:{place.port}", "X_CSRF_Token": device.csrf, "Idempotency_Key": "big"}
    assert device.ask("POST", "/api/v1/sales", big, **own).slug == "too-large"
    rows = b"code,name\n" + b"".join(b"C%06d,Guest\n" % number for number in range(60_000))
    taken = device.ask("POST", "/api/v1/tickets/files?name=a.csv", rows, **own | {"Idempotency_Key": "file"})
    assert taken.status == 201, taken.body
    assert (taken.status, taken.json["rows"]) == (201, 60_000)
    # A stranger's upload is answered after its head: no byte of the body is waited for.
    link = place.device().connect()
    head = f"POST /api/v1/tickets/files HTTP/1.1\r\nHost: box.booth:{place.port}\r\nContent-Length: 16000000\r\n\r\n"
    link.sendall(head.encode())
    assert link.recv(4096).startswith(b"HTTP/1.1 403")
    link.close()


def test_two_hundred_idle_tls_connections_do_not_stop_a_sale(place: Place) -> None:
    device = place.paired()
    device.login()
    with ExitStack() as idle:
        for _ in range(200):
            idle.enter_context(place.device("127.0.0.41").connect())
        assert device.sell("beside-the-idle").status == 201
        # Half a request each, from one address: still none of the others' business.
        assert place.house.client("Ben").sell({"sku": "COFFEE", "qty": 1}, cash=350).status == 201


def test_guesses_at_a_code_lock_the_address_and_nobody_else(place: Place) -> None:
    code = place.code()
    stranger = place.device("127.0.0.51")
    answers = [stranger.pair(f"WRONG-0000{number}") for number in range(5)]
    assert [answer.status for answer in answers] == [403] * 4 + [429]
    assert answers[-1].headers["Retry-After"] == "30"
    assert stranger.pair(code).status == 429
    assert place.device("127.0.0.52").pair(code).status == 303


def test_a_code_pairs_one_device_and_a_reply_that_was_lost_can_be_had_again(place: Place) -> None:
    code = place.code("Twice")
    first, again, thief = place.device(), place.device(), place.device()
    assert first.pair(code, "form-1").status == 303
    assert thief.pair(code, "form-2").status == 403
    assert again.pair(f" {code.lower().replace('-', ' ')} ", "form-1").status == 303
    # The browser has the newest answer's cookie, and there is one device.
    assert (first.login().slug, again.login().status) == ("unpaired", 200)
    page = Client(place.house.url, _lead(place)).ask("GET", "/pairing").body.decode()
    assert page.count("<b>Twice</b>") == 1


@pytest.mark.parametrize("name", ["", " ", "x" * 31, "<b>", "a@b.example", "-x"])
def test_a_device_gets_a_name_that_is_one(place: Place, name: str) -> None:
    answer = place.invite(name)
    assert (answer.status, b"wants 1 to 30 letters" in answer.body) == (422, True)
    assert b"data-code" not in answer.body


def test_without_the_till_https_says_so_and_it_comes_back(place: Place) -> None:
    device = place.paired()
    device.login()
    place.house.till.kill()
    answer = device.sell("while-it-is-away")
    assert (answer.status, answer.slug, answer.headers["Retry-After"]) == (503, "busy", "1")
    wait_until(lambda: place.house.board("https")["reason"] == "the till does not answer", "it says so")
    place.house.start_till()
    assert device.sell("while-it-is-away").status == 201
    wait_until(lambda: place.house.board("https")["state"] == "ready", "all is well again")


def test_a_renewed_certificate_is_shown_without_a_restart(place: Place) -> None:
    def shown() -> bytes | None:
        try:
            with place.device().connect() as link:
                return link.getpeercert(True)
        except OSError:  # in the moment between the one and the other
            return None

    before, starts = shown(), place.house.board("https")["starts"]
    (place.house.run / "pki" / "leaf.pem").unlink()
    names = ("box.booth", "10.77.0.1", "127.0.0.1")
    authority.lay(place.house.data / "authority", place.house.run / "pki", names, datetime.now(UTC))
    wait_until(lambda: shown() not in (None, before), "the new certificate")
    assert place.house.board("https")["starts"] == starts


def test_the_till_is_reached_through_its_folder_alone(place: Place) -> None:
    socket_ = place.house.run / "till" / "till.sock"
    assert (socket_.stat().st_mode & 0o777, socket_.parent.stat().st_mode & 0o7) == (0o660, 0)


def test_its_end_leaves_no_nginx_behind(place: Place) -> None:
    pid = int((place.house.run / "https" / "nginx.pid").read_text())
    for how in (signal.SIGKILL, signal.SIGTERM):
        place.https.kill(how)
        wait_until(lambda pid=pid: not Path(f"/proc/{pid}").exists() or "Z" in _state(pid), "it is gone")
        place.https.start()
        wait_until(lambda: place.house.board("https")["state"] == "ready", "https answers")
        pid = int((place.house.run / "https" / "nginx.pid").read_text())
    device = place.paired()
    assert device.login().status == 200


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def test_nothing_that_nginx_says_names_what_was_asked_for(place: Place) -> None:
    place.device().ask("GET", "/api/v1/tickets?q=Zilpzalp")
    said = (place.house.run / "https" / "nginx.said").read_text()
    assert "Zilpzalp" not in said + place.https.log.read_text() + place.house.till.log.read_text()
