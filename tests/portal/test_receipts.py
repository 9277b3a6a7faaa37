"""A receipt at the portal, from the till's own address of it, on a running box."""

import base64
import re
import time
from html import unescape
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.domain import tokens
from tests.conftest import wait_until
from tests.portal.stall import CENTRAL, JSON, Stall, token_of, verify_proof
from web.portal.pages.receipt import REFUSAL_S


def claims_of(token: str) -> dict[int, Any]:
    """A token's claims, unchecked."""
    claims: dict[int, Any] = cbor2.loads(cbor2.loads(base64.urlsafe_b64decode(token + "==")).value[2])
    return claims


def words(html: str) -> str:
    """What a person reads of a page."""
    return " ".join(unescape(re.sub(r"<svg.*?</svg>|<head>.*?</head>|<[^>]*>", " ", html, flags=re.DOTALL)).split())


def public_keys(stall: Stall) -> str:
    return (stall.demo.data / "keys" / "box.pub").read_text()


def test_a_receipt_is_promised_until_a_checkpoint_covers_it_and_proved_from_then_on(stall: Stall) -> None:
    sale = stall.sell({"sku": "COFFEE", "qty": 2}, {"sku": "CAKE", "qty": 1})
    path = f"/r/{token_of(sale)}"
    known = {"valid": True, "sale": sale["sale"], "number": sale["number"], "total": 1120, "currency": "EUR"}
    before = stall.get(path)
    assert before.status == 200
    assert "Promised." in before.text
    assert "Proved." not in before.text
    answer = stall.get(path, **JSON).json
    assert answer.pop("why")
    assert [(line["name"], line["qty"], line["total"]) for line in answer.pop("lines")] == [
        ("Coffee", 2, 700),
        ("Cake", 1, 420),
    ]
    assert answer == {**known, "level": "promised"}
    assert stall.get(f"{path}/proof").status == 404
    assert stall.get(path, If_None_Match=before.headers["ETag"]).status == 304

    stall.checkpoint()
    after = stall.get(path, If_None_Match=before.headers["ETag"])
    assert after.status == 200
    assert "Proved." in after.text
    assert "Promised." not in after.text
    answer = stall.get(path, **JSON).json
    assert answer.pop("why")
    assert len(answer.pop("lines")) == 2
    assert answer == {**known, "level": "proved"}
    proof = stall.get(f"{path}/proof")
    assert "attachment" in proof.headers["Content-Disposition"]
    claims = claims_of(token_of(sale))
    origin, index, size = verify_proof(proof.text, public_keys(stall), claims[tokens.LEAF])
    assert (origin, index + 1) == (claims[tokens.ORIGIN], claims[tokens.SEQ])
    root = proof.text.partition("\n\n")[2].split("\n")[2]
    assert f"{index + 1:,} of {size:,}" in words(after.text)
    assert root in words(after.text)
    again = stall.get(path, If_None_Match=after.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


def test_the_proof_carries_the_token_so_that_one_file_is_enough(stall: Stall) -> None:
    sale = stall.sell()
    stall.checkpoint()
    extra = stall.get(f"/r/{token_of(sale)}/proof").text.split("\n")[1].removeprefix("extra ")
    assert base64.urlsafe_b64encode(base64.b64decode(extra)).rstrip(b"=").decode() == token_of(sale)


def test_central_s_witness_is_shown_and_goes_with_the_proof(stall: Stall) -> None:
    sale = stall.sell()
    stall.checkpoint()
    path = f"/r/{token_of(sale)}"
    plain = stall.get(f"{path}/proof").text.partition("\n\n")[2]
    assert "Witnessed" not in stall.get(path).text
    cosigned = CENTRAL.cosign(plain, 1_795_464_000)  # 23 November 2026, 20:00 UTC
    stall.uplink.send("checkpoint.cosign", {"note": cosigned}, actor="box:uplink", id="witness-1")
    assert "Witnessed by central 2026-11-23 21:00" in words(stall.get(path).text)
    proof = stall.get(f"{path}/proof").text
    assert proof.endswith(cosigned)
    verify_proof(proof, public_keys(stall), claims_of(token_of(sale))[tokens.LEAF])
    stall.sell()
    stall.checkpoint()
    assert stall.get(f"{path}/proof").text.endswith(cosigned), "a newer checkpoint without a witness shows less"


def test_the_page_has_the_words_of_the_paper(stall: Stall) -> None:
    sale = stall.sell({"sku": "COFFEE", "qty": 3}, {"sku": "CUP", "qty": 1})

    def slip() -> str | None:
        slips = stall.demo.bench("printer/receipts")
        mine = (each["text"] for each in slips if f"Receipt {sale['number']} " in each["text"] and each["cut"])
        return next(mine, None)

    paper = wait_until(slip, "the receipt on paper")
    page = words(stall.get(f"/r/{token_of(sale)}").text)
    lines = [line.strip() for line in paper.splitlines() if line.strip(" -─=\t")]
    assert len(lines) > 8
    for line in lines:
        for part in re.split(r"\s{2,}", line):
            wanted = re.sub(r"(EUR|€|\s)+", "", part)
            assert wanted in re.sub(r"(EUR|€|\s)+", "", page), (part, page)


def test_a_receipt_shows_no_staff_no_drawer_and_no_other_sale(stall: Stall) -> None:
    other, sale = stall.sell({"sku": "POSTER", "qty": 1}), stall.sell()
    stall.checkpoint()
    fact = next(fact for fact in stall.demo.facts() if fact["data"].get("sale") == sale["sale"])
    path = f"/r/{token_of(sale)}"
    shown = [stall.get(path).text, stall.get(path, **JSON).text, stall.get(f"{path}/proof").text]
    for secret in (fact["actor"], fact["actor"].partition(":")[2], fact["data"]["drawer"]):
        assert all(secret not in text for text in shown), secret
    for name in ("Ben", "Poster"):
        # A signature or a proof spells a short name every now and then.
        assert all(name not in re.sub(r"[\w+/=%-]{40,}", "", text) for text in shown), name
    assert all(other["sale"] not in text and f"{other['number']}<" not in text for text in shown)


def spoilt(stall: Stall, how: str) -> str:
    """A token that counts for nothing, made from one that does."""
    token = token_of(stall.sell())
    raw = base64.urlsafe_b64decode(token + "==")
    claims, stranger = claims_of(token), Ed25519PrivateKey.from_private_bytes(bytes(32))
    own = Ed25519PrivateKey.from_private_bytes(bytes.fromhex((stall.demo.data / "keys" / "box.key").read_text()))

    def signed(key: Ed25519PrivateKey, kind: Any = "receipt", **changes: Any) -> str:
        more = {name: value for name, value in claims.items() if name <= tokens.ORIGIN}
        more.update({getattr(tokens, name): value for name, value in changes.items()})
        scope = claims[tokens.SCOPE]
        return tokens.url_text(tokens.sign(tokens.Token(kind, "00" * 12, claims[tokens.EVENT], scope, more=more), key))

    match how:
        case "cut off":
            return token[:-5]
        case "one letter":
            return "A"
        case "too long":
            return token * 4
        case "changed total":
            return tokens.url_text(raw.replace(cbor2.dumps(claims[tokens.TOTAL]), cbor2.dumps(349), 1))
        case "another key":
            return signed(stranger)
        case "another box":
            return signed(stranger, ORIGIN="boothkit/box-9/1")
        case "a ticket":
            return signed(own, "ticket")
        case "no such place":
            return signed(own, SEQ=10**6)
        case "a place that is no number":
            return signed(own, SEQ="1")
        case "another leaf":
            return signed(own, LEAF=bytes(32))
        case "another total":
            return signed(own, TOTAL=349)
        case _:
            return signed(own, SEQ=1)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("cut off", "not a whole receipt"),
        ("one letter", "not a whole receipt"),
        ("too long", "not a whole receipt"),
        ("changed total", "signature does not fit"),
        ("another key", "signature does not fit"),
        ("another box", "does not know who signed"),
        ("a ticket", "not that of a receipt"),
        ("no such place", "holds no such sale"),
        ("a place that is no number", "holds no such sale"),
        ("another leaf", "holds no such sale"),
        ("another total", "holds no such sale"),
        ("another fact", "holds no such sale"),
    ],
)
def test_what_is_no_receipt_of_this_box_says_what_was_found_and_what_to_do(stall: Stall, how: str, why: str) -> None:
    token = spoilt(stall, how)
    began = time.monotonic()
    page = stall.get(f"/r/{token}")
    assert time.monotonic() - began >= REFUSAL_S
    assert page.status == 404
    assert "Not valid" in page.text
    assert why in page.text
    assert "What to do." in page.text
    assert page.headers["Cache-Control"] == "no-store"
    answer = stall.get(f"/r/{token}", **JSON)
    assert answer.status == 404
    assert why in answer.json["why"]
    assert answer.json == {
        "valid": False,
        "why": answer.json["why"],
        **dict.fromkeys(("level", "sale", "number", "total", "currency")),
    }
    assert stall.get(f"/r/{token}/proof").status == 404


