"""The page without scripts: late, never wrong. Forms post and come back, and say where and why when they cannot."""

import html
import os
import re
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from appliance import config as configuration
from appliance import demo
from appliance.journal.client import RecorderClient
from drivers.device import Press, Scan
from drivers.registry import create
from tests.bench.conftest import GENERAL, VIP, Hands, Pump
from tests.conftest import Process, wait_until


def codes_of(hands: Hands, pump: Pump, bodies: list[str]) -> list[str]:
    """What the box's scanner driver hears when these forms are sent, one code each."""
    scanner = create("scanner-door", hands.devices["scanner-door"])
    pump(scanner, lambda _: scanner.life.state == "online")
    heard: list[str] = []
    for body in bodies:
        assert hands.form("scanner", body).status == 303
        heard += [event.code for event in pump(scanner, bool) if isinstance(event, Scan)]
    scanner.close()
    return heard


def said(page: str, section: str) -> str:
    """What the page says about the last try in this section."""
    note = re.search(rf'<div id="said-{section}" data-said role="status">(.*?)</div></div></div>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", note[1])) if note else ""


def test_the_pad_hands_out_each_ticket_once_and_then_says_so(own_hands: Hands, pump: Pump) -> None:
    heard = codes_of(own_hands, pump, ["list=general", "list=vip", "list=general", "list=general"])
    assert heard == [GENERAL[0], VIP[0], GENERAL[1], GENERAL[2]]
    answer = own_hands.form("scanner", "list=general")
    assert answer.status == 422
    assert said(answer.text, "scanner") == "No unused ticket of 'general' is left. Start the demo on a new data folder."


def test_the_other_keys_of_the_pad_scan_what_they_say(own_hands: Hands, pump: Pump) -> None:
    early = own_hands.form("scanner", "pick=again")
    assert (early.status, said(early.text, "scanner")) == (422, "Nothing was scanned yet. Scan a ticket first.")
    heard = codes_of(own_hands, pump, ["list=vip", "pick=unknown", f"code={quote('BK1:Any & all')}"])
    assert heard[0] == VIP[0]
    assert re.fullmatch(r"NO-TICKET-[0-9A-F]{8}", heard[1])
    assert heard[2] == "BK1:Any & all"
    assert 'Last: <span class="mono">BK1:Any &amp; all</span>' in own_hands.get("/").text


def test_the_same_again_sends_the_same_bytes_again(own_hands: Hands) -> None:
    line = os.open(urlsplit(own_hands.devices["scanner-door"]).path, os.O_RDONLY | os.O_NOCTTY)
    own_hands.post("scan", {"code": "TWICE"})
    assert own_hands.form("scanner", "pick=again").status == 303
    heard = b""
    while len(heard) < 12:
        heard += os.read(line, 100)
    os.close(line)
    assert heard == b"TWICE\rTWICE\r"


def test_noise_on_the_line_is_no_code_to_the_driver(own_hands: Hands, pump: Pump) -> None:
    scanner = create("scanner-door", own_hands.devices["scanner-door"])
    pump(scanner, lambda _: scanner.life.state == "online")
    assert own_hands.form("scanner", "pick=noise").status == 303
    assert pump(scanner, lambda _: scanner.life.counters["unreadable"] == 1) == []
    scanner.close()


def test_forms_come_back_to_where_they_were_sent_from(hands: Hands) -> None:
    answer = hands.form("beam", "people=2&walk=in")
    assert (answer.status, answer.headers["Location"]) == (303, "/#beam")
    wait_until(lambda: re.search(r"In [2-9] · Out 0", hands.get("/").text), "two people through")
    assert hands.form("beam", "people=1&walk=out").status == 303
    wait_until(lambda: "Out 1" in hands.get("/").text, "one person out")
    assert hands.form("beam", "walk=back").status == 303


@pytest.mark.parametrize(
    ("section", "body", "words"),
    [
        ("scanner", "code=", "A code is at least one printable character and no line break."),
        ("scanner", "pick=everything", "Pick is one of again, unknown, noise, not 'everything'."),
        ("beam", "people=many&walk=in", "People is a whole number, not 'many'."),
        ("beam", "people=0&walk=in", "People is a whole number in 1…100, not 0."),
        ("beam", "people=1", "Direction is one of in, out, not None."),
        ("printer", "paper=", "Paper is one of ok, near_end, out, not ''."),
        ("printer", "behaviour=moody", "Behaviour is one of normal, silent, slow, garbage, not 'moody'."),
        ("power", "soc=full", "Soc is a number, not 'full'."),
        ("power", "soc=nan", "Soc is a number in 0…100, not nan."),
        ("plugs", "", "Device is one of printer, scanner, beam, power, not None."),
    ],
)
def test_what_cannot_be_done_is_said_where_it_was_tried(hands: Hands, section: str, body: str, words: str) -> None:
    answer = hands.form(section, body)
    assert answer.status == 422
    assert said(answer.text, section).startswith(words)
    assert said(hands.get("/").text, section) == ""


def test_what_was_typed_is_still_there_after_a_refusal(hands: Hands) -> None:
    assert 'value="&lt;b&gt;&#34;"' in hands.form("scanner", "pick=x&code=" + quote('<b>"')).text
    assert 'value="999"' in hands.form("beam", "people=999&walk=in").text


def test_all_faults_go_off_together(hands: Hands) -> None:
    for device in ("printer", "scanner", "beam", "power"):
        assert hands.form("plugs", f"pull={device}").status == 303
    assert hands.form("printer", "paper=out&cover=open&online=no&drawer=open&behaviour=silent").status == 303
    assert hands.get("/").text.count("Pulled out") == 4
    assert hands.form("calm", "").status == 303
    page = hands.get("/").text
    assert "Pulled out" not in page
    assert re.findall(r'name="(?:paper|cover|online|drawer|behaviour)" value="(\w+)" checked', page) == [
        "ok",
        "closed",
        "yes",
        "closed",
        "normal",
    ]
    assert hands.paper_sensor() == 0x12


def test_the_leads_button_is_pressed_and_held(own_hands: Hands, pump: Pump) -> None:
    button = create("button-lead", own_hands.devices["button-lead"])
    pump(button, lambda _: button.life.state == "online")
    for press, held in (("short", False), ("hold", True)):
        assert own_hands.form("lead", f"press={press}").headers["Location"] == "/#lead"
        (event,) = pump(button, bool)
        assert isinstance(event, Press)
        assert event.held is held
    button.close()


def test_a_value_beyond_the_slider_widens_the_slider(hands: Hands) -> None:
    assert hands.post("power", {"volts": 26.4, "amps": -40, "soc": 55}).status == 202
    page = hands.get("/").text
    assert 'name="volts" min="10" max="26.4" step="0.1" value="26.4"' in page
    assert "\N{MINUS SIGN}40.0\N{NO-BREAK SPACE}A" in page
    assert hands.form("power", "volts=13.2&amps=-1.4&pv_watts=16&soc=82").status == 303


def test_news_is_told_once(hands: Hands) -> None:
    tag = hands.get("/").headers["ETag"]
    same = hands.get("/", If_None_Match=tag)
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag)
    hands.form("printer", "paper=near_end")
    other = hands.get("/", If_None_Match=tag)
    assert other.status == 200
    assert other.headers["ETag"] != tag
    hands.form("printer", "paper=ok")
    assert hands.get("/", If_None_Match=tag).status == 304


