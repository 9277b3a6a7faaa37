"""A whole box among guests who mean it harm, and a till that sells meanwhile."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from appliance.board import read_all
from tests.demo import Demo
from tests.portal.stall import Answer, ask

COFFEE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 400}]}
MOST_MB = 96
"""What the portal's unit gives it (MemoryMax)."""


class Attack:
    """Under way, in a process of its own."""

    def __init__(self, kind: str, place: tuple[str, int]) -> None:
        argv = [sys.executable, "-m", "tests.hostile.attackers", kind, place[0], str(place[1])]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._out = self._process.stdout
        assert self._out is not None
        assert self._out.readline() == "on\n"

    @property
    def goes_on(self) -> bool:
        """Whether it has not come to its own end."""
        return self._process.poll() is None

    def end(self) -> dict[str, int]:
        """Stop it; how often what happened."""
        said, _ = self._process.communicate(timeout=60)
        tally: dict[str, int] = json.loads(said)
        return tally


class Booth(Demo):
    """The demo with Ben at its till."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "box")
        self.start()
        self.login("222222")
        self.sold = 0
        # What CPUWeight=50 of its unit comes to beside the others' 100.
        os.setpriority(os.PRIO_PROCESS, self.worker("portal")["pid"], 3)

    def worker(self, name: str) -> dict[str, Any]:
        """What the supervisor shows of it."""
        shown: dict[str, Any] = read_all(self.run)["supervisor"]["workers"][name]
        return shown

    @property
    def portal(self) -> str:
        """Its address."""
        url: str = self.ready["portal"]
        return url

    @property
    def place(self) -> tuple[str, int]:
        """The same as host and port."""
        parts = urlsplit(self.portal)
        return parts.hostname or "", parts.port or 0

    @property
    def run(self) -> Path:
        """The run folder."""
        return Path(self.ready["run"])

    def guest(self, path: str, **headers: str) -> Answer:
        """What somebody harmless gets."""
        return ask(self.portal, path, **headers)

    def raw(self, data: bytes) -> bytes:
        """What comes back for these very bytes, until the other end closes."""
        pieces = []
        with socket.create_connection(self.place, timeout=30) as link, suppress(ConnectionError):
            link.sendall(data)
            while piece := link.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)

    def sell(self, until: Callable[[int], bool]) -> float:
        """One sale after the other until ``until`` so many; sales a second. Each must be taken, and a guest who means
        no harm has the first page now and then."""
        count, seconds = 0, 0.0
        while not until(count):
            begun = time.perf_counter()
            status, answer = self.call("POST", "/sales", COFFEE, f"sale-{self.sold}")
            seconds += time.perf_counter() - begun
            assert status == 201, answer
            self.sold += 1
            count += 1
            if count % 10 == 0:
                assert self.guest("/").status == 200
        return count / seconds

    @contextmanager
    def under(self, kind: str) -> Iterator[Attack]:
        """An attack that ends with the block, if not before."""
        attack = Attack(kind, self.place)
        try:
            yield attack
        finally:
            self.tally = attack.end()

    def peak_mb(self) -> int:
        """The most that the portal has taken."""
        status = Path(f"/proc/{self.worker('portal')['pid']}/status").read_text()
        [peak] = [int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM:")]
        return peak

    def unharmed(self) -> None:
        """Nobody crashed, nothing was lost, no more memory than the portal's unit gives it."""
        workers = read_all(self.run)["supervisor"]["workers"]
        assert {name: worker["restarts"] for name, worker in workers.items()} == dict.fromkeys(workers, 0)
        assert self.peak_mb() < MOST_MB
        assert "Traceback" not in self.log.read_text()
        self.login("123456")
        sold = [fact["data"]["sale"] for fact in self.facts() if fact["kind"] == "sale.completed/1"]
        self.login("222222")
        assert sold == [f"sale-{number}" for number in range(self.sold)]
        assert self.guest("/").status == 200
