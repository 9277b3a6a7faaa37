"""``boothkit emulate epever``, ``hwmon`` and ``power-supply``."""

import socket
import subprocess
from pathlib import Path

import pytest

from drivers.device import PowerReading
from drivers.registry import create
from tests.bench.conftest import Pump
from tests.bench.test_emulate import argv, emulator


@pytest.mark.parametrize("on", ["tcp", "link"])
def test_the_charge_controller_answers_its_questions(on: str, tmp_path: Path, pump: Pump) -> None:
    where = ("--tcp", "0") if on == "tcp" else ("--link", str(tmp_path / "charger"))
    with emulator("epever", *where) as (uri, _):
        device = create("power", uri)
        reading = next(event for event in pump(device, bool) if isinstance(event, PowerReading))
        assert (reading.mv, reading.soc_permille) == (13_200, 820)
        device.close()


@pytest.mark.parametrize(("kind", "soc"), [("hwmon", None), ("power-supply", 820)])
def test_a_sensor_of_the_kernel_stands_as_a_tree_of_files_until_it_is_ended(
    kind: str, soc: int | None, tmp_path: Path, pump: Pump
) -> None:
    with emulator(kind, "--root", str(tmp_path), "--volts", "12.5", "--amps", "2") as (uri, _):
        device = create("power", uri)
        reading = next(event for event in pump(device, bool) if isinstance(event, PowerReading))
        assert (reading.mv, reading.ma, reading.soc_permille) == (12_500, 2_000, soc)
        device.close()
    assert not list((tmp_path / "class").glob("*/*"))


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = subprocess.run(argv("epever", "--tcp", port), capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stdout) == (2, "")
    assert "listens there already" in said.stderr
