"""The printer as the printing worker has it, over real TCP connections and ptys."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drivers.emulators.printer import PrinterEmulator
from drivers.errors import BadUri
from drivers.printer.escpos import Model, Result
from drivers.printer.job import Cut, Pair, Text
from drivers.printer.line import Timing
from drivers.registry import create
from tests.drivers.printers import (
    RECEIPT,
    RECEIPT_TEXT,
    URL,
    PrinterBench,
    attend,
    connected,
    eventually,
    pages_of,
    run,
)
from tests.drivers.suites.printer import PLACES
from tests.drivers.suites.printer_restarts import CableSuite, PrinterSuite


class TestOverTcp(PrinterSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[PrinterBench]:
        yield from _bench("tcp", tmp_path, {})

    @pytest.mark.parametrize("place", PLACES)
    def test_a_cable_that_comes_off_leaves_the_printer_with_what_it_has(
        self, emulator: PrinterEmulator, printer: Model, place: str
    ) -> None:
        """It may still wait for the rest of a command, which must not swallow the head of the next receipt."""
        self.pulled(emulator, printer, lambda: emulator.close_after(PLACES[place]))


class TestOverSerial(CableSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[PrinterBench]:
        yield from _bench("serial", tmp_path, {"baud": "115200"})


class TestOverUsbPrinterClass(CableSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[PrinterBench]:
        yield from _bench("usblp", tmp_path, {})


def _bench(scheme: str, folder: Path, options: dict[str, str]) -> Iterator[PrinterBench]:
    bench = PrinterBench(scheme, folder, options)
    yield bench
    bench.close()


def test_the_registry_finds_the_printer_by_its_scheme(emulator: PrinterEmulator) -> None:
    printer = create("printer-tickets", f"tcp://127.0.0.1:{emulator.port}?profile=TM-T20II")
    assert isinstance(printer, Model)
    assert printer.columns == 48
    assert run(printer, Text("hello"), Cut()) == Result("printed")
    printer.close()


@pytest.mark.parametrize("options", ["profile=TM-T88X", "patience=soon", "colour=red", "drawer=pin3"])
def test_an_option_that_is_not_understood_is_named(options: str) -> None:
    with pytest.raises(BadUri, match=options.partition("=")[0]):
        create("printer", f"tcp://127.0.0.1:9100?{options}")


def test_a_receipt_after_a_power_cut_of_the_box_is_whole(emulator: PrinterEmulator) -> None:
    """The printer had its own power and still waits for the rest of a QR code."""
    with socket.create_connection(("127.0.0.1", emulator.port)) as box:
        box.sendall(b"\x1b@half a receipt\n\x1d(k\x20\x01\x31P0http://10.77.0.1/r/")
    with connected(emulator) as printer:
        assert run(printer, *RECEIPT) == Result("printed")
    (slip,) = emulator.receipts()
    assert slip.text == f"half a receipt\n{RECEIPT_TEXT}"
    assert slip.qr == [URL]


def test_a_printer_that_was_busy_when_we_came_is_believed_later(emulator: PrinterEmulator) -> None:
    """It answers how it confirms only after what somebody sent before us; until then it counts as unable to."""
    with socket.create_connection(("127.0.0.1", emulator.port)) as somebody:
        emulator.slow = 0.3
        somebody.sendall(b"x\n" * 8)
        eventually(lambda: bool(emulator.receipts()))
    with connected(emulator, Timing(answer=5.0, probe=0.2, grace=0.1, heartbeat=0.1)) as printer:
        attend(printer, lambda: printer.life.state == "online")
        assert run(printer, *RECEIPT).outcome == "unconfirmed"
        emulator.slow = 0
        eventually(lambda: bool(emulator.receipts()[0].cut))
        attend(printer, lambda: printer.life.reason != "ready")
        assert run(printer, *RECEIPT) == Result("printed")


def test_a_drawer_at_the_other_connector_is_kicked_there(emulator: PrinterEmulator) -> None:
    with connected(emulator, options="?drawer=pin5") as printer:
        assert run(printer, *RECEIPT) == Result("printed")
        assert printer.kick()
        eventually(lambda: emulator.drawer == "open")
    # A busy machine reads a question and the kick behind it in one go.
    assert any(b"\x1bp\x01" in piece.head for piece in emulator.tap.pieces() if not piece.to_box)


def test_two_printers_of_different_models_do_not_disturb_each_other() -> None:
    wide = PrinterEmulator(columns=48, pages=pages_of("TM-T20II"))
    narrow = PrinterEmulator(columns=32, pages=pages_of("POS-5890"))
    wide.start()
    narrow.start()
    with connected(wide, options="?profile=TM-T20II") as first, connected(narrow, options="?profile=POS-5890") as other:

        def print_on(printer: Model) -> list[Result]:
            return [run(printer, Pair(f"Müsli {n}", "7,00 €"), Cut()) for n in range(20)]

        with ThreadPoolExecutor() as pool:
            results = [result for found in pool.map(print_on, (first, other)) for result in found]
    assert results == [Result("printed")] * 40
    assert [slip.text for slip in wide.receipts()] == [f"{f'Müsli {n}':<42}7,00 €" for n in range(20)]
    text = "\n".join(slip.text for slip in narrow.receipts())
    assert [line for line in text.split("\n") if line] == [f"{f'Müsli {n}':<26}7,00 €" for n in range(20)]
    wide.close()
    narrow.close()
