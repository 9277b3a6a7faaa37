"""What is broken into stays where it is: each worker's user on a whole box, tried from the inside of its sandbox."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.commands.worker import WORKERS
from appliance.domain.kernel import command_types
from appliance.services.recorder.keeping import OPERATIONS
from tests.conftest import wait_until
from tests.system.container import Container, booted
from tests.system.hands import boothkit
from tests.system.outside import ADDRESS, Outside

PYTHON = ["/usr/lib/boothkit/bin/python3", "-I", "-c"]

TRY = """
import json, socket, sys
def attempt(what, *words):
    try:
        return str(what(*words))
    except OSError as error:
        return type(error).__name__
def reach(kind, where):
    with socket.socket(*kind) as link:
        link.settimeout(5)
        link.connect(where)
    return "reached"
"""

SOCKETS = """
roles = json.load(sys.stdin)
kind = (socket.AF_UNIX, socket.SOCK_SEQPACKET)
print(json.dumps({role: attempt(reach, kind, f"/run/boothkit/{role}/recorder.sock") for role in roles}))
"""

FILES = """
asked = json.load(sys.stdin)
def read(path):
    with open(path, "rb") as file:
        file.read(1)
    return "read"
def write(path):
    with open(path, "r+b"):
        return "written"
def make(path):
    with open(path, "xb"):
        return "made"
does = {"read": read, "write": write, "make": make}
print(json.dumps({f"{verb} {path}": attempt(does[verb], path) for verb, path in asked}))
"""

COMMANDS = """
from pathlib import Path
from appliance.errors import Problem
from appliance.journal.client import RecorderClient
role, actor, names = json.load(sys.stdin)
client = RecorderClient(Path("/run/boothkit"), role)
said = {}
for name in names:
    try:
        client.send(name, {}, actor=actor, id=f"try-{name}")
        said[name] = "done"
    except Problem as problem:
        said[name] = problem.slug
print(json.dumps(said))
"""

INSIDE = """
print(attempt(reach, (socket.AF_UNIX, socket.SOCK_STREAM), json.load(sys.stdin)))
"""

OUTSIDE = """
host, port = json.load(sys.stdin)
print(attempt(reach, (socket.AF_INET, socket.SOCK_STREAM), (host, port)))
"""

STEWARD = """
verbs = json.load(sys.stdin)
said = {}
for verb, data in verbs.items():
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.settimeout(10)
        link.connect("/run/boothkit/steward/steward.sock")
        link.send(json.dumps({"id": "try", "verb": verb, "data": data}).encode())
        answer = json.loads(link.recv(99999))
        said[verb] = "done" if answer["ok"] else answer["refusal"]["slug"]
