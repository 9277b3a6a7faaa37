"""``boothkit tickets``: keys, issuing, importing, marking, looking up; lists and gates."""

import base64
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from appliance.commands import _access, _issue, _lists
from appliance.commands._common import Box, common
from appliance.domain.events import Event
from appliance.domain.policy import public_key
from appliance.domain.tickets import Mark
from appliance.domain.tokens import key_kid
from appliance.durable import write_durably
from appliance.errors import DataError
from appliance.files import codes
from appliance.files import tickets as ticketfile
from appliance.files.imports import pieces
from appliance.ids import new_id
from appliance.journal.keys import BoxKeys, read_key
from appliance.journal.read import Reader
from appliance.owner import as_owner
from appliance.private.people import People
from appliance.projections import door, policy, tickets, tokens
from appliance.services.context import box_id

PIECE = 200
SHOWN = 20
"""Faulty rows that are printed; their number is in the answer."""


_entry = click.option(
    "--entry", type=click.Choice(["single", "multiple", "reentry"]), help="The list's rule; a new list is single."
)


@click.group()
def command() -> None:
    """Tickets: our own, signed and checked offline, those of pretix, and codes of any other shop."""


command.add_command(_lists.define)
command.add_command(_lists.gate)
command.add_command(_lists.show_lists, "lists")


def _event(box: Box) -> Event:
    event = box.event()
    if event is None:
        raise DataError("there is no event yet", remedy="boothkit event create")
    return event


def _event_key(box: Box, event: str) -> Ed25519PrivateKey:
    with as_owner(box.data):
        return ticketfile.event_key(box.data / "keys", event, create=True)


def _ticket_id(box: Box, reader: Reader, code: str) -> str:
    """Another shop's code that is known here goes before an id that reads the same."""
    with as_owner(box.data):
        keys = BoxKeys(box_id(box.config, box.data), box.data / "keys")
    plain = keys.plain_ticket(code)
    return plain if tickets.state(reader.db(), plain, "") is not None else ticketfile.ticket_id(code, keys)


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
@click.option("--list", "list_", help="The check-in list.")
@click.option("--access", "sku", help="In place of a list: access tokens that pay one piece each of this item.")
@_entry
@click.option("--count", type=click.IntRange(1, 100_000), required=True, help="How many.")
@click.option("--holder", "holders", multiple=True, help="Names of holders, in order.")
@click.option("--product", help="What the tickets are called.")
@click.option("--session", help="The session that they are for.")
@click.option("--valid-from", type=click.DateTime(), help="Local time of the event from when they admit.")
@click.option("--valid-until", type=click.DateTime(), help="Local time of the event until when they admit.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV file; default: standard output.")
@common
def issue(
    box: Box,
    list_: str | None,
    sku: str | None,
    entry: str | None,
    count: int,
    holders: tuple[str, ...],
    product: str | None,
    session: str | None,
    out: Path | None,
    **times: object,
) -> None:
    """Sign new tickets and write their codes as CSV (code,holder,list), or access tokens (code,sku)."""
    event = _event(box)
    valid = {name: ticketfile.unix(times[name], event.timezone) for name in ("valid_from", "valid_until")}
    if sku is not None:
        if list_ or entry or holders or product or session:
            raise click.UsageError("--access takes --count, --valid-from, --valid-until and --out only")
        _access.issue(box, sku, count, _event_key(box, event.event), event.event, valid, out)
        return
    if list_ is None:
        raise click.UsageError("Missing option '--list' or '--access'.")
    wanted = _issue.Wanted(
        list=list_, count=count, entry=entry, holders=holders, product=product, session=session, **times
    )
    text = ticketfile.to_csv([(code, holder, list_) for code, holder in _issue.issue(box, wanted)])
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
@click.option(
    "--columns", help="Which column is what, such as code=Barcode,holder=First name+Last name; default: guessed."
)
@click.option("--yes", is_flag=True, help="Take the guess without asking.")
@common
def import_(box: Box, file: Path, list_: str, entry: str | None, columns: str | None, yes: bool) -> None:
    """Take the codes of another shop's tickets from a CSV file. The same export again brings the list up to date."""
    raw = file.read_bytes()
    table = codes.look(raw, file.name)
    chosen = table.guess if columns is None else codes.parse_columns(columns)
    codes.check_columns(table, chosen)
    if columns is None and not yes and not box.json:
        _confirm(table, chosen)
    sums = {"imported": 0, "known": 0, "changed": 0}
    faults: list[codes.RowFault] = []
    with box.recorder() as send:
        _issue.define(box, send, list_, entry)
        for piece in pieces(raw, file.name, chosen, list_, new_id("imp-")):
            faults += piece.faults
            if piece.data["tickets"]:
                answer = send("tickets.import", piece.data, piece.id).answer
                sums = {name: so_far + answer[name] for name, so_far in sums.items()}
    words = f"{sums['imported']} tickets imported into {list_}, {sums['known']} were there already"
    words += f" ({sums['changed']} of them changed)." if sums["changed"] else "."
    left = [f"{file.name}, line {fault.line}: {fault.why}. {fault.remedy}" for fault in faults]
    more = [f"… and {len(left) - SHOWN} more rows"] if len(left) > SHOWN else []
    said = [{"line": fault.line, "why": fault.why, "remedy": fault.remedy} for fault in faults[:SHOWN]]
    answer = {**sums, "columns": {role: list(names) for role, names in chosen.items()}}
    box.out({**answer, "left_out": len(faults), "faults": said}, "\n".join([words, *left[:SHOWN], *more]))
    if faults:
        raise click.exceptions.Exit(1)


