"""The project's own pages: their code blocks, headings and links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block, and what the comment right above it says (`tested`, `file: PATH`), or ""."""

    mark: str
    language: str
    code: str


def pages() -> list[Path]:
    """Every page that is kept here."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path) -> list[Block]:
    """Its fenced blocks, in order."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(match["mark"] or "", match["language"], match["code"]) for match in found]


def files(page: Path) -> dict[str, str]:
    """Path and content of the files that its blocks show."""
    shown = [block for block in blocks(page) if block.mark.startswith("file: ")]
    return {block.mark.removeprefix("file: "): block.code for block in shown}
