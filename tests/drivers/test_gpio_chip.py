"""The pin factory over libgpiod: gpiozero's own devices run on it, and what is wrong with a line is said."""

import ast
import importlib.metadata
import inspect
import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import gpiod
import gpiozero
import pytest
from gpiod import _ext
from gpiozero.exc import (
    GPIOPinInUse,
    PinFixedPull,
    PinInvalidBounce,
    PinInvalidEdges,
    PinInvalidFunction,
    PinInvalidPull,
    PinPWMUnsupported,
    PinSetInput,
)

from drivers.gpio import chip as chips
from drivers.gpio.chip import GpiodFactory
from drivers.gpio.errors import ChipForbidden, ChipGone, LineBusy, LineRefused, NoChip
from drivers.gpio.pin import EVENTS_KEPT
from tests.conftest import wait_until
from tests.drivers import kernelchip
from tests.drivers.kernelchip import KernelChip, another, kernel


@pytest.fixture
def pi(tmp_path: Path) -> Iterator[KernelChip]:
    with kernel(tmp_path) as chip:
        yield chip


@pytest.fixture
def factory(pi: KernelChip) -> Iterator[GpiodFactory]:
    made = GpiodFactory(threaded=False)
    yield made
    made.close()


@pytest.fixture
def threaded(pi: KernelChip) -> Iterator[GpiodFactory]:
    made = GpiodFactory()
    yield made
    made.close()


def test_the_stand_in_for_libgpiods_c_part_takes_what_the_real_one_takes() -> None:
    """Against the types that the package ships, and the names that its C part has."""
    stubs = ast.parse(Path(inspect.getfile(gpiod)).with_name("_ext.pyi").read_text())
    classes = {node.name: node for node in stubs.body if isinstance(node, ast.ClassDef)}
    for name in ("Chip", "Request", "LineConfig", "LineSettings"):
        ours = getattr(kernelchip, name)
        methods = [node for node in classes[name].body if isinstance(node, ast.FunctionDef)]
        for method in methods:
            assert hasattr(getattr(_ext, name), method.name)
            found = inspect.getattr_static(ours, method.name)
            if any(isinstance(mark, ast.Name) and mark.id == "property" for mark in method.decorator_list):
                assert isinstance(found, property), f"{name}.{method.name}"
            else:
                arguments = [argument.arg for argument in method.args.args]
                assert list(inspect.signature(found).parameters) == arguments, f"{name}.{method.name}"
        known = {method.name for method in methods}
        own = {"edge", "hang_up", "check", "holds", "lines"}
        assert {
            key for key in vars(ours) if not key.startswith("_") and inspect.isfunction(vars(ours)[key])
        } <= known | own


def test_the_header_is_found_on_every_model_by_its_chips_label(tmp_path: Path, pi: KernelChip) -> None:
    for label in chips.HEADER_LABELS:
        pi.label = "raspberrypi-exp-gpio"
        found = another(tmp_path, 4, label)
        factory = GpiodFactory(threaded=False)
        assert factory.chip.path == str(found.path)
        factory.close()
    with GpiodFactory(0, threaded=False) as named:
        assert named.chip.path == str(pi.path)


def test_no_chip_no_right_and_no_header_each_say_what_to_do(tmp_path: Path, pi: KernelChip) -> None:
    pi.label = "gpio-mockup-A"
    with pytest.raises(NoChip, match=r"found: gpiochip0 gpio-mockup-A") as no_header:
        GpiodFactory()
    assert "gpiodetect" in no_header.value.remedy
    pi.open_to_all = False
    for number in (None, 0):
        with pytest.raises(ChipForbidden, match=r"gpiochip0: Permission denied") as forbidden:
            GpiodFactory(number)
        assert "group" in forbidden.value.remedy
    pi.unplug()
    with pytest.raises(NoChip, match="found: none"):
        GpiodFactory()
    with pytest.raises(NoChip, match=r"gpiochip3: No such file"):
        GpiodFactory(3)


def test_an_led_of_gpiozero_lights_a_line(factory: GpiodFactory, pi: KernelChip) -> None:
    with gpiozero.LED(17, pin_factory=factory) as led:
        led.on()
        assert pi.lines[17].out == 1
        assert led.is_lit
        led.toggle()
        assert pi.lines[17].out == 0
        led.blink(0.01, 0.01, n=2, background=False)
    with gpiozero.LED(17, active_high=False, initial_value=False, pin_factory=factory):
        assert pi.lines[17].history[-1] == 1
    assert pi.lines[17].used_by == "boothkit", "a line is held as long as its factory"


