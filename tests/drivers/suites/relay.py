"""What every relay has to pass; the load hangs on the normally open contact of a board that pulls at a high line."""

from tests.drivers.suites.lines import LinesBench, LinesSuite


class RelaySuite(LinesSuite):
    STATES = ("on", "off")

    def pulled(self, bench: LinesBench) -> bool:
        return bool(bench.seen(bench.numbers[0]))

    def works(self, bench: LinesBench) -> None:
        bench.run(lambda _: bench.device.connected, hurry=0.05)
        for on in (False, True):
            bench.device.switch(on)
            bench.run(lambda _, on=on: self.pulled(bench) == on)  # type: ignore[misc]
            assert bench.device.life.reason == ("on" if on else "off")

    def bring(self, bench: LinesBench, state: str) -> None:
        bench.device.switch(state == "on")

    def lost(self, bench: LinesBench) -> bool:
        """It notices when it has to switch."""
        if bench.device.connected:
            bench.device.switch(not bench.device.on)
        return str(bench.device.life.state) == "absent"

    def test_the_load_is_on_from_the_start(self, bench: LinesBench) -> None:
        bench.online()
        bench.run(lambda _: self.pulled(bench))

    def test_what_was_wanted_meanwhile_is_done_when_the_line_is_back(self, bench: LinesBench) -> None:
        bench.unplug()
        bench.absent()
        bench.device.switch(False)
        bench.plug()
        bench.online()
        assert bench.device.life.reason == "off"
        assert not self.pulled(bench)

    def test_the_same_again_switches_nothing(self, bench: LinesBench) -> None:
        bench.online()
        for _ in range(5):
            bench.device.switch(True)
        assert bench.device.life.counters["switched"] == 0

    def test_a_worker_that_ends_releases_the_relay(self, bench: LinesBench) -> None:
        bench.online()
        bench.run(lambda _: self.pulled(bench))
        bench.device.close()
        bench.run(lambda _: not self.pulled(bench) or bool(bench.device.close()))
