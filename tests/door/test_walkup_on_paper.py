"""From the till to the door over real paper: a till, a recorder, a printing worker and an emulated printer."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from appliance.clock import system_clock
from appliance.domain.tokens import PREFIX
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.private.secrets import Secrets
from appliance.projections import walkups
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.slip import Slip
from tests.conftest import ITEMS, Process, wait_until
from tests.door.test_walkup import EVENING, sale
from tests.web.conftest import Client

Start = Callable[..., Process]


@pytest.fixture
def emulator() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator(columns=42)
    printer.start()
    yield printer
    printer.close()


class Stand:
    """The box and its people."""

    def __init__(self, data: Path, run: Path, start: Start, devices: str) -> None:
        config = f'[devices]\n{devices}\n[staff]\nhost = "127.0.0.1"\nport = 0\n[clock]\ntrust = "rtc"\n'
        self._start, self._config = start, config
        start("recorder", config)
        self.admin = RecorderClient(run, "admin", timeout=30)
        self.reader = Reader(data)
        event = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
        for command, body in (
            ("event.create", event),
            ("catalogue.import", {"items": [*ITEMS, EVENING]}),
            ("list.define", {"list": "general"}),
            ("event.open", {}),
            ("drawer.open", {"float": 10_000}),
        ):
            self.admin.send(command, body, actor="admin:test", id=command)
        with closing(Secrets(data, system_clock("rtc"))) as secrets:
            secrets.add("Ben", "cashier", "222222")
            secrets.add("Cleo", "door", "333333")
            tokens = {staff.name: secrets.issue_token(staff) for staff in secrets.staff()}
        start("till", config)
        url = json.loads((run / "board" / "till" / "page.json").read_text())["url"]
        self.cashier, self.door = (Client(url, {"Authorization": f"Bearer {tokens[name]}"}) for name in ("Ben", "Cleo"))

    def print(self) -> Process:
        """A printing worker."""
        return self._start("printing", self._config)

    def outcomes(self, bought: dict[str, Any]) -> list[str | None]:
        """What became of each ticket's paper."""
        return [one["outcome"] for one in walkups.on_paper(self.reader.db(), bought["sale"])]

    def scan(self, code: str) -> tuple[str, str | None, str | None]:
        """The door's verdict, why, and on which ticket."""
        answer = self.door.post("/scans", {"code": code, "gate": "door"}).json
        return answer["verdict"], answer["reason"], answer["ticket"]

    def close(self) -> None:
        self.admin.close()
        self.reader.close()


@pytest.fixture
def stand(tmp_path: Path, run_folder: Path, worker: Start, emulator: PrinterEmulator) -> Iterator[Stand]:
    stand = Stand(tmp_path / "data", run_folder, worker, f'printer = "tcp://127.0.0.1:{emulator.port}"')
    yield stand
    stand.close()


def printed(emulator: PrinterEmulator) -> list[Slip]:
    """The slips that carry a ticket's code."""
    return [slip for slip in emulator.receipts() if any(code.startswith(PREFIX) for code in slip.qr)]


def read(slip: Slip) -> list[str]:
    """What a scanner reads from the paper."""
    return [code.text for code in zxingcpp.read_barcodes(Image.open(BytesIO(slip.png())))]


def test_two_tickets_are_sold_printed_and_let_in_once_each(stand: Stand, emulator: PrinterEmulator) -> None:
    stand.print()
    bought = stand.cashier.post("/sales", sale(COFFEE=1, EVENING=2)).json
    wait_until(lambda: stand.outcomes(bought) == ["printed", "printed"], "two tickets on paper")
    receipt, *slips = [slip for slip in emulator.receipts() if slip.text]  # the drawer may have been opened before
    assert "Receipt " in receipt.text
    assert all(slip.cut and slip.drawer_kicks == 0 for slip in slips)
    assert slips == printed(emulator)
    codes = [code for slip in slips for code in slip.qr]
    assert len(codes) == 2
    assert [read(slip) for slip in slips] == [slip.qr for slip in slips]
    assert [stand.scan(code) for code in codes] == [("admitted", None, ticket) for ticket in bought["tickets"]]
    wait_until(lambda: stand.scan(codes[0])[0] == "refused", "the same code again, when it is no echo")
    assert [stand.scan(code)[:2] for code in codes] == [("refused", "already_used")] * 2
    shown = [
        stand.admin.send("ticket.code", {"ticket": ticket}, actor="admin:test", id=ticket).answer["code"]
        for ticket in bought["tickets"]
    ]
    assert shown == codes


