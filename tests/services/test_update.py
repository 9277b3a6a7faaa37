"""Promises of updates: only what central signed for this box, into the slot that is not in use, and never half."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.board import read_all
from appliance.central.keyring import central_signer
from appliance.clock import FakeClock
from appliance.errors import Problem
from appliance.files.bundle import Reader
from appliance.journal import wire
from appliance.journal.read import Reader as Journal
from appliance.services import update
from appliance.services.run import Loop
from appliance.services.steward import ASKED, Steward
from tests.conftest import EngineBox

IMAGE = b"\xebroot file system\x00" * 70_000
PLACE = Reader("quay", "box-1", None)


@dataclass
class Yard:
    """A central with a key, a box's folders with an update in them, two slots and a boot partition, all as files."""

    folder: Path
    key: str = ""
    slots: update.Slots = field(init=False)

    def __post_init__(self) -> None:
        self.data, self.run, self.state = (self.folder / name for name in ("data", "run", "state"))
        for made in (self.data / "updates", self.run / ASKED, self.state):
            made.mkdir(parents=True)
        self.a, self.b, self.cmdline = (self.folder / name for name in ("slot-a", "slot-b", "cmdline.txt"))
        self.a.write_bytes(b"\x0a" * (len(IMAGE) + 4096))
        self.b.write_bytes(b"\x0b" * (len(IMAGE) + 4096))
        self.cmdline.write_text(f"console=tty0 root={self.a} rootfstype=ext4 ro rootwait\n")
        self.slots = update.Slots((str(self.a), str(self.b)), self.cmdline)
        self.image = self.data / "updates" / "boothkit-0.2.0.img"
        self.image.write_bytes(IMAGE)
        self.note = self.image.with_suffix(".note")
        self.key = central_signer(self.folder / "central" / "keys").verifier.vkey()
        self.sign()

    def boothkit(self, *words: str, data: Path | None = None, code: int = 0) -> str:
        env = {**os.environ, "BOOTHKIT_RUN": str(self.run), "STATE_DIRECTORY": str(self.state)}
        env["BOOTHKIT_DATA"] = str(data or self.data)
        argv = [sys.executable, "-m", "appliance.cli", *words]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def sign(self, *options: str, version: int = 2) -> None:
        arch = () if "--arch" in options else ("--arch", platform.machine())
        words = ("--release", "0.2.0", "--version", str(version), *arch, *options)
        self.boothkit("central", "sign", str(self.image), *words, data=self.folder / "central")

    def configured(self) -> None:
        slots = json.dumps([str(self.a), str(self.b)])
        text = f'[box]\nid = "box-1"\ncell = "quay"\n[central]\nkey = "{self.key}"\n'
        text += f'[update]\nslots = {slots}\ncmdline = "{self.cmdline}"\n'
        (self.folder / "box.toml").write_text(text)

    def reader(self) -> Reader:
        from appliance.journal.notes import Verifier

        return Reader("quay", "box-1", Verifier.parse(self.key))

    def look(self, clock: FakeClock | None = None, have: int = 0, reader: Reader | None = None) -> update.Update:
        now = (clock or FakeClock("2026-11-23T18:00:00.000Z"))()
        return update.look(self.data, "boothkit-0.2.0", reader or self.reader(), now, have)

    def refused(self, **how: Any) -> str:
        with pytest.raises(Problem) as problem:
            self.look(**how)
        assert problem.value.remedy
        return f"{problem.value.slug}: {problem.value.detail}"


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def test_the_running_slot_stays_and_the_other_holds_the_image_and_starts_next(yard: Yard) -> None:
    before = yard.a.read_bytes()
    assert update.install(yard.look(), yard.slots) == str(yard.b)
    assert yard.a.read_bytes() == before
    assert yard.b.read_bytes()[: len(IMAGE)] == IMAGE
    assert yard.cmdline.read_text() == f"console=tty0 root={yard.b} rootfstype=ext4 ro rootwait\n"
    assert update.install(yard.look(), yard.slots) == str(yard.a)


def test_what_central_did_not_sign_for_this_box_and_machine_is_refused(yard: Yard) -> None:
    assert "does not know central's key" in yard.refused(reader=PLACE)
    other = central_signer(yard.folder / "other" / "keys").verifier
    assert "bad-bundle" in yard.refused(reader=Reader("quay", "box-1", other))
    yard.sign("--scope", "quay/box-2")
    assert "it is for quay/box-2, this is quay/box-1" in yard.refused()
    yard.sign("--scope", "quay")
    assert yard.look().version == 2
    yard.sign("--arch", "riscv64")
    assert "it is for riscv64" in yard.refused()


def test_an_old_update_is_refused_and_so_is_an_expired_one_where_the_clock_can_tell(yard: Yard) -> None:
    assert "version 2 is not newer than 2" in yard.refused(have=2)
    assert "version 2 is not newer than 3" in yard.refused(have=3)
    late = FakeClock("2046-01-01T00:00:00.000Z")
    assert "it expired at" in yard.refused(clock=late)
    late.trust("none")
    assert yard.look(clock=late).version == 2


