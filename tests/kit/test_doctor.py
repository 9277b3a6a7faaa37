"""`boothkit doctor` on a whole box: running, stopped, ill, and walked through in a terminal."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.emulators.printer import PrinterEmulator
from tests.conftest import wait_until
from tests.demo import Demo
from tests.drivers.trees import Computer

PROMPT = "q = stop here: "


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A whole box."""
    box = Demo(tmp_path_factory.mktemp("doctor") / "box")
    box.start()
    box.login()
    yield box
    box.stop()


def findings(report: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {one["about"]: one for one in report["findings"]}


def doctor(*words: str, code: int, data: Path) -> dict[str, Any]:
    """The report on a folder that nobody runs."""
    argv = [sys.executable, "-m", "appliance.cli", "doctor", *words, "--data", str(data), "--json"]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr.decode() + done.stdout.decode()
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_box_that_is_well_has_nothing_to_be_done(demo: Demo) -> None:
    wait_until(lambda: all(d["state"] == "online" for d in demo.get("/status")["devices"].values()), "all online")
    report = demo.command("doctor")
    assert (report["ok"], report["running"]) == (True, True)
    found = findings(report)
    assert {name for name in found if name.startswith("device ")} >= {
        "device printer",
        "device scanner-door",
        "device footfall",
        "device power",
    }
    assert "signed up to" in found["journal"]["found"]
    assert found["uplink"]["state"] == "fine"
    assert found["kit check"]["state"] == "advice"


def test_an_unplugged_printer_is_a_fault_with_a_remedy_until_it_is_back(demo: Demo) -> None:
    demo.bench("unplug", {"device": "printer"})
    wait_until(lambda: demo.get("/status")["devices"]["printer"]["state"] == "absent", "the printer is seen to be gone")
    report = demo.command("doctor", code=1)
    fault = findings(report)["device printer"]
    assert fault["state"] == "fault"
    assert fault["remedy"]
    demo.bench("plug", {"device": "printer"})
    wait_until(lambda: demo.get("/status")["devices"]["printer"]["state"] == "online", "the printer is back")
    demo.command("doctor")


def test_what_is_plugged_in_is_proposed_as_lines_for_the_configuration(demo: Demo, tmp_path: Path) -> None:
    computer = Computer(tmp_path / "root")
    computer.printer(serial="J5")
    (found,) = demo.command("doctor", "--propose", "--root", str(computer.root))
    assert (found["name"], found["uri"]) == ("printer-2", "usblp:///dev/boothkit/printer-J5")


def test_a_stopped_box_s_devices_are_tried_and_nothing_is_printed(tmp_path: Path) -> None:
    with PrinterEmulatorAt(48) as printer:
        config = tmp_path / "box.toml"
        config.write_text(
            f'[devices]\nprinter = "tcp://127.0.0.1:{printer.port}?profile=TM-T20II"\n'
            'scanner-door = "serial:///dev/serial/by-id/usb-nothing"\nfootfall = "nonsense"\n[clock]\ntrust = "rtc"\n'
        )
        report = doctor("--config", str(config), "--root", str(tmp_path), code=1, data=tmp_path / "data")
        found = findings(report)
        assert report["running"] is False
        assert found["device printer"]["state"] == "fine"
        assert found["device scanner-door"]["state"] == "fault"
        assert "usb-nothing" in found["device scanner-door"]["found"]
        assert "not a device URI" in found["device footfall"]["found"]
        assert printer.receipts() == []


class PrinterEmulatorAt:
    """A printer on a free port for as long as it lasts."""

    def __init__(self, columns: int) -> None:
        self._printer = PrinterEmulator(port=0, columns=columns)

    def __enter__(self) -> PrinterEmulator:
        self._printer.start()
        return self._printer

    def __exit__(self, *_: object) -> None:
        self._printer.close()


def test_a_configuration_that_cannot_be_read_is_the_first_fault_and_names_the_key(tmp_path: Path) -> None:
    config = tmp_path / "box.toml"
    config.write_text("[till]\nport = 1\n")
    report = doctor("--config", str(config), code=1, data=tmp_path / "data")
    (fault,) = report["findings"]
    assert (fault["about"], fault["state"]) == ("configuration", "fault")
    assert "till" in fault["found"]


def test_a_box_that_was_never_started_is_told_how_to_begin(tmp_path: Path) -> None:
    report = doctor("--root", str(tmp_path), code=0, data=tmp_path / "data")
    assert findings(report)["journal"]["remedy"].startswith("Start it")
    argv = [sys.executable, "-m", "appliance.cli", "doctor", "--walk", "--data", str(tmp_path / "data")]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert b"Start the box first" in done.stderr


def wait_for_step(demo: Demo, name: str) -> None:
    """Until the box has seen that this step works."""
    wait_until(
        lambda: any(step["step"] == name and step["state"] == "done" for step in demo.get("/kit")["steps"]), name
    )


class Terminal:
    """A person at `boothkit doctor --walk`."""

    def __init__(self, data: Path) -> None:
        argv = [sys.executable, "-m", "appliance.cli", "doctor", "--walk", "--data", str(data)]
        env = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        self.process = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.all = ""

    def read(self) -> str:
        """What is said until the next question, or to the end."""
        assert self.process.stdout is not None
        said = b""
        while piece := self.process.stdout.read(1):
            said += piece
            if said.endswith((PROMPT.encode(), b"none of them): ")):
                break
        text = said.decode()
        self.all += text
        return text

    def type(self, keys: str) -> str:
        """An answer; what is said then."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{keys}\n".encode())
        self.process.stdin.flush()
        return self.read()

    def close(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(30)
        self.process.stdout.close()
        return code


def test_a_walk_in_the_terminal_is_the_same_check_and_ends_with_the_sheet(demo: Demo) -> None:
    terminal = Terminal(demo.data)
    said = terminal.read()
    kit = demo.get("/kit")["kit"]
    for _ in range(400):
        if "Which?" in said:
            said = terminal.type("1")
        elif not said.endswith(PROMPT):
            break
        elif "Receipt printer" in said and "The printer confirmed" not in said and "being printed" not in said:
            said = terminal.type("t")
        elif "being printed" in said:
            said = terminal.type("")
        elif "Scanner door" in said:
            demo.bench("scan", {"code": demo.get("/kit")["code"]})
            wait_until(
                lambda: any(s["step"] == "scanner" and s["state"] == "done" for s in demo.get("/kit")["steps"]), "heard"
            )
            said = terminal.type("")
        elif "Footfall" in said:
            demo.bench("beam", {"direction": "in", "people": 1})
            wait_until(
                lambda: any(s["step"] == "footfall" and s["state"] == "done" for s in demo.get("/kit")["steps"]),
                "counted",
            )
            said = terminal.type("")
        elif any(f": {title}" in said for title in ("Test sale", "Lead's button", "Light", "Switched")):
            said = terminal.type("l")
        else:
            said = terminal.type("y")
    assert terminal.close() == 0, terminal.all
    assert "KIT CHECK" in said
    assert "Ready, " in said
    (ready,) = (fact for fact in demo.facts() if fact["kind"] == "kit.ready/1")
    assert ready["data"]["kit"] == kit
    outcomes = {step["step"]: (step["outcome"], step["proof"]) for step in ready["data"]["steps"]}
    assert outcomes["printer"] == ("passed", "both")
    assert outcomes["scanner"] == ("passed", "seen")
    assert outcomes["footfall"] == ("passed", "seen")
    assert outcomes["sale"][0] == "skipped"
    slips = demo.wait_for_fact("slip.printed/1", 2)
    assert [slip["data"]["outcome"] for slip in slips] == ["printed", "printed"]
    receipts = demo.bench("printer/receipts")
    assert "ÄÖÜ äöü ß € é ç ñ" in receipts[-2]["text"]
    assert receipts[-2]["qr"] == [demo.get("/kit")["code"]]
    assert "Kit check" in receipts[-1]["text"]
    assert findings(demo.command("doctor"))["kit check"]["state"] == "fine"


def test_a_walk_can_be_left_and_is_gone_on_with(demo: Demo) -> None:
    terminal = Terminal(demo.data)
    terminal.read()
    assert "the check goes on where it was" in terminal.type("q")
    assert terminal.close() == 0
    first = demo.get("/kit")["kit"]
    terminal = Terminal(demo.data)
    terminal.read()
    terminal.type("q")
    assert terminal.close() == 0
    assert demo.get("/kit")["kit"] == first
