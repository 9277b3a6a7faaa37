"""A stand with one receipt printer: recorder and printing worker in processes of their own, a till that goes on
selling whatever happens, and staff who print again what is listed as doubtful."""

import json
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance import board
from appliance.errors import Problem, RecorderDown
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.projections import paper
from drivers.emulators.printer import PrinterEmulator, Slip
from tests.conftest import ITEMS, Process, wait_until

TITLE = "Abendmarkt"
_MOST_COPIES = 3
"""Then staff look at the paper instead."""


class Stand:
    """``slips``: what came out so far, by their order."""

    def __init__(self, data: Path, run: Path, patience: float) -> None:
        self.emulator = PrinterEmulator(columns=42)
        self.emulator.start()
        uri = f"tcp://127.0.0.1:{self.emulator.port}?patience={patience:g}"
        config = f'[devices]\nprinter = "{uri}"\n'
        self.recorder = Process("recorder", data, run, config)
        self.printing = Process("printing", data, run, config)
        self.reader = Reader(data)
        self.run = run
        self.slips: dict[int, Slip] = {}
        self.ended_itself = 0

    def open(self) -> None:
        """Both workers, and an event that sells."""
        self.recorder.start()
        admin = RecorderClient(self.run, "admin", timeout=30)
        created = {"name": TITLE, "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
        steps: list[tuple[str, dict[str, Any]]] = [
            ("event.create", created),
            ("catalogue.import", {"items": ITEMS}),
            ("event.open", {}),
            ("drawer.open", {"float": 10_000}),
        ]
        for command, data in steps:
            admin.send(command, data, actor="admin:test", id=command)
        admin.close()
        self.printing.start()

    def look(self) -> None:
        """Take the paper that has come out, and start anew a printing worker that ended by itself, as systemd does."""
        self.slips |= {slip.id: slip for slip in self.emulator.receipts()}
        process = self.printing.process
        if process is not None and process.poll() not in (None, -signal.SIGKILL):
            self.ended_itself += 1
            self.printing.start()

    def waiting(self) -> list[dict[str, Any]]:
        """Copies without an outcome."""
        return paper.waiting(self.reader.db(), "printer", 0, 1_000_000)

    def waits_for_less(self, than: int) -> bool:
        """Whether one more has its outcome."""
        return len(self.waiting()) < than

    def in_the_middle(self) -> bool:
        """Whether a receipt hangs out of the printer, half printed."""
        slips = self.emulator.receipts()
        return bool(slips) and not slips[-1].cut

    def copies(self) -> dict[tuple[str, int], list[str]]:
        """The outcomes told of each copy that was asked for; from the journal's facts, not from a projection."""
        told: dict[tuple[str, int], list[str]] = {}
        for kind, data in self._facts():
            if kind == "receipt.requested/1":
                told[data["sale"], data["copy"]] = []
            elif kind == "receipt.printed/1":
                told[data["sale"], data["copy"]].append(data["outcome"])
        return told

    def numbers(self) -> dict[str, str]:
        """The sale of each receipt's number."""
        return {data["number"]: data["sale"] for kind, data in self._facts() if kind == "sale.completed/1"}

    def cash_sales(self) -> int:
        """How many sales were paid in cash."""
        sales = [data for kind, data in self._facts() if kind == "sale.completed/1"]
        return sum(any(tender["kind"] == "cash" for tender in sale["tenders"]) for sale in sales)

    def kicks(self) -> int:
        """Pulses for the drawer."""
        return sum(slip.drawer_kicks for slip in self.slips.values())

    def _facts(self) -> list[tuple[str, dict[str, Any]]]:
        bodies = (json.loads(fact.body) for fact in self.reader.facts(0, 10_000_000))
        return [(body["kind"], body["data"]) for body in bodies]

    def close(self) -> None:
        """End everything."""
        for process in (self.printing, self.recorder):
            if process.process is not None and process.process.poll() is None:
                process.kill()
        self.reader.close()
        self.emulator.close()


class Till:
    """Sells in a thread of its own. Each sale keeps its identity until it is answered: the recorder may be dead."""

    def __init__(self, stand: Stand, chance: random.Random, pause: float) -> None:
        """``pause``: seconds between two customers, on average."""
        self.sold = self.reprinted = self.looked_at = 0
        self.pause = pause
        self._stand, self._chance = stand, chance
        self._stop, self._left = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="till")

    def open(self) -> None:
        """The first customer comes."""
        self._thread.start()

    def close(self) -> None:
        """The last customer is served; the recorder has to be alive."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(60)
            assert not self._thread.is_alive()

    def leave(self) -> None:
        """Whoever is not served yet never will be."""
        self._left.set()
        self._stop.set()

    def sell(self, ident: str, client: RecorderClient) -> None:
        """One sale, for cash or by card."""
        tender = {"kind": self._chance.choice(("cash", "card")), "amount": 350}
        self._ask(client, "sale.complete", {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [tender]}, ident)
        self.sold += 1

    def _work(self) -> None:
        client = RecorderClient(self._stand.run, "admin", timeout=30)
        while not self._stop.is_set():
            self.sell(f"sale-{self.sold}", client)
            if self._chance.random() < 0.2:
                self._tidy(client)
            self._stop.wait(self._chance.uniform(0.0, 2 * self.pause))
        client.close()

    def _tidy(self, client: RecorderClient) -> None:
        """One doubtful receipt is printed again; what was so too often already, a person looks at."""
        try:
            doubtful = paper.doubtful(self._stand.reader.db())
        except RecorderDown:
            return
        for each in doubtful[:1]:
            sale, copy = each["sale"], each["copy"]
            if copy < _MOST_COPIES:
                self._ask(client, "receipt.reprint", {"sale": sale}, f"again-{sale}-{copy}")
                self.reprinted += 1
            else:
                self._ask(client, "receipt.settle", {"sale": sale, "copy": copy, "on_paper": True}, f"seen-{sale}")
                self.looked_at += 1

    def _ask(self, client: RecorderClient, command: str, data: dict[str, Any], ident: str) -> None:
        while not self._left.is_set():
            try:
                client.send(command, data, actor="staff:s1", id=ident)
                return
            except RecorderDown:
                time.sleep(0.05)
            except Problem as problem:
                if problem.slug != "busy":
                    raise


def until(stand: Stand, condition: Callable[[], Any], what: str, seconds: float) -> None:
    """``wait_until`` with an eye on the paper."""

    def looked() -> Any:
        stand.look()
        return condition()

    try:
        wait_until(looked, what, seconds)
    except AssertionError as error:
        page = board.read(stand.run, "printing")
        raise AssertionError(f"{error}\n{page}\n{stand.printing.log.read_text()[-3000:]}") from error
