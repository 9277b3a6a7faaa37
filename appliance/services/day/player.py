"""The day itself: one step after the other, each until its effect is there."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, assert_never

import msgspec

from appliance import log
from appliance.config import Config
from appliance.errors import BoothkitError
from appliance.services.day.hands import Hands
from appliance.services.day.script import Direction, Do, Plug, Power, Printer, Scan, Script, Sell, Walk
from appliance.services.day.watch import Watch, ticket_of

logger = log.get("day")

AGAIN_S = 1.6
"""A code that is shown again sooner is the same showing to a scanner (1.5 s)."""
PATIENCE_S = 15.0
"""Without a verdict by then, the code is held in front of the scanner again."""
STUCK_S = 10.0
"""Without a crossing for so long, who has not been counted walks again."""
SETTLED_S = 4.0
"""Without a crossing for so long, nobody is in the doorway any more."""
ON_THE_WAY = 30
"""People that may have been sent through the beams and are not in the journal yet."""
_RETRY_S = 0.3
_REFUSED = frozenset({"sold-out", "underpaid", "overpaid", "unknown-sku", "event-closed", "drawer-closed"})
"""What a till may say to a guest; the day goes on."""

Going = Iterator[float]
"""Gives the seconds after which it wants to go on; it may be woken earlier."""


class DayStopped(BoothkitError):
    """The till said something that no retry changes."""

    remedy = "Play another seed, or start the demo on a new data folder."


class Player:
    """One step after the other. ``waits`` says for what, ``step`` how many are done."""

    def __init__(self, script: Script, config: Config, hands: Hands, watch: Watch, now: Callable[[], float]) -> None:
        self._script = script
        self._hands = hands
        self._watch = watch
        self._now = now
        kinds = ("printer", "scanner", "footfall")
        self._devices = {kind: names[0] for kind in kinds if (names := config.device_names(kind))}
        self._paper, self._cover = "ok", "closed"
        self._unplugged: set[str] = set()
        self._shown: dict[str, float] = {}
        self._due: Counter[str] = Counter()
        self._sent: Counter[str] = Counter()
        self._walked = now()
        self.step = 0
        self.waits = ""

    def play(self) -> Going:
        """All that is left of the day; raises DayStopped."""
        self.step = self._first_undone()
        if self.step:
            yield from self._resume()
        yield from self._until(lambda: all(map(self._as_it_is, self._devices)), "the devices")
        steps, speed = self._script.steps, self._script.speed
        origin = self._now() - (steps[self.step].at_s / speed if 0 < self.step < len(steps) else 0)
        for number in range(self.step, len(steps)):
            while (rest := origin + steps[number].at_s / speed - self._now()) > 0:
                yield rest
            yield from self._do(number, steps[number].do)
            self.step = number + 1
            yield 0
        yield from self._until(self._all_through, "people in the doorway")
        yield from self._until(lambda: not self._watch.paper_due, "receipts")

    def _first_undone(self) -> int:
        """The step behind the last one that left a trace: its key, or as many verdicts as its ticket was shown."""
        left = self._watch.verdicts.copy()
        first = 0
        for number, step in enumerate(self._script.steps):
            done = number in self._watch.keys
            if isinstance(step.do, Scan) and step.do.by == "scanner":
                done = left[ticket_of(step.do.code)] > 0
                left[ticket_of(step.do.code)] -= 1
            if done:
                first = number + 1
        return first

    def _resume(self) -> Going:
        """Leave the devices as the day had them, and let those through who are in the doorway."""
        logger.info("day.resumed", step=self.step)
        power: Power | None = None
        for step in self._script.steps[: self.step]:
            match step.do:
                case Scan(code, "scanner"):
                    self._shown[code] = self._now()
                case Walk(direction, people):
                    self._due[direction] += people
                case Printer() | Plug() as change:
                    self._turn(change)
                case Power() as power:
                    pass
                case Scan() | Sell():
                    pass
                case never:
                    assert_never(never)
        yield from self._put("printer", {"paper": self._paper, "cover": self._cover})
        for device in ("printer", "scanner"):
            yield from self._put("unplug" if device in self._unplugged else "plug", {"device": device})
        if power is not None:
            yield from self._put("power", msgspec.structs.asdict(power))
        yield from self._until(lambda: self._now() - self._watch.moved > SETTLED_S, "people in the doorway")
        self._sent = self._watch.through.copy()

    def _do(self, number: int, do: Do) -> Going:
        key = f"{self._script.name}-{number}"
        match do:
            case Scan(code, "tablet", direction):
                yield from self._ask("scans", {"code": code, "direction": direction, "gate": "door"}, key)
            case Scan():
                yield from self._show(do)
            case Sell(lines, tenders):
                yield from self._ask("sales", {"lines": lines, "tenders": tenders}, key)
            case Walk(direction, people):
                self._due[direction] += people
                self._all_through()
                yield from self._until(lambda: self._on_the_way() <= ON_THE_WAY, "people in the doorway")
            case Printer() | Plug():
                yield from self._touch(do)
            case Power():
                yield from self._put("power", msgspec.structs.asdict(do))
            case _:
                assert_never(do)

    def _show(self, scan: Scan) -> Going:
        """A code to the scanner, until there is a verdict on it."""
        ticket = ticket_of(scan.code)
        last = self._shown.get(scan.code)
        yield from self._until(lambda: last is None or self._now() - last >= AGAIN_S, "the scanner to forget a code")
        before = self._watch.verdicts[ticket]

        def decided() -> bool:
            return self._watch.verdicts[ticket] > before

        while not decided():
            for _ in range(scan.reads):
                yield from self._put("scan", {"code": scan.code})
            asked = self._now()
            while not decided() and self._now() - asked < PATIENCE_S:
                self.waits = "a verdict"
                yield _RETRY_S
        self.waits = ""
        self._shown[scan.code] = self._now()

    def _touch(self, change: Printer | Plug) -> Going:
        """Hands on a device. A printer is left alone while it prints: whether that receipt came out would be chance."""
        device = "printer" if isinstance(change, Printer) else change.device
        if device == "printer" and not self._in_trouble():
            yield from self._until(lambda: not self._watch.paper_due, "receipts")
        self._turn(change)
        match change:
            case Printer(paper, cover):
                yield from self._put("printer", {k: v for k, v in (("paper", paper), ("cover", cover)) if v})
            case Plug(device, plugged):
                yield from self._put("plug" if plugged else "unplug", {"device": device})
            case _:
                assert_never(change)
        yield from self._until(lambda: self._as_it_is(device), f"the {device}")

    def _turn(self, change: Printer | Plug) -> None:
        match change:
            case Printer(paper, cover):
                self._paper, self._cover = paper or self._paper, cover or self._cover
            case Plug(device, True):
                self._unplugged.discard(device)
            case Plug(device):
                self._unplugged.add(device)
            case _:
                assert_never(change)

    def _in_trouble(self) -> bool:
        return "printer" in self._unplugged or self._paper == "out" or self._cover == "open"

    def _as_it_is(self, kind: str) -> bool:
        """Whether the box says of a device what the hands have made of it."""
        state = self._watch.states.get(self._devices.get(kind, ""), "")
        if kind in self._unplugged:
            return state in ("absent", "fault", "")
        if kind == "printer" and self._in_trouble():
            return state == "fault"
        return state == ("degraded" if kind == "printer" and self._paper == "near_end" else "online")

    def _on_the_way(self) -> int:
        """People sent and not counted; when nothing moves for long, they are not on the way any more."""
        if self._now() - max(self._watch.moved, self._walked) > STUCK_S:
            self._sent &= self._watch.through
        return sum((self._sent - self._watch.through).values())

    def _all_through(self) -> bool:
        """Send those who have to walk still; whether all have been counted."""
        self._on_the_way()
        directions: tuple[Direction, ...] = ("in", "out")
        for direction in directions:
            people = min(100, self._due[direction] - self._sent[direction])
            if people > 0 and self._hands.bench("beam", {"direction": direction, "people": people}):
                self._sent[direction] += people
                self._walked = self._now()
        return all(self._watch.through[direction] >= self._due[direction] for direction in directions)

    def _ask(self, path: str, body: dict[str, Any], key: str) -> Going:
        while (slug := self._hands.till(path, body, key)) is None:
            self.waits = "the till"
            yield _RETRY_S
        self.waits = ""
        if slug and slug not in _REFUSED:
            raise DayStopped(f"the till refused {key}: {slug}")

    def _put(self, path: str, body: dict[str, Any]) -> Going:
        while not self._hands.bench(path, body):
            self.waits = "the bench"
            yield _RETRY_S
        self.waits = ""

    def _until(self, condition: Callable[[], bool], what: str) -> Going:
        while not condition():
            self.waits = what
            yield _RETRY_S
        self.waits = ""
