"""The till as a process: its port, its end, its watchdog."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask

from appliance import log
from tests.web.conftest import TOML, House
from tests.web.test_streams import Follower
from web.common.serving import PortTaken, Server


def test_a_taken_port_is_named_and_ends_the_worker_with_code_3(tmp_path: Path, run_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        config = tmp_path / "box.toml"
        config.write_text(TOML.replace("port = 0", f"port = {port}"))
        argv = [sys.executable, "-m", "appliance.cli", "worker", "till"]
        done = subprocess.run(
            [*argv, "--config", str(config), "--data", str(tmp_path)],
            env={"BOOTHKIT_RUN": str(run_folder)},
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 3
    event = json.loads(done.stderr.splitlines()[-1])
    assert (event["event"], event["fields"]["port"]) == ("port.taken", port)
    assert event["fields"]["remedy"]


def test_it_ends_at_once_with_a_stream_open_and_says_where_it_was(own_house: House) -> None:
    assert own_house.board("till")["url"].startswith("http://127.0.0.1:")
    with closing(Follower(own_house, 10**9)):
        assert own_house.till.kill(signal.SIGTERM) == 0
    assert own_house.board("till")["state"] == "stopping"


def test_a_lock_out_and_a_sign_in_outlive_a_restart_of_the_till(own_house: House) -> None:
    client = own_house.client()
    client.headers = {"Cookie": "bk_device=restart"}
    slugs = [client.ask("POST", "/api/v1/login", {"pin": "999999"}).slug for _ in range(5)]
    assert slugs[-1] == "throttled"
    own_house.till.kill(signal.SIGTERM)
    own_house.till.start()
    client.url = own_house.board("till")["url"]
    assert client.ask("POST", "/api/v1/login", {"pin": "123456"}).slug == "throttled"


@contextmanager
def served(app: Flask, threads: int) -> Iterator[Server]:
    server = Server(app, "127.0.0.1", 0, threads=threads, log=log.get("test"))
    yield server
    server.stop()


def test_the_watchdog_sees_an_app_whose_threads_all_hang() -> None:
    app, let_go = Flask("hanging"), threading.Event()

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.get("/hang")
    def hang() -> str:
        let_go.wait(60)
        return "late"

    with served(app, threads=2) as server:
        assert server.answers("/health", 10)
        stuck = [socket.create_connection((server.host, server.port)) for _ in range(2)]
        for connection in stuck:
            connection.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        deadline = time.monotonic() + 30
        while server.answers("/health", 0.2):
            assert time.monotonic() < deadline
        let_go.set()
        for connection in stuck:
            connection.recv(100)
            connection.close()
        assert server.answers("/health", 10)


def test_an_error_is_no_sign_of_life() -> None:
    app = Flask("failing")
    with served(app, threads=1) as server:
        assert not server.answers("/health", 10)


def test_a_port_belongs_to_one_server() -> None:
    app = Flask("first")
    with served(app, threads=1) as server, pytest.raises(PortTaken) as caught:
        Server(app, "127.0.0.1", server.port, threads=1, log=log.get("test"))
    assert str(server.port) in str(caught.value)


def test_two_hundred_idle_connections_do_not_stop_it(house: House) -> None:
    host, port = house.url.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port)), timeout=10) for _ in range(200)]
    assert house.client().get("/catalogue").status == 200
    for connection in idle:
        connection.close()
