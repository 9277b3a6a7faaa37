"""A box under load: a real recorder, a real uplink, and the hands that work on it, all drawn from one seed."""

import random
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance.errors import Problem, RecorderDown
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from tests.conftest import ITEMS, Process

CELL = "cell"
TILLS = 2
_SKUS = ["COFFEE", "CAKE", "CUP"]
_CONFIG = """
[box]
id = "{box}"
cell = "{cell}"
[mqtt]
broker = "{broker}"
[central]
key = "{key}"
"""

Command = tuple[str, dict[str, Any]]


def commands(chance: random.Random) -> Iterator[Command]:
    """What happens at a pop-up, without end: sales, scans, people who walk past a counter."""
    while True:
        draw = chance.random()
        if draw < 0.5:
            lines = [{"sku": sku, "qty": chance.randint(1, 3)} for sku in chance.sample(_SKUS, chance.randint(1, 3))]
            tender = {"kind": "cash", "amount": 20_000}
            yield "sale.complete", {"lines": lines, "tenders": [tender]}
        elif draw < 0.75:
            code = f"CODE-{chance.randrange(2000)}"
            yield "ticket.scan", {"code": code, "gate": "door", "direction": "in"}
        else:
            seen = {"in": chance.randint(1, 4), "out": chance.randint(0, 3), "from_mono": 1, "to_mono": 2}
            yield "crossings.count", {"line": "door", "source": "beam", **seen}


class Box:
    """Two workers in processes of their own. ``answered``: where the facts of each answered command stand."""

    def __init__(self, name: str, folder: Path, broker: str, key: str, seed: int) -> None:
        self.name, self.data = name, folder / name
        self._run = Path(tempfile.mkdtemp(prefix="bk-", dir="/tmp"))
        config = _CONFIG.format(box=name, cell=CELL, broker=broker, key=key)
        self.recorder = Process("recorder", self.data, self._run, config)
        self.uplink = Process("uplink", self.data, self._run, config)
        self.reader = Reader(self.data)
        self.answered: dict[str, int] = {}
        self.asked_again = 0
        self._stop = threading.Event()
        self._hands = [
            threading.Thread(target=self._work, args=(f"{name}-{hand}", random.Random(f"{seed} {name} {hand}")))
            for hand in range(TILLS + 1)
        ]

    def start(self) -> None:
        """Both workers, an open event, busy hands."""
        self.recorder.start()
        self.uplink.start()
        admin = RecorderClient(self._run, "admin", timeout=30)
        created = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
        steps: list[Command] = [
            ("event.create", created),
            ("catalogue.import", {"items": ITEMS}),
            ("list.define", {"list": "general", "entry": "single"}),
            ("event.open", {}),
            ("drawer.open", {"float": 10_000}),
        ]
        for number, (command, data) in enumerate(steps):
            admin.send(command, data, actor="admin:test", id=f"setup-{number}")
        admin.close()
        for hand in self._hands:
            hand.start()

    def _work(self, name: str, chance: random.Random) -> None:
        """One command after the other, each with its identity until it is answered: the recorder may be dead."""
        client = RecorderClient(self._run, "admin", timeout=30)
        for number, (command, data) in enumerate(commands(chance)):
            if self._stop.is_set():
                break
            ident = f"{name}-{number}"
            while ident not in self.answered:
                try:
                    answer = client.send(command, data, actor=f"admin:{name}", id=ident)
                    assert answer.first is not None
                    self.answered[ident] = answer.first
                except RecorderDown:
                    self.asked_again += 1
                    self._stop.wait(0.05)
                except Problem as problem:
                    if problem.slug != "busy":
                        raise
        client.close()

    def rest(self) -> None:
        """Hands finish what they are at; the recorder has to be alive."""
        self._stop.set()
        for hand in self._hands:
            hand.join(120)
            assert not hand.is_alive()

    def bodies(self) -> list[str]:
        """Every stored body in order."""
        return [fact.body for fact in self.reader.facts(0, 10_000_000)]

    def is_safe(self) -> bool:
        """Whether central's receipts reach the end of the journal."""
        return self.reader.safe().pos == self.reader.position()

    def close(self) -> None:
        """End everything that is left."""
        self._stop.set()
        for process in (self.uplink, self.recorder):
            if process.process is not None and process.process.poll() is None:
                process.kill()
        for hand in self._hands:
            if hand.ident is not None:
                hand.join(120)
        self.reader.close()
        shutil.rmtree(self._run, ignore_errors=True)
