"""How a sale, what went back of it, and their paper are told on the staff's pages."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from appliance.language import N_
from appliance.projections import devices, events
from appliance.receipts.layout import TENDERS
from web.common.language import _
from web.till import auth
from web.till.deps import deps, here
from web.till.frame import Tag

STATES = {
    "voided": Tag("undo", N_("Voided")),
    "refunded": Tag("undo", N_("Refunded")),
    "part-refunded": Tag("undo", N_("Partly refunded")),
    "unknown": Tag("flag", N_("Card not known"), "stop"),
    "declined": Tag("flag", N_("Card declined"), "stop"),
}
PAPER = {
    None: Tag("clock", N_("Waits for the printer")),
    "printed": Tag("printer", N_("Printed")),
    "unconfirmed": Tag("printer", N_("Sent; the printer cannot confirm it")),
    "not_printed": Tag("flag", N_("Nothing came out"), "stop"),
    "unknown": Tag("flag", N_("It broke off: look at the printer"), "stop"),
}
NO_PAPER = Tag("printer", N_("Not printed: there was no printer"))
SEEN = {True: Tag("tick", N_("On paper: somebody looked")), False: Tag("printer", N_("Not on paper, and not needed"))}


class Teller:
    """Amounts and times of one page; ``zone``: the event's."""

    def __init__(self) -> None:
        event = events.current(deps().reader.db())
        self.zone = event.timezone if event else "UTC"
        self.currency = event.currency if event else "EUR"
        self._words = here().wording
        self._today = self._local(datetime.fromtimestamp(deps().clock().wall_ms / 1000, ZoneInfo("UTC"))).date()
        self._people: dict[str, str] | None = None

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    def money(self, minor: int, currency: str | None = None) -> str:
        """In the event's currency, unless another is named."""
        return self._words.money(minor, currency or self.currency)

    def when(self, at: str, *, seconds: bool = False) -> str:
        """19:42; of another day: 27 Nov, 19:42."""
        local = self._local(datetime.fromisoformat(at))
        time = self._words.time(at, self.zone, seconds=seconds)
        if local.date() == self._today:
            return time
        return f"{format_skeleton('MMMd', local, locale=self._words.language)}, {time}"

    def number(self, value: int) -> str:
        """1231 → 1,231."""
        return self._words.number(value)

    def percent(self, rate: str) -> str:
        """0.19 → 19 %."""
        return self._words.percent(rate)

    def person(self, ident: str | None) -> str:
        """Who works here under an id, or an actor of a fact; names are known to this box alone."""
        if ident is None:
            return ""
        if self._people is None:
            self._people = {one.id: one.name for one in deps().secrets.staff()}
        return self._people.get(ident.removeprefix("staff:")) or _("Somebody who is no longer here")

    def piece(self, line: Mapping[str, Any], qty: int | None = None) -> str:
        """``2 × Coffee``, ``250 g Beans``, ``Cake``; ``qty``: another than the line's."""
        many = line["qty"] if qty is None else qty
        if line.get("unit") == "gram":
            return f"{self.number(many)}\N{NO-BREAK SPACE}g {line['name']}"
        return str(line["name"]) if many == 1 else f"{self.number(many)} × {line['name']}"

    def tender(self, tender: Mapping[str, Any]) -> str:
        """How a part was paid or goes back: ``Card, ref. 0417``."""
        name = _(TENDERS[tender["kind"]])
        reference = tender.get("reference")
        if not reference or tender["kind"] == "token":
            return name
        return _("%(tender)s, ref. %(reference)s", tender=name, reference=reference)


def paper_tag(copy: Mapping[str, Any] | None) -> Tag:
    """What became of a copy; None: nothing was asked of a printer."""
    if copy is None or copy["copy"] is None:
        return NO_PAPER
    if copy["outcome"] != "printed" and (seen := copy.get("on_paper")) is not None:
        return SEEN[seen]
    return PAPER[copy["outcome"]]


def copy_name(copy: int) -> str:
    """As it stands on the paper."""
    return _("Original") if copy == 0 else f"DUPLICATE {copy}"


def unknown(sale: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The card payments of a sale that nobody is certain of, each with its place ``n``, from 1, and its form's key."""
    return [
        {**tender, "n": n, "key": form_key("card", sale["sale"], n, auth.actor())}
        for n, tender in enumerate(sale["tenders"], 1)
        if tender.get("status") == "unknown"
    ]


def has_printer() -> bool:
    """Whether a copy can be asked for at all."""
    return bool(devices.names(deps().reader.db(), deps().config.devices, "printer"))


def form_key(*parts: object) -> str:
    """The identity of what a form asks for, made of what it was made for: a second press, a second tab is the same."""
    return "form-" + hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]
