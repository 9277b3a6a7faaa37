"""Lists and gates of ``boothkit tickets``."""

from typing import Any

import click

from appliance.commands._common import Box, common
from appliance.journal.read import Reader
from appliance.projections import door, lists


@click.command("define")
@click.argument("list_", metavar="LIST")
@click.option("--entry", type=click.Choice(["single", "multiple", "reentry"]), help="Once, always, or after an exit.")
@click.option("--product", "products", multiple=True, help="Only tickets of this product; may be given again.")
@click.option("--session", "sessions", multiple=True, help="Only tickets for this session; may be given again.")
@click.option("--capacity", type=click.IntRange(0), help="People inside at a time; 0 = no limit.")
@click.option("--pending/--paid", default=None, help="Whether tickets that are not paid yet are let in.")
@click.option("--confirm", "confirm", multiple=True, help="A question that the door answers with yes.")
@click.option("--ask", "ask", multiple=True, help="A question that the guest answers in words.")
@click.option("--all-products", is_flag=True, help="Tickets of all products again.")
@click.option("--all-sessions", is_flag=True, help="Tickets of all sessions again.")
@click.option("--no-questions", is_flag=True, help="No questions any more.")
@common
def define(
    box: Box,
    list_: str,
    entry: str | None,
    products: tuple[str, ...],
    sessions: tuple[str, ...],
    capacity: int | None,
    pending: bool | None,
    confirm: tuple[str, ...],
    ask: tuple[str, ...],
    all_products: bool,
    all_sessions: bool,
    no_questions: bool,
) -> None:
    """Make a check-in list, or change what is named of it."""
    data: dict[str, Any] = {"list": list_, "entry": entry, "capacity": capacity, "pending": pending}
    if products or all_products:
        data["products"] = [*products]
    if sessions or all_sessions:
        data["sessions"] = [*sessions]
    questions = [{"text": text, "answer": "confirm"} for text in confirm]
    questions += [{"text": text, "answer": "text"} for text in ask]
    if questions or no_questions:
        data["questions"] = questions
    box.send("list.define", {name: value for name, value in data.items() if value is not None})
    box.out({"list": list_}, f"List {list_} is as you said.")


@click.command("gate")
@click.argument("gate_", metavar="GATE")
@click.option("--list", "names", multiple=True, help="Only this list is let in; may be given again. Default: all.")
@click.option("--out", "leaving", is_flag=True, help="People leave here.")
@common
def gate(box: Box, gate_: str, names: tuple[str, ...], leaving: bool) -> None:
    """Say which lists a gate lets in, and which way people go. A scanner named scanner-LEFT stands at the gate LEFT."""
    data = {"gate": gate_, "lists": [*names], "direction": "out" if leaving else "in"}
    box.send("gate.define", data)
    box.out(data, f"Gate {gate_}: {', '.join(names) or 'every list'}, {data['direction']}.")


@click.command("lists")
@common
def show_lists(box: Box) -> None:
    """The lists with their counts, and the gates."""
    reader = Reader(box.data)
    try:
        db = reader.db()
        counts = door.counts(db)
        found = [
            {"list": one.list, "entry": one.entry, "capacity": one.capacity, "pending": one.pending, **counts[one.list]}
            for one in lists.lists(db).values()
        ]
        gates = [
            {"gate": one.gate, "lists": list(one.lists), "direction": one.direction} for one in lists.gates(db).values()
        ]
    finally:
        reader.close()
    lines = [
        f"{one['list']}: {one['entry']}, {one['admitted']} of {one['total']} admitted, {one['inside']} inside"
        for one in found
    ]
    lines += [f"gate {one['gate']}: {', '.join(one['lists']) or 'every list'}, {one['direction']}" for one in gates]
    box.out({"lists": found, "gates": gates}, "\n".join(lines) or "No list yet.")
