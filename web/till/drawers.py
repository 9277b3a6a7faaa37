"""The drawers as the staff's pages see them: which one is meant, who may look, what is told of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for

from appliance.domain.drawer import COINS, SMALLEST_NOTE, Drawer, Drawers, choose
from appliance.errors import Problem
from appliance.projections import books, drawer, events
from appliance.receipts import zreport
from web.common.language import _, ngettext
from web.common.paper import Part, parts
from web.till import auth, persons
from web.till.deps import deps, here
from web.till.names import names

MOST_HANDS = 20


@dataclass(frozen=True)
class Row:
    """A drawer in a list. ``state``: whether it is counted; ``look``: its page, "" for who may not look."""

    drawer: str
    name: str
    by: str
    since: str
    state: str
    training: bool
    look: str


@dataclass(frozen=True)
class Coin:
    """One denomination of a sheet to count on: minor units, and as people say it."""

    worth: int
    label: str


def is_lead() -> bool:
    """Whether who asks may look at everybody's."""
    return auth.staff().role == "lead"


def within_reach(found: Drawers) -> Drawers:
    """Those that who asks works with: a lead with all; a cashier with their own, and while they have none with real
    money in it, with those of others."""
    if is_lead():
        return found
    own = [one for one in found.open if one.by == auth.actor()]
    others = () if any(not one.training for one in own) else found.kin(training=False).open
    return Drawers(tuple(one for one in found.open if one in own or one in others))


def meant() -> Drawer:
    """The drawer that the address names, else the one that the recorder would take. Raises ``drawer-closed``,
    ``drawer-unclear``, and ``role`` for somebody else's."""
    found = drawer.drawers(deps().reader.db())
    asked = request.args.get("drawer")
    if asked and asked in [one.drawer for one in found.open] and not _reached(found, asked):
        raise Problem("role", "this drawer is somebody else's", "Ask the lead, or open your own.")
    return choose(within_reach(found), auth.actor(), asked or None)


def _reached(found: Drawers, asked: str) -> bool:
    return asked in [one.drawer for one in within_reach(found).open]


def rows(found: Drawers) -> list[Row]:
    """All that are open."""
    name = names()
    return [
        Row(
            drawer=one.drawer,
            name=one.name,
            by=name(one.by),
            since=when(one.at),
            state=state(one),
            training=one.training,
            look=url_for("drawer.page", drawer=one.drawer) if _reached(found, one.drawer) else "",
        )
        for one in found.open
    ]


def state(one: Drawer) -> str:
    """Whether it is counted, in words."""
    if one.is_counted:
        return _("Counted")
    if one.counted is None:
        return _("Not counted")
    return ngettext("%(num)s since the count: count again", "%(num)s since the count: count again", one.since)


def told(one: Drawer) -> dict[str, Any]:
    """What a page says above everything of the drawer that it is about."""
    return {
        "id": one.drawer,
        "name": one.name,
        "training": one.training,
        "counted": one.is_counted,
        "state": state(one),
        "line": _(
            "Open since %(time)s · %(name)s · float %(amount)s",
            time=when(one.at),
            name=names()(one.by),
            amount=here().wording.money(one.float, one.currency),
        ),
    }


def hands(one: Drawer) -> list[dict[str, Any]]:
    """Who put money in or took it out, and who opened it for nothing, newest first."""
    name, words = names(), here().wording
    found = []
    for hand in drawer.hands(deps().reader.db(), one.drawer, MOST_HANDS):
        amount = hand.get("amount")
        if amount is None:
            what = _("No-sale: %(reason)s", reason=no_sales()[hand["reason"]])
        else:
            what = words.gettext(zreport.MOVES[hand["reason"]])
        found.append(
            {
                "at": when(hand["at"]),
                "by": name(hand["by"]),
                "approver": name(f"staff:{hand['approver']}") if "approver" in hand else "",
                "what": what,
                "amount": words.money(amount, one.currency) if amount is not None else "",
                "note": persons.told(hand["ref"], "reason"),
            }
        )
    return found


def no_sales() -> dict[str, str]:
    """Why a drawer may be opened without a sale."""
    return {"change": _("Change money"), "check": _("Look inside"), "mistake": _("By mistake"), "other": _("Other")}


def zs(event: str, *, today: bool) -> list[dict[str, Any]]:
    """The Z reports of an event as a table shows them, newest first; ``today``: on the event's own clock."""
    name, words, currency = names(), here().wording, _currency()
    now = local(deps().clock().at).date()
    return [
        {
            "z": one["z"],
            "name": one["name"],
            "at": when(one["at"]),
            "by": name(one["by"]),
            "turnover": words.money(one["turnover"], currency),
            "variance": words.difference(one["variance"], currency),
            "right": one["variance"] == 0,
            "training": bool(one.get("training")),
        }
        for one in books.zs(deps().reader.db(), event)
        if not today or local(one["at"]).date() == now
    ]


def paper(found: dict[str, Any]) -> list[Part]:
    """A report as it is printed, in the language of who asks. ``found``: as the books give one."""
    event = events.get(deps().reader.db(), found["event"])
    title, zone = (event.name, event.timezone) if event else ("", "UTC")
    return parts(zreport.report(found, event_name=title, timezone=zone, locale=here().wording.language))


def sheet(currency: str) -> dict[str, list[Coin]]:
    """What to count: notes and coins, the largest first; both empty in a currency whose money is not known here."""
    known, note = COINS.get(currency, ()), SMALLEST_NOTE.get(currency, 0)
    found = [Coin(worth, here().wording.coin(worth, currency)) for worth in sorted(known, reverse=True)]
    return {
        "notes": [one for one in found if one.worth >= note],
        "coins": [one for one in found if one.worth < note],
    }


def when(at: str) -> str:
    """19:42, with the date in front on another day than today."""
    moment = local(at)
    today = moment.date() == local(deps().clock().at).date()
    return f"{moment:%H:%M}" if today else f"{moment:%Y-%m-%d %H:%M}"


def local(at: str) -> datetime:
    """On the event's own clock."""
    event = events.current(deps().reader.db())
    return datetime.fromisoformat(at).astimezone(ZoneInfo(event.timezone if event else "UTC"))


def _currency() -> str:
    event = events.current(deps().reader.db())
    return event.currency if event else "EUR"
