"""The demo's bench: hands on every emulated device, and the drivers that feel them."""

import math
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.device import Crossing, PowerReading, Press, Scan
from drivers.emulators.bench import Bench, uris
from drivers.registry import create
from tests.drivers.conftest import Pump


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bench = Bench(tmp_path / "run", port)
    bench.start()
    yield bench
    bench.close()


def test_the_devices_are_known_before_anything_runs(tmp_path: Path) -> None:
    assert uris(tmp_path, 9100) == {
        "printer": "tcp://127.0.0.1:9100?profile=TM-T20II",
        "scanner-door": f"serial://{tmp_path}/scanner-door",
        "footfall": f"gpio://17,27?factory=mock&socket={tmp_path}/pins.sock",
        "power": f"vedirect://{tmp_path}/power",
        "indicator-door": f"gpio://23,24?factory=mock&socket={tmp_path}/indicator-door.sock",
        "indicator-beeper": f"gpio://18?factory=mock&socket={tmp_path}/indicator-beeper.sock&as=beeper",
        "indicator-status": f"gpio://25?factory=mock&socket={tmp_path}/indicator-status.sock",
        "relay-lights": f"gpio://5?factory=mock&socket={tmp_path}/relay-lights.sock&shed=low",
        "button-lead": f"gpio://22?factory=mock&socket={tmp_path}/button-lead.sock",
    }


def test_what_hands_do_on_the_bench_arrives_at_the_drivers(bench: Bench, pump: Pump) -> None:
    uris = bench.devices
    scanner, footfall, power = (create(name, uris[name]) for name in ("scanner-door", "footfall", "power"))
    pump(scanner, lambda _: scanner.life.state == "online")
    pump(footfall, lambda _: footfall.life.state == "online")
    bench.scan("BK1:TICKET")
    (scan,) = pump(scanner, bool)
    assert isinstance(scan, Scan)
    assert scan.code == "BK1:TICKET"
    bench.beam("out", 2)
    crossings = pump(footfall, lambda events: len(events) == 2)
    assert [c.direction for c in crossings if isinstance(c, Crossing)] == ["out", "out"]
    bench.power(volts=11.9, amps=-4, pv_watts=0, soc=18)
    wanted = (180, 11_900, -4_000, 0)
    readings = pump(power, lambda events: any(_four(event) == wanted for event in events))
    assert readings
    for device in (scanner, footfall, power):
        device.close()


def test_what_the_box_lights_is_seen_on_the_bench_and_the_leads_button_is_felt(bench: Bench, pump: Pump) -> None:
    def lamp(name: str) -> dict[str, Any]:
        return next(lamp for lamp in bench.state()["lamps"] if lamp["name"] == name)

    door: Any = create("indicator-door", bench.devices["indicator-door"])
    relay: Any = create("relay-lights", bench.devices["relay-lights"])
    button = create("button-lead", bench.devices["button-lead"])
    pump(door, lambda _: bool(door.life.state == "online"))
    pump(relay, lambda _: lamp("Lights on the relay")["lit"])
    door.show("refused")
    pump(door, lambda _: lamp("Door, red")["flashes"] == 5)
    assert not lamp("Door, green")["lit"]
    pump(button, lambda _: button.life.state == "online")
    bench.button(hold=False)
    bench.button(hold=True)
    presses = pump(button, lambda events: len(events) == 2)
    assert [press.held for press in presses if isinstance(press, Press)] == [False, True]
    assert bench.state()["button"] == {"down": True}
    pump(button, lambda _: not bench.state()["button"]["down"])
    for device in (door, relay, button):
        device.close()
    pump(button, lambda _: not lamp("Lights on the relay")["lit"])
    button.close()


def _four(event: object) -> tuple[int | None, ...] | None:
    if not isinstance(event, PowerReading):
        return None
    return event.soc_permille, event.mv, event.ma, event.pv_mw


@pytest.mark.parametrize(
    ("plug", "name", "away"),
    [("scanner", "scanner-door", "absent"), ("beam", "footfall", "degraded"), ("power", "power", "absent")],
)
def test_an_unplugged_device_shows_and_comes_back(bench: Bench, pump: Pump, plug: Any, name: str, away: str) -> None:
    device = create(name, bench.devices[name])
    pump(device, lambda _: device.life.state == "online")
    bench.unplug(plug)
    bench.unplug(plug)
    pump(device, lambda _: device.life.state == away)
    bench.plug(plug)
    pump(device, lambda _: device.life.state == "online")
    device.close()


def test_what_is_printed_can_be_looked_at(bench: Bench) -> None:
    port = int(bench.devices["printer"].partition("127.0.0.1:")[2].partition("?")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as printer:
        # GS r 1 is answered in the order of the data: then the cut has been done.
        printer.sendall(b"\x1b@Hello\n\x1dV\x00\x1dr\x01")
        assert printer.recv(1) != b""
    (receipt,) = bench.receipts()
    assert "Hello" in receipt["text"]
    assert receipt["cut"] is True
    assert receipt["drawer_kicks"] == 0
    assert receipt["qr"] == []
    assert bench.receipt_png(receipt["id"]).startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="no receipt"):
        bench.receipt_png(receipt["id"] + 1)


BAD: list[tuple[Callable[[Bench], None], str]] = [
    (lambda b: b.scan(""), "printable"),
    (lambda b: b.scan("two\nlines"), "printable"),
    (lambda b: b.beam("up", 1), "in, out"),  # type: ignore[arg-type]
    (lambda b: b.beam("in", 0), "1…100"),
    (lambda b: b.beam("in", True), "1…100"),
    (lambda b: b.printer(paper="empty"), "near_end"),  # type: ignore[arg-type]
    (lambda b: b.printer(cover="ajar"), "closed"),  # type: ignore[arg-type]
    (lambda b: b.printer(online="yes"), "true or false"),  # type: ignore[arg-type]
    (lambda b: b.printer(behaviour="moody"), "garbage"),  # type: ignore[arg-type]
    (lambda b: b.button(hold="yes"), "true or false"),  # type: ignore[arg-type]
    (lambda b: b.power(volts=-1), "volts"),
    (lambda b: b.power(soc=101), "soc"),
    (lambda b: b.power(amps=math.nan), "amps"),
    (lambda b: b.power(pv_watts="12"), "pv_watts"),  # type: ignore[arg-type]
    (lambda b: b.unplug("toaster"), "printer, scanner, beam, power"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("act", "says"), BAD)
def test_a_value_the_bench_does_not_know_is_refused(bench: Bench, act: Callable[[Bench], None], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        act(bench)


def test_nobody_scans_with_an_unplugged_scanner(bench: Bench) -> None:
    bench.unplug("scanner")
    with pytest.raises(ValueError, match="unplugged"):
        bench.scan("BK1:X")


def test_a_bench_that_cannot_start_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bench = Bench(tmp_path / "run", taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            bench.start()
    assert list((tmp_path / "run").iterdir()) == []
    bench.start()
    bench.close()
