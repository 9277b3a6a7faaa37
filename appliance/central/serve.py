"""``boothkit central serve``: the store, the subscriber in this thread, the HTTP server in another."""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from appliance import log
from appliance.central.backups import Shelf
from appliance.central.database import dsn_of, open_writer
from appliance.central.keyring import Keyring, central_signer
from appliance.central.policies import FOLDER, Policies
from appliance.central.service import Central
from appliance.central.store import Store
from appliance.central.subscriber import Subscriber
from appliance.central.view import View
from appliance.errors import BoothkitError
from web.central.app import create_app
from web.common.serving import PortTaken as TakenPort
from web.common.serving import Server

logger = log.get("central")

_READY_ANYWAY_S = 3.0


class AlreadyServed(BoothkitError):
    """Another central writes this store."""

    remedy = "Stop the other `boothkit central serve`, or give this one another --data folder."


class PortTaken(BoothkitError):
    """The HTTP server cannot listen."""

    remedy = "Give another --http-port; 0 takes any that is free."


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def serve(
    data: Path,
    host: str,
    port: int,
    http_port: int,
    *,
    trust_first: bool,
    ready: Callable[[str, str], None],
    dsn: str | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. ``ready`` gets the URL and the verifier key once: when boxes can
    be heard, or after 3 s without a broker. ``dsn``: PostgreSQL's connection string; None = BOOTHKIT_CENTRAL_DSN, empty
    = SQLite in ``data``. AlreadyServed, PortTaken, BadCentralKey, NotCentral."""
    stop, dsn = threading.Event(), dsn_of(dsn)
    with _held(data, alone=not dsn), _signals(stop):
        signer = central_signer(data / "keys")
        store = Store(open_writer(data, dsn))
        try:
            store.belongs_to(signer.verifier.vkey())
            url = _http(View(data, dsn), http_port)
            once = _Once(lambda: ready(url, signer.verifier.vkey()))
            late = threading.Timer(_READY_ANYWAY_S, once)
            late.daemon = True
            late.start()
            keyring, policies = Keyring(data / "keys"), Policies(data / FOLDER, signer.verifier)
            shelf = Shelf(data / "backups", keyring)
            central = Central(store, signer, keyring, now_ms, trust_first=trust_first, policies=policies, shelf=shelf)
            Subscriber(host, port, central, on_ready=once, now=time.monotonic).run(stop)
            late.cancel()
        finally:
            store.close()
    return 0


def _http(view: View, port: int) -> str:
    """Listen on the loopback address, in a thread that ends with the process; the URL."""
    app = create_app(view, now_ms)
    try:
        return Server(app, "127.0.0.1", port, threads=4, log=logger).url
    except TakenPort as error:
        raise PortTaken(f"127.0.0.1:{port}: {error.strerror}") from error


class _Once:
    """A function that two threads may call and that runs once."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._done = False

    def __call__(self) -> None:
        with self._lock:
            if not self._done:
                self._done = True
                self._function()


@contextmanager
def _held(data: Path, *, alone: bool) -> Iterator[None]:
    """With SQLite one central a folder: 3.40 must not have two that write. PostgreSQL has its own locks."""
    data.mkdir(parents=True, exist_ok=True)
    if not alone:
        yield
        return
    with open(os.open(data / "central.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServed(f"{data} is served already") from None
        yield


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
