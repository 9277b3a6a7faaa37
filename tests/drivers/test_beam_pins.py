"""The footfall driver over gpiozero's mock pins, moved through their socket by the emulated beams."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.device import BeamFault, Crossing, Event
from drivers.emulators.beam import BeamEmulator, Direction
from drivers.registry import create
from tests.drivers.conftest import Pump


@pytest.fixture
def beam(tmp_path: Path) -> Iterator[BeamEmulator]:
    emulator = BeamEmulator(tmp_path / "pins.sock", stride=0.02, repeat=0.05)
    emulator.start()
    yield emulator
    emulator.close()


def uri(tmp_path: Path, options: str = "") -> str:
    return f"gpio://17,27?factory=mock&socket={tmp_path}/pins.sock{options}"


def directions(events: list[Event]) -> list[str]:
    return [event.direction for event in events if isinstance(event, Crossing)]


def test_people_who_walk_through_are_counted_by_direction(beam: BeamEmulator, tmp_path: Path, pump: Pump) -> None:
    device = create("footfall", uri(tmp_path))
    pump(device, lambda _: device.life.state == "online")
    beam.walk("in", people=3)
    beam.walk("out", people=2)
    events = pump(device, lambda events: len(events) == 5)
    assert directions(events) == ["in", "in", "in", "out", "out"]
    times = [event.mono for event in events]
    assert times == sorted(times)
    assert all(isinstance(event, Crossing) and event.line == "footfall" for event in events)
    device.close()


def test_the_first_person_after_the_counter_starts_is_counted(tmp_path: Path, pump: Pump) -> None:
    """The wire holds its levels before anybody looks, however seldom the emulator says them again."""
    emulator = BeamEmulator(tmp_path / "pins.sock", stride=0.02, repeat=60)
    emulator.start()
    device = create("footfall", uri(tmp_path))
    device.step()
    emulator.walk("in", people=2)
    assert directions(pump(device, lambda events: len(directions(events)) == 2)) == ["in", "in"]
    device.close()
    emulator.close()


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_somebody_who_turns_back_is_not_counted(
    beam: BeamEmulator, tmp_path: Path, pump: Pump, direction: Direction, depth: int
) -> None:
    device = create("footfall", uri(tmp_path))
    pump(device, lambda _: device.life.state == "online")
    beam.turn_back(direction, depth)
    beam.walk("in")
    assert directions(pump(device, lambda events: len(events) == 1)) == ["in"]
    assert device.life.counters["turned_back"] == 1
    device.close()


def test_two_people_side_by_side_are_one_to_the_beams(beam: BeamEmulator, tmp_path: Path, pump: Pump) -> None:
    """The limit of two beams, kept here so that nobody is surprised by it."""
    device = create("footfall", uri(tmp_path))
    pump(device, lambda _: device.life.state == "online")
    beam.abreast("in")
    beam.walk("out")
    assert directions(pump(device, lambda events: len(events) == 2)) == ["in", "out"]
    device.close()


def test_the_doorway_may_be_mounted_the_other_way_round(beam: BeamEmulator, tmp_path: Path, pump: Pump) -> None:
    device = create("footfall", uri(tmp_path, "&in=27"))
    pump(device, lambda _: device.life.state == "online")
    beam.walk("in")
    assert directions(pump(device, lambda events: len(events) == 1)) == ["out"]
    device.close()


def test_something_that_leans_in_a_beam_is_reported_and_cleared(beam: BeamEmulator, tmp_path: Path, pump: Pump) -> None:
    device = create("footfall", uri(tmp_path, "&blocked=0.2"))
    pump(device, lambda _: device.life.state == "online")
    beam.block(first=True, second=False)
    (fault,) = pump(device, lambda events: len(events) == 1)
    assert isinstance(fault, BeamFault)
    assert fault.what == "blocked"
    assert device.life.state == "degraded"
    assert "beam 1 (GPIO17)" in device.life.reason
    beam.block(first=False, second=False)
    (fault,) = pump(device, lambda events: len(events) == 1)
    assert isinstance(fault, BeamFault)
    assert fault.what == "cleared"
    assert device.life.snapshot()["state"] == "online"
    device.close()


def test_a_pulled_cable_shows_at_once_and_counts_nobody(beam: BeamEmulator, tmp_path: Path, pump: Pump) -> None:
    device = create("footfall", uri(tmp_path))
    pump(device, lambda _: device.life.state == "online")
    beam.unplug()
    beam.walk("in", people=2)
    events = pump(device, lambda _: device.life.state == "degraded")
    events += pump(device, lambda _: beam.walked["in"] == 2)
    beam.plug()
    events += pump(device, lambda _: device.life.state == "online")
    beam.walk("out")
    events += pump(device, lambda events: bool(directions(events)))
    assert directions(events) == ["out"]
    assert [event.what for event in events if isinstance(event, BeamFault)] == ["illegal", "cleared"]
    device.close()


def test_the_socket_is_the_owners_alone_and_goes_with_the_driver(tmp_path: Path, pump: Pump) -> None:
    path = tmp_path / "pins.sock"
    for _ in range(2):
        device = create("footfall", uri(tmp_path))
        device.step()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        device.close()
        assert not path.exists()


def test_a_socket_left_behind_by_a_killed_driver_is_taken_over(tmp_path: Path, pump: Pump) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(str(tmp_path / "pins.sock"))
    device = create("footfall", uri(tmp_path))
    pump(device, lambda _: device.fileno() is not None)
    device.close()


def test_a_folder_that_is_missing_is_tried_again_later(tmp_path: Path, pump: Pump) -> None:
    device = create("footfall", uri(tmp_path / "later"))
    assert device.step() == []
    assert device.life.state == "absent"
    assert "No such file" in device.life.reason
    (tmp_path / "later").mkdir()
    pump(device, lambda _: device.fileno() is not None)
    device.close()
