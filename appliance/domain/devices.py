"""Devices: their states, a fact only when one changes; those that the lead took into use; what was learnt of them."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from appliance.domain.kernel import DEVICE, STAFF, Ask, Context, Decided, Fact, command, kind, refuse

MOST_ADOPTED = 32

DeviceState = Literal["absent", "connecting", "online", "degraded", "fault"]
DeviceName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
LearntKind = Literal["drawer_closed"]
LearntValue = Literal["high", "low"]


@kind("device.changed/1")
class DeviceChanged(Fact, frozen=True):
    """``device``: its name in the configuration; ``kind``: what its name begins with."""

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


@command("device.report", ReportDevice, DEVICE, at_full="go_on")
def report(ask: ReportDevice, known: DeviceKnown, ctx: Context) -> Decided:
    """The same state again is no news."""
    reason = ask.reason[:200]
    if (known.state, known.reason) == (ask.state, reason):
        return Decided([])
    return Decided([DeviceChanged(device=ask.device, kind=ask.kind, state=ask.state, reason=reason)])


@kind("device.adopted/1")
class DeviceAdopted(Fact, frozen=True):
    """The lead took a device into use that the configuration does not name. ``uri`` as in the configuration."""

    device: str
    uri: str


@kind("device.dropped/1")
class DeviceDropped(Fact, frozen=True):
    """An adopted device is no longer used."""

    device: str


@kind("device.learnt/1")
class DeviceLearnt(Fact, frozen=True):
    """Something about a device that only trying it shows. ``drawer_closed``: the level (``high``, ``low``) of a
    printer's drawer sensor while the drawer is closed, which depends on its wiring."""

    device: str
    what: LearntKind
    value: LearntValue


@dataclass(frozen=True)
class AdoptedKnown:
    """The URI of the adopted device of this name, and how many are adopted."""

    uri: str | None
    count: int


@dataclass(frozen=True)
class LearntKnown:
    """What is known of it so far."""

    value: str | None


class AdoptDevice(Ask, frozen=True):
    """Use this device from now on under this name."""

    device: DeviceName
    uri: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*://[\x21-\x7e]*$", max_length=300)]


class DropDevice(Ask, frozen=True):
    """Use it no longer."""

    device: DeviceName


class LearnDevice(Ask, frozen=True):
    """Keep what a trial showed."""

    device: DeviceName
    what: LearntKind
    value: LearntValue


@command("device.adopt", AdoptDevice, STAFF, at_full="go_on")
def adopt(ask: AdoptDevice, known: AdoptedKnown, ctx: Context) -> Decided:
    """The worker of its kind takes it up within a second or two. Where the configuration names a device so, that one
    stays."""
    answer = {"device": ask.device, "uri": ask.uri}
    if known.uri == ask.uri:
        return Decided([], answer)
    if known.uri is None and known.count >= MOST_ADOPTED:
        refuse("too-many-devices", f"{known.count} devices were taken into use", "Drop one that is not used.")
    return Decided([DeviceAdopted(device=ask.device, uri=ask.uri)], answer)


@command("device.drop", DropDevice, STAFF, at_full="finish")
def drop(ask: DropDevice, known: AdoptedKnown, ctx: Context) -> Decided:
    """What was not adopted cannot be dropped; the configuration's devices are the configuration's."""
    if known.uri is None:
        refuse("not-found", f"{ask.device} was not taken into use here", "Take it out of the configuration instead.")
    return Decided([DeviceDropped(device=ask.device)], {"device": ask.device})


@command("device.learn", LearnDevice, STAFF, at_full="go_on")
def learn(ask: LearnDevice, known: LearntKnown, ctx: Context) -> Decided:
    """The newest word counts."""
    answer = {"device": ask.device, "what": ask.what, "value": ask.value}
    if known.value == ask.value:
        return Decided([], answer)
    return Decided([DeviceLearnt(device=ask.device, what=ask.what, value=ask.value)], answer)
