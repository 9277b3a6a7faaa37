"""Promises of `central sign FOLDER` and `publish`: boxes get what the files say, and a fault is named by its place."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.central.keyring import Keyring, central_signer
from appliance.central.places import Box
from appliance.central.policies import Policies
from appliance.cli import boothkit
from appliance.errors import BoothkitError
from appliance.files import bundle
from appliance.journal.notes import Signer
from appliance.projections import policy
from tests.policy.conftest import PolicyBox

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "policy"
FILES = {
    "policy.toml": 'version = 12\nscope = "quay"\ndays = 14\n',
    "guardrails.toml": '[discount]\nalone = "0.1"\nlead = "0.2"\n[offer.floors]\nTEA = 200\n[may]\nvoid = ["lead"]\n',
    "catalogue.csv": "sku,name,price,vat,kind\nTEA,Tea,250,0.07,unit\n",
    "revoked.toml": 'tickets = ["abababababababababababab"]\ncodes = ["ABC-1"]\n',
    "peers.toml": 'peers = "enrolled"\n',
}


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A central that knows two boxes of the cell quay, and a folder of files."""
    keyring = Keyring(tmp_path / "central" / "keys")
    for name in ("box-7", "box-8"):
        keyring.enrol(Box("quay", name), Signer(f"boothkit/{name}/1", bytes(range(32))).verifier.vkey())
    keyring.enrol(Box("pier", "box-9"), Signer("boothkit/box-9/1", bytes(range(32))).verifier.vkey())
    folder = tmp_path / "quay"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return tmp_path


def run(office: Path, *words: str) -> dict[str, Any]:
    """The answer of `central …`."""
    argv = ["central", *words, "--data", str(office / "central"), "--json"]
    result = CliRunner().invoke(boothkit, argv, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    answer: dict[str, Any] = json.loads(result.output)
    return answer


def test_a_folder_becomes_a_note_that_a_box_of_its_scope_applies(office: Path, boxes: Callable[..., PolicyBox]) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    (office / "quay" / "event-1.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (office / "quay" / "ticket-keys.toml").write_text('[[key]]\nevent = "e-1"\nfile = "event-1.pub"\n')
    answer = run(office, "sign", str(office / "quay"))
    assert answer["version"] == 12
    assert answer["kinds"] == ["catalogue", "guardrails", "peers", "revoked", "ticket_keys"]
    assert answer["note"] == str(office / "quay.note")
    box = boxes(key=central_signer(office / "central" / "keys").verifier.vkey())
    box.clock.trust("none")
    applied = box.apply((office / "quay.note").read_bytes())
    assert (applied["applied"], applied["version"], applied["revoked"], applied["items"]) == (True, 12, 2, 1)
    assert set(policy.peers(box.engine.store.db)) == {"box-7", "box-8"}
    assert [one.event for one in policy.ticket_keys(box.engine.store.db)] == ["e-1"]


def test_the_example_of_the_manual_is_signed_and_applied(office: Path, boxes: Callable[..., PolicyBox]) -> None:
    shutil.copytree(EXAMPLE, office / "example")
    shutil.copytree(EXAMPLE.with_name("landing-market"), office / "landing-market")
    assert len(run(office, "sign", str(office / "example"))["kinds"]) == 6
    box = boxes(key=central_signer(office / "central" / "keys").verifier.vkey())
    box.open_event()
    box.clock.trust("none")
    assert box.apply((office / "example.note").read_bytes())["applied"] is True


def test_what_the_command_line_says_goes_before_the_file(office: Path) -> None:
    answer = run(office, "sign", str(office / "quay"), "--version", "13", "--scope", "quay/box-8", "--days", "1")
    assert (answer["version"], answer["scope"]) == (13, "quay/box-8")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("policy.toml", "version = 0\n", "policy.toml: Expected `int` >= 1 - at `version`; found 0"),
        (
            "policy.toml",
            'version = 1\ncolour = "red"\n',
            "policy.toml: unknown key 'colour'; allowed are version, scope",
        ),
        ("policy.toml", "version = 1\nversion = 2\n", "policy.toml: Cannot overwrite a value (at line 2, column 12)"),
        ("policy.toml", 'version = 1\nscope = "Quay!"\n', "found 'Quay!'"),
        ("policy.toml", 'version = 1\nexpires = "soon"\n', "found 'soon'"),
        ("policy.toml", 'version = 1\ndays = 1\nexpires = "2027-01-01T00:00:00Z"\n', "days and expires"),
        ("policy.toml", 'scope = "quay"\n', "version is missing"),
        (
            "guardrails.toml",
            "[discount]\nalone = 0.1\n",
            "Expected `str`, got `float` - at `discount.alone`; found 0.1",
        ),
        ("guardrails.toml", '[discount]\nmost = "0.1"\n', "unknown key 'most' in [discount]; allowed are alone, lead"),
        ("guardrails.toml", '[discount]\nalone = "0.5"\nlead = "0.2"\n', "discount: alone 0.5 is more"),
        ("guardrails.toml", "[offer]\nwindow_min = 16\n", "Expected `int` <= 15 - at `offer.window_min`; found 16"),
        ("guardrails.toml", '[may]\nvoid = ["boss"]\n', "guardrails.toml: Invalid enum value 'boss'"),
        ("catalogue.csv", "sku,name,price,vat,kind\nTEA,Tea,x,0.07,unit\n", "catalogue.csv, line 2, price"),
        ("catalogue.toml", 'currency = "EUR"\n', "keep one of them"),
        ("revoked.toml", 'tickets = ["x"]\n', "revoked: ticket id 'x'"),
        ("peers.toml", '[[peer]]\nbox = "box-8"\nkeys = ["nonsense"]\n', "not a verifier key"),
        ("ticket-keys.toml", '[[key]]\nevent = "e"\n', "key 1 ('e'): wants key or file"),
        ("ticket-keys.toml", '[[key]]\nevent = "e"\nfile = "no.pub"\n', "no.pub"),
        ("offers.toml", "", "offers.toml: unknown file; allowed are catalogue.csv"),
    ],
)
def test_a_fault_in_a_file_is_named_by_file_and_key_and_nothing_is_signed(
    office: Path, name: str, text: str, says: str
) -> None:
    (office / "quay" / name).write_text(text)
    with pytest.raises(BoothkitError) as error:
        run(office, "sign", str(office / "quay"))
    assert says in str(error.value)
    assert error.value.remedy
    assert not (office / "quay.note").exists()


