"""The command line as people use it: real processes on a real folder."""

import base64
import csv
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CATALOGUE = """
currency = "EUR"
[[item]]
sku = "COFFEE"
name = "Coffee"
price = 350
vat = "0.19"
kind = "unit"
[[item]]
sku = "FORMULA"
name = "=1+1"
price = 420
vat = "0.07"
kind = "unit"
stock = 5
category = "Food"
"""


class Shell:
    """``boothkit`` on one data folder."""

    def __init__(self, data: Path, run: Path) -> None:
        self.data = data
        self._env = {**os.environ, "BOOTHKIT_DATA": str(data), "BOOTHKIT_RUN": str(run)}

    def __call__(self, *words: object, code: int = 0) -> str:
        argv = [sys.executable, "-m", "appliance.cli", *map(str, words)]
        done = subprocess.run(argv, env=self._env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr


@pytest.fixture
def shell(tmp_path: Path, run_folder: Path) -> Shell:
    boothkit = Shell(tmp_path / "data", run_folder)
    boothkit("event", "create", "--name", "Abendmarkt", "--area-m2", "12")
    return boothkit


def test_an_event_lives_from_its_creation_to_its_end_without_a_running_recorder(shell: Shell) -> None:
    assert json.loads(shell("event", "show", "--json"))["state"] == "created"
    shell("event", "open")
    assert "open already" in shell("event", "open", code=1)
    shell("event", "close", "--json")
    verified = json.loads(shell("journal", "verify", "--json"))
    assert verified["ok"] is True
    assert verified["checkpoints"] == 1
    assert json.loads(shell("journal", "rebuild", "--json"))["equal"] is True


def test_commands_use_the_running_recorder_when_there_is_one(tmp_path: Path, run_folder: Path, worker: object) -> None:
    worker("recorder")  # type: ignore[operator]
    boothkit = Shell(tmp_path / "data", run_folder)
    boothkit("event", "create", "--name", "Abendmarkt", "--area-m2", "12")
    boothkit("event", "open")
    assert json.loads(boothkit("event", "show", "--json"))["state"] == "open"
    assert "is writing this journal" in boothkit("journal", "rebuild", code=2)


def test_a_catalogue_goes_in_and_comes_out_the_same_as_toml_and_csv(shell: Shell, tmp_path: Path) -> None:
    source = tmp_path / "catalogue.toml"
    source.write_text(CATALOGUE)
    assert json.loads(shell("catalogue", "import", source, "--json"))["changed"] == 2
    for name in ("out.toml", "out.csv"):
        shell("catalogue", "export", tmp_path / name)
        assert json.loads(shell("catalogue", "import", tmp_path / name, "--json"))["changed"] == 0
    assert tomllib.loads((tmp_path / "out.toml").read_text()) == tomllib.loads(CATALOGUE)
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["Coffee", "'=1+1"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.toml", CATALOGUE.replace("price = 350", 'price = "3.50"'), ["item 1", "price"]),
        ("a.toml", CATALOGUE.replace('vat = "0.19"', 'vat = "19"'), ["item 1", "vat", "19"]),
        ("a.toml", CATALOGUE.replace("stock", "stok"), ["item 2", "'stok'", "allowed"]),
        ("a.toml", CATALOGUE.replace("FORMULA", "COFFEE"), ["item 2", "twice"]),
        ("a.toml", CATALOGUE.replace("EUR", "USD"), ["USD", "EUR"]),
        ("a.toml", "[[item]\n", ["line 1"]),
        ("a.csv", "sku,name,price,vat,kind\nA,a,3.50,0.19,unit\n", ["line 2", "price", "3.50"]),
        ("a.csv", "sku,name,price,vat,kind\nA,a,350,0.19,unit,more\n", ["line 2", "more cells"]),
    ],
)
def test_a_wrong_catalogue_names_the_place_and_changes_nothing(
    shell: Shell, tmp_path: Path, name: str, text: str, words: list[str]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    before = json.loads(shell("journal", "verify", "--json"))["size"]
    said = shell("catalogue", "import", path, code=1 if "twice" in words else 2)
    for word in words:
        assert word in said
    assert json.loads(shell("journal", "verify", "--json"))["size"] == before


def test_issued_tickets_come_as_csv_and_imported_codes_are_known_but_not_written_down(
    shell: Shell, tmp_path: Path
) -> None:
    out = tmp_path / "tickets.csv"
    shell(
        "tickets",
        "issue",
        "--list",
        "general",
        "--count",
        3,
        "--holder",
        "Ana Amber",
        "--out",
        out,
    )
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["holder"] for row in rows] == ["Ana Amber", "", ""]
    assert all(row["code"].startswith("BK1:") for row in rows)
    assert json.loads(shell("tickets", "show", rows[0]["code"], "--json"))["lists"][0]["list"] == "general"
    foreign = tmp_path / "shop.csv"
    text = "Barcode;Name;Order\r\nSHOP-0001;Bo Birch;X7\r\nSHOP-0002;;\r\nSHOP-0001;again;\r\n"
    foreign.write_bytes(text.encode("utf-16"))
    answer = json.loads(shell("tickets", "import", foreign, "--list", "general", "--json", code=1))
    assert (answer["imported"], answer["known"], answer["left_out"]) == (2, 0, 1)
    assert answer["columns"] == {"code": ["Barcode"], "holder": ["Name"], "order": ["Order"]}
    assert answer["faults"][0]["line"] == 4
    columns = ["--columns", "code=Barcode,holder=Name"]
    answer = json.loads(shell("tickets", "import", foreign, "--list", "general", *columns, "--json", code=1))
    assert (answer["imported"], answer["known"]) == (0, 2)
    assert "Barcode, Name" in shell("tickets", "import", foreign, "--list", "general", "--columns", "code=Code", code=2)
    (found,) = json.loads(shell("tickets", "search", "birch bo", "--json"))
    assert (found["holder"], found["order"], found["lists"]) == ("Bo Birch", "X7", ["general"])
    shell("tickets", "revoke", "SHOP-0001")
    assert json.loads(shell("tickets", "show", "SHOP-0001", "--json"))["revoked"] is True
    shell("tickets", "show", "SHOP-0009", code=1)
    journal = (tmp_path / "data" / "journal.db").read_bytes()
    for word in (b"SHOP-0001", b"Birch", b"X7", b"Amber"):
        assert word not in journal


