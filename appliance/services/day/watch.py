"""What became of it, as the journal says."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from appliance.domain import tokens
from appliance.errors import RecorderDown
from appliance.journal.read import Reader

NO_TICKET = "?"
_PAGE = 500


def ticket_of(code: str) -> str:
    """The id that facts name a ticket by; all codes of no list are one."""
    return tokens.read_unverified(code).id if code.startswith(tokens.PREFIX) else NO_TICKET


class Watch:
    """What the journal says of the day: it begins with the first fact that bears one of its keys."""

    def __init__(self, reader: Reader, name: str, now: Callable[[], float]) -> None:
        self._reader = reader
        self._prefix = f"{name}-"
        self._now = now
        self._pos = 0
        self._begun = False
        self._asked: set[tuple[str, int]] = set()
        self.keys: set[int] = set()
        """Steps whose key is in the journal."""
        self.verdicts: Counter[str] = Counter()
        """The scanner's, by ticket."""
        self.through: Counter[str] = Counter()
        """People counted, by direction."""
        self.moved = now()
        self.states: dict[str, str] = {}
        """Of the devices."""
        self.totals: Counter[str] = Counter()

    @property
    def paper_due(self) -> int:
        """Receipts asked for whose fate is not known."""
        return len(self._asked)

    def read(self) -> bool:
        """Take in what is new; False while the journal cannot be read."""
        try:
            while facts := self._reader.facts(self._pos, _PAGE):
                for fact in facts:
                    self._take(json.loads(fact.body))
                    self._pos = fact.pos
        except RecorderDown:
            return False
        return True

    def _take(self, body: dict[str, Any]) -> None:
        data = body["data"]
        command, number = body["command"], body["command"].removeprefix(self._prefix)
        if command != number and number.isdigit():
            self._begun = True
            self.keys.add(int(number))
        match body["kind"]:
            case "device.changed/1":
                self.states[data["device"]] = data["state"]
            case "receipt.requested/1":
                self._asked.add((data["sale"], data["copy"]))
            case "receipt.printed/1":
                self._asked.discard((data["sale"], data["copy"]))
            case _:
                pass
        if self._begun:
            self._count(body["kind"], body["actor"], data)

    def _count(self, kind: str, actor: str, data: dict[str, Any]) -> None:
        match kind:
            case "ticket.admitted/1" | "ticket.refused/1" | "ticket.exited/1":
                self.totals[kind[7:-2]] += 1
                if actor.startswith("device:"):
                    self.verdicts[NO_TICKET if data.get("reason") == "unknown" else data["ticket"]] += 1
            case "crossings.counted/1":
                self.through.update({"in": data["in"], "out": data["out"]})
                self.moved = self._now()
            case "sale.completed/1":
                self.totals.update({"sales": 1, "gross": data["total"]})
            case "command.refused/1" if data["command_kind"] == "sale.complete":
                self.totals["sales_refused"] += 1
            case "receipt.printed/1":
                self.totals["receipts"] += 1
            case _:
                pass

    def summary(self) -> dict[str, int]:
        """Of the whole day so far; ``gross`` in minor units."""
        counted = ("admitted", "exited", "refused", "sales", "sales_refused", "gross", "receipts")
        return {key: self.totals[key] for key in counted} | {key: self.through[key] for key in ("in", "out")}
