"""The worker of the printers: the spool is the journal, and this follows it.

A printer's position says which request it has begun. It moves, durably, before the first byte of a job is sent; so
after a crash a request that was begun and has no outcome is ``unknown``, and is never printed again by itself.

Each printer prints in a thread of its own: one that waits for paper holds up no other.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, assert_never

from appliance import log
from appliance.config import Config
from appliance.errors import Problem, RecorderDown
from appliance.ids import new_id
from appliance.journal.client import RecorderClient
from appliance.journal.follow import Wake
from appliance.journal.read import Reader
from appliance.projections import drawer, events, paper, sales
from appliance.receipts import layout, slips
from appliance.services.context import WorkerContext
from appliance.services.devicehost import DeviceHost, Outbox
from appliance.services.run import Loop
from drivers.printer.errors import Unprintable
from drivers.printer.escpos import Model as Printer
from drivers.printer.escpos import Outcome, Result
from drivers.printer.job import Block, Cut, Job, Logo, Pair, Qr, Rule, Text
from drivers.printer.logo import picture

logger = log.get("printing")
READY = ("online", "degraded")
SMALLEST_DOTS = 384
"""Across a paper of 58 mm."""
STOP_S = 5.0
REST_S = 1.0
DRAWER_S = 5.0
"""After so long nobody stands at the drawer any more who waits for it to open."""
HUNG_S = 30.0
"""A job that shows no sign of life for so long never will: a new process knows what to make of it."""

Request = dict[str, Any]
"""``what`` (receipt, slip), ``id``, ``copy``, ``pos``."""


class Hung(RuntimeError):
    """A thread that prints has stopped."""


@dataclass
class _Running:
    beat: float
    done: threading.Event
    end: Callable[[], None] = lambda: None
    """What is left to do in the loop, once it is done."""
    kick: bool = False
    """A sale was made meanwhile, and the printer is in trouble: its thread opens the drawer."""
    asked: bool = False
    """The same for cash in or out and no-sale, whatever the printer does."""


class Spool:
    """The requests of one printer, oldest first."""

    def __init__(
        self,
        printer: Printer,
        host: DeviceHost,
        reader: Reader,
        client: RecorderClient,
        loop: Loop,
        logo: bytes,
        config: Config,
    ) -> None:
        """``logo``: a PNG, empty = none; ``config``: the language of the paper, the guests' Wi-Fi."""
        self._config, self._language = config, config.box.language
        self._printer = printer
        self._logo = [Logo(logo)] if logo else []
        self._host = host
        self._reader = reader
        self._client = client
        self._loop = loop
        self._recovered = False
        self._seen: int | None = None
        self._unopened: dict[int, float] = {}
        self._followed = 0
        self._asked: float | None = None
        self._rests_until = 0.0
        self._untouched: Request | None = None
        self._unreported: tuple[Request, Outcome] | None = None
        self._running: _Running | None = None
        self._closing = False
        # One thread for all jobs: the client has a connection to the recorder for each thread.
        self._jobs: SimpleQueue[tuple[Request, Job, bool] | None] = SimpleQueue()
        threading.Thread(target=self._serve, name=printer.name, daemon=True).start()
        self.waiting = 0

    def close(self) -> None:
        """No further job. One that goes on has some seconds to end; after that it is unknown."""
        self._closing = True
        self._jobs.put(None)
        if (running := self._running) is not None and running.done.wait(STOP_S):
            running.end()

    def work(self) -> None:
        """Begin what waits next while the printer is ready; comes back with the next wake-up or second."""
        if self._closing:
            return
        name = self._printer.name
        learnt = self._host.wanted.learnt.get(name, {}).get("drawer_closed")
        self._printer.drawer_closed = "high" if learnt == "high" else "low" if learnt == "low" else None
        if self._running is not None and self._loop.now() - self._running.beat > HUNG_S:
            raise Hung(f"{name}: nothing heard of a job for {HUNG_S:g} s")
        try:
            if self._seen is None:
                self._seen = self._followed = self._reader.position()
            self._open_drawers()
            if self._running is not None or self._loop.now() < self._rests_until:
                return
            if not self._recovered:
                self._recover()
            if self._unreported is not None:
                self._hand_in(*self._unreported)
            request = self._next()
            if request is not None and self._printer.life.state in READY:
                self._begin(request)
        except RecorderDown as error:
            logger.warning("spool.waits", printer=name, why=str(error))
        except Problem as problem:
            logger.error("spool.refused", printer=name, slug=problem.slug, detail=problem.detail)

    def _recover(self) -> None:
        for request in paper.begun(self._reader.db(), self._printer.name, self._position()):
            self._report(request, "unknown")
            logger.warning("paper.unknown", printer=self._printer.name, copy=request["copy"], pos=request["pos"])
        self._recovered = True

    def _position(self) -> int:
        return self._reader.follower(self._printer.name)

    def _next(self) -> Request | None:
        waiting = paper.waiting(self._reader.db(), self._printer.name, self._position())
        self.waiting = len(waiting)
        if self._untouched is not None:
            return self._untouched
        return waiting[0] if waiting else None

    def _open_drawers(self) -> None:
        """A sale for cash opens the drawer when it is made. Its receipt does, with its first bytes; when that has to
        wait, the drawer does not wait for it. Of what was sold before this worker came up the money is in already.
        Cash in and out and no-sale have no receipt: the drawer opens at once."""
        for pos in drawer.kicks(self._reader.db(), self._printer.name, self._followed):
            self._followed, self._asked = pos, self._loop.now()
        if self._asked is not None:
            self._open_at_once(self._asked)
        waits = self._printer.life.state not in READY
        for request in paper.waiting(self._reader.db(), self._printer.name, self._seen or 0):
            self._seen = request["pos"]
            if self._is_paid_in_cash(request):
                self._unopened[request["pos"]] = self._loop.now()
        if not waits or not self._unopened:
            return
        if self._running is not None:
            self._running.kick = True
            self._unopened.clear()
        elif self._printer.kick():
            self._unopened.clear()
        elif self._loop.now() - min(self._unopened.values()) > DRAWER_S:
            self._unopened.clear()
            logger.warning("drawer.not_opened", printer=self._printer.name, why=self._printer.life.reason)

    def _open_at_once(self, asked: float) -> None:
        if self._running is not None:
            self._running.asked = True
            self._asked = None
        elif self._printer.kick():
            self._asked = None
        elif self._loop.now() - asked > DRAWER_S:
            self._asked = None
            logger.warning("drawer.not_opened", printer=self._printer.name, why=self._printer.life.reason)

    def _is_paid_in_cash(self, request: Request) -> bool:
        if request["what"] != "receipt" or request["copy"] != 0:
            return False
        sale = sales.get(self._reader.db(), request["id"])
        if sale is None or sale["training"]:
            return False
        return any(tender["kind"] == "cash" for tender in sale["tenders"])

    def _begin(self, request: Request) -> None:
        """Print one request beside the loop; the printer is back when it has ended."""
        job = Job(request["pos"], tuple(self._blocks(request)))
        self._host.lend(self._printer)
        self._running = _Running(self._loop.now(), threading.Event())
        self._jobs.put((request, job, request["pos"] in self._unopened))

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._print(*job)

    def _print(self, request: Request, job: Job, kick: bool) -> None:
        """In the thread; ``kick``: the receipt opens the drawer. What it raises ends the worker, as in the loop."""
        begun = False
        running = self._running
        if running is None:
            return

        def begin() -> None:
            nonlocal begun
            # A recorder that dies here may have moved the position, or not. We know that nothing was sent, so this
            # request is taken again first; only if we die too, it is unknown.
            self._untouched = request
            self._advance(request["pos"])
            self._untouched = None
            begun = True

        def beat() -> None:
            running.beat = self._loop.now()
            if (running.kick or running.asked) and self._printer.kick():
                running.kick = running.asked = False

        end: Callable[[], None]
        try:
            result = self._printer.print(job, beat=beat, begin=begin, kick=kick)
        except (RecorderDown, Problem) as error:
            why = str(error)
            end = lambda: self._ended(request, None, begun, why)  # noqa: E731
        except Exception as error:  # noqa: BLE001 - raised again where it ends the worker
            fault = error

            def end() -> None:
                raise fault
        else:
            end = lambda: self._ended(request, result, begun)  # noqa: E731
        running.end = end
        running.done.set()
        self._loop.call_soon_threadsafe(partial(self._finish, running))

    def _finish(self, running: _Running) -> None:
        if self._running is running:
            running.end()

    def _ended(self, request: Request, result: Result | None, begun: bool, why: str = "") -> None:
        """In the loop again."""
        if self._running is not None and self._running.asked:
            self._asked = self._loop.now()
        self._running = None
        name = self._printer.name
        if begun:
            self._unopened.pop(request["pos"], None)
        self._host.give_back(self._printer)
        if result is None:
            # The printer's link was closed on the way, which is news, and news wakes this spool.
            self._rests_until = self._loop.now() + REST_S
            logger.warning("spool.waits", printer=name, why=why)
            return
        if not begun and self._printer.life.state not in READY:
            return
        if result.outcome != "printed":
            logger.warning("paper.not_confirmed", printer=name, outcome=result.outcome, why=result.reason)
        try:
            if not begun:
                self._untouched = request
                self._advance(request["pos"])
                self._untouched = None
            self._hand_in(request, result.outcome)
        except RecorderDown as error:
            logger.warning("spool.waits", printer=name, why=str(error))
            return
        self.work()

    def _hand_in(self, request: Request, outcome: Outcome) -> None:
        """Tell the outcome; kept until the recorder has taken it."""
        self._unreported = (request, outcome)
        self._report(request, outcome)
        self._unreported = None

    def _advance(self, pos: int) -> None:
        name = self._printer.name
        data = {"follower": name, "pos": pos}
        self._client.send("follower.advance", data, actor=f"device:{name}", id=new_id())

    def _report(self, request: Request, outcome: Outcome) -> None:
        name = self._printer.name
        self._loop.beat()
        what, key = ("receipt", "sale") if request["what"] == "receipt" else ("slip", "slip")
        data = {key: request["id"], "copy": request["copy"], "printer": name, "outcome": outcome}
        ident = f"paper-{request['pos']}-{outcome}"
        self._client.send(f"{what}.report", data, actor=f"device:{name}", id=ident)

    def _blocks(self, request: Request) -> list[Block]:
        if request["what"] == "receipt":
            return [*self._logo, *map(block, self._receipt(request)), Cut()]
        return [*map(block, self._slip(request)), Cut()]

    def _receipt(self, request: Request) -> list[layout.Element]:
        db = self._reader.db()
        sale = sales.get(db, request["id"])
        event = events.get(db, sale["event"]) if sale else None
        if sale is None or event is None:
            raise Problem("not-found", f"sale {request['id']} of a requested receipt is not in the journal")
        url = None if sale["training"] else self._ask("receipt.link", sale=request["id"])["url"]
        return layout.receipt(
            sale,
            event_name=event.name,
            timezone=event.timezone,
            url=url,
            copy=request["copy"],
            locale=self._language,
        )

    def _slip(self, request: Request) -> list[layout.Element]:
        db = self._reader.db()
        slip = paper.slip(db, request["id"], request["copy"])
        if slip is None:
            raise Problem("not-found", f"slip {request['id']} is not in the journal")
        printer = self._printer.life.snapshot() | self.page()
        code = self._ask("ticket.code", ticket=slip["about"])["code"] if slip["kind"] == "ticket" else ""
        return slips.elements(db, slip, printer=printer, code=code, locale=self._language, config=self._config)

    def _ask(self, operation: str, **data: str) -> dict[str, Any]:
        """What only the recorder can sign."""
        return self._client.send(operation, data, actor=f"device:{self._printer.name}", id=new_id()).answer

    def page(self) -> dict[str, Any]:
        """For the board, beside the device's own state."""
        printer = self._printer
        profile = printer.profile.name
        return {"columns": printer.columns, "profile": profile, "drawer": printer.drawer_level, "waiting": self.waiting}