def test_lists_gates_and_what_a_shop_says_later_are_set_from_the_command_line(shell: Shell, tmp_path: Path) -> None:
    shell("tickets", "define", "evening", "--entry", "reentry", "--capacity", 40, "--product", "Evening", "--pending")
    shell("tickets", "define", "evening", "--confirm", "Over 18?", "--ask", "Who is with you?")
    shell("tickets", "gate", "side door", "--list", "evening", "--out")
    said = json.loads(shell("tickets", "lists", "--json"))
    (evening,) = said["lists"]
    assert (evening["entry"], evening["capacity"], evening["pending"]) == ("reentry", 40, True)
    assert said["gates"] == [{"gate": "side door", "lists": ["evening"], "direction": "out"}]
    assert "there is no list" in shell("tickets", "gate", "door", "--list", "nowhere", code=1)
    revoked = tmp_path / "revoked.csv"
    revoked.write_text("Secret\nAAA-1\nAAA-2\n")
    assert "2 tickets: revoked" in shell("tickets", "mark", "revoked", "--file", revoked)
    shell("tickets", "mark", "blocked", "AAA-3")
    told = [json.loads(shell("tickets", "show", f"AAA-{n}", "--json")) for n in (1, 2, 3)]
    assert [(one["revoked"], one["blocked"]) for one in told] == [(True, False), (True, False), (False, True)]
    shell("tickets", "mark", "unblocked", "AAA-3")
    assert json.loads(shell("tickets", "show", "AAA-3", "--json"))["blocked"] is False
    assert "no ticket is named" in shell("tickets", "mark", "paid", code=2)


def test_keys_of_pretix_come_as_pem_or_as_its_api_gives_them_and_go_again(shell: Shell, tmp_path: Path) -> None:
    pem = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for number, content in enumerate((pem, base64.b64encode(pem), b"no key")):
        (tmp_path / f"{number}.key").write_bytes(content)
    first = json.loads(shell("tickets", "keys", "add", tmp_path / "0.key", "--pretix", "--json"))
    assert json.loads(shell("tickets", "keys", "add", tmp_path / "1.key", "--pretix", "--json")) == first
    assert "not a PEM public key" in shell("tickets", "keys", "add", tmp_path / "2.key", code=2)
    listed = json.loads(shell("tickets", "keys", "list", "--json"))
    assert [(key["kid"], key["signs"]) for key in listed] == [(first["kid"], "pretix")]
    shell("tickets", "keygen")
    own = json.loads(shell("tickets", "keygen", "--json"))["kid"]
    assert "this box signs with it" in shell("tickets", "keys", "remove", own, code=2)
    shell("tickets", "keys", "remove", first["kid"])
    assert [key["signs"] for key in json.loads(shell("tickets", "keys", "list", "--json"))] == ["boothkit"]


def test_an_export_holds_every_body_and_neutralises_formulas(shell: Shell, tmp_path: Path) -> None:
    source = tmp_path / "catalogue.toml"
    source.write_text(CATALOGUE)
    shell("catalogue", "import", source)
    shell("journal", "export", tmp_path / "all.ndjson")
    bodies = [json.loads(line) for line in (tmp_path / "all.ndjson").read_text().splitlines()]
    assert [body["seq"] for body in bodies] == list(range(1, len(bodies) + 1))
    shell("journal", "export", f"{tmp_path}/tables/")
    assert {path.name for path in (tmp_path / "tables").iterdir()} >= {"event.created-1.csv", "catalogue.changed-1.csv"}
    tail = shell("journal", "tail", "--json", "-n", 2).splitlines()
    assert [json.loads(line)["id"] for line in tail] == [body["id"] for body in bodies[-2:]]


def test_a_wrong_configuration_or_an_unknown_word_ends_with_2_and_says_what_to_do(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[box]\nidd = 1\n")
    assert "unknown key 'idd'" in shell("status", "--config", path, code=2)
    assert "no such file" in shell("status", "--config", tmp_path / "none.toml", code=2)
    assert "No such command" in shell("nonsense", code=2)
    assert "no journal here" in shell("journal", "verify", "--data", tmp_path / "empty", code=2)
