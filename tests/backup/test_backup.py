"""Promises of a backup in a file: made while the box works, whole on the medium or not there, and put back whole."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance.backup import check, make, manifest, passphrase, restore, sealed, tape
from appliance.backup.contents import scratch
from appliance.backup.passphrase import WrongPassphrase
from appliance.backup.sealed import BadSeal
from appliance.backup.tape import BadTape
from appliance.clock import FakeClock
from appliance.errors import Problem
from appliance.journal import codec
from appliance.journal.store import RESTORING, RestoreUnfinished
from appliance.journal.verify import verify
from appliance.private.people import People
from appliance.private.secrets import Secrets
from appliance.projections import backups, tickets
from tests.backup.conftest import PASSPHRASE, TICKET, Sold, Stick, put_back
from tests.commands.test_cli import Shell
from tests.conftest import EngineBox


def untar(path: Path, folder: Path) -> Path:
    with tarfile.open(path) as tar:
        tar.extractall(folder, filter="data")
    return folder


def facts_of(journal: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db:
        return [body for (body,) in db.execute("SELECT body FROM fact ORDER BY pos")]


def test_a_backup_is_a_tar_whose_journal_anybody_can_check_and_whose_rest_is_sealed(sold: Sold, tmp_path: Path) -> None:
    sold.sell("for Zyx Grundhild at the counter")
    sold.box.do("checkpoint.request")
    made = sold.back_up(tmp_path / "box.tar", PASSPHRASE)
    assert made.opened
    copy = untar(tmp_path / "box.tar", tmp_path / "copy")
    assert verify(copy)["ok"]
    assert verify(copy)["checkpoints"] > 0
    assert facts_of(copy / "journal.db") == sold.box.bodies()
    assert sorted(path.name for path in copy.rglob("*") if path.is_file()) == [
        "box.pub", "journal.db", "manifest.json", "manifest.sig", "private.enc",
    ]  # fmt: skip
    raw = (copy / "manifest.json").read_bytes()
    said = json.loads(raw)
    assert hashlib.sha256(raw).hexdigest() in (copy / "manifest.sig").read_text()
    assert (said["box"], said["pos"], said["root"]) == ("box-7", made.manifest.pos, verify(copy)["root"])
    for name, part in said["parts"].items():
        assert hashlib.sha256((copy / name).read_bytes()).hexdigest() == part["sha256"]
    everything = (tmp_path / "box.tar").read_bytes()
    seed = (sold.data / "keys" / "box.key").read_bytes()
    for secret in (b"Zyx Grundhild", b"Zyx", PASSPHRASE.encode(), seed.strip(), b"Ada", bytes.fromhex(seed.decode())):
        assert secret not in everything
    assert not list(tmp_path.glob("box.tar.*"))


def test_what_is_sold_while_it_is_made_stops_nothing_and_the_copy_is_one_moment(sold: Sold, tmp_path: Path) -> None:
    seen: list[str] = []

    def sell(stage: str, percent: int) -> None:
        seen.append(stage)
        assert sold.sell(f"during {stage}")

    made = sold.back_up(tmp_path / "box.tar", beat=sell)
    assert {"copying", "checking", "sealing", "writing", "reading"} <= set(seen)
    copy = untar(tmp_path / "box.tar", tmp_path / "copy")
    assert verify(copy)["ok"]
    bodies = facts_of(copy / "journal.db")
    assert len(bodies) == made.manifest.pos < len(sold.box.bodies())
    assert bodies == sold.box.bodies()[: len(bodies)]
    assert (verify(copy)["size"], verify(copy)["root"]) == (made.manifest.size, made.manifest.root)


def test_a_restored_box_is_the_one_that_was_backed_up_and_gives_out_no_number_twice(sold: Sold, tmp_path: Path) -> None:
    given_out = [sold.sell("said to Zyx"), sold.sell()]
    sold.back_up(tmp_path / "box.tar")
    before = sold.box.bodies()
    given_out += [sold.sell(), sold.sell()]
    found = put_back(tmp_path / "box.tar", tmp_path / "new")
    assert found.staff == [("Ada", "lead")]
    assert found.signer == sold.box.engine.store.keys.signer(1).verifier.fingerprint
    new = EngineBox(tmp_path / "new")
    try:
        given_out += [_sell(new), _sell(new)]
        assert len(set(given_out)) == 6
        assert given_out[-2:] == ["2-1", "2-2"]
        started = [json.loads(body) for body in new.bodies() if '"log.started/1"' in body]
        assert [one["data"]["reason"] for one in started] == ["new", "restore"]
        assert new.bodies()[: len(before)] == before
        assert verify(tmp_path / "new")["ok"]
        kept = tickets.state(new.engine.store.db, TICKET, sold.event)
        assert kept is not None
        assert People(tmp_path / "new").person(kept.holder_ref)["holder"] == "Zyx Grundhild"
    finally:
        new.engine.close()
    for name in ("keys/box.key", "keys/command.key", "keys/backup.pub", "box.id"):
        assert (tmp_path / "new" / name).read_bytes() == (sold.data / name).read_bytes()
    assert (tmp_path / "new" / "keys" / "box.key").stat().st_mode & 0o777 == 0o600


def _sell(box: EngineBox) -> str:
    asked = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 500}]}
    number: str = box.ask("sale.complete", asked, role="staff")["answer"]["number"]
    return number


def test_pins_come_back_and_whoever_was_signed_in_does_not(sold: Sold, tmp_path: Path) -> None:
    secrets = Secrets(sold.data, FakeClock())
    code = secrets.pairings.new_code("Tablet", "s1")
    cookie = secrets.pairings.pair(code, "form", "10.0.0.9")
    token = secrets.issue_token(secrets.staff()[0])
    assert secrets.session(sold.grant.cookie)
    secrets.close()
    sold.back_up(tmp_path / "box.tar")
    assert put_back(tmp_path / "box.tar", tmp_path / "new").paired == 1
    restored = Secrets(tmp_path / "new", FakeClock())
    assert restored.session(sold.grant.cookie) is None
    assert restored.login("123456", None, "10.0.0.1").staff.name == "Ada"
    assert restored.bearer(token)
    assert restored.pairings.device(cookie)
    restored.close()


def test_who_was_erased_before_the_backup_is_not_in_it_and_nobody_of_a_copied_fact_is_missing(
    sold: Sold, tmp_path: Path
) -> None:
    """People are copied behind the journal: who comes in between is more than is needed, and swept."""

    def come_in_between(stage: str, percent: int) -> None:
        if stage == "checking":
            sold.box.do("tickets.issue", list="general", tickets=[{"ticket": "b2" * 12, "holder": "Late Comer"}])

    sold.back_up(tmp_path / "box.tar", beat=come_in_between)
    put_back(tmp_path / "box.tar", tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "new" / "people.db")) as db:
        assert db.execute("SELECT count(*) FROM person").fetchone() == (2,)
    new = EngineBox(tmp_path / "new")
    new.engine.close()
    with closing(sqlite3.connect(tmp_path / "new" / "people.db")) as db:
        assert [json.loads(data)["holder"] for (data,) in db.execute("SELECT data FROM person")] == ["Zyx Grundhild"]


def test_a_backup_that_counts_is_a_fact_and_says_what_happened_since(sold: Sold, tmp_path: Path) -> None:
    made = sold.back_up(tmp_path / "box.tar")
    asked = {"kind": "file", "bytes": made.bytes, "upto": made.manifest.pos, "sha256": made.sha256, "key": "0" * 16}
    assert sold.box.ask("backup.note", asked, id="b1")["ok"]
    assert sold.box.ask("backup.note", asked, id="b1")["ok"]
    assert sold.box.kinds().count("backup.made/1") == 1
    db = sold.box.engine.store.db
    (newest,) = backups.newest(db)
    assert (newest.upto, newest.since, newest.bytes) == (made.manifest.pos, 0, made.bytes)
    sold.sell()
    assert backups.newest(db)[0].since > 0
    for bad in ({"upto": sold.box.engine.store.pos + 1}, {"bytes": 0}, {"sha256": "x"}, {"key": "Ada"}):
        assert sold.box.ask("backup.note", {**asked, **bad})["refusal"]["slug"] == "validation"
    assert sold.box.ask("backup.note", asked, role="staff")["refusal"]["slug"] == "role"


def test_without_a_passphrase_nothing_is_made(sold: Sold, tmp_path: Path) -> None:
    (sold.data / "keys" / passphrase.PUBLIC).unlink()
    with pytest.raises(Problem) as refused:
        sold.back_up(tmp_path / "box.tar")
    assert refused.value.slug == "no-passphrase"
    assert "--new-passphrase-file" in refused.value.remedy
    assert not (tmp_path / "box.tar").exists()


def test_a_passphrase_that_does_not_open_it_is_told_before_anything_is_made(sold: Sold, tmp_path: Path) -> None:
    with pytest.raises(WrongPassphrase):
        sold.back_up(tmp_path / "box.tar", "another one that is long")
    assert not (tmp_path / "box.tar").exists()


def test_a_journal_that_is_not_sound_makes_no_backup(sold: Sold, tmp_path: Path) -> None:
    db = sold.box.engine.store.db
    db.execute("DROP TRIGGER fact_update")
    db.execute("UPDATE fact SET body = replace(body, 'Coffee', 'Covfee') WHERE pos = 3")
    with pytest.raises(Problem, match="not sound, log 1, fact 3"):
        sold.back_up(tmp_path / "box.tar")
    assert not list(tmp_path.glob("box.tar*"))


def test_two_at_once_are_one(sold: Sold, tmp_path: Path) -> None:
    with scratch(sold.data), pytest.raises(Problem, match="being made already"):
        sold.back_up(tmp_path / "box.tar")
    sold.back_up(tmp_path / "box.tar")


def test_an_older_backup_gives_way_and_nothing_else_does(sold: Sold, tmp_path: Path) -> None:
    first = sold.back_up(tmp_path / "box.tar")
    sold.sell()
    assert sold.back_up(tmp_path / "box.tar").sha256 != first.sha256
    (tmp_path / "thesis.tar").write_bytes(b"three years of work")
    with pytest.raises(Problem, match="is no backup"):
        sold.back_up(tmp_path / "thesis.tar")
    assert (tmp_path / "thesis.tar").read_bytes() == b"three years of work"


# The stick


def test_a_full_stick_has_what_it_had_before_and_the_reason_is_said(sold: Sold, stick: Stick) -> None:
    good = stick.path / "box.tar"
    sold.back_up(good)
    before = good.read_bytes()
    (stick.path / "filler").write_bytes(bytes(4_000 * 1024 - 2 * good.stat().st_size))
    for _ in range(2):
        with pytest.raises(Problem, match="is full") as refused:
            sold.back_up(good)
        assert "more room" in refused.value.remedy
    assert sorted(path.name for path in stick.path.iterdir()) == ["box.tar", "filler"]
    assert good.read_bytes() == before


@pytest.mark.parametrize("stage", ["copying", "checking", "sealing", "writing", "reading"])
def test_a_stick_that_is_pulled_leaves_no_backup_and_the_reason_is_said(sold: Sold, stick: Stick, stage: str) -> None:
    def pull(now: str, percent: int) -> None:
        if now == stage and stick.path.is_mount():
            stick.pull()

    with pytest.raises(Problem) as refused:
        sold.back_up(stick.path / "box.tar", beat=pull)
    assert refused.value.slug == "backup-failed"
    assert str(stick.path) in refused.value.detail
    assert list(stick.path.iterdir()) == []
    assert sold.sell()


def test_a_read_only_stick_and_one_that_is_not_there_are_told_apart(sold: Sold, stick: Stick, tmp_path: Path) -> None:
    stick.read_only()
    with pytest.raises(Problem, match="is read-only"):
        sold.back_up(stick.path / "box.tar")
    with pytest.raises(Problem, match="is not there"):
        sold.back_up(tmp_path / "none" / "box.tar")


def test_what_a_killed_attempt_left_is_cleared_by_the_next(sold: Sold, tmp_path: Path) -> None:
    (tmp_path / "box.tar.parts" / "keys").mkdir(parents=True)
    (tmp_path / "box.tar.parts" / "journal.db").write_bytes(b"half")
    (tmp_path / "box.tar.partial").write_bytes(b"half")
    sold.back_up(tmp_path / "box.tar")
    assert not list(tmp_path.glob("box.tar.*"))


# Putting it back


@pytest.fixture
def backup(sold: Sold, tmp_path: Path) -> Path:
    sold.sell()
    sold.back_up(tmp_path / "box.tar")
    return tmp_path / "box.tar"


def test_each_byte_that_is_bent_is_noticed_before_anything_is_written(backup: Path, tmp_path: Path) -> None:
    raw = backup.read_bytes()
    bent = tmp_path / "bent.tar"
    for place in (0, 600, 1200, 2100, 3000, len(raw) // 3, len(raw) // 2, len(raw) - 40_000, len(raw) - 1100):
        bent.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises((BadSeal, BadTape)):
            put_back(bent, tmp_path / "new")
    for end in (0, 100, 512, len(raw) // 2, len(raw) - 1024, len(raw) - 1):
        bent.write_bytes(raw[:end])
        with pytest.raises((BadSeal, BadTape)):
            put_back(bent, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_wrong_passphrase_leaves_nothing(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongPassphrase):
        put_back(backup, tmp_path / "new", "not the one that it was")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["recorder.lock"]
    put_back(backup, tmp_path / "new")


def test_private_parts_that_a_stranger_sealed_for_the_same_passphrase_are_refused(
    backup: Path, sold: Sold, tmp_path: Path
) -> None:
    """A stick holds the public half: anybody can seal with it. What a stranger lacks is the box's key."""
    other = Sold(tmp_path / "other", sold.place().recipient())
    for name in ("box.key", "command.key"):
        assert (other.data / "keys" / name).read_bytes() != (sold.data / "keys" / name).read_bytes()
    (tmp_path / "made").mkdir()
    make.to_folder(other.place(), tmp_path / "made", other.box.clock())
    other.box.engine.close()
    parts = untar(backup, tmp_path / "parts")
    shutil.copy(untar(tmp_path / "made" / "sent.tar", tmp_path / "sent") / "private.enc", parts / "private.enc")
    said = json.loads((parts / "manifest.json").read_bytes())
    raw = (parts / "private.enc").read_bytes()
    said["parts"]["private.enc"] = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    (parts / "manifest.json").write_bytes(codec.encode(said) + b"\n")
    with pytest.raises(BadSeal, match="another manifest"):
        put_back(_tar(parts, tmp_path / "forged.tar"), tmp_path / "new")
    # The box's own key on the outside (it was stolen once, and changed): the inside tells.
    signer = sold.box.engine.store.keys.signer(1)
    (parts / "manifest.sig").write_bytes(manifest.sign((parts / "manifest.json").read_bytes(), signer))
    with pytest.raises(BadSeal, match="another box than the rest"):
        put_back(_tar(parts, tmp_path / "forged.tar"), tmp_path / "new")
    assert not (tmp_path / "new" / "journal.db").exists()