def test_a_double_click_sells_once_and_issues_once(stand: Stand, emulator: PrinterEmulator) -> None:
    stand.print()
    with ThreadPoolExecutor(2) as hands:
        both = list(hands.map(lambda _: stand.cashier.post("/sales", sale(EVENING=2), key="tap"), range(2)))
    assert both[0].json == both[1].json
    wait_until(lambda: stand.outcomes(both[0].json) == ["printed", "printed"], "two tickets on paper")
    assert len(printed(emulator)) == 2


def test_a_worker_that_dies_between_two_tickets_leaves_each_on_paper_once_or_unknown(
    stand: Stand, emulator: PrinterEmulator
) -> None:
    printing = stand.print()
    emulator.slow = 0.1
    bought = stand.cashier.post("/sales", sale(EVENING=3)).json
    wait_until(lambda: stand.outcomes(bought)[0] == "printed", "the first ticket", 60)
    printing.kill()
    emulator.slow = 0.0
    printing.start()
    wait_until(lambda: None not in stand.outcomes(bought), "an outcome of each", 60)
    outcomes = dict(zip(bought["tickets"], stand.outcomes(bought), strict=True))
    assert set(outcomes.values()) <= {"printed", "unknown"}
    for ticket, outcome in outcomes.items():
        digits = f"{ticket[-8:-4]} {ticket[-4:]}".upper()
        times = sum(digits in slip.text.replace("\N{NO-BREAK SPACE}", " ") for slip in emulator.receipts())
        assert times == 1 if outcome == "printed" else times <= 1
    doubtful = [ticket for ticket, outcome in outcomes.items() if outcome == "unknown"]
    for ticket in doubtful:
        assert stand.cashier.post(f"/tickets/{ticket}/print", {}).json["copy"] == 1
    wait_until(lambda: stand.outcomes(bought) == ["printed"] * 3, "a copy of what was in doubt", 60)
    copies = [slip for slip in printed(emulator) if "DUPLICATE 1" in slip.text]
    assert len(copies) == len(doubtful)


def test_a_ticket_whose_paper_ran_out_is_printed_again_and_both_are_one_ticket(
    stand: Stand, emulator: PrinterEmulator
) -> None:
    stand.print()
    bought = stand.cashier.post("/sales", sale(EVENING=1)).json
    (ticket,) = bought["tickets"]
    wait_until(lambda: stand.outcomes(bought) == ["printed"], "the ticket")
    assert stand.door.post(f"/tickets/{ticket}/print", {}).slug == "role"
    emulator.paper = "out"
    wait_until(lambda: stand.cashier.get("/status").json["devices"]["printer"]["state"] == "fault", "the roll's end")
    assert stand.cashier.post(f"/tickets/{ticket}/print", {}).json["copy"] == 1
    assert stand.cashier.post(f"/tickets/{ticket}/print", {}).slug == "ticket-waiting"
    emulator.paper = "ok"
    wait_until(lambda: stand.outcomes(bought) == ["printed"], "the copy")
    original, copy = printed(emulator)
    assert "DUPLICATE 1" in copy.text
    assert "DUPLICATE" not in original.text
    assert original.qr == copy.qr
    assert stand.scan(copy.qr[0])[0] == "admitted"


@pytest.fixture
def narrow() -> Iterator[PrinterEmulator]:
    """One that cannot draw codes by itself: it gets a picture."""
    printer = PrinterEmulator(columns=32)
    printer.start()
    yield printer
    printer.close()


def test_tickets_come_out_of_their_own_printer_and_the_receipt_out_of_the_other(
    tmp_path: Path, run_folder: Path, worker: Start, emulator: PrinterEmulator, narrow: PrinterEmulator
) -> None:
    devices = f'printer = "tcp://127.0.0.1:{emulator.port}"\n'
    devices += f'printer-tickets = "tcp://127.0.0.1:{narrow.port}?profile=POS-5890"'
    with closing(Stand(tmp_path / "data", run_folder, worker, devices)) as stand:
        stand.print()
        bought = stand.cashier.post("/sales", sale(EVENING=1)).json
        wait_until(lambda: stand.outcomes(bought) == ["printed"], "the ticket")
        wait_until(lambda: any("Receipt " in slip.text for slip in emulator.receipts()), "the receipt")
        (slip,) = narrow.receipts()
        assert "Evening ticket" in slip.text
        (code,) = read(slip)
        assert stand.scan(code) == ("admitted", None, bought["tickets"][0])
