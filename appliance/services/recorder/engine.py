"""Commands in, durable facts out: one transaction a batch, one savepoint a command."""

import json
import secrets
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from appliance import log
from appliance.clock import Clock, Now
from appliance.config import Config
from appliance.domain.box import CommandRefused, LogStarted, PreviousLog, Reason
from appliance.domain.disk import DiskLevelChanged
from appliance.domain.kernel import Context, Decided, Fact, Personal, Role, ask_for, command_types, kind_of
from appliance.domain.receipts import TICKET_PRINTER
from appliance.errors import Problem, invalid
from appliance.files import tickets as ticketfile
from appliance.files.bundle import Reader
from appliance.ids import new_id
from appliance.journal import codec, notes
from appliance.journal.records import Record
from appliance.journal.schema import Conflict, StorageError
from appliance.journal.store import Savepoint, Store
from appliance.private.people import PeopleWriter, seal
from appliance.projections import devices, disk, events, policy, walkups
from appliance.projections.registry import Surroundings, known
from appliance.projections.runner import Projector
from appliance.receipts.token import address, token
from appliance.services.recorder import keeping
from appliance.services.recorder.answers import CLAIM, Reply, failure, whole
from appliance.services.recorder.asking import Asking
from appliance.services.recorder.forgetting import Forgetting
from appliance.services.recorder.frames import well_formed
from appliance.services.recorder.levels import Levels
from appliance.services.recorder.room import Room
from appliance.services.recorder.ticketkeys import TicketKeys
from appliance.services.recorder.watch import Watch

logger = log.get("recorder")


@dataclass(frozen=True)
class Request:
    """A frame as it came in over the socket of ``role``."""

    role: Role
    id: Any
    command: Any
    actor: Any
    data: Any


