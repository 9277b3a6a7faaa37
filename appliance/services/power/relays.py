"""Relays: on, unless load shedding has switched them off. `?shed=low` in a relay's URI says from which level on.

While the kit check asks for a relay's test it shows the other state for three seconds.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, runtime_checkable

from appliance.domain.power import LEVELS, Level
from appliance.services.power.shedding import Measure
from appliance.services.wanted import Asked
from drivers.device import Device
from drivers.errors import DeviceError
from drivers.uri import Uri

TEST_S = 3.0


@runtime_checkable
class Switch(Protocol):
    """What a relay's model has beside the rest of a device."""

    def switch(self, on: bool) -> None:
        """Remembers what is wanted, and does it as soon as it can."""


class Relays:
    """`uris`: name → URI of all devices of the box."""

    def __init__(self, uris: Callable[[], Mapping[str, str]]) -> None:
        self._uris = uris
        self._tested: dict[str, int] = {}
        self._testing: dict[str, float] = {}

    def measures(self, devices: Mapping[str, Device]) -> list[Measure]:
        """The relays that may be switched off, and from which level on."""
        uris = self._uris()
        found = []
        for name, device in devices.items():
            if isinstance(device, Switch) and (level := _shed_at(uris.get(name, ""))) is not None:
                what = name.partition("-")[2].replace("-", " ") or name
                found.append(Measure(name, level, f"{what[:1].upper()}{what[1:]} off"))
        return found

    def switch(
        self, devices: Mapping[str, Device], off: frozenset[str], asked: Iterable[Asked], now: float
    ) -> list[Device]:
        """Put every relay where it belongs; the relays, which then want to be stepped."""
        for one in asked:
            if one.device in devices and self._tested.get(one.device) != one.n:
                self._tested[one.device] = one.n
                self._testing[one.device] = now + TEST_S
        found: list[Device] = []
        for name, device in devices.items():
            if isinstance(device, Switch):
                testing = now < self._testing.get(name, 0.0)
                device.switch((name not in off) != testing)
                found.append(device)
        return found


def _shed_at(uri: str) -> Level | None:
    try:
        told = Uri.parse(uri).options.get("shed")
    except DeviceError:
        return None
    return next((level for level in LEVELS[1:4] if level == told), None)
