"""Debian's PostgreSQL in a temporary folder, as somebody who is not root, on a unix socket of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.central.database import open_writer
from tests.conftest import wait_until

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


_FILLED = (
    "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname <> 'central_version' "
    "AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0"
)


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class Cluster:
    """One server. ``durable``: it writes as a real one would."""

    def __init__(self, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bk-pg-", dir="/tmp"))
        self._user, self._durable, self._count = _user(), durable, 0
        self._shared = ""
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        auth = ["-A", "trust", "-U", "boothkit", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8"]
        self._run("initdb", "-D", str(self.folder / "data"), *auth)

    def start(self) -> None:
        """Until it takes connections."""
        settings = ["listen_addresses=", "max_connections=60"]
        settings += [] if self._durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        argv = [str(_BINARIES[-1] / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        for setting in settings:
            argv += ["-c", setting]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(argv, cwd="/", user=self._user, stdout=log, stderr=log)
        wait_until(self._ready, "PostgreSQL answers")

    def kill(self) -> None:
        """As a machine that dies: the postmaster and all that it started."""
        assert self._process is not None
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, text=True
        ).stdout.split()
        for pid in (self._process.pid, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        self._process.wait(20)

    def stop(self) -> None:
        """End it and remove what it had."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nobody needs it again
            self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def dsn(self, database: str) -> str:
        """A connection string."""
        return f"host={self.folder} user=boothkit dbname={database}"

    def empty(self) -> str:
        """The connection string of a new database without any table."""
        import psycopg

        self._count += 1
        name = f"test{self._count}"
        with closing(psycopg.connect(self.dsn("postgres"), autocommit=True)) as db:
            db.execute(f"CREATE DATABASE {name}")
        return self.dsn(name)

    def fresh(self) -> str:
        """A database with central's tables and nothing in them. It is the same one each time: emptying takes a fiftieth
        of making."""
        if not self._shared:
            self._shared = self.empty()
        with closing(open_writer(self.folder, self._shared)) as db:
            for row in db.rows(_FILLED):
                db.run(f"TRUNCATE {row['name']} RESTART IDENTITY CASCADE")
        return self._shared

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        asked = subprocess.run([str(_BINARIES[-1] / "pg_isready"), "-q", "-h", str(self.folder)])
        return asked.returncode == 0

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [str(_BINARIES[-1] / name), *arguments], cwd="/", user=self._user, check=True, capture_output=True
        )


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server for all tests."""
    if not _BINARIES:
        message = "PostgreSQL is missing (Debian: sudo apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    server = Cluster()
    server.start()
    yield server
    server.stop()
