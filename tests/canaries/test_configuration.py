"""A configuration in which a password stands where none belongs is refused, and the password told to nobody."""

import os
from pathlib import Path

import pytest

from tests.canaries.aviary import STEM
from tests.canaries.forms import search
from tests.canaries.hands import boothkit
from tests.canaries.sinks import files

PASSWORD = f"{STEM}0001"
DIGITS = "58217039"
MISTAKES = {
    "a key that does not exist": f'[mqtt]\npassword = "{PASSWORD}"',
    "a number instead of a file": f"[mqtt]\npassword_file = {DIGITS}",
    "a list instead of a file": f'[mqtt]\npassword_file = ["{PASSWORD}"]',
    "a table instead of a file": f'[mqtt]\npassword_file = {{ text = "{PASSWORD}" }}',
    "a text instead of the table": f'mqtt = "{PASSWORD}"',
    "a list instead of the table": f'mqtt = ["{PASSWORD}"]',
    "no quotes": f"[mqtt]\npassword_file = {PASSWORD}",
    "a line of its own": f"[mqtt]\n{PASSWORD}",
    "no end": f'[mqtt]\npassword_file = "{PASSWORD}',
    "twice": f'[mqtt]\nuser = "{PASSWORD}"\nuser = "{PASSWORD}"',
    "an address with a password": f'[mqtt]\nbroker = "box:{PASSWORD}@broker.example:1883"',
    "an address as a URL": f'[mqtt]\nbroker = "mqtt://box:{PASSWORD}@broker.example:1883"',
    "a wrong address with a password": f'[mqtt]\nbroker = "box:{PASSWORD}@broker.example"',
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_configuration_is_reported_without_the_secret_in_it(tmp_path: Path, mistake: str) -> None:
    run, kept, file = tmp_path / "run", tmp_path / "kept", tmp_path / "boothkit.toml"
    for folder in (run / "secret", kept):
        folder.mkdir(parents=True)
    file.write_text(MISTAKES[mistake] + "\n")
    env = {**os.environ, "BOOTHKIT_RUN": str(run), "STATE_DIRECTORY": str(kept)}
    laid_down = boothkit("configure", "--config", str(file), env=env)
    refused = boothkit("up", "--config", str(file), "--data", str(tmp_path / "data"), "--for", "0", env=env)
    assert (run / "board" / "configuration" / "page.json").exists(), "it was taken for right"
    assert refused.returncode == 2
    for told in (laid_down.stdout + laid_down.stderr, refused.stdout + refused.stderr, files(run)):
        assert not search(told, [PASSWORD, DIGITS]), told
