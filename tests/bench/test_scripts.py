"""The bench as scripts use it: JSON in, bytes and pins out, and nobody else's page gets through."""

import io
import json
import socket
import subprocess
import sys
from typing import Any

import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.device import Crossing, PowerReading, Press, Scan
from drivers.registry import create
from tests.bench.conftest import Hands, Pump
from tests.conftest import wait_until

RECEIPT = (
    b"\x1b@\x1bp\x00\x32\x32Receipt 7\n"
    b"\x1d(k\x03\x00\x31\x43\x06\x1d(k\x0d\x00\x31\x50\x30HTTP://A/R\x1d(k\x03\x00\x31\x51\x30\n\x1dV\x00"
)


def test_a_scan_arrives_at_the_box_as_the_bytes_of_a_scanner(hands: Hands, pump: Pump) -> None:
    scanner = create("scanner-door", hands.devices["scanner-door"])
    pump(scanner, lambda _: scanner.life.state == "online")
    answer = hands.post("scan", {"code": "BK1:ÄÖ"})
    assert (answer.status, answer.json) == (202, {})
    (scan,) = pump(scanner, bool)
    assert isinstance(scan, Scan)
    assert scan.code == "BK1:ÄÖ"
    scanner.close()


def test_people_walk_and_the_sun_shines_where_the_drivers_look(hands: Hands, pump: Pump) -> None:
    footfall, power = (create(name, hands.devices[name]) for name in ("footfall", "power"))
    pump(footfall, lambda _: footfall.life.state == "online")
    assert hands.post("beam", {"direction": "out", "people": 2}).status == 202
    crossings = pump(footfall, lambda events: len(events) == 2)
    assert [crossing.direction for crossing in crossings if isinstance(crossing, Crossing)] == ["out", "out"]
    assert hands.post("power", {"volts": 12.1, "amps": -3, "pv_watts": 7, "soc": 41.5}).status == 202
    wanted = (415, 12_100, -3_000, 7_000)
    pump(power, lambda readings: any(_four(reading) == wanted for reading in readings))
    footfall.close()
    power.close()


def _four(event: object) -> tuple[int | None, ...] | None:
    if not isinstance(event, PowerReading):
        return None
    return event.soc_permille, event.mv, event.ma, event.pv_mw


def test_a_slip_can_be_read_looked_at_and_scanned(own_hands: Hands) -> None:
    assert own_hands.get("/bench/printer/receipts").json == []
    own_hands.print_bytes(RECEIPT)
    own_hands.print_bytes(b"Second\n\x1dV\x00")
    first, second = own_hands.get("/bench/printer/receipts").json
    assert first == {
        "id": 1,
        "text": "Receipt 7",
        "qr": ["HTTP://A/R"],
        "cut": True,
        "drawer_kicks": 1,
        "png": f"{own_hands.url}/bench/printer/receipts/1.png",
    }
    assert (second["id"], second["text"], second["drawer_kicks"]) == (2, "Second", 0)
    picture = own_hands.get("/bench/printer/receipts/1.png")
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.headers["Cache-Control"] == "no-store"
    assert zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.body)))[0].text == "HTTP://A/R"
    missing = own_hands.get("/bench/printer/receipts/3.png")
    assert (missing.status, missing.json["type"]) == (404, "/problems/not-found")


def test_paper_out_is_what_the_printer_then_says(hands: Hands) -> None:
    assert hands.paper_sensor() == 0x12
    assert hands.post("printer", {"paper": "out"}).status == 202
    assert hands.paper_sensor() == 0x7E
    assert hands.post("printer", {"paper": "ok", "cover": None}).status == 202
    assert hands.paper_sensor() == 0x12


def test_a_pulled_plug_is_pulled_until_it_is_put_back(hands: Hands) -> None:
    assert hands.post("unplug", {"device": "printer"}).status == 202
    wait_until(lambda: nobody_listens(hands), "the port closed")
    assert hands.post("plug", {"device": "printer"}).status == 202
    assert hands.paper_sensor() == 0x12


def nobody_listens(hands: Hands) -> bool:
    """Whether the printer's port is free."""
    try:
        socket.create_server(hands.printer).close()
    except OSError:
        return False
    return True


def test_a_plug_that_no_longer_fits_says_so(own_hands: Hands) -> None:
    own_hands.post("unplug", {"device": "printer"})
    wait_until(lambda: nobody_listens(own_hands), "the port closed")
    with socket.create_server(own_hands.printer):
        answer = own_hands.post("plug", {"device": "printer"})
    assert answer.status == 422
    assert "in use" in answer.json["detail"]
    assert own_hands.post("plug", {"device": "printer"}).status == 202


