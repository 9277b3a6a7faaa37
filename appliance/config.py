"""The configuration: one TOML file. Every key is documented in docs/reference/configuration.md (a test compares)."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from appliance.errors import ConfigError

SEARCH = (Path("/boot/firmware/boothkit.toml"), Path("/etc/boothkit/boothkit.toml"))
DEFAULT_DATA = Path("/var/lib/boothkit")

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_HOST = re.compile(r"[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]")
_PASSWORD = re.compile(r"[!-~][ -~]{6,61}[!-~]")
HostName = Annotated[str, msgspec.Meta(pattern=f"^{_HOST.pattern}$")]
"""A name of the DNS or an IPv4 address."""
OWN_HOSTS = ("box.booth", "10.77.0.1")
"""What every box is called on its own air."""


Tables = dict[str, dict[str, Any]]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of the file; a key that it does not have is an error."""


class Box(Table, frozen=True):
    """``id``: the box's name in every fact, made up at the first start when empty; ``cell``: the team that runs it;
    ``language``: what paper is printed in, and what pages are shown in to browsers that want neither."""

    id: Name | Literal[""] = ""
    cell: Name = "cell"
    language: Literal["en", "de"] = "en"


class Mqtt(Table, frozen=True):
    """Where facts go. ``broker`` host:port, empty = nowhere; TLS as soon as ``ca`` is named; ``cert`` and ``key`` for
    a client certificate; ``compress``: batches of facts are deflated; ``daily_mb``: megabytes (10⁶ bytes) a day on a
    metered line, 0 = no limit; ``home_assistant``: sensors for Home Assistant's discovery."""

    broker: str = ""
    user: str = ""
    password_file: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    compress: bool = False
    daily_mb: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    home_assistant: bool = False


class Staff(Table, frozen=True):
    """Where the till listens. Port 0 = any free one. ``https_port``: where paired devices reach it on the guests' air,
    0 = nowhere (``boothkit up`` takes that when the file names none); ``https_names``: names and addresses that its
    certificate is good for beside box.booth and 10.77.0.1; ``lock_after_s``: seconds without a touch after which a
    staff page locks itself, 0 = never."""

    host: str = "0.0.0.0"  # noqa: S104 - the till serves the staff's network; the firewall keeps guests out
    port: Port = 8080
    https_port: Port = 8443
    https_names: tuple[HostName, ...] = ()
    lock_after_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 300


class Portal(Table, frozen=True):
    """Where guests are. ``public_url``: what a receipt's QR begins with."""

    host: str = "0.0.0.0"  # noqa: S104 - guests are on the box's own Wi-Fi
    port: Port = 80
    public_url: str = "http://10.77.0.1"


class Wifi(Table, frozen=True):
    """The guests' Wi-Fi, which the box makes itself. ``ssid``: its name, at most 32 bytes of UTF-8, empty = there is
    none; ``password``: 8 to 63 printable ASCII characters (it hangs on the poster), empty = open to everybody;
    ``channel``: of the 2.4 GHz band; ``pass_through``: a guest who pressed the button gets through to the internet,
    while the box has a way there, ``rate_kbit`` kilobits a second each way at most, 0 = no limit; ``release_hours``:
    for how long a press counts."""

    interface: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]{0,14}$")] = "ap0"
    ssid: str = ""
    password: str = ""
    channel: Annotated[int, msgspec.Meta(ge=1, le=11)] = 6
    pass_through: bool = False
    rate_kbit: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 2_000
    release_hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = 12


class BenchTable(Table, frozen=True):
    """Where the demo's bench listens, on loopback; without ``--demo`` there is none."""

    port: Port = 8082


class Central(Table, frozen=True):
    """``key``: central's verifier key (type 0x01), as ``boothkit central serve`` prints it. Without it nothing counts
    as safe."""

    key: str = ""


class Site(Table, frozen=True):
    """Boxes of one event. ``broker``: host:port of the site's broker, empty = this box is alone; ``user``,
    ``password_file`` and ``ca`` as in [mqtt]; ``serve``: this box runs that broker, for whoever knows user and
    password, at ``port``, never on the guests' air; it needs no ``ca``, which is its own."""

    broker: str = ""
    user: str = "site"
    password_file: str = ""
    ca: str = ""
    serve: bool = False
    port: Port = 8883


class ClockTable(Table, frozen=True):
    """How far the wall clock is trusted; ``auto`` asks the kernel."""

    trust: Literal["auto", "rtc", "ntp", "phone", "none"] = "auto"


class StewardTable(Table, frozen=True):
    """System users that may use each of the steward's verbs; the defaults are the workers' own users on the box."""

    guest_admit: tuple[str, ...] = ("boothkit-portal",)
    guest_released: tuple[str, ...] = ("boothkit-portal",)
    clock_set: tuple[str, ...] = ("boothkit-till",)
    update_apply: tuple[str, ...] = ("boothkit-till", "boothkit-uplink")
    backup_make: tuple[str, ...] = ("boothkit-till", "boothkit-uplink")
    power_off: tuple[str, ...] = ("boothkit-till", "boothkit-power")


