"""The portal worker: the guests' pages behind waitress."""

import time
from contextlib import closing

from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.services.context import WorkerContext
from appliance.services.webhost import serve
from web.common.serving import Strangers
from web.portal import Deps, create_app

THREADS = 8
MOST_BODY = 16 * 1024
_RECORDER_S = 2.5
GUESTS = Strangers(crowded=900, request_s=30.0)
"""200 phones hold some connections each; below the 1024 files that a process may have open."""


def main(ctx: WorkerContext) -> int:
    """Serve until SIGTERM. Exit code 3: nothing can listen at the port."""
    with closing(Reader(ctx.data)) as reader, closing(RecorderClient(ctx.run, "guest", _RECORDER_S)) as client:
        app = create_app(Deps(reader, ctx.data / "keys", ctx.config, time.monotonic, client))
        return serve(ctx, "portal", app, threads=THREADS, most_body=MOST_BODY, strangers=GUESTS)
