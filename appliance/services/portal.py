"""The portal worker: the guests' pages behind waitress."""

import sys
import time
from contextlib import closing
from functools import partial

from appliance.files.landing.store import FOLDER
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.services.context import WorkerContext
from appliance.services.stewardclient import ask_for_page
from appliance.services.visits import Measuring
from appliance.services.webhost import serve
from web.common.serving import Strangers
from web.portal import Deps, create_app
from web.portal.tally import Tally

THREADS = 8
MOST_BODY = 16 * 1024
_RECORDER_S = 2.5
RECORD_S = 60.0
"""Between two batches of visits; a portal that is killed loses what came since the last."""
GUESTS = Strangers(crowded=900, request_s=30.0)
"""200 phones hold some connections each; below the 1024 files that a process may have open."""

SWITCH_S = 0.0005
"""A tenth of Python's own: eight busy threads would hold up the one that all connections hang on for seconds, and the
watchdog with it."""


def main(ctx: WorkerContext) -> int:
    """Serve until SIGTERM. Exit code 3: nothing can listen at the port."""
    sys.setswitchinterval(SWITCH_S)
    with closing(Reader(ctx.data)) as reader, closing(RecorderClient(ctx.run, "guest", _RECORDER_S)) as client:
        steward = partial(ask_for_page, ctx.run)
        visits = Tally(time.monotonic)
        deps = Deps(
            reader=reader,
            keys=ctx.data / "keys",
            config=ctx.config,
            monotonic=time.monotonic,
            client=client,
            visits=visits,
            landing=ctx.data / FOLDER,
            clock=ctx.clock,
            steward=steward,
        )
        record = Measuring(visits, client).record
        minutely = [(RECORD_S, record)]
        app = create_app(deps)
        return serve(
            ctx,
            "portal",
            app,
            threads=THREADS,
            most_body=MOST_BODY,
            strangers=GUESTS,
            also=minutely,
            stopping=record,
        )
