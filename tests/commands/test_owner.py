"""Root works on a service's data folder as the service's own user."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.owner import as_owner

NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, which it is about")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o1 == 0:
            folder.chmod(folder.stat().st_mode | 0o1)
    made = tmp_path / "data"
    made.mkdir(mode=0o751)
    os.chown(made, NOBODY, NOBODY)
    return made


def test_everything_that_a_command_of_root_makes_belongs_to_the_service(data: Path, tmp_path: Path) -> None:
    env = {**os.environ, "BOOTHKIT_DATA": str(data), "BOOTHKIT_RUN": str(tmp_path / "run")}

    def boothkit(*words: str) -> None:
        argv = [sys.executable, "-m", "appliance.cli", *words]
        subprocess.run(argv, env=env, capture_output=True, check=True, timeout=60)

    create = ["--name", "Quay", "--currency", "EUR", "--timezone", "UTC", "--area-m2", "12"]
    out = tmp_path / "tickets.csv"
    boothkit("event", "create", *create)
    boothkit("event", "open")
    boothkit("tickets", "issue", "--list", "general", "--count", "2", "--out", str(out))
    boothkit("journal", "rebuild")
    made = [path for path in data.rglob("*") if path.is_file()]
    assert {"journal.db", "box.id", "command.key"} <= {path.name for path in made}
    assert {path.name: path.stat().st_uid for path in made} == {path.name: NOBODY for path in made}
    assert all(path.stat().st_mode & 0o006 == 0 for path in made if path.suffix not in (".pub", ".id"))
    assert out.stat().st_uid == 0


def test_root_follows_no_link_that_the_service_laid(data: Path, tmp_path: Path) -> None:
    prize = tmp_path / "prize"
    prize.mkdir(mode=0o700)
    (data / "trap").symlink_to(prize / "file")
    with as_owner(data), pytest.raises(PermissionError):
        (data / "trap").write_text("caught")
    assert (os.geteuid(), os.getegid()) == (0, 0)
    assert list(prize.iterdir()) == []


def test_roots_own_folders_and_missing_ones_are_worked_on_as_root(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with as_owner(path):
            assert os.geteuid() == 0
