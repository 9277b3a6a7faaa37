"""The status board: real files, read while they are written and after they were spoilt."""

import json
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.board import LARGEST, Board, age_s, boottime_us, read_all


class Clock:
    def __init__(self) -> None:
        self.us = 1_000_000

    def __call__(self) -> int:
        return self.us


def page(run: Path, name: str) -> Path:
    folder = run / "board" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "page.json"


def test_a_page_says_who_how_and_since_when(tmp_path: Path) -> None:
    clock = Clock()
    board = Board(tmp_path, "power", now=clock)
    board.put(soc=50)
    clock.us += 10
    board.put(state="ready")
    clock.us += 10
    board.put(soc=49)
    assert read_all(tmp_path) == {
        "power": {"pid": os.getpid(), "state": "ready", "since": 1_000_010, "at": 1_000_020, "starts": 1, "soc": 49}
    }


def test_the_group_may_read_it_and_nobody_else(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        Board(tmp_path, "power").put()
    finally:
        os.umask(before)
    assert stat.S_IMODE(page(tmp_path, "power").stat().st_mode) == 0o640


def test_it_is_written_only_when_something_changed_or_five_seconds_passed(tmp_path: Path) -> None:
    clock = Clock()
    board = Board(tmp_path, "power", now=clock)
    file = page(tmp_path, "power")
    board.put(state="ready", soc=50)
    first = file.stat().st_ino, file.read_bytes()

    clock.us += 4_999_999
    board.put(state="ready", soc=50)
    assert (file.stat().st_ino, file.read_bytes()) == first

    clock.us += 1
    board.put()
    assert json.loads(file.read_bytes())["at"] == clock.us

    clock.us += 1
    board.put(soc=49)
    assert json.loads(file.read_bytes())["at"] == clock.us


def test_a_reader_never_sees_half_a_page(tmp_path: Path) -> None:
    writer = f"""
from pathlib import Path
from appliance.board import Board
board = Board(Path({str(tmp_path)!r}), "power")
n = 0
while True:
    n += 1
    board.put(n=n, filling="x" * (n % 50) * 1000)
"""
    with subprocess.Popen([sys.executable, "-c", writer]) as process:
        try:
            seen: set[int] = set()
            while len(seen) < 100:
                assert process.poll() is None
                entry = read_all(tmp_path).get("power")
                if entry is not None:
                    assert entry["filling"] == "x" * (entry["n"] % 50) * 1000
                    seen.add(entry["n"])
                else:
                    assert not seen, "the page went away"
        finally:
            process.send_signal(signal.SIGKILL)


def test_a_page_from_a_killed_worker_shows_its_age(tmp_path: Path) -> None:
    clock = Clock()
    Board(tmp_path, "power", now=clock).put()
    entry = read_all(tmp_path)["power"]
    assert age_s(entry, clock.us + 7_000_000) == 7.0
    assert age_s(entry, clock.us - 1_000_000) == 0.0  # written just after the clock was read
    assert age_s(entry, clock.us - 60_000_000) == math.inf  # written before a reboot
    assert age_s({}, clock.us) == math.inf
    assert age_s({"at": "soon"}, clock.us) == math.inf
    assert age_s({"at": True}, clock.us) == math.inf


def test_a_worker_that_was_started_anew_says_how_often(tmp_path: Path) -> None:
    for starts in (1, 2, 3):
        Board(tmp_path, "power").put()
        assert read_all(tmp_path)["power"]["starts"] == starts
    page(tmp_path, "power").write_text('{"starts": "many"}')
    Board(tmp_path, "power").put()
    assert read_all(tmp_path)["power"]["starts"] == 1


def test_boottime_goes_on() -> None:
    assert 0 < boottime_us() <= boottime_us()


def test_no_board_is_an_empty_board(tmp_path: Path) -> None:
    assert read_all(tmp_path) == {}


def test_a_page_can_be_taken_down(tmp_path: Path) -> None:
    board = Board(tmp_path, "power")
    board.put()
    board.clear()
    board.clear()
    assert read_all(tmp_path) == {}
    board.put()
    assert "power" in read_all(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"pid": 1, "sta',
        b"[1]",
        b"null",
        b'{"soc": NaN}',
        b'{"soc": 1e999}',
        b'{"soc": -Infinity}',
        b"\xff\xfe{}",
        b'{"n": ' + b"9" * 5000 + b"}",
        b"[" * 30_000,
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b'{"a": "' + b"x" * LARGEST + b'"}',
    ],
    ids=lambda content: repr(content[:20]),
)
def test_garbage_is_left_out_and_the_others_are_read(tmp_path: Path, content: bytes) -> None:
    Board(tmp_path, "power").put()
    page(tmp_path, "portal").write_bytes(content)
    assert list(read_all(tmp_path)) == ["power"]


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
def test_no_bytes_make_the_reader_fail(tmp_path: Path, content: bytes) -> None:
    page(tmp_path, "portal").write_bytes(content)
    for entry in read_all(tmp_path).values():
        json.dumps(entry, allow_nan=False)


def test_what_is_no_page_is_not_opened(tmp_path: Path) -> None:
    Board(tmp_path, "power").put()
    os.mkfifo(page(tmp_path, "fifo"))
    page(tmp_path, "folder").mkdir()
    page(tmp_path, "link").symlink_to(page(tmp_path, "power"))
    page(tmp_path, "Shout").write_text("{}")
    (page(tmp_path, "half").parent / ".page.json").write_text("{}")
    (tmp_path / "board" / "notes").write_text("{}")
    assert list(read_all(tmp_path)) == ["power"]


def test_the_number_of_pages_is_bounded(tmp_path: Path) -> None:
    for n in range(100):
        page(tmp_path, f"worker{n}").write_text("{}")
    assert len(read_all(tmp_path)) == 64


def test_a_page_that_cannot_be_written_is_logged_once_and_tried_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    board = Board(tmp_path, "power")
    board.put(soc=50)
    board.put(filling="x" * LARGEST)
    board.put()
    assert read_all(tmp_path)["power"].get("filling") is None
    assert capfd.readouterr().err.count("board.not_written") == 1
    board.put(filling="")
    assert read_all(tmp_path)["power"]["filling"] == ""


def test_a_run_folder_that_was_swept_is_made_again(tmp_path: Path) -> None:
    board = Board(tmp_path, "power")
    board.put(soc=1)
    shutil.rmtree(tmp_path / "board")
    board.put(soc=2)
    assert read_all(tmp_path)["power"]["soc"] == 2


@pytest.mark.parametrize("name", ["", "../x", "Power", "a" * 40, "a.json", "a/b"])
def test_a_name_that_no_reader_would_find_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="board name"):
        Board(tmp_path, name)


def test_a_value_that_json_cannot_say_is_refused(tmp_path: Path) -> None:
    board = Board(tmp_path, "power")
    with pytest.raises(TypeError):
        board.put(path=tmp_path)
    with pytest.raises(ValueError, match="JSON compliant"):
        board.put(path="", volts=math.nan)