def test_a_token_has_one_spelling(stall: Stall) -> None:
    token = token_of(stall.sell())
    assert stall.get(f"/r/{token}").status == 200
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(token) % 4 in (0, 2, 3)
    for other in (f"{token}=", f"{token}%0A", f"{token[:9]}.{token[9:]}", token.replace("_", "/").replace("-", "+")):
        if other != token:
            assert stall.get(f"/r/{other}").status == 404, other
    if len(token) % 4:
        unused = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
        assert stall.get(f"/r/{unused}").status == 404


@pytest.mark.parametrize("noise", [b"%00", b"..%2f..%2fkeys", b"%ff%fe", b"%C3%A9", b"<script>", b"A" * 9000, b"%2F"])
def test_hostile_bytes_for_a_token_are_answered_with_404(stall: Stall, noise: bytes) -> None:
    answer = stall.get(f"/r/{noise.decode()}")
    assert answer.status == 404
    assert b"<script>" not in answer.body


def test_what_went_back_stands_on_the_guest_s_receipt_without_a_word_of_why_or_by_whom(stall: Stall) -> None:
    sale = stall.sell({"sku": "COFFEE", "qty": 2}, {"sku": "CAKE", "qty": 1})
    path = f"/r/{token_of(sale)}"
    before = stall.get(path)
    assert "given_back" not in stall.get(path, **JSON).json
    asked = {"lines": [{"line": 1, "qty": 1}], "reason": "Zoë spilt it", "restock": False}
    back = stall.demo.post(f"/sales/{sale['sale']}/refund", asked)
    after = stall.get(path, If_None_Match=before.headers["ETag"])
    assert after.status == 200
    said = words(after.text)
    assert "€3.50 given back. Coffee, at " in said
    assert f"entry {back['number']}" in said
    assert "In cash: €3.50" in said
    for hidden in ("Zoë", "spilt", "Ada", "other", "Other"):
        assert hidden not in said
    [gone] = stall.get(path, **JSON).json["given_back"]
    assert (gone["kind"], gone["number"], gone["total"]) == ("refund", back["number"], 350)
    assert gone["lines"] == [{"line": 1, "qty": 1, "total": 350}]
    paper = words(after.text[after.text.index("<article") :])
    assert re.search(r"2 x Coffee \(€3.50\) €7.00 Coffee given back at [-0-9: ]+: €3.50 Cake €4.20", paper)
    other = stall.sell({"sku": "CAKE", "qty": 1})
    void = stall.demo.post(f"/sales/{other['sale']}/void", {"reason": "wrong_item"})
    said = words(stall.get(f"/r/{token_of(other)}").text)
    assert "Voided. This whole sale was taken back at" in said
    assert f"entry {void['number']}" in said
