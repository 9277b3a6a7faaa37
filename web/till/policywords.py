"""A policy in words: what it allows, how far people went, what a new one would change, what became of the last ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from appliance.domain.catalogue import CatalogueKnown, changes
from appliance.domain.guardrails import Action, Guardrails, Who
from appliance.domain.policy import Policy
from appliance.language import N_
from appliance.projections import catalogue, events, guardrails, policy
from appliance.projections.policy import Seen
from appliance.receipts.wording import sentence
from web.common.language import _, ngettext
from web.till.deps import deps, here

SOURCES = {
    "uplink": N_("over the uplink"),
    "stick": N_("from a stick"),
    "upload": N_("by upload"),
    "command": N_("by command"),
}
ACTIONS: dict[Action, str] = {
    "sell": N_("Sell"),
    "refund": N_("Refund a sale"),
    "void": N_("Void a sale"),
    "reprint": N_("Print copies"),
    "no-sale": N_("Open the drawer without a sale"),
    "cash-move": N_("Cash in and out"),
    "z-report": N_("Z report"),
    "tickets": N_("Tickets"),
    "event": N_("Open and close the event"),
}
WHO: dict[Who, str] = {"lead": N_("lead"), "cashier": N_("cashier"), "door": N_("door")}
REASONS = {
    "no-key": N_("This box does not know central’s key yet."),
    "too-large": N_("It is larger than a policy may be."),
    "unreadable": N_("The file was not whole, or it is no policy. Copy it again."),
    "bad-signature": N_("Central did not sign it."),
    "wrong-kind": N_("It is signed, and no policy."),
    "scope": N_("It is meant for others."),
    "expired": N_("It had ended."),
    "older": N_("A newer one was in force."),
    "other": N_("Another one with this number was in force."),
    "bad-data": N_("It does not fit this box or its event."),
}
_NO_LIMIT = N_("no limit")
_MOST_NAMED = 8
"""Items and changes that are named one by one."""


@dataclass(frozen=True)
class Row:
    """A rule: what everybody may, what the lead may, how far people went."""

    rule: str
    alone: str
    lead: str
    today: str = ""


@dataclass(frozen=True)
class Change:
    """Something that would be another way: how it is, how it would be."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Past:
    """What became of a bundle. ``good``: it was applied."""

    good: bool
    title: str
    where: str
    words: str


def since(at: str, zone: str) -> str:
    """14:03, with the day when it is not today's."""
    words = here().wording
    day, clock = words.day(at, zone), words.time(at, zone)
    return clock if day == words.day(deps().clock().at, zone) else f"{day}, {clock}"


def short() -> str:
    """As the till names it: policy 12, from 14:03; "" before the first."""
    db = deps().reader.db()
    state, event = policy.status(db, deps().clock()), events.current(db)
    if state is None:
        return ""
    at = since(state["since"], event.timezone if event else "UTC")
    if state["expired"]:
        return _("Policy %(n)s, from %(time)s; it has ended", n=state["version"], time=at)
    return _("Policy %(n)s, from %(time)s", n=state["version"], time=at)


def rows() -> list[Row]:
    """The guardrails in force, and the present event's numbers beside them."""
    db = deps().reader.db()
    event = events.current(db)
    return _rows(policy.guardrails(db), guardrails.today(db, event.event if event else ""))


def _rows(rails: Guardrails, used: dict[str, dict[str, Any]] | None = None) -> list[Row]:
    percent, people = here().wording.percent, here().wording.number
    found = [
        Row(
            _("Discount"),
            _("up to %(most)s", most=percent(rails.discount.alone)),
            _("up to %(most)s", most=percent(rails.discount.lead)),
            _discounts(used["discount"]) if used else "",
        ),
        Row(
            _("Refund of one sale"),
            _("up to %(most)s", most=_money(rails.refund.alone)),
            _("as much as was paid")
            if rails.refund.lead is None
            else _("up to %(most)s", most=_money(rails.refund.lead)),
            _refunds(used["refund"]) if used else "",
        ),
        Row(
            _("People inside"),
            _people(rails.occupancy.alone),
            _people(rails.occupancy.lead),
            _inside(used["occupancy"]) if used else "",
        ),
        Row(
            _("Live offer, window"),
            _("lead only"),
            _("up to %(n)s min", n=people(rails.offer.window_min)),
            _("none yet"),
        ),
    ]
    names = {sku: item.name for sku, item in catalogue.full(deps().reader.db()).items()}
    for sku, floor in sorted(rails.offer.floors.items()):
        rule = _("Floor: %(item)s", item=names.get(sku, sku))
        found.append(Row(rule, _money(floor), _("no lower"), _("not on offer yet")))
    for action, who in sorted(rails.may.items()):
        roles = ", ".join(_(WHO[one]) for one in WHO if one in who or one == "lead")
        found.append(Row(_(ACTIONS[action]), roles, _("on the lead’s word")))
    return found


def _people(most: int | None) -> str:
    return _(_NO_LIMIT) if most is None else _("up to %(most)s", most=here().wording.number(most))


def _money(minor: int) -> str:
    event = events.current(deps().reader.db())
    return here().wording.money(minor, event.currency if event else "EUR")


def _discounts(used: dict[str, Any]) -> str:
    if not used["count"]:
        return _("none yet")
    most = here().wording.percent(used["most"])
    return ngettext("%(num)s given, most %(most)s", "%(num)s given, most %(most)s", used["count"], most=most) + _beyond(
        used
    )


