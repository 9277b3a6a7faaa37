"""The other boxes of the event: our facts to them, theirs to the recorder, over the site's broker.

Nobody there is trusted. What a box says it signs (its recorder does), and the recorder of whoever hears it checks that
against the keys of the policy. Each box tells how far it heard the others (``have``), and they go back to there: a box
that joins late, a lost message and a broker that was restarted are one case.
"""

import hashlib
import json
from collections import deque
from contextlib import suppress
from math import inf
from typing import Any

import msgspec

from appliance import log
from appliance.config import split_host_port
from appliance.errors import Problem, RecorderDown
from appliance.journal.client import RecorderClient
from appliance.journal.follow import Wake
from appliance.journal.read import Reader
from appliance.projections import events, policy, site
from appliance.services.context import WorkerContext
from appliance.services.run import Loop
from appliance.services.uplink import batches
from appliance.services.uplink.address import Address
from appliance.services.uplink.asking import ask
from appliance.services.uplink.connection import Connection, Message
from appliance.services.uplink.faults import Fault

logger = log.get("uplink")

_RECORDER_S = 3.0
_LARGEST = 200 * 1024
"""Bytes of a message, the longest fact in it; the recorder of who hears it is given what it needs of it."""
_REPEAT_S = 2.0
_PROBE_S = 5.0
_STATE_S = 2.0
_SILENT_S = 600.0
_SHOW_S = 60.0
_MOST_WAITING = 100
_KEPT = ("have", "site")
_MOST_UNKNOWN = 32
_MOST_REFUSED = 20
"""Notes that the recorder refused in one second, beyond which nothing more is asked of it in that second."""
_CONNECTING = Fault("connecting", "Nothing: it takes a moment.")
_NOBODY = Fault("the policy names no other box", "Let central sign a policy with the boxes of this site (peers).")


class _Event(msgspec.Struct):
    data: msgspec.Raw


