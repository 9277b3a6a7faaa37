"""What every pair of beams has to pass; a line is high while its beam is broken."""

from drivers.device import BeamFault, Crossing, Event
from tests.drivers.suites.lines import LinesBench, LinesSuite

STRIDE = 0.03
IN = ((1, 0), (1, 1), (0, 1), (0, 0))
OUT = ((0, 1), (1, 1), (1, 0), (0, 0))


def levels(bench: LinesBench, first: int, second: int) -> None:
    bench.move(bench.numbers[0], first)
    bench.move(bench.numbers[1], second)


def walk(bench: LinesBench, path: tuple[tuple[int, int], ...]) -> list[Event]:
    """Somebody takes the beams through these levels."""
    events: list[Event] = []
    for first, second in path:
        levels(bench, first, second)
        events += bench.pass_(STRIDE)
    return events + bench.pass_(0.05)


def directions(events: list[Event]) -> list[str]:
    return [event.direction for event in events if isinstance(event, Crossing)]


class FootfallSuite(LinesSuite):
    STATES = ("free", "broken", "blocked")

    def works(self, bench: LinesBench) -> None:
        self.free(bench)
        events = walk(bench, IN) + walk(bench, OUT)
        assert directions(events) == ["in", "out"], (bench.device.life.snapshot(), events)
        times = [event.mono for event in events]
        assert times == sorted(times)

    def bring(self, bench: LinesBench, state: str) -> None:
        levels(bench, int(state != "free"), 0)
        bench.pass_(11.0 if state == "blocked" else 0.1)
        assert (bench.device.life.state == "degraded") == (state == "blocked")

    def free(self, bench: LinesBench) -> None:
        """Online, and nobody in the doorway."""
        bench.run(lambda _: bench.device.connected, hurry=0.05)
        levels(bench, 0, 0)
        bench.online()

    def test_garbage_changes_nothing(self, bench: LinesBench) -> None:
        self.free(bench)
        super().test_garbage_changes_nothing(bench)

    def test_lines_that_go_away_in_any_state_come_back(self, bench: LinesBench) -> None:
        levels(bench, 0, 0) if bench.live else None
        super().test_lines_that_go_away_in_any_state_come_back(bench)

    def test_a_driver_that_starts_anew_goes_on(self, bench: LinesBench) -> None:
        for state in self.STATES:
            self.free(bench)
            self.bring(bench, state)
            bench.again()
            self.works(bench)

    def test_a_worker_that_was_busy_finds_the_people_who_came_meanwhile(self, bench: LinesBench) -> None:
        """Edges are read late, with the time at which they were."""
        self.free(bench)
        for path in (IN, OUT):
            for first, second in path:
                levels(bench, first, second)
                bench.clock.ahead += STRIDE
            bench.clock.ahead += 0.1
        events = bench.pass_(0.1)
        assert directions(events) == ["in", "out"], (bench.device.life.snapshot(), events)

    def test_beams_that_chatter_count_nobody(self, bench: LinesBench) -> None:
        self.free(bench)
        for _ in range(50):
            levels(bench, 1, 0)
            bench.clock.ahead += 0.003
            levels(bench, 0, 0)
            bench.clock.ahead += 0.003
        assert directions(bench.pass_(0.2)) == []
        self.works(bench)

    def test_a_cut_cable_shows_and_counts_nobody(self, bench: LinesBench) -> None:
        self.free(bench)
        levels(bench, 1, 1)
        events = bench.run(lambda _: bench.device.life.state == "degraded", hurry=0.01)
        assert [event.what for event in events if isinstance(event, BeamFault)] == ["illegal"]
        levels(bench, 0, 0)
        assert directions(bench.pass_(0.2)) == []
        self.works(bench)
