"""What every scanner's driver promises, whatever the scanner is connected by.

A model's test module subclasses `ScannerSuite` (or `TextSuite`, for those whose codes arrive in pieces) with a fixture
`bench`: a driver and the emulator at its other end.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import count

from drivers.device import Device, Event, Scan
from drivers.life import State
from drivers.registry import create
from drivers.wire.scan import LONGEST, SAME_WITHIN
from tests.drivers.conftest import Pump


class Clock:
    """The monotonic clock, which can be moved forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += seconds


class ScannerBench(ABC):
    """A scanner's two ends. A subclass has the emulator's verbs; `uri` is the driver's."""

    uri: str
    when_silent: State = "online"
    """What a scanner is that has said nothing for an hour."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._numbers = count()
        self.clock = Clock()
        self._device: Device | None = None

    @property
    def device(self) -> Device:
        if self._device is None:
            self._device = create("scanner-door", self.uri, now=self.clock)
        return self._device

    def close(self) -> None:
        if self._device is not None:
            self._device.close()
        self.stop()

    def connect(self) -> None:
        assert self.until(lambda _: self.device.life.state == "online") == []

    def until(self, condition: Callable[[list[Event]], bool]) -> list[str]:
        """The codes that come until then."""
        events = self._pump(self.device, condition)
        return [event.code for event in events if isinstance(event, Scan) and not event.code.startswith("AWAY-")]

    def read(self, *codes: str) -> list[str]:
        """Holds each out when the one before it was read; the codes that come."""
        read: list[str] = []
        for code in codes:
            self.scan(code)
            read += self.until(lambda events, code=code: code in [e.code for e in events if isinstance(e, Scan)])
        return read

    def restart_driver(self) -> None:
        self.device.close()
        self._device = None

    @abstractmethod
    def away(self) -> None:
        """Nothing is held out any more, and what was is no longer on its way."""

    @abstractmethod
    def hush(self) -> None:
        """Nothing is heard from it any more; `scan` ends it."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None: ...

    @abstractmethod
    def plug(self) -> None: ...

    @abstractmethod
    def unplug(self) -> None: ...

    @abstractmethod
    def scan(self, code: str) -> None: ...

    @abstractmethod
    def half(self, code: str) -> None:
        """Something of a code is on its way and no more follows."""

    @abstractmethod
    def garbage(self) -> None: ...

    @abstractmethod
    def slowly(self, code: str) -> None: ...


