"""The box's configuration, once at each start: read as root from the boot partition, laid down for the workers.

The workers' own users cannot read the boot partition. They get RUN/config.json (the resolved configuration, no
secrets), the uplink alone gets copies of its secret files in RUN/secret, the site's broker its password in RUN/site
where this box runs it, and the firewall gets the printers' addresses, the port of the staff's https and the guests'
interface in RUN/firewall.nft. The guests' Wi-Fi itself is NetworkManager's (`air`).

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
from appliance.services import air
from drivers.errors import BadUri
from drivers.uri import Uri

logger = log.get("configuration")

_KEYS = ("password_file", "ca", "cert", "key")
SECRETS = (*(("mqtt", key) for key in _KEYS), ("site", "password_file"), ("site", "ca"))
"""Tables and keys that name a file which only the uplink shall read."""
PORTAL = 80
"""Where the firewall leads whoever looks for a web page."""
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
    config, missing = _hand_over_secrets(outcome.config, run)
    rules, nameless = _printer_rules(config)
    if port := config.staff.https_port:
        rules += f"add element inet boothkit staff {{ {port} }}\n"
    rules += "".join(air.rules(config.wifi))
    changed = air.lay(config.wifi, air.Places.beside(run))
    logger.info("air.settled", ssid=config.wifi.ssid, interface=config.wifi.interface, changed=changed)
    (run / "firewall.nft").write_text(rules, encoding="ascii")
    path = run / "config.json"
    configuration.save_resolved(config, path)
    path.chmod(0o640)
    faults = list(filter(None, (outcome.fault, *missing, *nameless)))
    if config.wifi.ssid and config.portal.port != PORTAL:
        faults.append(f"portal.port {config.portal.port}: guests of the box's own Wi-Fi find no portal but at {PORTAL}")
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


def _hand_over_secrets(config: Config, run: Path) -> tuple[Config, list[str]]:
    """The configuration with the files of [mqtt] and [site] where their readers can read them, and what could not be
    copied. The site's password has two readers: the uplink, and the broker where this box runs it."""
    missing: list[str] = []
    moved: dict[str, str] = {}
    for table, key in SECRETS:
        named, copy = (
            getattr(getattr(config, table), key),
            run / "secret" / (key if table == "mqtt" else f"{table}.{key}"),
        )
        if fault := _hand_over(named, copy):
            missing.append(f"{table}.{key}: {fault}")
        if named:
            moved[f"{table}.{key}"] = str(copy)
    serves = run / "site" / "serve"
    serves.unlink(missing_ok=True)
    _hand_over(config.site.password_file if config.site.serve else "", run / "site" / "password")
    if config.site.serve:
        serves.touch()
    found = {
        table: msgspec.structs.replace(
            getattr(config, table), **{key: path for key in _KEYS if (path := moved.get(f"{table}.{key}"))}
        )
        for table in ("mqtt", "site")
    }
    return msgspec.structs.replace(config, **found), missing


def _hand_over(named: str, copy: Path) -> str:
    """Copy a file for the owner of the folder that the copy is in; what is wrong with it, in words, or nothing."""
    copy.unlink(missing_ok=True)
    if not named:
        return ""
    try:
        with Path(named).open("rb") as source:
            content = source.read(LONGEST_SECRET + 1)
    except OSError as error:
        return f"{named}: {error.strerror}"
    if len(content) > LONGEST_SECRET:
        return f"{named} has more than {LONGEST_SECRET} bytes"
    owner = copy.parent.stat()
    handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
    with open(handle, "wb") as target:
        os.fchown(handle, owner.st_uid, owner.st_gid)
        target.write(content)
    return ""


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
