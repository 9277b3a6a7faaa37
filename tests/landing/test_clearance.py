"""What the signal team cleared is in the policy by its digest, holds for those very bytes, and is taken back whole."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.central.keyring import central_signer
from appliance.cli import boothkit
from appliance.clock import FakeClock
from appliance.errors import BoothkitError
from appliance.files.landing.folder import read
from appliance.projections import policy
from tests.landing.conftest import EXAMPLES
from tests.policy.conftest import CENTRAL, PolicyBox, note

ONE, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder for a policy, and a page beside it."""
    (tmp_path / "quay").mkdir()
    (tmp_path / "quay" / "policy.toml").write_text("version = 12\n")
    shutil.copytree(EXAMPLES / "landing-market", tmp_path / "page")
    return tmp_path


def sign(office: Path, clearance: str) -> Any:
    """What `central sign` says to a clearance.toml; raises its fault."""
    (office / "quay" / "clearance.toml").write_text(clearance)
    argv = ["central", "sign", str(office / "quay"), "--data", str(office / "central"), "--json"]
    result = CliRunner().invoke(boothkit, argv)
    if result.exception is not None:
        raise result.exception
    return json.loads(result.output)


def test_central_clears_the_folder_that_it_looked_at(office: Path, tmp_path: Path) -> None:
    answer = sign(office, '[[clearance]]\nfolder = "../page"\nby = "Signal team"\n')
    assert answer["kinds"] == ["clearances"]
    box = PolicyBox(tmp_path / "data", key=central_signer(office / "central" / "keys").verifier.vkey())
    box.clock.trust("none")
    assert box.apply((office / "quay.note").read_bytes())["applied"] is True
    digest = read(office / "page").digest
    found = policy.cleared(box.engine.store.db, digest, box.clock())
    assert found is not None
    assert (found.by, found.version, found.until) == ("Signal team", 12, None)
    (office / "page" / "story.en.md").write_text("Something else.")
    assert policy.cleared(box.engine.store.db, read(office / "page").digest, box.clock()) is None
    box.engine.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[clearance]]\nby = "Signal team"\n', "clearance 1: wants digest or folder"),
        (f'[[clearance]]\nby = "A"\ndigest = "{ONE}"\nfolder = "../page"\n', "clearance 1: wants digest or folder"),
        ('[[clearance]]\nby = "A"\nfolder = "../nothing"\n', "cannot be read"),
        ('[[clearance]]\nby = "A"\ndigest = "ABC"\n', "wants 64 hexadecimal digits"),
        (f'[[clearance]]\nby = ""\ndigest = "{ONE}"\n', "by has 1 to 60"),
        (f'[[clearance]]\nby = "A"\ndigest = "{ONE}"\nuntil = "tomorrow"\n', "until 'tomorrow'"),
        (f'[[clearance]]\nby = "A"\ndigest = "{ONE}"\nuntil = "2026-13-40T00:00:00Z"\n', "until '2026-13-40"),
        (f'[[clearance]]\nwho = "A"\nby = "A"\ndigest = "{ONE}"\n', "unknown key 'who'"),
        (f'[[clearance]]\nby = "A"\ndigest = "{ONE}"\n' * 101, "at most 100"),
    ],
)
def test_a_fault_in_a_clearance_is_named(office: Path, text: str, says: str) -> None:
    with pytest.raises(BoothkitError, match=says.replace("(", "\\(")):
        sign(office, text)


def test_a_policy_that_says_nothing_of_clearances_leaves_them_and_an_empty_list_takes_them_back(tmp_path: Path) -> None:
    box = PolicyBox(tmp_path / "data", key=CENTRAL.verifier.vkey(), clock=FakeClock())
    db = box.engine.store.db
    cleared = [{"digest": ONE, "by": "Signal team", "until": "2026-12-01T00:00:00Z"}, {"digest": OTHER, "by": "Ops"}]
    box.apply(note(1, {"clearances": cleared}))
    box.apply(note(2))
    assert policy.cleared(db, ONE, box.clock()) == policy.Cleared("Signal team", 1, "2026-12-01T00:00:00Z")
    box.clock.advance(30 * 86_400)
    assert policy.cleared(db, ONE, box.clock()) is None
    assert policy.cleared(db, OTHER, box.clock()) is not None
    box.clock.trust("none")
    assert policy.cleared(db, ONE, box.clock()) is not None
    box.apply(note(3, {"clearances": []}))
    assert policy.cleared(db, ONE, box.clock()) is None
    assert policy.clearances(db) == ()
    box.engine.close()
