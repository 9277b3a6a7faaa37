"""Epever charge controllers: the driver against the emulator, and foreign clients against the emulator."""

import struct
from collections.abc import Iterator
from pathlib import Path

import minimalmodbus
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulators.epever import EpeverEmulator, Fault, crc16, framed
from drivers.wire import epever
from tests.drivers.suites.power import PowerBench
from tests.drivers.test_power_sources import EpeverBench

WORDS = st.integers(0, 0xFFFF)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[EpeverBench]:
    bench = EpeverBench(tmp_path, "pty")
    yield bench
    bench.close()


@pytest.fixture
def charger(bench: EpeverBench) -> EpeverEmulator:
    return bench.emulator


def test_the_crc_is_that_of_the_modbus_specification() -> None:
    """ "MODBUS over Serial Line" V1.02, 6.2.2: the message 02 07 has the CRC 0x1241, sent low byte first."""
    assert framed(bytes([2, 7])) == bytes([2, 7, 0x41, 0x12])
    assert crc16(b"123456789") == 0x4B37


def test_minimalmodbus_alone_reads_the_emulator_over_a_pty(tmp_path: Path) -> None:
    charger = EpeverEmulator(link=tmp_path / "charger", unit=3)
    charger.volts, charger.amps, charger.pv_watts, charger.soc = 12.84, -3.21, 700.0, 57
    charger.start()
    client = minimalmodbus.Instrument(str(tmp_path / "charger"), 3)
    client.serial.baudrate = 115200
    client.serial.timeout = 5
    panel = client.read_registers(0x3100, 8, functioncode=4)
    assert (panel[2] | panel[3] << 16, panel[4]) == (70_000, 1284)
    assert client.read_register(0x311A, functioncode=4) == 57
    current = client.read_long(0x331B, functioncode=4, signed=True, byteorder=minimalmodbus.BYTEORDER_LITTLE_SWAP)
    assert current == -321
    assert client.read_register(0x9001, functioncode=3) == 100
    client.serial.timeout = 0.4  # it waits as long for the rest of a refusal, which is shorter than an answer
    for wrong in (
        lambda: client.read_register(0x3108, functioncode=4),
        lambda: client.read_registers(0x310B, 5, functioncode=4),
        lambda: client.read_bit(0x2000, functioncode=2),
    ):
        with pytest.raises(minimalmodbus.IllegalRequestError):
            wrong()
    client.serial.timeout = 0.1
    client.address = 4
    with pytest.raises(minimalmodbus.NoResponseError):
        client.read_register(0x3104, functioncode=4)
    client.serial.close()
    charger.close()


def test_a_question_with_a_wrong_crc_or_too_many_registers_is_not_served() -> None:
    charger = EpeverEmulator()
    question = framed(struct.pack(">BBHH", 1, 4, 0x3100, 2))
    assert charger.answer(question)[:3] == bytes([1, 4, 4])
    assert charger.answer(question[:-1] + b"\0") == b""
    assert charger.answer(framed(struct.pack(">BBHH", 1, 4, 0x3100, 126)))[:3] == bytes([1, 0x84, 3])
    assert charger.answer(framed(struct.pack(">BBHH", 1, 4, 0x3100, 0)))[:3] == bytes([1, 0x84, 3])
    assert charger.answer(framed(struct.pack(">BBHH", 1, 6, 0x9000, 0)))[:3] == bytes([1, 0x86, 1])


def test_everything_that_the_charger_measures_arrives(bench: EpeverBench, charger: EpeverEmulator) -> None:
    charger.pv_watts, charger.load_amps, charger.celsius, charger.soc = 712.5, 2.0, -4.4, 57
    bench.set(12.5, -3.21)
    (*_, last) = bench.run(lambda found: found and found[-1].pv_mw == 712_500 and found[-1].ma == -3210, hurry=True)
    assert (last.mv, last.load_mw, last.soc_permille, last.celsius) == (12_500, 25_000, 570, -4)
    assert last.role == "all"


def test_a_small_model_gives_what_it_has_and_is_not_asked_again_for_the_rest(
    bench: EpeverBench, charger: EpeverEmulator
) -> None:
    charger.small = True
    first, *_ = bench.run(bool, hurry=True)
    assert (first.mv, first.pv_mw, first.ma, first.soc_permille, first.load_mw) == (13_200, 16_000, None, None, None)
    refused = bench.device.life.counters["refused"]
    assert refused == len(epever.BLOCKS) - 1
    bench.run(lambda found: len(found) >= 3, hurry=True)
    assert bench.device.life.counters["refused"] == refused
    assert bench.state() == "online"


