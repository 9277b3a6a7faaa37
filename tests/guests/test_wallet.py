"""The claim code: the same guest in another browser, seen and erased; guessed by nobody."""

import signal
import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from appliance.domain.guests import ALPHABET, CODE_CHARS, read_code, show_code
from appliance.journal.verify import verify
from tests.guests.fair import MIKA, Fair, Phone, code_of, fields_of
from tests.guests.test_signup import raw

CODES = st.text(ALPHABET, min_size=CODE_CHARS, max_size=CODE_CHARS)


@given(CODES, st.randoms())
def test_a_code_is_read_however_people_write_it(code: str, chance: object) -> None:
    assert read_code(show_code(code)) == code
    written = "-".join(show_code(code).lower().split("-")).replace("1", "l").replace("0", "o")
    assert read_code(f" {written} ") == code
    assert read_code(written.replace("l", "I").replace("-", " ")) == code


@given(st.text(max_size=60))
def test_what_is_read_is_a_code_or_nothing(text: str) -> None:
    code = read_code(text)
    assert code is None or (len(code) == CODE_CHARS and set(code) <= set(ALPHABET))


def test_another_browser_is_the_same_guest_by_the_code_and_signs_out_again(fair: Fair) -> None:
    phone, other = Phone(fair), Phone(fair)
    code = code_of(phone.sign_up().text)
    guest = phone.get("/wallet", Accept="application/json").json["guest"]
    page = other.press("/wallet", code=code.lower().replace("-", " "))
    assert code_of(page.text) == code
    assert other.get("/wallet", Accept="application/json").json["guest"] == guest
    assert phone.get("/signup").status == 302, "who is signed up is led to the wallet"
    assert other.press("/wallet/leave").status == 302
    assert other.cookies == {}
    assert "Your claim code" in other.get("/wallet").text
    assert code not in other.get("/wallet").text
    assert phone.get("/wallet", Accept="application/json").json["guest"] == guest


def test_no_address_and_no_header_carries_the_code_to_anybody(fair: Fair) -> None:
    phone = Phone(fair)
    page = phone.sign_up()
    code = code_of(page.text)
    assert f"wallet?{code}" not in page.text
    for answer in (page, phone.get("/wallet"), phone.get("/privacy")):
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Location"] is None
    assert code.replace("-", "") not in fair.portal.log.read_text()


def test_wrong_codes_wait_per_device_also_when_the_portal_starts_again_and_right_ones_go_on(fair: Fair) -> None:
    phone, guesser = Phone(fair), Phone(fair)
    code = code_of(phone.sign_up().text)
    right = fair.guests.send("guest.whose", {"code": code, "device": "10.0.0.9"}, actor="guest:portal", id="w1").answer
    statuses = [guesser.press("/wallet", code=f"{number:010}").status for number in range(1, 6)]
    assert statuses == [422] * 5
    locked = guesser.press("/wallet", code="7777777777")
    assert locked.status == 429
    assert 1 <= int(locked.headers["Retry-After"]) <= 30
    fair.portal.kill(signal.SIGTERM)
    fair.portal.start()
    assert guesser.press("/wallet", code=code).status == 429, "a right code waits too"
    asked = {"code": code, "device": "10.0.0.8"}
    assert fair.guests.send("guest.whose", asked, actor="guest:portal", id="w2").answer == right
    assert guesser.press("/wallet", code="no code at all").status == 422, "what is no code is no guess"


def test_a_guest_sees_everything_and_erases_it_and_not_one_byte_is_left(fair: Fair) -> None:
    phone = Phone(fair)
    code = code_of(phone.sign_up().text)
    fair.sign_up(name="Somebody Else", email="else@example.org")
    page = phone.get("/privacy")
    for words in (MIKA["name"], MIKA["email"], code, "words version 1", "Abendmarkt"):
        assert words in page.text
    mine = phone.get("/privacy/mine.json").json
    assert (mine["name"], mine["email"], mine["consent_version"]) == (MIKA["name"], MIKA["email"], "1")
    hidden = fields_of(page.text)
    assert phone.press("/privacy/erase", **hidden).status == 422, "the box has to be ticked"
    other = Phone(fair, dict(phone.cookies))
    erased = phone.press("/privacy/erase", **hidden, sure="yes")
    assert erased.status == 200
    assert "Erased for good" in erased.text
    assert phone.cookies == {}
    assert phone.press("/privacy/erase", **hidden, sure="yes").status == 200, "a lost answer is told again"
    guest = mine["guest"]
    assert fair.facts("guest.erased/1") == [{"guest": guest, "consent_version": "1"}]
    [record] = fair.facts("record.erased/1")
    assert record["why"] == "asked"
    left = raw(fair.data).lower() + raw(fair.portal.run).lower()
    for gone in (MIKA["name"], MIKA["email"], "quillfeather", code, code.replace("-", "")):
        assert gone.lower().encode() not in left
    assert b"somebody else" in left
    assert "opens nothing" in other.get("/wallet").text
    assert other.cookies == {}, "a dead code is not brought again"
    assert other.press("/wallet", code=code).status == 422
    assert verify(fair.data)["ok"]


def test_the_lead_erases_a_guest_at_the_till_and_the_code_is_dead(fair: Fair) -> None:
    phone = Phone(fair)
    code = code_of(phone.sign_up().text)
    [signed] = fair.facts("guest.signed_up/1")
    assert fair.do("people.erase", refs=[signed["person"]["ref"]])["erased"] == 1
    assert [one["guest"] for one in fair.facts("guest.erased/1")] == [signed["guest"]]
    assert "opens nothing" in phone.get("/wallet").text
    assert Phone(fair).press("/privacy", code=code).status == 422
    with closing(sqlite3.connect(fair.data / "people.db")) as db:
        assert db.execute("SELECT count(*) FROM person").fetchone() == (0,)


def test_the_end_of_the_term_erases_guests_as_well(fair: Fair) -> None:
    fair.sign_up("a")
    fair.do("drawer.count", coins={})
    fair.do("drawer.close")
    fair.do("event.close")
    [event] = fair.facts("event.created/1")
    assert fair.do("people.erase_event", event=event["event"])["erased"] == 1
    assert len(fair.facts("guest.erased/1")) == 1


def test_a_code_in_a_form_works_where_no_cookie_stays(fair: Fair) -> None:
    code = code_of(Phone(fair).sign_up().text)
    bare = Phone(fair)
    page = bare.press("/privacy", code=code)
    assert MIKA["email"] in page.text
    assert bare.cookies == {}
    assert Phone(fair).press("/privacy/erase", **fields_of(page.text), sure="yes").status == 200