def test_nothing_is_scanned_while_the_scanner_is_unplugged(hands: Hands) -> None:
    hands.post("unplug", {"device": "scanner"})
    answer = hands.post("scan", {"code": "X"})
    hands.post("plug", {"device": "scanner"})
    assert (answer.status, answer.json["detail"]) == (422, "the scanner is unplugged")


BAD: list[tuple[str, bytes, str]] = [
    ("scan", b"", "no JSON"),
    ("scan", b"\xff", "no JSON"),
    ("scan", b"[" * 100_000, "no JSON"),
    ("scan", b'["code"]', "an object"),
    ("scan", b"{}", "code is missing"),
    ("scan", b'{"code": 5}', "code is a text, not 5"),
    ("scan", b'{"code": ""}', "printable"),
    ("scan", b'{"code": "\\ud800"}', "printable"),
    ("scan", b'{"code": "' + b"A" * 4297 + b'"}', "at most 4296 bytes"),
    ("scan", b'{"code": "A", "gate": "B"}', "'gate' is not known here; allowed: code"),
    ("beam", b'{"direction": "in"}', "people is missing"),
    ("beam", b'{"direction": "up", "people": 1}', "in, out"),
    ("beam", b'{"direction": "in", "people": 101}', "1\u2026100"),
    ("beam", b'{"direction": "in", "people": ' + b"9" * 5000 + b"}", "no JSON"),
    ("printer", b'{"paper": ["ok"]}', "ok, near_end, out"),
    ("printer", b'{"cover": "ajar"}', "open, closed"),
    ("printer", b'{"online": 1}', "true or false"),
    ("power", b'{"soc": 101}', "0\u2026100"),
    ("power", b'{"volts": NaN}', "volts is a number"),
    ("power", b'{"amps": "1"}', "amps is a number"),
    ("unplug", b'{"device": "toaster"}', "printer, scanner, beam, power"),
    ("plug", b'{"device": null}', "printer, scanner, beam, power"),
]


@pytest.mark.parametrize(("path", "body", "says"), BAD)
def test_what_cannot_be_done_is_refused_in_clear_words(hands: Hands, path: str, body: bytes, says: str) -> None:
    answer = hands.ask("POST", f"/bench/{path}", body)
    problem = answer.json
    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (problem["type"], problem["status"]) == ("/problems/validation", 422)
    assert says in problem["detail"]
    assert problem["remedy"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text() | st.sampled_from(["in", "ok"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["code", "direction", "people", "paper", "cover", "online", "volts", "amps", "pv_watts", "soc", "device"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["scan", "beam", "printer", "power", "unplug", "plug"]),
    body=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3) | VALUES,
)
def test_no_body_breaks_the_bench(own_hands: Hands, path: str, body: Any) -> None:
    answer = own_hands.post(path, body)
    assert answer.status in (202, 422), answer.text


def test_ways_that_do_not_exist_are_problems_too(hands: Hands) -> None:
    assert hands.get("/bench/scan").status == 405
    assert hands.get("/bench/nothing").json["type"] == "/problems/not-found"
    assert hands.ask("POST", "/bench/scan", b"{" + b" " * 200_000).json["type"] == "/problems/too-large"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8082", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "[::1]", ""]
)
def test_a_foreign_name_bound_to_this_machine_reaches_nothing(hands: Hands, host: str) -> None:
    assert hands.get("/", Host=host).status == 421
    answer = hands.post("beam", {"direction": "in", "people": 1}, Host=host)
    assert answer.status == 421
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_bench_answers_to_localhost(hands: Hands) -> None:
    port = hands.url.rpartition(":")[2]
    answer = hands.post(
        "beam", {"direction": "in", "people": 1}, Host=f"localhost:{port}", Origin=f"http://localhost:{port}"
    )
    assert answer.status == 202


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1"])
def test_a_page_of_somewhere_else_moves_nothing(hands: Hands, origin: str) -> None:
    before = hands.get("/bench/state").json["printer"]
    answer = hands.post("printer", {"paper": "out"}, Origin=origin)
    assert (answer.status, answer.json["type"]) == (403, "/problems/csrf")
    refused = hands.ask("POST", "/hands/printer", b"paper=out", {"Origin": origin})
    assert refused.status == 403
    assert hands.paper_sensor() == 0x12
    assert hands.get("/bench/state").json["printer"] == before


