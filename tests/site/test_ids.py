"""Codes of a shop are known at both doors by one name, which is made with a secret that the boxes share."""

import subprocess
import sys
from pathlib import Path

from tests.site.conftest import LIST, Door, NewDoor

CODE = "PRETIX-7F3A-PLAIN"


def key_of(door: Door) -> str:
    return (door.data / "keys" / "ticket.key").read_text().strip()


def bring(door: Door) -> None:
    door.do("tickets.import", **{"list": LIST, "import": "i1", "part": 1, "tickets": [{"code": CODE}]})


def test_a_shops_code_that_went_in_at_one_door_is_refused_at_the_other(new_door: NewDoor) -> None:
    one, other = new_door("quay-a"), new_door("quay-b")
    one.meet(other)
    other.meet(one)
    other.event(one.event())
    assert other.do("ticket.ids", key=key_of(one)) == {"changed": True}
    assert other.do("ticket.ids", key=key_of(one)) == {"changed": False}
    for door in (one, other):
        bring(door)
    assert one.do("ticket.scan", code=CODE)["verdict"] == "admitted"
    other.listen(one)
    assert other.do("ticket.scan", code=CODE)["reason"] == "already_used"
    assert CODE not in "".join(one.bodies() + other.bodies())


def test_names_that_were_given_stay(new_door: NewDoor) -> None:
    one, other = new_door("quay-a"), new_door("quay-b")
    other.event()
    bring(other)
    before = key_of(other)
    assert other.ask("ticket.ids", {"key": key_of(one)})["refusal"]["slug"] == "tickets-named"
    for wrong in ("", "zz", "ab" * 31, "ab" * 33):
        assert other.ask("ticket.ids", {"key": wrong})["refusal"]["slug"] == "validation"
    assert other.ask("ticket.ids", {"key": key_of(one)}, role="staff")["refusal"]["slug"] == "role"
    assert key_of(other) == before
    assert other.do("ticket.scan", code=CODE)["verdict"] == "admitted"


def test_the_secret_goes_from_box_to_box_in_a_file(tmp_path: Path) -> None:
    def boothkit(box: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "appliance.cli", *words, "--data", str(tmp_path / box)]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    for box in ("a", "b"):
        assert boothkit(box, "event", "create", "--name", "Markt", "--area-m2", "12").returncode == 0
    file = tmp_path / "ids"
    assert boothkit("a", "tickets", "ids", "export", str(file)).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    said = boothkit("b", "tickets", "ids", "use", str(file))
    assert "the same names" in said.stdout
    keys = {(tmp_path / box / "keys" / "ticket.key").read_text() for box in ("a", "b")}
    assert len(keys) == 1
    file.write_text("no key\n")
    wrong = boothkit("b", "tickets", "ids", "use", str(file))
    assert (wrong.returncode, "64 hexadecimal digits" in wrong.stderr) == (2, True)
