"""A receipt by its token: the paper's words, and how far the box has proved them."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, make_response, render_template, url_for

from appliance.errors import Problem
from appliance.journal.book import Seal
from appliance.journal.notes import b64, proof_text
from appliance.journal.read import SignedHead
from appliance.projections import events, refunds
from appliance.receipts import check, face, layout
from appliance.receipts.check import Promise, Refused
from appliance.receipts.handout import handout
from appliance.receipts.token import address
from web.common.paper import parts
from web.portal import pages
from web.portal.deps import here

blueprint = Blueprint("receipt", __name__)

REFUSAL_S = 0.02
"""Refusals leave at multiples of this, so that how long one takes says nothing of how far the token got."""


@blueprint.get("/r/<token>")
def page(token: str) -> Response:
    """The receipt, *promised* until a checkpoint covers it, then *proved*; JSON for who accepts that."""
    found = _read(token)
    if isinstance(found, Refused):
        return _refusal(found)
    head = here().book.head(found.log, found.seq)
    back = refunds.of_sale(here().deps.reader.db(), found.sale["sale"])["refunds"]
    state = f"{head.size}{'w' if head.cosigned else ''}" if head else "promised"
    state += f"b{len(back)}" if back else ""
    json = pages.wants_json()

    def make() -> Response | str:
        seal = here().book.seal(head, found.key, found.seq, found.leaf) if head else None
        return jsonify(_summary(found, back, seal)) if json else _render(token, found, back, head, seal)

    response = here().fresh.answer(f"{state}{'j' if json else ''}", make)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Accept")
    return response


@blueprint.get("/r/<token>/proof")
def proof(token: str) -> Response:
    """The proof as a file (C2SP tlog-proof) whose ``extra`` is the token: together they stand without this box."""
    found = _read(token)
    if isinstance(found, Refused):
        return _refusal(found)
    head = here().book.head(found.log, found.seq)
    if head is None:
        raise Problem("not-found", "this receipt is promised; no checkpoint covers it yet", "Ask again in 5 minutes.")
    seal = here().book.seal(head, found.key, found.seq, found.leaf)
    text = proof_text(found.seq - 1, seal.path, seal.checkpoint, found.token)
    response = Response(text, content_type="text/plain; charset=utf-8")
    name = f"receipt-{found.sale['number']}.tlog-proof"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _read(token: str) -> Promise | Refused:
    """What the token is worth; every refusal takes the same time."""
    monotonic = here().deps.monotonic
    start = monotonic()
    found = check.read(here().book, token)
    if isinstance(found, Refused):
        time.sleep(REFUSAL_S - (monotonic() - start) % REFUSAL_S)
    return found


def _refusal(found: Refused) -> Response:
    if pages.wants_json():
        nothing = dict.fromkeys(("level", "sale", "number", "total", "currency"))
        return make_response(jsonify({"valid": False, **nothing, "why": found.why}), 404)
    return make_response(render_template("refused.html", found=found), 404)


def _summary(found: Promise, back: list[dict[str, Any]], seal: Seal | None) -> dict[str, Any]:
    sale = found.sale
    why = "the box signed it; no checkpoint covers it yet"
    if seal:
        why = f"fact {found.seq} of {found.key.name} is under its signed root over {seal.size} facts"
    said = {name: sale[name] for name in ("sale", "number", "total", "currency")}
    gone = [
        {name: one[name] for name in ("kind", "number", "at", "total")}
        | {"lines": [{name: line[name] for name in ("line", "qty", "total")} for line in one["lines"]]}
        for one in back
    ]
    more = {"given_back": gone} if gone else {}
    level = "proved" if seal else "promised"
    return {"valid": True, "level": level, **said, "lines": face.lines(sale), **more, "why": why}


def _render(token: str, found: Promise, back: list[dict[str, Any]], head: SignedHead | None, seal: Seal | None) -> str:
    event = events.get(here().deps.reader.db(), found.event)
    name, zone = (event.name, event.timezone) if event else ("", "UTC")
    url = address(here().deps.config.portal.public_url, token)
    words = here().wording
    elements = layout.receipt(
        found.sale, event_name=name, timezone=zone, url=url, locale=words.language, back=_below(back, zone)
    )
    sealed = None
    if seal:
        sealed = {
            "size": words.number(seal.size),
            "root": b64(seal.root),
            "upto": _when(datetime.fromisoformat(seal.upto), zone),
            "witnessed": seal.witnessed and _when(datetime.fromtimestamp(seal.witnessed, UTC), zone),
        }
    return render_template(
        "receipt.html",
        token=token,
        event=name,
        number=found.sale["number"],
        place=words.number(found.seq),
        origin=found.key.name,
        parts=parts(elements),
        origins=_origins(found.sale),
        seal=sealed,
        check=_check(found, head),
        back=[_given_back(one, zone) for one in back],
    )


@dataclass(frozen=True)
class Origin:
    """Where one thing comes from; texts are empty where nothing is known."""

    name: str
    maker: str
    lot: str
    link: str


def _origins(sale: dict[str, Any]) -> list[Origin]:
    """Of each thing once, in the order of the lines; of what has neither maker nor lot nor number, nothing."""
    every = (
        Origin(line["name"], line.get("maker", ""), line.get("lot", ""), line.get("digital_link", ""))
        for line in face.lines(sale)
    )
    return list(dict.fromkeys(one for one in every if one.maker or one.lot or one.link))


def _below(back: list[dict[str, Any]], zone: str) -> dict[int, list[str]]:
    """What is said below each line of which something went back; of a void, which is all of them, nothing."""
    words, said = here().wording, dict[int, list[str]]()
    for one in back:
        for line in one["lines"] if one["kind"] == "refund" else ():
            if line.get("taken"):  # a deposit that was given back, and is kept again
                continue
            text = words.gettext(
                "%(piece)s given back at %(when)s: %(amount)s",
                piece=_piece(line),
                when=_when(datetime.fromisoformat(one["at"]), zone),
                amount=words.money(line["total"], one["currency"]),
            )
            said.setdefault(line["line"], []).append(text)
    return said


def _given_back(one: dict[str, Any], zone: str) -> dict[str, Any]:
    """A void or a refund as the guest may read it: no word of why, or by whom."""
    words, currency = here().wording, one["currency"]
    moved = [tender for tender in one["tenders"] if not tender.get("declined") and tender["kind"] != "token"]
    return {
        "void": one["kind"] == "void",
        "number": one["number"],
        "when": _when(datetime.fromisoformat(one["at"]), zone),
        "amount": words.money(one["total"], currency),
        "lines": [_piece(line) for line in one["lines"]],
        "ways": [(tender["kind"], words.money(tender["amount"], currency)) for tender in moved],
    }


def _piece(line: dict[str, Any]) -> str:
    if line.get("unit") == "gram":
        return f"{line['qty']}\N{NO-BREAK SPACE}g {line['name']}"
    return str(line["name"]) if line["qty"] == 1 else f"{line['qty']} × {line['name']}"


def _check(found: Promise, head: SignedHead | None) -> str:
    """The page that checks it, with all it needs behind the #: a browser sends that part nowhere."""
    text = handout(here().book, found, head, here().deps.config.central.key)
    return f"{url_for('verify.page')}#check={quote(text, safe='/+=')}"


def _when(at: datetime, zone: str) -> str:
    """As the paper writes it: a receipt is looked at years later."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
