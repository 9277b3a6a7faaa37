"""Central as far as boxes need it for their limits: it signs policies, whose versions rise."""

from itertools import count
from typing import Any

import msgspec

from appliance.config import Config
from appliance.files import policy
from tests.policy.conftest import CENTRAL, note

VKEY = CENTRAL.verifier.vkey()
PRINTER = {"printer": "tcp://127.0.0.1:9"}
CONFIG = msgspec.convert({"devices": PRINTER, "central": {"key": VKEY}}, Config)
TOML = f"""
[central]
key = "{VKEY}"
"""
_versions = count(1)


def guarded(**rails: Any) -> tuple[int, dict[str, Any]]:
    """The version of a new policy that sets these guardrails, and what ``policy.apply`` is asked with for it."""
    version = next(_versions)
    raw = note(version, {"guardrails": rails}, expires="2099-01-01T00:00:00Z")
    return version, policy.asked(raw, "command")


def put(house: Any, **rails: Any) -> int:
    """A policy that sets these guardrails, applied by a running recorder (``admin``); its version."""
    version, asked = guarded(**rails)
    answer = house.admin.send("policy.apply", asked, actor="admin:test", id=f"policy-{version}").answer
    assert answer["applied"], answer
    return version


def in_force(box: Any, **rails: Any) -> int:
    """A policy that sets these guardrails, applied by an engine (``do``); its version."""
    version, asked = guarded(**rails)
    answer = box.do("policy.apply", **asked)
    assert answer["applied"], answer
    return version
