"""A device as the workers see it, and what it tells them. Times (`mono`) are seconds of the monotonic
clock.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from drivers.life import Life

Direction = Literal["in", "out"]
Role = Literal["battery", "solar", "load", "all"]
"""Which of its values a power source is trusted for: it measures the whole battery, the panel, the load, or it is a
charger that sees all three from its own place."""


@dataclass(frozen=True)
class Scan:
    """One code as it was read; `code` is printable text without framing, device acknowledgements and AIM
    identifier.
    """

    code: str
    mono: float


@dataclass(frozen=True)
class Crossing:
    """One person passed `line`."""

    line: str
    direction: Direction
    mono: float


@dataclass(frozen=True)
class Stay:
    """One person has left `zone` (or was lost from sight in it) after `seconds`."""

    zone: str
    seconds: float
    mono: float


@dataclass(frozen=True)
class Judgement:
    """What a footfall counter says of its own view or beams. `unsuitable`: it cannot count where it is; `learning`: it
    has not seen enough to say. `reasons`: slugs, the weightiest first; `hidden_permille`: people mostly hidden behind
    others; `illegal_permille`: of a beam pair, changes that no walk explains, None of a camera.
    """

    verdict: Literal["learning", "good", "poor", "unsuitable"]
    reasons: tuple[str, ...] = ()
    hidden_permille: int = 0
    illegal_permille: int | None = None


@dataclass(frozen=True)
class PowerReading:
    """What the power source tells about itself; None = this device does not say. `ma` is positive while the
    battery is charged.

    `soc_permille` 0…1000, `mv` battery voltage, `ma` battery current, `pv_mw` solar input, `load_mw` drawn by
    the load. `lasts_s`: how long the values may count when no other reading comes. `ttg_s` seconds until the device
    holds its battery for empty, `consumed_mah` what is missing to full, `celsius` the battery's temperature.
    """

    soc_permille: int | None
    mv: int | None
    ma: int | None
    pv_mw: int | None
    load_mw: int | None
    mono: float
    role: Role = "all"
    lasts_s: float = 15.0
    ttg_s: int | None = None
    consumed_mah: int | None = None
    celsius: int | None = None


@dataclass(frozen=True)
class BeamFault:
    """`blocked`: a beam has been broken for too long; `illegal`: both beams changed at once; `cleared`:
    counting works again.
    """

    line: str
    what: Literal["blocked", "illegal", "cleared"]
    mono: float


@dataclass(frozen=True)
class Press:
    """A person pressed `button`; `held`: long enough to mean it, told while the button is still down."""

    button: str
    held: bool
    mono: float


Event = Scan | Crossing | Stay | PowerReading | BeamFault | Press

Signal = Literal["admitted", "refused", "exited", "attention", "ready", "trouble", "test", "off"]
"""What an indicator can be told to show."""


class Device(Protocol):
    """One configured device. The worker waits on `fileno()` for at most `wait()` seconds, then calls
    `step()`; all from one thread.
    """

    name: str
    kind: str
    life: Life

    def fileno(self) -> int | None:
        """What to wait on; None while not connected. Ask again after every step: it changes with each
        connection.
        """

    def wait(self) -> float:
        """Seconds until `step()` wants to be called even without input."""

    def step(self) -> list[Event]:
        """Connects when due, reads, parses. A `DeviceError` never leaves: it shows in `life`."""

    def close(self) -> None:
        """Releases the device; idempotent. A later step connects again."""
