"""What every worker is started with, and how it finds it."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from appliance import config as configuration
from appliance.clock import Clock, system_clock
from appliance.config import Config
from appliance.durable import write_durably
from appliance.errors import BoothkitError, ConfigError
from appliance.ids import new_id


@dataclass(frozen=True)
class WorkerContext:
    """One worker's surroundings: its name, the configuration, DATA and RUN, the clock, the box's id."""

    name: str
    config: Config
    data: Path
    run: Path
    clock: Clock
    box: str


def worker_context(name: str, config: Config, data: Path, run: Path) -> WorkerContext:
    """The context of a worker on this machine."""
    return WorkerContext(name, config, data, run, system_clock(config.clock.trust, run), box_id(config, data))


class FolderUnusable(BoothkitError):
    """The data folder cannot be written; nothing was started."""

    remedy = "Give this user the folder (chown), or name another one with --data."


def check_folder(data: Path) -> None:
    """Make the data folder when it is missing; raises FolderUnusable when this user cannot write in it.

    A full card is no reason: a box that comes up can say so.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnusable(f"{data}: cannot be made: {error.strerror}") from error
    for path in (data, data / "journal.db", data / "keys"):
        if path.exists() and not os.access(path, os.W_OK):
            if os.statvfs(path).f_flag & os.ST_RDONLY:
                raise FolderUnusable(
                    f"{path}: its file system is read-only",
                    remedy="Mount it for writing, or name another folder with --data. A card that turned read-only by "
                    "itself is worn out: copy it, and use a new one.",
                )
            raise FolderUnusable(f"{path}: this user may not write here")


def box_id(config: Config, data: Path) -> str:
    """The configured id, else the one that this data folder was given at its first use."""
    path = data / "box.id"
    if path.exists():
        kept = path.read_text().strip()
        if config.box.id and config.box.id != kept:
            raise ConfigError(
                f"box.id is {config.box.id!r}, but {data} belongs to box {kept!r}",
                remedy="Use the box's own data folder, or take box.id out of the configuration.",
            )
        return kept
    data.mkdir(parents=True, exist_ok=True)
    ident = config.box.id or new_id("box-", 6)
    write_durably(path, f"{ident}\n".encode(), 0o644)
    return ident


def state_folder(otherwise: Path) -> Path:
    """The folder that systemd made for this unit (StateDirectory=, systemd.exec(5)), else ``otherwise``."""
    return Path(os.environ.get("STATE_DIRECTORY", otherwise))


def default_run(data: Path) -> Path:
    """The run folder that belongs to a data folder: /run/boothkit for the service, else a short private folder of
    this user.

    Unix socket paths have at most 107 bytes, so it does not lie below the data folder.
    """
    if explicit := os.environ.get("BOOTHKIT_RUN"):
        return Path(explicit)
    if data == configuration.DEFAULT_DATA:
        return Path("/run/boothkit")
    digest = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"boothkit-{os.getuid()}-{digest}"


def private_folder(run: Path) -> None:
    """Make a run folder that is this user's alone; /tmp is everybody's.

    Raises ConfigError when somebody else made it first.
    """
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = run.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise ConfigError(
            f"{run} is not a folder of this user alone",
            remedy="Remove it, or name another one in BOOTHKIT_RUN.",
        )
