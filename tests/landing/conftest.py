"""Folders with a guests' page, and boxes that show one."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.portal.stall import Stall

PAGE = """pack = "market"
languages = ["en", "de"]
colour = "#17403d"
title = { en = "Quay Market", de = "Kaimarkt" }

[[section]]
name = "story"
title = { en = "Story", de = "Geschichte" }
text = "story"
"""
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

Write = Callable[..., Path]


def write_folder(folder: Path, page: str = PAGE, **files: str | bytes) -> Path:
    """A folder with landing.toml and more files: ``story_en_md`` is story.en.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "landing.toml").write_text(page, encoding="utf-8")
    for name, content in {"story_md": "Once upon a time.\n", **files}.items():
        raw = content.encode() if isinstance(content, str) else content
        (folder / name.replace("_", ".")).write_bytes(raw)
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a folder; the last argument is the page, keywords are more files."""

    def make(page: str = PAGE, **files: str | bytes) -> Path:
        return write_folder(tmp_path / "page", page, **files)

    return make


def picture(kind: str = "JPEG", size: tuple[int, int] = (320, 200), **how: Any) -> bytes:
    """A picture as somebody's program wrote it."""
    out = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert("RGB").save(out, kind, **how)
    return out.getvalue()


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    """A whole box with a central whose key we hold."""
    one = Stall(tmp_path_factory.mktemp("stall"))
    yield one
    one.close()
