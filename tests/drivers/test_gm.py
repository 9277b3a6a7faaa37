"""GM65 and GM67 modules: their answers in the stream, their orders, and being told to read."""

import binascii
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Event, Scan
from drivers.emulators.gm import GmEmulator
from drivers.errors import BadUri
from drivers.links import Link, open_link
from drivers.registry import create
from drivers.scanner.trigger import ANSWER_WITHIN, READS_FOR
from drivers.uri import Uri
from drivers.wire.gm import FAMILIES, WHOLE_WITHIN, Answer, Answers, crc16, gm65_order, gm67_frame
from tests.conftest import wait_until
from tests.drivers.conftest import Pump
from tests.drivers.suites.scanner import Clock

ACKS = {
    "gm65": bytes.fromhex("02 00 00 01 00 33 31"),
    "gm67": bytes.fromhex("04 D0 00 00 FF 2C"),
}
NAK = bytes.fromhex("05 D1 00 00 06 FF 24")
SAID = {**{ack: Answer(True) for ack in ACKS.values()}, NAK: Answer(False)}
TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=20).map(str.encode)


@given(st.binary(max_size=40))
def test_the_crc_is_the_one_of_the_standard_library(data: bytes) -> None:
    assert crc16(data) == binascii.crc_hqx(data, 0)


def test_orders_are_the_bytes_of_the_manuals() -> None:
    assert FAMILIES["gm65"].trigger == bytes.fromhex("7E 00 08 01 00 02 01 AB CD")
    assert FAMILIES["gm67"].trigger == bytes.fromhex("04 E4 04 00 FF 14")
    assert gm65_order(7, 0x002A, 2) == bytes.fromhex("7E 00 07 01 00 2A 02 D8 0F")
    assert gm67_frame(b"\xc6\x04\x08\x00\x8a\x08") == bytes.fromhex("07 C6 04 08 00 8A 08 FE 95")


@given(
    stream=st.lists(st.one_of(TEXT, st.sampled_from(list(SAID))), max_size=10),
    places=st.lists(st.integers(0, 300)),
)
def test_answers_are_taken_out_wherever_they_stand_and_however_they_arrive(
    stream: list[bytes], places: list[int]
) -> None:
    data = b"".join(stream)
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    answers = Answers(Counter())
    text, said = b"", []
    for a, b in pairwise(ends):
        piece, found = answers.feed(data[a:b], 0.0)
        text += piece
        said += found
    assert text == b"".join(piece for piece in stream if piece not in SAID)
    assert said == [SAID[piece] for piece in stream if piece in SAID]


def test_the_beginning_of_an_answer_that_never_comes_spoils_no_code() -> None:
    counters: Counter[str] = Counter()
    answers = Answers(counters)
    assert answers.feed(b"\x02\x00", 10.0) == (b"", [])
    assert answers.feed(b"CODE\r", 10.0 + WHOLE_WITHIN) == (b"CODE\r", [])
    assert counters == {"unreadable": 1}
    assert answers.feed(b"\x02", 20.0) == (b"", [])
    assert answers.feed(b"CODE\r", 20.1) == (b"\x02CODE\r", [])


def test_a_damaged_answer_is_no_answer() -> None:
    damaged = bytes.fromhex("02 00 00 01 00 33 32")
    assert Answers(Counter()).feed(damaged + b"\r", 0.0) == (damaged + b"\r", [])


Families = Literal["gm65", "gm67"]


@pytest.fixture(params=["gm65", "gm67"])
def module(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Families, GmEmulator]]:
    emulator = GmEmulator(tmp_path / "gm", request.param)
    emulator.start()
    yield request.param, emulator
    emulator.close()


def codes(events: list[Event]) -> list[str]:
    return [event.code for event in events if isinstance(event, Scan)]


def test_a_module_is_told_to_read_again_after_each_code_and_when_its_time_is_over(
    module: tuple[Families, GmEmulator], tmp_path: Path, pump: Pump
) -> None:
    family, emulator = module
    clock = Clock()
    device = create("scanner", f"serial://{tmp_path}/gm?model={family}&trigger=host&gap=3000", now=clock)
    pump(device, lambda _: emulator.orders == 1)
    for number in range(3):
        emulator.scan(f"CODE-{number}")
        assert codes(pump(device, lambda events: len(events) > 0)) == [f"CODE-{number}"]
        pump(device, lambda _, number=number: emulator.orders == number + 2)
    pump(device, lambda _: device.life.state == "online" and device.wait() > ANSWER_WITHIN)
    clock.forward(READS_FOR)
    pump(device, lambda _: emulator.orders == 5)
    assert device.life.counters["codes"] == 3
    device.close()


def test_an_answer_in_the_middle_of_a_code_is_not_part_of_it(
    module: tuple[Families, GmEmulator], tmp_path: Path, pump: Pump
) -> None:
    family, emulator = module
    emulator.answer_inside = True
    device = create("scanner", f"serial://{tmp_path}/gm?model={family}&trigger=host&gap=3000")
    emulator.scan("BK1:AROUND")
    assert codes(pump(device, lambda events: len(events) > 0)) == ["BK1:AROUND"]
    assert device.life.counters["acknowledgements"] > 0
    device.close()


