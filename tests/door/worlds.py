"""Small worlds before the door: a real engine, one ticket in one of three forms, and what is wrong with it."""

import base64
import json
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance.clock import parse_rfc3339
from appliance.config import Config
from appliance.files import tickets
from appliance.services.recorder.engine import Reply, Request
from tests.conftest import EngineBox

Form = Literal["token", "plain", "pretix"]
NOW = parse_rfc3339("2026-11-23T18:00:00.000Z") // 1000
"""Where the box's clock stands, in Unix seconds."""
GATE = "west"
LEAD = "lead-1"
NEXT = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
"""What creates an event."""


def pretix(
    key: Ed25519PrivateKey,
    seed: str,
    item: int,
    subevent: int = 0,
    valid_from: int | None = None,
    valid_until: int | None = None,
    variation: int = 0,
) -> str:
    """What pretix prints (docs/tickets-of-pretix.md): head, protobuf, signature; base64 backwards."""
    payload = bytes([10, len(seed)]) + seed.encode()
    for field, value in ((2, item), (3, variation), (4, subevent), (5, valid_from), (6, valid_until)):
        if value:
            payload += bytes([field << 3]) + _varint(value)
    raw = b"\x01" + len(payload).to_bytes(2, "big") + (64).to_bytes(2, "big") + payload + key.sign(payload)
    return base64.b64encode(raw).decode()[::-1]


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


