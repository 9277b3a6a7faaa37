"""``boothkit landing``: the guests' first page: from a folder onto the box, to look at, as a static site, and links to
that."""

import csv
import io
import re
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from appliance.clock import system_clock
from appliance.commands import _issue
from appliance.commands._common import Box, common
from appliance.domain import tokens
from appliance.durable import write_durably
from appliance.errors import ConfigError, DataError
from appliance.files.landing import links, store, tree
from appliance.files.landing.folder import read as read_folder
from appliance.files.landing.store import Made
from appliance.journal.read import Reader
from appliance.owner import as_owner
from appliance.projections import policy
from appliance.projections.policy import Cleared
from web.packs import export as site
from web.packs.export import MARKER, MOST, weights

_SPAN = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".json": "application/json",
}
_folder = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group()
def command() -> None:
    """The guests' first page: import a folder, look at it, export it as a static site, make links to that."""


@command.command("import")
@click.argument("folder", type=_folder)
@common
def import_(box: Box, folder: Path) -> None:
    """Show the page in FOLDER from now on: all of it, or nothing changes."""
    made = _made(folder)
    _tree(made, None)
    if not box.data.is_dir():
        raise DataError(f"{box.data}: there is no box", remedy="Name the box's folder with --data.")
    with as_owner(box.data):
        store.write(box.data / store.FOLDER, made)
    about = _about(made, _cleared(box, made.content.digest))
    box.out(about, "\n".join(["The box shows it from now on.", *_lines(about)]))


@command.command()
@common
def remove(box: Box) -> None:
    """Back to the plain page: the event's name, and what is sold."""
    with as_owner(box.data):
        store.remove(box.data / store.FOLDER)
    box.out({"removed": True}, "The box shows its plain page.")


@command.command()
@click.argument("folder", type=_folder, required=False)
@common
def digest(box: Box, folder: Path | None) -> None:
    """The digest that a clearance names, of FOLDER, else of the page on the box, and whether it is cleared."""
    found = read_folder(folder).digest if folder else _present(box).content.digest
    cleared = _cleared(box, found)
    box.out({"digest": found, "cleared": _stamp(cleared)}, f"{found}\n{_state(cleared)}")


@command.command()
@click.argument("folder", type=_folder, required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="On loopback; 0 = any free one.")
@common
def preview(box: Box, folder: Path | None, port: int) -> None:
    """Serve the page of FOLDER, else the one on the box, on this machine alone, until Ctrl-C."""
    made = _made(folder) if folder else _present(box)
    cleared = _cleared(box, made.content.digest)
    files = _tree(made, cleared)
    with ThreadingHTTPServer(("127.0.0.1", port), _handler(files)) as server:
        about: dict[str, Any] = {"url": f"http://127.0.0.1:{server.server_address[1]}/", **_about(made, cleared)}
        box.out(about, "\n".join([f"{about['url']}   until Ctrl-C", *_lines(about)]))
        sys.stdout.flush()
        server.serve_forever()


@command.command("export")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@common
def export_(box: Box, target: Path) -> None:
    """Write the page on the box to DIR as a static site, for any server or CDN, in place of what was exported there."""
    made = _present(box)
    cleared = _cleared(box, made.content.digest)
    files = _tree(made, cleared)
    tree.put(target, files, MARKER)
    about = {"folder": str(target), "files": len(files), **_about(made, cleared)}
    box.out(about, "\n".join([f"{len(files)} files in {target}.", *_lines(about)]))


@command.command()
@click.argument("path")
@click.option(
    "--expires", required=True, help="Until when: 30m, 12h, 7d from now, or a time such as 2026-12-24T18:00Z."
)
@click.option("--scheme", type=click.Choice(["nginx", "bunny"]), required=True, help="Who checks it.")
@click.option("--site", "address", help="Where the site is served; default: [landing] url.")
@common
def link(box: Box, path: str, expires: str, scheme: links.Scheme, address: str | None) -> None:
    """A link to PATH of the static site (such as en/) that ends by itself, signed with [landing] secret_file."""
    if not box.config.landing.secret_file:
        raise ConfigError("[landing] secret_file is not set", remedy="Name the file with what the server knows too.")
    secret = links.read_secret(Path(box.config.landing.secret_file))
    until = _until(expires)
    found = links.signed(scheme, _site(box, address), path, until, secret)
    box.out({"link": found, "expires": until}, found)


