"""Once a second: plans go to the cameras, words on themselves and on an empty place to the recorder."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.clock import system_clock
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.services.devicehost import Outbox
from appliance.services.footfall.gatherer import Gatherer
from appliance.services.footfall.spool import Spool
from appliance.services.footfall.watch import EMPTY_S, STEADY_S, Watch
from appliance.services.run import Loop
from appliance.services.wanted import WantedPage
from drivers.device import Crossing, Device, Event, Judgement, Stay
from drivers.life import Life
from drivers.vision.plan import Line, Plan, Zone
from tests.conftest import Process, wait_until

PLACE = {"name": "place", "corners": [[0, 0], [10_000, 0], [10_000, 10_000]], "whole": True}
DOOR = {"name": "door", "a": [0, 5000], "b": [10_000, 5000]}


class Overhead:
    """A camera that sees what a test says."""

    kind, source = "footfall", "camera"

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self.name = name
        self.life = Life(now)
        self.life.opened()
        self.life.ok()
        self.inside: dict[str, int] = {}
        self.says = Judgement("good")
        self.told: list[Plan | None] = []

    def judgement(self) -> Judgement:
        return self.says

    def plan(self, plan: Plan | None) -> None:
        self.told.append(plan)

    def fileno(self) -> int | None:
        return None

    def wait(self) -> float:
        return 1.0

    def step(self) -> list[Event]:
        return []

    def close(self) -> None:
        """Nothing is held open."""


class Stand:
    """A recorder process, and the parts of a footfall worker, whose seconds a test counts."""

    def __init__(self, worker: Callable[..., Process], data: Path, run: Path) -> None:
        self.data = data
        worker("recorder")
        self.admin = RecorderClient(run, "admin", timeout=30)
        self.n = 0
        self.do("event.create", name="Abendmarkt", currency="EUR", timezone="Europe/Berlin", area_m2="12")
        self.do("event.open")
        self.now = 1000.0
        self.camera = Overhead("footfall", lambda: self.now)
        self.devices: dict[str, Device] = {"footfall": self.camera}
        self.loop = Loop("footfall", now=lambda: self.now)
        self.client = RecorderClient(run, "device", timeout=30)
        self.outbox = Outbox(self.client, self.loop, "footfall")
        clock = system_clock("rtc", run)
        self.gatherer = Gatherer(clock, self.loop, self.outbox, Spool(run, "footfall"))
        self.page = WantedPage(run)
        self.watch = Watch(self.devices, self.page.read, self.gatherer, self.outbox, lambda: self.now)
        wait_until(lambda: self.page.read().event, "the recorder's page")

    def do(self, command: str, **data: Any) -> None:
        self.n += 1
        self.admin.send(command, data, actor="admin:test", id=f"stand-{self.n}")

    def plan(self, **plan: Any) -> None:
        """Accepted, and on the recorder's page."""
        self.do("device.report", device="footfall", kind="footfall", state="online", reason="")
        self.do("counter.plan", device="footfall", **plan)
        wanted = {"lines": plan.get("lines", []), "zones": plan.get("zones", [])}
        wait_until(lambda: self.page.read().counting.get("footfall") == wanted, "the plan is on the page")

    def cross(self, direction: Any = "in", line: str = "footfall/door") -> None:
        self.gatherer.take(self.camera, Crossing(line, direction, self.now))

    def pass_time(self, seconds: int) -> None:
        """Second by second."""
        for _ in range(seconds):
            self.now += 1
            self.watch.look()

    def facts(self, kind: str) -> list[dict[str, Any]]:
        reader = Reader(self.data)
        try:
            bodies = [json.loads(fact.body) for fact in reader.facts(0, 10_000)]
        finally:
            reader.close()
        return [body["data"] for body in bodies if body["kind"] == kind]

    def close(self) -> None:
        self.loop.close()
        self.client.close()
        self.admin.close()


@pytest.fixture
def stand(worker: Callable[..., Process], tmp_path: Path, run_folder: Path) -> Iterator[Stand]:
    made = Stand(worker, tmp_path / "data", run_folder)
    yield made
    made.close()


def test_a_camera_is_told_each_plan_once_and_again_when_it_was_plugged_in_anew(stand: Stand) -> None:
    stand.pass_time(2)
    assert stand.camera.told == []
    stand.plan(lines=[DOOR])
    stand.pass_time(3)
    door = Plan((Line("door", (0, 0.5), (1, 0.5)),))
    assert stand.camera.told == [door]
    stand.camera = stand.devices["footfall"] = Overhead("footfall", lambda: stand.now)
    stand.pass_time(2)
    assert stand.camera.told == [door]
    stand.plan(lines=[DOOR], zones=[PLACE])
    stand.pass_time(2)
    assert stand.camera.told[1:] == [Plan(door.lines, (Zone("place", ((0, 0), (1, 0), (1, 1)), whole=True),))]


