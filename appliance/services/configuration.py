"""The box's configuration, once at each start: read as root from the boot partition, laid down for the workers.

The workers' own users cannot read the boot partition. They get RUN/config.json (the resolved configuration, no
secrets), the uplink alone gets copies of its secret files in RUN/secret, and the firewall gets the printers' addresses
in RUN/firewall.nft.

A box in a field must come up: with a file that is wrong, or gone, it goes on with the last one that was right, or with
the defaults, and the page `configuration` of the board says so until it is mended.
"""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance import config as configuration
from appliance import log
from appliance.board import Board
from appliance.config import Config
from appliance.durable import write_durably
from appliance.errors import ConfigError
from drivers.errors import BadUri
from drivers.uri import Uri

logger = log.get("configuration")

SECRETS = ("password_file", "ca", "cert", "key")
LONGEST_SECRET = 64 * 1024
_MEND = "Correct boothkit.toml on the card's boot partition, then restart the box."


@dataclass(frozen=True)
class Outcome:
    """The configuration that the box runs with, and what is wrong with the file, if anything is."""

    config: Config
    fault: str = ""
    remedy: str = ""


def settle(run: Path, kept: Path, file: Path | None) -> Outcome:
    """Lay down the configuration of `file` (None: there is none) in the run folder.

    `kept`: the folder where the last right one is remembered. OSError: the run folder cannot be written.
    """
    outcome = _choose(file, kept / "config.json")
    config, missing = _hand_over_secrets(outcome.config, run / "secret")
    rules, nameless = _printer_rules(config)
    (run / "firewall.nft").write_text(rules, encoding="ascii")
    path = run / "config.json"
    configuration.save_resolved(config, path)
    path.chmod(0o640)
    faults = list(filter(None, (outcome.fault, *missing, *nameless)))
    for fault in faults:
        logger.warning("configuration.fault", why=fault)
    board = Board(run, "configuration")
    if faults:
        remedy = outcome.remedy or _MEND
        board.put(state="degraded", standing=True, reason="; ".join(faults), remedy=remedy)
    else:
        board.clear()
    return Outcome(outcome.config, "; ".join(faults), outcome.remedy)


def _choose(file: Path | None, kept: Path) -> Outcome:
    try:
        if file is None:
            if not kept.exists():
                return Outcome(Config())
            raise ConfigError(
                "there is no boothkit.toml",
                remedy="Put boothkit.toml back on the card's boot partition; an empty one means the defaults.",
            )
        config = configuration.load(file)
    except ConfigError as error:
        try:
            last = configuration.load_resolved(kept)
        except ConfigError:
            return Outcome(Config(), f"{error}; the box runs with the defaults", error.remedy or _MEND)
        return Outcome(last, f"{error}; the box runs with the last configuration that was right", error.remedy or _MEND)
    write_durably(kept, msgspec.json.encode(config), 0o600)
    return Outcome(config)


def _hand_over_secrets(config: Config, folder: Path) -> tuple[Config, list[str]]:
    """The configuration with [mqtt]'s files where the uplink can read them, and what could not be copied."""
    owner = folder.stat()
    missing: list[str] = []
    moved: dict[str, str] = {}
    for key in SECRETS:
        named, copy = getattr(config.mqtt, key), folder / key
        copy.unlink(missing_ok=True)
        if not named:
            continue
        moved[key] = str(copy)
        try:
            with Path(named).open("rb") as source:
                content = source.read(LONGEST_SECRET + 1)
        except OSError as error:
            missing.append(f"mqtt.{key}: {named}: {error.strerror}")
            continue
        if len(content) > LONGEST_SECRET:
            missing.append(f"mqtt.{key}: {named} has more than {LONGEST_SECRET} bytes")
            continue
        handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
        with open(handle, "wb") as target:
            os.fchown(handle, owner.st_uid, owner.st_gid)
            target.write(content)
    mqtt = msgspec.structs.replace(config.mqtt, **moved)
    return msgspec.structs.replace(config, mqtt=mqtt), missing


def _printer_rules(config: Config) -> tuple[str, list[str]]:
    """nft(8) commands that let the printing worker's user out to the configured printers, and printers that have a
    name where an address is needed."""
    lines: list[str] = []
    nameless: list[str] = []
    for name in config.device_names("printer"):
        try:
            uri = Uri.parse(config.devices[name])
        except BadUri:
            continue  # the printing worker says so, in the printer's own state
        if uri.scheme != "tcp" or uri.port is None:
            continue
        try:
            address = ipaddress.ip_address(uri.host)
        except ValueError:
            nameless.append(f"{name}: the firewall lets printers through by address, not by the name {uri.host!r}")
            continue
        family = "printers6" if address.version == 6 else "printers"
        lines.append(f"add element inet boothkit {family} {{ {address} . {uri.port} }}\n")
    return "".join(lines), nameless
