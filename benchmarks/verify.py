"""``journal verify`` against SHA-256 of the same bytes.

The limits: one pass of hashlib over all bodies joined (what no check can beat), and one leaf hash a body, since a tree
needs these. They alternate with the check in rounds; the medians are compared. What the check does beyond hashing:
SQLite's rows, canonical form (parsing and writing each body), envelope, tree, signatures.
"""

import hashlib
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from appliance.clock import system_clock
from appliance.config import Config
from appliance.demo import ITEMS
from appliance.journal.read import Reader
from appliance.journal.verify import verify
from appliance.services.recorder.engine import Engine, Request

FACTS = 30_000
ROUNDS = 7
_BATCH = 64


def fill(data: Path, facts: int) -> int:
    """A journal of at least so many facts of a day: half of the commands are sales, the rest scans and crossings. How
    many it has."""
    config = msgspec.convert({"box": {"id": "bench"}, "devices": {"printer": "tcp://127.0.0.1:9"}}, Config)
    engine = Engine(data, config, system_clock("rtc"), "bench")
    chance = random.Random(1)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("event.create", {"name": "Bench", "currency": "EUR", "timezone": "UTC", "area_m2": "10"}),
        ("catalogue.import", {"items": list(ITEMS)}),
        ("list.define", {"list": "general", "entry": "single"}),
        ("event.open", {}),
        ("drawer.open", {"float": 0}),
    ]
    for command, ask in steps:
        assert engine.execute([Request("admin", f"set-{command}", command, "admin:bench", ask)])[0]["ok"]
    while engine.store.pos < facts:
        first = engine.store.pos
        engine.execute([_request(f"b-{first}-{n}", chance) for n in range(_BATCH)])
    found = engine.store.pos
    engine.close()
    return found


def _request(ident: str, chance: random.Random) -> Request:
    draw = chance.random()
    if draw < 0.5:
        lines = [{"sku": sku, "qty": chance.randint(1, 3)} for sku in chance.sample(["COFFEE", "CAKE"], 2)]
        sale = {"lines": lines, "tenders": [{"kind": "cash", "amount": 10_000}]}
        return Request("staff", ident, "sale.complete", "staff:s1", sale)
    if draw < 0.75:
        scan = {"code": f"CODE-{chance.randrange(10**6)}", "gate": "door"}
        return Request("staff", ident, "ticket.scan", "staff:s1", scan)
    seen = {"line": "door", "in": 1, "out": 0, "from_mono": 1, "to_mono": 2, "source": "beam"}
    return Request("device", ident, "crossings.count", "device:footfall", seen)


def took(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="bk-", dir=os.environ.get("BENCH_DIR")) as name:
        data = Path(name)
        facts = fill(data, FACTS)
        reader = Reader(data)
        bodies = [fact.body.encode() for fact in reader.facts(0, facts)]
        reader.close()
        everything = b"".join(bodies)
        works: dict[str, Callable[[], object]] = {
            "verify": lambda: verify(data),
            "sha-256, one pass": lambda: hashlib.sha256(everything).digest(),
            "sha-256, a leaf each": lambda: [hashlib.sha256(b"\x00" + body).digest() for body in bodies],
        }
        assert verify(data)["ok"]
        seconds: dict[str, list[float]] = {key: [] for key in works}
        for _ in range(ROUNDS):
            for key, work in works.items():
                seconds[key].append(took(work))
    own = statistics.median(seconds.pop("verify"))
    print(f"{facts} facts, {len(everything) / facts:.0f} bytes a body; verify: {facts / own:.0f} facts/s")
    print(f"{'verify against':<28}{'verify s':>12}{'limit s':>12}{'ratio':>8}")
    for key, values in seconds.items():
        limit = statistics.median(values)
        print(f"{key:<28}{own:>12.3f}{limit:>12.3f}{own / limit:>8.1f}")


if __name__ == "__main__":
    main()
