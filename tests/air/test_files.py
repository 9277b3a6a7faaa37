"""The guests' Wi-Fi in the configuration, and what is laid down of it."""

from pathlib import Path

import pytest

from appliance import config as configuration
from appliance.board import read_all
from appliance.config import Wifi
from appliance.errors import ConfigError
from appliance.services import air
from appliance.services.configuration import settle

OPEN, CLOSED = Wifi(ssid="Quay Yard"), Wifi(ssid="Käse; “Wein” \\", password=" pass;w\\rd "[1:-1], channel=11)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('ssid = "' + "ü" * 17 + '"', "34 bytes"),
        ('ssid = "a\\nb"', "printable"),
        ('ssid = " Quay"', "spaces"),
        ('ssid = "Quay"\npassword = "short"', "8 to 63"),
        ('ssid = "Quay"\npassword = "' + "x" * 64 + '"', "found 64"),
        ('ssid = "Quay"\npassword = "schlüssel"', "ASCII"),
        ('ssid = "Quay"\nchannel = 14', "channel"),
        ('ssid = "Quay"\ninterface = "ap0; flush ruleset"', "interface"),
        ('ssid = "Quay"\nrelease_hours = 0', "release_hours"),
        ('country = "DE"', "allowed are interface, ssid"),
    ],
)
def test_a_mistake_says_what_is_allowed(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "box.toml"
    file.write_text(f"[wifi]\n{text}\n")
    with pytest.raises(ConfigError, match=words) as found:
        configuration.load(file)
    for password in ("short", "xxxxx", "schlüssel"):
        assert password not in str(found.value)


def test_the_profile_has_the_name_byte_by_byte_and_the_password_as_it_is_read_back() -> None:
    text = air.keyfile(CLOSED)
    assert f"ssid={''.join(f'{byte};' for byte in CLOSED.ssid.encode())}\n" in text
    assert "psk=pass;w\\\\rd\n" in text
    assert "channel=11\n" in text
    assert "ap-isolation=1\n" in text
    assert "[wifi-security]" not in air.keyfile(OPEN)
    assert "psk=a\\sb\\s\\sc12\n" in air.keyfile(Wifi(ssid="x", password="a b  c12"))


def test_files_are_written_when_they_changed_and_go_with_the_wifi(tmp_path: Path) -> None:
    places = air.Places.beside(tmp_path / "boothkit")
    every = (places.profile, places.shared, places.names, places.through)
    assert not air.lay(Wifi(), places)
    assert air.lay(OPEN, places)
    assert [path.exists() for path in every] == [True, True, False, False]
    assert places.profile.stat().st_mode & 0o777 == 0o600
    assert places.shared.stat().st_mode & 0o777 == 0o644
    before = places.profile.stat().st_mtime_ns
    assert not air.lay(OPEN, places)
    assert places.profile.stat().st_mtime_ns == before
    assert air.lay(Wifi(ssid="Quay Yard", pass_through=True), places)
    assert all(path.exists() for path in every)
    assert air.lay(Wifi(), places)
    assert not any(path.exists() for path in every)


def test_the_firewall_is_told_the_interface_and_the_pace(tmp_path: Path) -> None:
    assert list(air.rules(Wifi())) == list(air.rules(OPEN))[:1] == ["flush set inet boothkit through\n"]
    assert list(air.rules(OPEN))[1:] == ['add element inet boothkit guests { "ap0" }\n']
    wide = "".join(air.rules(Wifi(ssid="x", pass_through=True, rate_kbit=1000, interface="wlan1")))
    assert '{ "wlan1" }' in wide
    assert "limit rate over 125000 bytes/second burst 31250 bytes" in wide
    assert "limit" not in "".join(air.rules(Wifi(ssid="x", pass_through=True, rate_kbit=0)))


def test_a_portal_where_no_guest_looks_is_said_on_the_board(tmp_path: Path) -> None:
    run, kept, file = tmp_path / "boothkit", tmp_path / "kept", tmp_path / "box.toml"
    for folder in (run / "secret", kept):
        folder.mkdir(parents=True)
    file.write_text('[wifi]\nssid = "Quay"\n[portal]\nport = 8081\n')
    settle(run, kept, file)
    assert "find no portal but at 80" in read_all(run)["configuration"]["reason"]
