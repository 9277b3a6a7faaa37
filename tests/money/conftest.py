"""Stalls for all tests of money that change nothing that others rely on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.money.stall import COINS, Stall


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    made = Stall(tmp_path / "data")
    yield made
    made.engine.close()


@pytest.fixture(scope="module")
def stalls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stall]]:
    made = {currency: Stall(tmp_path_factory.mktemp(currency), currency) for currency in COINS}
    yield made
    for one in made.values():
        one.engine.close()
