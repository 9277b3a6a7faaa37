"""What every power source has to pass, over its own emulator and real bytes."""

import select
import time
from collections.abc import Callable

import pytest

from drivers.device import Device, PowerReading
from drivers.registry import create

PATIENCE = 30.0


class Clock:
    """The machine's, and as far ahead of it as a test likes."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class PowerBench:
    """One source and its emulator; what a model's own bench does not say how to do, its tests do not ask for.
    `tells_charge`: whether it knows its state of charge.
    """

    tells_charge = True

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.clock = Clock()
        self.device: Device = create("power", uri, now=self.clock)

    def set(self, volts: float, amps: float) -> None:
        """What the battery has from now on."""
        raise NotImplementedError

    def plug(self) -> None:
        """Idempotent."""
        raise NotImplementedError

    def unplug(self) -> None:
        """Idempotent."""
        raise NotImplementedError

    def silence(self, on: bool) -> None:
        """It is there and says nothing."""
        raise NotImplementedError

    def garbage(self, on: bool) -> None:
        """It says nonsense."""
        raise NotImplementedError

    def slow(self, on: bool) -> None:
        """It says what it says as slowly, or in as many pieces, as it may."""
        raise NotImplementedError

    def restart(self) -> None:
        """The source itself starts anew: another emulator at the same place."""
        raise NotImplementedError

    def again(self) -> None:
        """The driver starts anew: another object, as after a restart of the worker."""
        self.device.close()
        self.device = create("power", self.uri, now=self.clock)

    def run(
        self, until: Callable[[list[PowerReading]], object], *, hurry: bool = False, seconds: float = PATIENCE
    ) -> list[PowerReading]:
        """As its worker runs it, until that is so of the readings so far. `hurry`: what it would wait for passes at
        once."""
        readings: list[PowerReading] = []
        deadline = time.monotonic() + seconds
        while not until(readings):
            assert time.monotonic() < deadline, f"{self.device.life.snapshot()}, so far {readings}"
            wait = self.device.wait()
            poll = select.poll()
            if (fd := self.device.fileno()) is not None:
                poll.register(fd, select.POLLIN)
            heard = poll.poll(min(wait, 0.02) * 1000)
            if hurry:
                self.clock.ahead += min(wait, 0.2 if heard else 1.0)
            for event in self.device.step():
                assert isinstance(event, PowerReading)
                readings.append(event)
        return readings

    def state(self) -> str:
        return self.device.life.state

    def online(self) -> None:
        """Until it reads."""
        self.run(lambda readings: readings and self.state() == "online", hurry=True)

    def ill(self) -> None:
        """Until it is degraded, with words that help."""
        self.run(lambda _: self.state() == "degraded", hurry=True)
        assert self.device.life.reason
        assert self.device.life.remedy

    def close(self) -> None:
        self.device.close()


def steady(readings: list[PowerReading], mv: int, ma: int) -> bool:
    return bool(readings) and (readings[-1].mv, readings[-1].ma) == (mv, ma)


class PowerSuite:
    """A model's tests subclass this and have a fixture `bench`."""

    def test_what_the_battery_has_is_what_arrives(self, bench: PowerBench) -> None:
        for volts, amps in ((12.8, -2.0), (13.6, 4.5), (13.3, 0.0)):
            bench.set(volts, amps)
            readings = bench.run(
                lambda found, v=volts, a=amps: steady(found, round(v * 1000), round(a * 1000)),  # type: ignore[misc]
                hurry=True,
            )
            assert readings[-1].lasts_s >= 5.0
            assert (readings[-1].soc_permille is not None) == bench.tells_charge
        assert bench.state() == "online"
        assert bench.device.life.last_ok is not None

    @pytest.mark.parametrize("when", ["before", "online", "silent", "garbled"])
    def test_a_plug_pulled_in_any_state_is_seen_and_put_back_it_reads_again(self, bench: PowerBench, when: str) -> None:
        if when == "before":
            bench.unplug()
            bench.run(lambda _: bench.device.life.counters["attempts"], hurry=True)
        else:
            bench.online()
            if when == "silent":
                bench.silence(True)
                bench.ill()
            elif when == "garbled":
                bench.garbage(True)
                bench.run(lambda _: bench.device.life.counters["invalid"] or bench.state() == "degraded", hurry=True)
            bench.unplug()
        bench.run(lambda _: bench.state() == "absent", hurry=True)
        assert bench.device.life.remedy
        bench.silence(False)
        bench.garbage(False)
        bench.plug()
        bench.online()

    def test_silence_is_degraded_gives_no_reading_and_ends(self, bench: PowerBench) -> None:
        bench.online()
        bench.silence(True)
        bench.ill()
        assert bench.run(lambda _: bench.state() == "degraded", hurry=True) == []
        bench.silence(False)
        bench.online()

    def test_nonsense_never_becomes_a_value(self, bench: PowerBench) -> None:
        bench.set(13.2, -1.5)
        bench.run(lambda found: steady(found, 13200, -1500), hurry=True)
        bench.garbage(True)
        readings = bench.run(lambda _: bench.state() == "degraded", hurry=True)
        assert all((reading.mv, reading.ma) == (13200, -1500) for reading in readings)
        assert bench.device.life.remedy
        bench.garbage(False)
        bench.online()

    def test_a_slow_source_is_read_all_the_same(self, bench: PowerBench) -> None:
        bench.slow(True)
        bench.set(12.4, -3.0)
        bench.run(lambda found: steady(found, 12400, -3000))
        assert bench.state() == "online"
        bench.slow(False)

    def test_a_source_that_starts_anew_is_read_again(self, bench: PowerBench) -> None:
        bench.online()
        bench.restart()
        bench.set(13.0, 2.0)
        bench.run(lambda found: steady(found, 13000, 2000), hurry=True)
        assert bench.state() == "online"

    def test_a_driver_that_starts_anew_reads_on(self, bench: PowerBench) -> None:
        bench.online()
        bench.again()
        bench.online()
        bench.device.close()
        bench.device.close()
        assert bench.device.fileno() is None
        bench.online()
