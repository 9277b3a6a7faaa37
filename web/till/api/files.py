"""Files of ticket shops: taken in, and carried out part by part while sales go on."""

from functools import partial
from typing import Any

from flask import Blueprint, request

from appliance.errors import invalid
from appliance.files.codes import LARGEST, ROLES, Columns
from web.common.body import command_key, json_object, text_of
from web.common.problems import takes
from web.till import auth
from web.till.deps import deps, here
from web.till.uploads import Upload

blueprint = Blueprint("api_files", __name__)

_NAME = 80
_CELL = 80  # characters that are shown of one
_ASKED = {"list", "columns", "part"}
_MOST_PARTS = 1_000_000


@blueprint.post("/tickets/files")
@takes(LARGEST)
@auth.for_roles("lead", action="tickets")
def take() -> tuple[dict[str, Any], int]:
    """What the file is and what its columns may be; nothing is imported yet. ``name``: in the query."""
    key = command_key(request.headers.get("Idempotency-Key"))
    size = request.content_length or 0
    name = _name(request.args.get("name", ""))
    # Straight from the server's own file: what Werkzeug puts before it holds a second copy while it reads.
    body = partial(request.input_stream.read, size)
    return _shown(here().uploads.take(auth.staff().id, key, name, size, body)), 201


@blueprint.post("/tickets/files/<file>/import")
@auth.for_roles("lead", action="tickets")
def carry_out(file: str) -> dict[str, Any]:
    """As many tickets as half a second allows. The same part again gives the same answer."""
    command_key(request.headers.get("Idempotency-Key"))
    body = json_object(request.get_data())
    if unknown := sorted(set(body) - _ASKED):
        raise invalid(f"{unknown[0][:40]!r} is not known here; allowed: {', '.join(sorted(_ASKED))}")
    part = body.get("part")
    if not isinstance(part, int) or isinstance(part, bool) or not 1 <= part <= _MOST_PARTS:
        raise invalid("part: wants a whole number from 1")
    actor = auth.actor()

    def send(command: str, data: dict[str, Any], ident: str) -> dict[str, Any]:
        return deps().client.send(command, data, actor=actor, id=ident).answer

    columns = _columns(body.get("columns"))
    return here().uploads.step(auth.staff().id, file, part, text_of(body, "list"), columns, send)


@blueprint.delete("/tickets/files/<file>")
@auth.for_roles("lead")
def drop(file: str) -> tuple[str, int]:
    """The file is forgotten; what was imported of it stays."""
    here().uploads.drop(auth.staff().id, file)
    return "", 204


def _name(text: str) -> str:
    """Of a file, as it may stand in a sentence."""
    plain = "".join(char for char in text.replace("\\", "/").rpartition("/")[2] if char.isprintable())
    return plain.strip()[:_NAME] or "file"


def _columns(said: Any) -> Columns:
    if not isinstance(said, dict):
        raise invalid("columns: wants an object of roles, each with its headings")
    if unknown := sorted(set(said) - set(ROLES)):
        raise invalid(f"columns: {unknown[0][:40]!r} is no role; there are: {', '.join(ROLES)}")
    columns: Columns = {}
    for role in ROLES:
        named = said.get(role, [])
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise invalid(f"columns: {role} wants a list of headings")
        if named:
            columns[role] = tuple(named)
    return columns


def _shown(upload: Upload) -> dict[str, Any]:
    table = upload.table
    if table is None:
        raise invalid("this file was imported already", "Choose it again; nothing is doubled.")
    return {
        "file": upload.id,
        "name": upload.name,
        "rows": table.rows,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "headings": table.headings,
        "guess": table.guess,
        "sample": [[cell[:_CELL] for cell in row] for row in table.sample],
    }
