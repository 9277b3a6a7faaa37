"""What a receipt is worth without the box: on the command line and in the browser, the same findings."""

import base64
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.domain import tokens
from appliance.journal import codec
from appliance.receipts import face
from appliance.receipts.evidence import Trust, Verdict, judge
from appliance.receipts.findings import WORDS, told
from appliance.receipts.material import MOST, Wrong
from tests.verify.paper import CENTRAL, STRANGER, Log
from tests.verify.script import Script, WrongInScript

LOG = Log()
CENTRAL_KEY = CENTRAL.verifier.vkey()
CENTRAL_PRINT = CENTRAL.verifier.fingerprint
WITNESSED = {"name": "boothkit/central", "time": "2026-11-23 20:00 UTC"}


def both(script: Script, text: str, *trust: str) -> Verdict:
    """Judged twice; the findings must be the same."""
    here = _judged(text, trust)
    there = script("judge", text, "\n".join(trust))
    found = [(slug, details) for slug, details in there["findings"]]
    assert there.get("items") == here.items
    assert (there["valid"], there["level"], found) == (here.valid, here.level, here.findings), text
    if here.valid:
        assert here.claims is not None
        claims = asdict(here.claims)
        assert {name: there["claims"][name] for name in claims} == claims
    for slug, details in here.findings:
        for part in (0, 1):
            assert script("told", [slug, details], part) == told(slug, details)[part]
            assert "{" not in told(slug, details)[part]
    return here


def _judged(text: str, trust: tuple[str, ...]) -> Verdict:
    try:
        return judge(text, Trust.parse(trust))
    except Wrong as wrong:
        return Verdict(False, None, None, [(wrong.slug, wrong.details)])


def slugs(verdict: Verdict) -> list[str]:
    return [slug for slug, _ in verdict.findings]


@pytest.mark.parametrize(
    "text",
    [
        LOG.code(),
        f"http://10.77.0.1/r/{LOG.code()}",
        f"  https://shop.example:8443/booth/r/{LOG.code()}/proof?x=1#y \r\n",
        f"{LOG.code()}\n{LOG.code()}\n",
    ],
)
def test_the_boxs_signature_is_a_promise(script: Script, text: str) -> None:
    verdict = both(script, text, LOG.vkey)
    assert (verdict.valid, verdict.level, slugs(verdict)) == (True, "promised", ["promised"])
    assert verdict.claims is not None
    assert (verdict.claims.sale, verdict.claims.total, verdict.claims.currency) == ("s3", 451, "EUR")


def test_items_that_the_token_vouches_for_are_read_with_their_maker_and_reference(script: Script) -> None:
    for text, level in ((LOG.code(), "promised"), (LOG.proof(), "proved")):
        verdict = both(script, f"{text}\n{LOG.face()}\n{LOG.face()}\n", LOG.vkey)
        assert verdict.level == level
        assert verdict.items is not None
        [cup] = verdict.items
        assert (cup["name"], cup["maker"], cup["lot"], cup["gtin"]) == ("Cup", "Harbour Lane", "L/04", "9506000134352")
        assert cup["digital_link"] == "https://id.gs1.org/01/09506000134352/10/L%2F04"
    assert both(script, LOG.code(), LOG.vkey).items is None
    unknown = both(script, f"{LOG.code()}\n{LOG.face()}\n{LOG.vkey}")
    assert (unknown.items, slugs(unknown)) == (None, ["unvouched"])
    assert unknown.would is not None
    assert unknown.would.items == [cup]


SIGNED_NONSENSE = ("{", "{}", '{"lines":7}', '{"lines":[1]}', '{"lines":[null]}', '{"lines":[{"name":1}]}', "{" * 5000)


@pytest.mark.parametrize("text", SIGNED_NONSENSE)
def test_a_text_of_items_that_no_box_writes_is_wrong_though_it_is_signed(script: Script, text: str) -> None:
    assert slugs(both(script, claims(FACE=face.digest(text)) + "\n" + text, LOG.vkey)) == ["items"]


@pytest.mark.parametrize("size", [3, 4, 7, 8, 9])
def test_an_inclusion_proof_up_to_a_signed_checkpoint_is_a_proof(script: Script, size: int) -> None:
    for text in (LOG.proof(size=size), LOG.code() + "\n" + LOG.proof(size=size, extra=b""), LOG.proof(size=size)[:-1]):
        verdict = both(script, text, LOG.vkey)
        assert (verdict.valid, verdict.level) == (True, "proved")
        assert verdict.findings == [
            ("proved", {"seq": 3, "origin": "boothkit/box-7/1", "size": size}),
            ("unwitnessed", {}),
        ]


