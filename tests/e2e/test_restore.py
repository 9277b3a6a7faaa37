"""The restore drill: sell, back up, sell more, lose the card, restore, sell. From a stick, and from what central
has."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance.journal.store import RESTORING
from appliance.journal.verify import verify
from tests.brokers import Broker, CentralProcess, broker, central
from tests.conftest import wait_until
from tests.e2e.test_set_back import Life, sales

__all__ = ["broker", "central"]

PASSPHRASE = "vier lampen auf dem tisch"
LONG_S = 60


def boothkit(*words: object, data: Path, code: int = 0, run: str = "") -> str:
    env = {**os.environ, **({"BOOTHKIT_RUN": run} if run else {})}
    argv = [sys.executable, "-m", "appliance.cli", *map(str, words), "--data", str(data)]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    return file


@pytest.fixture
def life(tmp_path: Path, broker: Broker, central: Callable[..., CentralProcess]) -> Iterator[Life]:
    made = Life(tmp_path, broker, central())
    yield made
    made.down()


def sell_to(life: Life, name: str) -> None:
    """A sale with something personal about who bought."""
    asked = {
        "lines": [{"sku": "COFFEE", "qty": 1}],
        "tenders": [{"kind": "cash", "amount": 400}],
        "note": f"for {name}",
    }
    assert life.demo is not None
    life.given_out.append(life.demo.post("/sales", asked, key=f"sale-{len(life.given_out)}")["number"])


def erase(life: Life, name: str) -> None:
    """The one record that holds the name."""
    (record,) = json.loads(boothkit("people", "show", name, "--json", data=life.data))
    boothkit("people", "erase", record["ref"], data=life.data)


def people(data: Path) -> str:
    with closing(sqlite3.connect(f"file:{data / 'people.db'}?mode=ro", uri=True)) as db:
        return " ".join(text for (text,) in db.execute("SELECT data FROM person"))


@pytest.mark.timeout(300)
def test_a_box_comes_back_from_a_stick_and_central_holds_both_branches(
    life: Life, tmp_path: Path, passphrase: Path
) -> None:
    life.up()
    sell_to(life, "Zyx Grundhild")
    sell_to(life, "Vex Onceerased")
    life.sell(1)
    stick = tmp_path / "box.tar"
    boothkit("backup", stick, "--new-passphrase-file", passphrase, data=life.data)
    sell_to(life, "Qaro Unbackedup")
    life.sell(3)
    erase(life, "Vex")
    life.wait_safe()
    life.down()
    lost = life.given_out[3:]
    shutil.rmtree(life.data)

    restored = json.loads(
        boothkit("restore", stick, "--passphrase-file", passphrase, "--json", data=life.data).splitlines()[-1]
    )
    assert restored["box"] == life.name
    life.up()  # the PINs came along: `up` signs in
    life.sell(3)
    assert life.given_out[-3:] == ["2-1", "2-2", "2-3"]
    assert len(set(life.given_out)) == len(life.given_out)
    life.wait_safe()
    assert [log["reason"] for log in life.logs()] == ["new", "restore"]
    life.wait_same()
    assert verify(life.data)["ok"]
    assert sales(life.held("orphaned")) == lost
    assert sorted(sales(life.held("own")) + sales(life.held("orphaned"))) == sorted(life.given_out)
    (incident,) = wait_until(lambda: life.tasks("orphaned branch"), "the incident")
    assert incident["box"] == life.name
    assert life.tasks("fork", "second box") == []
    # Who was in the backup can be erased here, also who had been erased on the branch that was lost; who was not, is
    # nowhere: what central holds of both branches names nobody.
    assert "Zyx Grundhild" in people(life.data)
    assert "Vex Onceerased" in people(life.data)
    assert "Qaro" not in people(life.data)
    lost_facts = tmp_path / "orphaned.ndjson"
    lost_facts.write_text("".join(f"{body}\n" for body in life.held("orphaned")))
    boothkit("people", "erase", "--from", lost_facts, data=life.data)
    assert "Vex" not in people(life.data)
    erase(life, "Zyx")
    life.wait_safe()
    assert "Zyx" not in people(life.data)
    both = "\n".join(life.held("own") + life.held("orphaned"))
    assert "Zyx" not in both
    assert "Qaro" not in both
    assert "Vex" not in both


@pytest.mark.timeout(300)
def test_a_box_comes_back_from_what_it_sent_to_central(life: Life, tmp_path: Path, passphrase: Path) -> None:
    life.up()
    sell_to(life, "Zyx Grundhild")
    boothkit("backup", "--new-passphrase-file", passphrase, data=life.data)

    def noted() -> dict[str, Any] | None:
        assert life.demo is not None
        made = [fact for fact in life.demo.facts() if fact["kind"] == "backup.made/1"]
        return made[-1]["data"] if made else None

    made = wait_until(noted, "central says that it keeps the backup", LONG_S)
    assert made["kind"] == "uplink"
    life.sell(3)
    life.wait_safe()
    life.down()
    kept = list((life.ops.data / "backups" / "demo" / life.name).iterdir())
    assert [path.suffix for path in kept] == [".tar"]
    assert kept[0].stat().st_mode & 0o077 == 0
    raw = kept[0].read_bytes()
    assert b"Grundhild" not in raw
    assert (life.data / "keys" / "box.key").read_bytes().strip() not in raw
    shutil.rmtree(life.data)

    whole = tmp_path / "whole.tar"
    said = boothkit("central", "backup", "demo", life.name, whole, data=life.ops.data)
    assert "people, PINs and keys as of" in said
    boothkit("restore", whole, "--passphrase-file", passphrase, data=life.data)
    life.up()
    assert len(sales([json.dumps(fact) for fact in life.demo.facts()])) == 4  # type: ignore[union-attr]
    life.sell(2)
    assert life.given_out[-2:] == ["2-1", "2-2"]
    life.wait_safe()
    assert verify(life.data)["ok"]
    assert life.tasks("fork", "second box") == []
    assert "Zyx Grundhild" in people(life.data)


@pytest.mark.timeout(300)
def test_a_backup_and_a_restore_that_are_killed_leave_nothing_that_looks_whole(
    tmp_path: Path, passphrase: Path
) -> None:
    data, new, stick = tmp_path / "box", tmp_path / "new", tmp_path / "box.tar"
    boothkit("event", "create", "--name", "Abendmarkt", "--area-m2", "12", data=data)
    boothkit("backup", "--new-passphrase-file", passphrase, data=data)
    for delay in (0.5, 0.7):
        _killed(delay, "backup", stick, data=data)
        if stick.exists():
            boothkit("restore", stick, "--passphrase-file", passphrase, data=tmp_path / f"check{delay}")
            stick.unlink()
    boothkit("backup", stick, data=data)
    assert list(tmp_path.glob("box.tar*")) == [stick]
    for delay in (0.6, 0.8):
        _killed(delay, "restore", stick, "--passphrase-file", passphrase, data=new)
        if (new / RESTORING).exists():
            assert "interrupted" in boothkit("event", "open", data=new, code=2)
        boothkit("restore", stick, "--passphrase-file", passphrase, data=new)
        boothkit("event", "open", data=new)
        assert verify(new)["ok"]
        shutil.rmtree(new)


def _killed(delay: float, *words: object, data: Path) -> None:
    argv = [sys.executable, "-m", "appliance.cli", *map(str, words), "--data", str(data)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
