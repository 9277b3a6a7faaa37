"""Boxes that are backed up and restored in this process; a stick is a small file system of its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.backup import make, passphrase, restore
from appliance.backup.contents import Place
from appliance.backup.make import Beat, Made
from appliance.backup.passphrase import Recipient
from appliance.backup.restore import Restored
from appliance.clock import FakeClock
from appliance.durable import write_durably
from appliance.private.secrets import Secrets
from appliance.services.recorder.server import lock
from tests.conftest import EngineBox

PASSPHRASE = "vier lampen auf dem tisch"
TICKET = "a1" * 12


@pytest.fixture(scope="session")
def recipient() -> Recipient:
    return passphrase.new(PASSPHRASE, memory_kib=8, passes=1)


class Sold:
    """A box on which somebody sold, signed in and gave a name; with a passphrase."""

    def __init__(self, folder: Path, recipient: Recipient) -> None:
        self.data = folder / "data"
        self.box = EngineBox(self.data)
        (self.data / "box.id").write_text("box-7\n")
        self.event = self.box.open_event()
        self.box.do("tickets.issue", list="general", tickets=[{"ticket": TICKET, "holder": "Zyx Grundhild"}])
        write_durably(self.data / "keys" / passphrase.PUBLIC, recipient.text().encode(), 0o644)
        secrets = Secrets(self.data, FakeClock())
        secrets.add("Ada", "lead", "123456")
        self.grant = secrets.login("123456", None, "10.0.0.1")
        secrets.close()

    def sell(self, note: str = "") -> str:
        asked = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 500}]}
        reply = self.box.ask("sale.complete", asked | ({"note": note} if note else {}), role="staff")
        number: str = reply["answer"]["number"]
        return number

    def place(self) -> Place:
        return place(self.data, "box-7")

    def back_up(self, path: Path, typed: str | None = None, beat: Beat = lambda stage, percent: None) -> Made:
        return make.to_file(self.place(), path, self.box.clock(), typed, beat)


def place(data: Path, box: str = "") -> Place:
    return Place(data, box, "cell", data / "authority")


def put_back(path: Path, data: Path, typed: str = PASSPHRASE, box: str = "") -> Restored:
    return restore.restore(path, place(data, box), lambda: typed, held=lock)


@pytest.fixture
def sold(tmp_path: Path, recipient: Recipient) -> Iterator[Sold]:
    made = Sold(tmp_path, recipient)
    yield made
    made.box.engine.close()


class Stick:
    """A file system of ``kilobytes``."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        self.path = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], check=True)

    def pull(self) -> None:
        subprocess.run(["umount", "-l", str(self.path)], check=True)

    def read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Stick]:
    if os.geteuid() != 0:
        pytest.skip("needs root: it mounts a small file system as the stick")
    made = Stick(tmp_path / "stick", 4096)
    yield made
    while made.path.is_mount():
        made.pull()