def test_the_picture_of_a_cut_slip_is_kept_and_that_of_a_hanging_one_is_not(own_hands: Hands) -> None:
    assert "Nothing printed yet" in own_hands.get("/").text
    own_hands.print_bytes(b"Hangs\n")
    (hanging,) = re.findall(r'<img src="([^"]+)"', own_hands.get("/").text)
    own_hands.print_bytes(b"there\n")
    (longer,) = re.findall(r'<img src="([^"]+)"', own_hands.get("/").text)
    own_hands.print_bytes(b"\x1dV\x00")
    (cut,) = re.findall(r'<img src="([^"]+)"', own_hands.get("/").text)
    assert len({hanging, longer, cut}) == 3
    assert own_hands.get(longer).headers["Cache-Control"] == "no-store"
    assert "immutable" in own_hands.get(cut).headers["Cache-Control"]


def test_words_from_paper_and_codes_are_text_and_not_markup(own_hands: Hands) -> None:
    own_hands.print_bytes(b'<script>alert("1")</script>\n\x1dV\x00')
    own_hands.post("scan", {"code": "<img src=x>"})
    page = own_hands.get("/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "<img src=x>" not in page


def test_tickets_used_at_the_door_are_not_handed_out_again(tmp_path: Path, run_folder: Path, pump: Pump) -> None:
    data = tmp_path / "data"
    config = configuration.Config(clock=configuration.ClockTable(trust="rtc"))
    demo.prepare(data, config)
    rows = (data / "demo" / "tickets.csv").read_text().splitlines()
    general = [row.split(",")[0] for row in rows if row.endswith(",general")]
    recorder = Process("recorder", data, run_folder)
    recorder.start()
    client = RecorderClient(run_folder, "device")
    for number, code in enumerate(general[:2]):
        answer = client.send(
            "ticket.scan", {"code": code, "gate": "door"}, actor="device:scanner-door", id=f"s-{number}"
        )
        assert answer.answer["verdict"] == "admitted"
    client.close()
    hands = Hands(data)
    try:
        assert codes_of(hands, pump, ["list=general", "list=general"]) == general[2:4]
    finally:
        hands.close()
        recorder.kill()
