"""Whatever is sent to the till or held in front of a scanner gets its clear answer, and the box works on."""

import json
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from appliance.files.tickets import code, event_key
from appliance.journal import wire
from tests.conftest import wait_until
from tests.faults.conftest import COFFEE, LONG_S, Box, Cashier

MEGABYTE = 1_000_000


def refused(answer: tuple[int, dict[str, Any]], status: int, slug: str) -> dict[str, Any]:
    """The problem, when it is the one that was expected and says what to do."""
    assert answer[0] == status, answer
    assert answer[1]["type"] == f"/problems/{slug}"
    assert answer[1]["remedy"]
    return answer[1]


def test_five_wrong_pins_lock_the_device_and_nobody_else(box: Box) -> None:
    stranger = Cashier(box.ready["staff"])
    for _ in range(4):
        refused(stranger.ask("/login", {"pin": "999999"}, "login"), 401, "wrong-pin")
    headers = lock_out(box.ready["staff"])
    assert headers.startswith("HTTP/1.1 429 ")
    assert int(headers.lower().split("retry-after: ")[1].split()[0]) > 0
    refused(stranger.ask("/login", {"pin": "222222"}, "login"), 429, "throttled")
    assert box.post("/sales", COFFEE)["sale"]


def lock_out(url: str) -> str:
    """The head of the answer to the fifth wrong PIN."""
    with dial(url) as link:
        link.sendall(request("/login", b'{"pin": "999999"}', "Connection: close\r\n"))
        return read_all(link).partition("\r\n\r\n")[0]


