"""The recorder's sockets: one per role, two lanes, group commit."""

import fcntl
import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, get_args

from appliance import log
from appliance.board import Board
from appliance.domain.kernel import Role, command_types
from appliance.errors import BoothkitError, Problem
from appliance.journal import wire
from appliance.journal.follow import Waker
from appliance.projections.wanted import wanted
from appliance.services.context import WorkerContext, check_folder
from appliance.services.recorder.answers import Reply, failure
from appliance.services.recorder.engine import Engine, Request
from appliance.services.recorder.gauge import Gauge
from appliance.services.run import Loop

logger = log.get("recorder")

BATCH = 64
BATCH_S = 0.05
PEOPLE_INBOX = 512
BULK_INBOX = 32
MOST_CONNECTIONS: dict[Role, int] = {"guest": 32, "staff": 160, "device": 64, "uplink": 16, "admin": 64}
"""By role, so that nobody takes another's. A turn of the loop reads one frame of each connection and a batch takes 64:
guests alone, whatever they do, never fill the inbox."""


class Locked(BoothkitError):
    """Another recorder writes this journal."""

    remedy = "Use the running box (same --data), or stop it first."


def lock(data: Path) -> IO[bytes]:
    """Hold the journal's writer lock until the handle is closed; raises Locked."""
    data.mkdir(parents=True, exist_ok=True)
    handle = (data / "recorder.lock").open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise Locked(f"{data}: a recorder is writing this journal") from error
    return handle


class Server:
    """Takes what waits, has it decided in order, answers after the commit, wakes the followers."""

    def __init__(self, engine: Engine, run: Path, loop: Loop, now: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._loop = loop
        self._now = now
        self._waker = Waker(run)
        self._people: deque[tuple[socket.socket, Request]] = deque()
        self._bulk: deque[tuple[socket.socket, Request]] = deque()
        self._due = False
        self._links: dict[int, tuple[socket.socket, Role]] = {}
        self._open: Counter[Role] = Counter()
        self._bulk_names = frozenset(name for name, command in command_types().items() if command.bulk)
        self._listeners = [self._listen(run, role) for role in get_args(Role)]

    def _listen(self, run: Path, role: Role) -> socket.socket:
        path = wire.socket_path(run, role)
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        listener.bind(str(path))
        path.chmod(0o660)
        listener.listen(MOST_CONNECTIONS[role])
        self._loop.add_reader(listener.fileno(), partial(self._accept, listener, role))
        return listener

    def _accept(self, listener: socket.socket, role: Role) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            link, _ = listener.accept()
            link.setblocking(False)
            if self._open[role] >= MOST_CONNECTIONS[role]:
                logger.warning("connection.refused", role=role, open=self._open[role])
                link.close()
                return
            self._links[link.fileno()] = link, role
            self._open[role] += 1
            self._loop.add_reader(link.fileno(), partial(self._read, link, role))

    def _read(self, link: socket.socket, role: Role) -> None:
        """Take one frame; the loop comes back for the next, so that nobody's stream starves the others."""
        raw = wire.receive(link)
        if raw is None:
            return
        if not raw:
            self._drop(link)
            return
        try:
            frame = wire.unpack(raw)
        except wire.BadFrame as error:
            slug = "too-large" if len(raw) > wire.MAX_FRAME else "validation"
            self._send(link, failure("", Problem(slug, str(error), "Send a frame as docs/architecture.md says.")))
            return
        request = Request(role, frame.get("id"), frame.get("command"), frame.get("actor"), frame.get("data"))
        bulk = request.command in self._bulk_names
        lane, most = (self._bulk, BULK_INBOX) if bulk else (self._people, PEOPLE_INBOX)
        if len(lane) >= most:
            problem = Problem("busy", f"{len(lane)} commands wait already", "Ask again in a moment with the same key.")
            self._send(link, failure(request.id, problem))
            return
        lane.append((link, request))
        if not self._due:
            self._due = True
            self._loop.call_soon_threadsafe(self._work)

    def _work(self) -> None:
        """One batch of the people's lane, then one piece of bulk work; again while anything waits."""
        self._due = False
        batch: list[tuple[socket.socket, Request]] = []
        while self._people and len(batch) < BATCH:
            batch.append(self._people.popleft())
        self._execute(batch)
        if self._bulk:
            self._execute([self._bulk.popleft()])
        if self._people or self._bulk:
            self._due = True
            self._loop.call_soon_threadsafe(self._work)

    def _execute(self, batch: list[tuple[socket.socket, Request]]) -> None:
        if not batch:
            return
        before = self._engine.store.pos
        deadline = self._now() + BATCH_S
        replies = self._engine.execute([request for _, request in batch], lambda: self._now() < deadline)
        for (link, _), reply in zip(batch, replies, strict=False):
            self._send(link, reply)
        rest = batch[len(replies) :]
        self._people.extendleft(reversed(rest))
        if self._engine.store.pos != before:
            self._waker.wake()

    def _send(self, link: socket.socket, reply: Reply) -> None:
        """An answer goes out whole or the connection ends; whoever does not read may ask again."""
        if link.fileno() not in self._links:
            return
        try:
            link.send(wire.pack(reply))
        except wire.BadFrame as error:
            logger.error("reply.too_long", why=str(error))
            self._drop(link)
        except OSError:
            self._drop(link)

    def _drop(self, link: socket.socket) -> None:
        self._loop.remove_reader(link.fileno())
        _, role = self._links.pop(link.fileno())
        self._open[role] -= 1
        link.close()

    def waiting(self) -> int:
        """Commands in both lanes."""
        return len(self._people) + len(self._bulk)

    def close(self) -> None:
        """Stop listening; what was not answered was not recorded."""
        for listener in self._listeners:
            self._loop.remove_reader(listener.fileno())
            listener.close()
        for link, _ in list(self._links.values()):
            self._drop(link)
        self._waker.close()


def main(ctx: WorkerContext) -> int:
    """The worker: hold the lock, open the journal, listen. Raises FolderUnusable."""
    check_folder(ctx.data)
    handle = lock(ctx.data)
    engine = Engine(ctx.data, ctx.config, ctx.clock, ctx.box)
    loop = Loop(ctx.name)
    server = Server(engine, ctx.run, loop)
    board, gauge = Board(ctx.run, ctx.name), Gauge(engine)
    told: tuple[int, dict[str, Any]] = (-1, {})

    def wanted_now() -> dict[str, Any]:
        nonlocal told
        if told[0] != engine.store.pos:
            told = engine.store.pos, wanted(engine.store.db)
        return told[1]

    def show() -> None:
        store = engine.store
        engine.probe()
        reason, remedy = (engine.fault.detail, engine.fault.remedy) if engine.fault else engine.levels.words()
        board.put(
            state="degraded" if reason else "ready",
            reason=reason,
            remedy=remedy,
            box=ctx.box,
            log=store.log,
            pos=store.pos,
            checkpoint=store.checkpointed,
            waiting=server.waiting(),
            clock=ctx.clock().trust,
            wanted=wanted_now(),
            disk=gauge.page(),
        )

    loop.every(1.0, show)
    code = loop.run(show)
    server.close()
    board.put(state="stopping")
    # Not closed: when the last writer closes, readers of other users can no longer open the file
    # (docs/architecture.md).
    handle.close()
    os._exit(code)
