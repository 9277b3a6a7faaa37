"""The box's health, fault by fault, each with what to do: what `boothkit doctor` says."""

import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from appliance import board
from appliance.clock import Now, parse_rfc3339, system_clock
from appliance.commands._common import Box
from appliance.config import Config
from appliance.errors import BoothkitError, ConfigError, RecorderDown
from appliance.journal.read import Reader
from appliance.projections import backups, events, kit, kitlooks
from appliance.projections.kitlooks import Around, Found
from appliance.receipts import slips
from appliance.receipts.wording import Wording
from appliance.services.context import FolderUnusable, box_id, check_folder
from appliance.services.recorder.levels import Levels
from appliance.services.recorder.room import Room
from drivers import discovery, registry
from drivers.device import Device
from drivers.errors import DeviceError

State = Literal["fine", "advice", "fault"]

TRY_S = 5.0
"""Seconds that a device of a box that is stopped gets to show itself."""
_SIGNED_EVERY = 1000
"""Facts after which the recorder signs at the latest."""
_LOW_PERCENT = 20
_OLD_MS = 24 * 3_600_000
_OUTPUTS = ("indicator", "relay")


@dataclass(frozen=True)
class Finding:
    """``advice``: fine as it is, and could be better; ``fault``: somebody should do something."""

    about: str
    state: State
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that was looked at. ``running``: the box's workers answer; ``plugged``: what is there and not used."""

    findings: tuple[Finding, ...]
    running: bool
    plugged: tuple[Found, ...]

    @property
    def fine(self) -> bool:
        """Nothing has to be done."""
        return all(finding.state != "fault" for finding in self.findings)


def examine(box: Box, root: Path, *, try_s: float = TRY_S) -> Report:
    """Look at everything. ``root``: the folder with dev and sys."""
    try:
        config = box.config
    except ConfigError as error:
        return Report((Finding("configuration", "fault", str(error), error.remedy),), False, ())
    devices = f"{len(config.devices)} devices" if len(config.devices) != 1 else "1 device"
    findings = [Finding("configuration", "fine", f"readable, {devices} named"), *_folder(box)]
    if not (box.data / "journal.db").exists():
        findings.append(Finding("journal", "advice", "no box has been here", "Start it: boothkit up, or the service."))
        return _stopped(findings, config, {}, root, try_s)
    now = system_clock(config.clock.trust, box.run)()
    with closing(Reader(box.data)) as reader:
        try:
            place = kitlooks.around(reader, box.run, config, now, box=box_id(config, box.data))
            findings += [_clock(now), *_journal(place, reader), _policy(place, config), _backup(reader, now)]
        except (RecorderDown, BoothkitError) as error:
            findings.append(Finding("journal", "fault", str(error), error.remedy))
            return _stopped(findings, config, {}, root, try_s)
    if not is_running(place):
        return _stopped(findings, config, place.adopted, root, try_s)
    findings += [*_workers(place), *_devices(place), *_power(place), _uplink(place, config)]
    findings += [_https(box, config), *_plugged(place.found)]
    return Report(tuple(findings), True, place.found)


def is_running(place: Around) -> bool:
    """Whether the recorder has said something lately: pages of others may stand after their end."""
    recorder = place.state["workers"].get("recorder")
    return recorder is not None and recorder["state"] not in ("silent", "stopping")


def plugged_in(config: Config, adopted: dict[str, str], root: Path) -> list[discovery.Found]:
    """What is there and neither the configuration nor the lead took into use."""
    used = [*config.devices.values(), *adopted.values()]
    names = [*config.devices, *adopted]
    return [found for kind in registry.KINDS for found in discovery.unused(kind, used, names, root)]