@command.command()
@click.option("--list", "list_", required=True, help="The check-in list.")
@click.option("--count", type=click.IntRange(1, 100_000), required=True, help="How many.")
@click.option("--base", help="Where the static site is served; default: [landing] url.")
@click.option("--valid-from", type=click.DateTime(), help="Local time of the event from when they admit.")
@click.option("--valid-until", type=click.DateTime(), help="Local time of the event until when they admit.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="CSV file.")
@common
def claims(
    box: Box,
    list_: str,
    count: int,
    base: str | None,
    out: Path,
    valid_from: datetime | None,
    valid_until: datetime | None,
) -> None:
    """New tickets of a list, each as a link to the site's claim page, which draws its code (CSV: link,list)."""
    address = _site(box, base)
    rows = _issue.issue(box, _issue.Wanted(list=list_, count=count, valid_from=valid_from, valid_until=valid_until))
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["link", "list"])
    table.writerows((f"{address}claim/#{tokens.link_text(code)}", list_) for code, _holder in rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_durably(out, text.getvalue().encode(), 0o600)  # who has a link has the ticket
    box.out(
        {"issued": count, "list": list_, "file": str(out)}, f"{count} links to tickets of {list_} written to {out}."
    )


def _made(folder: Path) -> Made:
    from appliance.files.landing.source import compile_page  # Markdown and pictures: for those who read a folder alone

    return compile_page(read_folder(folder))


def _present(box: Box) -> Made:
    """The page on the box."""
    folder = box.data / store.FOLDER
    content = store.load(folder)
    if content is None:
        raise DataError("this box shows its plain page", remedy="boothkit landing import FOLDER")
    found = {one.file: store.picture_of(folder, one.file) for one in content.pictures()}
    return Made(content, {name: held for name, held in found.items() if held is not None})


def _tree(made: Made, cleared: Cleared | None) -> dict[str, bytes]:
    """The static site; its pages are what guests get too, but for what the box adds. DataError: too heavy."""
    files = site.tree(made.content, made.pictures.get, cleared)
    for name, (plain, _packed) in weights(files).items():
        if plain > MOST:
            raise DataError(f"{name} weighs {plain:,} bytes without its pictures; at most {MOST:,}", remedy="Say less.")
    return files


def _cleared(box: Box, digest_: str) -> Cleared | None:
    if not (box.data / "journal.db").exists():
        return None
    with closing(Reader(box.data)) as reader:
        return policy.cleared(reader.db(), digest_, system_clock(box.config.clock.trust, box.run)())


def _stamp(cleared: Cleared | None) -> dict[str, Any] | None:
    return None if cleared is None else {"by": cleared.by, "policy": cleared.version, "until": cleared.until}


def _about(made: Made, cleared: Cleared | None) -> dict[str, Any]:
    files = site.tree(made.content, made.pictures.get, cleared)
    return {
        "digest": made.content.digest,
        "cleared": _stamp(cleared),
        "pack": made.content.pack,
        "languages": list(made.content.languages),
        "pages": {name: {"bytes": plain, "compressed": packed} for name, (plain, packed) in weights(files).items()},
        "pictures": {name: len(held) for name, held in sorted(made.pictures.items())},
    }


def _state(cleared: Cleared | None) -> str:
    if cleared is None:
        return "Not cleared: it says preview."
    return f"Cleared by {cleared.by}, policy {cleared.version}" + (
        f", until {cleared.until}." if cleared.until else "."
    )


def _lines(about: dict[str, Any]) -> list[str]:
    pages = [
        f"  {name}: {one['bytes']:,} bytes, {one['compressed']:,} compressed" for name, one in about["pages"].items()
    ]
    pictures = [f"  {name}: {size:,} bytes" for name, size in about["pictures"].items()]
    stamp = about["cleared"]
    state = _state(Cleared(stamp["by"], stamp["policy"], stamp["until"]) if stamp else None)
    return [f"Pack {about['pack']}, digest {about['digest']}", state, *pages, *pictures]


def _site(box: Box, said: str | None) -> str:
    """Where the static site is, with a slash at the end. DataError."""
    address = said or box.config.landing.url
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise DataError(f"site {address[:80]!r}: wants http://HOST/… or https://HOST/…", remedy="See [landing] url.")
    return address if address.endswith("/") else f"{address}/"


def _until(said: str) -> int:
    """A span from now or a time, as Unix seconds, not in the past."""
    now = int(time.time())
    if span := _SPAN.fullmatch(said):
        return now + int(span[1]) * _SECONDS[span[2]]
    try:
        when = datetime.fromisoformat(said)
    except ValueError as error:
        raise click.BadParameter(
            f"{said!r}: wants 30m, 12h, 7d, or 2026-12-24T18:00Z", param_hint="--expires"
        ) from error
    until = int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    if until <= now:
        raise click.BadParameter(f"{said!r} is over", param_hint="--expires")
    return until


def _handler(files: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Serves the files from memory."""

        def do_GET(self) -> None:
            name = urlsplit(self.path).path.lstrip("/")
            name = f"{name}index.html" if not name or name.endswith("/") else name
            held = files.get(name)
            self.send_response(200 if held is not None else 404)
            self.send_header("Content-Type", _TYPES.get(Path(name).suffix, "text/plain; charset=utf-8"))
            self.send_header("Content-Length", str(len(held or b"")))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(held or b"")

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    return Handler
