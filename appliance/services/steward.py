"""The one worker with privileges: four verbs, each for named users, over a socket of its own, without network.

A caller is known by the kernel's word (SO_PEERCRED), not by what it says. Everybody on the box may ask; whoever is not
named for a verb is refused and logged. A steward without the right that a verb needs says so instead of trying: on
somebody's laptop a page must not be able to switch the machine off.

It is not root. Two verbs are capabilities of its own; the others are asked of the system: a file in RUN/steward/asked,
which on a box a path unit watches, and which is nowhere else.
"""

import os
import pwd
import re
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from appliance import log
from appliance.board import Board
from appliance.clock import Clock, parse_rfc3339
from appliance.errors import Problem, RecorderDown, invalid
from appliance.journal import wire
from appliance.journal.read import Reader
from appliance.services.context import WorkerContext
from appliance.services.run import Loop
from appliance.services.stewardclient import SOCKET

if TYPE_CHECKING:
    from appliance.services.update import Update

ASKED = "steward/asked"
POWER_OFF = "power-off"
UPDATE = "update"
MOST_LINKS = 32
MOST_LINKS_EACH = 8
"""Of one user, so that nobody takes the others' places."""
CAP_NET_ADMIN, CAP_SYS_TIME = 12, 25  # capabilities(7)
DAY_MS = 86_400_000
_PEER = struct.Struct("3i")  # pid, uid, gid

logger = log.get("steward")


class AdmitGuest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a guest's device through the firewall. ``mac``: as the kernel writes it; ``hours``: 1 to 24."""

    mac: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
    hours: Annotated[int, msgspec.Meta(ge=1, le=24)]


class SetClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Set the wall clock to ``unix_ms`` (Unix milliseconds); ``sure``: asked a second time, for a jump of over 24 h."""

    unix_ms: Annotated[int, msgspec.Meta(ge=1_600_000_000_000, le=4_102_444_800_000)]
    sure: bool = False


class ApplyUpdate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Install the update of this name from DATA/updates; it starts with the next restart."""

    name: str


class PowerOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Switch the box off, cleanly."""


class Steward:
    """Takes frames ``{id, verb, data}`` and answers ``{id, ok, answer | refusal}``."""

    def __init__(
        self,
        loop: Loop,
        run: Path,
        reader: Reader,
        clock: Clock,
        users: Mapping[str, Sequence[str]],
        look: Callable[[str], "Update"],
    ) -> None:
        """``users``: the names of the system users that may use each verb; ``look``: the update of a name, as far as
        its note tells, or the Problem with it."""
        self._look = look
        self._loop = loop
        self._reader = reader
        self._clock = clock
        self._users = users
        self._asked = run / ASKED
        self._links: dict[socket.socket, int] = {}
        self._verbs: dict[str, tuple[type[Any], Callable[[], bool], Callable[[Any], dict[str, Any]]]] = {
            "guest.admit": (AdmitGuest, partial(has_capability, CAP_NET_ADMIN), self._admit),
            "clock.set": (SetClock, partial(has_capability, CAP_SYS_TIME), self._set_clock),
            "update.apply": (ApplyUpdate, self._asked.is_dir, self._update),
            "power.off": (PowerOff, self._asked.is_dir, self._power_off),
        }
        path = run / SOCKET
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(
            socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        self._listener.bind(str(path))
        path.chmod(0o666)
        self._listener.listen(MOST_LINKS)
        loop.add_reader(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            link, _ = self._listener.accept()
            link.setblocking(False)
            uid = _peer(link)
            if len(self._links) >= MOST_LINKS or list(self._links.values()).count(uid) >= MOST_LINKS_EACH:
                logger.warning("connection.refused", user=user_name(uid), open=len(self._links))
                link.close()
                return
            self._links[link] = uid
            self._loop.add_reader(link.fileno(), partial(self._read, link))

    def _read(self, link: socket.socket) -> None:
        try:
            raw = link.recv(wire.MAX_FRAME + 1)
        except BlockingIOError:
            return
        except OSError:
            raw = b""
        if not raw:
            self._drop(link)
            return
        try:
            link.send(wire.pack(self.answer(raw, user_name(self._links[link]))))
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

    def _carry_out(self, verb: object, data: object, user: str) -> dict[str, Any]:
        if not isinstance(verb, str) or verb not in self._verbs:
            raise Problem("not-found", f"there is no verb {str(verb)[:40]!r}", f"Verbs: {', '.join(self._verbs)}.")
        shape, may, act = self._verbs[verb]
        if user not in self._users.get(verb, ()):
            logger.warning("verb.refused", verb=verb, user=user)
            raise Problem("role", f"{verb} is not for {user}", "Ask through the till or the portal.")
        try:
            asked = msgspec.convert(data if data is not None else {}, shape)
        except msgspec.ValidationError as error:
            raise invalid(str(error)) from error
        if not may():
            raise Problem(
                "not-privileged", f"{verb} needs a right that this steward does not have", "It works on the box itself."
            )
        logger.info("verb.done", verb=verb, user=user)
        return act(asked)

    def _admit(self, asked: AdmitGuest) -> dict[str, Any]:
        element = f"{{ {asked.mac} timeout {asked.hours}h }}"
        _call(["nft", "add", "element", "inet", "boothkit", "released", element])
        return {"mac": asked.mac, "hours": asked.hours}

    def _set_clock(self, asked: SetClock) -> dict[str, Any]:
        last = self._last_fact_ms()
        if asked.unix_ms < last:
            raise Problem(
                "guardrail",
                f"the newest fact is from {last} ms, {asked.unix_ms} ms lies before it",
                "Set a later time.",
            )
        jump = asked.unix_ms - self._clock().wall_ms
        if abs(jump) > DAY_MS and not asked.sure:
            raise Problem(
                "guardrail", f"that is a jump of {jump // 3_600_000} h", "If it is right, ask again with sure."
            )
        time.clock_settime(time.CLOCK_REALTIME, asked.unix_ms / 1000)
        return {"by_ms": jump}

    def _last_fact_ms(self) -> int:
        try:
            newest = self._reader.facts(self._reader.position() - 1, 1)
        except RecorderDown as error:
            raise Problem("busy", f"the journal cannot be read: {error}", error.remedy) from error
        return parse_rfc3339(msgspec.json.decode(newest[0].body)["at"]) if newest else 0

    def _update(self, asked: ApplyUpdate) -> dict[str, Any]:
        from appliance.projections import events  # here: it brings signatures along, and updates are rare

        try:
            event = events.current(self._reader.db())
        except RecorderDown as error:
            raise Problem("busy", f"the journal cannot be read: {error}", error.remedy) from error
        if event is not None and event.state == "open":
            raise Problem("guardrail", f"the event {event.event} is open", "Close the event first.")
        found = self._look(asked.name)
        request = self._asked / f".{UPDATE}"
        request.write_text(f"{found.name}\n")
        request.rename(self._asked / UPDATE)
        return {"release": found.release.release, "version": found.version}

    def _power_off(self, asked: PowerOff) -> dict[str, Any]:
        (self._asked / POWER_OFF).touch()
        return {}

    def unable(self) -> list[str]:
        """The verbs that this steward has no right to carry out."""
        return [verb for verb, (_, may, _) in self._verbs.items() if not may()]

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


def _peer(link: socket.socket) -> int:
    _, uid, _ = _PEER.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(uid)


def user_name(uid: int) -> str:
    """The system's name of a user id; the number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def has_capability(number: int) -> bool:
    """Whether this process has a capability in effect (proc(5), CapEff)."""
    match = re.search(r"^CapEff:\s*([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return match is not None and bool(int(match[1], 16) >> number & 1)


def _call(argv: list[str]) -> None:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=10, check=False, env={"PATH": os.environ["PATH"]}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem("failed", f"{argv[0]}: {error}", "See `boothkit doctor`.") from error
    if done.returncode != 0:
        logger.error("verb.failed", program=argv[0], code=done.returncode)
        raise Problem("failed", f"{argv[0]} ended with {done.returncode}: {done.stderr.strip()[:200]}", "See the log.")


def main(ctx: WorkerContext) -> int:
    """Serve the verbs until SIGTERM."""
    loop = Loop(ctx.name)
    reader = Reader(ctx.data)
    # guest_admit is the key in the file, guest.admit the verb
    users = {key.replace("_", "."): names for key, names in msgspec.structs.asdict(ctx.config.steward).items()}

    def look(name: str) -> "Update":
        from appliance.services import update  # here: signatures take memory, and updates are rare

        bundles = update.bundles(ctx.config, ctx.box)
        return update.look(ctx.data, name, bundles, ctx.clock(), update.installed())

    steward = Steward(loop, ctx.run, reader, ctx.clock, users, look)
    board = Board(ctx.run, ctx.name)
    unable = steward.unable()
    reason = f"without rights here: {', '.join(unable)} answer, and change nothing" if unable else ""
    loop.every(1.0, lambda: board.put(state="ready", reason=reason))
    code = loop.run(lambda: board.put(state="ready", reason=reason))
    steward.close()
    reader.close()
    board.put(state="stopping")
    return code
