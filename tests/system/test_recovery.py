"""What falls over comes back by itself, and takes nobody with it: real units, systemd's own watchdog."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.commands.worker import WORKERS
from tests.conftest import wait_until
from tests.system.container import Container, booted
from tests.system.hands import boothkit

LONG_S = 60.0
NO_MEMORY = "[Service]\nLimitAS=16M\n"
READER = """
import sqlite3, sys
db = sqlite3.connect("file:/var/lib/boothkit/journal.db?mode=ro", uri=True, isolation_level=None)
for _ in sys.stdin:
    print(db.execute("SELECT count(*) FROM fact").fetchone()[0], flush=True)
"""


@pytest.fixture(scope="module")
def box(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """One box for all harm that is done here; every test leaves it well."""
    with booted(tree, tmp_path_factory.mktemp("recovery")) as made:
        boothkit(made, "event", "create", "--name", "Quay", "--area-m2", "12")
        yield made


def unit(worker: str) -> str:
    return f"boothkit-{worker}.service"


def pids(box: Container) -> dict[str, int]:
    """The workers' processes now; 0 = none."""
    said = box.run(["systemctl", "show", "--property=Id,MainPID", *map(unit, WORKERS)]).stdout
    pairs = (dict(line.split("=", 1) for line in block.splitlines()) for block in said.strip().split("\n\n"))
    found = {pair["Id"]: int(pair["MainPID"]) for pair in pairs}
    return {worker: found[unit(worker)] for worker in WORKERS}


def wait_back(box: Container, before: dict[str, int], *workers: str) -> None:
    """Until these are active in new processes; then all others are still the same ones."""

    def back() -> bool:
        now = pids(box)
        return all(now[worker] not in (0, before[worker]) for worker in workers)

    wait_until(back, f"{', '.join(workers)} in new processes", LONG_S)
    box.wait_active(*map(unit, workers))
    now = pids(box)
    assert {worker for worker in WORKERS if now[worker] != before[worker]} == set(workers)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_killed_worker_is_back_and_the_others_did_not_notice(box: Container, worker: str) -> None:
    before = pids(box)
    box.run(["kill", "-KILL", str(before[worker])])
    wait_back(box, before, worker)


@pytest.mark.parametrize("hung", [("recorder",), tuple(name for name in WORKERS if name != "recorder")], ids=len)
def test_the_watchdog_replaces_what_hangs_and_nothing_else(box: Container, hung: tuple[str, ...]) -> None:
    before = pids(box)
    box.run(["kill", "-STOP", *(str(before[worker]) for worker in hung)])
    wait_back(box, before, *hung)
    log = box.journal("--unit=boothkit*", "--output=cat", "--grep=Watchdog timeout")
    assert all(f"{unit(worker)}: Watchdog timeout" in log for worker in hung), log


@pytest.mark.parametrize("starved", [("recorder",), tuple(name for name in WORKERS if name != "recorder")], ids=len)
def test_what_has_no_memory_is_tried_again_until_there_is_some(box: Container, starved: tuple[str, ...]) -> None:
    before = pids(box)
    for worker in starved:
        folder = f"/run/systemd/system/{unit(worker)}.d"
        box.run(["mkdir", "-p", folder])
        box.run(["tee", f"{folder}/memory.conf"], input=NO_MEMORY)
    box.run(["systemctl", "daemon-reload"])
    tries = {worker: int(box.show(unit(worker), "NRestarts")) for worker in starved}
    box.run(["kill", "-KILL", *(str(before[worker]) for worker in starved)])
    for worker in starved:
        wait_until(
            lambda worker=worker: int(box.show(unit(worker), "NRestarts")) >= tries[worker] + 3,
            f"{worker} was tried three times",
            LONG_S,
        )
        box.run(["rm", f"/run/systemd/system/{unit(worker)}.d/memory.conf"])
    box.run(["systemctl", "daemon-reload"])
    wait_back(box, before, *starved)
    assert boothkit(box, "journal", "verify")["ok"] is True


def test_what_a_unit_said_before_it_failed_outlives_the_log(box: Container) -> None:
    """The tests above made them fail; the log itself is in memory."""
    notes = Path(box.data / ".var" / "up" / "lib" / "boothkit-crash")
    wait_until(lambda: any(notes.glob("notes*")), "a crash note", LONG_S)
    text = "".join(path.read_text(errors="replace") for path in notes.glob("notes*"))
    assert "== boothkit-recorder.service" in text
    assert sum(path.stat().st_size for path in notes.iterdir()) <= 256 * 1024
    assert box.run(["ls", "/var/log/journal"], check=False).stdout.strip() == ""


@pytest.mark.parametrize(("how", "news"), [("restart", "open"), ("stop", "close")])
def test_a_reader_of_another_user_outlives_the_recorder(box: Container, how: str, news: str, tmp_path: Path) -> None:
    """When SQLite's last writer closes, it takes the shared memory away, and who may not write it reads no more."""
    output = tmp_path / "said"
    with box.popen(["python3", "-I", "-c", READER], output, user="boothkit-portal") as reader:

        def count(lines: int) -> int:
            assert reader.stdin is not None
            reader.stdin.write("\n")
            reader.stdin.flush()
            wait_until(lambda: output.read_text().count("\n") == lines, f"line {lines}; said {output.read_text()!r}")
            return int(output.read_text().splitlines()[-1])

        try:
            first = count(1)
            box.run(["systemctl", how, unit("recorder")])
            second = count(2)
            late = box.run(["python3", "-I", "-c", READER], user="boothkit-portal", input="\n").stdout
            assert int(late) == second >= first
            box.run(["systemctl", "start", unit("recorder")])
            box.wait_active(unit("recorder"))
            boothkit(box, "event", news)
            assert count(3) > second
        finally:
            reader.kill()


def test_everything_is_well_after_all_that(box: Container) -> None:
    box.wait_active(*box.units())
    assert box.failed() == ""

    def states() -> dict[str, str]:
        return {name: worker["state"] for name, worker in boothkit(box, "status")["workers"].items()}

    wait_until(lambda: states() == dict.fromkeys(WORKERS, "ready"), "https has asked the new till")
    status = boothkit(box, "status")
    assert all(worker["restarts"] >= 2 for worker in status["workers"].values()), json.dumps(status["workers"])


def test_power_off_that_the_steward_is_asked_for_switches_the_box_off(box: Container) -> None:
    ask = (
        "import json, socket; link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); link.settimeout(10)\n"
        "link.connect('/run/boothkit/steward/steward.sock')\n"
        "link.send(json.dumps({'id': 'x', 'verb': 'power.off', 'data': {}}).encode())\n"
        "print(link.recv(9999).decode())\n"
    )
    said = box.run(["python3", "-I", "-c", ask], user="boothkit-power").stdout
    assert json.loads(said)["ok"] is True
    assert box.wait_off() == 0
