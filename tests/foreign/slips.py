"""What comes out of the printer, waited for and read with a camera's eyes."""

from io import BytesIO

import zxingcpp
from PIL import Image

from drivers.emulators.printer import PrinterEmulator, Slip
from tests.conftest import wait_until


def cut_off(printer: PrinterEmulator, count: int = 1) -> list[Slip]:
    """All slips, once so many are cut off; nothing else may have come out."""
    wait_until(lambda: len([slip for slip in printer.receipts() if slip.cut]) >= count, f"{count} slips cut off")
    slips = printer.receipts()
    assert [slip.cut for slip in slips] == [True] * count
    return slips


def scanned(slip: Slip) -> list[str]:
    """The QR codes in the picture of the slip, sorted."""
    codes = zxingcpp.read_barcodes(Image.open(BytesIO(slip.png())))
    return sorted(code.text for code in codes)