def test_an_image_that_is_not_the_signed_one_changes_nothing_that_starts(yard: Yard) -> None:
    found, line = yard.look(), yard.cmdline.read_text()
    yard.image.write_bytes(IMAGE[:-1] + b"\x01")
    with pytest.raises(Problem, match="not the one that central signed"):
        update.install(found, yard.slots)
    assert yard.cmdline.read_text() == line
    yard.image.write_bytes(IMAGE[:-1])
    assert f"has {len(IMAGE) - 1} bytes" in yard.refused()
    with pytest.raises(Problem, match="not the one that central signed"):
        update.install(found, yard.slots)
    assert yard.cmdline.read_text() == line


@pytest.mark.parametrize("line", ["console=tty0\n", "root=/dev/sda1\n", "root={a} root={b}\n", "", "root={a}\xff"])
def test_without_two_known_slots_nothing_is_written(yard: Yard, line: str) -> None:
    text = line.format(a=yard.a, b=yard.b)
    yard.cmdline.write_bytes(text.encode("latin-1"))
    before = yard.b.read_bytes()
    with pytest.raises(Problem, match="no-slot"):
        update.install(yard.look(), yard.slots)
    assert yard.b.read_bytes() == before
    assert yard.cmdline.read_bytes() == text.encode("latin-1")


def test_a_slot_that_is_missing_or_too_small_is_told(yard: Yard) -> None:
    yard.b.write_bytes(b"")
    with pytest.raises(Problem, match="room for 0 bytes"):
        update.install(yard.look(), yard.slots)
    yard.b.unlink()
    with pytest.raises(Problem, match="no-slot"):
        update.install(yard.look(), yard.slots)


def test_links_pipes_and_odd_names_are_no_updates(yard: Yard) -> None:
    yard.image.unlink()
    yard.image.symlink_to("/dev/zero")
    assert "not-found" in yard.refused()
    yard.image.unlink()
    os.mkfifo(yard.image)
    assert "is no file" in yard.refused()
    for name in ("", "../etc/passwd", "a/b", "A", ".hidden", "x" * 65):
        with pytest.raises(Problem, match="not-found"):
            update.look(yard.data, name, yard.reader(), FakeClock()(), 0)


@given(noise=st.binary(max_size=300), cut=st.integers(0, 400), at=st.integers(0, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
def test_no_bytes_but_the_signed_ones_are_a_note(yard: Yard, noise: bytes, cut: int, at: int) -> None:
    good = yard.note.read_bytes()
    bad = good[:at] + noise + good[at + cut :]
    reader, now = yard.reader(), FakeClock()()
    if bad == good:
        return
    with pytest.raises(Problem, match="bad-bundle"):
        reader.read(bad, now, "update")


@pytest.fixture
def steward(yard: Yard) -> Iterator[Callable[..., dict[str, Any]]]:
    """The steward of a box with an event that is not yet open."""
    box = EngineBox(yard.folder / "journal", clock=FakeClock("2026-11-23T18:00:00.000Z"))
    journal, loop = Journal(yard.folder / "journal"), Loop("steward")
    one = Steward(loop, yard.run, journal, box.clock, {"update.apply": ("till",)}, lambda _: yard.look(), list, list)

    def answer(user: str, open_first: bool = False) -> dict[str, Any]:
        if open_first:
            box.open_event()
        return one.answer(wire.pack({"id": "a", "verb": "update.apply", "data": {"name": "boothkit-0.2.0"}}), user)

    yield answer
    one.close()
    loop.close()
    journal.close()
    box.engine.close()


def test_the_steward_hands_a_good_update_to_the_system_and_the_installer_takes_it_once(
    yard: Yard, steward: Callable[..., dict[str, Any]]
) -> None:
    assert steward("portal")["refusal"]["slug"] == "role"
    assert list((yard.run / ASKED).iterdir()) == []
    assert steward("till")["answer"] == {"release": "0.2.0", "version": 2}
    assert [path.name for path in (yard.run / ASKED).iterdir()] == ["update"]
    yard.configured()
    said = yard.boothkit("update", "--config", str(yard.folder / "box.toml"))
    assert "Boothkit 0.2.0" in said
    assert f"root={yard.b} " in yard.cmdline.read_text()
    page = read_all(yard.run)["update"]
    assert (page["state"], page["standing"]) == ("ready", True)
    assert list((yard.run / ASKED).iterdir()) == []
    assert "nobody asked" in yard.boothkit("update", "--config", str(yard.folder / "box.toml"), code=1)
    words = ("update", "boothkit-0.2.0", "--config", str(yard.folder / "box.toml"))
    assert "not newer than 2" in yard.boothkit(*words, code=1)
    assert read_all(yard.run)["update"]["state"] == "degraded"


def test_no_update_begins_while_an_event_is_open(yard: Yard, steward: Callable[..., dict[str, Any]]) -> None:
    assert steward("till", open_first=True)["refusal"]["slug"] == "guardrail"
    assert list((yard.run / ASKED).iterdir()) == []
