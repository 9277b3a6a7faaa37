"""Promises of the recorder as a process: sockets by role, group commit, hostile frames, kill -9, followers."""

import json
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.errors import Problem, RecorderDown
from appliance.journal import wire
from appliance.journal.client import RecorderClient
from appliance.journal.follow import Wake
from appliance.journal.read import Reader
from appliance.journal.verify import verify
from tests.conftest import ITEMS, Process, wait_until

COFFEE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 500}]}
Start = Callable[..., Process]


def open_event(run: Path) -> None:
    admin = RecorderClient(run, "admin")
    created = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
    for number, (command, data) in enumerate(
        [
            ("event.create", created),
            ("catalogue.import", {"items": ITEMS}),
            ("list.define", {"list": "general", "entry": "single"}),
            ("event.open", {}),
            ("drawer.open", {"float": 10000}),
        ]
    ):
        admin.send(command, data, actor="admin:test", id=f"setup-{number}")
    admin.close()


def raw_link(run: Path, role: str) -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    link.settimeout(20)
    link.connect(str(wire.socket_path(run, role)))
    return link


def test_no_answered_sale_is_lost_or_doubled_when_the_recorder_is_killed_again_and_again(
    worker: Start, run_folder: Path, tmp_path: Path
) -> None:
    recorder = worker("recorder")
    open_event(run_folder)
    answered: dict[str, str] = {}
    done = threading.Event()

    def sell(till: int) -> None:
        client = RecorderClient(run_folder, "staff")
        for number in range(60):
            ident = f"till{till}-{number}"
            while ident not in answered:
                try:
                    answered[ident] = client.send("sale.complete", COFFEE, actor=f"staff:s{till}", id=ident).answer[
                        "number"
                    ]
                except RecorderDown:
                    done.wait(0.02)
        client.close()

    tills = [threading.Thread(target=sell, args=(till,)) for till in range(4)]
    for till in tills:
        till.start()
    for goal in (40, 100, 160):
        wait_until(lambda goal=goal: len(answered) >= goal, f"{goal} sales")
        recorder.kill()
        recorder.start()
    for till in tills:
        till.join(60)
    reader = Reader(tmp_path / "data")
    sales = [json.loads(fact.body)["data"] for fact in reader.facts(0, 10_000) if '"sale.completed/1"' in fact.body]
    reader.close()
    assert {sale["sale"]: sale["number"] for sale in sales} == answered
    assert sorted(int(sale["number"].split("-")[1]) for sale in sales) == list(range(1, 241))
    assert verify(tmp_path / "data")["ok"]


def test_each_role_has_its_socket_and_only_its_commands(worker: Start, run_folder: Path) -> None:
    worker("recorder")
    open_event(run_folder)
    crossing = {"line": "door", "in": 1, "out": 0, "from_mono": 1, "to_mono": 2, "source": "beam"}
    allowed = {
        "sale.complete": (COFFEE, {"staff", "admin"}),
        "crossings.count": (crossing, {"device", "admin"}),
        "ticket.scan": ({"code": "x"}, {"staff", "device", "admin"}),
        "event.create": ({}, {"admin"}),
        "uplink.receipt": ({"note": "x"}, {"uplink", "admin"}),
        "follower.advance": ({"follower": "x", "pos": 0}, {"device", "admin"}),
    }
    for role in ("guest", "staff", "device", "uplink", "admin"):
        client = RecorderClient(run_folder, role)  # type: ignore[arg-type]
        for number, (command, (data, roles)) in enumerate(allowed.items()):
            slug = ""
            try:
                client.send(command, data, actor="device:x", id=f"{role}-{number}")
            except Problem as problem:
                slug = problem.slug
            assert (slug == "role") == (role not in roles), (role, command, slug)
        client.close()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.one_of(
        st.binary(min_size=1, max_size=400),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries(
            {
                "id": st.text(max_size=90) | st.integers(),
                "command": st.sampled_from(["sale.complete", "ticket.scan", "nothing", "hello"]) | st.text(max_size=9),
                "actor": st.sampled_from(["staff:x", "", "x"]) | st.none(),
                "data": st.dictionaries(
                    st.sampled_from(["code", "lines", "tenders", "x"]),
                    st.text(max_size=9) | st.integers() | st.lists(st.integers(), max_size=2),
                    max_size=3,
                )
                | st.none(),
            }
        ).map(lambda frame: json.dumps(frame).encode()),
    )
)
def test_any_bytes_get_an_answer_and_harm_nobody(hostile: Path, frame: bytes) -> None:
    with raw_link(hostile, "staff") as link:
        link.send(frame)
        reply = wire.unpack(link.recv(wire.MAX_FRAME + 1))
    assert reply["ok"] in (True, False)
    assert reply["ok"] or reply["refusal"]["slug"]


