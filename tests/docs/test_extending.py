"""docs/extending.md, carried out on a copy of the project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import ROOT, files

PAGE = ROOT / "docs" / "extending.md"


def test_the_steps_of_extending_md_work_on_a_copy_of_the_project(tmp_path: Path) -> None:
    shown = files(PAGE)
    own = [name for name in shown if not name.startswith("tests/")]
    tests = [name for name in shown if name.startswith("tests/")]
    assert (len(own), len(tests)) == (5, 3)
    for folder in ("appliance", "drivers", "web", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/__init__.py", "tests/conftest.py", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name, code in shown.items():
        assert not (tmp_path / name).exists(), f"{name} is there already"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(code, encoding="utf-8")
    python = [name for name in shown if name.endswith(".py")]
    _run(tmp_path, "ruff", "check", *python)
    _run(tmp_path, "ruff", "format", "--check", *python)
    # In a folder of its own: at its start it would lock the one that it shares with us to everybody but root.
    said = _run(tmp_path, "pytest", "-q", f"--basetemp={tmp_path / 'temp'}", *tests)
    assert f"{len(tests)} passed" in said
    _run(tmp_path, "tools.reference")
    reference = tmp_path / "docs" / "reference"
    assert "`coat.taken/1`" in (reference / "facts.md").read_text()
    assert "`coat.take`" in (reference / "commands.md").read_text()
    assert "supply:///sys/class/power_supply/BAT0" in (reference / "configuration.md").read_text()
    assert "`GET /cloakroom`" in (reference / "endpoints.md").read_text()


def _run(folder: Path, module: str, *arguments: str) -> str:
    """A module of Python's in the copy, whose packages come before those of the project."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
