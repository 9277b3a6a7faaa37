"""What is plugged in: `find("printer")` → names and URIs that a configuration could have. Looks at /dev and /sys, opens
no device.

What hangs on a serial adapter or types like a keyboard cannot be told by looking: such a find is not `certain`, and is
proposed for each kind that it may be. Vendor ids: usb.ids (linux-usb.org, in udev's hwdb); USB printers name
themselves by IEEE 1284 (Linux, drivers/usb/class/usblp.c: `ieee1284_id`).
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.errors import BadUri
from drivers.uri import Uri

LONGEST_URI = 300
"""Characters: a longer one cannot be taken into use."""
LONGEST_WHAT = 80
_MOST = 1024
"""Entries of a folder that are looked at."""

SCANNER_VENDORS = {
    "0c2e": "Honeywell",  # Metrologic
    "0536": "Honeywell",  # Hand Held Products
    "05f9": "Datalogic",  # PSC Scanning
    "080c": "Datalogic",
    "05e0": "Zebra",  # Symbol Technologies
    "1eab": "Newland",
    "065a": "Opticon",  # Optoelectronics
}
"""The same as in systemd/udev.rules."""
PRINTER_VENDORS = {
    "0519": "Star",
    "1504": "Bixolon",
    "0dd4": "Custom",
    "1d90": "Citizen",
    "2730": "Citizen",
}
"""They make no other printers than for receipts and labels."""
ADAPTERS = {"0403": "FTDI", "10c4": "CP210x", "1a86": "CH340", "067b": "PL2303"}
RECEIVERS = ("unicam", "rp1-cfe")
"""What the kernel calls the end of the Pi's ribbon cable, up to model 4 and from 5 on; it is there when a sensor is."""
_FTDI, _VEDIRECT = "0403", "VE Direct cable"
_SENSOR = re.compile(r"ina(2\d\d|3221)")


@dataclass(frozen=True)
class Found:
    """`what` is for people; `certain`: vendor or model say that it is of this kind."""

    kind: str
    name: str
    uri: str
    what: str
    certain: bool


@dataclass(frozen=True)
class _Seen:
    uri: Uri
    what: str
    certain: bool


@dataclass(frozen=True)
class _Usb:
    """The ids and texts of the USB device that a class device belongs to; empty for any other."""

    vendor: str = ""
    maker: str = ""
    product: str = ""

    @property
    def name(self) -> str:
        words = [self.maker, self.product] if self.maker not in self.product else [self.product]
        return " ".join(word for word in words if word)


def find(kind: str, root: Path = Path("/")) -> list[Found]:
    """What is plugged in and may be of this kind, the certain ones first. `root`: the folder with dev and sys."""
    return unused(kind, (), (), root)


def unused(kind: str, used: Collection[str], names: Collection[str], root: Path = Path("/")) -> list[Found]:
    """As `find`, without what one of the `used` URIs means; the proposed names are none of `names`."""
    taken = {place for uri in used if (place := _place(uri, root)) is not None}
    seen = {str(one.uri): one for one in _SEEKERS.get(kind, _nothing)(root) if len(str(one.uri)) <= LONGEST_URI}
    free = [one for one in seen.values() if _place(str(one.uri), root) not in taken]
    found: list[Found] = []
    for one in sorted(free, key=lambda one: (not one.certain, str(one.uri))):
        name = _name(kind, {*names, *(before.name for before in found)})
        found.append(Found(kind, name, str(one.uri), _plain(one.what), one.certain))
    return found


def propose(found: Sequence[Found]) -> str:
    """Lines for the configuration's `[devices]`; what is not certain stands in comments."""
    lines = ["[devices]"]
    for one in found:
        lines += [f"# {one.what}", f'{"" if one.certain else "# "}{one.name} = "{_toml(one.uri)}"']
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _name(kind: str, taken: Collection[str]) -> str:
    first = {"scanner": "scanner-door"}.get(kind, kind)
    return next(name for n in range(1, 1000) if (name := first if n == 1 else f"{kind}-{n}") not in taken)


def _place(uri: str, root: Path) -> str | None:
    """What a URI means, however it is written: the device itself for a path, else scheme and host."""
    try:
        parsed = Uri.parse(uri)
    except BadUri:
        return None
    if parsed.path:
        return _real(_under(root, parsed.path)) or parsed.path
    return f"{parsed.scheme}://{parsed.host}"


