"""A GPIO chip as libgpiod's C part shows it, so that its Python part and everything of ours above it run as they are.

It follows include/uapi/linux/gpio.h and drivers/gpio/gpiolib-cdev.c: one holder a line, EBUSY for the next; a bias or
an edge wants a direction, an output has no edges and no debouncing (EINVAL); edges are kept in a queue of a given
length, whose oldest are dropped, while their sequence numbers go on; after the chip is gone all is ENODEV and every
request is readable. Debouncing is remembered, not done.
"""

import errno
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gpiod import ChipInfo, EdgeEvent, LineInfo, _ext
from gpiod.line import Value


class LineSettings:
    """As it was asked for, in the C part's numbers."""

    def __init__(
        self,
        direction: int,
        edge_detection: int,
        bias: int,
        drive: int,
        active_low: bool,
        debounce_period: int,
        event_clock: int,
        output_value: int,
    ) -> None:
        self.direction, self.edge_detection, self.bias, self.drive = direction, edge_detection, bias, drive
        self.active_low, self.debounce_period, self.event_clock = active_low, debounce_period, event_clock
        self.output_value = output_value

    def check(self) -> None:
        output = self.direction == _ext.DIRECTION_OUTPUT
        explicit = self.direction != _ext.DIRECTION_AS_IS
        edges = self.edge_detection != _ext.EDGE_NONE
        if (self.bias != _ext.BIAS_AS_IS and not explicit) or (edges and (output or not explicit)):
            raise OSError(errno.EINVAL, "Invalid argument")
        if self.debounce_period and (output or not explicit):
            raise OSError(errno.EINVAL, "Invalid argument")


class LineConfig:
    def __init__(self) -> None:
        self.lines: dict[int, LineSettings] = {}

    def add_line_settings(self, offsets: list[int], settings: LineSettings) -> None:
        self.lines |= dict.fromkeys(offsets, settings)

    def set_output_values(self, global_output_values: list[Value]) -> None:
        for settings, value in zip(self.lines.values(), global_output_values, strict=True):
            settings.output_value = value.value


class Line:
    """One line: what drives it from outside (None = nothing does), and who holds it."""

    def __init__(self) -> None:
        self.outside: int | None = None
        self.used_by = ""
        self.settings = LineSettings(_ext.DIRECTION_INPUT, _ext.EDGE_NONE, _ext.BIAS_AS_IS, 1, False, 0, 1, 0)
        self.out = 0
        self.seq = 0
        self.history: list[int] = []

    @property
    def is_output(self) -> bool:
        return self.settings.direction == _ext.DIRECTION_OUTPUT

    @property
    def level(self) -> int:
        if self.is_output:
            return self.out
        if self.outside is not None:
            return self.outside
        return int(self.settings.bias == _ext.BIAS_PULL_UP)

    def configure(self, settings: LineSettings) -> None:
        settings.check()
        if settings.direction == _ext.DIRECTION_AS_IS:
            return
        self.settings = settings
        if self.is_output:
            self.drive(int(settings.output_value == _ext.VALUE_ACTIVE))

    def drive(self, level: int) -> None:
        self.out = level
        self.history.append(level)

    def free(self) -> None:
        """pinctrl-bcm2835 makes a line that nobody holds an input again."""
        self.used_by = ""
        self.settings = LineSettings(_ext.DIRECTION_INPUT, _ext.EDGE_NONE, _ext.BIAS_AS_IS, 1, False, 0, 1, 0)


class Request:
    def __init__(self, kernel: "KernelChip", offsets: list[int], kept: int) -> None:
        self._kernel, self._offsets, self._kept = kernel, offsets, kept
        self._queue: deque[EdgeEvent] = deque()
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._seq = 0
        self._gone = False

    def release(self) -> None:
        if not self._gone:
            for offset in self._offsets:
                self._kernel.lines[offset].free()
            self._kernel.requests.remove(self)
        os.close(self._fd)

    def get_values(self, offsets: list[int], values: list[Value]) -> None:
        self.check()
        values[:] = [Value(self._kernel.lines[offset].level) for offset in offsets]

    def set_values(self, values: dict[int, Value]) -> None:
        self.check()
        for offset, value in values.items():
            if not self._kernel.lines[offset].is_output:
                raise OSError(errno.EPERM, "Operation not permitted")
            self._kernel.lines[offset].drive(value.value)

    def reconfigure_lines(self, line_cfg: LineConfig) -> None:
        self.check()
        for settings in line_cfg.lines.values():
            settings.check()
        for offset, settings in line_cfg.lines.items():
            self._kernel.lines[offset].configure(settings)

    def read_edge_events(self, max_events: int | None) -> list[EdgeEvent]:
        self.check()
        assert self._queue, "the real one would block"
        events = [self._queue.popleft() for _ in range(min(len(self._queue), max_events or 64))]
        if not self._queue:
            os.eventfd_read(self._fd)
        return events

    @property
    def chip_name(self) -> str:
        return self._kernel.path.name

    @property
    def num_lines(self) -> int:
        return len(self._offsets)

    @property
    def offsets(self) -> list[int]:
        return self._offsets

    @property
    def fd(self) -> int:
        return self._fd

    def edge(self, offset: int, level: int, at: float) -> None:
        line = self._kernel.lines[offset]
        wanted = {_ext.EDGE_BOTH, _ext.EDGE_RISING if level else _ext.EDGE_FALLING}
        if line.settings.edge_detection not in wanted:
            return
        line.seq += 1
        self._seq += 1
        kind = _ext.EDGE_EVENT_TYPE_RISING if level else _ext.EDGE_EVENT_TYPE_FALLING
        if len(self._queue) >= self._kept:
            self._queue.popleft()
        self._queue.append(EdgeEvent(kind, round(at * 1e9), offset, self._seq, line.seq))
        os.eventfd_write(self._fd, 1)

    def hang_up(self) -> None:
        self._gone = True
        os.eventfd_write(self._fd, 1)

    def check(self) -> None:
        if self._gone:
            raise OSError(errno.ENODEV, "No such device")

    def holds(self, offset: int) -> bool:
        return offset in self._offsets


