"""One booth for the tests of a file; it must come out of all of them unharmed."""

from collections.abc import Iterator

import pytest

from tests.hostile.booth import Booth


@pytest.fixture(scope="module")
def booth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booth]:
    """The running demo."""
    box = Booth(tmp_path_factory.mktemp("hostile"))
    try:
        yield box
    finally:
        box.stop()
