"""What a bench can do, as its pages see it."""

from collections.abc import Callable
from typing import Any, Protocol

from appliance.errors import invalid

REMEDY = "Nothing was moved; correct it and send it again."


class Controls(Protocol):
    """Hands on the devices. Each raises ValueError that says what is allowed; None leaves a value as it is."""

    def scan(self, code: str) -> None:
        """Hold a code in front of the scanner."""

    def noise(self) -> None:
        """Bytes from the scanner that are no text."""

    def beam(self, direction: Any, people: int) -> None:
        """People walk ``in`` or ``out``, one after the other."""

    def turn_back(self, direction: Any) -> None:
        """Somebody begins to walk, and goes back."""

    def printer(
        self,
        paper: Any = None,
        cover: Any = None,
        online: bool | None = None,
        drawer: Any = None,
        behaviour: Any = None,
    ) -> None:
        """Set the paper (``ok``, ``near_end``, ``out``), the cover and the drawer (``open``, ``closed``), its online
        key, and how it behaves (``normal``, ``silent``, ``slow``, ``garbage``)."""

    def button(self, hold: bool) -> None:
        """Press the lead's button for a moment, or ``hold`` it until it counts."""

    def power(
        self,
        volts: float | None = None,
        amps: float | None = None,
        pv_watts: float | None = None,
        soc: float | None = None,
    ) -> None:
        """Set battery V and A (positive = charging), panel W and state of charge in percent."""

    def unplug(self, device: Any) -> None:
        """Pull the plug of ``printer``, ``scanner``, ``beam`` or ``power``."""

    def plug(self, device: Any) -> None:
        """Put the plug back."""

    def state(self) -> dict[str, Any]:
        """How hands left things, and what the box lights: ``printer {paper, cover, online, drawer, behaviour}``,
        ``power {volts, amps, pv_watts, soc}``, ``walked {in, out}``, ``button {down}``, ``lamps`` (a list of
        ``device, name, lit, flashes``), ``unplugged`` (names), ``devices`` (name → URI)."""

    def receipts(self) -> list[dict[str, Any]]:
        """Slips, oldest first: ``id, text, qr, cut, drawer_kicks``."""

    def receipt_png(self, receipt: int) -> bytes:
        """A slip's picture."""

    def wire(self) -> dict[str, list[dict[str, Any]]]:
        """By cable the last pieces, newest first: ``at`` (Unix seconds), ``to_box``, ``hex``, ``size``."""


def carry_out(act: Callable[..., None], *args: Any, **values: Any) -> None:
    """Do it, or raise ``validation`` with what the control says is wrong."""
    try:
        act(*args, **values)
    except ValueError as error:
        raise invalid(str(error), REMEDY) from error
