"""A box for each test."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Process
from tests.guests.fair import TOML, Fair


@pytest.fixture
def fair(worker: Callable[..., Process]) -> Iterator[Fair]:
    """A recorder and a portal on a fresh folder, the event open."""
    box = Fair(worker("recorder", TOML), worker("portal", TOML))
    box.open_event()
    yield box
    box.close()
