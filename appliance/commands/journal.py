"""``boothkit journal``: verify, tail, export, rebuild."""

import csv
import json
import time
from pathlib import Path

import click

from appliance.commands._common import Box, common
from appliance.files.catalogue import neutral
from appliance.journal.read import Reader
from appliance.journal.verify import verify as verify_copy
from appliance.owner import as_owner

BATCH = 1000


@click.group()
def command() -> None:
    """The journal: the box's memory, and its evidence."""


@command.command()
@common
def verify(box: Box) -> None:
    """Check every byte, the tree, and every signature; works on a copy without a recorder."""
    result = verify_copy(box.data)
    error = result["error"]
    text = f"{result['size']} facts, {result['checkpoints']} checkpoints, root {result['root']}: fine."
    if error is not None:
        text = f"Not fine: log {error['log']}, fact {error['seq']}: {error['why']}"
    box.out(result, text)
    raise click.exceptions.Exit(0 if result["ok"] else 1)


@command.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes.")
@click.option(
    "--lines", "-n", type=click.IntRange(0), default=10, show_default=True, help="Newest facts to begin with."
)
@common
def tail(box: Box, follow: bool, lines: int) -> None:
    """The newest facts; stored bodies with --json, else a line each."""
    reader = Reader(box.data)
    try:
        after = max(0, reader.position() - lines)
        while True:
            for fact in reader.facts(after, BATCH):
                after = fact.pos
                body = json.loads(fact.body)
                data = json.dumps(body["data"], ensure_ascii=False, separators=(",", ":"))
                click.echo(fact.body if box.json else f"{fact.pos:>7} {body['at']} {body['kind']:<22} {data}")
            if not follow:
                return
            time.sleep(1 if reader.position() == after else 0)
    except KeyboardInterrupt:
        return
    finally:
        reader.close()


@command.command()
@click.argument("target")
@common
def export(box: Box, target: str) -> None:
    """Bodies as NDJSON into a FILE, or one CSV table a fact kind into a folder (a DIR that exists, or a name ending
    in /)."""
    reader = Reader(box.data)
    try:
        folder = target.endswith("/") or Path(target).is_dir()
        count = _folder(reader, Path(target)) if folder else _ndjson(reader, Path(target))
    finally:
        reader.close()
    box.out({"facts": count, "target": target}, f"{count} facts written to {target}.")


def _ndjson(reader: Reader, path: Path) -> int:
    after = count = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        while facts := reader.facts(after, BATCH):
            out.writelines(f"{fact.body}\n" for fact in facts)
            after, count = facts[-1].pos, count + len(facts)
    return count


def _folder(reader: Reader, folder: Path) -> int:
    """One file a kind; the envelope's keys first, then the data's; what is nested stays JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[dict[str, object]]] = {}
    after = count = 0
    while facts := reader.facts(after, BATCH):
        for fact in facts:
            body = json.loads(fact.body)
            data = body.pop("data")
            flat = {f"data.{key}": value for key, value in data.items()}
            rows.setdefault(body["kind"], []).append({"pos": fact.pos, **body, **flat})
        after, count = facts[-1].pos, count + len(facts)
    for kind, table in rows.items():
        columns = list(dict.fromkeys(key for row in table for key in row))
        with (folder / f"{kind.replace('/', '-')}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns)
            writer.writeheader()
            writer.writerows({key: _cell(value) for key, value in row.items()} for row in table)
    return count


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else neutral(value)


@command.command()
@common
def rebuild(box: Box) -> None:
    """Empty the projections and fill them from the journal; says whether they came out as they were."""
    from appliance.journal.schema import connect_writer
    from appliance.projections.runner import Projector, dump
    from appliance.services.recorder.server import lock

    with as_owner(box.data), lock(box.data):
        db = connect_writer(box.data / "journal.db")
        try:
            projector = Projector(db)
            projector.catch_up()
            before = dump(db)
            projector.rebuild()
            after = dump(db)
        finally:
            db.close()
    same = before == after
    answer = {"equal": same, "before": before, "after": after}
    box.out(answer, f"Rebuilt; {'equal to' if same else 'different from'} what was there ({after[:16]}).")
    raise click.exceptions.Exit(0 if same else 1)
