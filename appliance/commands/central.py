"""``boothkit central``: the reference consumer of what boxes send."""

import json
from pathlib import Path
from typing import Any

import click

from appliance.commands._common import Box, common
from appliance.config import split_host_port
from appliance.errors import DataError

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
@click.argument("image", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--release", required=True, help="What people call it, such as 0.2.0.")
@click.option("--version", "number", type=click.IntRange(1), required=True, help="Higher than any before.")
@click.option("--arch", default="aarch64", show_default=True, help="The machine, as `uname -m` names it.")
@click.option("--scope", default="*", show_default=True, help="For which boxes: *, CELL or CELL/BOX.")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long it may be used.")
@common
def sign(box: Box, image: Path, release: str, number: int, arch: str, scope: str, days: int) -> None:
    """Sign the update IMAGE (NAME.img): writes NAME.note beside it. A box wants both in DATA/updates."""
    import hashlib

    import msgspec

    from appliance.central.keyring import central_signer
    from appliance.central.serve import now_ms
    from appliance.clock import rfc3339
    from appliance.files.bundle import Bundle
    from appliance.services.update import Release

    if image.suffix != ".img":
        raise DataError(f"{image}: the image of an update is called NAME.img", remedy="Rename it.")
    with image.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    data = {"release": release, "arch": arch, "size": image.stat().st_size, "sha256": digest}
    expires = rfc3339(now_ms() + days * 86_400_000)
    bundle = Bundle(kind="update", version=number, scope=scope, expires=expires, data=data)
    try:
        msgspec.convert(msgspec.to_builtins(bundle), Bundle)
        msgspec.convert(data, Release)
    except msgspec.ValidationError as error:
        raise DataError(str(error), remedy="Correct it and sign again.") from error
    note = image.with_suffix(".note")
    note.write_text(central_signer(box.data / "keys").sign(bundle.text()), encoding="utf-8")
    box.out({"note": str(note), "sha256": digest, "expires": expires}, f"{note} is good until {expires}.")


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
