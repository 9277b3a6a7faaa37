"""A backup by the maker that only reads, through real units and users; and a new card that becomes the old box."""

import base64
import json
from collections.abc import Callable

from tests.conftest import wait_until
from tests.system.container import Container
from tests.system.hands import boothkit, facts, wait_for_fact

ASK = """
import json, socket
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
    link.settimeout(20)
    link.connect("/run/boothkit/steward/steward.sock")
    link.send(json.dumps({"id": "x", "verb": "backup.make", "data": {"to": "stick"}}).encode())
    print(link.recv(9999).decode())
"""
STICK = "/run/boothkit/stick"
OWNERS = {
    "journal.db": "boothkit-recorder:boothkit-journal",
    "people.db": "boothkit-recorder:boothkit-people 640",
    "secrets.db": "boothkit-till:boothkit-till 600",
    "secrets.db-journal": "boothkit-till:boothkit-till 600",
    "keys/box.key": "boothkit-recorder:boothkit-recorder 600",
    "keys/backup.pub": "boothkit-recorder:boothkit-recorder 644",
    "box.id": "boothkit-recorder",
}


def ask(box: Container, **who: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(box.run(["python3", "-I", "-c", ASK], **who).stdout)
    return found


def told(box: Container) -> str:
    return str(boothkit(box, "status")["workers"].get("backup", {}).get("reason", ""))


def passphrase(box: Container) -> None:
    box.run(["sh", "-c", "umask 077; echo vier lampen auf dem tisch >/run/passphrase"])


def test_a_box_is_backed_up_by_who_may_only_read_and_a_new_card_becomes_it(
    boxes: Callable[[str], Container],
) -> None:
    old = boxes("old")
    old.start()
    boothkit(old, "event", "create", "--name", "Quay", "--area-m2", "12")
    boothkit(old, "event", "open")
    old.run(["boothkit", "staff", "add", "Ada", "--role", "lead"])
    assert ask(old, user="boothkit-printing")["ok"] is False
    assert ask(old, unit="boothkit-till.service")["ok"] is True
    assert "No stick is plugged in" in wait_until(lambda: told(old), "what is missing")
    passphrase(old)
    boothkit(old, "backup", "--new-passphrase-file", "/run/passphrase")
    old.run(["mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec,uid=484,gid=485,mode=0750", "tmpfs", STICK])
    assert ask(old, unit="boothkit-till.service")["ok"] is True
    assert wait_for_fact(old, "backup.made/1")["kind"] == "file"
    wait_until(lambda: not told(old), "the fault is gone")
    (name,) = old.run(["ls", STICK]).stdout.split()
    assert old.run(["ls", "/run/boothkit/steward/asked"]).stdout == ""
    assert old.run(["find", "/var/lib/boothkit", "-user", "root"]).stdout == ""
    # The till sees it, and no other worker does.
    assert old.run(["ls", STICK], unit="boothkit-till.service").stdout.split() == [name]
    assert old.run(["ls", STICK], unit="boothkit-printing.service", check=False).stdout == ""
    raw = base64.b64decode(old.run(["base64", f"{STICK}/{name}"]).stdout)
    ident = boothkit(old, "status")["box"]
    before = facts(old)

    new = boxes("new")
    new.start()
    passphrase(new)
    (new.data / "box.tar").write_bytes(raw)
    restore = ["boothkit", "restore", "/data/box.tar", "--passphrase-file", "/run/passphrase"]
    refused = new.run(restore, check=False)
    assert (refused.returncode, "systemctl stop boothkit.target" in refused.stderr) == (1, True)
    new.run(["systemctl", "stop", "boothkit.target"])
    assert f"{ident} is restored" in new.run(restore).stdout
    new.run(["systemctl", "start", "boothkit.target"])
    new.wait_active("boothkit-recorder.service")
    status = wait_until(lambda: (found := boothkit(new, "status"))["log"] == 2 and found, "the new log")
    assert status["box"] == ident
    assert facts(new)[: status["journal"]["pos"]][0] == before[0]
    assert "Ada" in new.run(["boothkit", "staff", "list"]).stdout
    for path, owner in OWNERS.items():
        said = new.run(["stat", "--format=%U:%G %a", f"/var/lib/boothkit/{path}"]).stdout
        assert said.startswith(owner), (path, said)
    wait_until(lambda: boothkit(new, "status")["workers"]["till"]["state"] == "ready", "the till")
