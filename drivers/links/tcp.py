"""`tcp://HOST:PORT`: a network printer, or a serial device behind a terminal server."""

import socket
import threading
import time
from typing import Self

from drivers.errors import LinkLost
from drivers.links.base import OPEN_TIMEOUT, DescriptorLink
from drivers.uri import Uri


class TcpLink(DescriptorLink):
    """Keepalive notices an unplugged network within half a minute of silence.

    No user timeout: a printer that waits for paper closes its window for minutes and must not be cut off for
    that.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"tcp [{host}]:{port}" if ":" in host else f"tcp {host}:{port}")
        self._host, self._port = host, port

    @classmethod
    def from_uri(cls, uri: Uri) -> Self:
        return cls(*uri.address())

    def _acquire(self) -> int:
        deadline = time.monotonic() + OPEN_TIMEOUT
        trouble: OSError = TimeoutError("no address answered in time")
        for family, address in self._resolve(OPEN_TIMEOUT):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(left)
                sock.connect(address)
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
                return sock.detach()
            except OSError as error:
                trouble = error
            finally:
                sock.close()
        raise self.lost(trouble, remedy="Check the device's network cable, address and power.") from trouble

    def _resolve(
        self, timeout: float
    ) -> list[tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]]:
        """Addresses of the host. A name is looked up beside us because the resolver cannot be told when to
        give up.
        """
        found: list[tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]] = []
        trouble: list[OSError] = []

        def look_up(flags: int) -> None:
            try:
                answers = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=flags)
                found.extend((family, address) for family, _, _, _, address in answers)  # type: ignore[misc]
            except UnicodeError as error:
                trouble.append(OSError(f"{error}"))
            except OSError as error:
                trouble.append(error)

        look_up(socket.AI_NUMERICHOST)
        if not found:
            trouble.clear()
            search = threading.Thread(target=look_up, args=(0,), daemon=True, name=f"look up {self._host}")
            search.start()
            search.join(timeout)
        if found:
            return list(found)
        reason = f": {trouble[0].strerror or trouble[0]}" if trouble else " in time"
        raise LinkLost(
            f"{self.name}: cannot find the address of {self._host}{reason}",
            remedy="Give the device's IP address.",
        )
