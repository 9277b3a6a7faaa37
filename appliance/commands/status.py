"""``boothkit status``: the box now."""

from typing import Any

import click

from appliance.clock import system_clock
from appliance.commands._common import Box, common
from appliance.errors import BoothkitError
from appliance.journal.read import Reader
from appliance.projections.disk import MOST_DAYS
from appliance.projections.status import status
from appliance.services.context import box_id


class NoBox(BoothkitError):
    """There is nothing to tell about."""

    remedy = "Name the box's data folder with --data, or start a box with `boothkit up`."


@click.command()
@common
def command(box: Box) -> None:
    """The box now: workers, devices, power, journal, uplink, event."""
    if not (box.data / "journal.db").exists():
        raise NoBox(f"{box.data}: no box has been here")
    reader = Reader(box.data)
    try:
        now = system_clock(box.config.clock.trust, box.run)()
        answer = status(reader, box.run, box.config, now, box=box_id(box.config, box.data))
    finally:
        reader.close()
    facts = f"{answer['journal']['pos']} facts, {answer['uplink']['safe']} safe at central"
    lines = [f"{answer['box']}, log {answer['log']}: {facts}"]
    uplink = answer["uplink"]
    lines.append(_card(answer["disk"]))
    lines += ["workers", *(_line(name, worker["state"], worker) for name, worker in answer["workers"].items())]
    lines += ["devices", *(_line(name, device["state"], device) for name, device in answer["devices"].items())]
    lines += ["uplink", _line("central", "connected" if uplink["connected"] else "offline", uplink)]
    if (policy := answer["policy"]) is not None:
        ended = ", which has ended" if policy["expired"] else ""
        lines.append(f"policy {policy['version']} for {policy['scope']}, since {policy['since']}{ended}")
    lines += ["keys", *(f"  {whose:<14} {print_ or 'not known'}" for whose, print_ in answer["fingerprints"].items())]
    box.out(answer, "\n".join(lines))
    fine = all(worker["state"] in ("ready", "degraded") for worker in answer["workers"].values())
    raise click.exceptions.Exit(0 if fine and answer["workers"] else 1)


def _card(disk: dict[str, Any]) -> str:
    """Level, what is free, and for how long."""
    if disk["level"] is None:
        return "card: not known, the recorder says nothing"
    days = disk["days_left"]
    lasts = "pace not known yet" if days is None else f"about {days:g} days left at this pace"
    if days is not None and days >= MOST_DAYS:
        lasts = "more than a year left at this pace"
    return f"card: {disk['level']}, {disk['free'] // 2**20:,} MB free, {lasts}, reserve {disk['reserve']}"


def _line(name: str, state: str, words: dict[str, Any]) -> str:
    """One part of the box: how it is, why, and what to do about it."""
    remedy = f" -> {words['remedy']}" if words.get("remedy") else ""
    return f"  {name:<14} {state:<10} {words['reason']}{remedy}".rstrip()
