"""Devices that the kernel reads itself and shows as small files, one value each, under /sys or a folder of that shape.

Another kind of link than the others: no stream of bytes, each file is asked anew. A read is bounded in size and waits
for no writer: what is not a plain file (a FIFO, a terminal) is never opened. It does wait for the kernel's own driver,
which gives a silent chip on an I²C bus about a second. Folders are links in /sys and are followed, never out of `root`.
"""

import errno
import os
import re
import stat
from pathlib import Path

from drivers.errors import DeviceError, LinkLost

ATTRIBUTE_MAX = 4096
"""Bytes of one attribute; the longest there is, a `uevent`, has at most 2,048 (UEVENT_BUFFER_SIZE)."""

_SHOWN = 40
_HWMON = re.compile(r"hwmon[0-9]+")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_GONE = (errno.ENOENT, errno.ENODEV, errno.ENOTDIR)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_READABLE = "Let the worker's user read the device's files."


class BadAttribute(DeviceError):
    """The device is there, but what it says of `attribute` is nothing to go by; asking again may help."""

    remedy = "Check the sensor's wires and supply, and that it is the chip that its overlay names."

    def __init__(self, what: str, *, attribute: str, remedy: str | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.attribute = attribute


class Folder:
    """The open folder of one device. It stays with that device: when the device goes, reading is `LinkLost`, also when
    another device gets the folder's name.
    """

    def __init__(self, name: str, path: str, root: str) -> None:
        """`LinkLost` when `path` is no folder, may not be entered, or leads out of `root`."""
        self.name = name
        self._root = root
        try:
            self._fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise LinkLost(
                f"{name}: {path}: {error.strerror}", remedy=_READABLE if error.errno in _FORBIDDEN else None
            ) from error
        self.place = _place(self._fd)
        """Where it really is, after all links."""
        if not _beneath(self.place, root):
            self.close()
            raise LinkLost(
                f"{name}: {path} leads out of {root}, to {self.place}", remedy="Correct the link or the option root."
            )

    def has(self, attribute: str) -> bool:
        try:
            os.stat(attribute, dir_fd=self._fd)
        except OSError:
            return False
        return True

    def text(self, attribute: str) -> str:
        """The whole attribute without its last newline, which the kernel always writes: without one it is half of it.

        `LinkLost` when the device is gone, `BadAttribute` for everything that is no such text. Bytes that are not
        UTF-8 are replaced: they may stand in a manufacturer's name beside values that are fine.
        """
        try:
            data = self._bytes(attribute)
        except OSError as error:
            raise self._trouble(attribute, error) from error
        if len(data) > ATTRIBUTE_MAX:
            raise self._bad(attribute, f"has more than {ATTRIBUTE_MAX} bytes")
        if not data:
            raise self._bad(attribute, "is empty: the kernel got no answer from the chip")
        text = data.decode("utf-8", "replace")
        if not text.endswith("\n"):
            raise self._bad(attribute, f"is cut off: {text[-_SHOWN:]!r}")
        return text[:-1]

    def integer(self, attribute: str, low: int, high: int) -> int:
        """A whole number in `low`…`high`, as `text`."""
        return self.number(attribute, self.text(attribute), low, high)

    def number(self, attribute: str, text: str, low: int, high: int) -> int:
        """What `text`, said for `attribute`, means; `BadAttribute`."""
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            raise self._bad(attribute, f"says {text[:_SHOWN]!r}, no whole number in {low}…{high}")
        return int(text)

    def close(self) -> None:
        """Idempotent."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _bytes(self, attribute: str) -> bytes:
        # First without opening it for reading, which for a FIFO or a device would already do something.
        found = os.open(attribute, os.O_PATH | os.O_CLOEXEC, dir_fd=self._fd)
        try:
            if not stat.S_ISREG(os.fstat(found).st_mode):
                raise self._bad(attribute, "is not a plain file")
            if not _beneath(_place(found), self._root):
                raise self._bad(attribute, f"leads out of {self._root}")
            fd = os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        finally:
            os.close(found)
        try:
            data = b""
            while len(data) <= ATTRIBUTE_MAX and (piece := os.read(fd, ATTRIBUTE_MAX + 1 - len(data))):
                data += piece
            return data
        finally:
            os.close(fd)

    def _trouble(self, attribute: str, error: OSError) -> DeviceError:
        if error.errno in _GONE:
            return LinkLost(f"{self.name}: {attribute} is gone")
        if error.errno in _FORBIDDEN:
            return LinkLost(f"{self.name}: {attribute}: {error.strerror}", remedy=_READABLE)
        return self._bad(attribute, f"is not answered: {error.strerror}")

    def _bad(self, attribute: str, what: str) -> BadAttribute:
        return BadAttribute(f"{self.name}: {attribute} {what}", attribute=attribute)


class Tree:
    """`root` is `/sys`, or a folder with `class/hwmon` and `class/power_supply`; it may come and go."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def hwmon(self, name: str, index: int | None = None) -> Folder:
        """The sensor whose `name` is this, whatever its number is since the last boot; the caller closes it.

        Of several, the one with this `index`, from 0 in the order of the devices' paths, which is that of their bus
        addresses. `LinkLost` when there is none; `DeviceError` when there are several and no `index` is given.
        """
        found, others = self._hwmons(name)
        chosen: Folder | None = None
        try:
            if not found:
                there = f"; there are: {', '.join(others)}" if others else ""
                raise LinkLost(
                    f"no sensor in {self._class('hwmon')} is called {name!r}{there}",
                    remedy="Connect the sensor and enable its overlay in config.txt.",
                )
            if index is None and len(found) > 1:
                places = ", ".join(f"{n}: {_short(folder.place)}" for n, folder in enumerate(found))
                raise DeviceError(
                    f"{len(found)} sensors are called {name!r} ({places})", remedy="Add ?index=N to the device's URI."
                )
            if index is not None and index >= len(found):
                raise LinkLost(
                    f"no sensor {name!r} with index {index}: there is {len(found)}",
                    remedy="Connect the sensor, or correct the option index in the device's URI.",
                )
            chosen = found[index or 0]
            return chosen
        finally:
            for folder in found:
                if folder is not chosen:
                    folder.close()

    def has_hwmon(self, name: str) -> bool:
        found, _ = self._hwmons(name)
        for folder in found:
            folder.close()
        return bool(found)

    def power_supply(self, name: str) -> Folder:
        """The supply of this name; the caller closes it. `LinkLost` when there is none."""
        supplies = self.power_supplies()
        if name not in supplies:
            there = f"; there are: {', '.join(supplies)}" if supplies else ""
            raise LinkLost(
                f"no supply in {self._class('power_supply')} is called {name!r}{there}",
                remedy="Connect the battery board and enable its overlay in config.txt.",
            )
        return Folder(f"power supply {name}", os.path.join(self._class("power_supply"), name), self._real_root())

    def power_supplies(self) -> list[str]:
        return _names(self._class("power_supply"))

    def _hwmons(self, name: str) -> tuple[list[Folder], list[str]]:
        """Those that are called so, open, and what the others are called; one that cannot be read is such an other."""
        found: list[Folder] = []
        others: list[str] = []
        for entry in _names(self._class("hwmon")):
            if not _HWMON.fullmatch(entry):
                continue
            try:
                folder = Folder(entry, os.path.join(self._class("hwmon"), entry), self._real_root())
            except DeviceError as error:
                others.append(f"({error})")
                continue
            try:
                called = folder.text("name")
            except DeviceError as error:
                called = f"({error})"
            if called == name:
                folder.name = f"hwmon {name}"
                found.append(folder)
            else:
                folder.close()
                others.append(called[: 2 * _SHOWN])
        found.sort(key=lambda folder: _order(folder.place))
        return found, others

    def _class(self, name: str) -> str:
        return os.path.join(self._root, "class", name)

    def _real_root(self) -> str:
        return os.path.realpath(self._root)


def _names(folder: str) -> list[str]:
    """Nothing where there is no such folder: a kernel shows a class once it has a member."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise LinkLost(f"{folder}: {error.strerror}", remedy=_READABLE) from error


def _place(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")


def _beneath(place: str, root: str) -> bool:
    return place == root or place.startswith(root.rstrip("/") + "/")


def _order(place: str) -> tuple[str, int]:
    """…/1-0040/hwmon/hwmon3: by the device, then by the number."""
    parent, _, entry = place.rpartition("/")
    digits = re.sub(r"[^0-9]", "", entry)
    return parent, int(digits or 0)


def _short(place: str) -> str:
    """`1-0040` of …/1-0040/hwmon/hwmon3."""
    parts = place.split("/")
    return parts[-3] if parts[-2:-1] == ["hwmon"] and parts[-3] != "class" else parts[-1]
