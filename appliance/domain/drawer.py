"""The cash drawers: opened with a float, each by its cashier; money in and out; which one a sale belongs to.

A training drawer is one of its own: all that is done in it is training, and no real money ever stands in its books.
Counting and closing are in ``closing``, X and Z in ``books``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from appliance.domain.events import Event, require_open
from appliance.domain.kernel import (
    MAX_AMOUNT,
    STAFF,
    Ask,
    Context,
    Decided,
    Fact,
    Personal,
    PersonRef,
    command,
    kind,
    refuse,
)
from appliance.errors import invalid

MoveReason = Literal["float", "to_safe", "from_safe", "expense", "tips", "other"]
NoSaleReason = Literal["change", "check", "mistake", "other"]

STAFF_ID = re.compile(r"[A-Za-z0-9-]{1,60}")
MAX_NOTE = 200
MAX_PIECES = 100_000
TRAINING_NAME = "T"
"""How the names of training drawers begin that nobody named: T1, T2; real ones are 1, 2."""
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 .-]{0,18}[A-Za-z0-9])?")
_ONLY_IN = frozenset({"float", "from_safe"})
_ONLY_OUT = frozenset({"to_safe", "expense"})

COINS: Mapping[str, tuple[int, ...]] = {
    "EUR": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000),
    "CHF": (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 100_000),
    "GBP": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
    "USD": (1, 5, 10, 25, 50, 100, 200, 500, 1000, 2000, 5000, 10_000),
    "SEK": (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000),
    "NOK": (100, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000),
    "DKK": (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000),
    "PLN": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000),
    "CZK": (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000),
}
"""Coins and notes in use, in minor units, as the banks that issue them list them: European Central Bank, Swiss National
Bank, Bank of England and Royal Mint, Federal Reserve and US Mint, Riksbank, Norges Bank, Danmarks Nationalbank,
Narodowy Bank Polski, Czech National Bank. Of a currency that is not here any denomination is counted."""
SMALLEST_NOTE: Mapping[str, int] = {
    "EUR": 500,
    "CHF": 1000,
    "GBP": 500,
    "USD": 100,
    "SEK": 2000,
    "NOK": 5000,
    "DKK": 5000,
    "PLN": 1000,
    "CZK": 10_000,
}
"""From here up it is paper, in minor units: notes and coins lie in different places of a drawer."""


@kind("drawer.opened/1")
class DrawerOpened(Fact, frozen=True):
    """A drawer starts with ``float`` minor units of change in it. ``name``: what people call it; ``training``: all that
    is done in it is."""

    drawer: str
    float: int
    name: str = "1"
    training: bool = False


@kind("drawer.moved/1")
class DrawerMoved(Fact, frozen=True):
    """Money was put in (``amount`` in minor units, positive) or taken out (negative) without a sale. ``reason_ref``:
    what was said of it; ``printer``: the one that opens the drawer, which training does not; ``approver``: the lead
    whose word it was done on."""

    drawer: str
    amount: int
    reason: MoveReason
    reason_ref: PersonRef | None = None
    printer: str | None = None
    training: bool = False
    approver: str | None = None


@kind("drawer.unlocked/1")
class DrawerUnlocked(Fact, frozen=True):
    """No-sale: the drawer was opened without money on record. ``reason_ref``, ``printer`` and ``approver``: as for a
    movement."""

    drawer: str
    reason: NoSaleReason
    reason_ref: PersonRef | None = None
    printer: str | None = None
    training: bool = False
    approver: str | None = None


@kind("drawer.counted/1")
class DrawerCounted(Fact, frozen=True):
    """Somebody counted what is in it, without being told what should be. ``coins``: denomination in minor units → how
    many; ``counted``: their sum. The newest count is the one that is true."""

    drawer: str
    coins: dict[str, int]
    counted: int
    training: bool = False


@dataclass(frozen=True)
class Drawer:
    """One that is open. ``event``: the one that it serves: it was opened for it, or it was left open and goes on, since
    money in a box is the same on the next day as long as its ``currency`` is; ``by``: the actor who opened it; ``at``:
    when (RFC 3339); ``float``, ``counted``: minor units; ``since``: sales, refunds and movements after that
    count."""

    drawer: str
    name: str
    event: str
    currency: str
    by: str
    at: str
    float: int
    counted: int | None
    since: int
    training: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether the newest count is still true."""
        return self.counted is not None and self.since == 0


@dataclass(frozen=True)
class Drawers:
    """Those that are open, in the order of their opening. ``closed``: the one that was asked for has its Z already;
    its id; ``closed_training``: it was for training."""

    open: Sequence[Drawer] = ()
    closed: str | None = None
    closed_training: bool = False

    def of(self, event: str) -> "Drawers":
        """Only those that serve this event."""
        return replace(self, open=tuple(one for one in self.open if one.event == event))

    def kin(self, *, training: bool) -> "Drawers":
        """Only those for training, or only the real ones."""
        return replace(self, open=tuple(one for one in self.open if one.training == training))


