"""Beacons over HTTP to a real portal, and the facts that a real recorder makes of them."""

import os
import signal
from typing import Any

from appliance.journal.client import RecorderClient
from appliance.services.visits import Measuring
from tests.guests.fair import Fair
from tests.portal.stall import Answer, ask
from web.portal.tally import MOST_OF_ONE


def sign(fair: Fair, body: bytes) -> Answer:
    return ask(fair.url, "/visit", "POST", body, Content_Type="text/plain;charset=UTF-8")


def measured(fair: Fair) -> list[dict[str, Any]]:
    return fair.facts("visit.measured/1")


def test_what_was_seen_is_in_the_book_after_the_portal_was_asked_to_end(fair: Fair) -> None:
    for body in (b"00000000000000aa landing 0", b"00000000000000aa landing 12", b"00000000000000ab receipt 3"):
        answer = sign(fair, body)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["Set-Cookie"] is None
        assert answer.headers["Cache-Control"] == "no-store"
    assert measured(fair) == []
    assert fair.portal.kill(signal.SIGTERM) == 0
    assert measured(fair) == [
        {"page": "landing", "visits": 1, "seconds": 12, "by_bucket": [0, 1, 0, 0, 0]},
        {"page": "receipt", "visits": 1, "seconds": 3, "by_bucket": [1, 0, 0, 0, 0]},
    ]
    journal = (fair.data / "journal.db").read_bytes() + (fair.data / "journal.db-wal").read_bytes()
    assert b"00000000000000aa" not in journal
    assert b"127.0.0.1" not in journal


NONE = [
    b"",
    b"00000000000000aa landing",
    b"00000000000000aa landing -1",
    b"00000000000000aa landing 1.5",
    b"00000000000000aa landing 999999",
    b"00000000000000aa landing 1e9",
    b"00000000000000aa nothing 1",
    b"00000000000000aa assets/../ 1",
    b"00000000000000AA landing 1",
    b"aa landing 1",
    b"00000000000000aa landing 1\n",
    b"00000000000000aa <script> 1",
    b"\xff\xfe" * 40,
    b"00000000000000aa landing \xd9\xa1",
    b"{}",
]


def test_a_beacon_that_is_none_is_refused_and_counts_nothing(fair: Fair) -> None:
    for body in NONE:
        assert sign(fair, body).status == 422, body
    assert fair.portal.kill(signal.SIGTERM) == 0
    assert measured(fair) == []


def test_a_flood_from_one_phone_is_bounded_and_said_to_be_lost(fair: Fair) -> None:
    assert sign(fair, bytes(100_000)).status == 413
    assert ask(fair.url, "/visit").status == 405
    for number in range(300):
        assert sign(fair, f"{number:016x} landing 0".encode()).status == 204
    assert fair.portal.kill(signal.SIGTERM) == 0
    [fact] = measured(fair)
    assert (fact["visits"], fact["lost"]) == (MOST_OF_ONE, 300 - MOST_OF_ONE)


def test_a_portal_that_is_killed_loses_what_no_batch_had_and_goes_on(fair: Fair) -> None:
    sign(fair, b"00000000000000aa landing 5")
    fair.portal.kill()
    fair.portal.start()
    sign(fair, b"00000000000000aa landing 15")
    assert fair.portal.kill(signal.SIGTERM) == 0
    assert [(fact["visits"], fact["seconds"]) for fact in measured(fair)] == [(1, 15)]


class Heap:
    """What a portal has gathered, put there by the test."""

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []

    def gather(self) -> None:
        """It is."""

    def take(self) -> list[dict[str, Any]]:
        """All of it."""
        taken, self.pages = self.pages, []
        return taken


def test_a_batch_whose_answer_was_lost_counts_once_and_later_ones_follow(fair: Fair) -> None:
    heap, client = Heap(), RecorderClient(fair.portal.run, "guest", timeout=0.5)
    measuring = Measuring(heap, client)
    heap.pages = [{"page": "landing", "visits": 1, "seconds": 7, "by_bucket": [0, 1, 0, 0, 0]}]
    assert fair.recorder.process is not None
    os.kill(fair.recorder.process.pid, signal.SIGSTOP)
    measuring.record()
    os.kill(fair.recorder.process.pid, signal.SIGCONT)
    heap.pages = [{"page": "privacy", "visits": 1, "seconds": 1, "by_bucket": [1, 0, 0, 0, 0]}]
    measuring.record()
    assert [fact["page"] for fact in measured(fair)] == ["landing", "privacy"]
    fair.recorder.kill()
    heap.pages = [{"page": "wallet", "visits": 1, "seconds": 2, "by_bucket": [1, 0, 0, 0, 0]}]
    measuring.record()
    measuring.record()
    fair.recorder.start()
    measuring.record()
    measuring.record()
    assert [fact["page"] for fact in measured(fair)] == ["landing", "privacy", "wallet"]
    client.close()
