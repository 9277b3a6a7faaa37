"""Which boxes central knows, by what keys, and what it says of them."""

import json
import stat
from pathlib import Path

import pytest

from appliance.central.keyring import BadCentralKey, BadEnrolment, Keyring, central_signer
from appliance.central.places import Box
from appliance.central.service import Received
from appliance.journal import notes
from tests.central.bodies import SEED, batch, body, head, journal, signer
from tests.central.conftest import BOX, SIGNER, Inside

TEN = journal(10)
STATUS = BOX.topic("status")


def status(**values: object) -> bytes:
    return json.dumps({"online": True, "position": 12, "event": "ev1", **values}).encode()


def test_an_unknown_box_gets_no_receipt_and_leaves_nothing_but_a_task(strict: Inside) -> None:
    answers = strict.take(Received(STATUS, status(key=signer().verifier.vkey())), batch(TEN))
    assert answers == []
    assert strict.bodies() == []
    assert strict.view.boxes(strict.now_ms) == []
    task = strict.tasks("unknown box")[0]
    assert (task["cell"], task["box"]) == ("cell", "box-7")
    assert f"central enrol cell box-7 {signer().verifier.vkey()}" in task["remedy"]


def test_an_enrolled_box_is_taken_without_a_restart(strict: Inside, tmp_path: Path) -> None:
    strict.take(batch(TEN))
    Keyring(tmp_path / "central" / "keys").enrol(BOX, signer().verifier.vkey())
    assert strict.receipts(strict.take(batch(TEN))) == [head(TEN)]
    assert strict.tasks("unknown box") == []


def test_trust_at_first_sight_is_given_once(inside: Inside) -> None:
    inside.take(Received(STATUS, status(key=signer().verifier.vkey())))
    inside.take(Received(STATUS, status(key=signer(seed=bytes(32)).verifier.vkey())))
    assert inside.keyring.keys(BOX) == [signer().verifier]


def test_a_box_is_shown_as_it_says_it_is_and_as_its_facts_say(inside: Inside) -> None:
    inside.take(batch(TEN), Received(STATUS, status(key=signer().verifier.vkey())))
    inside.now_ms += 5000
    inside.take(Received(STATUS, status(online=False), retained=True))
    assert inside.view.boxes(inside.now_ms) == [
        {
            "cell": "cell",
            "box": "box-7",
            "log": 1,
            "position": 12,
            "safe": 10,
            "event": "ev1",
            "event_name": "",
            "online": False,
            "age_s": 5,
            "soc_permille": None,
            "forks": 0,
            "alarms": 0,
        }
    ]


def test_a_new_connection_repeats_the_receipts_of_all_boxes(inside: Inside) -> None:
    inside.take(batch(TEN))
    assert inside.receipts(inside.central.greeting()) == [head(TEN)]


def test_centrals_key_is_made_once_and_is_nobodys_business(tmp_path: Path) -> None:
    made = central_signer(tmp_path / "keys").verifier
    assert made.name == "boothkit/central"
    assert stat.S_IMODE((tmp_path / "keys" / "central.key").stat().st_mode) == 0o600
    assert central_signer(tmp_path / "keys").verifier == made
    (tmp_path / "keys" / "central.key").write_text("abc\n")
    with pytest.raises(BadCentralKey, match="64 hexadecimal"):
        central_signer(tmp_path / "keys")


@pytest.mark.parametrize(
    ("cell", "box", "vkey", "why"),
    [
        ("cell", "box-8", signer().verifier.vkey(), "no log of box box-8"),
        ("../cell", "box-7", signer().verifier.vkey(), "lower case"),
        ("cell", "box-7", "nonsense", "not a verifier key"),
        ("cell", "box-7", signer().verifier.witness().vkey(), "a witness's key"),
        ("cell", "box-7", SIGNER.verifier.vkey(), "no log of box"),
    ],
)
def test_what_is_no_key_of_the_box_is_not_enrolled(tmp_path: Path, cell: str, box: str, vkey: str, why: str) -> None:
    with pytest.raises(BadEnrolment, match=why):
        Keyring(tmp_path).enrol(Box(cell, box), vkey)
    assert not (tmp_path / "boxes").exists()


def test_a_spoilt_key_file_is_named_and_stops_nobody_else(inside: Inside, tmp_path: Path) -> None:
    inside.take(batch(TEN))
    (tmp_path / "central" / "keys" / "boxes" / "cell" / "box-7").write_text("spoilt\n")
    other = [body(1, "clock.stepped/1", box="box-8")]
    key = notes.Signer("boothkit/box-8/1", SEED).verifier.vkey()
    inside.take(batch(TEN), Received("boothkit/1/cell/box-8/status", status(key=key)))
    inside.take(batch(other, topic="boothkit/1/cell/box-8/facts"))
    assert "not a verifier key" in inside.tasks("rejected")[0]["about"]
    assert [row["safe"] for row in inside.view.boxes(inside.now_ms)] == [10, 1]