def _tar(parts: Path, path: Path) -> Path:
    with path.open("wb") as out:
        writer = tape.Writer(out)
        for name in check.PARTS:
            with (parts / name).open("rb") as file:
                writer.add(name, (parts / name).stat().st_size, file)
        writer.close()
    return path


def test_a_used_box_stays_as_it_is(backup: Path, sold: Sold, tmp_path: Path) -> None:
    other = EngineBox(tmp_path / "other")
    other.open_event()
    other.engine.close()
    before = {path: path.read_bytes() for path in (tmp_path / "other").rglob("*") if path.is_file()}
    with pytest.raises(Problem) as refused:
        put_back(backup, tmp_path / "other")
    assert refused.value.slug == "not-empty"
    assert {path: path.read_bytes() for path in before} == before


def test_a_new_box_that_only_looked_at_its_devices_gives_way_and_what_it_made_is_set_aside(
    backup: Path, tmp_path: Path
) -> None:
    young = EngineBox(tmp_path / "new")
    young.do("device.report", device="printer", kind="printer", state="online", reason="ready")
    key = (tmp_path / "new" / "keys" / "box.key").read_bytes()
    young.engine.close()
    found = put_back(backup, tmp_path / "new")
    assert found.aside == tmp_path / "new" / "before-restore"
    assert (found.aside / "keys" / "box.key").read_bytes() == key
    assert (found.aside / "journal.db").exists()
    new = EngineBox(tmp_path / "new")
    assert _sell(new) == "2-1"
    new.engine.close()


