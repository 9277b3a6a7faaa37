"""The worker: follows the journal, sends what is not yet safe, hears what central says."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from appliance import log
from appliance.board import Board
from appliance.config import split_host_port
from appliance.errors import RecorderDown
from appliance.journal.follow import Wake
from appliance.journal.read import Reader
from appliance.projections import events, power
from appliance.services.context import WorkerContext, state_folder
from appliance.services.run import Loop
from appliance.services.uplink import batches, live
from appliance.services.uplink.address import Address
from appliance.services.uplink.answers import Answers
from appliance.services.uplink.backups import Backups
from appliance.services.uplink.budget import Budget
from appliance.services.uplink.connection import Connection, Message
from appliance.services.uplink.faults import Fault
from appliance.services.uplink.flow import Flow
from appliance.services.uplink.policies import DOWN, Policies

logger = log.get("uplink")

_ANSWERS_S = 0.25
_HOLD_S = 10.0
_LONGEST_HOLD_S = 300.0
_LIVE_SHARE = 20  # reading the live numbers takes one part in so many of the worker's time, at most
_SHOW_REFUSED_S = 60.0
_SAVING_S = 60.0
"""Between two turns of sending while the battery is spared: a modem that sleeps in between needs a tenth."""
_AGAIN_BESIDE_S = 60.0
_CONNECTING = Fault("connecting", "Nothing: it takes a moment.")
_UNHEARD = Fault("the broker has no subscriber for facts", "Start central, or check which broker it uses.")


class Uplink:
    """All of the worker; every method runs in the loop."""

    def __init__(self, ctx: WorkerContext, loop: Loop, beside: Callable[[], dict[str, Any]]) -> None:
        """``beside``: what else the board shows."""
        self._ctx, self._loop, self._beside = ctx, loop, beside
        self._reader = Reader(ctx.data)
        self._wake = Wake(ctx.run, ctx.name)
        self._board = Board(ctx.run, ctx.name)
        self._answers = Answers(ctx.run)
        self._backups = Backups(ctx, self._reader, loop.now)
        self._answers_planned = False
        self._flow: Flow | None = None
        self._position, self._log, self._event, self._key = 0, 0, "", ""
        self._version = version("boothkit")
        self._faults: dict[str, Fault] = {"connection": _CONNECTING}
        self._held_until, self._hold_s = 0.0, _HOLD_S
        self._saving, self._rests_until = False, 0.0
        self._beside_due = False
        self._sent_beside: dict[str, bytes] = {}
        self._live_at, self._live_after = -1, 0.0
        self._live = live.Changes()
        self._prefix = f"boothkit/1/{ctx.config.box.cell}/{ctx.box}"
        mqtt = ctx.config.mqtt
        kept = state_folder(ctx.run) / "uplink-budget.json"  # a laptop's run folder lasts as long as it is up
        self._budget = Budget(mqtt.daily_mb * 1_000_000, kept, ctx.clock, loop.now)
        host, port = split_host_port(mqtt.broker, where="mqtt.broker")
        self._connection = Connection(
            loop,
            Address(host, port, f"boothkit-{ctx.box}", mqtt.user, mqtt.password_file, mqtt.ca, mqtt.cert, mqtt.key),
            self,
            will=lambda: self._status(online=False),
            topics=tuple(f"{self._prefix}/{one}" for one in ("receipt", "cosigned", DOWN, "kept")),
        )
        self._policies = Policies(ctx.run, self._reader, loop, self._told_policy)

    def start(self) -> None:
        """Before the loop turns: look once, connect, listen to the journal."""
        self._loop.add_reader(self._wake.fileno(), self._woken)
        self._loop.every(1.0, self._second)
        self._look()
        self._connection.open()
        self._show()

    def close(self) -> None:
        """Tell the broker that this was on purpose, and let go of everything."""
        self._connection.close(self._status(online=False))
        self._budget.keep()
        self._wake.close()
        self._answers.close()
        self._policies.close()
        self._backups.close()
        self._reader.close()
        self._board.put(state="stopping", connected=False)

    # Following the journal

    def _woken(self) -> None:
        self._wake.drain()
        self._look()
        self._send()

    def _second(self) -> None:
        self._look()
        self._beside_due = self._connection.online() and not self._rests()
        self._weigh()
        if self._may_send() and self._flow is not None and self._flow.tick(self._loop.now()):
            logger.info("uplink.probe", safe=self._flow.safe, sent=self._flow.cursor)
            self._send_batch(self._flow.safe)
        self._send()
        self._send_backup()
        self._show()

    def _look(self) -> None:
        """What is new in the journal."""
        with self._reading():
            position = self._reader.position()
            if self._flow is None:
                self._flow = Flow(self._reader.safe().pos)
            if position != self._position:
                (newest,) = self._reader.facts(position - 1, 1)
                if newest.log != self._log:
                    (first,) = self._reader.facts(position - newest.seq, 1)
                    self._key = json.loads(first.body)["data"]["key"]
                self._log, self._event = newest.log, json.loads(newest.body)["event"]
                self._position = position
                self._saving = "uplink" in power.shed(self._reader.db())

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """While the journal cannot be read, nothing is sent and the board says so."""
        try:
            yield
            self._faults.pop("journal", None)
        except RecorderDown as error:
            self._faults["journal"] = Fault(f"the journal cannot be read: {error}", error.remedy)

    def _send(self) -> None:
        """What goes beside the facts when its second has come; then facts until the window is full."""
        if self._beside_due:
            self._beside_due = not self._send_beside()
        flow = self._flow
        if flow is None or self._loop.now() < self._held_until or self._rests():
            return
        while self._may_send() and flow.cursor < self._position:
            last = self._send_batch(flow.cursor)
            if last is None:
                return
            flow.sent(last, self._loop.now())
        if self._saving and flow.cursor == self._position:
            self._rests_until = self._loop.now() + _SAVING_S

    def _rests(self) -> bool:
        """Load shedding: what comes in gathers for a minute."""
        return self._saving and self._loop.now() < self._rests_until

    def _may_send(self) -> bool:
        return self._connection.room() > 0 and self._budget.may_send_facts()

    def _weigh(self) -> None:
        """What the day's budget says."""
        if (fault := self._budget.fault()) is not None:
            self._faults["budget"] = fault
        else:
            self._faults.pop("budget", None)

    def _publish(self, message: Message) -> bool:
        sent = self._connection.publish(message)
        if sent:
            self._budget.count(message.topic, message.payload)
        return sent

    def _send_batch(self, after: int) -> int | None:
        """One message with the facts behind ``after``: the position of the last, None when it was not sent."""
        topic = f"{self._prefix}/facts"
        with self._reading():
            facts = self._reader.facts(after, batches.MOST)
            try:
                payload, count = batches.batch(facts, self._connection.largest(topic))
            except batches.FactTooLarge as error:
                remedy = "Raise the broker's maximum packet size (mosquitto: max_packet_size)."
                self._hold(Fault(str(error), remedy))
                return None
            encoding = batches.ENCODING if self._ctx.config.mqtt.compress else ""
            if encoding:
                payload = batches.deflated(payload)
            message = Message(topic, payload, retain=False, content_type=batches.CONTENT_TYPE, encoding=encoding)
            if count and self._publish(message):
                return facts[count - 1].pos
        return None

    def _hold(self, fault: Fault) -> None:
        """The broker does not take facts: say why, and try again later from the safe mark. The rest of the window,
        which comes back the same way, does not make the pause longer."""
        if self._faults.get("facts") != fault:
            logger.warning("uplink.refused", reason=fault.reason)
        self._faults["facts"] = fault
        if self._loop.now() >= self._held_until:
            self._held_until = self._loop.now() + self._hold_s
            self._hold_s = min(_LONGEST_HOLD_S, self._hold_s * 2)
        if self._flow is not None:
            self._flow.connected()

    # Beside the facts

    def _send_beside(self) -> bool:
        """Status, newest checkpoint and live numbers where they changed; False when the window was full."""
        messages = [self._status(online=True)]
        with self._reading():
            head = self._reader.checkpoint()
            if head is not None:
                messages.append(Message(f"{self._prefix}/checkpoint", head.note.encode()))
            if self._ctx.config.mqtt.home_assistant:
                messages += self._discovery()
            self._send_live()
        complete = True
        for message in messages:
            if self._sent_beside.get(message.topic) != message.payload:
                if self._publish(message):
                    self._sent_beside[message.topic] = message.payload
                else:
                    complete = False
        return complete

    def _send_backup(self) -> None:
        """Once a second, behind everything else; never while the battery is spared."""
        flow = self._flow
        if flow is None or self._saving or flow.cursor < self._position or not self._may_send():
            return
        topic = f"{self._prefix}/backup"
        with self._reading():
            self._backups.turn(
                lambda piece: self._may_send() and self._publish(Message(topic, piece, retain=False, text=False))
            )

    def _discovery(self) -> list[Message]:
        from appliance.services.uplink.homeassistant import discovery

        event = events.current(self._reader.db())
        currency = event.currency if event else ""
        found = discovery(self._ctx.box, self._prefix, self._version, currency)
        return [Message(topic, payload) for topic, payload in found]

    def _send_live(self) -> None:
        began = self._loop.now()
        if self._live_at == self._position or began < self._live_after:
            return
        read = live.read(self._reader, self._ctx.clock())
        values = {subject: value for subject, value in read.items() if self._budget.may_send(subject)}
        for subject, payload in self._live.of(values):
            self._publish(Message(f"{self._prefix}/live/{subject}", payload, qos=0))
        self._live_at = self._position
        self._live_after = began + _LIVE_SHARE * (self._loop.now() - began)

    def _status(self, *, online: bool) -> Message:
        status = {
            "online": online,
            "version": self._version,
            "log": self._log,
            "position": self._position,
            "safe": self._flow.safe if self._flow else 0,
            "event": self._event,
            "clock": self._ctx.clock().trust,
            "key": self._key,
        }
        return Message(f"{self._prefix}/status", json.dumps(status, separators=(",", ":")).encode())

    # What the connection tells

    def online(self) -> None:
        """Begin again behind the safe mark, and say who we are before the first fact."""
        logger.info("uplink.connected", broker=self._connection.address.broker)
        for source in ("connection", "facts", "beside", "central"):
            self._faults.pop(source, None)
        self._held_until, self._hold_s = 0.0, _HOLD_S
        self._sent_beside.clear()
        self._live.forget()
        self._live_at = -1
        if self._flow is not None:
            self._flow.connected()
        self._backups.connected()
        self._beside_due = True
        self._look()
        self._send()
        self._show()

    def offline(self, fault: Fault) -> None:
        """Say why; the connection tries again by itself."""
        if self._faults.get("connection") != fault:
            logger.warning("uplink.offline", reason=fault.reason)
        self._faults["connection"] = fault
        self._show()

    def acknowledged(self, topic: str, fault: Fault | None, heard: bool) -> None:
        """The broker has it, or says why not; that it has facts does not make them safe."""
        if topic == f"{self._prefix}/facts":
            self._answered_facts(fault, heard)
        elif fault is not None:
            logger.warning("uplink.refused", topic=topic, reason=fault.reason)
            self._faults["beside"] = fault
            self._loop.call_later(_AGAIN_BESIDE_S, lambda: self._sent_beside.pop(topic, None))
        else:
            self._faults.pop("beside", None)
        self._send()

    def _answered_facts(self, fault: Fault | None, heard: bool) -> None:
        if fault is not None:
            self._hold(fault)
            return
        if self._loop.now() >= self._held_until:
            self._faults.pop("facts", None)
            self._hold_s = _HOLD_S
        if heard:
            self._faults.pop("central", None)
        else:
            self._faults["central"] = _UNHEARD

    def received(self, topic: str, payload: bytes, retained: bool, note: str) -> None:
        """A receipt, a cosigned checkpoint, a policy, or how much of a backup central holds."""
        if topic == f"{self._prefix}/{DOWN}":
            self._policies.keep(payload)
            return
        if topic.endswith("/kept"):
            self._backups.kept(payload)
            return
        self._answers.keep(topic, payload, fresh=not retained)
        self._plan_answers(0.0)

    def _plan_answers(self, seconds: float) -> None:
        if not self._answers_planned and self._answers.waiting():
            self._answers_planned = True
            self._loop.call_later(seconds, self._take_answers)

    def _take_answers(self) -> None:
        """Four times a second at most."""
        self._answers_planned = False
        refused = self._answers.refused
        try:
            receipt = self._answers.hand_over()
            self._faults.pop("recorder", None)
        except RecorderDown as error:
            self._faults["recorder"] = Fault(f"the recorder does not answer: {error}", error.remedy)
            self._plan_answers(1.0)
            return
        if (fault := self._answers.refused) is not None and fault is not refused:
            self._faults["answer"] = fault
            self._loop.call_later(_SHOW_REFUSED_S, lambda: self._forget_refused(fault))
        flow = self._flow
        if receipt is not None and flow is not None:
            before = flow.safe
            if flow.receipted(receipt.pos, self._loop.now(), fresh=receipt.fresh):
                logger.info("uplink.goes_back", central=receipt.pos, safe=before)
        self._answers_planned = True
        self._loop.call_later(_ANSWERS_S, self._rested)
        self._send()
        self._show()

    def _rested(self) -> None:
        self._answers_planned = False
        self._plan_answers(0.0)

    def _told_policy(self, fault: Fault | None) -> None:
        """What the recorder thinks of the policy that lies at the broker; None: nothing is wrong with it."""
        if fault is not None:
            self._faults["policy"] = fault
        else:
            self._faults.pop("policy", None)
        self._show()

    def _forget_refused(self, fault: Fault) -> None:
        if self._faults.get("answer") is fault:
            self._faults.pop("answer")

    # The board

    def _show(self) -> None:
        connected = self._connection.online()
        order = ("connection", "journal", "facts", "budget", "beside", "recorder", "answer", "policy", "central")
        shown = next((self._faults[source] for source in order if source in self._faults), None)
        self._board.put(
            state="ready" if shown is None else "degraded",
            connected=connected,
            position=self._position,
            safe=self._flow.safe if self._flow else 0,
            reason=shown.reason if shown else "",
            remedy=shown.remedy if shown else "",
            broker=self._connection.address.broker,
            **self._beside(),
        )
