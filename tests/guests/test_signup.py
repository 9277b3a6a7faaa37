"""Signing up over HTTP, at a real portal beside a real recorder."""

import json
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.domain.guests import read_code
from appliance.errors import Problem
from tests.conftest import Process, wait_until
from tests.guests.fair import MIKA, TOML, Fair, Phone, code_of, fields_of


def raw(folder: Path, *but: str) -> bytes:
    """Every byte in every file."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in but)


def test_a_script_signs_somebody_up_and_the_same_key_has_the_same_answer(fair: Fair) -> None:
    first = fair.sign_up("k1")
    assert first.status == 200
    assert set(first.json) == {"guest", "claim_code"}
    assert read_code(first.json["claim_code"]) is not None
    assert fair.sign_up("k1").json == first.json
    assert fair.sign_up("k1", email="other@example.org").status == 409
    assert len(fair.facts("guest.signed_up/1")) == 1
    assert fair.sign_up().json["guest"] != first.json["guest"]


def test_a_second_sign_up_with_one_address_is_told_apart_from_the_first_by_nobody(fair: Fair) -> None:
    first, again = fair.sign_up("a"), fair.sign_up("b")
    assert first.status == again.status == 200
    assert set(first.json) == set(again.json)
    varying = ("Date", "Content-Length")
    assert {name: value for name, value in first.headers.items() if name not in varying} == {
        name: value for name, value in again.headers.items() if name not in varying
    }


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"consent": False}, "consent"),
        ({"consent": "true"}, "consent"),
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": 7}, "name"),
        ({"email": "mika"}, "@"),
        ({"email": "mika@"}, "after the @"),
        ({"email": "a b@example.org"}, "e-mail"),
        ({"email": "a@b,c@d"}, "e-mail"),
        ({"email": f"{'x' * 250}@example.org"}, "e-mail"),
        ({"admin": True}, "admin"),
    ],
)
def test_what_is_no_sign_up_is_refused_in_words_and_uses_no_key_up(
    fair: Fair, other: dict[str, object], word: str
) -> None:
    answer = fair.sign_up("k", **other)
    assert (answer.status, answer.json["type"]) == (422, "/problems/validation")
    assert word in answer.json["detail"]
    assert fair.sign_up("k").status == 200


def test_the_form_is_never_ticked_beforehand_says_what_is_wrong_beside_it_and_keeps_what_was_typed(fair: Fair) -> None:
    phone = Phone(fair)
    page = phone.get("/signup").text
    assert "checked" not in page
    assert "Abendmarkt may write to me about its next events, at most once a month." in page
    hidden = fields_of(page)
    wrong = phone.press("/signup", **hidden, name="Mika", email="mika@")
    assert wrong.status == 422
    for words in ("The part after the @ is missing.", "Tick the box if you want this.", 'value="mika@"'):
        assert words in wrong.text
    assert fields_of(wrong.text) == hidden
    right = phone.press("/signup", **hidden, name="Mika", email="mika@example.org", consent="yes")
    assert right.status == 200
    assert phone.cookies["bk_claim"] == code_of(right.text).replace("-", "")
    assert "HttpOnly" in right.headers["Set-Cookie"]
    assert "SameSite=Lax" in right.headers["Set-Cookie"]


def test_a_second_press_and_a_reload_are_one_sign_up_and_a_corrected_form_another(fair: Fair) -> None:
    phone = Phone(fair)
    hidden = fields_of(phone.get("/signup").text)
    sent = {**hidden, **MIKA, "consent": "yes"}
    codes = {code_of(phone.press("/signup", **sent).text) for _ in range(3)}
    assert len(codes) == 1
    assert len(fair.facts("guest.signed_up/1")) == 1
    corrected = phone.press("/signup", **{**sent, "email": "mika2@example.org"})
    assert code_of(corrected.text) not in codes


def test_words_that_changed_since_the_page_was_opened_are_read_again(fair: Fair) -> None:
    phone = Phone(fair)
    hidden = {**fields_of(phone.get("/signup").text), "words": "0"}
    answer = phone.press("/signup", **hidden, **MIKA, consent="yes")
    assert answer.status == 409
    assert "Read them again" in answer.text
    assert "checked" not in answer.text
    assert fields_of(answer.text)["words"] != "0"
    assert fair.facts("guest.signed_up/1") == []


def test_nobody_signs_up_without_an_event_and_the_page_says_so(worker: Callable[..., Process]) -> None:
    fair = Fair(worker("recorder", TOML), worker("portal", TOML))
    phone = Phone(fair)
    assert "Nobody can sign up just now" in phone.get("/signup").text
    answer = fair.sign_up("early")
    assert (answer.status, answer.json["type"]) == (409, "/problems/event-closed")
    fair.do("event.create", name="Morgen", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    assert phone.sign_up().status == 200, "a planned event is enough"
    fair.do("event.open")
    fair.do("event.close")
    assert "Nobody can sign up just now" in Phone(fair).get("/signup").text
    fair.close()


def test_neither_name_nor_code_is_in_any_file_but_the_one_for_people(fair: Fair) -> None:
    answer = fair.sign_up("k1").json
    again = fair.sign_up("k1").json
    code = read_code(answer["claim_code"])
    assert code is not None
    Phone(fair, {"bk_claim": code}).get("/privacy")
    everything = raw(fair.data, "people.db") + raw(fair.portal.run)
    for secret in (code, answer["claim_code"], "Quillfeather", "quillfeather"):
        assert secret.encode() not in everything
    assert again == answer
    assert b"Quillfeather" in (fair.data / "people.db").read_bytes()
    assert code.encode() not in (fair.data / "people.db").read_bytes()


def test_a_sign_up_is_there_once_whenever_the_recorder_is_killed(fair: Fair) -> None:
    """The same key again and again, from when it was pressed until an answer came, over three killed recorders."""
    answers: list[dict[str, str]] = []

    def press(number: int) -> None:
        while True:
            answer = fair.sign_up(f"k{number}", email=f"mika{number}@example.org")
            if answer.status == 200:
                answers.append(answer.json)
                return
            assert answer.status == 503, "what came to nothing is not counted"

    for round_ in range(3):
        presses = [threading.Thread(target=press, args=(round_ * 3 + n,)) for n in range(3)]
        for one in presses:
            one.start()
        fair.recorder.kill(signal.SIGKILL)
        fair.recorder.start()
        for one in presses:
            one.join()
    assert len(answers) == 9
    found = fair.facts("guest.signed_up/1")
    assert sorted(one["guest"] for one in found) == sorted(one["guest"] for one in answers)
    with closing(sqlite3.connect(fair.data / "people.db")) as db:
        assert db.execute("SELECT count(*) FROM person").fetchone() == (9,)
    for one in answers:
        phone = Phone(fair, {"bk_claim": one["claim_code"]})
        assert phone.get("/wallet", Accept="application/json").json["guest"] == one["guest"]


def test_one_phone_cannot_sign_thousands_up_and_is_told_when_it_may_go_on(fair: Fair) -> None:
    statuses = [fair.sign_up(f"n{number}").status for number in range(60)]
    assert statuses.count(200) == 10
    assert set(statuses[10:]) == {429}
    answer = fair.sign_up("later")
    assert answer.json["type"] == "/problems/throttled"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    page = Phone(fair).sign_up()
    assert page.status == 429
    assert "What you typed is still here." in page.text
    assert MIKA["email"] in page.text


def test_a_form_of_another_site_is_not_taken(fair: Fair) -> None:
    phone = Phone(fair)
    hidden = fields_of(phone.get("/signup").text)
    headers = {"Content_Type": "application/x-www-form-urlencoded", "Origin": "http://evil.example"}
    sent = phone._ask("POST", "/signup", b"&".join(f"{k}={v}".encode() for k, v in hidden.items()), headers)
    assert sent.status == 403
    assert fair.facts("guest.signed_up/1") == []


def test_markup_in_a_name_is_text(fair: Fair) -> None:
    phone = Phone(fair)
    page = phone.sign_up(name="<script>alert(1)</script>")
    assert "&lt;script&gt;" in page.text
    assert "<script>alert" not in page.text + phone.get("/privacy").text


@pytest.mark.parametrize("command", ["sale.complete", "event.close", "people.erase", "guests.export", "hello.nobody"])
def test_the_guests_socket_takes_nothing_but_what_a_guest_may_do(fair: Fair, command: str) -> None:
    with pytest.raises(Problem) as refused:
        fair.guests.send(command, {}, actor="guest:portal", id=f"x-{command}")
    assert refused.value.slug in ("role", "not-found")
    assert fair.facts("command.refused/1") == []


def test_sign_ups_are_counted_among_the_conversions(fair: Fair) -> None:
    fair.sign_up("a")
    code = fair.sign_up("b").json["claim_code"]
    phone = Phone(fair, {"bk_claim": code})
    hidden = fields_of(phone.get("/privacy").text)
    assert phone.press("/privacy/erase", **hidden, sure="yes").status == 200
    from appliance.journal.read import Reader
    from appliance.projections import guests

    with closing(Reader(fair.data)) as reader:
        event = json.loads(reader.db().execute("SELECT body FROM fact WHERE seq = 2").fetchone()[0])["event"]
        assert guests.signups(reader.db(), event) == 2, "what happened stays counted"


def test_a_silent_recorder_is_a_busy_page_with_what_was_typed(fair: Fair) -> None:
    phone = Phone(fair)
    hidden = fields_of(phone.get("/signup").text)
    fair.recorder.kill(signal.SIGKILL)
    answer = phone.press("/signup", **hidden, **MIKA, consent="yes")
    assert answer.status == 503
    assert MIKA["email"] in answer.text
    fair.recorder.start()
    wait_until(lambda: phone.press("/signup", **hidden, **MIKA, consent="yes").status == 200, "it works again")