def _printers(root: Path) -> Iterator[_Seen]:
    for node, interface in _class(root, "usbmisc", "lp"):
        told = _ieee1284(_text(interface / "ieee1284_id"))
        usb = _usb(interface, root)
        name = " ".join(word for word in (told.get("MFG", ""), told.get("MDL", "")) if word) or usb.name
        model = f"{told.get('MDL', '')} {usb.product}"
        certain = usb.vendor in PRINTER_VENDORS or "ESC/POS" in told.get("CMD", "").upper() or "TM-" in model
        path = _stable(root, "dev/boothkit", node) or _exists(root, f"dev/usb/{node.name}")
        if path is not None and (uri := _device("usblp", path, root)) is not None:
            what = "USB receipt printer" if certain else "USB printer"
            yield _Seen(uri, f"{what}: {name or 'no name'}", certain)
    for path, usb in _ports(root):
        if usb.vendor in PRINTER_VENDORS and (uri := _device("serial", path, root)) is not None:
            yield _Seen(uri, f"Serial receipt printer: {usb.name}", True)
    yield from _adapters(root, "serial")


def _scanners(root: Path) -> Iterator[_Seen]:
    for path in _list(root / "dev/input/by-id"):
        if not path.name.endswith("-event-kbd"):
            continue
        node = Path(_real(path) or path)
        usb = _usb(root / "sys/class/input" / node.name / "device", root)
        certain = usb.vendor in SCANNER_VENDORS
        if (uri := _device("evdev", path, root)) is not None:
            name = usb.name or path.name.removesuffix("-event-kbd").removeprefix("usb-")
            yield _Seen(uri, f"USB scanner: {name}" if certain else f"Keyboard, or a scanner: {name}", certain)
    for path, usb in _ports(root):
        if usb.vendor in SCANNER_VENDORS and (uri := _device("serial", path, root)) is not None:
            yield _Seen(uri, f"Serial scanner: {usb.name or SCANNER_VENDORS[usb.vendor]}", True)
    yield from _adapters(root, "serial")
    yield from _cameras(root)


def _power(root: Path) -> Iterator[_Seen]:
    for path, usb in _ports(root):
        if _is_vedirect(usb) and (uri := _device("vedirect", path, root)) is not None:
            yield _Seen(uri, "Victron charger or battery monitor on its VE.Direct cable", True)
    yield from _adapters(root, "vedirect")
    chips: set[str] = set()
    for folder in _list(root / "sys/class/hwmon"):
        chip = _text(folder / "name")
        if _SENSOR.fullmatch(chip) and chip not in chips:
            chips.add(chip)
            yield _Seen(Uri("hwmon", chip), f"Power sensor: {chip.upper()}", True)
    for folder in _list(root / "sys/class/power_supply"):
        if _text(folder / "type") in ("Battery", "UPS") and _text(folder / "scope") != "Device":
            uri = Uri("power-supply", folder.name)
            if _is_sayable(uri):
                yield _Seen(uri, f"Battery that the kernel knows: {folder.name}", True)


def _footfall(root: Path) -> Iterator[_Seen]:
    if any(path.name.startswith("gpiochip") for path in _list(root / "dev")):
        yield _Seen(Uri("gpio", "17,27"), "Pins of this computer: a pair of beams, if wired to 17 and 27", False)
    yield from _cameras(root)
    if any(_text(folder / "name").startswith(RECEIVERS) for folder in _list(root / "sys/class/video4linux")):
        yield _Seen(Uri("rpicam", "0"), "The Pi's own camera", False)


def _nothing(root: Path) -> Iterator[_Seen]:
    return iter(())


_SEEKERS: dict[str, Callable[[Path], Iterator[_Seen]]] = {
    "printer": _printers,
    "scanner": _scanners,
    "power": _power,
    "footfall": _footfall,
}
"""What is wired to single pins (indicators, buttons, relays) cannot be seen."""


def _cameras(root: Path) -> Iterator[_Seen]:
    """USB cameras, which may read codes or count people."""
    for node, device in _class(root, "video4linux", "video"):
        usb = _usb(device, root)
        if usb.vendor and _text(root / "sys/class/video4linux" / node.name / "index") in ("", "0"):
            camera = _stable(root, "dev/v4l/by-id", node) or _exists(root, f"dev/{node.name}")
            if camera is not None and (uri := _device("camera", camera, root)) is not None:
                yield _Seen(uri, f"Camera: {usb.name or node.name}", False)