class UpdateTable(Table, frozen=True):
    """``slots``: the two places of the root file system, as the kernel's ``root=`` names them (``PARTUUID=…`` or a
    path); ``cmdline``: the kernel's command line on the boot partition."""

    slots: tuple[str, ...] = ("PARTUUID=b007b007-02", "PARTUUID=b007b007-03")
    cmdline: str = "/boot/firmware/cmdline.txt"


class PowerTable(Table, frozen=True):
    """The battery, and when what is switched off. ``capacity_ah`` or ``capacity_wh`` as printed on the battery, 0 = not
    known; ``cells`` in a row, 0 = those of a 12 V battery; ``saving``, ``low``, ``critical``, ``cutoff``: percent of
    charge at which a level begins, 0 = that of the chemistry; ``cutoff_v``, ``hard_v``: volts of the whole battery
    below which the box switches off, and below which nobody can put that off, 0 = those of the chemistry;
    ``announce_s``: seconds between saying and doing; ``shutdown_min``: minutes of charge left at which the box
    switches off while critical; ``uplink``: the level at which the uplink is slowed down."""

    chemistry: Literal["lifepo4", "lead", "li-ion"] = "lifepo4"
    capacity_ah: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 0.0
    capacity_wh: Annotated[float, msgspec.Meta(ge=0, le=500_000)] = 0.0
    cells: Annotated[int, msgspec.Meta(ge=0, le=32)] = 0
    saving: Percent = 0
    low: Percent = 0
    critical: Percent = 0
    cutoff: Percent = 0
    cutoff_v: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.0
    hard_v: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.0
    announce_s: Annotated[int, msgspec.Meta(ge=10, le=3600)] = 120
    shutdown_min: Annotated[int, msgspec.Meta(ge=0, le=240)] = 10
    uplink: Literal["saving", "low", "critical", "never"] = "low"


class PrivacyTable(Table, frozen=True):
    """``keep_days``: days after an event until its personal data is erased, 0 = when somebody asks."""

    keep_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 30


class ReceiptTable(Table, frozen=True):
    """``logo``: a PNG that stands at the head of each receipt, at most 2,048 pixels a side and 1 MiB; empty = none."""

    logo: str = ""


class LandingTable(Table, frozen=True):
    """The guests' page as a static site. ``url``: where it is served, for links to it; ``secret_file``: what is shared
    with its server or CDN for links that end by themselves, readable by its owner alone."""

    url: str = ""
    secret_file: str = ""


class Config(Table, frozen=True):
    """The whole file. ``devices``: NAME = "URI"; the kind is NAME up to its first dash."""

    box: Box = Box()
    devices: dict[Name, str] = {}
    mqtt: Mqtt = Mqtt()
    staff: Staff = Staff()
    portal: Portal = Portal()
    wifi: Wifi = Wifi()
    bench: BenchTable = BenchTable()
    central: Central = Central()
    site: Site = Site()
    clock: ClockTable = ClockTable()
    steward: StewardTable = StewardTable()
    update: UpdateTable = UpdateTable()
    power: PowerTable = PowerTable()
    receipt: ReceiptTable = ReceiptTable()
    privacy: PrivacyTable = PrivacyTable()
    landing: LandingTable = LandingTable()

    def https_hosts(self) -> tuple[str, ...]:
        """What the certificate of the staff's https is good for; the first is what devices are told to open."""
        hosts = (urlsplit(self.portal.public_url).hostname or "", self.staff.host)
        own = [host for host in hosts if _HOST.fullmatch(host) and host != "0.0.0.0"]  # noqa: S104 - compared, not bound
        return tuple(dict.fromkeys((*self.staff.https_names, *OWN_HOSTS, *own)))

    def device_names(self, kind: str) -> list[str]:
        """Names of the configured devices of one kind, in the file's order."""
        return [name for name in self.devices if name.partition("-")[0] == kind]


DEVICE_KINDS = ("printer", "scanner", "footfall", "power", "indicator", "button", "relay")


def find(explicit: str | Path | None) -> Path | None:
    """The file to use: the one named, else BOOTHKIT_CONFIG, else the first of the usual places that exists."""
    if explicit or (explicit := os.environ.get("BOOTHKIT_CONFIG")):
        path = Path(explicit)
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such file", remedy="Name an existing file with --config.")
        return path
    return next((path for path in SEARCH if path.is_file()), None)


def load(path: Path | None, *, below: Tables | None = None, above: Tables | None = None) -> Config:
    """The configuration of a file. ``below``: tables that the file overrides; ``above``: tables that override file
    and environment.

    Raises ConfigError that names file, line or key, what was found and what is allowed. A resolved file
    (``save_resolved``) is taken as it is.
    """
    if path is not None and path.suffix == ".json":
        return load_resolved(path)
    merged: dict[str, Any] = {}
    for layer in (below or {}, read_tables(path) if path else {}, _environment(), above or {}):
        for table, values in layer.items():
            before = merged.get(table)
            merged[table] = {**before, **values} if isinstance(values, dict) and isinstance(before, dict) else values
    where = str(path) if path else "configuration"
    try:
        config = msgspec.convert(merged, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_explain(error, merged)}") from error
    _check(config, where)
    return config


