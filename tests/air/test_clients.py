"""Programs that decide by themselves whether there is a portal: NetworkManager as a phone's, and a browser."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.air.conftest import BOX, Air, Manager, Phone
from tests.conftest import wait_until

CHECK = """
[connectivity]
uri=http://network-test.debian.org/nm
response=NetworkManager is online
[device]
match-device=interface-name:wlan0
managed=1
"""


@pytest.fixture
def manager(air: Air) -> Iterator[Manager]:
    phone = Phone(air)
    profile = (
        f"[connection]\nid=booth\ntype=ethernet\ninterface-name=wlan0\n[ethernet]\ncloned-mac-address={phone.mac}\n"
    )
    script = f"umask 077; printf '{profile}' >/run/NetworkManager/system-connections/booth.nmconnection"
    air.phone.run("sh", "-c", script)
    made = Manager(air.phone, CHECK)
    yield made
    made.close()


def test_networkmanager_sees_a_portal_before_the_button_and_the_internet_after_it(air: Air, manager: Manager) -> None:
    wait_until(lambda: "booth:wlan0" in manager.ask("-f", "name,device", "connection", "show", "--active"), "joined")
    Path(air.folder / "resolv.phone").write_text(f"nameserver {BOX}\n")
    wait_until(lambda: manager.ask("networking", "connectivity", "check") == "portal", "a portal is seen")
    argv = ("curl", "-q", "-s", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "--data", "")
    assert air.phone.run(*argv, f"http://{BOX}/join") == "303"
    air.manager.ask("connection", "down", "uplink")
    wait_until(lambda: air.way_out() == "", "nobody gets out")
    wait_until(lambda: manager.ask("networking", "connectivity", "check") == "full", "all is well")
    air.manager.ask("connection", "up", "uplink")
    wait_until(lambda: "eth0" in air.way_out() and "ap0" in air.way_out(), "guests get out again")


@pytest.fixture
def browser(air: Air, tmp_path: Path, chromium: Browser) -> Iterator[Browser]:
    """Chromium on the phone."""
    program = tmp_path / "chromium"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(air.phone.argv("/usr/bin/chromium"))} "$@"\n')
    program.chmod(0o755)
    one = chromium.browser_type.launch(executable_path=str(program), args=["--no-sandbox"])
    yield one
    one.close()


def test_whatever_a_browser_looks_for_it_finds_the_portal_and_its_button(phone: Phone, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto("http://shop.example/basket?item=3")
    assert page.url == f"http://{BOX}/"
    expect(page.locator("h1")).to_have_text("Quay Yard Market")
    page.get_by_role("button", name="Use this Wi").click()
    expect(page.locator("main")).to_contain_text("You are on this Wi")
    assert page.url == f"http://{BOX}/"
    assert phone.mac in phone.air.released()
    # Nothing hangs where https is asked for.
    other = Phone(phone.air)
    other.dhclient()
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        page.goto("https://shop.example/")
    page.close()


def test_the_access_points_profile_is_one_that_networkmanager_reads(air: Air, tmp_path: Path) -> None:
    profile = air.folder / "run/NetworkManager/system-connections/boothkit-guests.nmconnection"
    assert profile.stat().st_mode & 0o777 == 0o600
    with profile.open() as text:
        argv = ["nmcli", "--offline", "connection", "modify", "connection.autoconnect", "yes"]
        done = subprocess.run(argv, stdin=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mode=ap" in done.stdout
