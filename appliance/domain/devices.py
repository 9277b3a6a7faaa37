"""Devices: a fact only when the state changes."""

from dataclasses import dataclass
from typing import Literal

from appliance.domain.kernel import DEVICE, Ask, Context, Decided, Fact, command, kind

DeviceState = Literal["absent", "connecting", "online", "degraded", "fault"]


@kind("device.changed/1")
class DeviceChanged(Fact, frozen=True):
    """``device``: its name in the configuration; ``kind``: printer, scanner, footfall, power."""

    device: str
    kind: str
    state: DeviceState
    reason: str


@dataclass(frozen=True)
class DeviceKnown:
    """The device's last recorded state and reason."""

    state: str | None
    reason: str | None


class ReportDevice(Ask, frozen=True):
    """A worker tells the state of one of its devices."""

    device: str
    kind: str
    state: DeviceState
    reason: str


@command("device.report", ReportDevice, DEVICE)
def report(ask: ReportDevice, known: DeviceKnown, ctx: Context) -> Decided:
    """The same state again is no news."""
    reason = ask.reason[:200]
    if (known.state, known.reason) == (ask.state, reason):
        return Decided([])
    return Decided([DeviceChanged(device=ask.device, kind=ask.kind, state=ask.state, reason=reason)])
