"""What the log writes, read back from the stderr of real processes."""

import json
import os
import pty
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

import pytest

from appliance import log

SCRIPT = "import sys; from appliance import log; l = log.get('till')\n"


def lines(code: str, env: dict[str, str] | None = None) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + code],
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        check=True,
        timeout=60,
    )
    return done.stderr.decode().splitlines()


def test_an_event_is_one_json_object_on_one_line() -> None:
    [line] = lines("l.warning('printer.retry', attempt=3, device='tcp://10.77.0.9\\nx', ok=None, cold=1.5)")
    event = json.loads(line)
    assert event["level"] == "warning"
    assert event["worker"] == "till"
    assert event["event"] == "printer.retry"
    assert event["fields"] == {"attempt": 3, "device": "tcp://10.77.0.9\nx", "ok": None, "cold": 1.5}
    assert event["ts"].endswith("Z")


def test_what_is_not_simple_leaves_a_mark_and_not_its_content() -> None:
    code = "l.error('x', who={'name': 'Ada'}, raw=b'1234', nan=float('nan'), big=1 << 80, why=ValueError('Ada'))"
    [line] = lines(code)
    assert "Ada" not in line
    assert "1234" not in line
    fields = json.loads(line)["fields"]
    assert fields == {
        "who": "[dropped dict]",
        "raw": "[dropped bytes]",
        "nan": "[dropped float]",
        "big": "[dropped int]",
        "why": "[dropped ValueError]",
    }


def test_every_level_is_written_but_debug_only_on_request() -> None:
    code = "l.debug('a'); l.info('b'); l.warning('c'); l.error('d')"
    assert [json.loads(line)["level"] for line in lines(code)] == ["info", "warning", "error"]
    assert json.loads(lines(code, {"BOOTHKIT_LOG": "debug"})[0])["level"] == "debug"


def test_a_field_may_have_the_name_of_a_part_of_the_line() -> None:
    [line] = lines("l.info('x', event='e', level=1, self=2, worker='w')")
    assert json.loads(line)["fields"] == {"event": "e", "level": 1, "self": 2, "worker": "w"}


def test_a_line_stays_whole_and_short_enough_to_be_written_at_once() -> None:
    [line] = lines("l.info('x' * 9999, **{f'field{n}': 'ä' * 9999 for n in range(99)})")
    assert len(line) < 4096
    fields = json.loads(line)["fields"]
    assert fields["cut"] is True
    assert len(fields["field0"]) < 600


def test_a_log_that_cannot_be_written_does_not_stop_the_work() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + "import os; os.close(2); l.error('x'); os.write(1, b'sold')"],
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    assert done.stdout == b"sold"


def test_hostile_text_is_still_one_line_of_json() -> None:
    [line] = lines("l.info('x', code='\\udc80\\x1b[2J\\u2028')")
    assert json.loads(line)["fields"]["code"] == "\udc80\x1b[2J\u2028"


def test_journald_gets_the_priority_and_only_journald(tmp_path: Path) -> None:
    with open(tmp_path / "journal", "wb") as stream:
        stat = os.fstat(stream.fileno())
        mine = {**os.environ, "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"}
        argv = [sys.executable, "-c", SCRIPT + "l.warning('x'); l.error('y')"]
        subprocess.run(argv, stderr=stream, env=mine, check=True, timeout=60)
    written = (tmp_path / "journal").read_text().splitlines()
    assert [line[:4] for line in written] == ["<4>{", "<3>{"]
    assert lines("l.warning('x')", {"JOURNAL_STREAM": "1:2"})[0].startswith("{")


def test_a_terminal_gets_a_short_line_without_escape_sequences() -> None:
    master, slave = pty.openpty()
    try:
        code = "l.warning('door.refused', reason='already used', code='\\x1b[2J\\x9b', n=1)"
        subprocess.run([sys.executable, "-c", SCRIPT + code], stderr=slave, check=True, timeout=60)
        shown = os.read(master, 4096).decode()
    finally:
        os.close(slave)
        os.close(master)
    assert shown[8:].startswith(' W till door.refused reason="already used" code="')
    assert shown.rstrip().endswith("n=1")
    assert "\x1b" not in shown
    assert "\x9b" not in shown


def test_an_enum_logs_its_value(capfd: pytest.CaptureFixture[str]) -> None:
    class Outcome(StrEnum):
        PRINTED = "printed"

    log.get("printing").info("job.done", outcome=Outcome.PRINTED)
    assert json.loads(capfd.readouterr().err)["fields"] == {"outcome": "printed"}


def test_a_warning_that_comes_with_every_request_is_written_once_a_minute_with_how_often_it_came() -> None:
    code = (
        "now = [0.0]; s = log.Seldom(l, 'recorder.down', now=lambda: now[0])\n"
        "for second in range(0, 121): now[0] = float(second); s.warning(why='x')\n"
    )
    assert [json.loads(line)["fields"] for line in lines(code)] == [
        {"why": "x"},
        {"why": "x", "more": 59},
        {"why": "x", "more": 59},
    ]