@pytest.fixture
def hostile(worker: Start, run_folder: Path) -> Path:
    worker("recorder")
    return run_folder


def test_a_frame_that_is_too_long_is_named_and_the_connection_lives(hostile: Path) -> None:
    with raw_link(hostile, "staff") as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400_000)
        link.send(b'{"id":"' + b"x" * (wire.MAX_FRAME + 50) + b'"}')
        assert wire.unpack(link.recv(wire.MAX_FRAME + 1))["refusal"]["slug"] == "too-large"
        link.send(b'{"id":"a","command":"hello","actor":"staff:x","data":{}}')
        assert wire.unpack(link.recv(wire.MAX_FRAME + 1))["ok"]


def test_a_full_inbox_says_busy_and_the_same_key_works_later(worker: Start, run_folder: Path) -> None:
    recorder = worker("recorder")
    open_event(run_folder)
    links = [raw_link(run_folder, "staff") for _ in range(150)]
    for link in links:
        link.send(b'{"id":"hello","command":"hello","actor":"staff:x","data":{}}')
        assert wire.unpack(link.recv(wire.MAX_FRAME + 1))["ok"]
    assert recorder.process is not None
    recorder.process.send_signal(signal.SIGSTOP)
    frames = {}
    for i, link in enumerate(links):
        for j in range(8):
            ident = f"k{i}-{j}"
            frames[ident] = {"id": ident, "command": "sale.complete", "actor": "staff:x", "data": COFFEE}
            link.send(wire.pack(frames[ident]))
    recorder.process.send_signal(signal.SIGCONT)
    replies = {}
    for link in links:
        for _ in range(8):
            reply = wire.unpack(link.recv(wire.MAX_FRAME + 1))
            replies[reply["id"]] = reply
    busy = [ident for ident, reply in replies.items() if not reply["ok"]]
    assert busy
    assert {replies[ident]["refusal"]["slug"] for ident in busy} == {"busy"}
    client = RecorderClient(run_folder, "staff")
    numbers = {reply["answer"]["number"] for reply in replies.values() if reply["ok"]}
    for ident in busy:
        numbers.add(client.send("sale.complete", COFFEE, actor="staff:x", id=ident).answer["number"])
    client.close()
    for link in links:
        link.close()
    assert len(numbers) == len(frames)


def test_people_are_answered_while_bulk_work_goes_on(worker: Start, run_folder: Path) -> None:
    worker("recorder")
    open_event(run_folder)
    bulk = raw_link(run_folder, "admin")
    for part in range(20):
        tickets = [{"code": f"{part:08x}{i:08x}"} for i in range(500)]
        data = {"list": "general", "import": "i1", "part": part + 1, "tickets": tickets}
        bulk.send(wire.pack({"id": f"bulk-{part}", "command": "tickets.import", "actor": "admin:x", "data": data}))
    client = RecorderClient(run_folder, "staff")
    positions = [client.send("sale.complete", COFFEE, actor="staff:x", id=f"s{n}").first or 0 for n in range(5)]
    last = 0
    for _ in range(20):
        reply = wire.unpack(bulk.recv(wire.MAX_FRAME + 1))
        assert reply["ok"], reply
        last = max(last, reply["positions"][1])
    bulk.close()
    client.close()
    assert positions[0] < last


def test_a_follower_is_called_after_the_commit_and_a_dead_one_is_forgotten(
    worker: Start, run_folder: Path, tmp_path: Path
) -> None:
    worker("recorder")
    open_event(run_folder)
    wake = Wake(run_folder, "test")
    dead = Wake(run_folder, "dead")
    dead._socket.close()
    reader = Reader(tmp_path / "data")
    client = RecorderClient(run_folder, "staff")
    wake.drain()
    answer = client.send("sale.complete", COFFEE, actor="staff:x", id="s1")
    with socket.socket(fileno=socket.dup(wake.fileno())) as ear:
        ear.settimeout(20)
        ear.setblocking(True)
        assert ear.recv(16)
    assert answer.last is not None
    assert reader.position() >= answer.last
    wait_until(lambda: not (run_folder / "wake" / "dead.sock").exists(), "the dead follower forgotten")
    wake.close()
    reader.close()
    client.close()


def test_a_second_recorder_on_the_same_journal_is_refused(worker: Start, run_folder: Path) -> None:
    worker("recorder")
    with pytest.raises(AssertionError, match="is writing this journal"):
        worker("recorder")


def test_a_clean_stop_leaves_a_journal_that_others_can_still_read(
    worker: Start, run_folder: Path, tmp_path: Path
) -> None:
    recorder = worker("recorder")
    open_event(run_folder)
    reader = Reader(tmp_path / "data")
    position = reader.position()
    assert recorder.kill(signal.SIGTERM) == 0
    assert reader.position() == position
    recorder.start()
    assert reader.position() == position
    reader.close()