def _stopped(findings: list[Finding], config: Config, adopted: Any, root: Path, try_s: float) -> Report:
    """The box does not run: its devices are tried from here."""
    findings.append(Finding("workers", "advice", "the box is not running", "Start it: boothkit up, or the service."))
    found = [
        Found(one.kind, one.name, one.uri, one.what, one.certain) for one in plugged_in(config, dict(adopted), root)
    ]
    findings += [_try(name, uri, try_s) for name, uri in {**adopted, **config.devices}.items()]
    return Report((*findings, *_plugged(tuple(found))), False, tuple(found))


def _folder(box: Box) -> Iterator[Finding]:
    if not box.data.exists():
        yield Finding("data folder", "advice", f"{box.data} is not there yet", "It is made at the first start.")
        return
    room = Room(box.data)
    levels = Levels(room, box.data)
    levels.judge()
    warning, remedy = levels.words()
    try:
        if os.geteuid() == 0 or os.access(box.data, os.W_OK):
            check_folder(box.data)
        if room.read_only():
            raise FolderUnusable(f"{box.data} is read-only")
    except FolderUnusable as error:
        yield Finding("data folder", "fault", str(error), error.remedy)
        return
    if warning:
        yield Finding("data folder", "fault", warning, remedy)
    else:
        yield Finding("data folder", "fine", f"{box.data}: {room.free() // 2**20:,} MB free")


def _clock(now: Now) -> Finding:
    if now.trusted:
        return Finding("clock", "fine", f"{now.at}, trusted ({now.trust})")
    remedy = (
        "Give the box a network for a minute, or let the lead set the clock; until then rules about time are skipped."
    )
    return Finding("clock", "fault", f"{now.at}, not trusted: nobody has set it", remedy)


def _journal(place: Around, reader: Reader) -> Iterator[Finding]:
    journal, head = place.state["journal"], reader.checkpoint()
    (size,) = (
        reader.db().execute("SELECT coalesce(max(seq), 0) FROM fact WHERE log = ?", (place.state["log"],)).fetchone()
    )
    signed = head.size if head is not None and head.log == place.state["log"] else 0
    words = f"{journal['pos']:,} facts; log {place.state['log']} is signed up to {signed:,} of {size:,}"
    if size - signed > _SIGNED_EVERY:
        yield Finding("journal", "fault", words, "Restart the box. Then check every byte: boothkit journal verify")
    else:
        yield Finding("journal", "fine", words)
    check = kit.newest(reader.db())
    if check is None:
        yield Finding("kit check", "advice", "none yet", "Begin one: the kit page, or boothkit doctor --walk")
    elif check.ready is None:
        yield Finding("kit check", "advice", f"under way since {check.at}", "Go on with it on the kit page.")
    else:
        said = Wording()
        words = f"ready {check.ready_at}, {slips.took(check.ready, said)}, {slips.within(check.ready, said)}"
        yield Finding("kit check", "fine", words)


def _policy(place: Around, config: Config) -> Finding:
    now = place.state["policy"]
    if now is None:
        if not config.central.key:
            return Finding("policy", "fine", "none, and no central is configured; the limits of the box itself hold")
        return Finding("policy", "advice", "none yet", "Let central publish one: boothkit central sign --publish")
    words = f"{now['version']} for {now['scope']}, since {now['since']}, until {now['expires']}"
    if now["expired"]:
        return Finding("policy", "fault", f"{words}: it has ended, its limits hold on", "Ask central for a newer one.")
    return Finding("policy", "fine", words)


def _backup(reader: Reader, now: Now) -> Finding:
    """While nothing is at stake it is advice."""
    db = reader.db()
    event, made = events.current(db), backups.newest(db)
    how = "Plug a stick in, and make one on the backup page, or: boothkit backup FILE"
    if not made:
        return Finding("backup", "advice", "none was ever made", how)
    newest = made[0]
    words = f"{newest.at}, up to fact {newest.upto:,}; {newest.since:,} facts since"
    age = now.wall_ms - parse_rfc3339(newest.at)
    old = newest.since > 0 and now.trusted and not 0 <= age < _OLD_MS
    if event is not None and event.state == "open" and old:
        return Finding("backup", "advice", f"{words}: older than a day, and an event is open", how)
    return Finding("backup", "fine", words)


