"""What a form asks to give back, decided as the recorder would decide it, without doing it.

So the page shows the box's own figures, and sends just what they were made of.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast, get_args

import msgspec
from babel.numbers import get_currency_precision

from appliance.domain import giveback, moneyback
from appliance.domain.cards import statuses
from appliance.domain.drawer import for_money_back
from appliance.domain.giveback import Way, Wish
from appliance.domain.guardrails import Action
from appliance.domain.kernel import Context, Decided
from appliance.domain.moneyback import BackKnown, RefundSale, VoidSale
from appliance.domain.refunds import MoneyBack, RefundReason
from appliance.domain.tendering import REFERENCE
from appliance.errors import Problem, invalid
from appliance.files.bundle import Reader
from appliance.projections import refunds
from appliance.projections.registry import Surroundings
from web.common.body import amount
from web.till import auth
from web.till.deps import deps

_ANYBODY = "somebody"
"""An approver, for the figures of what wants one."""


@dataclass(frozen=True)
class Asked:
    """A form as it stands. ``mode``: ``some`` lines, ``all`` that is left, or ``void``; ``lines``: line → quantity."""

    mode: str
    lines: dict[int, int]
    wish: Wish
    reason: RefundReason | None
    restock: bool
    drawer: str | None


@dataclass(frozen=True)
class Preview:
    """What would come of it. ``fact``: the entry, None when it is refused; ``problem``: why; ``lead``: why the lead has
    to approve; ``body``: what the API is to be sent, without note and approval."""

    fact: MoneyBack | None = None
    problem: Problem | None = None
    lead: Problem | None = None
    body: dict[str, Any] = field(default_factory=dict)


def read(form: Any, currency: str) -> Asked:
    """A form's fields; raises ``validation`` with what is wrong at which."""
    mode, way, reason = form.get("mode", "some"), form.get("way", "paid"), form.get("reason") or None
    if mode not in ("some", "all", "void") or way not in get_args(Way):
        raise invalid("the form is not ours")
    if reason is not None and reason not in get_args(RefundReason):
        raise invalid("reason: wants one of the words on the page")
    reference = form.get("reference", "").strip() or None
    if reference is not None and not REFERENCE.fullmatch(reference):
        raise invalid("a reference has 1 to 40 letters, digits, spaces and . : / # * + _ -", "Type what stands on it.")
    digits = get_currency_precision(currency)
    card, voucher = (amount(form.get(name, ""), digits) if way == "split" else 0 for name in ("card", "voucher"))
    if card is None or voucher is None:
        raise invalid("an amount is not readable", "Type it as on the receipt.")
    lines = {}
    for name, text in form.items():
        if name.startswith("qty-") and name[4:].isdecimal():
            if not (text.isascii() and text.isdecimal() and len(text) <= 9):
                raise invalid("a quantity is a whole number", "Type how many.")
            lines[int(name[4:])] = int(text)
    wish = Wish(cast(Way, way), card, voucher, reference)
    return Asked(mode, lines, wish, reason, form.get("restock") == "yes", form.get("drawer") or None)


def preview(sale: str, asked: Asked) -> Preview:
    """The decision; raises nothing that a decision refuses. The reason is not asked for yet: any will do."""
    reason = asked.reason or "other"
    if asked.mode == "void":
        return _decided("void", moneyback.void, VoidSale(sale=sale, reason=reason), {"reason": reason})
    lines = None
    if asked.mode == "some":
        lines = [moneyback.AskBack(line, qty) for line, qty in sorted(asked.lines.items()) if qty]
        if not lines:
            return Preview()
    ask = RefundSale(sale=sale, reason=reason, restock=asked.restock, lines=lines, drawer=asked.drawer)
    whole = _decided("refund", moneyback.refund, ask, {})
    if whole.fact is None:
        return whole
    try:
        tenders = _tenders(ask, asked.wish, whole.fact.total)
    except Problem as problem:
        return Preview(problem=problem)
    said = {"reason": reason, "restock": asked.restock}
    parts = {"lines": lines, "tenders": tenders, "drawer": asked.drawer}
    body = said | {name: msgspec.to_builtins(part) for name, part in parts.items() if part is not None}
    return _decided("refund", moneyback.refund, msgspec.structs.replace(ask, tenders=tenders), body)


def why_no_void(sale: str) -> Problem | None:
    """Why the whole sale cannot be voided any more."""
    return _decided("void", moneyback.void, VoidSale(sale=sale, reason="other"), {}).problem


def _tenders(ask: RefundSale, wish: Wish, total: int) -> Any:
    known = _known(ask)
    if known.sale is None:
        return None
    drawer = for_money_back(known.drawers, auth.actor(), ask.drawer, training=known.sale.training)
    cards = statuses(known.sale, known.settled)
    return giveback.tenders(wish, known.sale, known.before, total, known.coins[drawer.event], cards)


def _known(ask: VoidSale | RefundSale) -> BackKnown:
    """What the recorder would know. Of the log, only a number depends on it, which is not shown."""
    db = deps().reader.db()
    around = Surroundings(dict, dict, lambda code: "", 1, Reader("", "", None), deps().clock())
    db.execute("BEGIN")  # the state of one moment
    try:
        return refunds.for_giving_back(db, ask, around)
    finally:
        db.execute("ROLLBACK")


def _decided(
    action: Action,
    decide: Callable[[Any, BackKnown, Context], Decided],
    ask: VoidSale | RefundSale,
    body: dict[str, Any],
) -> Preview:
    """With whoever is signed in as approver when they are a lead; else once more with one, when it wants one."""
    known, staff = _known(ask), auth.staff()
    approver = staff.id if staff.role == "lead" else None
    lead = _left_to_lead(action)
    for one in (approver, _ANYBODY):
        try:
            decided = decide(msgspec.structs.replace(ask, approver=one), known, _context())
        except Problem as problem:
            if one is None and (problem.slug == "ticket-entered" or problem.extra.get("may") == "lead"):
                lead = problem
                continue
            return Preview(problem=problem)
        fact = decided.facts[0]
        return Preview(fact if isinstance(fact, MoneyBack) else None, lead=lead, body=body)
    return Preview(problem=lead)


def _left_to_lead(action: Action) -> Problem | None:
    """The policy wants the lead's word for this, however little it is."""
    try:
        auth.check(action)
    except Problem as problem:
        return problem
    return None


def _context() -> Context:
    """Nothing of it shows: a preview has no identity, no number, no paper."""
    return Context(
        now=deps().clock(),
        box=deps().box,
        log=1,
        command="preview",
        actor=auth.actor(),
        event="",
        new_id=lambda kind: kind,
        seal=_no_record,
    )


def _no_record(said: dict[str, str]) -> Any:
    raise ValueError("a preview keeps nothing personal")
