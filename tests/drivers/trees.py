"""A computer's /dev and /sys as a tree of files, with devices plugged into it as Linux shows them."""

import os
from pathlib import Path


class Computer:
    """``root`` has dev and sys. Device nodes are plain files: discovery may not open them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ports = 0
        (root / "dev").mkdir(parents=True)
        (root / "sys/class").mkdir(parents=True)

    def usb(self, **attributes: str) -> Path:
        """The folder of a USB interface, whose parent has the device's ids and texts."""
        self._ports += 1
        port = self.root / f"sys/devices/pci0/usb1/1-{self._ports}"
        interface = port / f"1-{self._ports}:1.0"
        interface.mkdir(parents=True)
        for name, text in attributes.items():
            (port / name).write_bytes(os.fsencode(f"{text}\n"))
        return interface

    def node(self, class_: str, name: str, device: Path, folder: str = "") -> Path:
        """A device of a class of the kernel, with its node."""
        place = device / class_ / name
        place.mkdir(parents=True)
        (place / "device").symlink_to(os.path.relpath(device, place))
        link = self.root / "sys/class" / class_ / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(place, link.parent))
        node = self.root / "dev" / folder / name
        node.parent.mkdir(parents=True, exist_ok=True)
        node.touch()
        node.chmod(0)
        return node

    def link(self, path: str, node: Path) -> None:
        """A link as udev makes it."""
        link = self.root / "dev" / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(node, link.parent))

    def text(self, path: str, text: str) -> None:
        """An attribute below /sys."""
        file = self.root / "sys" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    def printer(self, ieee1284: str = "MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;", serial: str = "X1") -> None:
        """A receipt printer of the USB printer class."""
        interface = self.usb(idVendor="04b8", idProduct="0e15", manufacturer="EPSON", product="TM-T20II")
        (interface / "ieee1284_id").write_text(ieee1284)
        number = len(list((self.root / "dev").glob("usb/lp*")))
        node = self.node("usbmisc", f"lp{number}", interface, "usb")
        self.link(f"boothkit/printer-{serial}", node)

    def serial(self, by_id: str | None, driver: str = "USB", **usb: str) -> None:
        """A USB serial port; ``driver``: USB of an adapter, ACM of a device that is a port by itself."""
        number = len(list((self.root / "dev").glob("tty*")))
        node = self.node("tty", f"tty{driver}{number}", self.usb(**usb))
        if by_id is not None:
            self.link(f"serial/by-id/{by_id}", node)

    def keyboard(self, by_id: str, **usb: str) -> None:
        """What types."""
        number = len(list((self.root / "dev").glob("input/event*")))
        node = self.node("input", f"event{number}", self.usb(**usb), "input")
        self.link(f"input/by-id/{by_id}-event-kbd", node)

    def camera(self, by_id: str | None, **usb: str) -> None:
        """A USB camera, with the second node that its metadata has."""
        interface = self.usb(**usb)
        for index in (0, 1):
            number = len(list((self.root / "dev").glob("video*")))
            node = self.node("video4linux", f"video{number}", interface)
            (interface / "video4linux" / node.name / "index").write_text(f"{index}\n")
            if by_id is not None:
                self.link(f"v4l/by-id/{by_id}-video-index{index}", node)
