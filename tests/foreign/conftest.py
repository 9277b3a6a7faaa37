"""A printer on the port where foreign clients look for one."""

import os
from collections.abc import Iterator

import pytest

from drivers.emulators.printer import PrinterEmulator


@pytest.fixture
def address() -> str:
    """An address of this machine that no other run of the tests uses: receiptio knows no port but 9100."""
    return f"127.91.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"


@pytest.fixture
def printer(address: str) -> Iterator[PrinterEmulator]:
    emulator = PrinterEmulator(9100, address, dots=512)  # of a TM-T88V: 42 columns of 12 dots, and 8 more
    emulator.start()
    yield emulator
    emulator.close()