def read_tables(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; a byte order mark and CRLF are fine."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8", remedy="Save the file as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error


def _environment() -> dict[str, Any]:
    layer: dict[str, Any] = {}
    if broker := os.environ.get("BOOTHKIT_MQTT"):
        layer["mqtt"] = {"broker": broker}
    if key := os.environ.get("BOOTHKIT_CENTRAL_KEY"):
        layer["central"] = {"key": key}
    return layer


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]+)`(?: - at `\$\.?(?P<table>[^`]*)`)?")


def _explain(error: msgspec.ValidationError, merged: dict[str, Any]) -> str:
    """msgspec's message with the allowed keys where a key is not known."""
    match = _UNKNOWN.match(str(error))
    if match is None:
        text = str(error).replace("`$.", "`")
        path = re.search(r"at `([^`[]+)`", text)
        if path is None or path[1].partition(".")[0] == "mqtt" or path[1] == "wifi.password":
            return text
        value: Any = merged
        for part in path[1].split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return f"{text}; found {value!r}"
    table = match["table"] or ""
    kinds = {field: getattr(Config(), field) for field in Config.__struct_fields__}
    struct = kinds.get(table, Config())
    allowed = ", ".join(struct.__struct_fields__)
    return f"unknown key {match['key']!r} in [{table or 'top level'}]; allowed are {allowed}"


def _check(config: Config, where: str) -> None:
    for name in config.devices:
        if name.partition("-")[0] not in DEVICE_KINDS:
            raise ConfigError(
                f"{where}: device {name!r}: its kind {name.partition('-')[0]!r} is not known; "
                f"a name begins with {', '.join(DEVICE_KINDS)}"
            )
    if config.mqtt.broker:
        if "@" in config.mqtt.broker or "/" in config.mqtt.broker:
            raise ConfigError(
                f"{where}: mqtt.broker: wants host:port only; user and password_file have keys of their own"
            )
        split_host_port(config.mqtt.broker, where=f"{where}: mqtt.broker")
    if config.site.broker:
        if "@" in config.site.broker or "/" in config.site.broker:
            raise ConfigError(
                f"{where}: site.broker: wants host:port only; user and password_file have keys of their own"
            )
        split_host_port(config.site.broker, where=f"{where}: site.broker")
    if config.site.serve and not (config.site.broker and config.site.password_file):
        raise ConfigError(f"{where}: [site] serve = true: wants broker and password_file too, as every box of the site")
    if config.staff.https_port and config.staff.https_port in (config.staff.port, config.portal.port):
        raise ConfigError(
            f"{where}: staff.https_port {config.staff.https_port}: guests reach it; wants a port of its own"
        )
    _check_wifi(config, where)
    limits = [value for value in _percents(config.power).values() if value]
    if limits != sorted(limits, reverse=True):
        found = ", ".join(f"{key} = {value}" for key, value in _percents(config.power).items())
        raise ConfigError(f"{where}: [power] {found}: wants saving above low above critical above cutoff")
    url = urlsplit(config.portal.public_url)
    if url.scheme not in ("http", "https") or not url.netloc:
        raise ConfigError(f"{where}: portal.public_url {config.portal.public_url!r}: wants http://HOST or https://HOST")


def _check_wifi(config: Config, where: str) -> None:
    wifi = config.wifi
    if not wifi.ssid:
        return
    size = len(wifi.ssid.encode())
    if size > 32 or not wifi.ssid.isprintable() or wifi.ssid != wifi.ssid.strip():
        raise ConfigError(
            f"{where}: wifi.ssid {wifi.ssid!r} ({size} bytes of UTF-8): wants at most 32 of printable characters, "
            "without spaces at its ends"
        )
    if wifi.password and _PASSWORD.fullmatch(wifi.password) is None:
        found = len(wifi.password)
        raise ConfigError(
            f"{where}: wifi.password: wants 8 to 63 printable ASCII characters without spaces at its ends, "
            f"found {found} characters"
        )


def _percents(power: PowerTable) -> dict[str, int]:
    return {"saving": power.saving, "low": power.low, "critical": power.critical, "cutoff": power.cutoff}


def split_host_port(text: str, *, where: str) -> tuple[str, int]:
    """``host:port`` → (host, port); raises ConfigError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ConfigError(f"{where}: {text!r}: wants host:port, such as broker.example:1883")
    return host.strip("[]"), int(port)


def save_resolved(config: Config, path: Path) -> None:
    """Write the configuration as workers of one ``up`` shall read it (JSON; every JSON file of ours is read back by
    ``load_resolved``)."""
    temporary = path.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode(config))
    temporary.replace(path)


def load_resolved(path: Path) -> Config:
    """What ``save_resolved`` wrote."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Config)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path}: {error}") from error