@pytest.mark.parametrize("key", [CENTRAL_KEY, CENTRAL.verifier.witness().vkey(), f"{CENTRAL_KEY}\n{CENTRAL_PRINT}"])
def test_central_counts_as_a_witness_when_its_key_is_given(script: Script, key: str) -> None:
    verdict = both(script, LOG.proof(3, CENTRAL), LOG.vkey, *key.split("\n"))
    assert verdict.findings[1] == ("witnessed", WITNESSED)
    assert "2026-11-23 20:00 UTC" in verdict.why()
    assert "unwitnessed" in slugs(both(script, LOG.proof(3, STRANGER), LOG.vkey, key.split("\n")[0]))


@pytest.mark.parametrize("level", ["promised", "proved"])
@pytest.mark.parametrize("trust", [CENTRAL_KEY, CENTRAL_PRINT, CENTRAL_PRINT.upper().replace(" ", ":")])
def test_who_has_only_the_posters_fingerprint_needs_no_key_of_the_box(script: Script, level: str, trust: str) -> None:
    receipt = LOG.code() + "\n" if level == "promised" else LOG.proof(3, CENTRAL)
    verdict = both(script, receipt + LOG.first(CENTRAL) + CENTRAL_KEY, trust)
    assert (verdict.valid, verdict.level) == (True, level)
    assert verdict.findings[-1] == ("vouched", {"name": "boothkit/central"})


def test_a_key_that_came_along_vouches_for_nothing_until_somebody_compares_it(script: Script) -> None:
    for text, name, print_ in (
        (LOG.proof() + LOG.vkey, LOG.signer.verifier.name, LOG.signer.verifier.fingerprint),
        (LOG.proof(3, CENTRAL) + LOG.first(CENTRAL) + LOG.vkey + "\n" + CENTRAL_KEY, "boothkit/central", CENTRAL_PRINT),
    ):
        verdict = both(script, text)
        assert verdict.findings == [("unvouched", {"name": name, "fingerprint": print_})]
        assert not verdict.valid
        assert verdict.would is not None
        assert verdict.would.level == "proved"
        assert both(script, text, print_).valid


@pytest.mark.parametrize("sale", ["s", "s3", "s33"])
def test_a_code_has_one_spelling(script: Script, sale: str) -> None:
    log = Log()
    log.bodies[2]["data"]["sale"] = sale
    code = log.code()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert both(script, code, LOG.vkey).valid
    if len(code) % 4:  # the last letter has bits that stand for nothing
        other = code[:-1] + alphabet[alphabet.index(code[-1]) ^ 1]
        assert slugs(both(script, other, LOG.vkey)) == ["cut"]


def test_a_cosignature_alone_says_nothing_of_the_boxs_key(script: Script) -> None:
    """The forgery that a cosigned checkpoint does not stop: the genuine book, signed once more by somebody else's key
    in the box's name, under a receipt of his own over any sum."""
    forger = Log(seed=bytes(32))
    forger.bodies[2]["data"]["total"] = 99_999
    forger.leaves = LOG.leaves
    text = forger.proof(3, CENTRAL) + forger.vkey
    assert slugs(both(script, text, CENTRAL_KEY)) == ["unvouched"]
    assert slugs(both(script, forger.proof(3, CENTRAL), CENTRAL_KEY)) == ["unknown"]
    assert slugs(both(script, text + "\n" + LOG.first(CENTRAL), CENTRAL_KEY)) == ["imposter"]
    assert slugs(both(script, text + "\n" + forger.first(CENTRAL), CENTRAL_KEY)) == ["key-proof"]
    assert slugs(both(script, text, LOG.vkey)) == ["imposter"]


def claims(**changes: Any) -> str:
    """A token that the box signed, with other claims than it would."""
    payload = cbor2.loads(cbor2.loads(LOG.raw()).value[2])
    more = {name: value for name, value in payload.items() if name <= tokens.ORIGIN}
    kind, scope = changes.pop("kind", "receipt"), changes.pop("scope", "s3")
    for name, value in changes.items():
        more[getattr(tokens, name)] = value
    made = tokens.Token(kind, "00" * 12, "e", scope, more={k: v for k, v in more.items() if v is not None})
    return tokens.url_text(tokens.sign(made, LOG.signer.private))