def _confirm(table: codes.Table, columns: codes.Columns) -> None:
    """Show what the columns were taken for; a person is asked, a script is not."""
    click.echo(f"{table.rows} rows, {table.encoding}, separated by {table.delimiter!r}.", err=True)
    for role in codes.ROLES:
        if role in columns:
            places = [table.headings.index(name) for name in columns[role]]
            shown = next((text for row in table.sample if (text := " ".join(row[at] for at in places).strip())), "")
            click.echo(f"  {role:<8} {' + '.join(columns[role])}   (such as {shown[:40]!r})", err=True)
    left = [name for name in table.headings if not any(name in names for names in columns.values())]
    if left:
        click.echo(f"  not used: {', '.join(left)}", err=True)
    if sys.stdin.isatty():
        click.confirm("Is that right?", default=True, abort=True, err=True)


@command.group()
def keys() -> None:
    """Keys of tickets that this box accepts."""


@keys.command("add")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--pretix", is_flag=True, help="It signs this event's tickets in pretix.")
@common
def keys_add(box: Box, file: Path, pretix: bool) -> None:
    """Accept tickets signed with this key (PEM, Ed25519; or that in base64 once more, as pretix's API gives it)."""
    raw = file.read_bytes()
    try:
        pem = raw if b"-----BEGIN" in raw else base64.b64decode(raw.strip().strip(b'"'), validate=True)
        public = load_pem_public_key(pem)
    except ValueError as error:
        raise DataError(f"{file}: not a PEM public key: {error}") from error
    kid = ticketfile.kid_of(public, file)
    name = f"pretix-{_event(box).event}-{kid}.pub" if pretix else f"event-{kid}.pub"
    with as_owner(box.data):
        write_durably(box.data / "keys" / name, pem, 0o644)
    box.out({"public": name, "kid": kid}, f"Tickets of this key are accepted from now on ({name}).")


@command.group("ids")
def ids() -> None:
    """How plain codes are named: alike on all boxes of one site, so that they know each other's tickets."""


@ids.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def ids_export(box: Box, file: Path) -> None:
    """Write the secret with which this box names plain codes, for `tickets ids use` on the other boxes of the site."""
    with as_owner(box.data):
        key = read_key(box.data / "keys" / "ticket.key")
    write_durably(file, (key.hex() + "\n").encode(), 0o600)
    box.out({"file": str(file)}, f"{file}: keep it as you keep keys, and delete it when the other boxes have it.")


@ids.command("use")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@common
def ids_use(box: Box, file: Path) -> None:
    """Name plain codes as the box does that FILE is from. Only on a box that knows no tickets yet."""
    answer = box.send("ticket.ids", {"key": read_key(file).hex()}).answer
    box.out(answer, "Plain codes have the same names on both boxes." if answer["changed"] else "That is so already.")


def _of_policy(box: Box) -> list[str]:
    """Ids of the keys that the policy in force names."""
    if not (box.data / "journal.db").exists():
        return []
    with closing(Reader(box.data)) as reader:
        return [key_kid(public_key(key)).hex() for key in policy.ticket_keys(reader.db())]


@keys.command("list")
@common
def keys_list(box: Box) -> None:
    """The keys whose tickets are accepted."""
    found = [*sorted((box.data / "keys").glob("event-*.pub")), *sorted((box.data / "keys").glob("pretix-*.pub"))]
    answer = []
    for path in found:
        public = load_pem_public_key(path.read_bytes())
        signs = "pretix" if path.name.startswith("pretix-") else "boothkit"
        answer.append({"public": path.name, "kid": ticketfile.kid_of(public, path), "signs": signs})
    answer += [{"public": "the policy", "kid": kid, "signs": "boothkit"} for kid in _of_policy(box)]
    box.out(answer, "\n".join(f"{one['kid']}  {one['signs']}  {one['public']}" for one in answer) or "None.")


