"""`boothkit receipt verify`, as its own process: beside a running box, and on a machine that knows no box."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.portal.stall import CENTRAL, JSON, Stall, token_of
from tests.verify.paper import WHEN, Log

LOG = Log()
NOTHING = dict.fromkeys(("sale", "number", "total", "currency"))


def verify(*words: object, code: int = 0) -> str:
    """What the command says."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("BOOTHKIT_")}
    argv = [sys.executable, "-m", "appliance.cli", "receipt", "verify", *map(str, words)]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def answer(*words: object, code: int = 0) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(verify(*words, "--json", code=code))
    return said


def test_a_receipt_is_promised_then_proved_by_the_boxs_own_book(stall: Stall, tmp_path: Path) -> None:
    sale = stall.sell({"sku": "COFFEE", "qty": 2})
    box = ("--data", stall.demo.data)
    known = {"valid": True, "sale": sale["sale"], "number": sale["number"], "total": 700, "currency": "EUR"}
    for text in (sale["receipt"], token_of(sale)):
        said = answer(text, *box)
        assert "promised" in said.pop("why")
        assert [line["total"] for line in said.pop("lines")] == [700]
        assert said == {**known, "level": "promised"}
    stall.checkpoint()
    said = answer(sale["receipt"], *box)
    assert "No witness" in said.pop("why")
    assert [(line["name"], line["qty"]) for line in said.pop("lines")] == [("Coffee", 2)]
    assert said == {**known, "level": "proved"}
    assert set(stall.get(f"/r/{token_of(sale)}", **JSON).json) == {*said, "lines", "why"}

    proof = tmp_path / "kept.tlog-proof"
    proof.write_bytes(stall.get(f"/r/{token_of(sale)}/proof").body)
    assert answer(proof, *box)["level"] == "proved"
    note = proof.read_text().partition("\n\n")[2]
    stall.uplink.send("checkpoint.cosign", {"note": CENTRAL.cosign(note, WHEN)}, actor="box:uplink", id="witness-1")
    by_central = answer(sale["receipt"], *box)
    assert "boothkit/central cosigned that book on 2026-11-23 20:00 UTC" in by_central["why"]

    code = tmp_path / "code.txt"
    code.write_text(sale["receipt"] + "\n")
    keys = tmp_path / "only-keys"
    keys.mkdir()
    shutil.copytree(stall.demo.data / "keys", keys / "keys", ignore=shutil.ignore_patterns("*.key"))
    assert answer(code, "--data", keys)["level"] == "promised"


def test_the_book_is_asked_whether_it_holds_the_sale(stall: Stall) -> None:
    seed = bytes.fromhex((stall.demo.data / "keys" / "box.key").read_text())
    [vkey] = (stall.demo.data / "keys" / "box.pub").read_text().split()
    forger = Log(box=vkey.split("/")[1], seed=seed)
    assert forger.vkey == vkey
    assert answer(forger.code(), "--key", vkey)["level"] == "promised"
    said = answer(forger.code(), "--data", stall.demo.data, code=1)
    assert "holds no such sale" in said.pop("why")
    assert said == {"valid": False, "level": None, **NOTHING}


@pytest.mark.parametrize("key", [CENTRAL.verifier.vkey(), CENTRAL.verifier.fingerprint])
def test_nobody_needs_a_box_to_check_a_receipt(tmp_path: Path, key: str) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(LOG.proof(3, CENTRAL) + LOG.first(CENTRAL) + CENTRAL.verifier.vkey() + "\n")
    nowhere = ("--data", tmp_path / "nowhere")
    said = answer(kept, "--key", key, *nowhere)
    assert said.pop("why").count("boothkit/central cosigned") == 2
    assert said == {"valid": True, "level": "proved", "sale": "s3", "number": "1-2", "total": 451, "currency": "EUR"}
    assert answer(LOG.proof(3), "--key", CENTRAL.verifier.vkey(), "--key", LOG.vkey, *nowhere)["level"] == "proved"
    words = verify(kept, "--key", key, *nowhere)
    assert words.startswith("Proved: receipt 1-2 over €4.51, sale s3.\n")
    other = verify(kept, "--key", Log(box="box-9").vkey, *nowhere, code=1)
    assert other.startswith("Not valid. ")
    assert CENTRAL.verifier.fingerprint in other


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LOG.code()[:-7], "not a whole receipt"),
        ("/no/such/receipt.tlog-proof", "No file of that name"),
        ("x" * 5000, "not a whole receipt"),
        (LOG.code(3) + "\n" + LOG.proof(4, extra=b""), "The proof is about fact 4; this receipt is fact 3."),
    ],
)
def test_what_is_not_valid_ends_with_1_and_its_reason(text: str, why: str) -> None:
    said = answer(text, "--key", LOG.vkey, code=1)
    assert why in said.pop("why")
    assert said == {"valid": False, "level": None, **NOTHING}


def test_a_file_that_is_no_text_and_one_that_is_far_too_long_are_not_valid(tmp_path: Path) -> None:
    for content in (bytes(range(256)) * 9, b"x" * 2_000_000, b"\n".join([b"hello"] * 9), b""):
        path = tmp_path / "file"
        path.write_bytes(content)
        assert "No file" not in answer(path, "--key", LOG.vkey, code=1)["why"]


def test_a_wrong_call_ends_with_2(tmp_path: Path) -> None:
    assert "box.pub" in verify(LOG.code(), "--data", tmp_path, code=2)
    assert "damaged" in verify(LOG.code(), "--key", LOG.vkey[:-1] + "A", code=2)
    assert "fingerprint" in verify(LOG.code(), "--key", "poster", code=2)
    verify(code=2)