def changed(text: str, line: int, new: Callable[[str], str]) -> str:
    lines = text.split("\n")
    lines[line] = new(lines[line])
    return "\n".join(lines)


def flip(line: str) -> str:
    """The last byte of what the line carries in base64, another."""
    head, _, coded = line.rpartition(" ")
    raw = bytearray(base64.b64decode(coded))
    raw[-1] ^= 1
    return f"{head} {base64.b64encode(bytes(raw)).decode()}".strip()


OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
RAW = LOG.raw()
PROOF = LOG.proof(3, CENTRAL)
ROOT_LINE = next(i for i, line in enumerate(PROOF.split("\n")) if line == "9") + 1
FAULTS = {
    "empty": ("  \n", "nothing"),
    "only keys": (LOG.vkey, "nothing"),
    "a word": ("hello", "stray"),
    "an address": ("http://10.77.0.1/privacy", "stray"),
    "a sentence around it": (f"see {LOG.code()}", "stray"),
    "a ticket": ("BK1:" + "A" * 200, "other"),
    "a ticket in a receipt's address": (claims(kind="ticket"), "other"),
    "cut off": (LOG.code()[:-9], "cut"),
    "another spelling": (f"/r/{LOG.code()}=", "cut"),
    "an empty link": ("http://10.77.0.1/r/", "cut"),
    "one letter more": (f"/r/{LOG.code()}A", "cut"),
    "far too long": (f"/r/{LOG.code() * 5}", "cut"),
    "a novel": ("x" * (MOST + 1), "long"),
    "too many keys": ("\n".join([LOG.code(), *[LOG.vkey] * 17]), "long"),
    "two receipts": (LOG.code(3) + "\n" + LOG.code(4), "several"),
    "two proofs": (LOG.proof(3) + LOG.proof(4), "several"),
    "no total": (claims(TOTAL=None), "claims"),
    "a total in words": (claims(TOTAL="free"), "claims"),
    "a total beyond all bounds": (claims(TOTAL=2**60), "claims"),
    "place zero": (claims(SEQ=0), "claims"),
    "half a leaf": (claims(LEAF=bytes(16)), "claims"),
    "no sale": (claims(scope=""), "claims"),
    "an origin that is none": (claims(ORIGIN="boothkit/box 7/1"), "claims"),
    "changed total": (tokens.url_text(RAW.replace(cbor2.dumps(451), cbor2.dumps(450))), "forged"),
    "changed signature": (tokens.url_text(RAW[:-1] + bytes([RAW[-1] ^ 1])), "forged"),
    "another key": (LOG.code(3, OTHER), "imposter"),
    "half a digest of its items": (claims(FACE=bytes(15)), "claims"),
    "another receipt's items": (LOG.code(3) + "\n" + LOG.face(4), "items"),
    "items with a better price": (LOG.code(3) + "\n" + LOG.face(3).replace("451", "450"), "items"),
    "two kinds of items": ("\n".join([LOG.code(3), LOG.face(3), LOG.face(4)]), "items"),
    "items for a token that names none": (claims(FACE=None) + "\n" + LOG.face(3), "items"),
    "another box": (Log(box="box-9").code(), "unknown"),
    "another log of the box": (Log(log=2).code(), "unknown"),
    "a proof that does not say whose": (LOG.proof(extra=b""), "proof-bare"),
    "another receipt's proof": (LOG.code(4) + "\n" + PROOF, "proof-receipt"),
    "a proof of another place": (LOG.code(3) + "\n" + LOG.proof(4, extra=b""), "proof-place"),
    "a proof in another book": (LOG.code() + "\n" + Log(box="box-9").proof(extra=b""), "proof-book"),
    "a proof in the book of a second box with the same name": (
        LOG.code() + "\n" + Log(seed=bytes(32)).proof(extra=b""),
        "proof-unsigned",
    ),
    "a checkpoint that the box did not sign": (
        changed(PROOF, ROOT_LINE + 2, lambda _: "— a AAAAAAA="),
        "proof-unsigned",
    ),
    "a changed signature of the box": (changed(PROOF, ROOT_LINE + 2, flip), "proof-forged"),
    "a changed root": (changed(PROOF, ROOT_LINE, flip), "proof-forged"),
    "a changed size": (changed(PROOF, ROOT_LINE - 1, lambda _: "10"), "proof-forged"),
    "a changed cosignature": (changed(PROOF, ROOT_LINE + 3, flip), "proof-forged"),
    "a cosignature from beyond the calendar": (
        LOG.proof(3) + CENTRAL.cosign(LOG.note(), 253_402_300_800).split("\n")[-2],
        "proof-forged",
    ),
    "a changed hash": (changed(PROOF, 3, flip), "proof-path"),
    "a hash less": ("\n".join(PROOF.split("\n")[:3] + PROOF.split("\n")[4:]), "proof-path"),
    "a hash more": (changed(PROOF, 3, lambda line: f"{line}\n{line}"), "proof-path"),
    "another leaf": (claims(LEAF=bytes(32)) + "\n" + LOG.proof(extra=b""), "proof-path"),
    "a place beyond the book": (
        claims(SEQ=11) + "\n" + changed(LOG.proof(extra=b""), 1, lambda _: "index 10"),
        "proof-path",
    ),
    "half a proof": (PROOF[: len(PROOF) // 2], "proof-broken"),
    "a proof without signatures": ("\n".join(PROOF.split("\n")[: ROOT_LINE + 1]), "proof-broken"),
    "a proof without its index": ("\n".join([*PROOF.split("\n")[:2], *PROOF.split("\n")[3:]]), "proof-broken"),
    "a damaged key": (LOG.code() + "\n" + LOG.vkey.replace("+AQ", "+Aw"), "bad-key"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_each_way_to_be_wrong_has_its_reason(script: Script, what: str) -> None:
    text, slug = FAULTS[what]
    verdict = both(script, text, LOG.vkey, CENTRAL_KEY)
    assert slugs(verdict) == [slug]
    assert (verdict.valid, verdict.level) == (False, None)
    assert verdict.why()
    assert verdict.remedy()


@pytest.mark.parametrize(
    ("first", "slug"),
    [
        (LOG.first(STRANGER), "unknown"),
        (LOG.first(), "unknown"),
        (Log(box="box-9").first(CENTRAL), "unknown"),
        (changed(LOG.first(CENTRAL), 3, flip), "key-proof"),
        (LOG.proof(2, CENTRAL, extra=codec.encode(LOG.bodies[1])), "key-proof"),
        (LOG.proof(1, CENTRAL, extra=codec.encode({**LOG.bodies[0], "kind": "box.started/1"})), "key-proof"),
        (LOG.proof(1, CENTRAL, extra=b"{"), "key-proof"),
        (changed(LOG.first(CENTRAL), -2, flip), "proof-forged"),
    ],
)
def test_a_proof_of_the_boxs_key_that_is_not_right_vouches_for_nothing(script: Script, first: str, slug: str) -> None:
    assert slugs(both(script, PROOF + first, CENTRAL_KEY)) == [slug]


def test_a_first_fact_that_names_somebody_elses_key_vouches_for_nothing(script: Script) -> None:
    for key in (Log(box="box-9").vkey, "no key", CENTRAL_KEY):
        log = Log()
        log.bodies[0]["data"]["key"] = key
        log.leaves[0] = codec.leaf_hash(codec.encode(log.bodies[0]))
        assert slugs(both(script, log.proof(3, CENTRAL) + log.first(CENTRAL), CENTRAL_KEY)) == ["key-proof"]


def test_a_box_is_no_witness_of_its_own_book(script: Script) -> None:
    assert slugs(both(script, LOG.proof(3, LOG.signer), LOG.vkey)) == ["proved", "unwitnessed"]
    assert slugs(both(script, LOG.proof(3, LOG.signer), LOG.signer.verifier.witness().vkey())) == ["unknown"]


@pytest.mark.parametrize("other", [Log(log=2), Log(box="box-9", seed=bytes(32))])
def test_who_trusts_a_box_has_not_made_it_a_witness_for_other_books(script: Script, other: Log) -> None:
    assert "unwitnessed" in slugs(both(script, LOG.proof(3, other.signer), LOG.vkey, other.vkey))
    assert slugs(both(script, LOG.proof(3, other.signer) + LOG.first(other.signer), other.vkey)) == ["unknown"]


@pytest.mark.parametrize("trust", ["b554", "poster", "b554 ccf0 " * 5])
def test_what_is_no_key_and_no_fingerprint_is_said_to_be_none(script: Script, trust: str) -> None:
    assert slugs(both(script, PROOF, trust)) == ["bad-trust"]


def test_a_damaged_key_among_those_trusted_is_said_to_be_damaged(script: Script) -> None:
    assert slugs(both(script, PROOF, LOG.vkey.replace("box-7", "box-8"))) == ["bad-key"]
    assert slugs(both(script, PROOF, "a+b")) == ["bad-key"]


def test_every_word_is_used_and_says_what_to_do_when_something_is_wrong() -> None:
    fine = {"promised", "proved", "witnessed", "unwitnessed", "vouched"}
    assert {slug for slug, (_, remedy) in WORDS.items() if not remedy} == fine
    reached = fine | {slug for _, slug in FAULTS.values()} | {"unvouched", "key-proof", "bad-trust"}
    assert set(WORDS) == reached | {"absent"}


def test_the_fingerprint_is_the_key_id_carried_on(script: Script) -> None:
    assert CENTRAL_PRINT.replace(" ", "")[:8] == CENTRAL.verifier.id.hex() == "b554ccf0"
    for key in (CENTRAL.verifier, CENTRAL.verifier.witness(), LOG.signer.verifier):
        assert script("fingerprint", script("readKey", key.vkey())) == key.fingerprint
    assert CENTRAL.verifier.witness().fingerprint == CENTRAL_PRINT
    assert STRANGER.verifier.fingerprint != CENTRAL_PRINT


@given(st.integers(0, len(PROOF) - 1), st.sampled_from("AZaz09+/=\n —x{"))
@settings(deadline=None, max_examples=150)
def test_a_changed_character_proves_nothing_else(script: Script, place: int, other: str) -> None:
    text = PROOF[:place] + other + PROOF[place + 1 :]
    here, there = judge(text, Trust.parse([LOG.vkey])), script("judge", text, LOG.vkey)
    assert there["valid"] <= here.valid  # Python's base64 overlooks the unused bits of a last letter; the page does not
    for valid, level, total in (
        (here.valid, here.level, here.claims and here.claims.total),
        (there["valid"], there["level"], there.get("claims", {}).get("total")),
    ):
        # A line that nobody trusts may change, and a broken proof's header leaves a bare code: the claims never change.
        assert not valid or (level in ("proved", "promised") and total == 451)


@given(st.integers(0, 8 * len(RAW) - 1))
@settings(deadline=None, max_examples=80)
def test_a_flipped_bit_in_a_code_is_never_believed(script: Script, bit: int) -> None:
    raw = bytearray(RAW)
    raw[bit // 8] ^= 1 << bit % 8
    text = f"/r/{tokens.url_text(bytes(raw))}"
    assert not judge(text, Trust.parse([LOG.vkey])).valid
    assert not script("judge", text, LOG.vkey)["valid"]


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from([*PROOF.split("\n"), LOG.vkey, LOG.code(), ""]), max_size=14).map("\n".join)
)
@settings(deadline=None, max_examples=150)
def test_any_text_is_judged_alike_and_never_breaks_the_judge(script: Script, text: str) -> None:
    text = text.encode(errors="replace").decode()
    here, there = judge(text, Trust.parse([LOG.vkey])), script("judge", text, LOG.vkey)
    assert (here.valid, here.level) == (there["valid"], there["level"])


_ITEMS = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.integers(-(10**6), 10**6) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(_ITEMS, st.data())
@settings(deadline=None)
def test_canonical_cbor_is_read_and_any_other_is_not(script: Script, value: Any, data: st.DataObject) -> None:
    raw = cbor2.dumps(value, canonical=True)
    assert script("cbor", raw) == value
    place = data.draw(st.integers(0, len(raw) - 1))
    spoilt = data.draw(
        st.sampled_from([raw + b"\0", raw[:-1], raw[:place] + bytes([raw[place] ^ 1 << place % 8]) + raw[place + 1 :]])
    )
    try:
        answer = script("cbor", spoilt)
    except WrongInScript:
        return
    assert cbor2.dumps(cbor2.loads(spoilt), canonical=True) == spoilt
    assert isinstance(answer, dict) or answer == cbor2.loads(spoilt)


@pytest.mark.parametrize(
    "raw",
    [
        "1800",
        "190001",
        "1a00000001",
        "1b0000000000000001",
        "a202010102",
        "a201010102",
        "f5",
        "f97c00",
        "9fff",
        "5f4101ff",
        "6180",
        "9b7fffffffffffffff",
        "bb7fffffffffffffff",
        "5b7fffffffffffffff",
        "818181818181818181818181818100",
        "5803",
        "81",
    ],
)
def test_a_second_way_to_write_a_value_is_no_cbor_here(script: Script, raw: str) -> None:
    with pytest.raises(WrongInScript):
        script("cbor", bytes.fromhex(raw))