def dial(url: str) -> socket.socket:
    """A connection to the till."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)


def request(path: str, body: bytes, more: str = "") -> bytes:
    """A POST as it goes over the wire."""
    head = f"POST /api/v1{path} HTTP/1.1\r\nHost: till\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n{more}\r\n".encode() + body


def read_all(link: socket.socket) -> str:
    """Until the other end closes."""
    pieces = []
    while piece := link.recv(65536):
        pieces.append(piece)
    return b"".join(pieces).decode()


@pytest.mark.parametrize(("event", "until", "reason"), [("evother", None, "other_event"), (None, 1, "expired")])
def test_a_wrong_ticket_is_refused_with_its_reason_at_the_till_and_at_the_scanner(
    box: Box, event: str | None, until: int | None, reason: str
) -> None:
    here = box.get("/status")["event"]["event"]
    key = event_key(box.data / "keys", here, create=False)
    ticket = "0a" * 12 if event else "0b" * 12
    text = code(key, ticket, event=event or here, list_="general", valid_from=None, valid_until=until)
    verdict = box.post("/scans", {"code": text})
    assert (verdict["verdict"], verdict["reason"]) == ("refused", reason)
    box.bench("scan", {"code": text})
    at_the_door = box.wait_for_fact("ticket.refused/1", after=verdict["pos"])[0]
    assert (at_the_door["data"]["reason"], at_the_door["data"]["gate"]) == (reason, "door")
    good = box.tickets("vip")[0 if event else 1]
    assert box.post("/scans", {"code": good})["verdict"] == "admitted"


@pytest.mark.parametrize("qty", [-1, 0, 10**9, 10_000])
def test_an_impossible_quantity_is_named_and_its_key_stays_good(box: Box, qty: int) -> None:
    before = len(box.facts())
    body = {"lines": [{"sku": "COFFEE", "qty": qty}], "tenders": [{"kind": "cash", "amount": 400}]}
    problem = refused(box.call("POST", "/sales", body, f"qty{qty}"), 422, "validation")
    assert "qty" in problem["detail"]
    assert [fact["kind"] for fact in box.facts()[before:] if fact["kind"].startswith("sale.")] == []
    assert box.post("/sales", COFFEE, key=f"qty{qty}")["sale"]


def test_100_mb_are_refused_before_they_are_read(box: Box) -> None:
    """413 comes on the head; the connection does not take the body."""
    size = 100 * MEGABYTE
    cookieless = f"POST /api/v1/sales HTTP/1.1\r\nHost: till\r\nContent-Length: {size}\r\n\r\n".encode()
    with dial(box.ready["staff"]) as link:
        link.sendall(cookieless + b"{")
        assert read_all(link).startswith("HTTP/1.1 413 ")
    sent = 0
    with dial(box.ready["staff"]) as link:
        try:
            link.sendall(cookieless)
            while sent < size:
                link.sendall(b"x" * 65536)
                sent += 65536
        except OSError:
            pass
    assert sent < size, "all of it was read"
    assert box.post("/sales", COFFEE)["sale"]


def test_an_endless_body_without_a_length_is_cut_off(box: Box) -> None:
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent = 0
    with dial(box.ready["staff"]) as link:
        try:
            link.sendall(b"POST /api/v1/sales HTTP/1.1\r\nHost: till\r\nTransfer-Encoding: chunked\r\n\r\n")
            while sent < 100 * MEGABYTE:
                link.sendall(piece)
                sent += 65536
        except OSError:
            pass
    assert sent < 100 * MEGABYTE, "all of it was read"
    assert box.post("/sales", COFFEE)["sale"]


def test_an_answer_that_was_lost_comes_again_and_the_sale_is_there_once(box: Box) -> None:
    token = json.loads(
        box.program("staff", "add", "Till script", "--role", "cashier", "--token").stdout.splitlines()[-1]
    )
    body = json.dumps(COFFEE).encode()
    bearer = f"Authorization: Bearer {token['token']}\r\nIdempotency-Key: lost\r\nConnection: close\r\n"
    with dial(box.ready["staff"]) as link:
        link.sendall(request("/sales", body, bearer))
        wait_until(lambda: lost(box), "the sale whose answer nobody reads", LONG_S)
    answers = []
    for _ in range(2):
        with dial(box.ready["staff"]) as link:
            link.sendall(request("/sales", body, bearer))
            answers.append(read_all(link).partition("\r\n\r\n")[2])
    assert answers[0] == answers[1]
    assert json.loads(answers[0])["number"] == lost(box)[0]["data"]["number"]
    assert len(lost(box)) == 1


def lost(box: Box) -> list[dict[str, Any]]:
    """The sales of that key."""
    return [fact for fact in box.facts() if fact["kind"] == "sale.completed/1" and fact["data"]["sale"] == "lost"]


def test_a_closed_event_sells_nothing_says_so_and_forgets_no_sale(new_box: Callable[..., Box]) -> None:
    box = new_box()
    box.login()
    first = box.post("/sales", COFFEE, key="open")
    closed = box.program("event", "close")
    assert closed.returncode == 0, closed.stderr
    refused(box.call("POST", "/sales", COFFEE, "closed"), 409, "event-closed")
    assert box.post("/sales", COFFEE, key="open") == first
    assert box.get("/status")["event"]["state"] == "closed"
    assert box.command("journal", "verify")["ok"] is True


def test_guests_who_flood_the_recorder_are_told_busy_or_turned_away_and_the_till_sells_on(box: Box) -> None:
    """What a broken or hostile guest portal could do: every connection it gets, as many frames as they hold."""
    frame = wire.pack({"id": "x", "command": "hello", "actor": "guest:x", "data": {}})
    enough = threading.Event()
    rounds = [0]

    def flood() -> None:
        links: list[socket.socket] = []
        while not enough.is_set():
            links = [link for link in links if pour(link, frame)]
            while len(links) < 60:
                links.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK))
                if links[-1].connect_ex(str(wire.socket_path(box.run, "guest"))):
                    links.pop().close()
                    break
            rounds[0] += 1
        for link in links:
            link.close()

    guests = threading.Thread(target=flood)
    guests.start()
    try:
        wait_until(lambda: rounds[0] > 20, "the flood", LONG_S)
        for number in range(20):
            assert box.call("POST", "/sales", COFFEE, f"flood-{number}")[0] == 201
    finally:
        enough.set()
        guests.join(LONG_S)
    assert box.worker("recorder")["restarts"] == 0
    assert box.post("/sales", COFFEE)["sale"]


def pour(link: socket.socket, frame: bytes) -> bool:
    """Send until it is full, read a little; False when the other end is gone."""
    try:
        for _ in range(50):
            link.send(frame)
    except BlockingIOError:
        pass
    except OSError:
        link.close()
        return False
    try:
        if link.recv(wire.MAX_FRAME + 1):
            return True
    except BlockingIOError:
        return True
    except OSError:
        pass
    link.close()
    return False


class Cable:
    """A scanner at the end of a network cable, of which the test holds the other end."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LONG_S)
        self.port = self._listener.getsockname()[1]
        self._link: socket.socket | None = None

    def connected(self) -> socket.socket:
        """The box's connection, the newest one."""
        if self._link is None:
            self._link, _ = self._listener.accept()
            self._link.settimeout(LONG_S)
        return self._link

    def close(self) -> None:
        """Pull it out."""
        if self._link is not None:
            self._link.close()
        self._listener.close()


def test_a_megabyte_of_garbage_from_the_scanner_is_survived_and_the_next_code_is_read(
    new_box: Callable[..., Box],
) -> None:
    cable = Cable()
    try:
        box = new_box(f'[devices]\nscanner-door = "tcp://127.0.0.1:{cable.port}"\n')
        box.login()
        pattern = bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"")
        link = cable.connected()
        link.sendall((pattern * (MEGABYTE // len(pattern) + 1))[:MEGABYTE])
        link.sendall(b"\r\n")
        good = box.tickets("general")[0]
        sender = threading.Thread(target=link.sendall, args=(f"{good}\r".encode(),))
        sender.start()
        admitted = box.wait_for_fact("ticket.admitted/1")[0]
        sender.join(LONG_S)
        assert admitted["actor"] == "device:scanner-door"
        assert box.worker("scanning")["restarts"] == 0
        assert box.get("/status")["devices"]["scanner-door"]["state"] == "online"
        garbage = [fact for fact in box.facts() if fact["kind"] == "ticket.refused/1"]
        assert len(garbage) < 100, "garbage does not fill the journal"
    finally:
        cable.close()
