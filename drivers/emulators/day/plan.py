"""Drawing a day."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from drivers.emulators.day.steps import (
    NO_TICKET,
    POSTERS,
    REENTRY,
    Do,
    Line,
    Plug,
    Power,
    Printer,
    Scan,
    Sell,
    Step,
    Tender,
    Walk,
    posters,
    total,
)

_COMING = 0.8
"""Of all tickets, how many turn up on a day of six hours."""
_WAVES = (0.08, 0.36, 0.58)
_SAMPLES = 36
_BATTERY_WH = 500
_CARRIED = (100, 500, 1000, 2000, 5000)
"""Guests pay cash rounded up to one of these."""


def plan(seed: int, hours: float = 6.0, *, tickets: Mapping[str, Sequence[str]]) -> list[Step]:
    """The day of this seed with these codes, by list; the same arguments give the same steps, in order of time.

    However short the day, each kind of trouble comes at least once. The first guest is let in with the tablet, and
    nobody walks before: so the first trace of the day in a journal bears the till's key.
    """
    return _Day(random.Random(seed), hours * 3600, tickets).steps()


@dataclass
class _Group:
    """People who come together, all from one list."""

    list_: str
    codes: list[str]
    arrives: float
    first_of_list: bool


class _Day:
    def __init__(self, chance: random.Random, length: float, tickets: Mapping[str, Sequence[str]]) -> None:
        self._chance = chance
        self._length = length
        self._tickets = tickets
        self._steps: list[Step] = []
        self._carts: list[tuple[float, list[Line]]] = []
        self._cards = 0

    def steps(self) -> list[Step]:
        self._crowd()
        self._till()
        self._troubles()
        self._sky()
        return self._with_tablet(sorted(self._steps, key=lambda step: step.at_s))

    def _add(self, at: float, do: Do) -> None:
        self._steps.append(Step(round(at, 1), do))

    def _somewhere(self, low: float, high: float) -> float:
        """A moment between two parts of the day."""
        return self._chance.uniform(low, high) * self._length

    # ---- the door

    def _crowd(self) -> None:
        door_free = 0.0
        groups = sorted(self._groups(), key=lambda group: group.arrives)
        for group in groups:
            for code in group.codes:  # one at a time: behind a wave there is a queue
                door_free = max(group.arrives, door_free) + self._chance.uniform(4, 9)
                self._add(door_free, Scan(code, group.list_, reads=2 if self._chance.random() < 0.1 else 1))
            self._visit(group, door_free)
        if groups:
            opened = min(step.at_s for step in self._steps)
            self._strangers(opened)

    def _groups(self) -> list[_Group]:
        groups = []
        part = _COMING * min(1.0, self._length / (6 * 3600))
        for list_ in sorted(self._tickets):
            codes = self._tickets[list_]
            coming = self._chance.sample(codes, min(len(codes), max(4, round(len(codes) * part))))
            first = True
            while coming:
                size = self._chance.choices((1, 2, 3, 4, 5), (20, 45, 18, 12, 5))[0]
                wave = self._chance.choices(_WAVES, (5, 3, 2))[0]
                arrives = min(0.75, max(0.01, self._chance.gauss(wave, 0.04))) * self._length
                groups.append(_Group(list_, coming[:size], arrives, first))
                coming, first = coming[size:], False
        return groups

    def _visit(self, group: _Group, let_in: float) -> None:
        """In, perhaps out for a breath and in again, some purchases, out for good."""
        people = len(group.codes)
        entered = let_in + self._chance.uniform(3, 8)
        stay = max(60.0, self._somewhere(0.1, 0.25))
        leaves = entered + stay
        self._add(entered, Walk("in", people))
        if group.first_of_list or self._chance.random() < 0.06:
            self._add(let_in + stay * self._chance.uniform(0.1, 0.2), Scan(group.codes[0], group.list_))
        if group.list_ in REENTRY and (group.first_of_list or self._chance.random() < 0.4):
            self._breathe(group, entered + 0.4 * stay, entered + 0.6 * stay)
        self._shop(entered, stay, thirsty=group.first_of_list)
        if group.list_ in REENTRY:
            for code in group.codes:
                self._add(leaves, Scan(code, group.list_, "tablet", "out"))
        self._add(leaves + self._chance.uniform(2, 6), Walk("out", people))

    def _breathe(self, group: _Group, out: float, back: float) -> None:
        for number, code in enumerate(group.codes):
            self._add(out + 3 * number, Scan(code, group.list_, "tablet", "out"))
            self._add(back + 6 * number, Scan(code, group.list_))
        self._add(out + 3 * len(group.codes), Walk("out", len(group.codes)))
        self._add(back + 6 * len(group.codes), Walk("in", len(group.codes)))

    def _strangers(self, opened: float) -> None:
        """Codes of other events, and people who carry things in and out."""
        latest = max(opened + 5, self._length - 300)  # when few came, and late, strangers do not come after the end
        for number in range(1 + round(self._length / 7200)):
            code = f"{NO_TICKET}{self._chance.randrange(16**8):08X}"
            self._add(min(opened + self._somewhere(0.05, 0.7), latest), Scan(code, None))
            comes = min(opened + 5 + self._somewhere(0.02, 0.8), latest)
            self._add(comes, Walk("in", 1 + number % 2))
            self._add(comes + self._chance.uniform(60, 300), Walk("out", 1 + number % 2))

    @staticmethod
    def _with_tablet(steps: list[Step]) -> list[Step]:
        """The scanner's scans, by hand where it is not: before it is found, and while its plug is out."""
        plugged, opened = True, False
        result = []
        for step in steps:
            match step.do:
                case Plug("scanner", now):
                    plugged = now
                case Scan(by="scanner") as scan:
                    if not (plugged and opened):
                        step = Step(step.at_s, replace(scan, by="tablet", reads=1))
                    opened = True
                case Scan() | Walk() | Sell() | Printer() | Plug() | Power():
                    pass
                case never:
                    assert_never(never)
            result.append(step)
        return result

    # ---- the till

    def _shop(self, entered: float, stay: float, *, thirsty: bool) -> None:
        """Carts of one group; cups go back with a later one, or on the way out."""
        count = self._chance.choices((0, 1, 2, 3), (15, 45, 30, 10))[0]
        moments = sorted(self._chance.uniform(0.05, 0.38) + 0.6 * self._chance.randrange(2) for _ in range(count))
        cups = 0
        for moment in [0.04, *moments] if thirsty else moments:
            lines = self._cart(sure_cup=thirsty and moment == 0.04)
            if cups and self._chance.random() < 0.4:
                lines.append(Line("CUP", cups, returned=True))
                cups = 0
            cups += sum(line.qty for line in lines if line.sku == "CUP" and not line.returned)
            self._carts.append((entered + moment * stay, lines))
        if cups and (thirsty or self._chance.random() < 0.8):
            self._carts.append((entered + 0.99 * stay, [Line("CUP", cups, returned=True)]))

    def _cart(self, *, sure_cup: bool) -> list[Line]:
        chance = self._chance
        coffee = chance.choices((0, 1, 2, 3), (20, 40, 30, 10))[0]
        cake = chance.choices((0, 1, 2), (50, 35, 15))[0]
        poster = chance.choices((0, 1, 2), (85, 12, 3))[0]
        if sure_cup or not (coffee or cake or poster):
            coffee = max(1, coffee)
        cups = coffee if sure_cup or chance.random() < 0.7 else 0
        wanted = (("COFFEE", coffee), ("CAKE", cake), ("POSTER", poster), ("CUP", cups))
        return [Line(sku, qty) for sku, qty in wanted if qty]

    def _till(self) -> None:
        """Carts become sales: one tries to pay too little, a collector takes all posters, those behind find none."""
        carts = sorted(self._carts, key=lambda cart: cart[0])
        left = POSTERS
        collector = min(int(len(carts) * 0.7), len(carts) - 2)
        scene = range(collector, collector + 3)
        cheap = [total(lines) > 300 and not posters(lines) for _, lines in carts]
        sure = [number for number, is_cheap in enumerate(cheap) if is_cheap and number not in scene]
        short = self._chance.choice(sure) if sure else -1
        for number, (at, lines) in enumerate(carts):
            if number == collector and left:
                lines = [Line("POSTER", left)]
            elif number in scene and not posters(lines):
                lines = [*lines, Line("POSTER", 1)]
            if posters(lines) > left:
                self._add(at, Sell(tuple(lines), self._payment(total(lines))))
                lines = [line for line in lines if line.sku != "POSTER"]
                at += 20
            if number == short or (number in sure and self._chance.random() < 0.03):
                missing = self._chance.choice((10, 50, 100, 200))
                self._add(at, Sell(tuple(lines), (Tender("cash", total(lines) - missing),)))
                at += 15
            if lines:
                self._add(at, Sell(tuple(lines), self._payment(total(lines))))
            left -= posters(lines)

    def _payment(self, due: int) -> tuple[Tender, ...]:
        if due <= 0:
            return (Tender("cash", 0),)
        how = self._chance.random()
        if how < 0.45:
            return (self._card(due),)
        if how < 0.5 and due > 1000:
            return self._card(500), Tender("cash", self._notes(due - 500))
        return (Tender("cash", self._notes(due)),)

    def _card(self, amount: int) -> Tender:
        self._cards += 1
        return Tender("card", amount, f"T{self._cards:05}")

    def _notes(self, amount: int) -> int:
        if self._chance.random() < 0.25:
            return amount
        unit = self._chance.choice(_CARRIED)
        return -(-amount // unit) * unit

    # ---- devices and sky

    def _troubles(self) -> None:
        minute = max(20.0, self._length / 360)
        out = self._somewhere(0.2, 0.3)
        self._add(out, Plug("printer", False))
        self._add(out + 4 * minute, Plug("printer", True))
        out = self._somewhere(0.36, 0.4)
        self._add(out, Plug("scanner", False))
        self._add(out + 6 * minute, Plug("scanner", True))
        low = self._somewhere(0.5, 0.55)
        self._add(low, Printer(paper="near_end"))
        self._add(low + 12 * minute, Printer(paper="out"))
        self._add(low + 17 * minute, Printer(cover="open"))
        self._add(low + 18 * minute, Printer(paper="ok", cover="closed"))

    def _sky(self) -> None:
        """Afternoon to night in every day, however short: the panel fades, then the battery carries the load."""
        soc = 92.0
        for number in range(_SAMPLES):
            part = number / _SAMPLES
            sun = max(0.0, math.cos(math.pi / 2 * part / 0.8))
            pv = 60 * sun * self._chance.uniform(0.7, 1.0)
            watts = pv - self._chance.uniform(40, 50)
            soc = min(100.0, soc + 100 * watts * (6 / _SAMPLES) / _BATTERY_WH)
            rest = 11.8 + 0.016 * soc
            volts = rest + 0.004 * watts
            power = Power(round(volts, 2), round(watts / volts, 2), round(pv, 1), round(soc, 1))
            self._add(part * self._length, power)
