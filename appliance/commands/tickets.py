"""``boothkit tickets``: keys, issuing, importing, revoking, showing."""

import secrets
import sys
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from appliance.commands._common import Box, Send, common
from appliance.domain.events import Event
from appliance.durable import write_durably
from appliance.errors import DataError
from appliance.files import tickets as ticketfile
from appliance.ids import new_id
from appliance.journal.keys import BoxKeys
from appliance.journal.read import Reader
from appliance.owner import as_owner
from appliance.projections import tickets
from appliance.services.context import box_id

PIECE = 200


_entry = click.option(
    "--entry", type=click.Choice(["single", "multiple", "reentry"]), help="The list's rule; a new list is single."
)


@click.group()
def command() -> None:
    """Tickets: our own, signed and checked offline, and codes of other shops."""


def _event(box: Box) -> Event:
    event = box.event()
    if event is None:
        raise DataError("there is no event yet", remedy="boothkit event create")
    return event


def _define(box: Box, send: Send, list_: str, entry: str | None) -> None:
    """Make sure that the list is there: with the rule asked for, else as it is, else single entry."""
    reader = Reader(box.data)
    try:
        known = tickets.lists(reader.db())
    finally:
        reader.close()
    if entry is not None or list_ not in known:
        send("list.define", {"list": list_, "entry": entry or "single"}, new_id("cli-"))


def _event_key(box: Box, event: str) -> Ed25519PrivateKey:
    with as_owner(box.data):
        return ticketfile.event_key(box.data / "keys", event, create=True)


def _box_keys(box: Box) -> BoxKeys:
    with as_owner(box.data):
        return BoxKeys(box_id(box.config, box.data), box.data / "keys")


def _ticket_id(box: Box, code: str) -> str:
    """A plain code that is known here goes before an id that reads the same."""
    keys = _box_keys(box)
    plain = keys.plain_ticket(code)
    reader = Reader(box.data)
    try:
        known = tickets.state(reader.db(), plain) is not None
    finally:
        reader.close()
    return plain if known else ticketfile.ticket_id(code, keys)


@command.command()
@common
def keygen(box: Box) -> None:
    """Make the key that this event's tickets are signed with, if it has none yet."""
    event = _event(box).event
    key = _event_key(box, event)
    path = box.data / "keys" / f"event-{event}.pub"
    kid = ticketfile.kid(key)
    box.out({"public": str(path), "kid": kid}, f"Key {kid}: {path} may be given to other boxes.")


@command.command()
@click.option("--list", "list_", required=True, help="The check-in list.")
@_entry
@click.option("--count", type=click.IntRange(1, 100_000), required=True, help="How many.")
@click.option("--holder", "holders", multiple=True, help="Names of holders, in order.")
@click.option("--valid-from", type=click.DateTime(), help="Local time of the event from when they admit.")
@click.option("--valid-until", type=click.DateTime(), help="Local time of the event until when they admit.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV file; default: standard output.")
@common
def issue(
    box: Box, list_: str, entry: str | None, count: int, holders: tuple[str, ...], out: Path | None, **times: object
) -> None:
    """Sign new tickets and write their codes as CSV (code,holder,list)."""
    event = _event(box)
    key = _event_key(box, event.event)
    rows: list[tuple[str, str, str]] = []
    with box.recorder() as send:
        _define(box, send, list_, entry)
        for start in range(0, count, PIECE):
            piece = []
            for index in range(start, min(start + PIECE, count)):
                ticket = secrets.token_hex(12)
                holder = holders[index] if index < len(holders) else ""
                piece.append({"ticket": ticket, **({"holder": holder} if holder else {})})
                code = ticketfile.code(
                    key,
                    ticket,
                    event=event.event,
                    list_=list_,
                    valid_from=ticketfile.unix(times["valid_from"], event.timezone),
                    valid_until=ticketfile.unix(times["valid_until"], event.timezone),
                )
                rows.append((code, holder, list_))
            send("tickets.issue", {"list": list_, "tickets": piece}, new_id("cli-"))
    text = ticketfile.to_csv(rows)
    if out is None:
        sys.stdout.write(text)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8", newline="")
        box.out({"issued": count, "list": list_, "file": str(out)}, f"{count} tickets of {list_} written to {out}.")


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--list", "list_", required=True, help="The check-in list.")
@_entry
@click.option("--columns", default="code=code,holder=holder", show_default=True, help="Which column is what.")
@common
def import_(box: Box, file: Path, list_: str, entry: str | None, columns: str) -> None:
    """Take the codes of another shop's tickets from a CSV file."""
    rows = ticketfile.read_codes(file, ticketfile.columns(columns))
    keys = _box_keys(box)
    imported = known = 0
    ident = new_id("i")
    with box.recorder() as send:
        _define(box, send, list_, entry)
        for part, start in enumerate(range(0, len(rows), PIECE), 1):
            piece = [
                {"ticket": keys.plain_ticket(code), **({"holder": holder} if holder else {})}
                for code, holder in rows[start : start + PIECE]
            ]
            data = {"list": list_, "import": ident, "part": part, "tickets": piece}
            answer = send("tickets.import", data, f"{ident}-{part}").answer
            imported, known = imported + answer["imported"], known + answer["known"]
    box.out(
        {"imported": imported, "known": known}, f"{imported} tickets imported into {list_}, {known} were there already."
    )


@command.group()
def keys() -> None:
    """Keys of tickets that this box accepts."""


@keys.command("add")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@common
def keys_add(box: Box, file: Path) -> None:
    """Accept tickets signed with this key (PEM, Ed25519)."""
    raw = file.read_bytes()
    try:
        public = load_pem_public_key(raw)
    except ValueError as error:
        raise DataError(f"{file}: not a PEM public key: {error}") from error
    name = f"event-{ticketfile.kid_of(public, file)}.pub"
    with as_owner(box.data):
        write_durably(box.data / "keys" / name, raw, 0o644)
    box.out({"public": name}, f"Tickets of this key are accepted from now on ({name}).")


@command.command()
@click.argument("code")
@common
def revoke(box: Box, code: str) -> None:
    """Refuse a ticket from now on, by its code or its id."""
    ticket = _ticket_id(box, code)
    box.send("ticket.revoke", {"ticket": ticket})
    box.out({"ticket": ticket}, f"Ticket {ticket} is revoked.")


@command.command()
@click.argument("code")
@common
def show(box: Box, code: str) -> None:
    """What this box knows of a ticket."""
    ticket = _ticket_id(box, code)
    reader = Reader(box.data)
    try:
        state = tickets.state(reader.db(), ticket)
    finally:
        reader.close()
    if state is None:
        box.out({"ticket": ticket, "known": False}, f"Ticket {ticket}: not known here.")
        raise click.exceptions.Exit(1)
    answer = {
        "ticket": ticket,
        "known": True,
        "list": state.list,
        "entries": state.entries,
        "inside": state.inside,
        "revoked": state.revoked,
        "first_at": state.first.at if state.first else None,
    }
    box.out(answer, "\n".join(f"{key}: {value}" for key, value in answer.items()))
