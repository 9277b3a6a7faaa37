"""Bytes that reach the block device per sale, by SQLite page size: what docs/decisions/0002-page-size.md rests on.

Counted by the kernel for this process (proc(5), /proc/PID/io, write_bytes: pages sent towards the device), checkpoints
included. One sale = two facts, their projections, the remembered answer.
"""

import tempfile
from pathlib import Path

import msgspec

from appliance.clock import system_clock
from appliance.config import Config
from appliance.demo import ITEMS
from appliance.journal import schema
from appliance.services.recorder.engine import Engine, Request

SALES = 2000
SIZES = (512, 1024, 2048, 4096, 8192)


def written() -> int:
    """Bytes that this process has caused to be written to storage."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


def run(size: int, batch: int) -> float:
    """kB a sale."""
    schema.PAGE_SIZE = size
    with tempfile.TemporaryDirectory(prefix="bk-", dir=".") as name:
        config = msgspec.convert({"devices": {"printer": "tcp://127.0.0.1:9"}}, Config)
        engine = Engine(Path(name), config, system_clock("rtc"), "bench")

        def do(command: str, **data: object) -> None:
            assert engine.execute([Request("admin", f"set-{command}", command, "admin:bench", data)])[0]["ok"]

        do("event.create", name="Bench", currency="EUR", timezone="UTC", area_m2="10")
        do("catalogue.import", items=list(ITEMS))
        do("event.open")
        do("drawer.open", float=0)
        sale = {"lines": [{"sku": "COFFEE", "qty": 2}], "tenders": [{"kind": "cash", "amount": 1000}]}
        before = written()
        for start in range(0, SALES, batch):
            numbers = range(start, start + batch)
            engine.execute([Request("staff", f"s-{n}", "sale.complete", "staff:s1", sale) for n in numbers])
        engine.close()
        return (written() - before) / SALES / 1000


def main() -> None:
    """Print the table."""
    print(f"{'page size':>10}{'kB a sale, one by one':>26}{'kB a sale, tens':>20}")
    for size in SIZES:
        print(f"{size:>10}{run(size, 1):>26.1f}{run(size, 10):>20.1f}")


if __name__ == "__main__":
    main()
