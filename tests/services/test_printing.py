"""The spool is the journal: each receipt is on paper once, or is listed as unknown or waiting; never twice by
itself."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from appliance.errors import Problem
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.projections import paper
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.slip import Raster
from tests.conftest import ITEMS, Process, wait_until

Start = Callable[..., Process]
SALE: dict[str, Any] = {"lines": [{"sku": "COFFEE", "qty": 1}], "tenders": [{"kind": "cash", "amount": 500}]}


@pytest.fixture
def emulator() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator(columns=42)
    printer.start()
    yield printer
    printer.close()


class Shop:
    """A recorder and a printing worker on an emulated printer, and what came of the receipts."""

    def __init__(self, data: Path, run: Path, start: Start, port: int, more: str = "") -> None:
        """``more``: lines of further devices."""
        config = f'[devices]\nprinter = "tcp://127.0.0.1:{port}"\n{more}'
        self.config = config
        start("recorder", config)
        self.admin = RecorderClient(run, "admin", timeout=30)
        self.reader = Reader(data)
        created = {"name": "Abendmarkt", "currency": "EUR", "timezone": "Europe/Berlin", "area_m2": "12"}
        for command, body in (
            ("event.create", created),
            ("catalogue.import", {"items": ITEMS}),
            ("event.open", {}),
            ("drawer.open", {"float": 10000}),
        ):
            self.admin.send(command, body, actor="admin:test", id=command)
        self.printing = start("printing", config)

    def sell(self, ident: str) -> None:
        self.admin.send("sale.complete", SALE, actor="staff:s1", id=ident)

    def outcomes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for fact in self.reader.facts(0, 10_000):
            body = json.loads(fact.body)
            if body["kind"] == "receipt.printed/1":
                found.setdefault(body["data"]["sale"], []).append(body["data"]["outcome"])
        return found

    def close(self) -> None:
        self.admin.close()
        self.reader.close()


@pytest.fixture
def shop(tmp_path: Path, run_folder: Path, worker: Start, emulator: PrinterEmulator) -> Iterator[Shop]:
    box = Shop(tmp_path / "data", run_folder, worker, emulator.port)
    yield box
    box.close()


def on_paper(emulator: PrinterEmulator, sale: str) -> int:
    """How many slips show this sale."""
    return sum(f"Sale {sale}" in slip.text for slip in emulator.receipts())


def test_receipts_come_out_in_order_once_each(shop: Shop, emulator: PrinterEmulator) -> None:
    for number in range(5):
        shop.sell(f"sale-{number}")
    wait_until(lambda: len(shop.outcomes()) == 5, "five outcomes")
    assert shop.outcomes() == {f"sale-{number}": ["printed"] for number in range(5)}
    slips = [slip.text for slip in emulator.receipts()]
    assert [f"Sale sale-{number}" in text for number, text in enumerate(slips)] == [True] * 5
    assert all(slip.cut and slip.drawer_kicks == 1 for slip in emulator.receipts())


def test_without_paper_a_receipt_waits_and_comes_out_when_a_roll_is_loaded(
    shop: Shop, emulator: PrinterEmulator
) -> None:
    emulator.paper = "out"
    wait_until(lambda: _state(shop) == "fault", "the fault noticed")
    shop.sell("sale-0")
    emulator.paper = "ok"
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed"]}, "the receipt printed")
    assert on_paper(emulator, "sale-0") == 1


def test_what_was_begun_when_the_worker_was_killed_is_unknown_and_never_comes_twice(
    shop: Shop, emulator: PrinterEmulator
) -> None:
    shop.sell("sale-0")
    wait_until(lambda: shop.outcomes().get("sale-0"), "the first receipt")
    emulator.slow = 1.0
    shop.sell("sale-1")
    begun = wait_until(lambda: shop.reader.follower("printer") > 0 and _request(shop, "sale-1"), "the request")
    wait_until(lambda: shop.reader.follower("printer") >= begun, "the job begun")
    shop.printing.kill()
    emulator.slow = 0.0
    shop.printing.start()
    shop.sell("sale-2")
    wait_until(lambda: "sale-2" in shop.outcomes(), "the receipt after it", 60)
    outcomes = shop.outcomes()
    assert outcomes["sale-1"] == ["unknown"]
    assert outcomes["sale-2"] == ["printed"], shop.printing.log.read_text()[-1500:]
    assert on_paper(emulator, "sale-1") <= 1
    assert on_paper(emulator, "sale-2") == 1


def test_a_killed_worker_goes_on_with_what_waits(shop: Shop, emulator: PrinterEmulator) -> None:
    shop.printing.kill()
    for number in range(3):
        shop.sell(f"sale-{number}")
    shop.printing.start()
    wait_until(lambda: len(shop.outcomes()) == 3, "three outcomes")
    assert [on_paper(emulator, f"sale-{number}") for number in range(3)] == [1, 1, 1]


def test_a_pulled_plug_is_a_state_and_the_receipt_follows_when_it_is_back(
    shop: Shop, emulator: PrinterEmulator
) -> None:
    emulator.unplug()
    wait_until(lambda: _state(shop) == "absent", "the missing printer noticed")
    shop.sell("sale-0")
    emulator.plug()
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed"]}, "the receipt printed", 60)


def _state(shop: Shop) -> str | None:
    states = [
        json.loads(fact.body)["data"]["state"]
        for fact in shop.reader.facts(0, 10_000)
        if '"device.changed/1"' in fact.body
    ]
    return states[-1] if states else None


def _request(shop: Shop, sale: str) -> int:
    for fact in shop.reader.facts(0, 10_000):
        if '"receipt.requested/1"' in fact.body and json.loads(fact.body)["data"]["sale"] == sale:
            return fact.pos
    return 0


def test_a_second_copy_is_a_duplicate_and_two_taps_make_one(shop: Shop, emulator: PrinterEmulator) -> None:
    shop.sell("sale-0")
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed"]}, "the original")
    emulator.paper = "out"
    first = shop.admin.send("receipt.reprint", {"sale": "sale-0"}, actor="staff:s1", id="again-1")
    assert first.answer == {"sale": "sale-0", "copy": 1, "printer": "printer", "pos": first.first}
    with pytest.raises(Problem, match="still waits") as refused:
        shop.admin.send("receipt.reprint", {"sale": "sale-0"}, actor="staff:s1", id="again-2")
    assert refused.value.slug == "receipt-waiting"
    emulator.paper = "ok"
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed", "printed"]}, "the copy")
    original, copy = (slip.text for slip in emulator.receipts())
    assert "DUPLICATE" not in original
    assert "DUPLICATE 1" in copy


def test_cash_opens_the_drawer_once_also_while_its_receipt_waits_for_paper(
    shop: Shop, emulator: PrinterEmulator
) -> None:
    emulator.paper = "out"
    emulator.drawer = "closed"
    shop.sell("sale-0")
    wait_until(lambda: emulator.drawer == "open", "the drawer")
    assert shop.outcomes() == {}
    emulator.drawer = "closed"
    emulator.paper = "ok"
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed"]}, "the receipt")
    assert emulator.drawer == "closed"
    assert sum(slip.drawer_kicks for slip in emulator.receipts()) == 1


def test_what_a_person_saw_ends_the_doubt_about_a_receipt(shop: Shop, emulator: PrinterEmulator) -> None:
    emulator.close_after(700)
    shop.sell("sale-0")
    wait_until(lambda: shop.outcomes() == {"sale-0": ["unknown"]}, "an outcome")
    assert [one["sale"] for one in paper.doubtful(shop.reader.db())] == ["sale-0"]
    asked = {"sale": "sale-0", "copy": 0, "on_paper": True}
    shop.admin.send("receipt.settle", asked, actor="staff:s1", id="seen")
    assert paper.doubtful(shop.reader.db()) == []
    assert paper.receipts(shop.reader.db(), "sale-0")[0]["on_paper"] is True


@pytest.fixture
def second() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator(columns=32)
    printer.start()
    yield printer
    printer.close()


def test_a_printer_that_waits_for_paper_in_the_middle_holds_up_no_other(
    tmp_path: Path, run_folder: Path, worker: Start, emulator: PrinterEmulator, second: PrinterEmulator
) -> None:
    config = f'printer-tickets = "tcp://127.0.0.1:{second.port}?profile=POS-5890"\n'
    shop = Shop(tmp_path / "data", run_folder, worker, emulator.port, more=config)
    emulator.paper_for(lines=5)
    shop.sell("sale-0")
    wait_until(lambda: emulator.paper == "out", "the roll's end")
    asked = {"sale": "sale-0", "printer": "printer-tickets"}
    shop.admin.send("receipt.reprint", asked, actor="staff:s1", id="elsewhere")
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed"]}, "the copy from the other printer")
    assert "DUPLICATE 1" in second.receipts()[0].text
    emulator.paper = "ok"
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed", "printed"]}, "the original")
    shop.close()


def test_the_logo_stands_at_the_head_and_a_bad_one_is_left_out(
    tmp_path: Path, run_folder: Path, worker: Start, emulator: PrinterEmulator
) -> None:
    logo = tmp_path / "logo.png"
    Image.new("L", (64, 40), 0).save(logo)
    shop = Shop(tmp_path / "data", run_folder, worker, emulator.port, more=f'[receipt]\nlogo = "{logo}"\n')
    shop.sell("sale-0")
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed"]}, "the receipt")
    (with_logo,) = [slip for slip in emulator.receipts() if "1-1" in slip.text]
    assert isinstance(with_logo.marks[0], Raster)
    shop.printing.kill(signal.SIGTERM)
    logo.write_bytes(b"no picture")
    worker("printing", shop.config)
    shop.sell("sale-1")
    wait_until(lambda: shop.outcomes() == {"sale-0": ["printed"], "sale-1": ["printed"]}, "the second receipt")
    (without,) = [slip for slip in emulator.receipts() if "1-2" in slip.text]
    assert not any(isinstance(mark, Raster) for mark in without.marks)
    shop.close()
