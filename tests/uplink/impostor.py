"""A broker by hand, byte by byte, that can be told to misbehave (MQTT 5.0 §2 and §3)."""

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 8, 12, 14
CONNACK, SUBACK, PINGRESP = b"\x20\x03\x00\x00\x00", b"\x90", b"\xd0\x00"


@dataclass
class Link:
    """One client: what it sent, and what is not acknowledged."""

    sock: socket.socket
    packets: list[tuple[int, int, bytes]] = field(default_factory=list)
    published: list[int] = field(default_factory=list)

    def puback(self, mid: int, code: int = 0) -> None:
        """Acknowledge one PUBLISH."""
        self.sock.sendall(b"\x40\x03" + struct.pack(">HB", mid, code))

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            piece = self.sock.recv(count - len(found))
            if not piece:
                raise ConnectionError("the client went away")
            found += piece
        return found

    def read(self) -> tuple[int, int, bytes]:
        """Kind, flags and rest of the next packet."""
        first = self._exactly(1)[0]
        length = shift = 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        packet = (first >> 4, first & 0x0F, self._exactly(length))
        self.packets.append(packet)
        return packet


class Impostor:
    """Answers CONNECT with ``connack`` and SUBSCRIBE with a SUBACK; what else happens is ``act``'s."""

    def __init__(self, connack: bytes = CONNACK, act: Callable[[Link], None] = lambda link: None) -> None:
        self.links: list[Link] = []
        self._connack, self._act = connack, act
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            sock.settimeout(60)
            self.links.append(Link(sock))
            self._threads.append(threading.Thread(target=self._serve, args=(self.links[-1],)))
            self._threads[-1].start()

    def _serve(self, link: Link) -> None:
        try:
            while True:
                kind, flags, rest = link.read()
                if kind == CONNECT and self._connack:
                    link.sock.sendall(self._connack)
                elif kind == SUBSCRIBE:
                    link.sock.sendall(b"\x90\x05" + rest[:2] + b"\x00\x01\x01")
                    self._act(link)
                elif kind == PINGREQ:
                    link.sock.sendall(PINGRESP)
                elif kind == PUBLISH and flags & 0x06:
                    (length,) = struct.unpack_from(">H", rest)
                    link.published.append(struct.unpack_from(">H", rest, 2 + length)[0])
        except OSError:
            return

    def close(self) -> None:
        """Hang up on everybody."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for link in self.links:
            try:
                link.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(10)
        for link in self.links:
            link.sock.close()
