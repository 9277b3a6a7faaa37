"""``boothkit up``: a whole box on this machine, supervised; with ``--demo`` on emulated devices with a sample event."""

import csv
import json
import socket
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from appliance import board
from appliance import config as configuration
from appliance import demo as sample
from appliance.commands._common import Box, common
from appliance.commands.worker import WORKERS
from appliance.config import Config
from appliance.services.context import box_id, check_folder, private_folder
from appliance.services.supervisor import Spec, Supervisor


@click.command()
@click.option(
    "--demo", is_flag=True, help="Emulated devices and a sample event; data in ./.demo unless --data is given."
)
@click.option("--staff-port", type=click.IntRange(0, 65535), help="The till's port; 0 = any free one.")
@click.option("--portal-port", type=click.IntRange(0, 65535), help="The guests' port; 0 = any free one.")
@click.option("--bench-port", type=click.IntRange(0, 65535), help="The bench's port; 0 = any free one.")
@click.option("--for", "for_seconds", type=click.FloatRange(min=0), help="End by itself after so many seconds.")
@click.option(
    "--day",
    metavar="SPEED",
    type=click.FloatRange(0, min_open=True),
    help="Play an event day on the demo; 200 = 200 times real time.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which day: one seed, one day.")
@click.option(
    "--day-hours",
    metavar="HOURS",
    type=click.FloatRange(0.5, 24),
    default=6.0,
    show_default=True,
    help="How long that day is, 0.5 to 24.",
)
@common
@click.pass_context
def command(
    ctx: click.Context,
    box: Box,
    demo: bool,
    staff_port: int | None,
    portal_port: int | None,
    bench_port: int | None,
    for_seconds: float | None,
    day: float | None,
    seed: int,
    day_hours: float,
) -> None:
    """Start every worker, print one line of JSON when all are ready, run until Ctrl-C."""
    if day is not None and not demo:
        raise click.UsageError("--day moves emulated devices: it needs --demo.")
    if demo and ctx.get_parameter_source("data") is click.core.ParameterSource.DEFAULT:
        box = Box(box.config_path, Path(".demo").absolute(), box.json)
    box = Box(box.config_path, box.data.absolute(), box.json)
    run = box.run
    ports = {"staff": staff_port, "portal": portal_port, "bench": bench_port}
    # A free port is chosen here, not by the worker: it stays the same when the worker is started again.
    chosen = {table: {"port": port or _free_port()} for table, port in ports.items() if port is not None}
    config = _resolve(box, demo, chosen, run)
    check_folder(box.data)
    private_folder(run)

    def prepare() -> None:
        configuration.save_resolved(config, run / "config.json")
        if demo:
            sample.prepare(box.data, config)
        if day is not None:
            _write_day(box.data, run, day, seed, day_hours)

    names = ["recorder", *(["bench"] if demo else []), *(name for name in WORKERS if name != "recorder")]
    names += ["site"] if config.site.serve else []
    specs = [_spec(name, box, run, demo) for name in names]
    if day is not None:
        specs.append(replace(_spec("day", box, run, demo), needs=tuple(names)))
    supervisor = Supervisor(specs, run)
    sys.exit(supervisor.run(lambda: _announce(box, config, run), for_seconds, prepare=prepare))


def _resolve(box: Box, demo: bool, ports: dict[str, Any], run: Path) -> Config:
    """The configuration of this ``up``: the demo's own below the file, the ports of the command line above it. https
    is for those who ask for it: not every laptop has nginx."""
    below = sample.tables(run / "devices", _free_port()) if demo else {}
    below["staff"] = {**below.get("staff", {}), "https_port": 0}
    return configuration.load(configuration.find(box.config_path), below=below, above=ports)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _spec(name: str, box: Box, run: Path, demo: bool) -> Spec:
    argv = [sys.executable, "-m", "appliance.cli", "worker", name, "--data", str(box.data)]
    needs: tuple[str, ...] = () if name in ("recorder", "bench") else ("recorder",)
    if demo and needs:
        needs = ("recorder", "bench")  # a device worker that is ready has found its emulated device
    env = {"BOOTHKIT_RUN": str(run), "BOOTHKIT_CONFIG": str(run / "config.json")}
    return Spec(name, argv, env, needs)


def _write_day(data: Path, run: Path, speed: float, seed: int, hours: float) -> None:
    """What the worker of the day plays: a plan for this data folder's tickets."""
    from appliance.services.day.script import FILE
    from drivers.emulators.day import plan

    codes: dict[str, list[str]] = {}
    with (data / "demo" / "tickets.csv").open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            codes.setdefault(row["list"], []).append(row["code"])
    steps = [
        {"at_s": step.at_s, "do": {"type": type(step.do).__name__, **asdict(step.do)}}
        for step in plan(seed, hours, tickets=codes)
    ]
    pin = next(pin for name, _, pin in sample.STAFF if name == "Ben")
    script = {"name": f"day-{seed}-{hours:g}h", "speed": speed, "pin": pin, "steps": steps}
    (run / FILE).write_text(json.dumps(script), encoding="utf-8")


def _announce(box: Box, config: Config, run: Path) -> None:
    pages = board.read_all(run)
    line = {
        "ready": True,
        "box": box_id(config, box.data),
        "staff": pages.get("till", {}).get("url"),
        "portal": pages.get("portal", {}).get("url"),
        "bench": pages.get("bench", {}).get("url"),
        "data": str(box.data),
        "run": str(run),
    }
    click.echo(json.dumps(line))
