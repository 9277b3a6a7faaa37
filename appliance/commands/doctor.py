"""``boothkit doctor``: each fault with what to do; the kit check in a terminal."""

from dataclasses import asdict
from pathlib import Path

import click

from appliance.commands._common import Box, common

_MARKS = {"fine": "ok", "advice": "--", "fault": "!!"}


@click.command()
@click.option("--walk", is_flag=True, help="Go through the kit check here, step by step; the box has to run.")
@click.option("--propose", is_flag=True, help="Print lines for [devices] of what is plugged in and not used.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("/"),
    show_default=True,
    help="The folder with dev and sys, for --propose and a box that is stopped.",
)
@common
def command(box: Box, walk: bool, propose: bool, root: Path) -> None:
    """The kit check: each fault with what to do. Exit code 1 when there is one."""
    if walk:
        from appliance.commands import _walk

        _walk.walk(box)
        return
    from appliance.commands import _doctor

    if propose:
        from drivers import discovery

        found = _doctor.plugged_in(box.config, {}, root)
        box.out([asdict(one) for one in found], discovery.propose(found).rstrip())
        return
    report = _doctor.examine(box, root)
    answer = {
        "ok": report.fine,
        "running": report.running,
        "findings": [asdict(finding) for finding in report.findings],
        "found": [asdict(one) for one in report.plugged],
    }
    lines = []
    for finding in report.findings:
        lines.append(f"{_MARKS[finding.state]}  {finding.about:<22} {finding.found}")
        if finding.remedy and finding.state != "fine":
            lines.append(f"{'':<27}-> {finding.remedy}")
    faults = sum(1 for finding in report.findings if finding.state == "fault")
    lines.append("Nothing has to be done." if not faults else f"{faults} to be looked at.")
    box.out(answer, "\n".join(lines))
    raise click.exceptions.Exit(0 if report.fine else 1)
