"""The uplink's parts without a broker: batches, the flow of what is sent, faults in words."""

import json
import socket
import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.journal import codec
from appliance.journal.read import Stored
from appliance.services.uplink import batches, faults, flow

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ['"kind":"x/1"', '"box":"other"', '\\"kind\\":\\"x', ',"kind":"evil/1","log":9']
)
KEYS = st.text("abc", max_size=3) | st.sampled_from(["kind", "box", "log", "seq"])
NAMES = st.from_regex(r"[A-Za-z0-9_.:-]{1,20}", fullmatch=True)
"""Of what ids and kinds are made."""


def stored(pos: int, data: dict[str, object], kind: str = "clock.stepped/1", ident: str = "c.0") -> Stored:
    body = codec.encode({"box": "box-7", "data": data, "kind": kind})
    return Stored(pos, 2, pos, ident, body.decode())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(KEYS, TEXT | st.integers(-9, 9), max_size=4), min_size=1), NAMES)
def test_a_batch_is_json_and_holds_every_body_as_it_is_stored(data: list[dict[str, object]], odd: str) -> None:
    facts = [stored(pos, each, kind=f"x{odd}/1", ident=f"{odd}.{pos}") for pos, each in enumerate(data, 1)]
    payload, count = batches.batch(facts, 10**9)
    assert count == min(len(facts), batches.MOST)
    for event, fact in zip(json.loads(payload), facts, strict=False):
        assert codec.encode(event["data"]).decode() == fact.body
        assert fact.body.encode() in payload
        assert (event["id"], event["source"], event["pos"]) == (fact.id, "boothkit/box-7/2", fact.pos)
        assert event["type"] == f"org.boothkit.x{odd}/1"


@settings(deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=150), st.integers(300, 200_000))
def test_a_batch_never_exceeds_its_limit_and_is_as_long_as_it_may_be(sizes: list[int], limit: int) -> None:
    facts = [stored(pos, {"x": "y" * size}) for pos, size in enumerate(sizes, 1)]
    try:
        payload, count = batches.batch(facts, limit)
    except batches.FactTooLarge:
        payload, count = b"", 0
    if count == 0:
        assert len(batches.event(facts[0])) + 2 > limit
        return
    assert len(payload) <= limit
    assert count >= 1
    if count < min(len(facts), batches.MOST):
        assert len(payload) + 1 + len(batches.event(facts[count])) > min(limit, batches.USUAL_BYTES)


def test_a_fact_beyond_the_usual_size_goes_alone() -> None:
    facts = [stored(1, {"x": "y" * 100_000}), stored(2, {})]
    assert batches.batch(facts, 10**6)[1] == 1


class Line:
    """A box and a central with a bad line between them; positions stand for facts."""

    def __init__(self, end: int) -> None:
        self.flow = flow.Flow(0)
        self.end, self.now = end, 0.0
        self.there: set[int] = set()
        self.sent = 0

    def send(self, after: int, most: int, *, lost: bool, unheard: bool) -> int:
        """One batch, and central's receipt for it, each of which may get lost."""
        last = min(after + most, self.end)
        self.sent += last - after
        if not lost:
            self.there.update(range(after + 1, last + 1))
            if not unheard:
                self.flow.receipted(self.holds(), self.now)
        return last

    def holds(self) -> int:
        """The highest position without a gap."""
        pos = 0
        while pos + 1 in self.there:
            pos += 1
        return pos

    def second(self, *, lose: int = 0, unheard: bool = False, most: int = 10) -> None:
        """A second as the worker spends it. ``lose``: every so manieth batch is lost; 0 = none, 1 = all."""
        self.now += 1.0
        if self.flow.tick(self.now):
            self.send(self.flow.safe, most, lost=lose == 1, unheard=unheard)
        while self.flow.cursor < self.end:
            lost = lose > 0 and (self.flow.cursor // most) % lose == 0
            last = self.send(self.flow.cursor, most, lost=lost, unheard=unheard)
            self.flow.sent(last, self.now)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 60), st.booleans()), max_size=40),
    st.integers(0, 60),
)
def test_whatever_is_lost_everything_becomes_safe_once_the_line_is_good(
    story: list[tuple[int, bool, int, bool]], forgotten: int
) -> None:
    line = Line(0)
    for lose, unheard, more, reconnected in story:
        line.end += more
        if reconnected:
            line.flow.connected()
        line.second(lose=lose, unheard=unheard)
        assert line.flow.safe <= line.holds()
        assert line.flow.safe <= line.flow.cursor <= line.end
    line.there -= set(range(max(1, line.end - forgotten), line.end + 1)) - set(range(line.flow.safe + 1))
    line.end += 1
    for _ in range(200):
        line.second()
    assert line.flow.safe == line.end


def test_a_central_that_is_silent_for_an_hour_costs_a_probe_a_minute() -> None:
    line = Line(5000)
    for _ in range(3600):
        line.second(lose=1)
    assert line.sent - 5000 <= 65 * 10
    for _ in range(120):
        line.second()
    assert line.flow.safe == 5000


def test_a_central_that_answers_and_never_gets_on_is_sent_everything_once_a_minute_at_most() -> None:
    line = Line(100)
    for second in range(3600):
        line.second(lose=1)
        if second % 3 == 0:
            line.flow.receipted(0, line.now)
    assert line.sent <= 100 * (3600 / flow.LONGEST_S + 10)


def test_receipts_of_a_good_line_never_send_anything_twice() -> None:
    line = Line(1)
    for _ in range(500):
        line.end += 7
        line.second()
    assert line.sent == line.end


@pytest.mark.parametrize(
    ("error", "reason", "remedy"),
    [
        (socket.gaierror(-2, "Name or service not known"), "not known here", "uplink"),
        (ConnectionRefusedError(111, "Connection refused"), "nothing listens", "Start the broker"),
        (TimeoutError("timed out"), "no answer", "firewalls"),
        (OSError(101, "Network is unreachable"), "Network is unreachable", "uplink"),
        (FileNotFoundError(2, "No such file or directory", "/x/ca.pem"), "/x/ca.pem: No such", "[mqtt]"),
        (PermissionError(13, "Permission denied", "/x/key"), "/x/key: Permission denied", "able to read"),
        (ssl.SSLError(1, "wrong version number"), "no TLS", "port"),
        (ValueError("what"), "ValueError: what", "[mqtt]"),
    ],
)
def test_every_error_of_connecting_says_what_and_what_to_do(error: Exception, reason: str, remedy: str) -> None:
    fault = faults.by_error("broker.example:1883", error)
    assert reason in fault.reason
    assert remedy in fault.remedy


@given(st.integers(0, 255), st.text(max_size=10))
def test_every_reason_code_has_words(code: int, name: str) -> None:
    for fault in (faults.by_code("publishing", code, name), faults.by_connack(code, name)):
        assert name in fault.reason
        assert fault.remedy
    assert faults.is_failure(code) == (code >= 0x80)