@dataclass(frozen=True)
class OpeningKnown:
    """The present event, and the drawers that are open."""

    event: Event | None
    drawers: Drawers


class OpenDrawer(Ask, frozen=True):
    """``float``: minor units of change; ``name``: by default the lowest free number, for training behind a T."""

    float: int
    name: str | None = None
    training: bool = False


class MoveMoney(Ask, frozen=True):
    """``amount``: minor units, positive in, negative out; ``drawer``: id or name, by default the cashier's own;
    ``note``: what else is to be said; ``approver``: the id of the lead on whose word it is done."""

    amount: int
    reason: MoveReason
    drawer: str | None = None
    note: str | None = None
    approver: str | None = None


class NoSale(Ask, frozen=True):
    """As for money that is moved."""

    reason: NoSaleReason
    drawer: str | None = None
    note: str | None = None
    approver: str | None = None


def check_approver(approver: str | None) -> None:
    """Raises ``validation`` for what is no id of a person."""
    if approver is not None and not STAFF_ID.fullmatch(approver):
        raise invalid("approver: wants the id of a person who works here")


def choose(drawers: Drawers, actor: str, asked: str | None) -> Drawer:
    """The drawer that was asked for by its id or name, else the one that this actor opened, else the only one that is
    not for training: nobody trains unless they say so.

    Refuses ``drawer-closed`` and ``drawer-unclear``, each with the list of those that are open. It does not repeat
    what was asked for: that may be anything.
    """
    if asked is not None:
        for one in drawers.open:
            if asked in (one.drawer, one.name):
                return one
        refuse("drawer-closed", f"that drawer is not open; open: {listed(drawers.open)}", "Open it, or name another.")
    if not drawers.open:
        refuse("drawer-closed", "no drawer is open", "Open the drawer with its float first.")
    found = [one for one in drawers.open if one.by == actor] or list(drawers.kin(training=False).open)
    if not found:
        refuse(
            "drawer-closed",
            f"no drawer is open but for training: {listed(drawers.open)}",
            "Open a drawer of your own with its float first.",
        )
    if len(found) > 1:
        refuse(
            "drawer-unclear",
            f"several drawers are open: {listed(found)}",
            "Say which drawer, or open your own.",
            drawers=[
                {"drawer": one.drawer, "name": one.name, "by": one.by, **({"training": True} if one.training else {})}
                for one in found
            ],
        )
    return found[0]


def for_sale(drawers: Drawers, actor: str, asked: str | None, event: Event | None) -> tuple[Event, Drawer, str | None]:
    """The event and the drawer of a sale, and the one that it was rung up for when that has its Z already: a Z never
    changes, so what waited until after it stands in the books that are open now (docs/decisions/0010), in those of
    training when it was training and only then. Before the event is open there is training, and nothing else."""
    if event is None or event.state == "closed":
        event = require_open(event)
    here = drawers.of(event.event)
    if event.state != "open":
        here = here.kin(training=True)
        if not here.open or (here.closed is not None and not here.closed_training):
            require_open(event)
    if here.closed is not None and (kin := here.kin(training=here.closed_training)).open:
        return event, choose(kin, actor, None), here.closed
    return event, choose(here, actor, asked), None


def for_money_back(drawers: Drawers, actor: str, asked: str | None, *, training: bool) -> Drawer:
    """The drawer that gives money back: a training sale's out of training, a real one's out of a real drawer. Refuses
    ``drawer-training`` when one of the other sort is named."""
    kin = drawers.kin(training=training)
    if asked is not None and any(asked in (one.drawer, one.name) for one in drawers.open if one not in kin.open):
        refuse(
            "drawer-training",
            "the sale is training and the drawer is not" if training else "the drawer is for training, the sale is not",
            "Name a training drawer." if training else "Name a drawer with real money in it.",
        )
    if training and not kin.open:
        refuse("drawer-closed", "no training drawer is open", "Open one: a training sale goes back in training.")
    return choose(kin, actor, asked)


def listed(drawers: Sequence[Drawer]) -> str:
    """As a refusal names them."""
    return ", ".join(f"{'training ' if one.training else ''}drawer {one.name} ({one.by})" for one in drawers) or "none"


def sealed(note: str | None, ctx: Context) -> Personal | None:
    """What was said beyond the reason, for the erasable table; None when nothing was."""
    said = (note or "").strip()
    if len(said) > MAX_NOTE:
        raise invalid(f"note: wants at most {MAX_NOTE} characters, this has {len(said)}")
    return ctx.seal({"reason": said}) if said else None


