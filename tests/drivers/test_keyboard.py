"""Scanners that are keyboards: key tables, the kernel's events, and the device file."""

import os
import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Event, Scan
from drivers.emulators.keyboard import (
    DROPPED,
    REPORT,
    Country,
    KeyboardEmulator,
    composed,
    packed,
    press,
    strokes,
)
from drivers.errors import LinkLost
from drivers.links.evdev import EvdevLink
from drivers.registry import create
from drivers.wire.hid import BROKEN, EVENT, End, Keyboard
from drivers.wire.keys import LAYOUTS
from tests.drivers.conftest import Pump

ASCII = string.ascii_letters + string.digits + string.punctuation + " "
NATIONAL: dict[Country, str] = {"us": "", "gb": "£€¬", "de": "äöüßÄÖÜ§°€²³µéèê", "fr": "éèçàùêë§°£€µ²"}
COUNTRIES = get_args(Country)


def typed(country: Country = "us", end: End = "either") -> tuple[Keyboard, Counter[str]]:
    counters: Counter[str] = Counter()
    return Keyboard(LAYOUTS[country], end, counters), counters


@pytest.mark.parametrize("country", COUNTRIES)
@given(data=st.data())
def test_every_text_comes_out_as_it_was_typed_however_the_events_arrive(country: Country, data: st.DataObject) -> None:
    text = data.draw(st.text(ASCII + NATIONAL[country], max_size=30))
    keyboard, _ = typed(country)
    stream = packed([*strokes(text, country), *press("ENTER")])
    size = data.draw(st.integers(1, len(stream)))
    out = b"".join(keyboard.feed(stream[at : at + size]) for at in range(0, len(stream), size))
    assert out.decode() == f"{text}\r"


def test_a_ticket_of_digits_and_most_capitals_survives_a_german_scanner_taken_for_an_american() -> None:
    """Why tickets are base45; Y and Z change places, so a layout that is wrong still shows."""
    keyboard, _ = typed("us")
    assert keyboard.feed(packed(strokes("6BFOXN TS0BI D", "de"))) == b"6BFOXN TS0BI D"
    assert keyboard.feed(packed(strokes("BK1:Z", "de"))) == b"BK1>Y"


XKB = Path("/usr/share/X11/xkb/symbols")
SYMBOLS = """
exclam ! quotedbl " numbersign # dollar $ percent % ampersand & apostrophe ' parenleft ( parenright ) asterisk *
plus + comma , minus - period . slash / colon : semicolon ; less < equal = greater > question ? at @ bracketleft [
backslash \\ bracketright ] asciicircum ^ underscore _ grave ` braceleft { bar | braceright } asciitilde ~
dead_circumflex ^ dead_acute \u00b4 dead_grave ` dead_diaeresis ¨ degree ° section § ssharp ß twosuperior ²
threesuperior ³ EuroSign € sterling £ notsign ¬ currency ¤ mu µ
"""
KEYSYMS = dict(re.findall(r"(\w+) (\S)", SYMBOLS))
MARKS = {"diaeresis": "\u0308", "acute": "\u0301", "grave": "\u0300", "cedilla": "\u0327"}
PLACES = {
    "TLDE": 41,
    "BKSL": 43,
    "LSGT": 86,
    **{f"AE{n:02}": 1 + n for n in range(1, 13)},
    **{f"AD{n:02}": 15 + n for n in range(1, 13)},
    **{f"AC{n:02}": 29 + n for n in range(1, 12)},
    **{f"AB{n:02}": 43 + n for n in range(1, 11)},
}


def xkb(country: str, variant: str) -> dict[int, list[str | None]]:
    """The keys that this file itself defines, by number."""
    text = (XKB / country).read_text(encoding="utf-8")
    body = text[text.index(f'xkb_symbols "{variant}"') :]
    body = body[: body.index("\n};")]
    keys: dict[int, list[str | None]] = {}
    for place, symbols in re.findall(r"key\s+<(\w+)>\s*\{.*?\[([^\]]*)\](?:\s*\}|,)", body, re.DOTALL):
        if place in PLACES:
            keys[PLACES[place]] = [character(symbol.strip()) for symbol in symbols.split(",")]
    return keys


def character(symbol: str) -> str | None:
    if len(symbol) == 1:
        return symbol
    for mark, combining in MARKS.items():
        if symbol[1:] == mark:
            return unicodedata.normalize("NFC", symbol[0] + combining)
    return KEYSYMS.get(symbol)


@pytest.mark.skipif(not XKB.exists(), reason=f"{XKB} is missing (Debian: sudo apt-get install xkb-data)")
@pytest.mark.parametrize(
    ("country", "variant", "least"),
    [("us", "basic", 40), ("gb", "basic", 5), ("de", "basic", 13), ("fr", "azerty", 40)],
)
def test_the_key_tables_agree_with_those_of_linux_desktops(country: str, variant: str, least: int) -> None:
    keys = xkb(country, variant)
    assert len(keys) >= least
    for key, symbols in keys.items():
        for level, symbol in enumerate(symbols[:2]):
            ours = LAYOUTS[country].character(key, level)
            assert symbol is None or ours == symbol, f"key {key}, level {level}"
        third = LAYOUTS[country].character(key, 2)
        assert third is None or third == symbols[2], f"key {key} with AltGr"


def test_an_event_has_the_size_that_the_kernel_gives_it() -> None:
    assert EVENT.size == (24 if sys.maxsize > 2**32 else 16)