@keys.command("remove")
@click.argument("kid")
@common
def keys_remove(box: Box, kid: str) -> None:
    """Accept tickets of this key no longer; one that this box signs with stays, and one that the policy names."""
    gone = []
    if kid in _of_policy(box):
        raise DataError(f"the policy names the key {kid}", remedy="Ask central for a policy without it.")
    with as_owner(box.data):
        for path in [*(box.data / "keys").glob("event-*.pub"), *(box.data / "keys").glob("pretix-*.pub")]:
            if ticketfile.kid_of(load_pem_public_key(path.read_bytes()), path) != kid:
                continue
            if path.with_suffix(".key").exists():
                raise DataError(f"{path.name}: this box signs with it", remedy="Close the event instead.")
            path.unlink()
            gone.append(path.name)
    if not gone:
        raise DataError(f"no key {kid[:40]}", remedy="boothkit tickets keys list")
    box.out({"removed": gone}, f"Tickets of this key are refused from now on ({', '.join(gone)}).")


def _mark(box: Box, mark: str, shown: list[str]) -> int:
    """Mark tickets by their codes or ids, in pieces."""
    reader = Reader(box.data)
    try:
        ids = [_ticket_id(box, reader, code) for code in shown]
    finally:
        reader.close()
    with box.recorder() as send:
        for start in range(0, len(ids), PIECE):
            send("tickets.mark", {"mark": mark, "tickets": ids[start : start + PIECE]}, new_id("cli-"))
    return len(ids)


@command.command()
@click.argument("code")
@common
def revoke(box: Box, code: str) -> None:
    """Refuse a ticket from now on, by its code or its id."""
    _mark(box, "revoked", [code])
    box.out({"revoked": 1}, "The ticket is revoked.")


@command.command("mark")
@click.argument("mark", type=click.Choice(get_args(Mark)))
@click.argument("shown", metavar="[CODE]...", nargs=-1)
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A list of codes (CSV), such as pretix's revoked secrets.",
)
@click.option("--columns", help="Which column of the file is the code, such as code=Secret; default: guessed.")
@common
def mark_(box: Box, mark: str, shown: tuple[str, ...], file: Path | None, columns: str | None) -> None:
    """Say of tickets that they are revoked (for good), blocked, unblocked, cancelled, or paid."""
    found = [*shown]
    faults = []
    if file is not None:
        raw = file.read_bytes()
        table = codes.look(raw, file.name)
        chosen = table.guess if columns is None else codes.parse_columns(columns)
        codes.check_columns(table, chosen)
        for row in codes.read(raw, file.name, {"code": chosen["code"]}):
            if isinstance(row, codes.RowFault):
                faults.append(f"{file.name}, line {row.line}: {row.why}. {row.remedy}")
            else:
                found.append(row.code)
    if not found:
        raise DataError("no ticket is named", remedy="Give codes, or a --file of them.")
    done = _mark(box, mark, found)
    box.out({"mark": mark, "tickets": done, "left_out": len(faults)}, "\n".join([f"{done} tickets: {mark}.", *faults]))
    if faults:
        raise click.exceptions.Exit(1)


@command.command()
@click.argument("code")
@common
def show(box: Box, code: str) -> None:
    """What this box knows of a ticket."""
    reader = Reader(box.data)
    try:
        ticket = _ticket_id(box, reader, code)
        event = box.event()
        name = event.event if event else ""
        state = tickets.state(reader.db(), ticket, name)
        places = door.places(reader.db(), ticket, state.event if state else name)
        access = tokens.get(reader.db(), ticket, name)
    finally:
        reader.close()
    if access is not None:
        _access.show(box, ticket, access, revoked=state is not None and state.revoked)
        return
    if state is None and not places:
        box.out({"ticket": ticket, "known": False}, f"Ticket {ticket}: not known here.")
        raise click.exceptions.Exit(1)
    answer: dict[str, Any] = {"ticket": ticket, "known": True, "lists": []}
    if state is not None:
        marks = ("pending", "cancelled", "blocked", "revoked")
        answer |= {"event": state.event, "product": state.product, "session": state.session}
        answer |= {mark: getattr(state, mark) for mark in marks}
    for place in places.values():
        first = place.first.at if place.first else None
        answer["lists"].append(
            {"list": place.list, "entries": place.entries, "inside": place.inside, "first_at": first}
        )
    box.out(answer, "\n".join(f"{key}: {value}" for key, value in answer.items()))


@command.command()
@click.argument("text")
@common
def search(box: Box, text: str) -> None:
    """Tickets of this event by their holder's name or their order."""
    reader, people = Reader(box.data), People(box.data)
    try:
        event = _event(box).event
        found = []
        for ticket in tickets.held_by(reader.db(), people.find(text, 50), event):
            state = tickets.state(reader.db(), ticket, event)
            said = people.person(state.holder_ref if state else None)
            places = door.places(reader.db(), ticket, event)
            inside = any(place.inside for place in places.values())
            found.append({"ticket": ticket, **said, "lists": sorted(places), "inside": inside})
    finally:
        reader.close()
    box.out(found, "\n".join(f"{one['ticket']}  {one.get('holder', '')}  {one.get('order', '')}" for one in found))