class KernelChip:
    """What a test has in its hands: the lines from outside."""

    def __init__(self, path: Path, label: str = "pinctrl-bcm2711", lines: int = 58) -> None:
        self.path, self.label = path, label
        self.lines = [Line() for _ in range(lines)]
        self.requests: list[Request] = []
        self.present = self.open_to_all = True
        path.touch()

    def move(self, offset: int, level: int | None, at: float | None = None) -> None:
        """Somebody outside puts a line to a level, or lets go of it."""
        line = self.lines[offset]
        before, line.outside = line.level, level
        if line.level != before:
            for request in self.requests:
                if request.holds(offset):
                    request.edge(offset, line.level, time.monotonic() if at is None else at)

    def unplug(self) -> None:
        self.present = False
        self.path.unlink(missing_ok=True)
        for request in self.requests:
            request.hang_up()
        self.requests.clear()

    def plug(self) -> None:
        """A new chip in the same place: nothing is held there."""
        self.present = True
        self.path.touch()
        for line in self.lines:
            line.free()

    def check(self) -> None:
        if not self.present:
            raise OSError(errno.ENODEV, "No such device")


class Chip:
    chips: dict[str, KernelChip] = {}  # noqa: RUF012 -- of one test, see `kernel`

    def __init__(self, path: str) -> None:
        kernel = self.chips.get(path)
        if kernel is None or not kernel.present:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if not kernel.open_to_all:
            raise PermissionError(errno.EACCES, "Permission denied")
        self._kernel = kernel

    def get_info(self) -> ChipInfo:
        return ChipInfo(self._kernel.path.name, self._kernel.label, len(self._kernel.lines))

    def line_offset_from_id(self, id: str) -> int:
        raise OSError(errno.ENOENT, "No such file or directory")

    def get_line_info(self, offset: int, watch: bool) -> LineInfo:
        self._kernel.check()
        line = self._kernel.lines[offset]
        settings = line.settings
        bias = _ext.BIAS_UNKNOWN if settings.bias == _ext.BIAS_AS_IS else settings.bias
        return LineInfo(
            offset, f"GPIO{offset}", bool(line.used_by), line.used_by, settings.direction, settings.active_low, bias,
            settings.drive, settings.edge_detection, settings.event_clock, bool(settings.debounce_period),
            settings.debounce_period,
        )  # fmt: skip

    def get_line_name(self, offset: int) -> str | None:
        return f"GPIO{offset}"

    def request_lines(self, line_cfg: LineConfig, consumer: str | None, event_buffer_size: int | None) -> Request:
        self._kernel.check()
        for offset in line_cfg.lines:
            if self._kernel.lines[offset].used_by:
                raise OSError(errno.EBUSY, "Device or resource busy")
        for settings in line_cfg.lines.values():
            settings.check()
        for offset, settings in line_cfg.lines.items():
            self._kernel.lines[offset].used_by = consumer or "?"
            self._kernel.lines[offset].seq = 0
            self._kernel.lines[offset].configure(settings)
        request = Request(self._kernel, list(line_cfg.lines), event_buffer_size or 16 * len(line_cfg.lines))
        self._kernel.requests.append(request)
        return request

    def read_info_event(self) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass

    def unwatch_line_info(self, line: int) -> None:
        raise NotImplementedError

    @property
    def path(self) -> str:
        return str(self._kernel.path)

    @property
    def fd(self) -> int:
        return -1


class _Part:
    """Stands where the C part stood; its numbers are the real ones."""

    Chip, Request, LineConfig, LineSettings = Chip, Request, LineConfig, LineSettings

    def __getattr__(self, name: str) -> Any:
        return getattr(_ext, name)


@contextmanager
def kernel(dev: Path) -> Iterator[KernelChip]:
    """A Raspberry Pi 4's chip in `dev`, as the only one there is."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("chip", "line_request", "line_settings"):
            patch.setattr(sys.modules[f"gpiod.{module}"], "_ext", _Part())
        patch.setattr("drivers.gpio.chip.DEV", str(dev))
        chip = KernelChip(dev / "gpiochip0")
        patch.setattr(Chip, "chips", {str(chip.path): chip})
        yield chip


def another(dev: Path, number: int, label: str) -> KernelChip:
    """One more chip beside it."""
    chip = KernelChip(dev / f"gpiochip{number}", label, 8)
    Chip.chips[str(chip.path)] = chip
    return chip
