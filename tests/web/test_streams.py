"""The journal as a stream: prompt, bounded, and nobody's for ever."""

import http.client
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from appliance.errors import Problem
from appliance.journal.read import Reader
from tests.conftest import wait_until
from tests.web.conftest import Client, House
from web.till.streams import HEARTBEAT_S, MOST, Streams

COFFEE = {"sku": "COFFEE", "qty": 1}


class Follower:
    """A reader of /follow."""

    def __init__(self, house: House, after: int, **headers: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(house.url).netloc, timeout=30)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        auth = house.client().headers
        self._connection.request("GET", f"/api/v1/follow?after={after}", headers={**auth, **more})
        self.response = self._connection.getresponse()

    def events(self) -> Iterator[tuple[int, str]]:
        """Position and body, as they come."""
        position = 0
        for line in self.response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                position = int(value)
            elif name == "data":
                yield position, value

    def close(self) -> None:
        self.response.close()
        self._connection.close()


def admitted(house: House) -> Follower | None:
    """A stream, if there is room for one."""
    follower = Follower(house, 0)
    if follower.response.status == 200:
        return follower
    follower.close()
    return None


def test_a_stream_brings_each_stored_body_once_in_order_under_its_position(house: House) -> None:
    stored = house.client().get("/facts?limit=5").body.decode().splitlines()
    with closing(Follower(house, 2)) as follower:
        assert follower.response.headers["Content-Type"].startswith("text/event-stream")
        events = follower.events()
        assert [next(events) for _ in range(3)] == [(3, stored[2]), (4, stored[3]), (5, stored[4])]


def test_a_stream_goes_on_behind_the_last_event_id(house: House) -> None:
    with closing(Follower(house, 0, Last_Event_ID="4")) as follower:
        assert next(follower.events())[0] == 5


def test_a_sale_appears_in_an_open_stream(house: House) -> None:
    position = int(house.client().get("/status").json["journal"]["pos"])
    with closing(Follower(house, position)) as follower:
        sale = house.client("Ben").sell(COFFEE, cash=350).json
        pos, body = next(follower.events())
    assert pos == sale["pos"]
    assert json.loads(body)["data"]["sale"] == sale["sale"]


def test_there_is_a_bound_and_a_reader_that_vanished_makes_room(house: House) -> None:
    with ExitStack() as open_streams:
        for _ in range(MOST):
            open_streams.enter_context(closing(wait_until(lambda: admitted(house), "room for a stream")))
        refused = house.client().get("/follow")
        assert (refused.status, refused.slug) == (503, "busy")
        assert refused.headers["Retry-After"]
        assert house.client().get("/kpis").status == 200
    wait_until(lambda: admitted(house), "room for another stream").close()


def test_asking_for_a_stream_s_headers_takes_no_place(house: House) -> None:
    for _ in range(2 * MOST):
        wait_until(lambda: house.client().ask("HEAD", "/api/v1/follow").status == 200, "the headers")
    wait_until(lambda: admitted(house), "room for a stream").close()


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def streams(house: House, clock: list[float], run_folder: object) -> Iterator[Streams]:
    reader = Reader(house.data)
    opened = Streams(run_folder, reader, lambda: clock[0])  # type: ignore[arg-type]
    yield opened
    opened.close()
    reader.close()


def test_a_quiet_stream_gives_a_sign_of_life_before_five_seconds(streams: Streams, clock: list[float]) -> None:
    stream = streams.follow(10**9, lambda: False, lambda: True)
    assert next(stream).startswith(b"retry:")
    clock[0] += HEARTBEAT_S
    assert next(stream) == b":\n\n"
    assert HEARTBEAT_S < 5
    stream.close()


def test_a_stream_ends_when_its_reader_left_or_may_no_longer(streams: Streams, clock: list[float]) -> None:
    for over, allowed in ((True, True), (False, False)):
        stream = streams.follow(10**9, lambda over=over: over, lambda allowed=allowed: allowed)  # type: ignore[misc]
        next(stream)
        clock[0] += HEARTBEAT_S
        assert list(stream) == []
        stream.close()
        stream.close()
    assert streams.open == 0


def test_closing_ends_every_stream_and_takes_no_more(streams: Streams) -> None:
    stream = streams.follow(10**9, lambda: False, lambda: True)
    next(stream)
    streams.close()
    assert list(stream) == []
    stream.close()
    with pytest.raises(Problem, match="busy"):
        streams.follow(0, lambda: False, lambda: True)


def test_a_removed_cashier_s_stream_ends(own_house: House) -> None:
    from appliance.clock import system_clock
    from appliance.private.secrets import Secrets

    with closing(Follower(own_house, 10**9)) as follower:
        with closing(Secrets(own_house.data, system_clock("rtc"))) as secrets:
            secrets.remove("Ada")
        assert list(follower.events()) == []


def test_a_frozen_recorder_makes_writes_busy_and_leaves_reads_and_streams_alone(own_house: House) -> None:
    assert own_house.recorder.process is not None
    with closing(Follower(own_house, 0)) as follower:
        own_house.recorder.process.send_signal(signal.SIGSTOP)
        answer = own_house.client("Ben").sell(COFFEE, cash=350, key="frozen")
        assert (answer.status, answer.slug) == (503, "busy")
        assert own_house.client().get("/catalogue").status == 200
        own_house.recorder.process.send_signal(signal.SIGCONT)
        again = wait_until(
            lambda: (found := own_house.client("Ben").sell(COFFEE, cash=350, key="frozen")).status == 201 and found,
            "the recorder to answer again",
        )
        seen = next(pos for pos, body in follower.events() if '"sale.completed/1"' in body)
    assert seen == again.json["pos"]
    assert len(own_house.facts("sale.completed/1")) == 1


def test_a_reader_that_never_reads_costs_one_place_only(house: House) -> None:
    host, _, port = urlsplit(house.url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as deaf:
        token = house.client().headers["Authorization"]
        deaf.sendall(f"GET /api/v1/follow HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
        deaf.recv(16)
        assert Client(house.url).ask("GET", "/health").status == 200
