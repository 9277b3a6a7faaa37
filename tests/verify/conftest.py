"""The script, and a box with receipts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.stall import Stall
from tests.verify.script import NODE, Script


@pytest.fixture(scope="session")
def script(request: pytest.FixtureRequest) -> Iterator[Script]:
    """The page's script, ready to be called."""
    running = Script(None if NODE else request.getfixturevalue("chromium"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    """A demo whose guests look at its portal."""
    folder: Path = tmp_path_factory.mktemp("stall")
    box = Stall(folder)
    yield box
    box.close()
