"""Slips that are no receipts: the kit check's test slip and its sheet, tickets, refunds, the way into the Wi-Fi."""

import platform
from datetime import datetime
from importlib import metadata
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from appliance.config import Config
from appliance.domain.kitplan import Place
from appliance.domain.lists import CheckinList
from appliance.domain.receipts import SlipKind
from appliance.errors import Problem
from appliance.language import N_
from appliance.projections import books, events, kit, kitwords, lists, refunds, walkups
from appliance.projections.kit import Check, Db
from appliance.receipts import refund, tickets, wifi, zreport
from appliance.receipts.layout import Code, Element, Line, Row, Rule, Title
from appliance.receipts.wording import Wording

LETTERS = "ÄÖÜ äöü ß € é ç ñ"
"""Letters that a wrong code page shows as others."""
_NARROW = 35
"""Columns that no printer for 80 mm paper is below."""


def elements(
    db: Db,
    slip: dict[str, Any],
    *,
    printer: dict[str, Any],
    code: str = "",
    locale: str = "en",
    config: Config | None = None,
) -> list[Element]:
    """What is on a slip. ``slip``: as ``paper.slip`` gives it; ``printer``: ``columns`` and ``profile`` of the printer,
    where known, and what its page shows; ``code``: what a ticket's QR says; ``config``: what names the guests' Wi-Fi.

    Raises Problem ``not-found`` for a check or a ticket that is not in the journal.
    """
    slip_kind: SlipKind = slip["kind"]
    match slip_kind:
        case "kit-test":
            return _test(db, _check(db, slip), slip, printer, Wording(locale))
        case "kit-sheet":
            return _sheet(db, _check(db, slip), slip, Wording(locale))
        case "ticket":
            return _ticket(db, slip, code, locale)
        case "refund":
            return _refund(db, slip, locale)
        case "x-report" | "z-report":
            return _report(db, slip, locale)
        case "wifi":
            event = events.current(db)
            return wifi.slip(config or Config(), event.name if event else "", Wording(locale))
        case _:
            assert_never(slip_kind)


def number(slip: str) -> str:
    """A slip's id as people compare it: its last four characters."""
    return slip[-4:].upper()


def took(ready: dict[str, Any], words: Wording) -> str:
    """How long a check took, in words. ``ready``: data of ``kit.ready``."""
    span = words.span(ready["seconds"])
    if ready["since"] == "power":
        said = N_("%(span)s since power came on") if ready["exact"] else N_("at least %(span)s since power came on")
    else:
        said = N_("%(span)s since the check began") if ready["exact"] else N_("at least %(span)s since the check began")
    return words.gettext(said, span=span)


def within(ready: dict[str, Any], words: Wording) -> str:
    """Whether that was quick enough."""
    said = N_("within %(time)s") if ready["seconds"] <= ready["target"] else N_("longer than %(time)s")
    return words.gettext(said, time=words.span(ready["target"]))


def _check(db: Db, slip: dict[str, Any]) -> Check:
    check = kit.get(db, slip["about"])
    if check is None:
        raise Problem("not-found", f"check {slip['about']} of a slip is not in the journal")
    return check


def _ticket(db: Db, slip: dict[str, Any], code: str, locale: str) -> list[Element]:
    issued = walkups.get(db, slip["about"])
    event = events.get(db, issued.event) if issued else None
    if issued is None or event is None:
        raise Problem("not-found", f"ticket {slip['about']} of a slip is not in the journal")
    terms = lists.lists(db).get(issued.list, CheckinList(issued.list))
    return tickets.ticket(
        issued,
        event_name=event.name,
        timezone=event.timezone,
        entry=terms.entry,
        code=code,
        copy=slip["copy"],
        locale=locale,
    )


def _report(db: Db, slip: dict[str, Any], locale: str) -> list[Element]:
    found = books.report(db, slip["about"])
    event = events.get(db, found["event"]) if found else None
    if found is None or event is None:
        raise Problem("not-found", f"report {slip['about']} of a slip is not in the journal")
    return zreport.report(found, event_name=event.name, timezone=event.timezone, copy=slip["copy"], locale=locale)


