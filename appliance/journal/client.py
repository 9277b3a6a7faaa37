"""Asking the recorder: one frame out, one back. A lost connection is opened again and the question asked again: its
identity makes that harmless."""

import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.domain.kernel import Role
from appliance.errors import Problem, RecorderDown
from appliance.journal import wire


@dataclass(frozen=True)
class Answer:
    """What a command answered, and the positions of the first and last fact that it made."""

    answer: dict[str, Any]
    first: int | None
    last: int | None


class RecorderClient:
    """One role's access to the recorder of a run folder. Thread-safe: each thread has its own connection."""

    def __init__(self, run: Path, role: Role, timeout: float = 5.0) -> None:
        self._path = wire.socket_path(run, role)
        self._timeout = timeout
        self._local = threading.local()
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()

    def send(self, command: str, data: dict[str, Any], *, actor: str, id: str) -> Answer:
        """Have a command decided; returns after the commit.

        Raises Problem with the recorder's refusal, RecorderDown when no answer comes within the timeout.
        """
        try:
            frame = wire.pack({"id": id, "command": command, "actor": actor, "data": data})
        except wire.BadFrame as error:
            raise Problem("too-large" if "bytes" in str(error) else "validation", str(error)) from error
        reply = self._exchange(frame)
        if reply.get("ok") is not True:
            refusal = dict(reply.get("refusal") or {})
            slug, detail = str(refusal.pop("slug", "internal")), str(refusal.pop("detail", "no reason given"))
            remedy, keeps = str(refusal.pop("remedy", "")), bool(refusal.pop("keeps", False))
            raise Problem(slug, detail, remedy, keeps=keeps, **refusal)
        positions = reply.get("positions") or [None, None]
        return Answer(reply["answer"], positions[0], positions[1])

    def _exchange(self, frame: bytes) -> dict[str, Any]:
        for attempt in (1, 2):
            fresh = getattr(self._local, "link", None) is None
            link = self._link()
            try:
                link.send(frame)
                raw = link.recv(wire.MAX_FRAME + 1)
                if raw:
                    return wire.unpack(raw)
            except TimeoutError as error:
                self._drop(link)
                raise RecorderDown(f"the recorder at {self._path} did not answer in {self._timeout:g} s") from error
            except (OSError, wire.BadFrame) as error:
                self._drop(link)
                if fresh or attempt == 2:
                    raise RecorderDown(f"the recorder at {self._path} went away: {error}") from error
                continue
            self._drop(link)
        raise RecorderDown(f"the recorder at {self._path} closed the connection")

    def _link(self) -> socket.socket:
        link: socket.socket | None = getattr(self._local, "link", None)
        if link is None:
            link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
            link.settimeout(self._timeout)
            try:
                link.connect(str(self._path))
            except OSError as error:
                link.close()
                raise RecorderDown(f"no recorder listens at {self._path}: {error.strerror}") from error
            self._local.link = link
            with self._lock:
                self._open.append(link)
        return link

    def _drop(self, link: socket.socket) -> None:
        self._local.link = None
        with self._lock:
            if link in self._open:
                self._open.remove(link)
        link.close()

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for link in self._open:
                link.close()
            self._open.clear()
        self._local = threading.local()