def _workers(place: Around) -> Iterator[Finding]:
    """What a worker says of its devices is said of them."""
    for name, worker in place.state["workers"].items():
        about, words = f"worker {name}", worker["reason"] or worker["state"]
        if worker["state"] in ("ready", "degraded"):
            yield Finding(about, "fine", words)
        elif worker["state"] == "starting":
            yield Finding(about, "advice", words, "Wait some seconds.")
        else:
            yield Finding(about, "fault", f"{worker['state']}: {words}", worker["remedy"])


def _devices(place: Around) -> Iterator[Finding]:
    for name in place.names:
        device = place.state["devices"].get(name)
        if device is None:
            yield Finding(f"device {name}", "fault", "no worker knows it", "Wait some seconds, then restart the box.")
        else:
            yield _device(name, device["state"], device["reason"], device.get("remedy", ""))


def _device(name: str, state: str, reason: str, remedy: str) -> Finding:
    about, words = f"device {name}", f"{state}: {reason}" if reason else state
    match state:
        case "online":
            return Finding(about, "fine", words)
        case "connecting" | "degraded":
            return Finding(about, "advice", words, remedy)
        case _:
            return Finding(about, "fault", words, remedy)


def _power(place: Around) -> Iterator[Finding]:
    power = place.state["power"]
    soc, volts = power["soc"], power["volts"]
    if volts is None and soc is None:
        return
    words = ", ".join(text for text, value in ((f"{volts} V", volts), (f"{soc} % full", soc)) if value is not None)
    low = soc is not None and soc < _LOW_PERCENT
    yield Finding("power", "fault" if low else "fine", words, "Charge the battery before you open." if low else "")


def _uplink(place: Around, config: Config) -> Finding:
    uplink = place.state["uplink"]
    if not config.mqtt.broker:
        return Finding("uplink", "fine", "no broker is configured; everything stays safe on the box")
    waiting = f"{place.state['journal']['pos'] - uplink['safe']:,} facts wait"
    if uplink["connected"]:
        return Finding("uplink", "fine", f"connected, {waiting}")
    return Finding("uplink", "advice", f"not connected, {waiting}: {uplink['reason']}", uplink["remedy"])


def _https(box: Box, config: Config) -> Finding:
    page = board.read(box.run, "https") or {}
    if not config.staff.https_port:
        return Finding("https", "fine", "switched off; staff reach the till on their own network alone")
    if page.get("state") == "ready":
        return Finding("https", "fine", f"paired devices reach the till at {page.get('url')}")
    return Finding("https", "fault", page.get("reason") or "it has not answered yet", page.get("remedy", ""))


def _plugged(found: tuple[Found, ...]) -> Iterator[Finding]:
    for one in found:
        remedy = f'Use it on the kit page, or under [devices]: {one.name} = "{one.uri}"'
        yield Finding(f"found {one.kind}", "advice", f"{one.what}, not in use", remedy)


def _try(name: str, uri: str, try_s: float) -> Finding:
    """Open a device for as long as it takes to hear from it, at most ``try_s``; what would switch something is left
    alone."""
    if name.partition("-")[0] in _OUTPUTS:
        return Finding(f"device {name}", "advice", "not tried: only a running box switches it")
    try:
        device = registry.create(name, uri, now=time.monotonic)
    except DeviceError as error:
        return Finding(f"device {name}", "fault", str(error), error.remedy)
    with closing(device):
        _listen(device, try_s, time.monotonic)
        return _device(name, device.life.state, device.life.reason, device.life.remedy)


def _listen(device: Device, try_s: float, now: Callable[[], float]) -> None:
    until = now() + try_s
    while True:
        device.step()
        left = until - now()
        if device.life.state in ("online", "fault") or left <= 0:
            return
        fd = device.fileno()
        with suppress(OSError, ValueError):
            select.select([fd] if fd is not None else [], [], [], max(0.01, min(left, device.wait())))