@pytest.mark.parametrize(("end", "out"), [("enter", "A\rBC\r"), ("tab", "AB\rC"), ("either", "A\rB\rC\r")])
def test_the_end_of_a_code_is_the_key_that_was_configured(end: End, out: str) -> None:
    keyboard, _ = typed(end=end)
    events = [*strokes("A"), *press("ENTER"), *strokes("B"), *press("TAB"), *strokes("C"), *press("ENTER")]
    assert keyboard.feed(packed(events)).decode() == out


def test_keys_held_down_are_not_typed_again_by_the_kernels_repeat() -> None:
    keyboard, _ = typed()
    down, report, up = (1, 30, 1), REPORT, (1, 30, 0)
    repeats = [(1, 30, 2), REPORT] * 5
    assert keyboard.feed(packed([down, report, *repeats, up, report])) == b"a"


def test_caps_lock_turns_letters_round_and_nothing_else() -> None:
    keyboard, _ = typed("de")
    assert keyboard.feed(packed([*press("CAPS"), *strokes("aBü1ß/", "de")])).decode() == "AbÜ1ß/"
    assert keyboard.feed(packed([(17, 1, 0), REPORT, *strokes("a")])) == b"a"
    keyboard.feed(packed(press("CAPS")))
    keyboard.reset()
    assert keyboard.feed(packed(strokes("a"))) == b"a"


def test_a_modifier_that_was_down_when_the_plug_was_pulled_is_up_again() -> None:
    keyboard, _ = typed()
    assert keyboard.feed(packed([(1, 42, 1), REPORT, *strokes("a")])) == b"A"
    keyboard.reset()
    assert keyboard.feed(packed(strokes("a"))) == b"a"


def test_what_the_kernel_dropped_breaks_the_code_it_was_in_and_no_other() -> None:
    keyboard, counters = typed()
    lost = [DROPPED, *press("c")[:2], REPORT]
    heard = keyboard.feed(
        packed([*strokes("AB"), *lost, *strokes("D"), *press("ENTER"), *strokes("E"), *press("ENTER")])
    )
    assert heard.decode() == f"AB{BROKEN}D\rE\r"
    assert counters == {"dropped": 1}


def test_characters_composed_on_the_keypad_are_those_of_windows() -> None:
    keyboard, _ = typed()
    events = [*composed("066"), *composed("75"), *composed("0228"), *composed("132"), *composed("0128")]
    assert keyboard.feed(packed(events)).decode() == "BKää€"
    assert keyboard.feed(packed(composed("99999"))).decode() == BROKEN


def test_shortcuts_are_no_text_and_control_bracket_is_the_group_separator() -> None:
    keyboard, _ = typed()
    assert (
        keyboard.feed(packed([*press("CTRL", "c"), *press("ALT", "f"), *press("F1"), *press("CTRL", "]")])) == b"\x1d"
    )


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 300), st.integers(-2, 3)), max_size=200))
def test_no_events_break_the_keyboard(events: list[tuple[int, int, int]]) -> None:
    keyboard, _ = typed("fr")
    keyboard.feed(packed(events))
    keyboard.reset()
    assert keyboard.feed(packed([*strokes("After", "fr"), *press("ENTER")])) == b"After\r"


def codes(events: list[Event]) -> list[str]:
    return [event.code for event in events if isinstance(event, Scan)]


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_scanner_set_to_a_country_is_read_with_its_layout(country: Country, tmp_path: Path, pump: Pump) -> None:
    keyboard = KeyboardEmulator(tmp_path / "event-kbd", country=country)
    keyboard.start()
    device = create("scanner-door", f"evdev://{tmp_path}/event-kbd?layout={country}&gap=3000")
    pump(device, lambda _: device.life.state == "online")
    code = "]Q1https://example.org/a-b?c=1&d=%20" + NATIONAL[country]
    keyboard.scan(code)
    assert codes(pump(device, lambda events: len(events) > 0)) == [code[3:]]
    device.close()
    keyboard.close()


def test_a_scanner_without_a_suffix_is_read_after_a_pause(tmp_path: Path, pump: Pump) -> None:
    keyboard = KeyboardEmulator(tmp_path / "event-kbd", end="")
    keyboard.start()
    device = create("scanner", f"evdev://{tmp_path}/event-kbd")
    pump(device, lambda _: device.life.state == "online")
    for code in ("ONE", "TWO"):
        keyboard.scan(code)
        assert codes(pump(device, lambda events: len(events) > 0)) == [code]
    device.close()
    keyboard.close()


@pytest.mark.parametrize(("path", "says"), [("/dev/null", "not an input device"), ("/etc/passwd", "not a device")])
def test_what_is_no_input_device_is_a_fault_with_a_remedy(path: str, says: str, pump: Pump) -> None:
    device = create("scanner", f"evdev://{path}")
    pump(device, lambda _: device.life.counters["attempts"] > 0)
    assert device.life.state == "fault"
    assert says in device.life.reason
    assert "/dev/input/by-id" in device.life.remedy
    device.close()


@contextmanager
def nobody() -> Iterator[None]:
    """Root may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_device_file_that_may_not_be_read_names_the_group(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "event-kbd", 0)
    with nobody(), pytest.raises(LinkLost, match="permission denied") as refused:
        EvdevLink(str(tmp_path / "event-kbd")).open()
    assert "group input" in refused.value.remedy


def test_the_grab_is_asked_of_devices_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "event-kbd")
    link = EvdevLink(str(tmp_path / "event-kbd"))
    link.open()
    assert link.read() == b""
    link.close()
    ungrabbed = EvdevLink("/dev/null", grab=False)
    ungrabbed.open()
    ungrabbed.close()