def test_devices_that_trusted_the_boxs_authority_trust_it_again(sold: Sold, tmp_path: Path) -> None:
    for data, content in ((sold.data, b"the old one"), (tmp_path / "new", b"a new one")):
        (data / "authority").mkdir(parents=True)
        (data / "authority" / "authority.pem").write_bytes(content)
    sold.back_up(tmp_path / "box.tar")
    put_back(tmp_path / "box.tar", tmp_path / "new")
    kept = tmp_path / "new" / "authority"
    assert (kept / "authority.pem").read_bytes() == b"the old one"
    assert (kept / "authority.pem.before-restore").read_bytes() == b"a new one"


def test_a_box_that_is_configured_as_another_says_so(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        put_back(backup, tmp_path / "new", box="box-8")
    assert refused.value.slug == "other-box"
    assert 'id = "box-7"' in refused.value.remedy
    assert not (tmp_path / "new").exists()
    put_back(backup, tmp_path / "new", box="box-7")


def test_a_second_time_changes_nothing(backup: Path, tmp_path: Path) -> None:
    put_back(backup, tmp_path / "new")
    new = EngineBox(tmp_path / "new")
    _sell(new)
    bodies = new.bodies()
    new.engine.close()
    assert put_back(backup, tmp_path / "new").again
    new = EngineBox(tmp_path / "new")
    assert new.bodies() == bodies
    new.engine.close()


class Cut(BaseException):
    """As a power cut: nobody tidies up."""


def cut_at(limit: int, data: Path, patched: pytest.MonkeyPatch) -> None:
    """End the process, as it were, at the so manieth step behind the checks."""
    left = limit

    def count(real: Any) -> Any:
        def call(*values: Any, **named: Any) -> Any:
            nonlocal left
            if (data / RESTORING).exists() or (data / f"{RESTORING}.new").exists():
                left -= 1
                if left <= 0:
                    raise Cut
            return real(*values, **named)

        return call

    for owner, name in ((restore.os, "open"), (restore.os, "fsync"), (Path, "replace"), (Path, "unlink")):
        patched.setattr(owner, name, count(getattr(owner, name)))
    patched.setattr(restore.shutil, "rmtree", count(shutil.rmtree))


def test_wherever_a_restore_is_cut_off_no_recorder_starts_and_it_can_be_done_again(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off at every file that it opens, moves or removes behind its checks."""
    cuts = 0
    for limit in range(1, 60):
        data = tmp_path / f"new{limit}"
        EngineBox(data).engine.close()
        with monkeypatch.context() as patched:
            cut_at(limit, data, patched)
            try:
                put_back(backup, data)
            except Cut:
                cuts += 1
            else:
                break
        if (data / RESTORING).exists():
            with pytest.raises(RestoreUnfinished):
                EngineBox(data)
        put_back(backup, data)
        new = EngineBox(data)
        assert _sell(new) == "2-1"
        new.engine.close()
        aside = data / "before-restore" / "keys" / "box.key"
        assert aside.read_bytes() != (data / "keys" / "box.key").read_bytes()
    assert cuts > 20


def test_the_structure_of_what_lies_on_a_stick_shows_for_whom_it_was_sealed(
    backup: Path, sold: Sold, tmp_path: Path
) -> None:
    parts = untar(backup, tmp_path / "parts")
    with (parts / "private.enc").open("rb") as file:
        found = sealed.structure(file, (parts / "private.enc").stat().st_size)
    assert found == sold.place().recipient()


def test_the_command_line_sets_a_passphrase_makes_a_backup_and_puts_it_back(tmp_path: Path, run_folder: Path) -> None:
    boothkit = Shell(tmp_path / "data", run_folder)
    assert "no box has been here" in boothkit("backup", tmp_path / "box.tar", code=1)
    boothkit("event", "create", "--name", "Abendmarkt", "--area-m2", "12")
    (tmp_path / "weak").write_text("passwort1234\n")
    (tmp_path / "good").write_text(f"{PASSPHRASE}\n")
    assert "--new-passphrase-file" in boothkit("backup", tmp_path / "box.tar", code=1)
    assert "guessed" in boothkit("backup", tmp_path / "box.tar", "--new-passphrase-file", tmp_path / "weak", code=2)
    boothkit("backup", tmp_path / "box.tar", "--new-passphrase-file", tmp_path / "good")
    answer = json.loads(boothkit("backup", tmp_path / "box.tar", "--passphrase-file", tmp_path / "good", "--json"))
    assert (answer["opened"], answer["noted"], answer["log"]) == (True, True, 1)
    new = Shell(tmp_path / "new", run_folder)
    assert "no terminal" in new("restore", tmp_path / "box.tar", code=2)
    assert "not the passphrase" in new("restore", tmp_path / "box.tar", "--passphrase-file", tmp_path / "weak", code=1)
    restored = json.loads(new("restore", tmp_path / "box.tar", "--passphrase-file", tmp_path / "good", "--json"))
    assert (restored["box"], restored["again"]) == (answer["box"], False)
    new("event", "open")
    tail = [json.loads(line) for line in new("journal", "tail", "--json").splitlines()]
    assert [(one["kind"], one["log"]) for one in tail[-2:]] == [("log.started/1", 2), ("event.opened/1", 2)]
    assert PASSPHRASE not in "".join(map(str, tail))


def test_nothing_private_stays_behind_in_the_scratch_folder(sold: Sold, tmp_path: Path) -> None:
    sold.back_up(tmp_path / "box.tar")
    left = subprocess.run(["find", "/var/tmp", "-path", "*boothkit-backup-*", "-name", "*.db"], capture_output=True)
    assert left.stdout == b""
