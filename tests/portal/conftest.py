"""One box for the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.stall import Stall


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    """A demo whose guests look at its portal."""
    folder: Path = tmp_path_factory.mktemp("stall")
    box = Stall(folder)
    yield box
    box.close()
