"""Running the devices of one kind inside a worker's loop: connect, read, report states, show them on the board."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from appliance import log
from appliance.board import Board
from appliance.errors import Problem, RecorderDown
from appliance.ids import new_id
from appliance.journal.client import Answer, RecorderClient
from appliance.services.context import WorkerContext
from appliance.services.run import Loop, Timer
from drivers import registry
from drivers.device import Device, Event
from drivers.errors import DeviceError

MOST_WAITING = 10_000


class Outbox:
    """Commands to the recorder, in order. While it is down they wait here; each keeps its identity, so none is
    doubled."""

    def __init__(self, client: RecorderClient, loop: Loop, worker: str) -> None:
        self._client = client
        self._loop = loop
        self._log = log.get(worker)
        self._resting = False
        self._waiting: deque[tuple[str, dict[str, Any], str, str, Callable[[Answer], None] | None]] = deque()
        loop.every(1.0, self._again)

    def __len__(self) -> int:
        return len(self._waiting)

    def send(
        self, command: str, data: dict[str, Any], *, actor: str, then: Callable[[Answer], None] | None = None
    ) -> None:
        """Have a command decided now, or as soon as the recorder is back; ``then`` gets the answer."""
        if len(self._waiting) >= MOST_WAITING:
            self._log.error("outbox.full", command=command, dropped=1)
            return
        self._waiting.append((command, data, actor, new_id(), then))
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
            command, data, actor, ident, then = self._waiting[0]
            try:
                answer = self._client.send(command, data, actor=actor, id=ident)
            except RecorderDown as error:
                self._log.warning("recorder.down", waiting=len(self._waiting), why=str(error))
                self._resting = True
                return
            except Problem as problem:
                if problem.slug in ("busy", "disk-full"):
                    self._resting = True
                    return
                self._log.warning("command.refused", command=command, slug=problem.slug, detail=problem.detail)
                self._waiting.popleft()
                continue
            self._waiting.popleft()
            if then is not None:
                then(answer)


class DeviceHost:
    """The configured devices of one kind. ``on_event`` gets what they tell; states become facts when they change."""

    def __init__(
        self, ctx: WorkerContext, loop: Loop, kind: str, outbox: Outbox, on_event: Callable[[Device, Event], None]
    ) -> None:
        self._loop = loop
        self._kind = kind
        self._outbox = outbox
        self._on_event = on_event
        self._log = log.get(ctx.name)
        self._board = Board(ctx.run, ctx.name)
        self.devices: list[Device] = []
        self._bad: dict[str, dict[str, Any]] = {}
        self._fds: dict[str, int] = {}
        self._timers: dict[str, Timer] = {}
        self._reported: dict[str, tuple[str, str]] = {}
        self.extra: Callable[[], dict[str, Any]] = dict
        for name in ctx.config.device_names(kind):
            try:
                self.devices.append(registry.create(name, ctx.config.devices[name], now=time.monotonic))
            except DeviceError as error:
                self._log.error("device.misconfigured", device=name, why=str(error))
                self._bad[name] = {"state": "fault", "reason": str(error), "remedy": error.remedy}

    def start(self) -> None:
        """Step every device once; from then on they are stepped when they have something."""
        for name, bad in self._bad.items():
            self._report(name, "fault", "misconfigured")
            self._bad[name] = bad
        for device in self.devices:
            self.step(device)
        self._loop.every(1.0, self.show)
        self.show()

    def step(self, device: Device) -> None:
        """Let a device work, hand its events on, and wait for it again."""
        for event in device.step():
            self._on_event(device, event)
        self._watch(device)
        self._report(device.name, device.life.state, device.life.reason)

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

    def _report(self, device: str, state: str, reason: str) -> None:
        if self._reported.get(device) == (state, reason):
            return
        self._reported[device] = (state, reason)
        data = {"device": device, "kind": self._kind, "state": state, "reason": reason}
        self._outbox.send("device.report", data, actor=f"device:{device}")

    def show(self) -> None:
        """Put the devices on the status board."""
        pages = {device.name: {"kind": self._kind, **device.life.snapshot()} for device in self.devices}
        pages |= {name: {"kind": self._kind, **bad} for name, bad in self._bad.items()}
        ill = [name for name, page in pages.items() if page["state"] not in ("online", "connecting")]
        self._board.put(
            state="degraded" if ill else "ready",
            reason="; ".join(f"{name}: {pages[name]['reason']}" for name in ill),
            remedy=" ".join(dict.fromkeys(pages[name]["remedy"] for name in ill if pages[name]["remedy"])),
            devices=pages,
            waiting=len(self._outbox),
            **self.extra(),
        )

    def close(self) -> None:
        """Let go of the devices."""
        for device in self.devices:
            if (fd := self._fds.pop(device.name, None)) is not None:
                self._loop.remove_reader(fd)
            device.close()
        self._board.put(state="stopping")
