"""`boothkit staff`, beside a running till."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.web.conftest import Client, House


def staff(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One call of the command line."""
    return subprocess.run(
        [sys.executable, "-m", "appliance.cli", "staff", *words, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "BOOTHKIT_RUN": str(data.parent / "nobody")},
    )


def test_somebody_who_is_added_may_work_at_once_and_somebody_removed_may_not(house: House) -> None:
    added = staff(house.data, "add", "Dora", "--role", "cashier", "--pin", "4711", "--token")
    assert added.returncode == 0, added.stderr
    token = json.loads(added.stdout.splitlines()[-1])["token"]
    dora = Client(house.url, {"Authorization": f"Bearer {token}"})
    assert dora.sell({"sku": "COFFEE", "qty": 1}, cash=350).status == 201
    assert Client(house.url).ask("POST", "/api/v1/login", {"pin": "4711"}).json["name"] == "Dora"
    assert token not in staff(house.data, "list", "--json").stdout
    removed = staff(house.data, "remove", "Dora")
    assert removed.returncode == 0, removed.stderr
    assert dora.get("/kpis").slug == "signed-out"


def test_a_drawn_pin_is_shown_once_and_works(house: House) -> None:
    answer = json.loads(staff(house.data, "add", "Emil", "--role", "door", "--json").stdout)
    assert Client(house.url).ask("POST", "/api/v1/login", {"pin": answer["pin"]}).json["role"] == "door"
    listed = json.loads(staff(house.data, "list", "--json").stdout)
    assert {"staff": answer["staff"], "name": "Emil", "role": "door"} in listed


def test_a_taken_pin_a_taken_name_and_an_unknown_name_are_refused_with_a_remedy(house: House) -> None:
    for words in (("add", "Fritz", "--role", "lead", "--pin", "222222"), ("add", "Ada", "--role", "lead")):
        refused = staff(house.data, *words)
        assert refused.returncode == 2
        assert "nothing was changed" in refused.stderr
        assert "Ben" not in refused.stderr
    nobody = staff(house.data, "remove", "Nobody")
    assert nobody.returncode == 2
    assert "boothkit staff list" in nobody.stderr
