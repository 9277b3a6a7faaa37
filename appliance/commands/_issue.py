"""New tickets of a list: signed, recorded, and what their QR codes carry. For ``tickets issue`` and claim links."""

import secrets
from dataclasses import dataclass
from typing import Any

from appliance.commands._common import Box, Send
from appliance.errors import DataError
from appliance.files import tickets as ticketfile
from appliance.ids import new_id
from appliance.journal.read import Reader
from appliance.owner import as_owner
from appliance.projections import lists

PIECE = 200


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """``entry``: the list's rule, None = as it is; ``holders``: names, in order; ``valid_from``, ``valid_until``: local
    times of the event."""

    list: str
    count: int
    entry: str | None = None
    holders: tuple[str, ...] = ()
    product: str | None = None
    session: str | None = None
    valid_from: object = None
    valid_until: object = None


def issue(box: Box, wanted: Wanted) -> list[tuple[str, str]]:
    """Code and holder of each new ticket. DataError: there is no event."""
    event = box.event()
    if event is None:
        raise DataError("there is no event yet", remedy="boothkit event create")
    with as_owner(box.data):
        key = ticketfile.event_key(box.data / "keys", event.event, create=True)
    since = ticketfile.unix(wanted.valid_from, event.timezone)
    until = ticketfile.unix(wanted.valid_until, event.timezone)
    about = {"product": wanted.product, "session": wanted.session, "valid_from": since, "valid_until": until}
    said = {name: value for name, value in about.items() if value is not None}
    rows: list[tuple[str, str]] = []
    with box.recorder() as send:
        define(box, send, wanted.list, wanted.entry)
        for start in range(0, wanted.count, PIECE):
            piece: list[dict[str, Any]] = []
            for index in range(start, min(start + PIECE, wanted.count)):
                ticket = secrets.token_hex(12)
                holder = wanted.holders[index] if index < len(wanted.holders) else ""
                piece.append({"ticket": ticket, **({"holder": holder} if holder else {}), **said})
                code = ticketfile.code(
                    key, ticket, event=event.event, list_=wanted.list, valid_from=since, valid_until=until
                )
                rows.append((code, holder))
            send("tickets.issue", {"list": wanted.list, "tickets": piece}, new_id("cli-"))
    return rows


def define(box: Box, send: Send, list_: str, entry: str | None) -> None:
    """Make sure that the list is there: with the rule asked for, else as it is, else single entry."""
    reader = Reader(box.data)
    try:
        known = lists.lists(reader.db())
    finally:
        reader.close()
    if entry is not None or list_ not in known:
        send("list.define", {"list": list_, **({"entry": entry} if entry else {})}, new_id("cli-"))
