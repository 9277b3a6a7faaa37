"""The board's own GPIO lines, through gpiozero and lgpio."""

import os
import tempfile
from collections.abc import Mapping
from typing import Any

from gpiozero.exc import GPIOZeroError

from drivers.errors import LinkLost


class BoardPins:
    """`chip` is the number of the gpiochip; None = the one that carries the header. `LinkLost` when lgpio is
    missing.
    """

    def __init__(self, chip: int | None) -> None:
        # lgpio leaves its pipes in LG_WD, by default the working directory, and reads it when it is imported.
        os.environ.setdefault("LG_WD", os.environ.get("RUNTIME_DIRECTORY", tempfile.gettempdir()).split(":")[0])
        try:
            import lgpio
            from gpiozero.pins.lgpio import LGPIOFactory
        except ImportError as error:
            raise LinkLost(
                f"gpio: {error}", remedy="Install lgpio (boothkit[pi]) or use another pin factory."
            ) from error
        self.errors: tuple[type[Exception], ...] = (GPIOZeroError, OSError, lgpio.error)
        self._pins: Mapping[int, Any] = {}
        try:
            self.factory: Any = LGPIOFactory(chip=chip)
        except self.errors as error:
            raise LinkLost(f"gpio: {error}", remedy="Let the worker's user open /dev/gpiochip*: group gpio.") from error

    def start(self, pins: Mapping[int, Any]) -> None:
        """lgpio reports edges as soon as a pin has a callback; nothing more to begin."""
        self._pins = pins

    def close(self) -> None:
        # gpiozero resets a pin without telling lgpio's thread that its callback is gone.
        for pin in self._pins.values():
            pin.when_changed = None
        self.factory.close()
