"""Promises of the configuration: every mistake is named with file, line or key, what was found, what is allowed."""

from pathlib import Path

import pytest

from appliance import config
from appliance.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[box]\nidd = "x"\n', ["unknown key 'idd'", "[box]", "id, cell"]),
        ('[box]\nid = "X Y"\n', ["box.id", "'X Y'"]),
        ("[staff]\nport = 99999\n", ["staff.port", "65535", "99999"]),
        ('[staff]\nport = "80"\n', ["staff.port", "int", "'80'"]),
        ("nonsense = 1\n", ["unknown key 'nonsense'", "top level"]),
        ("[box\n", ["line 1"]),
        ("[box]\nid = \n", ["line 2"]),
        ('[devices]\nprinta = "tcp://x"\n', ["'printa'", "printer, scanner, footfall, power"]),
        ('[mqtt]\nbroker = "broker"\n', ["mqtt.broker", "'broker'", "host:port"]),
        ('[portal]\npublic_url = "ftp://x"\n', ["portal.public_url", "ftp://x", "http://HOST"]),
        ("box = 3\n", ["box", "found 3"]),
    ],
)
def test_a_mistake_is_named_with_file_place_and_what_is_allowed(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "boothkit.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as found:
        config.load(path)
    for word in [str(path), *words]:
        assert word in str(found.value)
    assert found.value.remedy


def test_a_byte_order_mark_and_crlf_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "boothkit.toml"
    path.write_bytes(b'\xef\xbb\xbf[box]\r\nid = "stall-7"\r\ncell = "harbour"\r\n')
    assert config.load(path).box == config.Box(id="stall-7", cell="harbour")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "boothkit.toml"
    path.write_bytes(b'[box]\nid = "\xff"\n')
    with pytest.raises(ConfigError, match="byte 12 is not UTF-8"):
        config.load(path)


def test_the_file_goes_over_the_demo_and_the_command_line_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOTHKIT_MQTT", "127.0.0.1:1884")
    path = tmp_path / "boothkit.toml"
    path.write_text('[staff]\nport = 1\n[devices]\npower = "vedirect:///dev/x"\n')
    below = {"staff": {"port": 2, "host": "127.0.0.1"}, "devices": {"printer": "tcp://127.0.0.1:1"}}
    found = config.load(path, below=below, above={"staff": {"port": 3}})
    assert (found.staff.port, found.staff.host) == (3, "127.0.0.1")
    assert found.devices == {"printer": "tcp://127.0.0.1:1", "power": "vedirect:///dev/x"}
    assert found.mqtt.broker == "127.0.0.1:1884"


def test_what_up_resolved_is_what_its_workers_read(tmp_path: Path) -> None:
    resolved = config.load(None, below={"box": {"id": "a"}, "devices": {"printer": "tcp://127.0.0.1:1"}})
    config.save_resolved(resolved, tmp_path / "config.json")
    assert config.load(tmp_path / "config.json") == resolved