class Site:
    """All of it; every method runs in the loop. What there is to see is in ``shown``."""

    def __init__(self, ctx: WorkerContext, loop: Loop) -> None:
        self._ctx, self._loop = ctx, loop
        self._reader = Reader(ctx.data)
        self._wake = Wake(ctx.run, f"{ctx.name}-site")
        self._recorder = RecorderClient(ctx.run, "uplink", _RECORDER_S)
        self._prefix = f"boothkit/1/{ctx.config.box.cell}"
        table = ctx.config.site
        host, port = split_host_port(table.broker, where="site.broker")
        own_ca = str(ctx.run / "pki" / "ca.pem") if table.serve else ""
        self._connection = Connection(
            loop,
            Address(host, port, f"boothkit-{ctx.box}-site", table.user, table.password_file, table.ca or own_ca),
            self,
            will=lambda: Message(self._topic("have"), b""),
            topics=tuple(f"{self._prefix}/+/{subject}" for subject in ("facts", "site", "have")),
        )
        self._faults: dict[str, tuple[Fault, float]] = {"connection": (_CONNECTING, inf)}
        self._inbox: deque[tuple[str, list[str]]] = deque(maxlen=_MOST_WAITING)
        self._states: dict[str, str] = {}
        self._boxes: dict[str, dict[str, Any]] = {}
        self._peers: frozenset[str] = frozenset()
        self._wants: dict[str, dict[str, int]] = {}
        self._cursor, self._sent_at, self._back_at = 0, 0.0, 0.0
        self._said: dict[str, bytes] = {}
        self._have_due = True
        self._state_pos, self._state_at = -1, 0.0
        self._refused = 0
        self._unknown: dict[tuple[str, str], bytes] = {}
        self._work_planned = False

    def start(self) -> None:
        """Connect, and listen to the journal."""
        self._loop.add_reader(self._wake.fileno(), self._woken)
        self._loop.every(1.0, self._second)
        self._connection.open()

    def close(self) -> None:
        """Say that this was on purpose, and let go of everything."""
        self._connection.close(Message(self._topic("have"), b""))
        self._wake.close()
        self._recorder.close()
        self._reader.close()

    def shown(self) -> dict[str, Any]:
        """For the board: ``connected``, ``broker``, ``reason``, ``remedy``, ``boxes`` (each: ``at, event, inside,
        stock``, and ``heard``, seconds of the boot)."""
        now = self._loop.now()
        fault = next((one for one, until in self._faults.values() if now < until), None)
        return {
            "connected": self._connection.online(),
            "broker": self._connection.address.broker,
            "reason": fault.reason if fault else "",
            "remedy": fault.remedy if fault else "",
            "boxes": {box: state for box, state in self._boxes.items() if now - state["heard"] < _SILENT_S},
        }

    def _complain(self, source: str, fault: Fault, seconds: float = _SHOW_S) -> None:
        """Shown for a while; in the log when it is news."""
        if self._faults.get(source, (None, 0.0))[0] != fault:
            logger.warning("site.fault", why=fault.reason[:200])
        self._faults[source] = (fault, self._loop.now() + seconds)

    def _silent(self, error: RecorderDown) -> None:
        self._complain("recorder", Fault(f"the recorder does not answer: {error}", error.remedy), _STATE_S)

    def _topic(self, subject: str) -> str:
        return f"{self._prefix}/{self._ctx.box}/{subject}"

    # Ours to them

    def _woken(self) -> None:
        self._wake.drain()
        self._send()

    def _second(self) -> None:
        self._refused = 0
        with suppress(RecorderDown):
            self._meet(frozenset(policy.peers(self._reader.db())))
        if self._connection.online():
            if not self._peers:
                self._complain("peers", _NOBODY, _STATE_S)
            self._probe()
            self._tell()
        self._send()
        self._plan()

    def _meet(self, peers: frozenset[str]) -> None:
        """A policy came: what boxes had said before it named them counts from now on."""
        new, self._peers = peers - self._peers, peers
        for box, subject in [key for key in self._unknown if key[0] in new]:
            self._of_peer(box, subject, self._unknown.pop((box, subject)), "")

    def _send(self) -> None:
        """Facts of the event, until all who listen have them."""
        try:
            while self._connection.room() > 0 and self._wants and self._send_batch():
                self._sent_at = self._loop.now()
        except RecorderDown as error:
            self._silent(error)
        except batches.FactTooLarge as error:
            self._complain("facts", Fault(str(error), "Raise the broker's maximum packet size."))

    def _send_batch(self) -> bool:
        facts = self._reader.facts(self._cursor, batches.MOST)
        facts = [fact for fact in facts if fact.log == facts[0].log]
        if not facts:
            return False
        payload, count = batches.batch(facts, _LARGEST)
        place = {"log": facts[0].log, "first": facts[0].seq, "last": facts[count - 1].seq}
        note = ask(
            self._recorder, "site.sign", place, f"site-sign-{facts[0].log}-{facts[0].seq}-{facts[count - 1].seq}"
        )["note"]
        message = Message(self._topic("facts"), payload, retain=False, content_type=batches.CONTENT_TYPE, note=note)
        if not self._connection.publish(message):
            return False
        self._cursor = facts[count - 1].pos
        return True

    def _probe(self) -> None:
        """Somebody lacks what was sent a while ago: send it again."""
        now = self._loop.now()
        if self._wants and now - self._sent_at > _PROBE_S and now - self._back_at > _PROBE_S:
            self._go_back()

    def _go_back(self) -> None:
        """To where whoever heard least is."""
        with suppress(RecorderDown):
            db = self._reader.db()
            event = events.current(db)
            if event is None:
                return
            self._cursor = min(site.missing_from(db, event.event, have) for have in self._wants.values())
            self._back_at = self._loop.now()

    def _tell(self) -> None:
        """How far the others were heard; and, when something happened and some seconds have passed, how things are."""
        with suppress(RecorderDown):
            if self._have_due:
                have = json.dumps(site.heard(self._reader.db()), sort_keys=True).encode()
                if self._say("have", have):
                    self._have_due = False
            position = self._reader.position()
            if position != self._state_pos and self._loop.now() - self._state_at >= _STATE_S:
                note = ask(self._recorder, "site.state", {}, f"site-state-{position}")["note"]
                if self._say("site", note.encode()):
                    self._state_pos, self._state_at = position, self._loop.now()

    def _say(self, subject: str, payload: bytes) -> bool:
        if self._said.get(subject) == payload:
            return True
        sent = self._connection.publish(Message(self._topic(subject), payload))
        if sent:
            self._said[subject] = payload
        return sent

    # Theirs to us

    def online(self) -> None:
        """Begin anew: who is here says so by what it has."""
        logger.info("site.connected", broker=self._connection.address.broker)
        self._faults.clear()
        self._wants.clear()
        self._said.clear()
        self._cursor = 0
        self._have_due, self._state_pos, self._state_at = True, -1, 0.0
        self._second()

    def offline(self, fault: Fault) -> None:
        """Each box goes on alone; the connection tries again by itself."""
        if self._faults.get("connection", (None, 0))[0] != fault:
            logger.warning("site.offline", reason=fault.reason)
        self._faults = {"connection": (fault, inf)}
        self._wants.clear()

    def acknowledged(self, topic: str, fault: Fault | None, heard: bool) -> None:
        """The broker has it, or says why not."""
        if fault is not None:
            self._complain("broker", fault)
        else:
            self._send()

    def received(self, topic: str, payload: bytes, retained: bool, note: str) -> None:
        """Something of a box, whoever wrote it."""
        box, _, subject = topic.removeprefix(f"{self._prefix}/").partition("/")
        if box == self._ctx.box or (not payload and subject != "have"):
            return
        if box in self._peers:
            self._of_peer(box, subject, payload, note)
            return
        self._stranger(box)
        if subject in _KEPT and len(payload) <= _LARGEST:
            self._unknown[box, subject] = payload
            while len(self._unknown) > _MOST_UNKNOWN:
                del self._unknown[next(iter(self._unknown))]

    def _of_peer(self, box: str, subject: str, payload: bytes, note: str) -> None:
        try:
            match subject:
                case "have":
                    self._heard_have(box, payload)
                case "site":
                    self._states[box] = payload.decode()
                case "facts":
                    events_ = msgspec.json.decode(payload, type=list[_Event])
                    self._inbox.append((note, [site.shortened(bytes(event.data).decode()) for event in events_]))
                case _:
                    return
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            logger.warning("site.unreadable", box=box, subject=subject[:20], why=str(error)[:120])
        self._plan()

    def _stranger(self, box: str) -> None:
        reason = f"a box {box[:40]!r} writes here that the policy does not name; nothing of it is taken"
        self._complain("stranger", Fault(reason, "If it belongs here, let central sign a policy that names it."))

    def _heard_have(self, box: str, payload: bytes) -> None:
        """How far a box heard everybody, which it says when that is news, and again when it lacks something; empty: it
        is gone."""
        if not payload:
            self._wants.pop(box, None)
            return
        have = msgspec.json.decode(payload, type=dict[str, dict[str, int]])
        before, now = self._wants.get(box), have.get(self._ctx.box, {})
        self._wants[box] = now
        if before is None or (before == now and self._loop.now() - self._back_at > _REPEAT_S):
            self._go_back()
        self._send()

    def _plan(self) -> None:
        if not self._work_planned and (self._inbox or self._states):
            self._work_planned = True
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        """One thing that came; again while anything waits."""
        self._work_planned = False
        try:
            if self._inbox:
                self._learn(*self._inbox[0])
                self._inbox.popleft()
            elif self._states:
                self._see(self._states.pop(next(iter(self._states))))
        except RecorderDown as error:
            self._silent(error)
            return  # again within a second
        self._plan()

    def _learn(self, note: str, bodies: list[str]) -> None:
        if self._ask_about("site.learn", {"note": note, "bodies": bodies}, note) is not None:
            self._have_due = True

    def _see(self, note: str) -> None:
        answer = self._ask_about("site.heard", {"note": note}, note)
        if answer is not None:
            self._boxes[answer["box"]] = answer["state"] | {"heard": self._loop.now()}

    def _ask_about(self, command: str, data: dict[str, Any], note: str) -> dict[str, Any] | None:
        """The recorder's answer about what another box signed; None when it refused."""
        if self._refused >= _MOST_REFUSED:
            return None
        try:
            return ask(self._recorder, command, data, f"{command}-{hashlib.sha256(note.encode()).hexdigest()[:32]}")
        except Problem as problem:
            if problem.slug == "gap":
                self._have_due = True
                self._said.pop("have", None)  # said again, though nothing is new: that is how one complains
                return None
            self._refused += 1
            self._complain("refused", Fault(f"refused: {problem.detail}", problem.remedy))
            return None
