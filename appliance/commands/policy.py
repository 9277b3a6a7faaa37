"""``boothkit policy``: what is in force, and a bundle from a file."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec

from appliance.clock import system_clock
from appliance.commands._common import Box, common
from appliance.files import bundle
from appliance.files import policy as policyfile
from appliance.journal.read import Reader
from appliance.projections import policy

SHOWN = 20
"""Bundles of the past that are shown."""


@click.group()
def command() -> None:
    """What central signed for this box: guardrails, catalogue, keys, revocations."""


@command.command()
@common
def show(box: Box) -> None:
    """The policy in force, its guardrails, and what became of the last bundles."""
    with closing(Reader(box.data)) as reader:
        db = reader.db()
        now = policy.status(db, system_clock(box.config.clock.trust)())
        rails = msgspec.to_builtins(policy.guardrails(db))
        keys, peers, past = policy.ticket_keys(db), policy.peers(db), policy.history(db, SHOWN)
    answer = {
        "policy": now,
        "guardrails": rails,
        "ticket_keys": msgspec.to_builtins(keys),
        "peers": {name: list(held) for name, held in peers.items()},
        "history": msgspec.to_builtins(past),
    }
    box.out(answer, "\n".join([_head(now), *_rails(rails), *_past(past)]))


def _head(now: dict[str, Any] | None) -> str:
    if now is None:
        return "No policy yet: the guardrails that Boothkit begins with hold."
    ended = " It has ended; its limits hold on until there is a newer one." if now["expired"] else ""
    return f"Policy {now['version']} for {now['scope']}, since {now['since']}, until {now['expires']}.{ended}"


def _rails(rails: dict[str, Any], before: str = "") -> list[str]:
    lines = []
    for name, value in rails.items():
        if isinstance(value, dict):
            lines += _rails(value, f"{before}{name}.")
        else:
            said = "no limit" if value is None else ", ".join(value) if isinstance(value, list) else value
            lines.append(f"  {before}{name}: {said}")
    return lines


def _past(past: list[policy.Seen]) -> list[str]:
    return [
        f"{seen.at}  {seen.version or '?'} {'applied' if seen.reason is None else f'refused: {seen.reason}'}, "
        f"by {seen.source}"
        for seen in past
    ]


@command.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@common
def apply(box: Box, file: Path) -> None:
    """Apply the bundle of a file, all or nothing. Exit code 1 when it is refused; then nothing changed."""
    raw = bundle.read_file(file)
    answer = box.send("policy.apply", policyfile.asked(raw, "command")).answer
    if not answer["applied"]:
        stays = f"policy {answer['present']} stays" if answer["present"] else "there is no policy yet"
        box.out(answer, f"Refused, {stays}: {answer['detail']}.\n  {answer['remedy']}")
        raise click.exceptions.Exit(1)
    if answer["already"]:
        box.out(answer, f"Policy {answer['version']} is in force already.")
        return
    said = f"{', '.join(answer['kinds'])}; {answer['items']} items changed, {answer['revoked']} tickets revoked"
    box.out(answer, f"Policy {answer['version']} is in force: {said}.")
