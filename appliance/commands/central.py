"""``boothkit central``: the reference consumer of what boxes send."""

import json
import os
from pathlib import Path
from typing import Any

import click

from appliance.commands._common import Box, common
from appliance.config import split_host_port

DSN = click.option(
    "--dsn",
    default="",
    envvar="BOOTHKIT_CENTRAL_DSN",
    metavar="DSN",
    help="PostgreSQL's connection string; without it SQLite in --data.",
)


@click.group()
def command() -> None:
    """Receive what boxes send, acknowledge it, witness it."""


@command.command()
@click.option("--mqtt", required=True, envvar="BOOTHKIT_MQTT", metavar="HOST:PORT", help="The broker.")
@click.option("--http-port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="0 = any free one.")
@DSN
@click.option("--trust-first", is_flag=True, help="Trust the key that a box shows first, instead of `central enrol`.")
@common
def serve(box: Box, mqtt: str, http_port: int, dsn: str, trust_first: bool) -> int:
    """Serve until Ctrl-C. When ready, one line of JSON on stdout: {"ready":true,"http":URL,"key":VKEY}."""
    from appliance.central.serve import serve as run

    host, port = split_host_port(mqtt, where="--mqtt")

    def ready(url: str, key: str) -> None:
        click.echo(json.dumps({"ready": True, "http": url, "key": key}))

    return run(box.data, host, port, http_port, trust_first=trust_first, ready=ready, dsn=dsn)


@command.command()
@click.argument("cell")
@click.argument("name", metavar="BOX")
@click.argument("vkey")
@common
def enrol(box: Box, cell: str, name: str, vkey: str) -> None:
    """Trust the key of a box: the last line of its DATA/keys/box.pub. A running central knows it at once."""
    from appliance.central.keyring import Keyring
    from appliance.central.places import Box as Place

    key = Keyring(box.data / "keys").enrol(Place(cell, name), vkey)
    box.out({"cell": cell, "box": name, "key": key.vkey()}, f"{cell}/{name} is known by {key.vkey()}")


@command.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--release", help="Of an update: what people call it, such as 0.2.0.")
@click.option("--version", "number", type=click.IntRange(1), help="Higher than any before.")
@click.option("--arch", default="aarch64", show_default=True, help="Of an update: the machine, as `uname -m` names it.")
@click.option("--scope", help="For which boxes: *, CELL or CELL/BOX; default: as policy.toml says, else *.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it may be used; default: as policy.toml, else 90.")
@click.option("--publish", is_flag=True, help="Of a policy: hand it to central, which sends it to its boxes.")
@common
def sign(
    box: Box,
    path: Path,
    release: str | None,
    number: int | None,
    arch: str,
    scope: str | None,
    days: int | None,
    publish: bool,
) -> None:
    """Sign the update NAME.img, or the policy in a folder of TOML files: writes NAME.note beside it. A box wants an
    update's image and note in DATA/updates; a policy it takes from central, from a stick, or by hand."""
    from appliance.commands import _sign

    if path.is_dir():
        if release is not None:
            raise click.UsageError(f"--release is for an update; {path} is a folder, thus a policy")
        _sign.policy(box, path, number, scope, days, publish=publish)
        return
    if publish:
        raise click.UsageError("--publish is for a policy, which is a folder")
    if release is None or number is None:
        raise click.UsageError("an update wants --release and --version")
    _sign.update(box, path, release, number, arch, scope or "*", days or _sign.DAYS)


@command.command()
@click.argument("note", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@common
def publish(box: Box, note: Path) -> None:
    """Hand a signed policy to central: a running one sends it to each box that it is for, and keeps it there for those
    that come later. To take it back, delete it from DIR/policies."""
    from appliance.commands import _sign

    _sign.publish(box, note)


@command.command()
@DSN
@common
def report(box: Box, dsn: str) -> None:
    """The boxes, the sums and what is to be done, from the store; central may run meanwhile."""
    from appliance.central.serve import now_ms
    from appliance.central.view import View

    view, now = View(box.data, dsn), now_ms()
    boxes, tasks, kpis = view.boxes(now), view.tasks(now), view.kpis()
    sales, attendance = kpis["sales"], kpis["attendance"]
    row = "{cell:<12} {box:<16} {log:>3} {safe:>9} {position:>9} {age_s:>8} {battery:>7} {alarms:>6}  {event}".format
    heads = {key: key for key in ("cell", "box", "log", "safe", "battery", "alarms", "event")}
    lines = [row(**heads, position="at box", age_s="age (s)")]
    lines += [row(**{**each, "battery": _percent(each["soc_permille"])}) for each in boxes]
    lines.append(f"in {attendance['in']}, out {attendance['out']}, {sales['count']} sales, gross {_gross(sales)}")
    lines += [f"{task['kind']}: {task['cell']}/{task['box']} {task['about']}\n  {task['remedy']}" for task in tasks]
    box.out({"boxes": boxes, "tasks": tasks, "kpis": kpis}, "\n".join(lines))


def _percent(permille: int | None) -> str:
    return "" if permille is None else f"{(permille + 5) // 10} %"


def _gross(sales: dict[str, Any]) -> str:
    if sales["gross"] is None:
        return f"in {sales['currency']}: see --json"
    return f"{sales['gross']} {sales['currency'] or ''} (minor units)"


@command.command()
@click.argument("cell")
@click.argument("name", metavar="BOX")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DSN
@common
def backup(box: Box, cell: str, name: str, file: Path, dsn: str) -> None:
    """Write a backup of a box that was lost into FILE, from its facts and from what it sent sealed: `boothkit restore
    FILE` on the new box, with its lead's passphrase. Central may run meanwhile."""
    from appliance.central.backups import Shelf
    from appliance.central.keyring import Keyring, central_signer
    from appliance.central.places import Box as Place
    from appliance.central.view import View
    from appliance.central.whole import whole

    keys = box.data / "keys"
    shelf = Shelf(box.data / "backups", Keyring(keys))
    made = whole(View(box.data, dsn), shelf, central_signer(keys), Place(cell, name), file.absolute())
    answer = {"file": str(file), "facts": made.facts, "log": made.log, "sealed_at": made.made_at, "behind": made.behind}
    text = f"{file}: {made.facts:,} facts up to log {made.log}; people, PINs and keys as of {made.made_at}."
    if made.behind:
        text += f" {made.behind:,} facts that the box had then never came here."
    box.out(answer, text)


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the table here, not on stdout.")
@DSN
@common
def guests(box: Box, file: Path, out: Path | None, dsn: str) -> int:
    """Open a sealed list of guests (`boothkit guests export`) as CSV: one row for each address, without whom was erased
    since as far as central knows. Exit code 1: the box's own journal is here and does not name this file."""
    from appliance.central import guestlist
    from appliance.central.database import NotCentral
    from appliance.central.view import View

    found, view = guestlist.source(file, box.data / "keys"), View(box.data, dsn)
    try:
        facts = list(view.facts(found["cell"], found["box"])) if view.knows(found["cell"], found["box"]) else None
    except NotCentral:
        facts = None
    opened = guestlist.opened(found, file.read_bytes(), facts)
    table = guestlist.to_csv(opened.rows)
    if out is not None:
        with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w", newline="") as place:
            place.write(table)
    recorded = {True: "the box recorded it", False: "the box did NOT record it", None: "the box is not known here"}
    click.echo(
        f"{opened.cell}/{opened.box}, {opened.made}: {len(opened.rows):,} addresses; left out: {opened.erased:,} "
        f"erased, {opened.again:,} who signed up again; {recorded[opened.is_recorded]}",
        err=True,
    )
    answer = {
        "cell": opened.cell,
        "box": opened.box,
        "made": opened.made,
        "guests": opened.rows,
        "erased": opened.erased,
        "again": opened.again,
        "recorded": opened.is_recorded,
    }
    if out is None or box.json:
        box.out(answer, table.rstrip("\r\n"))
    return 1 if opened.is_recorded is False else 0
