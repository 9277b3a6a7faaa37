"""The script, and a box with receipts."""

from collections.abc import Iterator

import pytest

from tests.portal.conftest import stall
from tests.verify.script import NODE, Script

__all__ = ["stall"]


@pytest.fixture(scope="session")
def script(request: pytest.FixtureRequest) -> Iterator[Script]:
    """The page's script, ready to be called."""
    running = Script(None if NODE else request.getfixturevalue("chromium"))
    yield running
    running.close()