def test_an_output_is_what_it_shall_be_from_its_first_moment(factory: GpiodFactory, pi: KernelChip) -> None:
    factory.pin(5).output_with_state(1)
    assert pi.lines[5].history == [1]


def test_a_line_that_was_left_on_stays_on_until_somebody_says_otherwise(pi: KernelChip) -> None:
    pi.lines[5].settings.direction = _ext.DIRECTION_OUTPUT
    pi.lines[5].out = 1
    with GpiodFactory(threaded=False) as factory:
        pin = factory.pin(5)
        assert (pin.function, pin.state) == ("output", True)
        assert pi.lines[5].history == []
        pin.function = "output"
        assert pi.lines[5].history == [1]


def test_a_button_of_gpiozero_is_pressed_held_and_debounced_by_the_kernel(
    threaded: GpiodFactory, pi: KernelChip
) -> None:
    told: list[str] = []
    with gpiozero.Button(22, bounce_time=0.02, hold_time=0.05, pin_factory=threaded) as button:
        button.when_pressed = lambda: told.append("pressed")
        button.when_held = lambda: told.append("held")
        button.when_released = lambda: told.append("released")
        assert pi.lines[22].settings.bias == _ext.BIAS_PULL_UP
        assert pi.lines[22].settings.debounce_period == 20_000
        pi.move(22, 0)
        wait_until(lambda: told == ["pressed", "held"], "a long press")
        pi.move(22, 1)
        wait_until(lambda: told[-1] == "released", "the release")
        assert not button.is_pressed
    assert pi.lines[22].settings.edge_detection == _ext.EDGE_NONE


def test_edges_come_in_order_with_the_kernels_time_whoever_reads_them_late(
    factory: GpiodFactory, pi: KernelChip
) -> None:
    told: list[tuple[int, float, int]] = []

    def first(ticks: float, state: int) -> None:
        told.append((17, ticks, state))

    def second(ticks: float, state: int) -> None:
        told.append((27, ticks, state))

    for number, changed in ((17, first), (27, second)):
        pin = factory.pin(number)
        pin.input_with_pull("up")
        pin.edges = "both"
        pin.when_changed = changed
    now = time.monotonic()
    pi.move(27, 0, now + 0.1)
    pi.move(17, 0, now + 0.2)
    pi.move(27, 1, now + 0.3)
    factory.dispatch()
    assert [(number, state) for number, _, state in told] == [(27, False), (17, False), (27, True)]
    assert [ticks for _, ticks, _ in told] == pytest.approx([now + 0.1, now + 0.2, now + 0.3], abs=1e-6)
    factory.dispatch()
    assert len(told) == 3


def test_edges_that_the_kernel_dropped_are_counted(factory: GpiodFactory, pi: KernelChip) -> None:
    pin = factory.pin(17)
    told: list[float] = []

    def changed(ticks: float, state: int) -> None:
        told.append(ticks)

    pin.input_with_pull("up")
    pin.when_changed = changed
    for _ in range(EVENTS_KEPT):
        pi.move(17, 0)
        pi.move(17, 1)
    while len(told) < EVENTS_KEPT:
        factory.dispatch()
    assert factory.lost == EVENTS_KEPT


def test_a_callback_that_raises_is_told_and_the_next_edge_comes_all_the_same(
    threaded: GpiodFactory, pi: KernelChip, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(str(args.exc_value)))
    told: list[int] = []

    def changed(ticks: float, state: int) -> None:
        told.append(state)
        if len(told) == 1:
            raise ValueError("of a fool")

    pin = threaded.pin(17)
    pin.input_with_pull("up")
    pin.when_changed = changed
    pi.move(17, 0)
    wait_until(lambda: reported == ["of a fool"], "the report")
    pi.move(17, 1)
    wait_until(lambda: len(told) == 2, "the next edge")


def test_a_chip_that_goes_away_ends_its_edges_once_and_is_told(
    threaded: GpiodFactory, pi: KernelChip, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[BaseException] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_value))
    with gpiozero.DigitalInputDevice(17, pull_up=True, pin_factory=threaded):
        pi.unplug()
        wait_until(lambda: reported, "the report")
        assert isinstance(reported[0], ChipGone)
        with pytest.raises(ChipGone, match=r"GPIO17: No such device"):
            threaded.pin(17).state  # noqa: B018 -- it is read
    assert len(reported) == 1