@pytest.mark.parametrize(
    ("battery", "charger_status", "says", "helps"),
    [
        (0x0002, 0x0009, "under-voltage", "Charge the battery"),
        (0x0010, 0x0009, "too hot", "air and shade"),
        (0x8000, 0x0009, "rated voltage", "12 or 24 V"),
        (0x0000, 0x8001, "panel voltage too high", "Disconnect panels"),
        (0x0000, 0x0103, "load shorted", "look for the short"),
        (0x0000, 0x0002, "fault", "manual"),
    ],
)
def test_what_the_charger_complains_of_shows_with_a_remedy_beside_its_readings(
    bench: EpeverBench, charger: EpeverEmulator, battery: int, charger_status: int, says: str, helps: str
) -> None:
    bench.online()
    charger.battery_status, charger.charger_status = battery, charger_status
    assert bench.run(lambda found: bench.state() == "degraded" and found, hurry=True)
    assert says in bench.device.life.reason
    assert helps in bench.device.life.remedy
    charger.battery_status, charger.charger_status = 0, 0x4000  # night: no panel power is no complaint
    bench.online()


@pytest.mark.parametrize(
    ("fault", "says", "helps"),
    [
        ("silent", "unit 1 does not answer", "A and B"),
        ("garbage", "no valid answer", "baud rate"),
        ("other_unit", "no valid answer", "baud rate"),
        ("echo", "its own question", "echo=1"),
        ("busy", "busy", "Epever"),
    ],
)
def test_each_trouble_on_the_line_has_its_own_words(
    bench: EpeverBench, charger: EpeverEmulator, fault: Fault, says: str, helps: str
) -> None:
    charger.fault = fault
    bench.run(lambda _: bench.state() == "degraded", hurry=True)
    assert says in bench.device.life.reason
    assert helps in bench.device.life.remedy
    charger.fault = "none"
    bench.online()
    assert bench.device.life.reason == "connected"


def test_an_adapter_that_hears_itself_works_with_its_option(tmp_path: Path) -> None:
    charger = EpeverEmulator(link=tmp_path / "charger")
    charger.fault = "echo"
    charger.start()
    bench = PowerBench(f"epever://{tmp_path}/charger?echo=1")
    bench.online()
    bench.close()
    charger.close()


def test_the_unit_of_the_uri_is_the_one_that_is_asked(tmp_path: Path) -> None:
    charger = EpeverEmulator(link=tmp_path / "charger", unit=9)
    charger.start()
    wrong, right = (
        PowerBench(f"epever://{tmp_path}/charger"),
        PowerBench(f"epever://{tmp_path}/charger?unit=9&role=solar"),
    )
    wrong.ill()
    assert "option unit" in wrong.device.life.remedy
    wrong.close()
    assert right.run(bool, hurry=True)[0].role == "solar"
    right.close()
    charger.close()


@given(
    st.dictionaries(st.sampled_from(epever.BLOCKS), st.lists(WORDS, min_size=8, max_size=8)),
    st.lists(WORDS, min_size=8, max_size=8),
)
def test_whatever_the_registers_hold_is_a_value_in_range_or_named_as_impossible(
    told: dict[epever.Block, list[int]], panel: list[int]
) -> None:
    cut = {block: words[: block[1]] for block, words in told.items()} | {epever.PANEL: panel}
    try:
        values = epever.values(cut)
    except epever.Implausible as error:
        impossible = str(error)
        assert "not in" in impossible
    else:
        assert 0 <= values.mv <= epever.MOST_MV
        assert values.ma is None or abs(values.ma) <= epever.MOST_MA
        assert values.soc_permille is None or 0 <= values.soc_permille <= 1000
    complaint = epever.complaint(cut)
    assert complaint is None or (complaint.words and complaint.remedy)


def test_a_charge_in_the_place_of_the_voltage_is_taken_for_what_it_is() -> None:
    panel = [1840, 100, 1600, 0, 1320, 120, 1600, 0]
    values = epever.values({epever.PANEL: panel, epever.BATTERY: [82, 0xFF74, 0xFFFF]})
    assert (values.soc_permille, values.mv, values.ma) == (820, 13_200, -1400)