def _refund(db: Db, slip: dict[str, Any], locale: str) -> list[Element]:
    back = refunds.get(db, slip["about"])
    event = events.get(db, back["event"]) if back else None
    if back is None or event is None:
        raise Problem("not-found", f"refund {slip['about']} of a slip is not in the journal")
    return refund.refund(back, event_name=event.name, timezone=event.timezone, copy=slip["copy"], locale=locale)


def _test(db: Db, check: Check, slip: dict[str, Any], printer: dict[str, Any], words: Wording) -> list[Element]:
    _, event = words.gettext, events.current(db)
    columns, profile = printer.get("columns"), printer.get("profile")
    paper = []
    if isinstance(columns, int):
        paper += [
            _("%(mm)s mm paper", mm=58 if columns <= _NARROW else 80),
            _("%(n)s columns", n=columns),
        ]
    if isinstance(profile, str) and profile:
        paper.append(profile)
    return [
        Title("Boothkit"),
        Line(event.name if event else _("No event yet"), centred=True),
        Row(_("Box %(box)s", box=kit.signed_by(db)[0]), slip["printer"]),
        Rule(),
        *([Line(", ".join(paper))] if paper else []),
        Line(LETTERS),
        Row(_("Slip %(number)s", number=number(slip["slip"])), _local(db, slip["at"])),
        Rule(),
        Code(check.code),
        Line(_("Test slip. Scan it with each scanner."), centred=True),
    ]


def _sheet(db: Db, check: Check, slip: dict[str, Any], words: Wording) -> list[Element]:
    if check.ready is None or check.ready_at is None:
        raise Problem("not-found", f"check {check.kit} is not finished")
    _ = words.gettext
    box, fingerprint = kit.signed_by(db)
    found: list[Element] = [Title(_("Kit check"))]
    if slip["copy"]:
        found.append(Line(f"DUPLICATE {slip['copy']}", centred=True, bold=True))
    found += [
        Row(_("Box %(box)s", box=box), _local(db, check.ready_at)),
        Line(_("Ready %(took)s", took=took(check.ready, words)), bold=True),
        Line(
            _(
                "That is %(within)s. Starts of the box: %(n)s.",
                within=within(check.ready, words),
                n=check.ready["boots"],
            )
        ),
        Rule(),
    ]
    times = {(place.step, place.device): answer.at for place, answer in kit.answers(db, check.kit).items()}
    for step in check.ready["steps"]:
        found += _result(db, step, times.get((step["step"], step["device"])), words)
    found += [
        Rule(),
        Line(_("This box's key")),
        Line(fingerprint),
        Line(f"Boothkit {metadata.version('boothkit')}, Python {platform.python_version()}"),
        Line(f"{platform.system()} {platform.release()}"),
        Line(_("Check %(kit)s", kit=check.kit), centred=True),
    ]
    return found


def _result(db: Db, step: dict[str, Any], at: str | None, words: Wording) -> list[Element]:
    """One step: how it ended, and on whose word."""
    _, place = words.gettext, Place(step["step"], step["device"])
    said = _(kitwords.OUTCOMES[step["outcome"]])
    if step["outcome"] == "passed":
        said += f", {_(kitwords.PROOFS[step['proof']])}"
    elif why := kitwords.reason(place, step.get("reason")):
        said += f": {_(why)}"
    if step["by"] != "box":
        said += ", " + _("by %(source)s", source=_(step["by"]))
    head = Row(kitwords.title(place, _), _local(db, at, "%H:%M") if at else "", bold=True)
    return [head, Line(f"  {said}")]


def _local(db: Db, at: str, shape: str = "%Y-%m-%d %H:%M") -> str:
    event = events.current(db)
    return format(datetime.fromisoformat(at).astimezone(ZoneInfo(event.timezone if event else "UTC")), shape)
