"""The books: what was sold, by item, hour, cashier, tender, VAT rate or category; the Z reports; all of it as files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request

from appliance.domain.events import Event
from appliance.domain.reports import By
from appliance.language import N_
from appliance.projections import events, turnover
from web.common.language import _
from web.till import auth, frame, hourplot
from web.till.api.reports import by_of, event_of, one_moment
from web.till.deps import deps, here

blueprint = Blueprint("books", __name__)

_NAMES: dict[By, str] = {
    "item": N_("Item"),
    "hour": N_("Hour"),
    "cashier": N_("Cashier"),
    "tender": N_("Tender"),
    "vat": N_("VAT"),
    "category": N_("Category"),
}
_TENDERS = {"cash": N_("Cash"), "card": N_("Card"), "voucher": N_("Voucher"), "token": N_("Token")}


@dataclass(frozen=True)
class Row:
    """A row of a table, all of it words: ``title``, and under each heading a cell."""

    title: str
    cells: tuple[str, ...]


@blueprint.get("/books")
@auth.for_roles("lead")
def page() -> str:
    """Everything; ``by`` and ``event``: in the query."""
    if events.current(deps().reader.db()) is None:
        return frame.render("books.html", tab="lead.page", shown=None)
    return frame.render("books.html", tab="lead.page", **_now())


@blueprint.get("/books/now")
@auth.for_roles("lead")
def now() -> str:
    """The same again."""
    return render_template("_books_now.html", **_now())


def _now() -> dict[str, Any]:
    event, by = event_of(request.args.get("event")), by_of(request.args.get("by", "item"))
    with one_moment() as db:
        report, hours = turnover.report(db, event, by), turnover.report(db, event, "hour")
        earlier = [one for one in events.every(db) if one.event != event.event]
    words, total = here().wording, report["total"]

    def money(minor: int) -> str:
        return words.money(minor, event.currency)

    headings, rows = _table(by, report["rows"], event, money)
    return {
        "shown": event,
        "by": by,
        "names": _NAMES,
        "figures": [
            (_("Turnover"), money(total["gross"])),
            (_("VAT"), money(total["tax"])),
            (_("Sales"), words.number(total["n"])),
            (_("Refunds"), words.number(total["refunds"])),
        ],
        "headings": headings,
        "rows": rows,
        "total": _cells(by, total, money),
        "rounding": money(total["rounding"]) if by == "tender" and total["rounding"] else "",
        "plot": hourplot.hours(hours["rows"]),
        "hour": lambda at: _hour(at, event, hours["rows"]),
        "edge": lambda at: _edge(at, event, hours["rows"]),
        "money": money,
        "zs": [
            {
                **z,
                "at": f"{words.day(z['at'], event.timezone)}, {words.time(z['at'], event.timezone)}",
                "turnover": money(z["turnover"]),
                "variance": money(z["variance"]) if z["variance"] else "",
            }
            for z in report["zs"]
        ],
        "open": [{**one, "turnover": money(one["turnover"])} for one in report["open"]],
        "earlier": earlier,
    }


def _table(
    by: By, rows: list[dict[str, Any]], event: Event, money: Callable[[int], str]
) -> tuple[tuple[str, ...], list[Row]]:
    """Headings of the cells, and the rows."""
    headings: tuple[str, ...]
    if by == "tender":
        headings = (_("Sales"), _("Refunds"), _("Taken"))
    elif by == "item":
        headings = (_("Quantity"), _("Gross"), _("VAT"), _("Net"))
    else:
        headings = (_("Sales"), _("Refunds"), _("Gross"), _("VAT"), _("Net"))
    staff = {f"staff:{one.id}": one.name for one in deps().secrets.staff()} if by == "cashier" else {}

    def title(row: dict[str, Any]) -> str:
        match by:
            case "item":
                return str(row["name"])
            case "hour":
                return _hour(row["hour"], event, rows)
            case "cashier":
                return staff.get(row["cashier"]) or str(row["cashier"]).removeprefix("staff:")
            case "tender":
                return _(_TENDERS[row["tender"]]) if row["tender"] in _TENDERS else str(row["tender"])
            case "vat":
                return here().wording.percent(row["vat"])
            case "category":
                return str(row["category"] or "") or _("No category")

    return headings, [Row(title(row), _cells(by, row, money)) for row in rows]


def _cells(by: By, row: dict[str, Any], money: Callable[[int], str]) -> tuple[str, ...]:
    number = here().wording.number
    if by == "tender":
        return number(row["n"]), number(row["refunds"]), money(row["amount"])
    amounts = money(row["gross"]), money(row["tax"]), money(row["net"])
    if by == "item":
        return (_quantity(row), *amounts)
    return number(row["n"]), number(row["refunds"]), *amounts


def _quantity(row: dict[str, Any]) -> str:
    """Pieces, or grams as kilograms; of the total nothing, since pieces and kilograms are no sum."""
    if "qty" not in row:
        return ""
    number = here().wording.number
    return f"{number(row['qty'] / 1000)}\N{NO-BREAK SPACE}kg" if row["unit"] == "gram" else number(row["qty"])


def _hour(at: str, event: Event, rows: list[dict[str, Any]]) -> str:
    """With its day when there are several."""
    words = here().wording
    time = words.time(at, event.timezone)
    return f"{words.day(at, event.timezone)}, {time}" if _days(rows) > 1 else time


def _edge(at: str, event: Event, rows: list[dict[str, Any]]) -> str:
    """Of the plot, where there is little room: the hour, or the day when there are several."""
    words = here().wording
    return words.day(at, event.timezone) if _days(rows) > 1 else words.time(at, event.timezone)


def _days(rows: list[dict[str, Any]]) -> int:
    return len({row["hour"][:10] for row in rows})