def block(element: layout.Element) -> Block:
    """A receipt's element as the printer knows it."""
    match element:
        case layout.Title(text):
            return Text(text, align="center", bold=True, double=True)
        case layout.Line(text, centred, bold):
            return Text(text, align="center" if centred else "left", bold=bold)
        case layout.Row(left, right, bold, large):
            return Pair(left, right, bold=bold, double=large)
        case layout.Rule():
            return Rule()
        case layout.Code(data):
            return Qr(data)
        case _:
            assert_never(element)


def read_logo(path: str) -> bytes:
    """The configured picture; empty when there is none, or none that can be printed: a receipt without it is one."""
    if not path:
        return b""
    try:
        png = Path(path).read_bytes()
        picture(png, SMALLEST_DOTS)
    except OSError as error:
        logger.error("logo.unusable", path=path, why=str(error))
        return b""
    except Unprintable as error:
        logger.error("logo.unusable", path=path, why=str(error), remedy=error.remedy)
        return b""
    return png


def main(ctx: WorkerContext) -> int:
    """Print what the journal asks for, until SIGTERM."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    reader = Reader(ctx.data)
    wake = Wake(ctx.run, ctx.name)
    logo = read_logo(ctx.config.receipt.logo)
    outbox = Outbox(client, loop, ctx.name)
    host = DeviceHost(ctx, loop, ("printer",), outbox, lambda device, event: None)
    spools: dict[str, tuple[Printer, Spool]] = {}
    host.extra = lambda: {"receipts_waiting": sum(spool.waiting for _, spool in spools.values())}
    host.device_extra = lambda name: spools[name][1].page() if name in spools else {}

    def attend() -> None:
        """A spool for each printer that is there now."""
        for name in [name for name, (device, _) in spools.items() if host.devices.get(name) is not device]:
            spools.pop(name)[1].close()
        for name, device in host.devices.items():
            if name not in spools and isinstance(device, Printer):
                spools[name] = device, Spool(device, host, reader, client, loop, logo, ctx.config)

    def work() -> None:
        wake.drain()
        attend()
        for _, spool in spools.values():
            spool.work()

    def start() -> None:
        attend()
        host.start()
        loop.add_reader(wake.fileno(), work)
        loop.every(1.0, work)

    code = loop.run(start)
    for _, spool in spools.values():
        spool.close()
    host.close()
    wake.close()
    reader.close()
    client.close()
    return code