print(json.dumps(said))
"""

DATA = "/var/lib/boothkit"
REFUSED = {"PermissionError", "FileNotFoundError", "OSError"}
"""Not allowed, not even there, or a file system that is read-only (EROFS)."""

VERBS: dict[str, dict[str, Any]] = {
    "guest.admit": {"mac": "02:00:5e:10:00:01", "hours": 1},
    "guest.released": {},
    "clock.set": {"unix_ms": 1_600_000_000_000},
    "update.apply": {"name": "none"},
    "backup.make": {"to": "stick"},
    "power.off": {},
}
THEIRS = {
    "portal": {"guest.admit", "guest.released"},
    "till": {"clock.set", "update.apply", "backup.make", "power.off"},
    "uplink": {"update.apply", "backup.make"},
    "power": {"power.off"},
}


@pytest.fixture(scope="module")
def box(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """One box with an open event, for all tests here: nothing that they try may change it."""
    with booted(tree, tmp_path_factory.mktemp("isolation")) as made:
        boothkit(made, "event", "create", "--name", "Quay", "--area-m2", "12")
        boothkit(made, "event", "open")
        boothkit(made, "tickets", "keygen")
        made.run(["boothkit", "staff", "add", "Ada", "--role", "lead"])
        yield made


def inside(box: Container, worker: str, code: str, asked: Any, *, sandbox: bool = True) -> Any:
    """What a program of a worker's user gets, in the worker's own sandbox or without one."""
    who = {"unit": f"boothkit-{worker}.service"} if sandbox else {"user": f"boothkit-{worker}"}
    done = box.run([*PYTHON, TRY + code], input=json.dumps(asked), **who)
    said = done.stdout.strip()
    return json.loads(said) if said[:1] in "{[" else said


@pytest.mark.parametrize("sandbox", [True, False], ids=["in the sandbox", "as the bare user"])
@pytest.mark.parametrize(
    ("worker", "role"),
    [("portal", "guest"), ("till", "staff"), ("scanning", "device"), ("clockwork", "device"), ("uplink", "uplink")],
)
def test_a_worker_reaches_the_recorder_in_its_own_role_only(
    box: Container, worker: str, role: str, sandbox: bool
) -> None:
    roles = ["guest", "staff", "device", "uplink", "admin"]
    expected = {name: "reached" if name == role else "PermissionError" for name in roles}
    assert inside(box, worker, SOCKETS, roles, sandbox=sandbox) == expected


def test_the_portal_has_no_command_of_anybody_else(box: Container) -> None:
    commands = command_types()
    foreign = sorted(name for name, command in commands.items() if "guest" not in command.roles)
    foreign += [name for name, (roles, _) in OPERATIONS.items() if "guest" not in roles]
    assert {"sale.complete", "event.close", "drawer.open", "ticket.admit", "receipt.link"} <= set(foreign)
    for actor in ("guest:x", "staff:s1", "admin:cli"):
        said = inside(box, "portal", COMMANDS, ["guest", actor, foreign])
        assert set(said.values()) <= {"role"}, {name: slug for name, slug in said.items() if slug != "role"}


@pytest.mark.parametrize("sandbox", [True, False], ids=["in the sandbox", "as the bare user"])
def test_the_portal_cannot_write_the_journal_nor_read_keys_people_and_secrets(box: Container, sandbox: bool) -> None:
    there = box.run(["ls", f"{DATA}/keys"]).stdout.split()
    private = [f"{DATA}/keys/{name}" for name in there if name.endswith(".key")]
    assert len(private) == 5, there  # the box, its commands, the event, tickets, claim codes
    asked = [("read", path) for path in [*private, f"{DATA}/secrets.db", f"{DATA}/people.db"]]
    asked += [("write", f"{DATA}/journal.db"), ("write", f"{DATA}/journal.db-wal"), ("write", f"{DATA}/journal.db-shm")]
    asked += [("make", f"{DATA}/x"), ("make", f"{DATA}/keys/event-x.pub"), ("make", "/run/boothkit/x")]
    asked += [("make", "/run/boothkit/wake/x.sock"), ("make", "/run/boothkit/board/till/x")]
    asked += [("make", "/run/boothkit/steward/asked/power-off"), ("read", "/boot/firmware/boothkit.toml")]
    said = inside(box, "portal", FILES, asked, sandbox=sandbox)
    assert {what: got for what, got in said.items() if got not in REFUSED} == {}
    mine = [("read", f"{DATA}/journal.db"), ("read", f"{DATA}/keys/box.pub"), ("read", "/run/boothkit/config.json")]
    assert set(inside(box, "portal", FILES, mine, sandbox=sandbox).values()) == {"read"}


LOOK_AT_PAGES = {"scanning", "footfall", "power", "printing"}
"""What the journal wants of them stands on the recorder's page (docs/decisions/0008)."""


@pytest.mark.parametrize("worker", ["scanning", "footfall", "power", "clockwork", "printing", "uplink", "steward"])
def test_no_worker_reads_what_is_private_to_another(box: Container, worker: str) -> None:
    asked = [("read", f"{DATA}/{name}") for name in ("secrets.db", "people.db", "keys/box.key", "keys/command.key")]
    asked += [("write", f"{DATA}/journal.db"), ("make", f"{DATA}/x"), ("make", "/run/boothkit/board/till/x")]
    if worker not in LOOK_AT_PAGES:
        asked.append(("read", "/run/boothkit/board/till/page.json"))
    if worker in ("scanning", "footfall", "power", "clockwork"):
        asked += [("read", f"{DATA}/journal.db")]
    said = inside(box, worker, FILES, asked, sandbox=False)
    assert {what: got for what, got in said.items() if got not in REFUSED} == {}


@pytest.mark.parametrize("sandbox", [True, False], ids=["in the sandbox", "as the bare user"])
def test_https_has_its_own_key_and_nothing_that_it_stands_in_front_of(box: Container, sandbox: bool) -> None:
    box.wait_active("boothkit-https.service")
    wait_until(lambda: boothkit(box, "status")["workers"]["https"]["state"] == "ready", "https answers")
    mine = [("read", "/run/boothkit/pki/leaf.pem"), ("read", "/run/boothkit/pki/ca.pem")]
    assert set(inside(box, "https", FILES, mine, sandbox=sandbox).values()) == {"read"}
    asked = [("read", f"{DATA}/{name}") for name in ("secrets.db", "people.db", "journal.db", "keys/box.key")]
    asked += [("read", "/var/lib/boothkit-authority/authority.pem"), ("make", "/run/boothkit/pki/x")]
    asked += [("make", f"{DATA}/x"), ("make", "/run/boothkit/till/x"), ("make", "/run/boothkit/board/till/x")]
    said = inside(box, "https", FILES, asked, sandbox=sandbox)
    assert {what: got for what, got in said.items() if got not in REFUSED} == {}
    assert set(
        inside(box, "https", SOCKETS, ["guest", "staff", "device", "uplink", "admin"], sandbox=sandbox).values()
    ) == {"PermissionError"}


