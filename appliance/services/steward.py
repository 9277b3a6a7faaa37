"""The one worker with privileges: six verbs, each for named users, over a socket of its own, without network.

A caller is known by the kernel's word (SO_PEERCRED), not by what it says. Everybody on the box may ask; whoever is not
named for a verb is refused and logged. A steward without the right that a verb needs says so instead of trying: on
somebody's laptop a page must not be able to switch the machine off.

It is not root. Three verbs are capabilities of its own; the others are asked of the system: a file in
RUN/steward/asked, which on a box a path unit watches, and which is nowhere else.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from appliance import log
from appliance.board import Board
from appliance.clock import EARLIEST_MS, LATEST_MS, STEP_MS, Clock, Note, read_note, rfc3339
from appliance.errors import Problem, RecorderDown, invalid
from appliance.journal import read as journal
from appliance.journal.read import Reader
from appliance.language import N_
from appliance.services.backupmaker import BackupMaker
from appliance.services.context import WorkerContext
from appliance.services.run import Loop
from appliance.services.stewardclient import SOCKET
from appliance.services.verbs import Verbs, unknown, user_name

if TYPE_CHECKING:
    from appliance.services.update import Update

ASKED = "steward/asked"
POWER_OFF = "power-off"
UPDATE = "update"
BACKUP = "backup"
CAP_NET_ADMIN, CAP_SYS_TIME = 12, 25  # capabilities(7)
DAY_MS = 86_400_000
MOST_RELEASED = 2_000
"""Devices in one answer: what a frame holds."""
_KEEP_S = 5.0

logger = log.get("steward")


class AdmitGuest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a guest's device through the firewall. ``mac``: as the kernel writes it; ``hours``: 1 to 24."""

    mac: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]
    hours: Annotated[int, msgspec.Meta(ge=1, le=24)]


