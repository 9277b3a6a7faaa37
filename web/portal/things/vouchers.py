"""Come-back vouchers of a guest: what each pays, from when to when."""

from appliance.clock import rfc3339
from appliance.projections import events, vouchers
from appliance.projections.vouchers import Held
from web.common.language import _
from web.portal import guest as guests
from web.portal.deps import here
from web.portal.things import Thing


def of(guest: str, code: str) -> list[Thing]:
    """Those that still pay with what their QR says, which only the recorder signs."""
    held = vouchers.of_guest(here().deps.reader.db(), guest)
    codes = guests.ask("guest.vouchers", code)["codes"] if any(one.pays for one in held) else {}
    return [_thing(one, codes.get(one.granted.voucher, "")) for one in held]


def _thing(one: Held, code: str) -> Thing:
    granted, words = one.granted, here().wording
    event = events.get(here().deps.reader.db(), one.event)
    zone = event.timezone if event else "UTC"
    worth = words.money(one.pays or granted.amount, granted.currency)
    stamp = ""
    if not one.pays:
        stamp = _("Used %(when)s", when=words.time(one.used_at, zone)) if one.used_at else _("Used")
    return Thing(
        sort="voucher",
        id=granted.voucher,
        label=_("Come-back voucher"),
        title=_("%(amount)s off", amount=worth),
        detail="" if stamp else _terms(one, zone),
        code=code,
        stamp=stamp,
        order=10,
    )


def _terms(one: Held, zone: str) -> str:
    granted, words = one.granted, here().wording
    said = _("Once, on a purchase from %(minimum)s on.", minimum=words.money(granted.minimum, granted.currency))
    if granted.valid_from is None or granted.valid_until is None:
        return said
    first, last = (rfc3339(second * 1000) for second in (granted.valid_from, granted.valid_until - 1))
    return said + " " + _("Valid %(first)s to %(last)s.", first=words.day(first, zone), last=words.day(last, zone))