class Engine:
    """Everything the recorder knows and does, without its sockets."""

    def __init__(self, data: Path, config: Config, clock: Clock, box: str) -> None:
        self._config = config
        self.store = Store(data, box)
        self.people = PeopleWriter(data)
        self._projector = Projector(self.store.db, self._on_stale)
        self._keys = TicketKeys(data / "keys", lambda: policy.ticket_keys(self.store.db))
        self.room = Room(data)
        self.levels = Levels(self.room, data)
        self._forgetting = Forgetting(self.store, self.people, self.room)
        self.fault: Problem | None = None
        """Why the last write failed; None after one that worked."""
        self._clock = Watch(clock, self.store)
        self.asking = Asking(data, self.store, self._clock, self._keys)
        self._fell_behind = 0
        self.central = notes.Verifier.parse(config.central.key) if config.central.key else None
        self._bundles = Reader(config.box.cell, box, self.central)
        self._start()
        self._level = self.levels.level = disk.level(self.store.db)
        self.levels.look(self._to_close)

    def now(self) -> Now:
        """The box's clock."""
        return self._clock()

    def close(self) -> None:
        """Close both files."""
        self.store.close()
        self.people.close()

    def _on_stale(self, name: str, error: Exception) -> None:
        logger.error("projection.stale", projection=name, error=repr(error)[:200])

    def _start(self) -> None:
        rebuilt = self._projector.catch_up()
        if rebuilt and self.store.pos:
            logger.info("projection.rebuilt", projections=",".join(rebuilt))
        if (reason := self._new_log()) is not None:
            self.store.begin()
            self._start_log(reason)
            self.store.claim()
            self.store.commit()
        self._forgetting.start()

    def _new_log(self) -> Reason | None:
        """Why this start begins a new log; None when the last one goes on."""
        store = self.store
        if store.log == 0:
            return "new"
        if store.is_copy():
            return "restore"
        return None if store.key_of_log() == store.keys.signer(store.log).verifier.vkey() else "key"

    def _start_log(self, reason: Reason) -> None:
        """Sign how the last log ended, and begin the next with its first fact, in the transaction."""
        store, previous = self.store, None
        if store.log and store.size:
            if reason != "key":
                store.checkpoint()
            previous = PreviousLog(log=store.log, size=store.size, root=store.root().hex())
        event, number = self._event(), store.start_log()
        key = store.keys.signer(number).verifier.vkey()
        fact = LogStarted(log=number, reason=reason, previous=previous, key=key)
        # The identity holds chance: two copies of one journal may both start this log.
        self._append(fact, new_id(f"log-{number}-"), 0, "box:recorder", event, self._clock())
        logger.warning("log.started", log=number, reason=reason, previous=previous.size if previous else 0)

    def fall_behind(self) -> None:
        """Central knows another past of the present log: leave that one as it is, and go on in a new one.

        Problem, when a log that began for this reason meets another past again before central took any of it: that is
        no card that lied, and starting logs without end would help nobody.
        """
        if self._fell_behind == self.store.log and not self.store.is_safe(self.store.log):
            raise Problem(
                "bad-receipt",
                f"central holds another past of log {self.store.log} too, which it was not sent",
                "Check [central] key, and whether another box has this box's name; nothing was marked as safe.",
            )
        self._start_log("behind")
        self._fell_behind = self.store.log

    # A batch

    def execute(self, requests: Sequence[Request], more: Callable[[], bool] = lambda: True) -> list[Reply]:
        """Decide a batch in order, commit once; the replies may be sent when this returns.

        ``more`` is asked between commands: when it says no, the batch ends early and fewer replies come back. A disk
        that is full, or a database that cannot write, undoes the whole batch: every reply then says so, and no
        identity is used up.
        """
        replies: list[Reply] = []
        self.levels.look(self._to_close)
        try:
            self.store.begin()
            seen = self._notice_clock()
            self._notice_disk()
            for request in requests:
                if replies and not more():
                    break
                replies.append(self._one(request))
            self.store.commit()
            self._clock.keep(seen)
        except StorageError as error:
            problem = self._failed(error)
            if problem.slug == "disk-full" and self._to_close() and self.levels.give_up():
                return self.execute(requests, more)
            return [failure(request.id, problem) for request in requests]
        except BaseException:
            self.store.rollback()
            raise
        self.fault = None
        self._level = self.levels.level
        self._forgetting.follow()
        return replies

    def _failed(self, error: StorageError) -> Problem:
        self.store.rollback()
        problem = self.room.problem(error)
        if self.fault is None or self.fault.detail != problem.detail:
            logger.error("journal.write_failed", error=str(error), slug=problem.slug)
        self.fault = problem
        return problem

    def probe(self) -> None:
        """Record how full the card is. While writes fail and there is room again: try one, so that the fault goes with
        its cause, not only with the next sale."""
        self.levels.look(self._to_close)
        self._forgetting.follow()
        if self._level == self.levels.level if self.fault is None else not self.room.mended():
            return
        try:
            self.store.begin()
            self._notice_disk()
            self.store.advance("recorder", self.store.pos)
            self.store.commit()
        except StorageError as error:
            self._failed(error)
        else:
            self._level = self.levels.level
            if self.fault is not None:
                self.fault = None
                logger.info("journal.writes_again", pos=self.store.pos)

    def _to_close(self) -> bool:
        return disk.to_close(self.store.db)

    def _notice_disk(self) -> None:
        """A card that became fuller or emptier is a fact; central hears of it while somebody can still act."""
        if (to := self.levels.level) != self._level:
            fact = DiskLevelChanged(from_=self._level, to=to, free=self.room.free())
            self._append(fact, new_id("disk-"), 0, "box:recorder", self._event(), self._clock())

    def _notice_clock(self) -> Now:
        """A step of the clock is a fact; what is kept of this look at it, once that is committed."""
        seen, step = self._clock.notice()
        if step is not None:
            self._append(step, new_id("clock-"), 0, "box:recorder", self._event(), seen)
        return seen

    def _one(self, request: Request) -> Reply:
        mark = self.store.savepoint()
        try:
            reply = self._decide(request, mark)
        except Problem as problem:
            mark.undo()
            return failure(request.id, problem)
        except Conflict as error:
            mark.undo()
            return failure(
                request.id, Problem("key-reused", f"identity {request.id} is taken: {error}", "Mint a new key.")
            )
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one command that trips over a bug must not take the others with it
            mark.undo()
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno} {place.name}"
            logger.error("command.failed", command=str(request.command)[:60], error=type(error).__name__, where=where)
            return failure(
                request.id,
                Problem(
                    "internal", "The box could not decide this; nothing was recorded.", "Tell the lead; see the log."
                ),
            )
        return reply

    def _decide(self, request: Request, mark: Savepoint) -> Reply:
        ident, actor, data = well_formed(request)
        if request.command in keeping.OPERATIONS:
            answer = keeping.run(self, request.role, request.command, actor, data)
            mark.release()
            return {"id": ident, "ok": True, "answer": answer, "positions": None}
        command = command_types().get(request.command)
        if command is None:
            raise Problem("not-found", f"there is no command {str(request.command)[:60]!r}")
        if request.role not in command.roles:
            raise Problem("role", f"{command.name} is not for the {request.role} socket")
        digest = self._digest(command.name, actor, data)
        if (before := self.store.remembered(ident)) is not None:
            if before[0] != digest:
                raise Problem("key-reused", f"identity {ident} was used for something else", "Mint a new key.")
            mark.release()
            return whole(ident, before[1], self.store.keys)
        self.levels.allow(command)
        ask = ask_for(command, data)
        now = self._clock()
        event = self._event()
        around = Surroundings(
            self._keys.public,
            self._keys.pretix,
            self.store.keys.plain_ticket,
            self.store.log,
            self._bundles,
            now,
            self.store.keys.claim_mark,
        )
        printers = devices.names(self.store.db, self._config.devices, "printer")
        ctx = Context(
            now=now,
            box=self.store.box,
            log=self.store.log,
            command=ident,
            actor=actor,
            event=event,
            new_id=new_id,
            seal=_seal,
            printer=next((name for name in printers if name != TICKET_PRINTER), next(iter(printers), "")),
            printers=printers,
            claim_mark=self._claim_mark,
        )
        try:
            decided = command.decide(ask, known(command.name, self.store.db, ask, around), ctx)
        except Problem as problem:
            if not problem.keeps:
                raise
            return self._refused(ident, command.name, actor, event, now, digest, problem, mark)
        outcome = self._record(decided, ident, actor, event, now)
        self.store.remember(ident, digest, outcome)
        mark.release()
        return whole(ident, outcome, self.store.keys)

    def _record(self, decided: Decided, ident: str, actor: str, event: str, now: Now) -> Reply:
        if decided.personal:
            self.people.write(decided.personal)
        where = decided.event if decided.event is not None else event
        records = [self._append(fact, ident, i, actor, where, now) for i, fact in enumerate(decided.facts)]
        answer = dict(decided.answer)
        if decided.receipt is not None:
            answer["receipt"] = self.receipt_link(records[decided.receipt])
        if records:
            answer["pos"] = records[0].pos
        for name, mark in decided.marks.items():
            self.store.advance(name, mark)
        if decided.checkpoint:
            self.store.checkpoint()
        positions = [records[0].pos, records[-1].pos] if records else None
        claim = {} if decided.claim is None else {CLAIM: decided.claim}
        return {"ok": True, "answer": answer, "positions": positions, **claim}

    def _refused(
        self, ident: str, name: str, actor: str, event: str, now: Now, digest: bytes, problem: Problem, mark: Savepoint
    ) -> Reply:
        record = self._append(CommandRefused(command_kind=name, reason=problem.slug), ident, 0, actor, event, now)
        outcome: Reply = {
            "ok": False,
            "refusal": {**problem.as_dict(), "keeps": True},
            "positions": [record.pos, record.pos],
        }
        self.store.remember(ident, digest, outcome)
        mark.release()
        return {"id": ident, **outcome}

    def _append(self, fact: Fact, ident: str, index: int, actor: str, event: str, now: Now) -> Record:
        record = self.store.append(
            kind=kind_of(type(fact)),
            data=msgspec.to_builtins(fact),
            ident=f"{ident}.{index}",
            command=ident,
            actor=actor,
            event=event,
            now=now,
        )
        self._projector.record(record, fact)
        return record

    def _event(self) -> str:
        event = events.current(self.store.db)
        return event.event if event else ""

    def _claim_mark(self, guest: str) -> str:
        return self.store.keys.claim_mark(self.store.keys.claim_code(guest))

    def _digest(self, command: str, actor: str, data: dict[str, Any]) -> bytes:
        try:
            return self.store.keys.digest(codec.encode({"command": command, "actor": actor, "data": data}))
        except codec.NotCanonical as error:
            raise invalid(f"data: {error}") from error

    # What others ask besides decisions

    def receipt_link(self, record: Record) -> str:
        """The address of a sale's receipt, signed by the box; raises Problem(not-found) for one of training, which is a
        promise to nobody."""
        if record.body["data"]["training"]:
            raise Problem("not-found", "a training sale has no receipt to show", "Print it: the paper says TRAINING.")
        key = self.store.keys.signer(record.body["log"]).private
        return address(self._config.portal.public_url, token(record, key))

    def ticket_code(self, ticket: str) -> str:
        """What the QR of a ticket says that this box issued, the same each time; raises Problem(not-found)."""
        issued = walkups.get(self.store.db, ticket)
        if issued is None:
            raise Problem("not-found", f"this box issued no ticket {ticket[:64]!r}")
        return ticketfile.code(
            self._keys.signer(issued.event),
            ticket,
            event=issued.event,
            list_=issued.list,
            valid_from=issued.valid_from,
            valid_until=issued.valid_until,
        )

    def checkpoint_if_news(self) -> dict[str, Any]:
        """Sign the tree head when facts came since the last one."""
        note = self.store.checkpoint()
        return {"size": self.store.checkpointed, "news": note is not None}

    def record_of_sale(self, sale: str) -> Record:
        """The stored fact of a sale; raises Problem(not-found)."""
        row = self.store.db.execute(
            "SELECT f.pos, f.body, f.leaf FROM p_sale s JOIN fact f ON f.pos = s.pos WHERE s.sale = ?", (sale,)
        ).fetchone()
        if row is None:
            raise Problem("not-found", f"there is no sale {sale[:80]!r}")
        return Record(row["pos"], json.loads(row["body"]), row["leaf"])


def _seal(data: dict[str, str]) -> Personal:
    return seal(data, secrets.token_bytes(32))
