"""The demo: a sample event on emulated devices, made once for each data folder."""

import secrets
from pathlib import Path
from typing import Any

from appliance.backup.restore import RESTORED
from appliance.clock import Clock, system_clock
from appliance.config import Config, Tables
from appliance.errors import Problem
from appliance.files import tickets as ticketfile
from appliance.ids import new_id
from appliance.private.secrets import Role, Secrets
from appliance.services.context import box_id
from appliance.services.recorder.engine import Engine, Request
from appliance.services.recorder.server import lock

FLOAT = 10_000
STAFF: tuple[tuple[str, Role, str], ...] = (("Ada", "lead", "123456"), ("Ben", "cashier", "222222"))
ITEMS = (
    {"sku": "COFFEE", "name": "Coffee", "price": 350, "vat": "0.19", "kind": "unit", "category": "Drinks"},
    {"sku": "CAKE", "name": "Cake", "price": 420, "vat": "0.07", "kind": "unit", "category": "Food"},
    {
        "sku": "POSTER",
        "name": "Poster",
        "price": 1200,
        "vat": "0.07",
        "kind": "unit",
        "category": "Prints",
        "maker": "Harbour Lane Press",
        "lot": "L0412",
        "gtin": "9506000134352",
        "stock": 20,
    },
    {"sku": "CUP", "name": "Cup deposit", "price": 200, "vat": "0", "kind": "deposit", "category": "Drinks"},
)
LISTS = (("general", "single", 150), ("vip", "reentry", 50))
_FIRST = ("Ana", "Bo", "Cem", "Dina", "Edi", "Fay", "Gus", "Hana", "Ivo", "Jo")
_LAST = ("Amber", "Birch", "Cedar", "Dune", "Elm", "Fern", "Grove", "Heath", "Iris", "Juniper")


def tables(devices: Path, printer_port: int) -> Tables:
    """The demo's configuration, below whatever a file says."""
    from drivers.emulators.bench import uris

    return {
        "box": {"cell": "demo"},
        "devices": uris(devices, printer_port),
        "staff": {"host": "127.0.0.1", "port": 8080},
        "portal": {"host": "127.0.0.1", "port": 8081},
        "clock": {"trust": "rtc"},
        "power": {"capacity_ah": 20.0},
    }


def prepare(data: Path, config: Config) -> None:
    """Fill a new data folder, unless a backup was restored to it: event, catalogue, lists, tickets
    (DATA/demo/tickets.csv), staff, an open drawer."""
    ready = data / "demo" / "tickets.csv"
    if ready.exists() or (data / RESTORED).exists():
        return
    with lock(data):
        clock = system_clock(config.clock.trust)
        engine = Engine(data, config, clock, box_id(config, data))
        try:
            _fill(engine, data, ready, clock)
        finally:
            engine.close()


def _fill(engine: Engine, data: Path, tickets: Path, clock: Clock) -> None:
    def do(command: str, **asked: Any) -> dict[str, Any]:
        reply = engine.execute([Request("admin", new_id("demo-"), command, "admin:demo", asked)])[0]
        if not reply["ok"]:
            raise Problem(reply["refusal"]["slug"], reply["refusal"]["detail"], reply["refusal"]["remedy"])
        answer: dict[str, Any] = reply["answer"]
        return answer

    event = do("event.create", name="Quay Yard Market", currency="EUR", timezone="Europe/Berlin", area_m2="12")["event"]
    do("catalogue.import", items=list(ITEMS))
    key = ticketfile.event_key(data / "keys", event, create=True)
    rows = []
    for name, entry, count in LISTS:
        do("list.define", list=name, entry=entry)
        issued = []
        for number in range(count):
            holder = f"{_FIRST[number % 10]} {_LAST[number // 10 % 10]}"
            ticket = secrets.token_hex(12)
            issued.append({"ticket": ticket, "holder": holder})
            code = ticketfile.code(key, ticket, event=event, list_=name, valid_from=None, valid_until=None)
            rows.append((code, holder, name))
        do("tickets.issue", list=name, tickets=issued)
    do("event.open")
    do("drawer.open", float=FLOAT)
    staff = Secrets(data, clock)
    known = {member.name for member in staff.staff()}
    for name, role, pin in STAFF:
        if name not in known:
            staff.add(name, role, pin)
    staff.close()
    tickets.parent.mkdir(exist_ok=True)
    tickets.write_text(ticketfile.to_csv(rows), encoding="utf-8", newline="")
