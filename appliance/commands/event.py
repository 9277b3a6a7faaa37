"""``boothkit event``: create, open, close, show."""

from typing import Any

import click

from appliance.commands._common import Box, common


@click.group()
def command() -> None:
    """The event that this box runs."""


@command.command()
@click.option("--name", required=True, help="What guests call it.")
@click.option("--currency", default="EUR", show_default=True, help="ISO 4217.")
@click.option("--timezone", default="Europe/Berlin", show_default=True, help="IANA name.")
@click.option("--area-m2", required=True, help="The space that the cell pays for.")
@click.option("--cash-rounding", type=int, help="Smallest coin in use, in minor units (5: no 1 and 2 cents).")
@click.option("--event", help="Its id on another box of the same event (`boothkit event show`).")
@common
def create(
    box: Box, name: str, currency: str, timezone: str, area_m2: str, cash_rounding: int | None, event: str | None
) -> None:
    """Create an event; the one before must be closed."""
    data: dict[str, Any] = {"name": name, "currency": currency, "timezone": timezone, "area_m2": area_m2}
    if cash_rounding is not None:
        data["cash_rounding"] = cash_rounding
    if event is not None:
        data["event"] = event
    answer = box.send("event.create", data).answer
    box.out(answer, f"Created {name} as {answer['event']}. Next: boothkit event open")


@command.command("open")
@common
def open_(box: Box) -> None:
    """Open the created event: from now on the box sells and admits."""
    answer = box.send("event.open", {}).answer
    box.out(answer, f"Event {answer['event']} is open.")


@command.command()
@common
def close(box: Box) -> None:
    """Close the open event."""
    answer = box.send("event.close", {}).answer
    box.out(answer, f"Event {answer['event']} is closed.")


@command.command()
@common
def show(box: Box) -> None:
    """The newest event."""
    event = box.event()
    if event is None:
        box.out({}, "No event yet. Next: boothkit event create")
        return
    answer = {field: getattr(event, field) for field in event.__dataclass_fields__}
    box.out(
        answer, f"{event.name} ({event.event}): {event.state}, {event.currency}, {event.timezone}, {event.area_m2} m²"
    )
