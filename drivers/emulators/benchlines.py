"""What hangs on the demo's GPIO lines beside the beams: the door's lamps and beeper, the status lamp, a relay's load,
and the lead's button.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.emulators.pins import ButtonEmulator, LampEmulator
from drivers.uri import Uri

PRESS_S = 0.2
HOLD_S = 3.6
"""A little longer than the button's driver wants."""
BUTTON = "button-lead"
BUTTON_PIN = 22


@dataclass(frozen=True)
class Output:
    """One device of the box and what hangs on its lines: line → what people call it."""

    device: str
    lamps: dict[int, str]
    options: dict[str, str]


OUTPUTS = (
    Output("indicator-door", {23: "Door, green", 24: "Door, red"}, {}),
    Output("indicator-beeper", {18: "Door, beeper"}, {"as": "beeper"}),
    Output("indicator-status", {25: "Status lamp"}, {}),
    Output("relay-lights", {5: "Lights on the relay"}, {"shed": "low"}),
)


def uris(folder: Path) -> dict[str, str]:
    """Names and URIs of these devices, their sockets in `folder`."""
    found = {output.device: Uri("gpio", ",".join(map(str, output.lamps)), options=output.options) for output in OUTPUTS}
    found[BUTTON] = Uri("gpio", str(BUTTON_PIN))
    return {
        name: str(uri.with_defaults(factory="mock", socket=str(_socket(folder, name)))) for name, uri in found.items()
    }


class BenchLines:
    """Owns the emulators."""

    def __init__(self, folder: Path) -> None:
        self._lamps = {o.device: LampEmulator(_socket(folder, o.device), tuple(o.lamps)) for o in OUTPUTS}
        self._button = ButtonEmulator(_socket(folder, BUTTON), BUTTON_PIN)
        self._running = ExitStack()

    def start(self) -> None:
        for lamp in self._lamps.values():
            lamp.start()
            self._running.callback(lamp.close)
        self._button.start()
        self._running.callback(self._button.close)

    def close(self) -> None:
        self._running.close()

    def press(self, hold: bool) -> None:
        """The lead's button, for a moment or for as long as it takes; returns at once."""
        self._button.press(HOLD_S if hold else PRESS_S)

    def state(self) -> dict[str, Any]:
        """`button {down}`; `lamps`: a list of `device, name, lit` (now or a moment ago), `flashes` since the start."""
        lamps = [
            {
                "device": output.device,
                "name": name,
                "lit": self._lamps[output.device].glows(pin),
                "flashes": self._lamps[output.device].flashes[pin],
            }
            for output in OUTPUTS
            for pin, name in output.lamps.items()
        ]
        return {"button": {"down": self._button.down}, "lamps": lamps}


def _socket(folder: Path, device: str) -> Path:
    return folder / f"{device}.sock"