def _adapters(root: Path, scheme: str) -> Iterator[_Seen]:
    """Serial ports that tell nothing of what hangs on them."""
    for path, usb in _ports(root):
        if usb.vendor in SCANNER_VENDORS or usb.vendor in PRINTER_VENDORS or _is_vedirect(usb):
            continue
        chip = ADAPTERS.get(usb.vendor, "")
        name = " ".join(dict.fromkeys(word for word in (chip, usb.product) if word))
        if (uri := _device(scheme, path, root)) is not None:
            yield _Seen(uri, f"Serial adapter{f' ({name})' if name else ''}: printer, scanner or charger?", False)


def _is_vedirect(usb: _Usb) -> bool:
    """Victron programs the chip of its cable with this name."""
    return usb.vendor == _FTDI and usb.product.replace("_", " ").replace(".", " ") == _VEDIRECT


def _ports(root: Path) -> Iterator[tuple[Path, _Usb]]:
    """USB serial ports by the most stable path that they have."""
    for node, device in _class(root, "tty", "ttyUSB", "ttyACM"):
        paths = (_stable(root, folder, node) for folder in ("dev/serial/by-id", "dev/serial/by-path"))
        path = next((path for path in paths if path is not None), None) or _exists(root, f"dev/{node.name}")
        if path is not None:
            yield path, _usb(device, root)


def _class(root: Path, name: str, *prefixes: str) -> Iterator[tuple[Path, Path]]:
    """Devices of a class of the kernel: (the node's path below /dev, the folder of the device behind it)."""
    folder = "usb" if name == "usbmisc" else ""
    for entry in _list(root / "sys/class" / name):
        if entry.name.startswith(prefixes):
            yield root / "dev" / folder / entry.name, entry / "device"


def _usb(device: Path, root: Path) -> _Usb:
    """Of the USB device that is the nearest parent of `device` with a vendor id."""
    place = _real(device)
    top = _real(root / "sys")
    if place is None or top is None or not place.startswith(f"{top}/"):
        return _Usb()
    for folder in (Path(place), *Path(place).parents):
        if vendor := _text(folder / "idVendor"):
            return _Usb(vendor.lower(), _text(folder / "manufacturer"), _text(folder / "product"))
        if str(folder) == top:
            break
    return _Usb()


def _ieee1284(text: str) -> dict[str, str]:
    """`MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;` by its short keys."""
    pairs = (item.partition(":") for item in text.split(";"))
    found = {key.strip().upper(): value.strip() for key, _, value in pairs}
    short = {"MANUFACTURER": "MFG", "MODEL": "MDL", "COMMAND SET": "CMD"}
    return {short.get(key, key): value for key, value in found.items()}


def _device(scheme: str, path: Path, root: Path) -> Uri | None:
    """The URI of a device file; None for a path that no URI can say."""
    uri = Uri(scheme, path=f"/{path.relative_to(root)}")
    return uri if _is_sayable(uri) else None


def _is_sayable(uri: Uri) -> bool:
    try:
        return Uri.parse(str(uri)) == uri
    except (BadUri, UnicodeEncodeError):
        return False


def _stable(root: Path, folder: str, node: Path) -> Path | None:
    """The link of this folder that leads to the node; of several the one that says most."""
    wanted = _real(node)
    links = [path for path in _list(root / folder) if wanted is not None and _real(path) == wanted]
    return max(links, key=lambda path: (len(path.name), path.name), default=None)


def _list(folder: Path) -> list[Path]:
    """The entries of a folder in the order of their names; none when it is not there."""
    try:
        return [folder / name for name in sorted(os.listdir(folder))[:_MOST]]
    except OSError:
        return []


def _exists(root: Path, path: str) -> Path | None:
    return root / path if _real(root / path) is not None else None


def _real(path: Path) -> str | None:
    """Where a path leads; None when that is not there, or a link leads in a circle."""
    try:
        return os.path.realpath(path, strict=True)
    except OSError:
        return None


def _under(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _text(path: Path) -> str:
    """One line of an attribute; "" when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return _plain(file.read(1024).decode("utf-8", "replace"), longest=1024)
    except (OSError, ValueError):
        return ""


def _plain(text: str, longest: int = LONGEST_WHAT) -> str:
    """In one line of printable characters."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split())).strip()[:longest]
