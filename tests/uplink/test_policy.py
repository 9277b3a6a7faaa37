"""Promises of policies over the uplink: a box has the newest as soon as it is there, once, whatever dies in between."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from appliance.central.keyring import central_signer
from appliance.cli import boothkit
from appliance.files.bundle import LONGEST, Bundle
from appliance.journal import notes
from appliance.journal.notes import Signer
from appliance.projections import policy
from tests.brokers import Broker, CentralProcess
from tests.conftest import wait_until
from tests.uplink.conftest import Box, Listener

StartCentral = Callable[..., CentralProcess]


def note(version: int, signer: Signer, *, scope: str = "cell") -> str:
    """A policy with no more than a limit."""
    data = {"guardrails": {"refund": {"alone": version}}}
    said = Bundle(kind="policy", version=version, scope=scope, expires="2099-01-01T00:00:00Z", data=data)
    return signer.sign(said.text())


def publish(there: CentralProcess, version: int) -> None:
    """As people at central do."""
    folder = there.data.parent / f"policy-{version}"
    folder.mkdir()
    (folder / "guardrails.toml").write_text(f"[refund]\nalone = {version}\n")
    options = ["--version", str(version), "--scope", "cell", "--publish", "--data", str(there.data)]
    result = CliRunner().invoke(boothkit, ["central", "sign", str(folder), *options])
    assert result.exit_code == 0, result.output


def in_force(box: Box, version: int) -> None:
    """Wait until it is."""
    wait_until(lambda: policy.in_force(box.reader.db()).version == version, f"policy {version} is in force")


def facts(box: Box) -> list[tuple[str, Any]]:
    """What became of bundles: version, and the reason for a refusal."""
    bodies = [json.loads(body) for body in box.bodies()]
    found = [body["data"] for body in bodies if body["kind"].startswith("policy.")]
    return [(data["version"], data.get("reason")) for data in found]


def test_a_policy_reaches_the_box_once_whatever_dies_and_the_newest_replaces_it(
    broker: Broker, central: StartCentral, box: Box
) -> None:
    there = central()
    box.start(broker.address, there.key)
    box.wait_safe()
    publish(there, 1)
    in_force(box, 1)
    broker.kill()  # which keeps nothing of what was retained
    broker.start()
    box.uplink.kill()
    box.uplink.start()
    there.kill()
    there.start()
    publish(there, 2)
    in_force(box, 2)
    there.kill()
    box.uplink.kill()
    box.start_uplink(broker.address, there.key)  # finds it at the broker
    box.wait_board("it is in force and no fault", connected=True, state="ready", reason="")
    box.record(1)
    there.start()
    box.wait_safe()
    assert facts(box) == [(1, None), (2, None)]
    assert policy.guardrails(box.reader.db()).refund.alone == 2


def test_a_box_that_comes_late_finds_the_policy_and_one_that_was_taken_back_is_gone(
    broker: Broker, central: StartCentral, box: Box, listener: Listener
) -> None:
    there = central()
    box.start_recorder(broker.address, there.key)
    enrolled = (box.data / "keys" / "box.pub").read_text().split()[-1]
    result = CliRunner().invoke(boothkit, ["central", "enrol", "cell", "box-7", enrolled, "--data", str(there.data)])
    assert result.exit_code == 0, result.output
    publish(there, 1)
    wait_until(lambda: listener.of("down/policy"), "central publishes before the box was ever heard")
    box.start_uplink(broker.address, there.key)
    in_force(box, 1)
    for path in (there.data / "policies").glob("*.note"):
        path.unlink()
    wait_until(lambda: listener.of("down/policy")[-1] == b"", "central takes it back")
    box.record(1)
    box.wait_safe()
    assert facts(box) == [(1, None)]
    assert policy.in_force(box.reader.db()).version == 1


def test_two_consumers_say_the_same_and_the_box_hears_it_once(
    broker: Broker, central: StartCentral, box: Box, tmp_path: Path
) -> None:
    there = central()
    box.start(broker.address, there.key)
    box.wait_safe()
    publish(there, 1)
    in_force(box, 1)
    second = tmp_path / "central1"
    for name in ("keys", "policies"):
        shutil.copytree(there.data / name, second / name)
    other = central()
    assert other.key == there.key
    there.kill(signal.SIGTERM)
    publish(other, 2)
    in_force(box, 2)
    assert facts(box) == [(1, None), (2, None)]


def test_what_the_broker_says_and_central_did_not_sign_is_refused_and_shown(
    broker: Broker, box: Box, listener: Listener, tmp_path: Path
) -> None:
    right = central_signer(tmp_path / "keys")
    forger = notes.Signer("boothkit/central", bytes(range(32)))
    box.start(broker.address, right.verifier.vkey())
    box.wait_board("it is there", connected=True)
    listener.say("down/policy", note(1, forger))
    box.wait_board("the forgery", state="degraded", reason="policy refused: central did not sign it")
    listener.say("down/policy", "x" * (LONGEST + 5))
    box.wait_board("the monster", state="degraded", reason="larger than")
    listener.say("down/policy", note(2, right))
    in_force(box, 2)
    box.wait_board("nothing is wrong any more", connected=True, state="ready", reason="")
    listener.say("down/policy", note(1, right))
    wait_until(lambda: (1, "older") in facts(box), "the older one is refused")
    assert facts(box) == [(0, "bad-signature"), (0, "too-large"), (2, None), (1, "older")]
    assert box.board()["state"] == "ready"
