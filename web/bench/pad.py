"""The scanner pad: which code is held in front of the scanner next."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from typing import Literal

from appliance.errors import Problem
from web.bench.controls import Controls, carry_out

Pick = Literal["again", "unknown", "noise"]


class Pad:
    """``tickets``: by list, the codes to hand out, each once."""

    def __init__(self, controls: Controls, tickets: Mapping[str, Iterator[str]]) -> None:
        self._controls = controls
        self._tickets = dict(tickets)
        self._lock = threading.Lock()
        self.last = ""
        """The code that was scanned last."""

    @property
    def lists(self) -> list[str]:
        """The lists that have tickets to hand out."""
        return list(self._tickets)

    def scan(self, code: str) -> None:
        """Any code; raises ``validation``."""
        carry_out(self._controls.scan, code)
        self.last = code

    def next_of(self, list_: str) -> None:
        """A ticket of this list that nobody has held here; raises ``validation`` when there is none."""
        with self._lock:
            code = next(self._tickets.get(list_, iter(())), None)
        if code is None:
            raise Problem(
                "validation", f"no unused ticket of {list_!r} is left", "Start the demo on a new data folder."
            )
        self.scan(code)

    def pick(self, which: Pick) -> None:
        """One of the other keys of the pad; raises ``validation``."""
        match which:
            case "again":
                if not self.last:
                    raise Problem("validation", "nothing was scanned yet", "Scan a ticket first.")
                self.scan(self.last)
            case "unknown":
                self.scan(f"NO-TICKET-{secrets.token_hex(4).upper()}")
            case "noise":
                carry_out(self._controls.noise)