def test_what_was_counted_by_the_old_plan_is_recorded_before_the_new_one_counts(stand: Stand) -> None:
    stand.plan(lines=[DOOR])
    stand.pass_time(1)
    stand.cross()
    stand.cross("out")
    stand.plan(lines=[{**DOOR, "a": [0, 6000]}])
    stand.pass_time(1)
    counted = [(one["line"], one["in"], one["out"], one["source"]) for one in stand.facts("crossings.counted/1")]
    assert counted == [("footfall/door", 1, 1, "camera")]


def test_a_counter_on_itself_is_recorded_when_it_changes_its_mind_and_not_more_than_every_ten_seconds(
    stand: Stand,
) -> None:
    stand.camera.says = Judgement("learning")
    stand.pass_time(3)
    assert stand.facts("counter.judged/1") == []
    stand.camera.says = Judgement("unsuitable", ("too-close",), 310)
    stand.pass_time(3)
    said = {"device": "footfall", "verdict": "unsuitable", "reasons": ["too-close"]}
    assert stand.facts("counter.judged/1") == [{**said, "hidden_permille": 310, "illegal_permille": None}]
    for second in range(int(STEADY_S) - 4):
        stand.camera.says = Judgement("good" if second % 2 else "poor", hidden_permille=second)
        stand.pass_time(1)
    assert len(stand.facts("counter.judged/1")) == 1
    stand.camera.says = Judgement("good")
    stand.pass_time(20)
    assert [one["verdict"] for one in stand.facts("counter.judged/1")] == ["unsuitable", "good"]
    before = stand.page.read().event
    stand.do("event.close")
    stand.do("event.create", name="Morgen", currency="EUR", timezone="Europe/Berlin", area_m2="12")
    wait_until(lambda: stand.page.read().event != before, "the new event is on the page")
    stand.pass_time(1)
    assert [one["verdict"] for one in stand.facts("counter.judged/1")] == ["unsuitable", "good", "good"]


def test_a_place_that_stays_empty_for_a_minute_is_told_once_until_somebody_moves(stand: Stand) -> None:
    stand.plan(lines=[DOOR], zones=[PLACE])
    stand.camera.inside = {"place": 0}
    stand.watch.look()
    stand.cross()
    stand.cross()
    stand.cross("out")
    stand.pass_time(int(EMPTY_S))
    assert stand.facts("occupancy.corrected/1") == []
    stand.pass_time(1)
    assert stand.facts("occupancy.corrected/1") == [{"occupancy": 0, "counted": 1}]
    stand.pass_time(200)
    assert len(stand.facts("occupancy.corrected/1")) == 1
    stand.cross()
    stand.pass_time(int(EMPTY_S) + 1)
    assert len(stand.facts("occupancy.corrected/1")) == 2


@pytest.mark.parametrize("why", ["somebody", "doubt", "unplugged", "unseen"])
def test_a_place_of_which_nobody_can_say_that_it_is_empty_corrects_nothing(stand: Stand, why: str) -> None:
    stand.plan(lines=[DOOR], zones=[PLACE])
    stand.camera.inside = {"place": int(why == "somebody")} if why != "unseen" else {}
    stand.watch.look()
    stand.cross()
    if why == "doubt":
        stand.camera.says = Judgement("poor", ("dark",))
    if why == "unplugged":
        stand.camera.life.set("absent", "gone")
    stand.pass_time(2 * int(EMPTY_S))
    stand.gatherer.hand_over()
    assert len(stand.facts("crossings.counted/1")) == 1
    assert stand.facts("occupancy.corrected/1") == []


def test_stays_of_a_zone_become_one_fact_a_minute_or_at_the_end(stand: Stand) -> None:
    for seconds in (12.4, 61.8, 3.2):
        stand.gatherer.take(stand.camera, Stay("footfall/bar", seconds, stand.now))
    assert stand.facts("dwell.counted/1") == []
    stand.gatherer.hand_over()
    (fact,) = stand.facts("dwell.counted/1")
    assert {key: fact[key] for key in ("zone", "stays", "seconds", "longest")} == {
        "zone": "footfall/bar",
        "stays": 3,
        "seconds": 77,
        "longest": 62,
    }
