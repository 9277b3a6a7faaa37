"""Verbs over a unix socket of a worker's own: one frame out, one back (`journal.wire`), to whoever may pass its folder.

→ {"id": "v-…", "verb": "power.off", "data": {…}}
← {"id": "v-…", "ok": true, "answer": {…}}
← {"id": "v-…", "ok": false, "refusal": {"slug", "detail", "remedy", …}}
"""

import pwd
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from appliance import log
from appliance.errors import Problem, invalid
from appliance.ids import new_id
from appliance.journal import wire
from appliance.services.run import Loop

_PEER = struct.Struct("3i")  # pid, uid, gid

CarryOut = Callable[[object, object, str], dict[str, Any]]
"""A verb and its data, as they came, and the name of the system user who asks → the answer; raises Problem."""


class Silent(Exception):
    """Nobody answers; what was asked for was not done, as far as is known."""


class Verbs:
    """Listens, reads one frame of a connection at a time, answers it at once. An answer goes out whole or the
    connection ends: who does not read holds up nobody."""

    def __init__(
        self,
        worker: str,
        loop: Loop,
        path: Path,
        carry_out: CarryOut,
        *,
        rights: int = 0o660,
        most: int = 32,
        most_each: int = 8,
    ) -> None:
        """``rights``: of the socket; ``most`` connections, ``most_each`` of one user, so that nobody takes the others'
        places."""
        self._loop, self._carry_out = loop, carry_out
        self._most, self._most_each = most, most_each
        self._log = log.get(worker)
        self._links: dict[socket.socket, int] = {}
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(
            socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        self._listener.bind(str(path))
        path.chmod(rights)
        self._listener.listen(most)
        loop.add_reader(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            link, _ = self._listener.accept()
            link.setblocking(False)
            uid = _peer(link)
            if len(self._links) >= self._most or list(self._links.values()).count(uid) >= self._most_each:
                self._log.warning("connection.refused", user=user_name(uid), open=len(self._links))
                link.close()
                return
            self._links[link] = uid
            self._loop.add_reader(link.fileno(), partial(self._read, link))

    def _read(self, link: socket.socket) -> None:
        raw = wire.receive(link)
        if raw is None:
            return
        if not raw:
            self._drop(link)
            return
        try:
            link.send(wire.pack(self.answer(raw, user_name(self._links[link]))))
        except wire.BadFrame as error:
            self._log.error("reply.too_long", why=str(error))
            self._drop(link)
        except OSError:
            self._drop(link)

    def answer(self, raw: bytes, user: str) -> dict[str, Any]:
        """Carry out what a frame of ``user`` asks for, or say why not."""
        ident = ""
        try:
            frame = wire.unpack(raw)
            ident = frame["id"] if isinstance(frame.get("id"), str) else ""
            answer = self._carry_out(frame.get("verb"), frame.get("data"), user)
        except wire.BadFrame as error:
            return {"id": ident, "ok": False, "refusal": invalid(str(error)).as_dict()}
        except Problem as problem:
            return {"id": ident, "ok": False, "refusal": problem.as_dict()}
        return {"id": ident, "ok": True, "answer": answer}

    def _drop(self, link: socket.socket) -> None:
        self._loop.remove_reader(link.fileno())
        del self._links[link]
        link.close()

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        for link in list(self._links):
            self._drop(link)


def ask(path: Path, verb: str, data: dict[str, Any] | None, timeout: float) -> dict[str, Any]:
    """Have a verb carried out, over a connection of its own: the answer.

    Raises Problem with the refusal (`too-large`: the question fits no frame), Silent when nobody answers within
    `timeout` seconds.
    """
    try:
        frame = wire.pack({"id": new_id("v-", 6), "verb": verb, "data": data or {}})
    except wire.BadFrame as error:
        raise Problem("too-large", str(error), "Send less at once.") from error
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC) as link:
        link.settimeout(timeout)
        try:
            link.connect(str(path))
            link.send(frame)
            reply = wire.unpack(link.recv(wire.MAX_FRAME + 1))
        except TimeoutError as error:
            raise Silent(f"{path} did not answer in {timeout:g} s") from error
        except (OSError, wire.BadFrame) as error:
            raise Silent(f"{path}: {error}") from error
    if reply.get("ok") is not True:
        refusal = dict(reply.get("refusal") or {})
        slug, detail = str(refusal.pop("slug", "internal")), str(refusal.pop("detail", "no reason given"))
        raise Problem(slug, detail, str(refusal.pop("remedy", "")), **refusal)
    answer = reply.get("answer")
    return answer if isinstance(answer, dict) else {}


def unknown(verb: object, verbs: list[str]) -> Problem:
    """A verb that there is not."""
    return Problem("not-found", f"there is no verb {str(verb)[:40]!r}", f"Verbs: {', '.join(verbs)}.")


def _peer(link: socket.socket) -> int:
    _, uid, _ = _PEER.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(uid)


def user_name(uid: int) -> str:
    """The system's name of a user id; the number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
