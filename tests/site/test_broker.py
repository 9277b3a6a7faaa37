"""What the site's broker lacks it says, with what to do; and whom it lets in."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance import config as configuration
from appliance.config import Config
from appliance.errors import ConfigError
from tests.brokers import free_port
from tests.conftest import Process, wait_until
from tests.systemd.conftest import Namespace, needs

Worker = Callable[..., Process]


def toml(port: int, password: Path | str) -> str:
    site = f'[site]\nserve = true\nbroker = "127.0.0.1:{port}"\nport = {port}\npassword_file = "{password}"\n'
    return f'[staff]\nhost = "127.0.0.1"\nhttps_port = 0\nhttps_names = ["127.0.0.1"]\n{site}'


def page(run: Path) -> dict[str, Any]:
    """What the worker shows."""
    file = run / "board" / "site" / "page.json"
    shown: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return shown


@pytest.fixture
def password(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    file = tmp_path / "password"
    file.write_text("salt and pepper\n")
    return file


def connack(run: Path, port: int, user: str, word: str) -> int:
    """The reason code that an MQTT 5 CONNECT over TLS is answered with (MQTT 5.0 §3.2.2.2)."""
    context = ssl.create_default_context(cafile=run / "pki" / "ca.pem")
    said = b"\x00\x04MQTT\x05\xc2\x00\x0a\x00" + b"".join(
        len(text).to_bytes(2, "big") + text for text in (b"probe", user.encode(), word.encode())
    )
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as link,
    ):
        link.sendall(bytes([0x10, len(said)]) + said)
        answer = link.recv(64)
    assert answer[0] == 0x20, answer
    return answer[3]


def test_who_knows_the_password_comes_in_over_tls_and_nobody_else(
    worker: Worker, run_folder: Path, password: Path
) -> None:
    port = free_port()
    broker = worker("site", toml(port, password))
    wait_until(lambda: page(run_folder).get("state") == "ready", "it answers")
    assert connack(run_folder, port, "site", "salt and pepper") == 0
    assert connack(run_folder, port, "site", "salt or pepper") == 0x87
    assert connack(run_folder, port, "guest", "salt and pepper") == 0x87
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.sendall(b"\x10\x12\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x05probe")
        with suppress(ConnectionResetError):
            assert plain.recv(4)[:1] != b"\x20", "without TLS it talks to nobody"
    hashes = run_folder / "site" / "passwords"
    assert (hashes.stat().st_mode & 0o777, b"pepper" in hashes.read_bytes()) == (0o600, False)
    assert b"pepper" not in broker.log.read_bytes()


def test_a_broker_that_dies_is_started_again_and_ends_with_its_worker(
    worker: Worker, run_folder: Path, password: Path
) -> None:
    port = free_port()
    broker = worker("site", toml(port, password))
    wait_until(lambda: page(run_folder).get("state") == "ready", "it answers")
    pid = int((run_folder / "site" / "mosquitto.pid").read_text())
    os.kill(pid, signal.SIGKILL)

    def again() -> bool:
        file = run_folder / "site" / "mosquitto.pid"
        return file.exists() and file.read_text().strip() not in ("", str(pid)) and page(run_folder)["state"] == "ready"

    wait_until(again, "another one answers")
    assert connack(run_folder, port, "site", "salt and pepper") == 0
    now = int((run_folder / "site" / "mosquitto.pid").read_text())
    broker.kill()
    wait_until(lambda: not Path(f"/proc/{now}").exists(), "it went with its worker")


def test_what_it_lacks_is_named_and_mended_without_a_restart(worker: Worker, run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    password = tmp_path / "password"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        worker("site", toml(port, password))
        wait_until(lambda: "No such file" in page(run_folder).get("reason", ""), "there is no password")
        assert page(run_folder)["remedy"] == "Name a file with the site's password."
        password.write_text("short\n")
        wait_until(lambda: "cannot be used" in page(run_folder)["reason"], "it is too short")
        password.write_text("salt and pepper\n")
        wait_until(lambda: page(run_folder)["reason"] == f"nothing can listen at port {port}: it is taken", "so")
    wait_until(lambda: page(run_folder)["state"] == "ready", "it answers")


def test_without_mosquitto_it_says_what_to_install(tmp_path: Path, run_folder: Path, password: Path) -> None:
    needs("unshare", "nsenter", "mosquitto_passwd", root=True)
    place = Namespace("mount --bind /dev/null /usr/sbin/mosquitto")
    (tmp_path / "box.toml").write_text(toml(free_port(), password))
    argv = [sys.executable, "-m", "appliance.cli", "worker", "site", "--data", tmp_path / "data"]
    argv += ["--config", tmp_path / "box.toml"]
    with subprocess.Popen(place.argv(*argv), env={**os.environ, "BOOTHKIT_RUN": str(run_folder)}) as process:
        try:
            wait_until(lambda: page(run_folder).get("reason") == "mosquitto is not installed", "it says so")
            assert "apt-get install mosquitto" in page(run_folder)["remedy"]
        finally:
            process.terminate()
    place.close()


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ({"broker": "quay"}, "site.broker"),
        ({"broker": "user@quay:8883"}, "host:port only"),
        ({"serve": True}, "wants broker and password_file too"),
        ({"port": 70_000}, "site.port"),
        ({"brokers": "quay:8883"}, "unknown key 'brokers' in [site]"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, site: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("[", r"\[").replace("]", r"\]")):
        configuration.load(None, above={"site": site})
    assert msgspec.convert({"site": {}}, Config).site.serve is False