class Released(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which guests' devices are through the firewall, and for how much longer: seconds by MAC. A portal that begins
    anew asks."""


class SetClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Set the wall clock to ``unix_ms`` (Unix milliseconds); ``sure``: asked a second time, for a jump of over 24 h."""

    unix_ms: Annotated[int, msgspec.Meta(ge=EARLIEST_MS, le=LATEST_MS)]
    sure: bool = False


class ApplyUpdate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Install the update of this name from DATA/updates; it starts with the next restart."""

    name: str


class MakeBackup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Back the box up to the stick that is plugged in, or into what the uplink sends."""

    to: Literal["stick", "uplink"]


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
        back_up: Callable[[str], None],
        set_clock: Callable[[int], None],
    ) -> None:
        """``users``: the names of the system users that may use each verb; ``look``: the update of a name, as far as
        its note tells, or the Problem with it; ``back_up``: makes a backup where nobody can be asked to; ``set_clock``:
        sets the machine's clock (Unix milliseconds)."""
        self._look, self._back_up, self._set = look, back_up, set_clock
        self._run = run
        self._reader = reader
        self._clock = clock
        self._users = users
        self._asked = run / ASKED
        self._floor_ms: int | None = None
        self._verbs: dict[str, tuple[type[Any], Callable[[], bool], Callable[[Any], dict[str, Any]]]] = {
            "guest.admit": (AdmitGuest, partial(has_capability, CAP_NET_ADMIN), self._admit),
            "guest.released": (Released, partial(has_capability, CAP_NET_ADMIN), self._released),
            "clock.set": (SetClock, partial(has_capability, CAP_SYS_TIME), self._set_clock),
            "backup.make": (MakeBackup, lambda: True, self._backup),
            "update.apply": (ApplyUpdate, self._asked.is_dir, self._update),
            "power.off": (PowerOff, self._asked.is_dir, self._power_off),
        }
        # Everybody may ask.
        self._socket = Verbs("steward", loop, run / SOCKET, self._carry_out, rights=0o666)
        self.answer = self._socket.answer

    def _carry_out(self, verb: object, data: object, user: str) -> dict[str, Any]:
        if not isinstance(verb, str) or verb not in self._verbs:
            raise unknown(verb, list(self._verbs))
        shape, may, act = self._verbs[verb]
        # On a laptop all workers are one user, whose own files a backup copies.
        own = verb == "backup.make" and user == user_name(os.geteuid()) and not self._asked.is_dir()
        if not own and user not in self._users.get(verb, ()):
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
        where = "element inet boothkit released"
        # One that is there keeps its old time when it is added again, and one that is not there cannot be deleted.
        add = f"add {where} {{ {asked.mac} timeout {asked.hours}h }}"
        _call(["nft", f"{add}; delete {where} {{ {asked.mac} }}; {add}"])
        return {"mac": asked.mac, "hours": asked.hours}

    def _released(self, asked: Released) -> dict[str, Any]:
        said = json.loads(_call(["nft", "--json", "list", "set", "inet", "boothkit", "released"]))
        elements = next(part["set"].get("elem", []) for part in said["nftables"] if "set" in part)
        left = {one["elem"]["val"]: one["elem"].get("expires", 0) for one in elements}
        newest = sorted(left.items(), key=lambda one: -one[1])[:MOST_RELEASED]
        return {"released": dict(newest)}

    def _set_clock(self, asked: SetClock) -> dict[str, Any]:
        try:
            newest = journal.newest(self._reader.db())
        except RecorderDown as error:
            raise Problem("busy", f"the journal cannot be read: {error}", error.remedy) from error
        last = newest.wall_ms if newest else 0
        if asked.unix_ms < last:
            raise Problem(
                "clock-before",
                f"the newest fact is from {rfc3339(last)}, {rfc3339(asked.unix_ms)} lies before it",
                N_("Check the time of the phone. If it is right, give the box a network: that sets its clock."),
                last_ms=last,
            )
        now = self._clock()
        jump = asked.unix_ms - now.wall_ms
        if abs(jump) > DAY_MS and not asked.sure:
            raise Problem(
                "clock-jump",
                f"that is a jump of {jump // 3_600_000} h, from {now.at} to {rfc3339(asked.unix_ms)}",
                N_("If it is right, ask again with sure."),
                by_ms=jump,
            )
        # The note first: until the clock is set it fits no clock, and whoever sees the step knows whose it is.
        self._keep("phone", now.offset_ms + jump)
        self._set(asked.unix_ms)
        return {"by_ms": jump}

    def keep_time(self) -> None:
        """Note what this boot's clock is worth; to be called now and then. What the network has set counts for the
        rest of the boot, also when it is gone."""
        now = self._clock()
        if self._floor_ms is None:
            with suppress(RecorderDown):
                newest = journal.newest(self._reader.db(), trusted=True)
                self._floor_ms = newest.wall_ms if newest else 0
        note = read_note(self._run) or Note("")
        if now.trust == "ntp":
            if note.source != "ntp" or note.boot != now.boot or abs(note.offset_ms - now.offset_ms) >= STEP_MS // 2:
                self._keep("ntp", now.offset_ms)
        elif note.boot != now.boot or note.floor_ms < (self._floor_ms or 0):
            self._keep(note.source if note.boot == now.boot else "", note.offset_ms)

    def _keep(self, source: str, offset_ms: int) -> None:
        boot = self._clock().boot
        try:
            Note(boot, source, offset_ms, self._floor_ms or 0).write(self._run)
        except OSError as error:
            logger.error("clock.note", error=str(error))

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

    def _backup(self, asked: MakeBackup) -> dict[str, Any]:
        """How it goes on stands on the board, on the page `backup`."""
        if self._asked.is_dir():
            (self._asked / f"{BACKUP}-{asked.to}").touch()
        else:
            self._back_up(asked.to)
        return {"to": asked.to}

    def _power_off(self, asked: PowerOff) -> dict[str, Any]:
        (self._asked / POWER_OFF).touch()
        return {}

    def unable(self) -> list[str]:
        """The verbs that this steward has no right to carry out."""
        return [verb for verb, (_, may, _) in self._verbs.items() if not may()]

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def has_capability(number: int) -> bool:
    """Whether this process has a capability in effect (proc(5), CapEff)."""
    match = re.search(r"^CapEff:\s*([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return match is not None and bool(int(match[1], 16) >> number & 1)


def _call(argv: list[str]) -> str:
    """What it printed; Problem when it failed."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=10, check=False, env={"PATH": os.environ["PATH"]}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem("failed", f"{argv[0]}: {error}", "See `boothkit doctor`.") from error
    if done.returncode != 0:
        logger.error("verb.failed", program=argv[0], code=done.returncode)
        raise Problem("failed", f"{argv[0]} ended with {done.returncode}: {done.stderr.strip()[:200]}", "See the log.")
    return done.stdout


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

    def set_clock(unix_ms: int) -> None:
        time.clock_settime(time.CLOCK_REALTIME, unix_ms / 1000)

    maker = BackupMaker(ctx.data, ctx.run)
    steward = Steward(loop, ctx.run, reader, ctx.clock, users, look, maker.make, set_clock)
    board = Board(ctx.run, ctx.name)
    unable = steward.unable()
    reason = N_(f"without rights here: {', '.join(unable)} answer, and change nothing") if unable else ""
    loop.every(1.0, lambda: board.put(state="ready", reason=reason))
    loop.every(1.0, maker.reap)
    loop.every(_KEEP_S, steward.keep_time)
    code = loop.run(lambda: board.put(state="ready", reason=reason))
    steward.close()
    maker.close()
    reader.close()
    board.put(state="stopping")
    return code