def test_a_callback_may_close_the_factory(pi: KernelChip) -> None:
    factory = GpiodFactory()

    def changed(ticks: float, state: int) -> None:
        factory.close()

    pin = factory.pin(17)
    pin.input_with_pull("up")
    pin.when_changed = changed
    pi.move(17, 0)
    wait_until(lambda: not pi.requests, "the end")
    factory.close()
    wait_until(lambda: "gpio edges" not in {thread.name for thread in threading.enumerate()}, "the thread's end")


def test_two_factories_do_not_close_each_others_lines(pi: KernelChip) -> None:
    one, other = GpiodFactory(threaded=False), GpiodFactory(threaded=False)
    one.pin(17).output_with_state(1)
    other.pin(27).output_with_state(1)
    other.close()
    assert pi.lines[17].used_by == "boothkit"
    with pytest.raises(LineBusy, match=r"GPIO17 is in use by 'boothkit'"):
        GpiodFactory(threaded=False).pin(17)
    one.close()
    assert not any(line.used_by for line in pi.lines)


def test_a_line_that_the_kernel_does_not_give_is_refused_with_the_reason(
    tmp_path: Path, pi: KernelChip, factory: GpiodFactory
) -> None:
    pi.lines[18].used_by = "pwm0"
    with pytest.raises(LineBusy, match=r"GPIO18 is in use by 'pwm0'") as busy:
        factory.pin(18)
    assert "config.txt" in busy.value.remedy
    small = another(tmp_path, 3, "pca9536")
    with GpiodFactory(3, threaded=False) as expander, pytest.raises(LineRefused, match="GPIO20"):
        expander.pin(20)
    assert len(small.lines) == 8


def test_two_devices_of_gpiozero_do_not_take_one_pin(factory: GpiodFactory) -> None:
    with gpiozero.LED(17, pin_factory=factory), pytest.raises(GPIOPinInUse):
        gpiozero.LED(17, pin_factory=factory)


def test_what_a_pin_cannot_do_is_gpiozeros_own_error(factory: GpiodFactory) -> None:
    pin = factory.pin(17)
    pin.function = "input"
    wrong: list[tuple[str, Any, type[Exception]]] = [
        ("function", "spi", PinInvalidFunction),
        ("state", 1, PinSetInput),
        ("pull", "sideways", PinInvalidPull),
        ("edges", "some", PinInvalidEdges),
        ("bounce", -1, PinInvalidBounce),
        ("bounce", 2, PinInvalidBounce),
        ("frequency", 100, PinPWMUnsupported),
    ]
    for name, value, error in wrong:
        with pytest.raises(error):
            setattr(pin, name, value)
    pin.function = "output"
    for name, value, error in (("pull", "up", PinFixedPull), ("bounce", 0.1, PinInvalidBounce)):
        with pytest.raises(error):
            setattr(pin, name, value)
    with pytest.raises(PinFixedPull):
        factory.pin(2).input_with_pull("down")
    with pytest.raises(PinPWMUnsupported):
        gpiozero.PWMLED(27, pin_factory=factory)


def test_a_pins_settings_can_be_read_back(factory: GpiodFactory, pi: KernelChip) -> None:
    pin = factory.pin(17)
    pin.input_with_pull("down")
    pin.bounce, pin.edges = 0.005, "rising"
    assert (pin.function, pin.pull, pin.bounce, pin.edges, pin.frequency) == ("input", "down", 0.005, "rising", None)
    assert pi.lines[17].settings.debounce_period == timedelta(milliseconds=5) // timedelta(microseconds=1)
    told: list[int] = []

    def changed(ticks: float, state: int) -> None:
        told.append(state)

    pin.when_changed = changed
    for level in (1, 0, 1):
        pi.move(17, level)
    factory.dispatch()
    assert told == [True, True]
    pin.edges = "none"
    pi.move(17, 0)
    factory.dispatch()
    assert len(told) == 2
    pin.output_with_state(0)
    assert pin.when_changed is None


def test_it_is_a_pin_factory_that_gpiozero_finds_by_name() -> None:
    found = importlib.metadata.entry_points(group="gpiozero_pin_factories", name="boothkit")
    if not found:
        pytest.skip("this installation is older than the entry point")
    assert found["boothkit"].load() is GpiodFactory
    assert "GPIOZERO_PIN_FACTORY" not in os.environ