def test_everything_comes_with_headers_that_let_nothing_else_in(hands: Hands) -> None:
    for path in ("/", "/bench/printer/receipts", "/bench/nothing"):
        headers = hands.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_printer_of_somebody_else_is_left_alone(pump: Pump) -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        port = theirs.getsockname()[1]
        hands = Hands(printer=f"tcp://127.0.0.1:{port}?profile=TM-T20II")
        try:
            assert hands.post("printer", {"paper": "out"}).status == 202
            scanner = create("scanner-door", hands.devices["scanner-door"])
            pump(scanner, lambda _: scanner.life.state == "online")
            scanner.close()
        finally:
            hands.close()
        theirs.settimeout(0)
        with pytest.raises(BlockingIOError):
            theirs.accept()


def test_a_second_bench_at_the_same_port_says_whose_it_is(hands: Hands, own_hands: Hands) -> None:
    port = hands.url.rpartition(":")[2]
    own_hands.worker.kill()
    config = own_hands.run / "second.toml"
    config.write_text(f"[bench]\nport = {port}\n")
    argv = [sys.executable, "-m", "appliance.cli", "worker", "bench", "--config", str(config)]
    said = subprocess.run(
        [*argv, "--data", str(own_hands.data)], capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 2
    assert f"127.0.0.1:{port}: Address already in use" in said.stderr
    assert "--bench-port" in said.stderr


def test_the_worker_ends_at_once_and_in_order_while_somebody_looks(own_hands: Hands) -> None:
    with socket.create_connection(("127.0.0.1", int(own_hands.url.rpartition(":")[2])), timeout=20) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\n")
        process = own_hands.worker.process
        assert process is not None
        process.terminate()
        assert process.wait(30) == 0
    lines = [json.loads(line) for line in own_hands.worker.log.read_text().splitlines()]
    assert [line for line in lines if line["level"] == "error"] == []
    assert not (own_hands.run / "devices" / "scanner-door").is_symlink()


def test_the_wire_shows_the_last_bytes_each_way(own_hands: Hands, pump: Pump) -> None:
    scanner = create("scanner-door", own_hands.devices["scanner-door"])
    pump(scanner, lambda _: scanner.life.state == "online")
    for number in range(30):
        own_hands.post("scan", {"code": f"CODE-{number}"})
        pump(scanner, bool)
    scanner.close()
    for _ in range(30):
        assert own_hands.paper_sensor() == 0x12
    page = own_hands.get("/wire").text
    assert "to the box <b>43 4F 44 45 2D 32 39 0D</b>" in page
    assert "43 4F 44 45 2D 31 0D" not in page
    assert page.count("from the box <b>10 04 04</b>") == 1
    assert page.count("to the box <b>12</b>") == 1


def test_what_the_box_lights_and_what_hands_did_is_told_in_one_answer(own_hands: Hands, pump: Pump) -> None:
    lamp: Any = create("indicator-status", own_hands.devices["indicator-status"])
    pump(lamp, lambda _: bool(lamp.life.state == "online"))
    lamp.show("ready")
    own_hands.post("printer", {"behaviour": "slow", "paper": "near_end"})

    def lit() -> dict[str, bool]:
        return {lamp["name"]: lamp["lit"] for lamp in own_hands.get("/bench/state").json["lamps"]}

    pump(lamp, lambda _: lit()["Status lamp"])
    assert not lit()["Door, green"]
    state = own_hands.get("/bench/state").json
    assert state["printer"] == {
        "paper": "near_end",
        "cover": "closed",
        "online": True,
        "drawer": "closed",
        "behaviour": "slow",
    }
    assert state["button"] == {"down": False}
    lamp.close()


def test_the_leads_button_is_held_by_a_script(own_hands: Hands, pump: Pump) -> None:
    button = create("button-lead", own_hands.devices["button-lead"])
    pump(button, lambda _: button.life.state == "online")
    assert own_hands.post("button", {"hold": True}).status == 202
    (press,) = pump(button, bool)
    assert isinstance(press, Press)
    assert press.held
    wait_until(lambda: own_hands.get("/bench/state").json["button"] == {"down": False}, "the finger off the button")
    button.close()


def test_naming_the_devices_brings_no_imaging_library() -> None:
    code = (
        "import sys; from pathlib import Path; from drivers.emulators.bench import uris; uris(Path('x'), 9100); "
        "sys.exit(', '.join({'PIL', 'segno', 'flask', 'serial'} & set(sys.modules)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_hundred_slips_and_more_are_all_there(own_hands: Hands) -> None:
    own_hands.print_bytes(b"".join(b"Slip %d\n\x1dV\x00" % number for number in range(150)))
    slips = wait_until(lambda: own_hands.get("/bench/printer/receipts").json, "the slips")
    assert [slip["text"] for slip in slips] == [f"Slip {number}" for number in range(150)]
    page = own_hands.get("/").text
    assert "150 slips, 0 drawer kicks" in page
    assert page.count("<img") == 12
    assert "138 older" in page
