"""The worker of the receipt printers: the spool is the journal, and this follows it.

A printer's position says which request it has begun. It moves, durably, before the first byte of a job is sent; so
after a crash a request that was begun and has no outcome is ``unknown``, and is never printed again by itself.
"""

from typing import Any, assert_never

from appliance import log
from appliance.errors import Problem, RecorderDown
from appliance.ids import new_id
from appliance.journal.client import RecorderClient
from appliance.journal.follow import Wake
from appliance.journal.read import Reader
from appliance.projections import events, sales
from appliance.receipts import layout
from appliance.services.context import WorkerContext
from appliance.services.devicehost import DeviceHost, Outbox
from appliance.services.run import Loop
from drivers.printer.escpos import Model as Printer
from drivers.printer.escpos import Outcome
from drivers.printer.job import Block, Cut, Job, Kick, Pair, Qr, Rule, Text

logger = log.get("printing")
READY = ("online", "degraded")


class Spool:
    """The requests of one printer, oldest first."""

    def __init__(self, printer: Printer, reader: Reader, client: RecorderClient, loop: Loop) -> None:
        self._printer = printer
        self._reader = reader
        self._client = client
        self._loop = loop
        self._recovered = False
        self._untouched: dict[str, Any] | None = None
        self._unreported: tuple[dict[str, Any], Outcome] | None = None
        self.waiting = 0

    def work(self) -> None:
        """Print what waits while the printer is ready; comes back with the next wake-up or second."""
        try:
            if not self._recovered:
                self._recover()
            if self._unreported is not None:
                self._hand_in(*self._unreported)
            while (request := self._next()) is not None and self._printer.life.state in READY:
                if not self._print(request):
                    return
        except RecorderDown as error:
            logger.warning("spool.waits", printer=self._printer.name, why=str(error))
        except Problem as problem:
            logger.error("spool.refused", printer=self._printer.name, slug=problem.slug, detail=problem.detail)

    def _recover(self) -> None:
        begun = sales.begun(self._reader.db(), self._printer.name, self._position())
        for request in begun:
            self._report(request, "unknown")
            logger.warning("receipt.unknown", printer=self._printer.name, copy=request["copy"], pos=request["pos"])
        self._recovered = True

    def _position(self) -> int:
        return self._reader.follower(self._printer.name)

    def _next(self) -> dict[str, Any] | None:
        waiting = sales.waiting(self._reader.db(), self._printer.name, self._position())
        self.waiting = len(waiting)
        if self._untouched is not None:
            return self._untouched
        return waiting[0] if waiting else None

    def _print(self, request: dict[str, Any]) -> bool:
        """One request; False when it has to wait for the printer."""
        begun = False

        def begin() -> None:
            nonlocal begun
            # A recorder that dies here may have moved the position, or not. We know that nothing was sent, so this
            # request is taken again first; only if we die too, it is unknown.
            self._untouched = request
            self._advance(request["pos"])
            self._untouched = None
            begun = True

        job = Job(request["pos"], tuple(self._blocks(request)))
        result = self._printer.print(job, beat=self._loop.beat, begin=begin)
        if not begun and self._printer.life.state not in READY:
            return False
        if not begun:
            self._untouched = request
            self._advance(request["pos"])
            self._untouched = None
        if result.outcome != "printed":
            logger.warning(
                "receipt.not_confirmed", printer=self._printer.name, outcome=result.outcome, why=result.reason
            )
        self._hand_in(request, result.outcome)
        return True

    def _hand_in(self, request: dict[str, Any], outcome: Outcome) -> None:
        """Tell the outcome; kept until the recorder has taken it."""
        self._unreported = (request, outcome)
        self._report(request, outcome)
        self._unreported = None

    def _advance(self, pos: int) -> None:
        name = self._printer.name
        self._loop.beat()
        data = {"follower": name, "pos": pos}
        self._client.send("follower.advance", data, actor=f"device:{name}", id=new_id())

    def _report(self, request: dict[str, Any], outcome: Outcome) -> None:
        name = self._printer.name
        self._loop.beat()
        data = {"sale": request["sale"], "copy": request["copy"], "printer": name, "outcome": outcome}
        ident = f"paper-{request['pos']}-{outcome}"
        self._client.send("receipt.report", data, actor=f"device:{name}", id=ident)

    def _blocks(self, request: dict[str, Any]) -> list[Block]:
        db = self._reader.db()
        sale = sales.get(db, request["sale"])
        event = events.get(db, sale["event"]) if sale else None
        if sale is None or event is None:
            raise Problem("not-found", f"sale {request['sale']} of a requested receipt is not in the journal")
        link = self._client.send(
            "receipt.link", {"sale": request["sale"]}, actor=f"device:{self._printer.name}", id=new_id()
        )
        elements = layout.receipt(
            sale, event_name=event.name, timezone=event.timezone, url=link.answer["url"], copy=request["copy"]
        )
        blocks = [block(element) for element in elements]
        cash = any(tender["kind"] == "cash" for tender in sale["tenders"])
        return [*([Kick()] if cash and request["copy"] == 0 else []), *blocks, Cut()]


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


def main(ctx: WorkerContext) -> int:
    """Print what the journal asks for, until SIGTERM."""
    loop = Loop(ctx.name)
    client = RecorderClient(ctx.run, "device")
    reader = Reader(ctx.data)
    wake = Wake(ctx.run, ctx.name)
    outbox = Outbox(client, loop, ctx.name)
    host = DeviceHost(ctx, loop, "printer", outbox, lambda device, event: None)
    spools = [Spool(device, reader, client, loop) for device in host.devices if isinstance(device, Printer)]
    host.extra = lambda: {"receipts_waiting": sum(spool.waiting for spool in spools)}

    def work() -> None:
        wake.drain()
        for spool in spools:
            spool.work()

    def start() -> None:
        host.start()
        loop.add_reader(wake.fileno(), work)
        loop.every(1.0, work)

    code = loop.run(start)
    host.close()
    wake.close()
    reader.close()
    client.close()
    return code