@pytest.mark.parametrize("worker", ["portal", "scanning", "printing", "uplink", "steward", "clockwork"])
def test_nobody_but_https_has_its_key_or_speaks_to_the_till_in_its_place(box: Container, worker: str) -> None:
    asked = [("read", "/run/boothkit/pki/leaf.pem"), ("read", "/var/lib/boothkit-authority/authority.pem")]
    said = inside(box, worker, FILES, asked, sandbox=False)
    assert {what: got for what, got in said.items() if got not in REFUSED} == {}
    assert inside(box, worker, INSIDE, "/run/boothkit/till/till.sock", sandbox=False) == "PermissionError"
    assert inside(box, "https", INSIDE, "/run/boothkit/till/till.sock", sandbox=False) == "reached"


ASK = """
print(attempt(reach, (socket.AF_UNIX, socket.SOCK_SEQPACKET), "/run/boothkit/footfall/ask.sock"))
"""


@pytest.mark.parametrize("sandbox", [True, False], ids=["in the sandbox", "as the bare user"])
def test_nobody_but_the_till_may_ask_what_a_camera_sees(box: Container, sandbox: bool) -> None:
    box.wait_active("boothkit-footfall.service")
    others = sorted({*WORKERS} - {"till", "footfall"})
    said = {worker: inside(box, worker, ASK, None, sandbox=sandbox) for worker in others}
    assert set(said.values()) == {"PermissionError"}, said
    assert inside(box, "till", ASK, None, sandbox=sandbox) == "reached"


def test_only_till_and_uplink_reach_the_world(box: Container) -> None:
    callers = {"till", "uplink"}
    with Outside(box) as outside:
        place = [ADDRESS, outside.port]
        in_sandbox = {name: inside(box, name, OUTSIDE, place) for name in WORKERS}
        as_user = {name: inside(box, name, OUTSIDE, place, sandbox=False) for name in WORKERS}
    assert {name for name, got in in_sandbox.items() if got == "reached"} == callers, in_sandbox
    assert {name for name, got in as_user.items() if got == "reached"} == callers, as_user
    assert outside.callers == 4


@pytest.mark.parametrize("worker", [*WORKERS, "games"])
def test_a_verb_of_the_steward_that_is_not_theirs_is_refused_and_logged(box: Container, worker: str) -> None:
    foreign = {verb: data for verb, data in VERBS.items() if verb not in THEIRS.get(worker, set())}
    user = worker if worker == "games" else f"boothkit-{worker}"
    done = box.run([*PYTHON, TRY + STEWARD], input=json.dumps(foreign), user=user)
    assert set(json.loads(done.stdout).values()) == {"role"}, done.stdout
    log = box.journal("--unit=boothkit-steward.service", "--output=cat")
    logged = {
        (event["fields"]["verb"], event["fields"]["user"])
        for event in map(json.loads, re.findall(r"\{.*\}", log))
        if event["event"] == "verb.refused"
    }
    assert {(verb, user) for verb in foreign} <= logged


def test_the_stewards_own_verbs_are_there_for_those_they_are_for(box: Container) -> None:
    own = {verb: VERBS[verb] for verb in ("guest.admit", "guest.released")}
    assert inside(box, "portal", STEWARD, own) == dict.fromkeys(own, "done")
    assert "02:00:5e:10:00:01" in box.run(["nft", "list", "set", "inet", "boothkit", "released"]).stdout
    # Before the last fact, and no such update: asked for by the right user, decided, and refused.
    said = inside(box, "till", STEWARD, {verb: VERBS[verb] for verb in ("clock.set", "update.apply")})
    assert said == {"clock.set": "clock-before", "update.apply": "guardrail"}


def test_nothing_that_was_tried_left_a_trace_in_the_journal(box: Container) -> None:
    assert boothkit(box, "journal", "verify")["ok"] is True
    assert box.failed() == ""
    restarts = {name: box.show(f"boothkit-{name}.service", "NRestarts") for name in WORKERS}
    assert set(restarts.values()) == {"0"}, restarts
