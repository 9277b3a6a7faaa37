"""receiptio, a print client from npm: it finds out by itself what printer it talks to, and watches its status."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.emulators.printer import PrinterEmulator
from tests.drivers.printers import scanned

HERE = Path(__file__).parent
PACKAGE = HERE / "node_modules" / "receiptio"
ADDRESS = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
PORT = 9100
"""It asks no other; so the printer gets an address of its own."""
MARKDOWN = """^^^BOOTH

Coffee | 2| 7.00
Kuchen äöü | 1| 4.20
---
^TOTAL | ^11.20
{code:http://10.77.0.1/r/abc; option:qrcode,6,m}
{code:4006381333931; option:ean,2,72}
"""


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None or not PACKAGE.is_dir():
        why = "node is not installed" if found is None else "npm packages are missing: npm ci --prefix tests/foreign"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest.fixture
def emulator() -> Iterator[PrinterEmulator]:
    printer = PrinterEmulator(PORT, host=ADDRESS, columns=48)
    printer.start()
    yield printer
    printer.close()


def receiptio(node: str, *options: str, text: str = "") -> str:
    """What it says came of it."""
    done = subprocess.run(
        [node, PACKAGE / "bin" / "cli.js", "-d", ADDRESS, *options],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stderr.strip()


def test_a_receipt_comes_out_and_the_client_knows(node: str, emulator: PrinterEmulator) -> None:
    assert receiptio(node, "-c", "48", "-l", "de", text=MARKDOWN) == "success"
    (slip,) = emulator.receipts()
    assert [line.split() for line in slip.text.split("\n") if line.strip()] == [
        ["BOOTH"],
        ["Coffee", "2", "7.00"],
        ["Kuchen", "äöü", "1", "4.20"],
        ["─" * 48],
        ["TOTAL", "11.20"],
        ["[EAN13", "400638133393]"],  # the check digit is the printer's business
    ]
    assert slip.cut
    assert scanned(slip) == ["http://10.77.0.1/r/abc"]


def test_without_paper_it_says_so_and_nothing_comes_out(node: str, emulator: PrinterEmulator) -> None:
    emulator.paper = "out"
    assert receiptio(node, "-c", "48", text=MARKDOWN) == "paperempty"
    assert emulator.receipts() == []


@pytest.mark.parametrize(
    ("state", "said"), [("ready", "online"), ("paper", "paperempty"), ("cover", "coveropen"), ("drawer", "draweropen")]
)
def test_its_questions_about_the_status_are_answered(
    node: str, emulator: PrinterEmulator, state: str, said: str
) -> None:
    if state == "paper":
        emulator.paper = "out"
    elif state == "cover":
        emulator.cover = "open"
    elif state == "drawer":
        emulator.drawer = "open"
    assert receiptio(node, "-q", *(["drawer2"] if state == "drawer" else [])) == said
