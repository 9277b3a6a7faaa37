"""One line of a chip as gpiozero's pin."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import gpiod
from gpiod.line import Bias, Direction, Edge, Value
from gpiozero.exc import (
    PinFixedPull,
    PinInvalidBounce,
    PinInvalidEdges,
    PinInvalidFunction,
    PinInvalidPull,
    PinInvalidState,
    PinPWMUnsupported,
    PinSetInput,
)
from gpiozero.pins.local import LocalPiPin

from drivers.gpio.errors import ChipGone, LineBusy, LineRefused

if TYPE_CHECKING:
    from drivers.gpio.chip import GpiodFactory

CONSUMER = "boothkit"
EVENTS_KEPT = 1024
"""Edges that wait in the kernel, its most for one line; when it must drop some, they are counted as lost."""
LONGEST_BOUNCE = 1.0

Pull = Literal["up", "down", "floating"]
_BIAS: dict[str, Bias] = {"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "floating": Bias.DISABLED}
_PULL: dict[Bias, Pull] = {Bias.PULL_UP: "up", Bias.PULL_DOWN: "down"}
_EDGES = {"none": Edge.NONE, "both": Edge.BOTH, "rising": Edge.RISING, "falling": Edge.FALLING}
_GONE = (errno.ENODEV, errno.ENXIO, errno.EBADF)


class GpiodPin(LocalPiPin):  # type: ignore[misc]  # gpiozero has no types
    """One line, held as long as the factory is open. Until its function is set it stays as it was found."""

    def __init__(self, factory: "GpiodFactory", info: Any) -> None:
        super().__init__(factory, info)
        self._when_changed: Any
        self._edge = Edge.BOTH
        self._detecting = False
        self._seen = 0
        self._settings = gpiod.LineSettings()
        with _refusals(factory.chip, self._number):
            found = factory.chip.get_line_info(self._number)
            self._request = factory.chip.request_lines(
                {self._number: self._settings}, consumer=CONSUMER, event_buffer_size=EVENTS_KEPT
            )
        self._settings.direction = found.direction
        self._settings.bias = found.bias if found.bias in _PULL else Bias.AS_IS

    def close(self) -> None:
        """An input without pull or edges, as gpiozero leaves a pin that it may ask for again; still held."""
        if self._request:
            with suppress(ChipGone, LineRefused):  # what cannot be reset is let go of all the same
                self._stop_detecting()
                self._apply(direction=Direction.INPUT, bias=Bias.DISABLED, debounce_period=timedelta())

    def release(self) -> None:
        """The line is the kernel's again."""
        if self._request:
            self._factory.unwatch(self._request.fd)
            self._when_changed, self._detecting = None, False
            self._request.release()

    def output_with_state(self, state: float) -> None:
        """From one moment to the next, without a blip of the other level."""
        self._drive(_value(state))

    def input_with_pull(self, pull: str) -> None:
        """As in one step, so that the line never floats."""
        self._apply(direction=Direction.INPUT, bias=self._bias(pull))

    def edges_waiting(self) -> list[tuple[float, bool]]:
        """Edges that the kernel keeps for this line: CLOCK_MONOTONIC seconds, the level after it."""
        with self._gone():
            events = self._request.read_edge_events()
        for event in events:
            before = self._seen if event.line_seqno > self._seen else 0  # counted anew since
            self._factory.lost += event.line_seqno - before - 1
            self._seen = event.line_seqno
        return [(event.timestamp_ns / 1e9, event.event_type is event.Type.RISING_EDGE) for event in events]

    def tell(self, at: float, level: bool) -> None:
        """Calls `when_changed`, unless an earlier callback took it away."""
        if self._when_changed is not None:
            self._call_when_changed(at, level)

    def _get_function(self) -> str:
        return "output" if self._settings.direction is Direction.OUTPUT else "input"

    def _set_function(self, value: str) -> None:
        match value:
            case "input":
                self._apply(direction=Direction.INPUT)
            case "output":
                self._drive(self._request.get_value(self._number))
            case _:
                raise PinInvalidFunction(f"invalid function {value!r} for pin {self!r}")

    def _get_state(self) -> bool:
        with self._gone():
            return bool(self._request.get_value(self._number))

    def _set_state(self, value: float) -> None:
        if self._get_function() == "input":
            raise PinSetInput(f"cannot set state of pin {self!r}")
        if not 0 <= value <= 1:
            raise PinInvalidState(f"invalid state {value!r} for pin {self!r}")
        with self._gone():
            self._request.set_value(self._number, _value(value))
        self._settings.output_value = _value(value)

    def _get_pull(self) -> str:
        return _PULL.get(self._settings.bias, "floating")

    def _set_pull(self, value: str) -> None:
        if self._get_function() != "input":
            raise PinFixedPull(f"cannot set pull on non-input pin {self!r}")
        self._apply(direction=Direction.INPUT, bias=self._bias(value))

    def _bias(self, pull: str) -> Bias:
        if pull not in _BIAS:
            raise PinInvalidPull(f"invalid pull {pull!r} for pin {self!r}")
        if self.info.pull not in (pull, ""):
            raise PinFixedPull(f"{self!r} has a physical pull-{self.info.pull} resistor")
        return _BIAS[pull]

    def _get_frequency(self) -> None:
        return None

    def _set_frequency(self, value: float | None) -> None:
        if value is not None:
            raise PinPWMUnsupported(f"PWM is not supported on pin {self!r}")

    def _get_bounce(self) -> float | None:
        return self._settings.debounce_period.total_seconds() or None

    def _set_bounce(self, value: float | None) -> None:
        if value is not None and not 0 <= value <= LONGEST_BOUNCE:
            raise PinInvalidBounce(f"bounce is 0…{LONGEST_BOUNCE:g} s, not {value!r}")
        if self._get_function() != "input":
            raise PinInvalidBounce(f"{self!r} is an output and does not bounce")
        self._apply(direction=Direction.INPUT, debounce_period=timedelta(seconds=value or 0))

    def _get_edges(self) -> str:
        return next(name for name, edge in _EDGES.items() if edge is self._edge)

    def _set_edges(self, value: str) -> None:
        if value not in _EDGES:
            raise PinInvalidEdges(f"edges is one of {', '.join(_EDGES)}, not {value!r}")
        self._edge = _EDGES[value]
        if self._detecting:
            self._apply(edge_detection=self._edge)

    def _enable_event_detect(self) -> None:
        self._apply(direction=Direction.INPUT, edge_detection=self._edge)
        self._detecting = True
        self._factory.watch(self, self._request.fd)

    def _disable_event_detect(self) -> None:
        if self._request:
            self._stop_detecting()

    def _stop_detecting(self) -> None:
        self._when_changed = None
        if self._detecting:
            self._detecting = False
            self._factory.unwatch(self._request.fd)
            self._apply(edge_detection=Edge.NONE)

    def _drive(self, value: Value) -> None:
        self._stop_detecting()
        self._apply(direction=Direction.OUTPUT, output_value=value, debounce_period=timedelta())

    def _apply(self, **changes: Any) -> None:
        """The settings with these changes; what is refused leaves them as they were."""
        wanted = gpiod.LineSettings(**{**vars(self._settings), **changes})
        with self._gone(), _refusals(self._factory.chip, self._number):
            self._request.reconfigure_lines({self._number: wanted})
        self._settings = wanted

    @contextmanager
    def _gone(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ChipGone(f"GPIO{self._number}: {error.strerror}") from error


def _value(state: float) -> Value:
    return Value.ACTIVE if state >= 0.5 else Value.INACTIVE


@contextmanager
def _refusals(chip: gpiod.Chip, line: int) -> Iterator[None]:
    """Says whose a busy line is, and what the kernel does not want."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EBUSY:
            consumer = chip.get_line_info(line).consumer or "the kernel"
            raise LineBusy(f"GPIO{line} is in use by {consumer!r}") from error
        if error.errno in _GONE:
            raise ChipGone(f"GPIO{line}: {error.strerror}") from error
        raise LineRefused(f"GPIO{line}: {error.strerror or error}") from error
    except ValueError as error:
        raise LineRefused(f"GPIO{line}: {error}") from error