class ScannerSuite:
    """Each test gets a bench that was started and whose driver has not been stepped yet."""

    def test_codes_come_out_once_each_in_order_as_they_were_held_out(self, bench: ScannerBench) -> None:
        bench.connect()
        codes = ["BK1:6BFOXN*TS0BI$ZD.P9U:", "https://example.org/t?x=1", "A", "4006381333931"]
        before = bench.clock()
        events: list[Event] = []
        assert bench.read(*codes) == codes
        assert bench.device.life.counters["codes"] >= len(codes)
        assert bench.device.life.last_ok is not None
        assert before <= bench.device.life.last_ok <= bench.clock()
        assert events == []

    def test_a_pulled_plug_is_seen_and_the_scanner_works_again_when_it_is_back(self, bench: ScannerBench) -> None:
        bench.connect()
        for round_ in range(2):
            bench.unplug()
            assert bench.until(lambda _: bench.device.life.state == "absent") == []
            assert bench.device.fileno() is None
            assert bench.device.life.reason
            assert bench.device.life.remedy
            bench.plug()
            assert bench.until(lambda _: bench.device.life.state == "online") == []
            assert bench.read(f"ROUND-{round_}") == [f"ROUND-{round_}"]
        assert bench.device.life.counters["losses"] == 2

    def test_half_a_code_is_no_code_when_the_plug_is_pulled_in_its_middle(self, bench: ScannerBench) -> None:
        bench.connect()
        for round_ in range(2):
            bench.half("HALF-OF-A-CODE")
            bench.unplug()
            assert bench.until(lambda _: bench.device.life.state == "absent") == []
            bench.plug()
            assert bench.until(lambda _: bench.device.life.state == "online") == []
            assert bench.read(f"WHOLE-{round_}") == [f"WHOLE-{round_}"]

    def test_a_scanner_that_was_never_there_is_found_when_it_appears(self, bench: ScannerBench) -> None:
        bench.unplug()
        assert bench.until(lambda _: bench.device.life.counters["attempts"] > 0) == []
        assert bench.device.life.state == "absent"
        bench.plug()
        assert bench.until(lambda _: bench.device.life.state == "online") == []
        assert bench.read("THERE") == ["THERE"]

    def test_an_hour_of_silence_shows_and_ends_with_the_next_code(self, bench: ScannerBench) -> None:
        bench.connect()
        bench.hush()

        def an_hour_later(_: list[Event]) -> bool:
            bench.clock.forward(400)
            return bench.device.life.state == bench.when_silent and bench.clock() - began > 3600

        began = bench.clock()
        assert bench.until(an_hour_later) == []
        assert bool(bench.device.life.remedy) == (bench.when_silent != "online")
        assert bench.read("AT LAST") == ["AT LAST"]
        assert bench.until(lambda _: bench.device.life.state == "online") == []

    def test_garbage_is_no_code_and_the_next_code_is_read(self, bench: ScannerBench) -> None:
        bench.connect()
        for round_ in range(3):
            bench.garbage()
            assert bench.read(f"CLEAN-{round_}") == [f"CLEAN-{round_}"]

    def test_a_code_that_arrives_byte_by_byte_is_whole(self, bench: ScannerBench) -> None:
        bench.connect()
        bench.slowly("SLOW-BUT-WHOLE")
        assert bench.until(lambda events: len(events) > 0) == ["SLOW-BUT-WHOLE"]

    def test_the_same_code_is_one_scan_until_a_second_and_a_half_have_passed(self, bench: ScannerBench) -> None:
        bench.connect()
        assert bench.read("SAME") == ["SAME"]
        bench.scan("SAME")
        assert bench.read("OTHER") == ["OTHER"]
        bench.away()
        bench.clock.forward(SAME_WITHIN + 0.1)
        assert bench.read("SAME") == ["SAME"]

    def test_a_driver_that_starts_anew_reads_on(self, bench: ScannerBench) -> None:
        bench.connect()
        assert bench.read("BEFORE") == ["BEFORE"]
        bench.away()
        bench.restart_driver()
        bench.connect()
        assert bench.read("AFTER") == ["AFTER"]

    def test_a_scanner_that_starts_anew_is_read_on(self, bench: ScannerBench) -> None:
        bench.connect()
        bench.stop()
        assert bench.until(lambda _: bench.device.life.state == "absent") == []
        bench.start()
        assert bench.until(lambda _: bench.device.life.state == "online") == []
        assert bench.read("AGAIN") == ["AGAIN"]

    def test_closing_twice_is_closing(self, bench: ScannerBench) -> None:
        bench.connect()
        bench.device.close()
        bench.device.close()
        assert bench.device.fileno() is None


class TextSuite(ScannerSuite):
    """For scanners whose codes come as text with an end."""

    def test_half_a_code_is_counted_when_the_plug_is_pulled(self, bench: ScannerBench) -> None:
        bench.connect()
        bench.half("HALF")
        bench.unplug()
        assert bench.until(lambda _: bench.device.life.state == "absent") == []
        bench.plug()
        assert bench.until(lambda _: bench.device.life.state == "online") == []
        assert bench.device.life.counters["partial"] == 1

    def test_a_code_longer_than_any_symbol_is_dropped_and_counted(self, bench: ScannerBench) -> None:
        bench.connect()
        for _ in range(3):
            bench.half("9" * (LONGEST // 2))
        bench.scan("THE END OF IT")
        assert bench.until(lambda _: bench.device.life.counters["too_long"] > 0) == []
        assert bench.read("SHORT") == ["SHORT"]

    def test_the_aim_identifier_is_not_part_of_the_code(self, bench: ScannerBench) -> None:
        bench.connect()
        bench.scan("]Q1BK1:X")
        assert bench.until(lambda events: len(events) > 0) == ["BK1:X"]

    def test_a_gs1_code_keeps_its_group_separators(self, bench: ScannerBench) -> None:
        bench.connect()
        bench.scan("]d20104012345123456\x1d10LOT7")
        assert bench.until(lambda events: len(events) > 0) == ["0104012345123456\x1d10LOT7"]