class Door:
    """A box with an open event whose list ``general`` lets in once, the key of its own tickets, and a shop's."""

    def __init__(self, data: Path, config: Config | None = None) -> None:
        self.box = EngineBox(data, config)
        self._asks = 0
        self.event = self.all(("event.create", NEXT), defined("general", entry="single"), ("event.open", {}))[0][
            "event"
        ]
        self.keys = data / "keys"
        self.own = tickets.event_key(self.keys, self.event, create=True)
        self.shop = Ed25519PrivateKey.generate()

    def close(self) -> None:
        self.box.engine.close()

    def restart(self) -> None:
        """The same folder and clock, another engine."""
        self.box.engine.close()
        self.box = EngineBox(self.box.data, clock=self.box.clock)

    def publish(self, event: str = "") -> Path:
        """The shop's key arrives, for this event or another; its file."""
        file = self.keys / f"pretix-{event or self.event}-1.pub"
        file.write_bytes(self.shop.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return file

    def token(self, ticket: str, list_: str = "general", event: str = "", **times: int | None) -> str:
        """What one of our own tickets says. ``times``: valid_from, valid_until."""
        between = {"valid_from": None, "valid_until": None, **times}
        return tickets.code(self.own, ticket, event=event or self.event, list_=list_, **between)

    def all(self, *asks: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Commands in one batch, each of which must be carried out; their answers."""
        requests = []
        for command, data in asks:
            self._asks += 1
            requests.append(Request("admin", f"w{self.box.engine.store.pos}-{self._asks}", command, "admin:test", data))
        replies = self.box.engine.execute(requests)
        assert all(reply["ok"] for reply in replies), replies
        return [reply["answer"] for reply in replies]

    def next_event(self) -> None:
        """This event is over; another one is open."""
        self.event = self.all(("event.close", {}), ("event.create", NEXT), ("event.open", {}))[1]["event"]

    def scan(self, code: str, **more: Any) -> dict[str, Any]:
        """The verdict's answer."""
        return self.box.do("ticket.scan", code=code, gate=more.pop("gate", GATE), **more)

    def ask(self, command: str, data: dict[str, Any], id: str | None = None) -> Reply:
        """A command of somebody at the door, whatever becomes of it."""
        return self.box.ask(command, data, id=id, actor="staff:s1", role="staff")

    def force(self, code: str, **more: Any) -> dict[str, Any]:
        """The lead lets somebody in; the answer."""
        data = {"code": code, "gate": GATE, "by": LEAD, "reason": "I know them", **more}
        reply = self.ask("ticket.admit", data)
        assert reply["ok"], reply
        answer: dict[str, Any] = reply["answer"]
        return answer

    def undo(self, scan: str) -> str:
        """ "" when it was undone, else the slug of the refusal."""
        reply = self.ask("admission.undo", {"scan": scan})
        return "" if reply["ok"] else str(reply["refusal"]["slug"])

    def facts(self, after: int = 0) -> list[dict[str, Any]]:
        """Every stored body behind a position."""
        rows = self.box.engine.store.db.execute("SELECT body FROM fact WHERE pos > ? ORDER BY pos", (after,))
        return [json.loads(row["body"]) for row in rows]

    def last(self) -> tuple[str, dict[str, Any]]:
        """The newest fact: its kind and data."""
        body = self.facts()[-1]
        return body["kind"], body["data"]


def imported(code: str, list_: str = "general", **details: Any) -> tuple[str, dict[str, Any]]:
    """The command that takes another shop's code in."""
    ticket = {"code": code, **details}
    return "tickets.import", {"list": list_, "import": "i1", "part": 1, "tickets": [ticket]}


def defined(list_: str, **terms: Any) -> tuple[str, dict[str, Any]]:
    """The command that defines a list."""
    return "list.define", {"list": list_, **terms}


TICKET = "0a" * 12
QUESTION = {"text": "Over 18?"}


class World(Door):
    """A door and one ticket with everything in ``wrong`` wrong with it, by the names of the reasons; ``elsewhere`` is
    the other kind of wrong_product: a list that is not let in here. ``inside``: its holder went in before it went
    wrong. ``code``, ``ask``: what to scan; ``ticket``: its id."""

    def __init__(self, data: Path, form: Form, wrong: set[str], *, inside: bool = False) -> None:
        super().__init__(data)
        self.form, self.wrong = form, wrong
        self.ask_for: dict[str, Any] = {}
        self.shop_file = self.publish("evother" if "other_event" in wrong else "")
        self.code = self._code()
        self.all(*([defined("other")] if "elsewhere" in wrong else []), *self._listing())
        if form == "plain" and "other_event" in wrong:
            self.next_event()
        if inside or "already_used" in wrong:
            assert self.force(self.code, **self.ask_for)["verdict"] == "admitted"
        self._worsen()

    def _code(self) -> str:
        wrong = self.wrong
        times = {
            "valid_from": NOW + 3600 if "not_yet_valid" in wrong else None,
            "valid_until": NOW - 3600 if "expired" in wrong else None,
        }
        self.details: dict[str, Any] = {"holder": "Ana Amber"}
        match self.form:
            case "token":
                list_ = "nowhere" if "unknown" in wrong else "general"
                code = self.token(TICKET, list_, "evother" if "other_event" in wrong else "", **times)
                return code[:-3] if "unreadable" in wrong else code
            case "plain":
                self.details |= {name: when for name, when in times.items() if when is not None}
                return "no\x07code" if "unreadable" in wrong else "PLAIN-1"
            case "pretix":
                code = pretix(self.shop, "seed1", 1, 5, times["valid_from"], times["valid_until"])
                if "unknown" in wrong:
                    self.ask_for["list"] = "nowhere"
                return "AA" + code if "unreadable" in wrong else code

    def _listing(self) -> list[tuple[str, dict[str, Any]]]:
        """Whoever must be on a list for this world is put there."""
        details = {**self.details, "product": "adult", "session": "evening"}
        if "unpaid" in self.wrong:
            details["status"] = "pending"
        if self.form == "plain":
            if self.wrong & {"unknown", "unreadable"}:
                if "elsewhere" not in self.wrong:
                    self.ask_for["list"] = "general"
                return []
            return [imported(self.code, **details)]
        if not self.wrong & {"wrong_product", "wrong_session", "unpaid"} or (
            self.form == "pretix" and "unpaid" not in self.wrong
        ):
            return []
        if self.form == "pretix" or "unreadable" in self.wrong:
            return [imported(self.code, **details)]
        return [("tickets.issue", {"list": "general", "tickets": [{"ticket": TICKET, **details}]})]

    def _worsen(self) -> None:
        wrong, shop = self.wrong, self.form == "pretix"
        marks = [mark for mark in ("revoked", "blocked", "cancelled") if mark in wrong]
        asks: list[tuple[str, dict[str, Any]]] = [
            ("tickets.mark", {"mark": mark, "codes": [self.code]}) for mark in marks
        ]
        if "list_full" in wrong:
            asks += [imported("FILLER"), ("ticket.scan", {"code": "FILLER"})]
        terms: dict[str, Any] = {
            "wrong_product": {"products": ["9" if shop else "child"]},
            "wrong_session": {"sessions": ["9" if shop else "morning"]},
            "question": {"questions": [QUESTION]},
            "list_full": {"capacity": 1},
        }
        asks.append(defined("general", **{key: value for one in wrong for key, value in terms.get(one, {}).items()}))
        if "elsewhere" in wrong:
            self.ask_for["list"] = "other"
        if "event_closed" in wrong:
            asks.append(("event.close", {}))
        self.all(*asks)
        if "bad_signature" in wrong:
            (self.shop_file if shop else self.keys / f"event-{self.event}.pub").unlink()

    def verdict(self, way: str) -> dict[str, Any]:
        """The ticket is scanned at ``GATE``."""
        return self.scan(self.code, direction=way, **self.ask_for)
