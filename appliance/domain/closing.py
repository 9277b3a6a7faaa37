"""Counting a drawer, closing it with its Z, and the paper of X and Z."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

import msgspec

from appliance.domain.books import Book, DrawerClosed, DrawerRead, VarianceReason, answer, seen, totals
from appliance.domain.drawer import DrawerCounted, Drawers, choose, count_up, decided, sealed
from appliance.domain.kernel import STAFF, Ask, Context, Decided, command, refuse
from appliance.domain.receipts import MAX_COPIES, SlipRequested, chosen_printer


@dataclass(frozen=True)
class BooksKnown:
    """The drawers that are open, and the books of each by its id."""

    drawers: Drawers
    books: Mapping[str, Book]


@dataclass(frozen=True)
class PaperKnown:
    """Of a Z: whether there is one of this number, its newest copy, and where that one waits (None = it has an
    outcome)."""

    there: bool
    newest: int | None
    waits_at: str | None


class CountDrawer(Ask, frozen=True):
    """``coins``: denomination in minor units → how many."""

    coins: dict[str, int]
    drawer: str | None = None


class CloseDrawer(Ask, frozen=True):
    """``reason``: of a variance; ``note``: what else is to be said."""

    drawer: str | None = None
    reason: VarianceReason | None = None
    note: str | None = None


class ReadDrawer(Ask, frozen=True):
    """An X report on paper. ``printer``: another one than the receipts' own."""

    drawer: str | None = None
    printer: str | None = None


class ReprintZ(Ask, frozen=True):
    """``z``: the number of a Z report; ``printer``: another one than the receipts' own."""

    z: str
    printer: str | None = None


@command("drawer.count", CountDrawer, STAFF, at_full="finish")
def count(ask: CountDrawer, known: BooksKnown, ctx: Context) -> Decided:
    """What was counted is on record before anybody learns what should be there; counting again replaces it."""
    drawer = choose(known.drawers, ctx.actor, ask.drawer)
    counted = count_up(ask.coins, drawer.currency)
    coins = {coin: pieces for coin, pieces in ask.coins.items() if pieces}
    fact = DrawerCounted(drawer=drawer.drawer, coins=coins, counted=counted, training=drawer.training)
    found = totals(drawer, known.books[drawer.drawer], ctx.log)
    found = msgspec.structs.replace(found, counts=found.counts + 1)
    told = answer(found, drawer.drawer, z=None, counted=counted, training=drawer.training)
    return decided(drawer, [fact], told)


@command("drawer.close", CloseDrawer, STAFF, at_full="finish")
def close(ask: CloseDrawer, known: BooksKnown, ctx: Context) -> Decided:
    """The Z: the newest count against what should be there, numbered, signed and printed."""
    drawer = choose(known.drawers, ctx.actor, ask.drawer)
    counted = drawer.counted
    if counted is None:
        refuse("drawer-uncounted", f"drawer {drawer.name} is not counted", "Count it first.")
    if drawer.since:
        refuse(
            "drawer-uncounted",
            f"drawer {drawer.name} was counted before its last {drawer.since} sales, refunds or movements",
            f"Count again: {drawer.since} since.",
            since=drawer.since,
        )
    book = known.books[drawer.drawer]
    found = totals(drawer, book, ctx.log)
    expected = found.expected or 0
    variance = counted - expected
    if variance and ask.reason is None:
        refuse(
            "drawer-variance",
            f"{counted} counted, {expected} expected: {variance:+}",
            f"Count again, or close it with a reason: {', '.join(get_args(VarianceReason))}.",
            expected=expected,
            counted=counted,
            variance=variance,
            reasons=[*get_args(VarianceReason)],
        )
    said = sealed(ask.note, ctx)
    z = f"{ctx.log}-{book.z}"
    paper = [_slip(z, 0, ctx.printer)] if ctx.printer else []
    fact = DrawerClosed(
        drawer=drawer.drawer,
        z=z,
        expected=expected,
        counted=counted,
        variance=variance,
        totals=msgspec.structs.replace(found, log_size=found.log_size + 1 + len(paper)),
        reason=ask.reason if variance else None,
        reason_ref=said.ref if said else None,
        training=drawer.training,
    )
    told = answer(fact.totals, drawer.drawer, z=z, counted=counted, training=drawer.training)
    return replace(decided(drawer, [fact, *paper], told, said), checkpoint=True)


@command("drawer.read", ReadDrawer, STAFF, at_full="go_on")
def read(ask: ReadDrawer, known: BooksKnown, ctx: Context) -> Decided:
    """An X report on paper, which shows what is in the fact."""
    drawer = choose(known.drawers, ctx.actor, ask.drawer)
    printer = chosen_printer(ask.printer, ctx.printer, ctx)
    counted = drawer.counted if drawer.is_counted else None
    found = seen(drawer, totals(drawer, known.books[drawer.drawer], ctx.log))
    fact = DrawerRead(drawer=drawer.drawer, report=ctx.command, totals=found, counted=counted, training=drawer.training)
    slip = SlipRequested(slip=f"sl-x-{ctx.command}", slip_kind="x-report", about=ctx.command, printer=printer, copy=0)
    told = answer(found, drawer.drawer, z=None, counted=counted, training=drawer.training)
    return decided(drawer, [fact, slip], {**told, "slip": slip.slip, "printer": printer})


@command("drawer.reprint", ReprintZ, STAFF, at_full="finish")
def reprint(ask: ReprintZ, known: PaperKnown, ctx: Context) -> Decided:
    """One more copy of a Z, marked DUPLICATE unless it is the first. While one still waits for the same printer, two
    taps make one."""
    if not known.there:
        refuse("not-found", "there is no Z report of that number", "Look at the drawers that were closed.")
    printer = chosen_printer(ask.printer, ctx.printer, ctx)
    if known.waits_at == printer:
        refuse("receipt-waiting", f"copy {known.newest} still waits for {printer}", "Look at the printer first.")
    copy = 0 if known.newest is None else known.newest + 1
    if copy > MAX_COPIES:
        refuse("too-many-copies", f"this report was printed {copy} times", "Show it on the screen instead.")
    slip = _slip(ask.z, copy, printer)
    return Decided([slip], {"z": ask.z, "slip": slip.slip, "copy": copy, "printer": printer})


def slip_id(z: str) -> str:
    """The slip that all copies of a Z report are copies of."""
    return f"sl-z-{z}"


def _slip(z: str, copy: int, printer: str) -> SlipRequested:
    return SlipRequested(slip=slip_id(z), slip_kind="z-report", about=z, printer=printer, copy=copy)
