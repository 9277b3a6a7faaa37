"""Tests on a whole box: Debian 13 with its own systemd, as `make root` makes it, in a container."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.container import Container

ROOT = Path(__file__).parents[2]
TOOLS = ("mmdebstrap", "zstd", "systemd-nspawn", "nsenter", "unshare", "ip")
BUILD_S = 720


def pytest_configure(config: pytest.Config) -> None:
    """Of this folder only."""
    config.addinivalue_line("markers", "system: boots a whole box in a container; needs root")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here waits for boots, and the first one for the tree."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.timeout(BUILD_S))


def _missing() -> str:
    if os.getuid() != 0:
        return "a box in a container needs root"
    tools = [tool for tool in TOOLS if shutil.which(tool) is None]
    hint = "Debian: sudo apt-get install mmdebstrap zstd systemd-container iproute2"
    return f"{', '.join(tools)} missing ({hint})" if tools else ""


@pytest.fixture(scope="session")
def tree() -> Iterator[Path]:
    """The root tree with the service of this clone. Never written to."""
    if missing := _missing():
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="boothkit-tree-"))
    try:
        made = subprocess.run(
            [ROOT / "image" / "root", folder / "tree"], stderr=subprocess.PIPE, text=True, timeout=BUILD_S, check=False
        )
        assert made.returncode == 0, made.stderr[-4000:]
        yield folder / "tree"
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def boxes(tree: Path, tmp_path: Path) -> Iterator[Callable[[str], Container]]:
    """Makes boxes by name, not started yet; shows their log when the test fails, and stops them."""
    made: list[Container] = []

    def make(name: str) -> Container:
        made.append(Container(tree, tmp_path / name))
        return made[-1]

    with ExitStack() as ends:
        yield make
        for box in made:
            ends.callback(box.stop)
            ends.callback(box.show_log)


@pytest.fixture
def box(boxes: Callable[[str], Container]) -> Container:
    """One box, not started yet."""
    return boxes("box")
