"""What is kept of a failure: enough to see why, never so much that it wears the card."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.systemd.conftest import SYSTEMD, needs

MOST = 256 * 1024

# In journalctl's place: it says what it was asked, and far more than anybody keeps.
JOURNALCTL = """#!/bin/sh
echo "first line of $*"
seq -f "%06g of many lines that a worker wrote before it fell over" 1 2000
echo "last line of $*"
"""


class Crashes:
    """The service boothkit-crash@.service, as far as crash-note sees it."""

    def __init__(self, folder: Path) -> None:
        self.state, self.stamps, programs = folder / "state", folder / "stamps", folder / "bin"
        for path in (self.state, self.stamps, programs):
            path.mkdir()
        (programs / "journalctl").write_text(JOURNALCTL)
        (programs / "journalctl").chmod(0o755)
        self._env = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "STATE_DIRECTORY": str(self.state),
            "RUNTIME_DIRECTORY": str(self.stamps),
        }

    def fails(self, unit: str) -> None:
        """`unit` failed."""
        assert self.begins(unit).wait() == 0

    def begins(self, unit: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([SYSTEMD / "crash-note", unit], env=self._env)

    def a_minute_passes(self) -> None:
        for stamp in self.stamps.glob("*.service"):
            stamp.write_text(f"{int(stamp.read_text()) - 60}\n")

    def text(self) -> str:
        """All that is kept, oldest first."""
        return "".join(path.read_text() for path in sorted(self.state.iterdir(), reverse=True))

    def notes(self) -> list[str]:
        """The units that notes are kept of, oldest first."""
        return [line.split(",")[0].removeprefix("== ") for line in self.text().splitlines() if line.startswith("== ")]


@pytest.fixture
def crashes(tmp_path: Path) -> Crashes:
    needs("flock")
    return Crashes(tmp_path)


def test_a_failure_leaves_the_last_lines_of_its_unit_and_of_the_kernel(crashes: Crashes) -> None:
    crashes.fails("boothkit-till.service")
    text = crashes.text()
    assert crashes.notes() == ["boothkit-till.service"]
    assert "--unit=boothkit-till.service\n-- kernel\n" in text  # the unit's part ends with the unit's last line
    assert text.endswith("_TRANSPORT=kernel\n")
    assert "first line" not in text
    assert len(text) <= 16 * 1024
    assert {path.stat().st_mode & 0o777 for path in crashes.state.iterdir()} == {0o640}


def test_a_flapping_unit_gets_one_note_a_minute(crashes: Crashes) -> None:
    for _ in range(3):
        crashes.fails("boothkit-till.service")
    crashes.fails("boothkit-power.service")  # another one is not silenced by it
    assert crashes.notes() == ["boothkit-till.service", "boothkit-power.service"]
    crashes.a_minute_passes()
    crashes.fails("boothkit-till.service")
    assert crashes.notes() == ["boothkit-till.service", "boothkit-power.service", "boothkit-till.service"]


def test_all_notes_together_stay_below_256_kb_and_the_newest_are_kept(crashes: Crashes) -> None:
    for number in range(40):
        crashes.fails(f"boothkit-{number:02}.service")
        assert sum(path.stat().st_size for path in crashes.state.iterdir()) <= MOST
    notes = crashes.notes()
    assert notes == [f"boothkit-{number:02}.service" for number in range(40 - len(notes), 40)]
    assert len(notes) >= 8


def test_units_that_fail_together_get_whole_notes(crashes: Crashes) -> None:
    running = [crashes.begins(f"boothkit-{number}.service") for number in range(5)]
    assert [process.wait() for process in running] == [0] * 5
    assert sorted(crashes.notes()) == [f"boothkit-{number}.service" for number in range(5)]
    ends = [line for line in crashes.text().splitlines() if line.startswith("last line of")]
    assert len(ends) == 10
    assert all(line.endswith("_TRANSPORT=kernel") for line in ends[1::2])


def test_a_journal_that_cannot_be_read_is_noted_too(crashes: Crashes, tmp_path: Path) -> None:
    (tmp_path / "bin" / "journalctl").write_text("#!/bin/sh\necho 'No journal files were found.' >&2\nexit 1\n")
    crashes.fails("boothkit-till.service")
    assert crashes.notes() == ["boothkit-till.service"]
    assert "No journal files were found." in crashes.text()
