"""Batteries that the kernel shows under class/power_supply."""

import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.emulators.sysfs import PowerSupplyEmulator, Sign
from tests.drivers.sensors import ODD, Box, Boxes, opened


@pytest.fixture
def boxes() -> Iterator[Boxes]:
    yield from opened()


@settings(deadline=None)
@given(data=st.one_of(ODD, st.binary(max_size=300).map(lambda tail: b"POWER_SUPPLY_STATUS=Charging\n" + tail)))
@example(b"POWER_SUPPLY_VOLTAGE_NOW=13000000\nPOWER_SUPPLY_MODEL_NAME=\xff\xfe\n")
@example(b"POWER_SUPPLY_POWER_NOW=99999999999\nPOWER_SUPPLY_VOLTAGE_NOW=1\nPOWER_SUPPLY_STATUS=Full\n")
@example(b"POWER_SUPPLY_TYPE\nPOWER_SUPPLY_CAPACITY=5\n")
def test_whatever_a_gauge_tells_is_a_value_in_range_or_a_state_with_a_reason(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        battery = PowerSupplyEmulator(Path(folder))
        battery.start()
        battery.garbage("uevent", data)
        box = Box(f"power-supply://BAT0?root={folder}")
        for reading in box.ask():
            assert reading.mv is None or 0 <= reading.mv <= 100_000
            assert reading.ma is None or abs(reading.ma) <= 1_000_000
            assert reading.soc_permille is None or 0 <= reading.soc_permille <= 1000
            assert box.state() == "online"
            break
        else:
            assert box.state() in ("degraded", "fault")
            assert box.device.life.reason
            assert box.device.life.remedy
        box.close()


@pytest.mark.parametrize("sign", ["rules", "unsigned", "reversed"])
def test_the_status_says_whether_a_current_charges(sign: Sign, tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path, sign=sign, volts=12.9, amps=-2.5, soc=61)
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    assert box.values() == (610, 12900, -2500)
    battery.set(amps=4.0, soc=62)
    assert box.values() == (620, 12900, 4000)
    battery.set(amps=0.0, soc=100)
    assert box.values() == (1000, 12900, 0)
    assert box.state() == "online"


def test_a_gauge_that_tells_its_power_in_place_of_a_current_is_understood(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path)
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    told = {"STATUS": "Discharging", "POWER_NOW": 6_000_000, "VOLTAGE_NOW": 12_000_000}
    battery.garbage("uevent", "".join(f"POWER_SUPPLY_{key}={value}\n" for key, value in told.items()).encode())
    assert box.values() == (None, 12000, -500)
    battery.garbage("uevent", b"POWER_SUPPLY_VOLTAGE_AVG=12000000\nPOWER_SUPPLY_CURRENT_NOW=500000\n")
    assert box.values() == (None, 12000, None)


def test_what_the_gauge_says_of_the_batterys_health_shows_beside_its_readings(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path)
    battery.health = "Overheat"
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    assert box.values() == (820, 13200, -1400)
    assert (box.state(), "Overheat" in box.device.life.reason) == ("degraded", True)
    assert "shade" in box.device.life.remedy
    battery.health = "Good"
    battery.write()
    assert box.values() == (820, 13200, -1400)
    assert box.state() == "online"


def test_a_gauge_without_its_battery_says_so_and_goes_on_when_one_is_put_in(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path)
    battery.battery = False
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    assert box.ask() == []
    assert (box.state(), box.device.life.remedy) == ("degraded", "Put the battery in.")
    battery.battery = True
    battery.write()
    assert box.values() == (820, 13200, -1400)


def test_a_mains_supply_is_not_taken_for_a_battery(tmp_path: Path, boxes: Boxes) -> None:
    supply = PowerSupplyEmulator(tmp_path, "AC")
    supply.start()
    supply.garbage("uevent", b"POWER_SUPPLY_TYPE=Mains\nPOWER_SUPPLY_VOLTAGE_NOW=5000000\n")
    box = boxes(f"power-supply://AC?root={tmp_path}")
    for _ in range(3):
        assert box.ask() == []
        assert (box.state(), "'Mains'" in box.device.life.reason) == ("fault", True)


def test_an_unplugged_battery_board_is_absent_and_read_again_when_it_is_back(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path)
    PowerSupplyEmulator(tmp_path / "other", "BAT1").start()
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    box.ask()
    battery.unplug()
    assert box.ask() == []
    assert box.state() == "absent"
    battery.plug()
    box.again()
    assert box.values() == (820, 13200, -1400)
    other = boxes(f"power-supply://BAT7?root={tmp_path}")
    assert other.ask() == []
    assert "there are: BAT0" in other.device.life.reason


def test_a_reader_never_sees_a_mixture_while_values_change(tmp_path: Path, boxes: Boxes) -> None:
    battery = PowerSupplyEmulator(tmp_path, volts=10.0, amps=-1.0, soc=10)
    battery.start()
    box = boxes(f"power-supply://BAT0?root={tmp_path}")
    ending = threading.Event()

    def change() -> None:
        while not ending.is_set():
            battery.set(volts=20.0, amps=2.0, soc=20)
            battery.set(volts=10.0, amps=-1.0, soc=10)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        seen = {box.values() for _ in range(300)}
    finally:
        ending.set()
        writer.join()
    assert seen <= {(100, 10_000, -1000), (200, 20_000, 2000)}
