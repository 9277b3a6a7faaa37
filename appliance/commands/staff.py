"""``boothkit staff``: who may sign in at the till."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager

import click

from appliance.clock import system_clock
from appliance.commands._common import Box, common
from appliance.errors import BoothkitError, DataError
from appliance.owner import as_owner
from appliance.private.secrets import ROLES, Role, Secrets


class NobodyOfThatName(BoothkitError):
    """There is nobody to remove."""

    remedy = "See who is there: boothkit staff list"


@click.group()
def command() -> None:
    """Who may sign in at the till, and as what."""


@command.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What this person may do.")
@click.option("--pin", help="4 to 8 digits; without it the box draws six and shows them once.")
@click.option("--token", is_flag=True, help="Also make a token for scripts; it is shown once, on the last line.")
@common
def add(box: Box, name: str, role: Role, pin: str | None, token: bool) -> None:
    """Add NAME. The PIN signs in by itself, so no two people have the same."""
    with _opened(box) as secrets:
        try:
            staff, chosen = secrets.add(name, role, pin)
            made = secrets.issue_token(staff) if token else None
        except ValueError as error:
            raise DataError(str(error), remedy="Correct it and add again; nothing was changed.") from error
    answer = {"staff": staff.id, "name": staff.name, "role": staff.role}
    drawn = {} if pin is not None else {"pin": chosen}
    box.out({**answer, **drawn}, f"Added {name} as {role}." + (f" PIN: {chosen}" if drawn else ""))
    if made is not None:
        click.echo(json.dumps({"token": made}))


@command.command("list")
@common
def list_(box: Box) -> None:
    """Everybody who may sign in."""
    with _opened(box) as secrets:
        people = secrets.staff()
    lines = [f"{staff.name}  {staff.role}  {staff.id}" for staff in people]
    answer = [{"staff": staff.id, "name": staff.name, "role": staff.role} for staff in people]
    box.out(answer, "\n".join(lines) or "Nobody yet. Next: boothkit staff add NAME --role lead")


@command.command()
@click.argument("name")
@common
def remove(box: Box, name: str) -> None:
    """Take NAME's PIN, tokens and sign-ins away, at once."""
    with _opened(box) as secrets:
        staff = secrets.remove(name)
    if staff is None:
        raise NobodyOfThatName(f"nobody is called {name}")
    box.out(
        {"staff": staff.id, "name": staff.name},
        f"Removed {staff.name}; open screens end with their next step.",
    )


@contextmanager
def _opened(box: Box) -> Iterator[Secrets]:
    box.data.mkdir(parents=True, exist_ok=True)
    clock = system_clock(box.config.clock.trust, box.run)
    with as_owner(box.data / "secrets.db"), closing(Secrets(box.data, clock)) as secrets:
        yield secrets
