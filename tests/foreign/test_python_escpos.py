"""python-escpos, as people use it: a client over the network that knows nothing of our driver."""

from collections.abc import Iterator
from io import BytesIO

import pytest
import segno
from escpos.printer import Network
from PIL import Image

from drivers.emulators.printer import PrinterEmulator
from tests.drivers.printers import eventually, scanned


@pytest.fixture
def emulator() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator(dots=512)
    printer.start()
    yield printer
    printer.close()


@pytest.fixture
def client(emulator: PrinterEmulator) -> Iterator[Network]:
    client = Network("127.0.0.1", emulator.port, timeout=20, profile="TM-T88V")
    client.open()
    yield client
    client.close()


def test_a_receipt_with_text_codes_and_a_cut_comes_out(emulator: PrinterEmulator, client: Network) -> None:
    client.hw("INIT")
    client.charcode("CP858")
    client.set(align="center", bold=True, double_width=True, double_height=True)
    client.textln("Größe")
    client.set(align="left", bold=False, normal_textsize=True)
    client.textln("5 €")
    client.qr("native", native=True, size=6)
    client.qr("as a picture", native=False, size=6)
    client.barcode("4006381333931", "EAN13", 64, 2, "", "")
    client.cashdraw(2)
    client.cut()
    eventually(lambda: bool(emulator.receipts()) and emulator.receipts()[0].cut)
    (slip,) = emulator.receipts()
    assert [line for line in slip.text.split("\n") if line] == ["Größe", "5 €", "[EAN13 4006381333931]"]
    assert slip.qr == ["native"]
    assert scanned(slip) == ["as a picture", "native"]
    assert slip.drawer_kicks == 1
    assert emulator.drawer == "open"


@pytest.mark.parametrize("way", ["bitImageRaster", "graphics"])
def test_a_picture_comes_out_as_it_was_sent(emulator: PrinterEmulator, client: Network, way: str) -> None:
    out = BytesIO()
    segno.make_qr("a picture", error="m").save(out, kind="png", scale=6, border=4)
    client.image(Image.open(out), impl=way, center=False)
    client.cut()
    eventually(lambda: bool(emulator.receipts()) and emulator.receipts()[0].cut)
    (slip,) = emulator.receipts()
    assert slip.text == ""
    assert scanned(slip) == ["a picture"]


def test_characters_are_read_by_the_code_page_that_it_chooses_by_itself(
    emulator: PrinterEmulator, client: Network
) -> None:
    client.textln("Grüße, Привет, Ωμέγα, Łódź")
    client.cut()
    eventually(lambda: bool(emulator.receipts()) and emulator.receipts()[0].cut)
    assert emulator.receipts()[0].text == "Grüße, Привет, Ωμέγα, Łódź"


def test_status_questions_are_answered(emulator: PrinterEmulator, client: Network) -> None:
    assert client.is_online()
    assert client.paper_status() == 2
    emulator.paper = "near_end"
    assert client.paper_status() == 1
    emulator.paper = "out"
    assert client.paper_status() == 0
    assert not client.is_online()
    emulator.paper, emulator.cover = "ok", "open"
    assert not client.is_online()
