"""Promises of `boothkit policy`, and of a recorder that dies while it applies one."""

import json
import secrets
import threading
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from appliance.cli import boothkit
from appliance.errors import Problem, RecorderDown
from appliance.files import policy as policyfile
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.projections import catalogue, policy
from tests.conftest import ITEMS, Process
from tests.policy.conftest import CENTRAL, FORGER, note

CONFIG = f'[box]\nid = "box-7"\ncell = "quay"\n[central]\nkey = "{CENTRAL.verifier.vkey()}"\n[clock]\ntrust = "rtc"\n'
LATER = "2099-01-01T00:00:00Z"


def run(folder: Path, *words: str, code: int = 0, of: str = "policy") -> Result:
    """``boothkit policy …`` on a box that is stopped."""
    (folder / "box.toml").write_text(CONFIG)
    argv = [of, *words, "--config", str(folder / "box.toml"), "--data", str(folder / "data")]
    result = CliRunner().invoke(boothkit, argv, env={"BOOTHKIT_RUN": str(folder / "run")})
    assert result.exit_code == code, result.output
    return result


def test_a_file_is_applied_shown_and_refused_with_words_and_exit_codes(tmp_path: Path) -> None:
    file = tmp_path / "quay.note"
    file.write_bytes(note(12, scope="quay", expires=LATER))
    applied = json.loads(run(tmp_path, "apply", str(file), "--json").stdout)
    assert (applied["applied"], applied["version"], applied["kinds"]) == (True, 12, ["guardrails"])
    assert "in force already" in run(tmp_path, "apply", str(file)).stdout
    file.write_bytes(note(11, scope="quay", expires=LATER))
    said = run(tmp_path, "apply", str(file), code=1).stdout
    assert "Refused, policy 12 stays: policy 11 is older than 12, which is in force." in said
    file.write_bytes(note(13, signer=FORGER, expires=LATER))
    refused = json.loads(run(tmp_path, "apply", str(file), "--json", code=1).stdout)
    assert (refused["applied"], refused["reason"], refused["present"]) == (False, "bad-signature", 12)
    shown = run(tmp_path, "show").stdout
    assert "Policy 12 for quay, since" in shown
    assert "discount.alone: 0.10" in shown
    assert "refused: bad-signature, by command" in shown
    told: dict[str, Any] = json.loads(run(tmp_path, "show", "--json").stdout)
    assert told["policy"]["version"] == 12
    assert [seen["reason"] for seen in told["history"]] == ["bad-signature", "older", None]
    run(tmp_path, "apply", str(tmp_path / "missing.note"), code=2)
    report = json.loads(run(tmp_path, "--json", "--root", str(tmp_path), of="doctor").stdout)
    (finding,) = [one for one in report["findings"] if one["about"] == "policy"]
    assert (finding["state"], finding["found"][:13]) == ("fine", "12 for quay, ")


def test_keys_of_the_policy_are_listed_and_only_another_policy_removes_them(tmp_path: Path) -> None:
    file, key = tmp_path / "keys.note", b64encode(bytes(range(32))).decode()
    file.write_bytes(note(1, {"ticket_keys": [{"event": "e-1", "key": key}]}, expires=LATER))
    run(tmp_path, "apply", str(file))
    (listed,) = json.loads(run(tmp_path, "keys", "list", "--json", of="tickets").stdout)
    assert (listed["public"], listed["signs"]) == ("the policy", "boothkit")
    run(tmp_path, "keys", "remove", listed["kid"], of="tickets", code=1)


def test_a_recorder_that_is_killed_in_the_middle_has_applied_all_of_it_or_nothing(
    tmp_path: Path, run_folder: Path, worker: Callable[..., Process]
) -> None:
    data = tmp_path / "data"
    recorder = worker("recorder", CONFIG)
    client = RecorderClient(run_folder, "admin", timeout=30)
    try:
        outcomes = set()
        for wanted, after_s in enumerate((0.0, 0.05, None), 1):
            revoked = [secrets.token_hex(12) for _ in range(600)]
            sections = {
                "catalogue": {"items": [{**item, "price": 100 + wanted} for item in ITEMS]},
                "revoked": {"tickets": revoked},
            }
            asked = policyfile.asked(note(wanted, sections, expires=LATER), "command")
            killer = threading.Timer(after_s or 0, recorder.kill)
            if after_s is not None:
                killer.start()
            with suppress(RecorderDown, Problem):
                client.send("policy.apply", asked, actor="admin:test", id=f"apply-{wanted}")
            if after_s is None:
                recorder.kill()
            else:
                killer.join()
            recorder.start()
            with closing(Reader(data)) as reader:
                db = reader.db()
                (known,) = db.execute("SELECT count(*) FROM p_ticket WHERE revoked").fetchone()
                applied = policy.in_force(db).version == wanted
                assert known == 600 * (wanted if applied else wanted - 1)
                assert any(item.price == 100 + wanted for item in catalogue.full(db).values()) is applied
            again = client.send("policy.apply", asked, actor="admin:test", id=f"apply-{wanted}").answer
            assert (again["applied"], again["version"]) == (True, wanted)
            outcomes.add(applied)
        assert outcomes == {True, False}
    finally:
        client.close()