def _refunds(used: dict[str, Any]) -> str:
    if not used["count"]:
        return _("none yet")
    most = _money(used["most"])
    return ngettext("%(num)s, of %(most)s", "%(num)s, most %(most)s", used["count"], most=most) + _beyond(used)


def _inside(used: dict[str, Any]) -> str:
    if used["most"] is None:
        return _("nobody yet")
    return _("most %(n)s", n=here().wording.number(used["most"])) + _beyond(used)


def _beyond(used: dict[str, Any]) -> str:
    return "; " + _("%(n)s with the lead", n=here().wording.number(used["beyond"])) if used["beyond"] else ""


def differences(said: Policy) -> list[Change]:
    """What would be another way with this policy; empty: nothing that is here now would change."""
    return [*_rails_change(said), *_catalogue_changes(said), *_keys_change(said)]


def _rails_change(said: Policy) -> Iterator[Change]:
    if said.guardrails is None:
        return
    now = {row.rule: row for row in _rows(policy.guardrails(deps().reader.db()))}
    new = {row.rule: row for row in _rows(said.guardrails)}
    none = Row("", _("no rule"), _("no rule"))
    for rule in dict.fromkeys([*now, *new]):
        before, after = now.get(rule, none), new.get(rule, none)
        if before.alone != after.alone:
            yield Change(rule, before.alone, after.alone)
        if before.lead != after.lead:
            yield Change(_("%(rule)s, with the lead", rule=rule), before.lead, after.lead)


def _catalogue_changes(said: Policy) -> Iterator[Change]:
    if said.catalogue is None:
        return
    db = deps().reader.db()
    items = catalogue.full(db)
    facts = changes(said.catalogue.items, CatalogueKnown(catalogue.version(db), items))
    changed = [item for fact in facts for item in fact.items]
    removed = [sku for fact in facts for sku in fact.removed]
    number = here().wording.number
    for item in changed[:_MOST_NAMED]:
        before = items.get(item.sku)
        if before is None:
            yield Change(item.name, _("not in the catalogue"), _money(item.price))
        elif before.price != item.price:
            yield Change(item.name, _money(before.price), _money(item.price))
        else:
            yield Change(item.name, _("as it is"), _("something else than the price changes"))
    if (more := len(changed) - _MOST_NAMED) > 0:
        yield Change(_("Items"), "", ngettext("%(num)s more changes", "%(num)s more change", more))
    for sku in removed[:_MOST_NAMED]:
        yield Change(items[sku].name, _money(items[sku].price), _("not in the catalogue"))
    if (more := len(removed) - _MOST_NAMED) > 0:
        yield Change(_("Items"), number(len(items)), ngettext("%(num)s more goes", "%(num)s more go", more))


def _keys_change(said: Policy) -> Iterator[Change]:
    db, number = deps().reader.db(), here().wording.number
    if said.ticket_keys is not None and said.ticket_keys != (now := policy.ticket_keys(db)):
        yield Change(_("Ticket keys"), number(len(now)), number(len(said.ticket_keys)))
    if said.peers is not None and {peer.box: peer.keys for peer in said.peers} != (boxes := policy.peers(db)):
        yield Change(_("Other boxes that are known"), number(len(boxes)), number(len(said.peers)))
    if said.clearances is not None and said.clearances != (cleared := policy.clearances(db)):
        yield Change(_("Cleared pages for guests"), number(len(cleared)), number(len(said.clearances)))
    if said.revoked is not None:
        listed = len(said.revoked.tickets) + len(said.revoked.codes)
        yield Change(_("Revoked tickets"), "", ngettext("%(num)s on its list", "%(num)s on its list", listed))


def past(seen: Seen, zone: str) -> Past:
    """A line of the history. ``zone``: the event's."""
    where = f"{_(SOURCES.get(seen.source, seen.source))}, {since(seen.at, zone)}"
    if seen.reason is None:
        return Past(True, _("%(version)s applied", version=seen.version), where, _contents(seen))
    title = _("%(version)s refused", version=seen.version) if seen.version else _("Refused")
    return Past(False, title, where, _why(seen))


def _contents(seen: Seen) -> str:
    """What an applied one said something about."""
    said = {
        "guardrails": _("guardrails"),
        "catalogue": ngettext("%(num)s item changed", "%(num)s items changed", seen.items),
        "ticket_keys": _("ticket keys"),
        "revoked": ngettext("%(num)s ticket revoked", "%(num)s tickets revoked", seen.revoked),
        "peers": _("keys of other boxes"),
        "clearances": _("clearances of guests’ pages"),
    }
    found = ", ".join(words for name, words in said.items() if name in seen.kinds)
    first = _("First policy of this box.") if not seen.present else ""
    return f"{sentence(found)} {first}".strip()


def _why(seen: Seen) -> str:
    match seen.reason:
        case "older":
            why = _("Older than %(present)s, which was in force.", present=seen.present)
        case "scope":
            why = _("It is meant for %(scope)s.", scope=seen.scope)
        case reason:
            why = _(REASONS.get(reason or "", N_("It was refused.")))
    stays = _("Policy %(n)s stayed as it was.", n=seen.present) if seen.present else _("Nothing changed.")
    return f"{why} {stays}"
