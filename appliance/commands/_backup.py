"""What ``boothkit backup`` and ``boothkit restore`` share: where a box lies, and how a passphrase is asked for."""

import sys
from pathlib import Path

import click

from appliance import config as configuration
from appliance.backup.contents import Place
from appliance.backup.passphrase import LONGEST
from appliance.commands._common import Box
from appliance.config import Config
from appliance.errors import BoothkitError, ConfigError

_KEPT = Path("/var/lib/boothkit-authority")


class NoPassphrase(BoothkitError):
    """There is nobody to ask."""

    remedy = "Put it into a file that only you can read, and name that with --passphrase-file."


def place(box: Box, box_id: str) -> Place:
    """The box on this disk. ``box_id``: its id, or what the configuration says, or empty."""
    own = box.data / "authority"
    authority = _KEPT if box.data == configuration.DEFAULT_DATA and not own.exists() else own
    return Place(box.data, box_id, box.config.box.cell, authority, _configured(box, box.config))


def _configured(box: Box, config: Config) -> dict[str, Path]:
    """The file as somebody wrote it, and the files that it names: on a new card they would have to be found again."""
    try:
        path = configuration.find(box.config_path)
    except ConfigError:
        path = None
    if path is None or path.suffix != ".toml":
        path = next((one for one in configuration.SEARCH if one.is_file()), None)
    found = {} if path is None else {"config/boothkit.toml": path}
    mqtt = config.mqtt
    named = {"password_file": mqtt.password_file, "ca": mqtt.ca, "cert": mqtt.cert, "key": mqtt.key}
    return found | {f"config/{key}": Path(value) for key, value in named.items() if value}


def passphrase(file: Path | None, *, new: bool = False) -> str:
    """From a file's first line, else asked for on the terminal, twice when it is ``new``. Raises NoPassphrase."""
    if file is not None:
        try:
            with file.open(encoding="utf-8", errors="replace") as opened:
                return opened.readline(2 * LONGEST).rstrip("\r\n")
        except OSError as error:
            raise NoPassphrase(f"{file}: {error.strerror}") from error
    if not sys.stdin.isatty():
        raise NoPassphrase("a passphrase is needed, and there is no terminal to ask on")
    found: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    return found