def test_a_module_that_reads_by_itself_needs_no_orders(
    module: tuple[Families, GmEmulator], tmp_path: Path, pump: Pump
) -> None:
    family, emulator = module
    emulator.set_mode("continuous")
    device = create("scanner", f"serial://{tmp_path}/gm?model={family}&gap=3000")
    pump(device, lambda _: device.life.state == "online")
    emulator.scan("BY-ITSELF")
    assert codes(pump(device, lambda events: len(events) > 0)) == ["BY-ITSELF"]
    assert emulator.orders == 0
    device.close()


def test_a_module_without_a_suffix_is_read_too(tmp_path: Path, pump: Pump) -> None:
    emulator = GmEmulator(tmp_path / "gm", "gm65", suffix=b"")
    emulator.start()
    device = create("scanner", f"serial://{tmp_path}/gm?model=gm65&trigger=host")
    for code in ("ONE", "TWO"):
        emulator.scan(code)
        assert codes(pump(device, lambda events: len(events) > 0)) == [code]
    device.close()
    emulator.close()


def test_a_module_that_waits_for_its_button_is_set_to_obey_the_host(
    module: tuple[Families, GmEmulator], tmp_path: Path, pump: Pump
) -> None:
    family, emulator = module
    emulator.set_mode("manual")
    device = create("scanner", f"serial://{tmp_path}/gm?model={family}&trigger=host&gap=3000")
    emulator.scan("SET")
    assert codes(pump(device, lambda events: len(events) > 0)) == ["SET"]
    assert device.life.state == "online"
    device.close()


def test_a_module_that_refuses_orders_says_what_to_do_and_works_once_it_is_set(tmp_path: Path, pump: Pump) -> None:
    emulator = GmEmulator(tmp_path / "gm", "gm67")
    emulator.start()
    emulator.set_mode("continuous", locked=True)
    clock = Clock()
    device = create("scanner", f"serial://{tmp_path}/gm?model=gm67&trigger=host&gap=3000", now=clock)
    pump(device, lambda _: device.life.state == "degraded")
    assert device.life.reason == "refuses the order to read"
    assert "set-up code" in device.life.remedy
    emulator.scan("EVEN SO")
    assert codes(pump(device, lambda events: len(events) > 0)) == ["EVEN SO"]
    emulator.set_mode("host")
    clock.forward(READS_FOR)
    pump(device, lambda _: device.life.state == "online")
    assert device.life.remedy == ""
    device.close()
    emulator.close()


def test_a_module_that_never_answers_is_degraded_and_its_codes_still_count(tmp_path: Path, pump: Pump) -> None:
    emulator = GmEmulator(tmp_path / "gm", "gm65", mode="continuous")
    emulator.deaf = True
    emulator.start()
    clock = Clock()
    device = create("scanner", f"serial://{tmp_path}/gm?model=gm65&trigger=host&gap=3000", now=clock)

    def later(_: list[Event]) -> bool:
        clock.forward(ANSWER_WITHIN)
        return device.life.state == "degraded"

    pump(device, later)
    assert "does not answer" in device.life.reason
    assert "RX" in device.life.remedy
    emulator.set_mode("continuous")
    emulator.scan("HEARD")
    assert codes(pump(device, lambda events: len(events) > 0)) == ["HEARD"]
    assert device.life.state == "degraded"
    assert device.life.counters["deaf"] == 1
    device.close()
    emulator.close()


def test_only_a_module_can_be_told_to_read() -> None:
    with pytest.raises(BadUri, match="model=gm65 or model=gm67"):
        create("scanner", "serial:///dev/x?trigger=host")
    with pytest.raises(BadUri, match="plain, gm65, gm67"):
        create("scanner", "serial:///dev/x?model=gm99")


def answer_to(link: Link, order: bytes, size: int) -> bytes:
    link.write(order)
    heard = bytearray()

    def whole() -> bool:
        heard.extend(link.read())
        return len(heard) >= size

    wait_until(whole, "the answer")
    return bytes(heard)


def test_the_emulated_modules_take_no_damaged_order(module: tuple[Families, GmEmulator], tmp_path: Path) -> None:
    family, emulator = module
    link = open_link(Uri.parse(f"serial://{tmp_path}/gm"))
    link.open()
    if family == "gm65":
        link.write(bytes.fromhex("7E 00 08 01 00 02 01 AB CC"))
        assert answer_to(link, gm65_order(8, 0, 0b10), 7) == ACKS["gm65"]
        assert answer_to(link, gm65_order(7, 0, 1), 7)[4] == 0b10
    else:
        assert answer_to(link, b"\0" + bytes.fromhex("04 E4 04 00 FF 15"), 7) == gm67_frame(b"\xd1\0\0\1")
        assert answer_to(link, bytes.fromhex("04 E4 04 00 FF 14"), 6) == ACKS["gm67"]
    good = 0 if family == "gm65" else 1
    wait_until(lambda: emulator.orders == good, "an order is counted behind its answer")
    link.close()
