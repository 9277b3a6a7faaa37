"""What every indicator has to pass."""

from tests.drivers.suites.lines import LinesBench, LinesSuite


def lit(bench: LinesBench) -> list[bool]:
    return [bool(bench.seen(line)) for line in bench.numbers]


class IndicatorSuite(LinesSuite):
    """For a pair of lamps: green, red."""

    STATES = ("off", "ready", "refused", "attention")

    def works(self, bench: LinesBench) -> None:
        bench.run(lambda _: bench.device.connected, hurry=0.05)
        bench.device.show("admitted")
        bench.run(lambda _: lit(bench) == [True, False])
        bench.run(lambda _: bench.device.signal == "off" and lit(bench) == [False, False], hurry=0.05)

    def bring(self, bench: LinesBench, state: str) -> None:
        bench.device.show(state)
        bench.turn()

    def lost(self, bench: LinesBench) -> bool:
        """A lamp cannot tell that its chip is gone before it is told to change."""
        if bench.device.connected:
            bench.device.show("test")
            bench.device.show("off")
        return str(bench.device.life.state) == "absent"

    def test_a_signal_lights_up_in_the_moment_it_is_shown(self, bench: LinesBench) -> None:
        bench.online()
        bench.device.show("refused")
        bench.run(lambda _: lit(bench) == [False, True])

    def test_a_newer_signal_ends_an_older_one(self, bench: LinesBench) -> None:
        bench.online()
        bench.device.show("attention")
        bench.run(lambda _: True in lit(bench))
        bench.device.show("admitted")
        bench.run(lambda _: lit(bench) == [True, False])
        assert bench.device.signal == "admitted"

    def test_what_asks_for_a_person_goes_on(self, bench: LinesBench) -> None:
        bench.online()
        bench.device.show("trouble")
        for _ in range(3):
            bench.run(lambda _: lit(bench) == [False, True], hurry=0.02)
            bench.run(lambda _: lit(bench) == [False, False], hurry=0.02)
        bench.pass_(30)
        assert bench.device.signal == "trouble"

    def test_a_verdict_that_was_shown_to_nobody_is_not_shown_to_the_next(self, bench: LinesBench) -> None:
        bench.unplug()
        bench.absent()
        bench.device.show("admitted")
        bench.clock.ahead += 2.0
        bench.plug()
        bench.online()
        assert bench.device.signal == "off"
        assert lit(bench) == [False, False]

    def test_what_the_box_is_shows_as_soon_as_the_lamp_is_there(self, bench: LinesBench) -> None:
        bench.unplug()
        bench.absent()
        bench.device.show("ready")
        bench.clock.ahead += 60.0
        bench.plug()
        bench.online()
        bench.run(lambda _: lit(bench) == [True, False])

    def test_a_worker_that_ends_leaves_the_lamps_dark(self, bench: LinesBench) -> None:
        bench.online()
        bench.device.show("ready")
        bench.run(lambda _: lit(bench) == [True, False])
        bench.device.close()
        bench.run(lambda _: lit(bench) == [False, False] or not bench.device.step())
