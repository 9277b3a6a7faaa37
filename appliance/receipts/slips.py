"""Slips that are no receipts: the kit check's test slip and its sheet, tickets, refunds."""

import platform
from datetime import datetime
from importlib import metadata
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from appliance.domain.kitplan import Place
from appliance.domain.lists import CheckinList
from appliance.domain.receipts import SlipKind
from appliance.errors import Problem
from appliance.projections import books, events, kit, kitwords, lists, refunds, walkups
from appliance.projections.kit import Check, Db
from appliance.receipts import refund, tickets, zreport
from appliance.receipts.layout import Code, Element, Line, Row, Rule, Title
from appliance.receipts.wording import Wording

LETTERS = "ÄÖÜ äöü ß € é ç ñ"
"""Letters that a wrong code page shows as others."""
_NARROW = 35
"""Columns that no printer for 80 mm paper is below."""


def elements(db: Db, slip: dict[str, Any], *, printer: dict[str, Any], code: str = "") -> list[Element]:
    """What is on a slip. ``slip``: as ``paper.slip`` gives it; ``printer``: ``columns`` and ``profile`` of the printer,
    where known, and what its page shows; ``code``: what a ticket's QR says.

    Raises Problem ``not-found`` for a check or a ticket that is not in the journal.
    """
    slip_kind: SlipKind = slip["kind"]
    match slip_kind:
        case "kit-test":
            return _test(db, _check(db, slip), slip, printer)
        case "kit-sheet":
            return _sheet(db, _check(db, slip), slip)
        case "ticket":
            return _ticket(db, slip, code)
        case "refund":
            return _refund(db, slip)
        case "x-report" | "z-report":
            return _report(db, slip)
        case _:
            assert_never(slip_kind)


def number(slip: str) -> str:
    """A slip's id as people compare it: its last four characters."""
    return slip[-4:].upper()


def took(ready: dict[str, Any]) -> str:
    """How long a check took, in words. ``ready``: data of ``kit.ready``."""
    span = Wording().span(ready["seconds"])
    at_least = "" if ready["exact"] else "at least "
    return f"{at_least}{span} since {'power came on' if ready['since'] == 'power' else 'the check began'}"


def within(ready: dict[str, Any]) -> str:
    """Whether that was quick enough."""
    target = Wording().span(ready["target"])
    return f"within {target}" if ready["seconds"] <= ready["target"] else f"longer than {target}"


def _check(db: Db, slip: dict[str, Any]) -> Check:
    check = kit.get(db, slip["about"])
    if check is None:
        raise Problem("not-found", f"check {slip['about']} of a slip is not in the journal")
    return check


def _ticket(db: Db, slip: dict[str, Any], code: str) -> list[Element]:
    issued = walkups.get(db, slip["about"])
    event = events.get(db, issued.event) if issued else None
    if issued is None or event is None:
        raise Problem("not-found", f"ticket {slip['about']} of a slip is not in the journal")
    terms = lists.lists(db).get(issued.list, CheckinList(issued.list))
    return tickets.ticket(
        issued, event_name=event.name, timezone=event.timezone, entry=terms.entry, code=code, copy=slip["copy"]
    )


def _report(db: Db, slip: dict[str, Any]) -> list[Element]:
    found = books.report(db, slip["about"])
    event = events.get(db, found["event"]) if found else None
    if found is None or event is None:
        raise Problem("not-found", f"report {slip['about']} of a slip is not in the journal")
    return zreport.report(found, event_name=event.name, timezone=event.timezone, copy=slip["copy"])


def _refund(db: Db, slip: dict[str, Any]) -> list[Element]:
    back = refunds.get(db, slip["about"])
    event = events.get(db, back["event"]) if back else None
    if back is None or event is None:
        raise Problem("not-found", f"refund {slip['about']} of a slip is not in the journal")
    return refund.refund(back, event_name=event.name, timezone=event.timezone, copy=slip["copy"])


def _test(db: Db, check: Check, slip: dict[str, Any], printer: dict[str, Any]) -> list[Element]:
    event = events.current(db)
    columns, profile = printer.get("columns"), printer.get("profile")
    paper = []
    if isinstance(columns, int):
        paper += [f"{58 if columns <= _NARROW else 80} mm paper", f"{columns} columns"]
    if isinstance(profile, str) and profile:
        paper.append(profile)
    return [
        Title("Boothkit"),
        Line(event.name if event else "No event yet", centred=True),
        Row(f"Box {kit.signed_by(db)[0]}", slip["printer"]),
        Rule(),
        *([Line(", ".join(paper))] if paper else []),
        Line(LETTERS),
        Row(f"Slip {number(slip['slip'])}", _local(db, slip["at"])),
        Rule(),
        Code(check.code),
        Line("Test slip. Scan it with each scanner.", centred=True),
    ]


def _sheet(db: Db, check: Check, slip: dict[str, Any]) -> list[Element]:
    if check.ready is None or check.ready_at is None:
        raise Problem("not-found", f"check {check.kit} is not finished")
    box, fingerprint = kit.signed_by(db)
    found: list[Element] = [Title("Kit check")]
    if slip["copy"]:
        found.append(Line(f"DUPLICATE {slip['copy']}", centred=True, bold=True))
    found += [
        Row(f"Box {box}", _local(db, check.ready_at)),
        Line(f"Ready {took(check.ready)}", bold=True),
        Line(f"That is {within(check.ready)}. Starts of the box: {check.ready['boots']}."),
        Rule(),
    ]
    times = {(place.step, place.device): answer.at for place, answer in kit.answers(db, check.kit).items()}
    for step in check.ready["steps"]:
        found += _result(db, step, times.get((step["step"], step["device"])))
    found += [
        Rule(),
        Line("This box's key"),
        Line(fingerprint),
        Line(f"Boothkit {metadata.version('boothkit')}, Python {platform.python_version()}"),
        Line(f"{platform.system()} {platform.release()}"),
        Line(f"Check {check.kit}", centred=True),
    ]
    return found


def _result(db: Db, step: dict[str, Any], at: str | None) -> list[Element]:
    """One step: how it ended, and on whose word."""
    place = Place(step["step"], step["device"])
    told = [kitwords.OUTCOMES[step["outcome"]].lower()]
    if step["outcome"] == "passed":
        told.append(kitwords.PROOFS[step["proof"]])
    elif why := kitwords.reason(place, step.get("reason")):
        told.append(why.lower())
    if step["by"] != "box":
        told.append(f"by {step['by']}")
    head = Row(kitwords.title(place), _local(db, at, "%H:%M") if at else "", bold=True)
    return [head, Line("  " + ", ".join(told))]


def _local(db: Db, at: str, shape: str = "%Y-%m-%d %H:%M") -> str:
    event = events.current(db)
    return format(datetime.fromisoformat(at).astimezone(ZoneInfo(event.timezone if event else "UTC")), shape)
