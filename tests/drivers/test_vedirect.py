"""The VE.Direct parser, and the driver against the emulated charger and the recordings of real ones, over a
real pty.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Event, PowerReading
from drivers.emulators.vedirect import VedirectEmulator, block, hex_frame
from drivers.registry import create
from drivers.wire.vedirect import BLOCK_MAX, Parser
from tests.drivers.conftest import Pump

CAPTURES = Path(__file__).parents[2].parent / "shared" / "captures" / "vedirect"
RECORDED = [
    pytest.param("bluesolar_1.23.dump", {"blocks": 247, "invalid": 1, "hex_frames": 7}, id="bluesolar"),
    pytest.param("bvm702.dump", {"blocks": 906}, id="bvm702"),
    pytest.param("smartsolar_1.39.dump", {"blocks": 493, "invalid": 1, "hex_frames": 2}, id="smartsolar"),
]
PLAIN = {"PID": "0xA060", "V": "13200", "I": "-1400", "PPV": "16", "SOC": "820", "LOAD": "ON"}
FRAME = hex_frame(0xA, bytes.fromhex("501000000000000000000000ED04C6040000"))

FIELDS = st.fixed_dictionaries(
    {"V": st.integers(-1000, 1_000_000), "I": st.integers(-10_000_000, 10_000_000)},
    optional={"SOC": st.integers(0, 1000), "PPV": st.integers(0, 100_000), "H9": st.integers(0, 2**31 - 1)},
)


def recording(name: str) -> bytes:
    path = CAPTURES / name
    if not path.exists():
        pytest.skip(f"the recording {path.name} is not beside the repository (shared/captures/vedirect)")
    return path.read_bytes()


def counts(parser: Parser) -> dict[str, int]:
    return {name: n for name, n in parser.counters.items() if n}


@given(st.lists(FIELDS, max_size=5), st.lists(st.integers(0, 2000)))
def test_blocks_of_the_emulator_come_out_whole_however_their_bytes_arrive(
    wanted: list[dict[str, int]], places: list[int]
) -> None:
    stream = b"".join(block({label: str(value) for label, value in fields.items()}) for fields in wanted)
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    parser = Parser()
    out = [b for a, z in pairwise(ends) for b in parser.feed(stream[a:z])]
    assert [dict(b.fields) for b in out] == wanted
    assert parser.counters["invalid"] == 0


@given(place=st.integers(0, 500), newline=st.sampled_from([b"\n", b"\xfe"]), frames=st.integers(1, 3))
def test_a_hex_frame_may_land_anywhere_but_in_front_of_the_checksum_byte(
    place: int, newline: bytes, frames: int
) -> None:
    text = block(PLAIN) * 2
    place %= len(text) + 1
    if text[:place].endswith(b"Checksum\t"):
        place += 1
    parser = Parser()
    out = parser.feed(text[:place] + (FRAME[:-1] + newline) * frames + text[place:])
    assert len(out) == 2
    assert counts(parser) == {"blocks": 2, "hex_frames": frames}


@given(st.lists(st.sampled_from(range(len(PLAIN) + 1)), unique=True))
def test_0xfe_may_stand_where_a_newline_was(which: list[int]) -> None:
    lines = block(PLAIN).split(b"\n")
    text = lines[0] + b"".join((b"\xfe" if n in which else b"\n") + line for n, line in enumerate(lines[1:]))
    parser = Parser()
    (out,) = parser.feed(text)
    assert out.integer("V") == 13200


def test_the_checksum_may_be_any_byte() -> None:
    """Also a colon, a newline, a tab: it is told by its place."""
    parser = Parser()
    seen = set()
    for n in range(256):
        serial = "".join(chr(0x3B + min(max(n - 60 * place, 0), 60)) for place in range(5))
        text = block({"V": "12000", "SER#": serial})
        seen.add(text[-1])
        assert len(parser.feed(text)) == 1
    assert len(seen) == 256
    assert counts(parser) == {"blocks": 256}


@given(st.binary(max_size=3000))
def test_no_noise_breaks_the_parser_and_the_block_after_the_next_checksum_is_read(noise: bytes) -> None:
    parser = Parser()
    for out in parser.feed(noise):
        assert out.fields is not None
    # Noise may end within a hex frame or a value; one whole block brings the parser back into step.
    parser.feed(b"\n" + block(PLAIN))
    (out,) = parser.feed(block(PLAIN))
    assert out.integer("SOC") == 820


@given(at=st.integers(0, 200), change=st.integers(1, 255))
def test_one_changed_byte_never_gives_other_values(at: int, change: int) -> None:
    text = bytearray(block(PLAIN))
    text[at % len(text)] ^= change
    parser = Parser()
    for out in parser.feed(bytes(text)):
        # A byte may change without a trace only where 0xFE stands for a newline.
        assert out.integer("V") == 13200


def test_an_endless_block_is_given_up_and_what_follows_is_read() -> None:
    parser = Parser()
    for _ in range(1000):
        assert parser.feed(b"\r\nV\t" + b"1" * 100) == []
    parser.feed(b"\r\nChecksum\tx")
    assert parser.counters["invalid"] >= 100_000 // BLOCK_MAX
    assert len(parser.feed(block(PLAIN))) == 1
    assert parser.feed(b":" + b"A" * 100_000) == []
    assert parser.counters["bad_hex_frames"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"V": "12.5"},
        {"V": "1e3"},
        {"V": "0x10"},
        {"V": "012"},
        {"V": ""},
        {"V": "1000001"},
        {"SOC": "1001"},
        {"SOC": "-1"},
        {"PPV": "-5"},
        {"I": "99999999999"},
        {"PID": "41056"},
        {"LOAD": "MAYBE"},
        {"FW": "1\x01"},
        {"label-too": "1"},
        {"V V": "1"},
    ],
)
def test_a_value_outside_its_pattern_or_range_spoils_its_block(wrong: dict[str, str]) -> None:
    parser = Parser()
    assert parser.feed(block(PLAIN | wrong)) == []
    assert counts(parser) == {"invalid": 1}


def test_a_label_of_newer_firmware_is_left_out_and_counted() -> None:
    parser = Parser()
    (out,) = parser.feed(block(PLAIN | {"NEW": "?"}))
    assert "NEW" not in out.fields
    assert out.integer("V") == 13200
    assert parser.counters["unknown_fields"] == 1


def test_two_blocks_that_ran_together_are_not_one() -> None:
    first, second = block({"V": "12000", "I": "0"}), block({"V": "13000", "I": "0"})
    cut = first.index(b"\r\nChecksum")
    together = first[:cut] + second[:-1]
    parser = Parser()
    assert parser.feed(together + bytes([-sum(together) % 256])) == []
    assert counts(parser) == {"invalid": 1}


@pytest.mark.parametrize(("name", "wanted"), RECORDED)
def test_recordings_of_real_devices_give_the_reference_counts(
    name: str, wanted: dict[str, int], tmp_path: Path, pump: Pump
) -> None:
    data = recording(name)
    emulator = VedirectEmulator(tmp_path / "power", period=None)
    emulator.start()
    device = create("power", f"vedirect://{tmp_path}/power")
    pump(device, lambda _: device.life.state == "connecting")
    player = threading.Thread(target=emulator.play, args=(data,))
    player.start()
    counters = device.life.counters
    events = pump(
        device,
        lambda _: counters["blocks"] + counters["invalid"] == sum(wanted.values()) - wanted.get("hex_frames", 0),
    )
    player.join()
    assert {key: counters[key] for key in ("blocks", "invalid", "hex_frames") if counters[key]} == wanted
    assert events
    assert isinstance(events[0], PowerReading)
    assert events[0].mv is not None
    assert 11_000 < events[0].mv < 14_000
    device.close()
    emulator.close()


@pytest.fixture
def power(tmp_path: Path) -> Iterator[VedirectEmulator]:
    emulator = VedirectEmulator(tmp_path / "power", period=0.05)
    emulator.start()
    yield emulator
    emulator.close()


def readings(events: list[Event]) -> list[PowerReading]:
    return [event for event in events if isinstance(event, PowerReading)]


def test_what_the_emulator_is_set_to_is_what_the_driver_reads(
    power: VedirectEmulator, tmp_path: Path, pump: Pump
) -> None:
    power.volts, power.amps, power.pv_watts, power.soc, power.load_amps = 12.65, -3.2, 41, 57.5, 2.0
    device = create("power", f"vedirect://{tmp_path}/power")
    # The block under way when the values were set still carries the old ones.
    latest = readings(pump(device, lambda events: any(r.mv == 12650 for r in readings(events))))[-1]
    assert (latest.ma, latest.pv_mw, latest.soc_permille) == (-3200, 41000, 575)
    assert latest.load_mw == 25_300
    assert device.life.state == "online"
    power.soc = None
    latest = readings(pump(device, lambda events: any(r.soc_permille is None for r in readings(events))))[-1]
    assert latest.mv == 12650
    device.close()


def test_a_fast_talker_is_thinned_out(power: VedirectEmulator, tmp_path: Path, pump: Pump) -> None:
    device = create("power", f"vedirect://{tmp_path}/power")
    events = pump(device, lambda events: len(events) == 3)
    times = [reading.mono for reading in readings(events)]
    assert times[2] - times[0] >= 1.0
    assert device.life.counters["thinned_out"] > 0
    device.close()


def test_an_error_of_the_charger_shows_and_goes(power: VedirectEmulator, tmp_path: Path, pump: Pump) -> None:
    device = create("power", f"vedirect://{tmp_path}/power")
    power.error = 17
    pump(device, lambda _: device.life.state == "degraded")
    assert "17" in device.life.reason
    assert "hot" in device.life.remedy
    power.error = 0
    pump(device, lambda _: device.life.state == "online")
    device.close()


def test_an_unplugged_charger_is_absent_and_read_again_when_it_is_back(
    power: VedirectEmulator, tmp_path: Path, pump: Pump
) -> None:
    device = create("power", f"vedirect://{tmp_path}/power")
    pump(device, bool)
    power.unplug()
    pump(device, lambda _: device.life.state == "absent")
    power.plug()
    pump(device, bool)
    assert device.life.state == "online"
    assert device.life.counters["invalid"] == 0
    device.close()


def test_a_charger_that_falls_silent_is_degraded(tmp_path: Path, pump: Pump) -> None:
    emulator = VedirectEmulator(tmp_path / "power", period=None)
    emulator.start()
    ahead = 0.0

    def now() -> float:
        return time.monotonic() + ahead

    device = create("power", f"vedirect://{tmp_path}/power", now=now)
    pump(device, lambda _: device.life.state == "connecting")
    emulator.send_block()
    pump(device, bool)
    ahead = 5.0
    assert pump(device, lambda _: device.life.state == "degraded") == []
    emulator.send_block()
    pump(device, lambda _: device.life.state == "online")
    device.close()
    emulator.close()


BMV = {"V": "12800", "I": "-1500", "P": "-19", "CE": "-4200", "SOC": "912", "TTG": "412", "T": "21", "AR": "0"}


def monitor(link: Path, **change: str) -> VedirectEmulator:
    emulator = VedirectEmulator(link, period=0.05)
    emulator.says = block({**BMV, **change})
    emulator.start()
    return emulator


def test_a_battery_monitor_is_told_by_what_it_sends(tmp_path: Path, pump: Pump) -> None:
    emulator = monitor(tmp_path / "power")
    device = create("power", f"vedirect://{tmp_path}/power")
    (reading, *_) = readings(pump(device, bool))
    assert (reading.role, reading.ttg_s, reading.consumed_mah, reading.celsius) == ("battery", 24_720, 4200, 21)
    assert (reading.soc_permille, reading.ma, reading.pv_mw, reading.load_mw) == (912, -1500, None, None)
    device.close()
    emulator.close()


def test_what_a_monitor_does_not_know_yet_is_not_known(tmp_path: Path, pump: Pump) -> None:
    emulator = monitor(tmp_path / "power", SOC="---", TTG="-1", CE="---", T="---")
    device = create("power", f"vedirect://{tmp_path}/power")
    (reading, *_) = readings(pump(device, bool))
    assert (reading.soc_permille, reading.ttg_s, reading.consumed_mah, reading.celsius) == (None,) * 4
    assert reading.mv == 12_800
    device.close()
    emulator.close()


def test_an_alarm_of_the_monitor_shows_with_a_remedy_until_it_is_over(tmp_path: Path, pump: Pump) -> None:
    emulator = monitor(tmp_path / "power", Alarm="ON", AR="5")
    device = create("power", f"vedirect://{tmp_path}/power")
    pump(device, lambda events: device.life.state == "degraded" and bool(events))
    assert "low voltage, low state of charge" in device.life.reason
    assert "switch something off" in device.life.remedy
    emulator.says = block({"H1": "-55000", "H2": "-4200"})
    counted = device.life.counters["blocks"]
    pump(device, lambda _: device.life.counters["blocks"] >= counted + 3)
    assert device.life.state == "degraded"
    emulator.says = block(BMV)
    pump(device, lambda _: device.life.state == "online")
    device.close()
    emulator.close()


def test_the_uri_says_for_what_a_device_is_trusted(power: VedirectEmulator, tmp_path: Path, pump: Pump) -> None:
    device = create("power", f"vedirect://{tmp_path}/power?role=solar")
    assert readings(pump(device, bool))[0].role == "solar"
    device.close()
    plain = create("power", f"vedirect://{tmp_path}/power")
    assert readings(pump(plain, bool))[0].role == "all"
    plain.close()


SERVE = (
    "import sys; from pathlib import Path; from drivers.emulators.vedirect import serve; "
    "serve(Path(sys.argv[1]), lambda: print('ready', flush=True), "
    "recording=Path(sys.argv[2]) if len(sys.argv) > 2 else None)"
)


@pytest.mark.parametrize("recorded", [False, True])
def test_the_served_charger_talks_until_it_is_ended(recorded: bool, tmp_path: Path, pump: Pump) -> None:
    dump = tmp_path / "a.dump"
    dump.write_bytes(block(PLAIN))
    link = tmp_path / "served"
    arguments = [sys.executable, "-c", SERVE, str(link), *([str(dump)] if recorded else [])]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        device = create("power", f"vedirect://{link}")
        (reading, *_) = readings(pump(device, bool))
        assert reading.mv == 13200
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
        assert not link.is_symlink()
        device.close()
