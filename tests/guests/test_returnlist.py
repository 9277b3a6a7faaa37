"""The list for the office: central's key alone opens it, and nobody who was erased is in it."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from appliance.backup.returnlist import Office
from appliance.backup.sealed import BadSeal
from appliance.central import guestlist
from appliance.central.keyring import central_signer
from appliance.cli import boothkit
from appliance.journal.notes import Signer
from tests.conftest import EngineBox

WORDS = {"consent": "1", "language": "de"}


def sign_up(box: EngineBox, name: str, email: str) -> str:
    guest: str = box.do("guest.sign_up", name=name, email=email, **WORDS)["guest"]
    return guest


def export(box: EngineBox, central: Path, file: Path) -> dict[str, Any]:
    """With the command, on a box that rests."""
    box.engine.close()
    key = central_signer(central / "keys").verifier.vkey()
    words = ["guests", "export", str(file), "--data", str(box.data), "--json"]
    done = CliRunner().invoke(boothkit, words, env={"BOOTHKIT_CENTRAL_KEY": key}, standalone_mode=False)
    assert done.exception is None, (done.exception, done.output)
    box.engine = type(box.engine)(box.data, box.config, box.clock, "box-7")
    answer: dict[str, Any] = json.loads(done.output)
    return answer


def open_there(central: Path, file: Path, *words: str) -> tuple[Any, str]:
    """What the office does; exit code or error, and stdout."""
    argv = ["central", "guests", str(file), "--data", str(central), *words]
    done = CliRunner().invoke(boothkit, argv, standalone_mode=False)
    return done.exception or done.return_value, done.stdout


@given(st.binary(min_size=32, max_size=32))
def test_the_key_that_seals_is_the_other_half_of_the_key_that_opens(seed: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    private = X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])
    office = Office(Signer("boothkit/central", seed).verifier)
    assert office.public == private.public_key().public_bytes_raw()
    assert Office.parse(office.text()) == office
    assert key.public_key().public_bytes_raw() == office.verifier.public


def test_the_office_opens_names_and_formulas_are_text_and_erased_ones_are_not_there(
    box: EngineBox, tmp_path: Path
) -> None:
    box.open_event()
    central, file = tmp_path / "central", tmp_path / "list.sealed"
    sign_up(box, "Mika", "mika@example.org")
    sign_up(box, "=cmd|'/C calc'!A0", "evil@example.org")
    gone = sign_up(box, "Zilpzalp", "gone@example.org")
    refs = [row["ref"] for row in box.engine.store.db.execute("SELECT ref FROM p_guest WHERE guest = ?", (gone,))]
    box.do("people.erase", refs=refs)
    box.clock.advance(60)
    sign_up(box, "Mika again", "MIKA@example.org")
    said = export(box, central, file)
    assert said["count"] == 3
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert hashlib.sha256(content).hexdigest() == said["digest"]
    for word in (b"Mika", b"example.org", b"Zilpzalp"):
        assert word not in content
    [fact] = [json.loads(body)["data"] for body in box.bodies() if '"guests.exported/1"' in body]
    assert fact == {"count": 3, "digest": said["digest"], "key": central_signer(central / "keys").verifier.vkey()}
    code, out = open_there(central, file)
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["name"], row["email"]) for row in rows] == [
        ("'=cmd|'/C calc'!A0", "evil@example.org"),
        ("Mika again", "MIKA@example.org"),
    ]
    assert {(row["consent_version"], row["language"], row["event_name"]) for row in rows} == {("1", "de", "Abendmarkt")}
    assert rows[0]["at"] < rows[1]["at"]


def test_whom_the_box_erased_after_the_export_the_office_leaves_out(box: EngineBox, tmp_path: Path) -> None:
    box.open_event()
    central, file = tmp_path / "central", tmp_path / "list.sealed"
    sign_up(box, "Mika", "mika@example.org")
    guest = sign_up(box, "Zilpzalp", "gone@example.org")
    export(box, central, file)
    found, content = guestlist.source(file, central / "keys"), file.read_bytes()
    before = guestlist.opened(found, content, box.bodies())
    assert (len(before.rows), before.erased, before.is_recorded) == (2, 0, True)
    code = box.engine.store.keys.claim_code(guest)
    box.do("guest.erase", guest=guest, code=code)
    after = guestlist.opened(found, content, box.bodies())
    assert [row["name"] for row in after.rows] == ["Mika"]
    assert (after.erased, after.is_recorded) == (1, True)
    assert guestlist.opened(found, content, None).is_recorded is None
    assert guestlist.opened(found, content, []).is_recorded is False


def test_another_central_a_changed_file_and_one_that_was_cut_off_open_nothing(box: EngineBox, tmp_path: Path) -> None:
    box.open_event()
    central, other, file = tmp_path / "central", tmp_path / "other", tmp_path / "list.sealed"
    sign_up(box, "Mika", "mika@example.org")
    export(box, central, file)
    central_signer(other / "keys")
    assert isinstance(open_there(other, file)[0], BadSeal)
    whole = file.read_bytes()
    for content in (whole[:-1], whole[:40], b"", whole[:-20] + b"x" + whole[-19:], whole + b"x"):
        file.write_bytes(content)
        assert isinstance(open_there(central, file)[0], BadSeal)
    assert "no central has been here" in str(open_there(tmp_path / "nowhere", file)[0])


def test_without_central_s_key_there_is_no_list_for_anybody(box: EngineBox, tmp_path: Path) -> None:
    box.open_event()
    box.engine.close()
    argv = ["guests", "export", str(tmp_path / "list"), "--data", str(box.data)]
    done = CliRunner().invoke(boothkit, argv, standalone_mode=False)
    box.engine = type(box.engine)(box.data, box.config, box.clock, "box-7")
    assert "knows no central" in str(done.exception)
    assert not (tmp_path / "list").exists()
    assert not any("guests.exported" in body for body in box.bodies())


@pytest.mark.parametrize(
    "wrong", [{"count": -1}, {"digest": "abc"}, {"key": "Zilpzalp, born 1996"}, {"key": "a+00000000+short"}]
)
def test_the_fact_has_no_room_for_anything_else(box: EngineBox, wrong: dict[str, Any]) -> None:
    key = Signer("boothkit/central", bytes(32)).verifier.vkey()
    said = {"count": 1, "digest": "0" * 64, "key": key}
    assert box.ask("guests.export", {**said, **wrong})["refusal"]["slug"] == "validation"
    assert box.ask("guests.export", said)["ok"]
