"""The power worker as a process: several devices at once, the journal, the board, a steward that refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.journal.read import Reader
from drivers.emulators.epever import EpeverEmulator
from drivers.emulators.sysfs import HwmonEmulator
from tests.conftest import Process, wait_until

TOML = """
[devices]
power-charger = "epever://{link}?interval=0.2"
power-shunt = "hwmon://ina226?root={root}&interval=0.2"
[power]
capacity_ah = 100
"""


def facts(data: Path, kind: str) -> list[dict[str, Any]]:
    reader = Reader(data)
    try:
        bodies = [json.loads(stored.body) for stored in reader.facts(0, 1000)]
    finally:
        reader.close()
    return [body for body in bodies if body["kind"] == kind]


def test_a_charger_and_a_shunt_make_one_picture_on_the_board_and_in_the_journal(
    worker: Callable[..., Process], tmp_path: Path, run_folder: Path
) -> None:
    charger = EpeverEmulator(link=tmp_path / "charger")
    charger.pv_watts, charger.soc, charger.volts, charger.amps = 60, 71, 14.0, 4.0
    charger.start()
    shunt = HwmonEmulator(tmp_path / "sys", volts=13.0, amps=-1.0)
    shunt.start()
    config = TOML.format(link=tmp_path / "charger", root=tmp_path / "sys")
    worker("recorder", config)
    power = worker("power", config)

    def page() -> dict[str, Any]:
        found: dict[str, Any] = json.loads((run_folder / "board" / "power" / "page.json").read_text())
        # The shunt alone makes a guess from its voltage until the charger has answered, too.
        return found["power"] if found["power"].get("pv_mw") is not None else {}

    now = wait_until(page, "a charge on the board")
    assert (now["soc_permille"], now["mv"], now["ma"], now["pv_mw"]) == (710, 13_000, -1_000, 60_000)
    assert now["load_mw"] == 73_000
    assert now["level"] == "normal"
    sample = wait_until(lambda: facts(tmp_path / "data", "power.sampled/1"), "a sample in the journal")[-1]["data"]
    assert sample["soc_permille"] == 710
    assert sample["over_s"] >= 1
    charger.unplug()
    gone = wait_until(lambda: (found := page() or {"pv_mw": None})["pv_mw"] is None and found, "the charger drops out")
    assert gone.get("load_mw") is None
    assert power.kill(15) == 0
    charger.close()
    shunt.close()
