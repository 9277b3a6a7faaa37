"""What every pair of beams has to pass; a line is high while its beam is broken."""

from drivers.device import BeamFault, Crossing, Event, Judgement
from drivers.registry import create
from tests.drivers.suites.lines import LinesBench, LinesSuite

STRIDE = 0.03
IN = ((1, 0), (1, 1), (0, 1), (0, 0))
OUT = ((0, 1), (1, 1), (1, 0), (0, 0))


def levels(bench: LinesBench, first: int, second: int) -> None:
    bench.move(bench.numbers[0], first)
    bench.move(bench.numbers[1], second)


def both(bench: LinesBench, level: int) -> None:
    """Both lines in one moment, however busy the machine is."""
    moment = bench.clock()
    bench.move(bench.numbers[0], level)
    bench.clock.ahead -= bench.clock() - moment
    bench.move(bench.numbers[1], level)


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

    def test_two_close_behind_each_other_are_two(self, bench: LinesBench) -> None:
        """A tenth of a second from beam to beam, half as much of light between them."""
        self.free(bench)
        path = ((1, 0, 0.1), (1, 1, 0.15), (0, 1, 0.05), (1, 1, 0.05), (1, 0, 0.05), (1, 1, 0.15), (0, 1, 0.1))
        for first, second, lasts in (*path, (0, 0, 0.1)):
            levels(bench, first, second)
            bench.clock.ahead += lasts
        assert directions(bench.pass_(0.1)) == ["in", "in"]

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
        assert bench.device.judgement() == Judgement("learning", (), 0, None)
        both(bench, 1)
        events = bench.run(lambda _: bench.device.life.state == "degraded", hurry=0.01)
        assert [event.what for event in events if isinstance(event, BeamFault)] == ["illegal"]
        assert bench.device.judgement() == Judgement("poor", ("illegal",), 0, 1000)
        both(bench, 0)
        assert directions(bench.pass_(0.2)) == []
        self.works(bench)

    def test_a_fault_that_comes_again_and_again_spoils_the_figure_and_good_passages_mend_it(
        self, bench: LinesBench
    ) -> None:
        self.free(bench)
        for _ in range(2):
            both(bench, 1)
            bench.pass_(0.1)
            both(bench, 0)
            bench.pass_(0.1)
        assert bench.device.judgement() == Judgement("poor", ("illegal",), 0, 1000)
        for _ in range(100):
            walk(bench, IN)
            walk(bench, OUT)
        assert bench.device.judgement() == Judgement("good", (), 0, 0)

    def test_a_blocked_beam_is_told_for_as_long_as_it_is(self, bench: LinesBench) -> None:
        self.free(bench)
        self.bring(bench, "blocked")
        assert bench.device.judgement() == Judgement("poor", ("blocked",), 0, None)
        self.free(bench)
        assert bench.device.judgement() == Judgement("learning", (), 0, 0)
        for _ in range(9):
            walk(bench, IN)
            walk(bench, OUT)
        assert bench.device.judgement() == Judgement("learning", (), 0, 0)
        walk(bench, IN)
        assert bench.device.judgement() == Judgement("good", (), 0, 0)

    def test_it_tells_when_each_beam_was_broken_and_how_its_address_reads_the_other_way_round(
        self, bench: LinesBench
    ) -> None:
        self.free(bench)
        one, other = bench.numbers
        wiring = bench.device.wiring
        assert (wiring["lines"], wiring["broken"], wiring["illegal"]) == ([one, other], [None, None], None)
        levels(bench, 0, 1)
        bench.pass_(0.1)
        levels(bench, 0, 0)
        bench.pass_(100.0)
        both(bench, 1)
        bench.pass_(10.0)
        both(bench, 0)
        bench.pass_(0.1)
        first, second = bench.device.wiring["broken"]
        assert 10 <= first < 100
        assert second == first
        assert bench.device.wiring["illegal"] < 10
        turned = wiring["turned"]
        assert turned.endswith(f"&in={other}")
        bench.device.close()
        bench.device = create("footfall", turned, now=bench.clock)
        assert bench.device.judgement() == Judgement("learning")
        assert bench.device.wiring["turned"] == turned.removesuffix(f"&in={other}")
        self.free(bench)
        assert directions(walk(bench, IN) + walk(bench, OUT)) == ["out", "in"]