def count_up(coins: Mapping[str, int], currency: str) -> int:
    """Minor units; raises ``validation`` for what is no coin or note of this currency, or no number of them."""
    known, total = COINS.get(currency), 0
    for text, pieces in coins.items():
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and str(int(text)) == text and int(text) > 0):
            raise invalid("coins: a denomination is its worth in minor units, such as 200")
        if known is not None and int(text) not in known:
            raise invalid(f"coins: {currency} has no {text}; there are {', '.join(map(str, known))}")
        if not 0 <= pieces <= MAX_PIECES:
            raise invalid(f"coins: {pieces} of {text}: wants 0 to {MAX_PIECES}")
        total += int(text) * pieces
    if total > MAX_AMOUNT:
        raise invalid(f"coins: {total} is more than a drawer can hold ({MAX_AMOUNT})")
    return total


def decided(drawer: Drawer, facts: Sequence[Fact], answer: dict[str, Any], *said: Personal | None) -> Decided:
    """Of a drawer: its facts belong to the event that it serves, also when that is over."""
    told = {"drawer": drawer.drawer, "name": drawer.name, **marked(drawer), **answer}
    return Decided(facts, told, personal=[one for one in said if one is not None], event=drawer.event)


def kicker(drawer: Drawer, ctx: Context) -> str | None:
    """The printer that opens the drawer; none in training: the money in it is real."""
    return None if drawer.training else ctx.printer or None


def marked(drawer: Drawer) -> dict[str, bool]:
    """What an answer says of a training drawer, and of no other."""
    return {"training": True} if drawer.training else {}


@command("drawer.open", OpenDrawer, STAFF, at_full="stop")
def open_drawer(ask: OpenDrawer, known: OpeningKnown, ctx: Context) -> Decided:
    """One drawer a cashier, and one to train with, which need not wait for the event to open; several cashiers have
    theirs at the same time."""
    if not 0 <= ask.float <= MAX_AMOUNT:
        raise invalid(f"float {ask.float}: wants minor units from 0")
    if ask.name is not None and not NAME.fullmatch(ask.name):
        raise invalid("name: wants 1 to 20 letters, digits, spaces, dots, dashes")
    event = known.event
    if event is None or not (ask.training and event.state == "created"):
        event = require_open(event)
    for one in known.drawers.of(event.event).kin(training=ask.training).open:
        if one.by == ctx.actor:
            refuse("drawer-open", f"drawer {one.name} is open already", "Close it with its Z report first.")
    taken = {one.name for one in known.drawers.open}
    if ask.name in taken:
        refuse("drawer-open", f"a drawer {ask.name} is open already", "Give this one another name.")
    numbers = (f"{TRAINING_NAME if ask.training else ''}{n}" for n in range(1, len(taken) + 2))
    name = ask.name or next(number for number in numbers if number not in taken)
    drawer = ctx.new_id("d")
    fact = DrawerOpened(drawer=drawer, float=ask.float, name=name, training=ask.training)
    answer = {"drawer": drawer, "name": name, "float": ask.float}
    return Decided([fact], answer | ({"training": True} if ask.training else {}))


@command("drawer.move", MoveMoney, STAFF, at_full="finish")
def move(ask: MoveMoney, known: Drawers, ctx: Context) -> Decided:
    """Cash in or out; it opens the drawer."""
    if not 0 < abs(ask.amount) <= MAX_AMOUNT:
        raise invalid(f"amount {ask.amount}: wants minor units, positive in, negative out")
    if ask.reason in (_ONLY_OUT if ask.amount > 0 else _ONLY_IN):
        way = "taken out: a negative amount" if ask.amount > 0 else "put in: a positive amount"
        raise invalid(f"amount {ask.amount}: for {ask.reason} money is {way}")
    check_approver(ask.approver)
    drawer = choose(known, ctx.actor, ask.drawer)
    said = sealed(ask.note, ctx)
    fact = DrawerMoved(
        drawer=drawer.drawer,
        amount=ask.amount,
        reason=ask.reason,
        reason_ref=said.ref if said else None,
        printer=kicker(drawer, ctx),
        training=drawer.training,
        approver=ask.approver,
    )
    return decided(drawer, [fact], {"amount": ask.amount, "reason": ask.reason}, said)


@command("drawer.no_sale", NoSale, STAFF, at_full="finish")
def no_sale(ask: NoSale, known: Drawers, ctx: Context) -> Decided:
    """The drawer opens, and that is on record."""
    check_approver(ask.approver)
    drawer = choose(known, ctx.actor, ask.drawer)
    said = sealed(ask.note, ctx)
    fact = DrawerUnlocked(
        drawer=drawer.drawer,
        reason=ask.reason,
        reason_ref=said.ref if said else None,
        printer=kicker(drawer, ctx),
        training=drawer.training,
        approver=ask.approver,
    )
    return decided(drawer, [fact], {"reason": ask.reason}, said)
