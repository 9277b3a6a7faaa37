"""A server that anybody may come to: newcomers get in, requests end, connections outlive what has no body."""

import socket
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response

from appliance import log
from web.common.serving import Server, Strangers

HEAD = b"GET / HTTP/1.1\r\nHost: box\r\n"
CROWDED = 6

Open = Callable[..., Server]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens a server of one page that never changes."""
    servers: list[Server] = []

    def start(strangers: Strangers | None) -> Server:
        app = Flask(__name__)
        app.add_url_rule("/", "page", view_func=lambda: Response(status=304))
        app.add_url_rule("/health", "health", view_func=lambda: "well")
        servers.append(Server(app, "127.0.0.1", 0, threads=2, log=log.get("portal"), strangers=strangers))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def dial(server: Server, address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 30, (address, 0))


def asked(link: socket.socket) -> bytes:
    """The answer's head; nothing when the server hung up."""
    try:
        link.sendall(HEAD + b"\r\n")
        got = b""
        while not got.endswith(b"\r\n\r\n"):
            if not (piece := link.recv(4096)):
                return got
            got += piece
    except ConnectionError:
        return b""
    return got


def test_who_comes_when_it_is_crowded_takes_the_place_that_the_greediest_used_least(opened: Open) -> None:
    server = opened(Strangers(crowded=CROWDED, request_s=60))
    held = [dial(server, "127.0.0.2") for _ in range(CROWDED)]
    assert all(asked(link) for link in reversed(held))
    came = dial(server, "127.0.0.3")
    assert asked(came).startswith(b"HTTP/1.1 304")
    assert held[-1].recv(1) == b"", "first used, last of all since"
    assert all(asked(link) for link in held[:-1])
    assert asked(came)
    for link in (*held, came):
        link.close()


def test_whether_it_lives_is_asked_beside_the_crowd(opened: Open) -> None:
    server = opened(Strangers(crowded=CROWDED, request_s=60))
    held = [dial(server, "127.0.0.2") for _ in range(3 * CROWDED)]
    assert server.answers("/health", 10)
    assert not server.answers("/nothing", 10)
    for link in held:
        link.close()


def test_a_request_that_never_ends_is_ended_and_others_are_not(opened: Open) -> None:
    server = opened(Strangers(crowded=CROWDED, request_s=0))
    slow, idle = dial(server, "127.0.0.2"), dial(server, "127.0.0.3")
    assert asked(idle)
    slow.sendall(HEAD + b"X-Slow: ")
    assert slow.recv(1) == b""
    assert asked(idle)
    slow.close()
    idle.close()


@pytest.mark.parametrize("strangers", [None, Strangers(crowded=CROWDED, request_s=60)])
def test_a_connection_outlives_an_answer_that_has_no_body(opened: Open, strangers: Strangers | None) -> None:
    link = dial(opened(strangers), "127.0.0.1")
    for _ in range(3):
        head = asked(link)
        assert head.startswith(b"HTTP/1.1 304")
        assert b"close" not in head.lower()
    link.sendall(HEAD + b"Connection: close\r\n\r\n")
    assert b"Connection: close" in link.recv(4096)
    link.close()


def test_who_asks_for_more_than_they_can_hear_is_hung_up_on(opened: Open) -> None:
    server = opened(None)
    link = dial(server, "127.0.0.2")
    link.sendall((HEAD + b"\r\n") * 250)
    got = b""
    try:
        while piece := link.recv(65536):
            got += piece
    except ConnectionError:
        pass
    assert got.count(b"HTTP/1.1") < 250
    link.close()
    other = dial(server, "127.0.0.2")
    assert asked(other)
    other.close()
