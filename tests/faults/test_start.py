"""What keeps a box from starting is said once, clearly, with what to do; nothing spins, nothing stays behind."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.services.context import default_run
from tests.conftest import wait_until
from tests.faults.conftest import COFFEE, LONG_S, Box, boothkit

NOBODY = 65534
MEEK = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""root without its right to pass over permissions, so like anybody else; it still finds the interpreter."""
root = pytest.mark.skipif(os.getuid() != 0, reason="needs root: it mounts a file system or changes the user")


ANY_PORT = ("--staff-port", "0", "--portal-port", "0", "--bench-port", "0")


def up(data: Path, *more: str, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """`boothkit up --demo` that is not expected to come up."""
    return boothkit("up", "--demo", "--data", str(data), *more, before=before)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('[mqtt]\nbrokr = "a:1883"\n', ["'brokr'", "[mqtt]", "broker, user, password_file"]),
        ('[mqqt]\nbroker = "a:1883"\n', ["'mqqt'", "mqtt", "devices"]),
        ("[staff]\nport = 99999\n", ["staff.port", "65535", "99999"]),
        ('[staff]\nport = "x"\n', ["staff.port", "int", "'x'"]),
        ('[mqtt]\nbroker = "nowhere"\n', ["mqtt.broker", "'nowhere'", "host:port"]),
        ('[devices]\ntoaster = "tcp://a:1"\n', ["'toaster'", "printer, scanner, footfall, power"]),
        ("[staff]\nport = 1 2\n", ["line 2"]),
    ],
)
def test_a_typo_in_the_configuration_names_file_key_and_what_is_allowed(
    tmp_path: Path, toml: str, says: list[str]
) -> None:
    file = tmp_path / "boothkit.toml"
    file.write_text(toml)
    done = up(tmp_path / "box", "--config", str(file))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for words in (str(file), *says):
        assert words in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 2, "what, and what to do"
    assert not (tmp_path / "box").exists()


@pytest.mark.parametrize(
    ("option", "worker"), [("--staff-port", "till"), ("--portal-port", "portal"), ("--bench-port", "bench")]
)
def test_a_taken_port_ends_up_naming_worker_port_and_what_to_do(tmp_path: Path, option: str, worker: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = up(tmp_path / "box", *ANY_PORT, option, str(port))
    assert done.returncode == 2
    assert done.stdout == ""
    what, remedy = done.stderr.splitlines()[-2:]
    assert what.startswith(f"boothkit: {worker}: ")
    assert str(port) in what
    assert "port" in remedy
    assert done.stderr.count('"worker.started"') <= 12, "it did not spin"


def test_a_port_that_is_taken_while_the_box_runs_is_a_state_and_heals_by_itself(new_box: Callable[..., Box]) -> None:
    """Somebody else gets the port in the moment in which the till restarts: the box says so, and goes on."""
    box = new_box()
    port = int(box.ready["staff"].rpartition(":")[2])
    pid = box.signal("till", signal.SIGSTOP)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.kill(pid, signal.SIGKILL)

        def stolen() -> bool:
            try:
                thief.bind(("127.0.0.1", port))
            except OSError:
                return False
            return True

        wait_until(stolen, "the port is ours", LONG_S)
        thief.listen()
        wait_until(lambda: str(port) in box.worker("till")["reason"], "the reason", LONG_S)
        told = json.loads(box.program("status", "--json").stdout)["workers"]["till"]
        assert told["state"] in ("restarting", "waiting", "starting")
        assert str(port) in told["reason"]
        assert "port" in told["remedy"]
        assert "port" in box.told("workers", "till")
    box.wait_back("till", pid)
    box.login()
    assert box.post("/sales", COFFEE)["sale"]


def test_a_second_start_is_refused_and_leaves_the_first_one_as_it_was(new_box: Callable[..., Box]) -> None:
    box = new_box()
    resolved = (box.run / "config.json").read_bytes()
    done = up(box.data, *ANY_PORT)
    assert done.returncode == 2
    assert "already up" in done.stderr
    assert "Traceback" not in done.stderr
    assert (box.run / "config.json").read_bytes() == resolved, "a worker that restarts must find its own configuration"
    box.login()
    assert box.post("/sales", COFFEE)["sale"]


def test_the_status_of_a_folder_where_no_box_has_been_says_so_and_makes_nothing(tmp_path: Path) -> None:
    done = boothkit("status", "--data", str(tmp_path / "nothing"))
    assert done.returncode == 2
    assert "no box has been here" in done.stderr
    assert not (tmp_path / "nothing").exists()


@root
@pytest.mark.parametrize("there", [True, False])
def test_a_data_folder_that_this_user_may_not_write_is_named(tmp_path: Path, there: bool) -> None:
    others = tmp_path / "others"
    others.mkdir()
    os.chown(others, NOBODY, NOBODY)
    data = others if there else others / "box"
    done = up(data, *ANY_PORT, before=MEEK)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    what, remedy = done.stderr.splitlines()[-2:]
    assert str(data) in what
    assert "--data" in remedy


@root
def test_a_data_folder_on_a_read_only_file_system_is_named(tmp_path: Path) -> None:
    data = tmp_path / "box"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(data)], check=True)
    try:
        done = up(data, *ANY_PORT)
    finally:
        subprocess.run(["umount", str(data)], check=True)
    assert done.returncode == 2
    assert f"{data}: its file system is read-only" in done.stderr
    assert "Traceback" not in done.stderr
    assert not default_run(data).exists(), "nothing was begun"
