"""The till worker: the staff app behind waitress."""

import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from appliance.errors import Problem
from appliance.files.codes import LARGEST
from appliance.files.landing.store import FOLDER
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.private.people import People
from appliance.private.secrets import Secrets
from appliance.services import footfallclient
from appliance.services.context import WorkerContext
from appliance.services.footfallclient import FootfallDown
from appliance.services.stewardclient import PAGE_S, ask_for_page
from appliance.services.webhost import serve
from web.till import Deps, create_app

THREADS = 12
MOST_BODY = LARGEST + 1024 * 1024
"""Bytes that are taken in at all: a shop's file, and some more, so that the app itself says that one is too large."""


def _footfall(run: Path, verb: str, data: dict[str, Any]) -> dict[str, Any]:
    try:
        return footfallclient.ask(run, verb, data, timeout=PAGE_S)
    except FootfallDown as error:
        raise Problem("busy", "the footfall worker does not answer", error.remedy) from error


def main(ctx: WorkerContext) -> int:
    """Serve until SIGTERM. Exit code 3: nothing can listen at the port."""
    with ExitStack() as used:
        client = RecorderClient(ctx.run, "staff", timeout=PAGE_S)
        used.callback(client.close)
        reader = Reader(ctx.data)
        used.callback(reader.close)
        secrets = Secrets(ctx.data, ctx.clock)
        used.callback(secrets.close)
        people = People(ctx.data)
        app = create_app(
            Deps(
                client,
                reader,
                people,
                secrets,
                ctx.config,
                ctx.run,
                ctx.box,
                ctx.clock,
                time.monotonic,
                partial(ask_for_page, ctx.run),
                partial(_footfall, ctx.run),
                ctx.data / FOLDER,
            )
        )
        streams = app.extensions["boothkit"].streams
        return serve(
            ctx,
            "staff",
            app,
            threads=THREADS,
            most_body=MOST_BODY,
            inside=ctx.run / "till" / "till.sock" if ctx.config.staff.https_port else None,
            show=lambda: {"streams": streams.open},
            stopping=streams.close,
        )
