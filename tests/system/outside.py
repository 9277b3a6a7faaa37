"""The world beyond a box's network: one host at the other end of a cable, which answers whoever calls."""

import ctypes
import os
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.system.container import Container

ADDRESS = "203.0.113.1"
BOX = "203.0.113.2"
"""Both of TEST-NET-3, RFC 5737: nobody's."""

GREETING = b"outside\n"

_CLONE_NEWNET = 0x40000000

_LEAVE = """\
mkdir -p /run/NetworkManager/conf.d
printf '[keyfile]\\nunmanaged-devices=interface-name:uplink0\\n' > /run/NetworkManager/conf.d/outside.conf
if systemctl --quiet is-active NetworkManager; then nmcli general reload conf; fi
"""
"""NetworkManager would ask a new cable for DHCP, and take away the address that it was given here."""


class Outside:
    """Use it as a context manager on a running box: its default route leads here. ``callers`` counts who came."""

    def __init__(self, box: Container) -> None:
        self.callers = 0
        self._box = box
        self._name = f"boothkit-{os.getpid()}-{id(self):x}"
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._answer, name="outside")

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._listener is not None
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        self._box.run(["sh", "-ec", _LEAVE])
        _ip("netns", "add", self._name)
        near, far = ("uplink0", ["nsenter", f"--target={self._box.init}", "--net"]), ("box", self._over_there())
        peer = ["peer", "name", far[0], "netns", self._name]
        _ip("link", "add", near[0], "type", "veth", *peer, before=near[1])
        for (name, before), address in ((near, BOX), (far, ADDRESS)):
            _ip("address", "add", f"{address}/24", "dev", name, before=before)
            _ip("link", "set", name, "up", before=before)
        _ip("route", "add", "default", "via", ADDRESS, before=near[1])
        self._listener = _listener(Path("/run/netns") / self._name)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._thread.join()
            self._listener.close()
        _ip("link", "delete", "box", before=self._over_there())
        _ip("netns", "delete", self._name)

    def _over_there(self) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self._name}"]

    def _answer(self) -> None:
        assert self._listener is not None
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:  # shut down
                return
            self.callers += 1
            with caller:
                caller.sendall(GREETING)


def _ip(*words: str, before: list[str] | None = None) -> None:
    done = subprocess.run([*(before or []), "ip", *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


def _listener(network: Path) -> socket.socket:
    """A socket stays in the network that it was made in, so a thread of its own goes there to make it."""
    made: list[socket.socket] = []

    def make() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with network.open() as handle:
            if libc.setns(handle.fileno(), _CLONE_NEWNET) == 0:
                made.append(socket.create_server((ADDRESS, 0)))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert made, f"{network} cannot be entered"
    return made[0]