def test_peers_that_are_enrolled_are_those_of_one_cell(office: Path) -> None:
    with pytest.raises(BoothkitError, match=r'wants a scope of one cell; found "\*"'):
        run(office, "sign", str(office / "quay"), "--scope", "*")


def test_what_does_not_go_through_to_a_box_is_not_signed(office: Path) -> None:
    rows = "".join(f"S{n},{'Ä' * 56}{n:04},{n},0.19,unit,{'Ö' * 60},{'Ü' * 60},{'ß' * 60}\n" for n in range(500))
    (office / "quay" / "catalogue.csv").write_text(f"sku,name,price,vat,kind,category,maker,group\n{rows}")
    with pytest.raises(BoothkitError, match="larger than"):
        run(office, "sign", str(office / "quay"))


def test_each_known_box_gets_the_newest_that_is_for_it_and_each_change_once(office: Path) -> None:
    keys = office / "central" / "keys"
    keyring, key = Keyring(keys), central_signer(keys).verifier
    folder = office / "central" / "policies"
    seven, eight, nine = Box("quay", "box-7"), Box("quay", "box-8"), Box("pier", "box-9")
    now = 1_795_456_810_000

    def sign(name: str, version: int, scope: str) -> bytes:
        (office / name).mkdir()
        (office / name / "guardrails.toml").write_text("")
        run(office, "sign", str(office / name), "--version", str(version), "--scope", scope, "--publish")
        return (office / f"{name}.note").read_bytes()

    published = Policies(folder, key)
    assert published.news(keyring.boxes(), now) == {}
    one = sign("one", 1, "*")
    assert published.news(keyring.boxes(), now) == dict.fromkeys((seven, eight, nine), one)
    assert published.news(keyring.boxes(), now) == {}
    two = sign("two", 2, "quay")
    assert published.news(keyring.boxes(), now) == dict.fromkeys((seven, eight), two)
    three = sign("three", 3, "quay/box-8")
    assert published.news(keyring.boxes(), now) == {eight: three}
    with pytest.raises(BoothkitError, match="version 1 is not higher than 3"):
        run(office, "publish", str(bundle_of(office, "one")))
    published.forget()  # the broker may have
    assert published.news(keyring.boxes(), now) == {seven: two, eight: three, nine: one}
    for path in folder.glob("*.note"):
        path.unlink()
    again = Policies(folder, key)  # a central that was not there when they were deleted
    assert again.news(keyring.boxes(), now) == dict.fromkeys((seven, eight, nine), b"")
    (folder / "forged.note").write_bytes(two.replace(b'"version":2', b'"version":9'))
    (folder / "empty.note").write_bytes(b"")
    assert again.news(keyring.boxes(), now) == {}


def bundle_of(office: Path, name: str) -> Path:
    """The note of a folder under another name."""
    other = office / "again.note"
    other.write_bytes((office / f"{name}.note").read_bytes())
    return other


def test_only_what_this_central_signed_is_published(office: Path) -> None:
    other = Signer("boothkit/central", bytes(32))
    said = bundle.Bundle(kind="policy", version=1, scope="*", expires="2099-01-01T00:00:00Z", data={"guardrails": {}})
    (office / "forged.note").write_text(other.sign(said.text()))
    with pytest.raises(BoothkitError, match="central did not sign it"):
        run(office, "publish", str(office / "forged.note"))
