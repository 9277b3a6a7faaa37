"""What the door's tests share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A fresh folder for a box: in memory where there is such a place, because hundreds of small worlds are about rules
    and not about how fast the disk syncs."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path / "data"
        return
    folder = Path(tempfile.mkdtemp(prefix="bk-door-", dir=MEMORY))
    yield folder / "data"
    shutil.rmtree(folder)
