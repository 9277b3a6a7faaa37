"""Running the devices of one kind inside a worker's loop: connect, read, report states, show them on the board."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from appliance import log
from appliance.board import Board
from appliance.errors import Problem, RecorderDown
from appliance.ids import new_id
from appliance.journal.client import Answer, RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.run import Loop, Timer
from appliance.services.wanted import Wanted, WantedPage
from drivers import discovery, registry
from drivers.device import Device, Event
from drivers.errors import DeviceError

MOST_WAITING = 10_000
MOST_FOUND = 32
LOOK_EVERY_S = 5.0
"""Between two looks for devices that nobody uses."""


class _Waiting(NamedTuple):
    """A command on its way."""

    command: str
    data: dict[str, Any]
    actor: str
    ident: str
    then: Callable[[Answer], None] | None
    over: Callable[[], None] | None


class Outbox:
    """Commands to the recorder, in order. While it is down they wait here; each keeps its identity, so none is
    doubled. What has to outlive this process is kept elsewhere under that identity until it is ``over``."""

    def __init__(self, client: RecorderClient, loop: Loop, worker: str) -> None:
        self._client = client
        self._loop = loop
        self._log = log.get(worker)
        self._resting = False
        self._waiting: deque[_Waiting] = deque()
        loop.every(1.0, self._again)

    def __len__(self) -> int:
        return len(self._waiting)

    def send(
        self,
        command: str,
        data: dict[str, Any],
        *,
        actor: str,
        then: Callable[[Answer], None] | None = None,
        ident: str = "",
        over: Callable[[], None] | None = None,
    ) -> None:
        """Have a command decided now, or as soon as the recorder is back; ``then`` gets the answer. ``ident``: the
        identity that it was minted with before; ``over``: called when it was decided, or refused as malformed."""
        if len(self._waiting) >= MOST_WAITING:
            self._log.error("outbox.full", command=command, dropped=1)
            return
        self._waiting.append(_Waiting(command, data, actor, ident or new_id(), then, over))
        if not self._resting:
            self._flush()

    def _again(self) -> None:
        self._resting = False
        self._flush()

    def _flush(self) -> None:
        """Send what waits, until the recorder does not answer: then it rests for a second, because each question to a
        recorder that hangs takes seconds, and a device may have many events at once."""
        while self._waiting:
            self._loop.beat()
            one = self._waiting[0]
            try:
                answer = self._client.send(one.command, one.data, actor=one.actor, id=one.ident)
            except RecorderDown as error:
                self._log.warning("recorder.down", waiting=len(self._waiting), why=str(error))
                self._resting = True
                return
            except Problem as problem:
                if problem.later:
                    self._resting = True
                    return
                self._log.warning("command.refused", command=one.command, slug=problem.slug, detail=problem.detail)
                self._over(one)
                continue
            self._over(one)
            if one.then is not None:
                one.then(answer)

    def _over(self, one: "_Waiting") -> None:
        self._waiting.popleft()
        if one.over is not None:
            one.over()


class DeviceHost:
    """The devices of one worker: the configuration's and those that the lead took into use, which come and go while it
    runs. ``on_event`` gets what they tell; states become facts when they change."""

    def __init__(
        self,
        ctx: WorkerContext,
        loop: Loop,
        owns: tuple[str, ...],
        outbox: Outbox,
        on_event: Callable[[Device, Event], None],
    ) -> None:
        """``owns``: beginnings of the names of its devices: ``scanner`` has scanner-door, ``indicator-door`` has
        indicator-door-left."""
        self._loop = loop
        self._owns = owns
        self._configured = ctx.config.devices
        self._outbox = outbox
        self._on_event = on_event
        self._log = log.get(ctx.name)
        self._board = Board(ctx.run, ctx.name)
        self._page = WantedPage(ctx.run)
        self.devices: dict[str, Device] = {}
        self._uris: dict[str, str] = {}
        self._bad: dict[str, dict[str, Any]] = {}
        self._lent: set[str] = set()
        self._fds: dict[str, int] = {}
        self._timers: dict[str, Timer] = {}
        self._reported: dict[str, tuple[str, str]] = {}
        self._found: list[dict[str, Any]] = []
        self.extra: Callable[[], dict[str, Any]] = dict
        self.device_extra: Callable[[str], dict[str, Any]] = lambda name: {}
        self._take()

    @property
    def wanted(self) -> Wanted:
        """What the journal wants of this worker now."""
        return self._page.read()

    def start(self) -> None:
        """Step every device once; from then on they are stepped when they have something."""
        for device in self.devices.values():
            self.step(device)
        self._loop.every(1.0, self._every_second)
        self._loop.every(LOOK_EVERY_S, self._look)
        self._look()
        self.show()

    def step(self, device: Device) -> None:
        """Let a device work, hand its events on, and wait for it again."""
        for event in device.step():
            self._on_event(device, event)
        if self.devices.get(device.name) is device and device.name not in self._lent:
            self._watch(device)
        self._report(device.name, *device.life.told)

    def lend(self, device: Device) -> None:
        """Another thread has the device now: it is not stepped, its state is still told."""
        self._lent.add(device.name)
        self._unwatch(device.name)

    def give_back(self, device: Device) -> None:
        """The other thread has ended."""
        self._lent.discard(device.name)
        self._take()
        if self.devices.get(device.name) is device:
            self.step(device)

    def _every_second(self) -> None:
        for name in self._take():
            self.step(self.devices[name])
        for name in self._lent:
            self._report(name, *self.devices[name].life.told)
        self.show()

    def _take(self) -> list[str]:
        """Have the devices that are wanted now; the names of the new ones."""
        asked = {**self.wanted.adopted, **self._configured}
        mine = {name: uri for name, uri in asked.items() if self._is_mine(name)}
        for name in [name for name, uri in self._uris.items() if mine.get(name) != uri and name not in self._lent]:
            del self._uris[name]
            self._bad.pop(name, None)
            self._reported.pop(name, None)
            self._unwatch(name)
            if (device := self.devices.pop(name, None)) is not None:
                device.close()
        new = [name for name in mine if name not in self._uris]
        for name in new:
            self._uris[name] = mine[name]
            try:
                self.devices[name] = registry.create(name, mine[name], now=time.monotonic)
            except DeviceError as error:
                self._log.error("device.misconfigured", device=name, why=str(error))
                self._bad[name] = {"state": "fault", "reason": str(error), "remedy": error.remedy}
                self._report(name, "fault", "misconfigured")
        return [name for name in new if name in self.devices]

    def _is_mine(self, name: str) -> bool:
        return any(name == own or name.startswith(f"{own}-") for own in self._owns)

    def _look(self) -> None:
        """What is plugged in and nobody uses."""
        kinds = dict.fromkeys(own.partition("-")[0] for own in self._owns)
        used = set(self._configured.values()) | set(self.wanted.adopted.values())
        names = {*self._configured, *self.wanted.adopted}
        self._found = [
            {"kind": found.kind, "name": found.name, "uri": found.uri, "what": found.what, "certain": found.certain}
            for kind in kinds
            for found in discovery.unused(kind, used, names)
        ][:MOST_FOUND]

    def _watch(self, device: Device) -> None:
        name, fd = device.name, device.fileno()
        old = self._fds.get(name)
        if old is not None and old != fd:
            self._loop.remove_reader(old)
            del self._fds[name]
        if fd is not None:
            self._loop.add_reader(fd, lambda: self.step(device))
            self._fds[name] = fd
        if (timer := self._timers.get(name)) is not None:
            timer.cancel()
        self._timers[name] = self._loop.call_later(max(0.01, device.wait()), lambda: self.step(device))

    def _unwatch(self, name: str) -> None:
        if (fd := self._fds.pop(name, None)) is not None:
            self._loop.remove_reader(fd)
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()

    def _report(self, device: str, state: str, reason: str) -> None:
        if self._reported.get(device) == (state, reason):
            return
        self._reported[device] = (state, reason)
        data = {"device": device, "kind": device.partition("-")[0], "state": state, "reason": reason}
        self._outbox.send("device.report", data, actor=f"device:{device}")

    def show(self) -> None:
        """Put the devices on the status board."""
        pages = {name: device.life.snapshot() for name, device in self.devices.items()} | self._bad
        ill = [name for name, page in pages.items() if page["state"] not in ("online", "connecting")]
        self._board.put(
            state="degraded" if ill else "ready",
            reason="; ".join(f"{name}: {pages[name]['reason']}" for name in ill),
            remedy=" ".join(dict.fromkeys(pages[name]["remedy"] for name in ill if pages[name]["remedy"])),
            devices={
                name: {"kind": name.partition("-")[0], **page, **self.device_extra(name)}
                for name, page in pages.items()
            },
            found=self._found,
            waiting=len(self._outbox),
            **self.extra(),
        )

    def close(self) -> None:
        """Let go of the devices."""
        for name, device in self.devices.items():
            self._unwatch(name)
            if name not in self._lent:
                device.close()
        self._board.put(state="stopping")
