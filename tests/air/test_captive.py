"""What phones meet on the guests' Wi-Fi, with the real programs on both sides of a cable that stands for the air."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.air.conftest import BOX, INTERNET, NOBODY, RATE_KBIT, REAL, Air, Phone
from tests.conftest import wait_until
from web.portal.pages.captive import PROBES

PORTAL = f"http://{BOX}/"
NAMES = {
    "/generate_204": "connectivitycheck.gstatic.com",
    "/gen_204": "www.google.com",
    "/hotspot-detect.html": "captive.apple.com",
    "/library/test/success.html": "www.apple.com",
    "/connecttest.txt": "www.msftconnecttest.com",
    "/ncsi.txt": "www.msftncsi.com",
    "/success.txt": "detectportal.firefox.com",
    "/canonical.html": "detectportal.firefox.com",
    "/check_network_status.txt": "nmcheck.gnome.org",
    "/nm": "network-test.debian.org",
}
"""Whom each system asks."""
APPLE = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n"
SUCCESS = {
    "/generate_204": (204, b""),
    "/gen_204": (204, b""),
    "/hotspot-detect.html": (200, APPLE),
    "/library/test/success.html": (200, APPLE),
    "/connecttest.txt": (200, b"Microsoft Connect Test"),
    "/ncsi.txt": (200, b"Microsoft NCSI"),
    "/success.txt": (200, b"success\n"),
    "/canonical.html": (
        200,
        b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>',
    ),
    "/check_network_status.txt": (200, b"NetworkManager is online\n"),
    "/nm": (200, b"NetworkManager is online\n"),
}

# A connection that says nothing until it is told to.
HOLD = """
import socket, sys
link = socket.create_connection((sys.argv[1], 80), 5)
print("there", flush=True)
sys.stdin.readline()
try:
    link.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(len(link.recv(99)))
except OSError as error:
    print(type(error).__name__)
"""


@pytest.fixture
def alone(air: Air) -> Iterator[Air]:
    """The box has no way out, so that whoever was let through stays with it."""
    air.manager.ask("connection", "down", "uplink")
    wait_until(lambda: air.way_out() == "", "nobody gets out")
    yield air
    air.manager.ask("connection", "up", "uplink")
    wait_until(lambda: "eth0" in air.way_out() and "ap0" in air.way_out(), "guests get out again")


def test_a_lease_says_where_the_portal_tells_how_things_are(air: Air) -> None:
    lease = Phone(air).dhclient()
    assert lease["new_captive_portal"].strip('"') == f"http://{BOX}/capport"
    assert (lease["new_routers"], lease["new_domain_name_servers"]) == (BOX, BOX)


def test_which_phone_has_an_address_is_known_in_memory_alone(air: Air, phone: Phone) -> None:
    assert phone.mac in air.box.run("cat", "/run/boothkit/air/leases")
    assert air.box.run("find", "/var/lib/NetworkManager", "-name", "*.leases", "-size", "+0") == ""


def test_a_phone_that_does_not_ask_for_it_is_told_too(air: Air) -> None:
    lease = Phone(air).udhcpc()
    assert bytes.fromhex(lease["opt114"]) == f"http://{BOX}/capport".encode()


def test_before_the_button_every_probe_and_every_name_leads_to_the_portal(phone: Phone) -> None:
    assert set(NAMES) == set(SUCCESS) == set(PROBES)
    asked = [f"http://{name}{path}" for path, name in NAMES.items()]
    asked += ["http://neverssl.com/", "http://shop.example/a/b?c=d", "http://captive.apple.com/", f"http://{NOBODY}/x"]
    found = {url: phone.get(url) for url in asked}
    assert {url: (said.status, said.to) for url, said in found.items()} == dict.fromkeys(asked, (302, PORTAL))
    told = phone.get(f"http://{BOX}/capport")
    assert told.kind == "application/captive+json"
    assert json.loads(told.body) == {"captive": True, "user-portal-url": PORTAL}
    assert b"Use this Wi" in phone.get(PORTAL).body


def test_after_the_button_every_probe_hears_what_its_system_takes_for_success(alone: Air, phone: Phone) -> None:
    assert phone.join().status == 303
    assert phone.mac in alone.released()
    found = {path: phone.get(f"http://{name}{path}") for path, name in NAMES.items()}
    assert {path: (said.status, said.body) for path, said in found.items()} == SUCCESS
    assert phone.get("http://captive.apple.com/").body == APPLE
    assert phone.get("http://neverssl.com/").to == PORTAL
    told = json.loads(phone.get(f"http://{BOX}/capport").body)
    assert (told["captive"], told["can-extend-session"]) == (False, True)
    assert 11 * 3600 < told["seconds-remaining"] <= 12 * 3600
    page = phone.get(PORTAL).body
    assert b"You are on this Wi" in page
    assert b"There is no internet behind it" in page
    # Another phone is still outside.
    other = Phone(alone)
    other.dhclient()
    assert other.get("http://www.gstatic.com/generate_204").status == 302


def test_a_portal_that_begins_anew_knows_whom_it_let_through(alone: Air, phone: Phone) -> None:
    phone.join()
    page = alone.run / "board" / "portal" / "page.json"
    before = json.loads(page.read_text())["pid"]
    alone.box.run("kill", "-9", str(before))
    wait_until(lambda: json.loads(page.read_text())["pid"] != before, "the portal is back")
    wait_until(lambda: json.loads(page.read_text())["state"] == "ready", "the portal answers")
    assert phone.get("http://connectivitycheck.gstatic.com/generate_204").status == 204


def test_https_and_everything_else_is_refused_at_once(phone: Phone) -> None:
    for host in (NOBODY, "1.1.1.1", INTERNET):
        assert phone.reach("tcp", host, 443) == "ECONNREFUSED"
        assert phone.reach("udp", host, 443) == "ECONNREFUSED"
        assert phone.reach("tcp", host, 853) == "ECONNREFUSED"


def test_somebody_elses_names_are_answered_by_the_box(phone: Phone) -> None:
    assert phone.dig("anything.example") == [NOBODY]
    assert phone.dig("@8.8.8.8", REAL) == [NOBODY]
    assert phone.dig("@8.8.8.8", "+tcp", REAL) == [NOBODY]
    assert phone.dig("box.booth") == [BOX]
    # No other kind of answer comes, nor is one waited for.
    assert phone.dig("@8.8.8.8", "AAAA", REAL) == phone.dig("HTTPS", REAL) == []
    assert phone.reach("tcp", BOX, 5300) == "ECONNREFUSED"


def test_no_guest_reaches_the_staff(air: Air, phone: Phone) -> None:
    for _ in ("before the button", "after it"):
        for host in (BOX, "198.18.0.1"):
            assert phone.reach("tcp", host, 8080) == "ECONNREFUSED"
            assert phone.reach("tcp", host, 22) == "ECONNREFUSED"
        phone.join()


def test_a_name_that_was_asked_for_comes_back_nowhere(phone: Phone) -> None:
    for host in (
        "evil.example",
        "evil.example:80",
        "10.77.0.1.evil.example",
        "evil.example/x@10.77.0.1",
        "[::1]",
        "a b",
    ):
        for path in ("", "generate_204", "hotspot-detect.html", "capport", "join", "//elsewhere.example/%2f.."):
            said = phone.get(
                f"{PORTAL}{path}", "--path-as-is", "-H", f"Host: {host}", "-H", f"X-Forwarded-Host: {host}"
            )
            # 400: no name at all, and told so before anybody looks at it; 404: a name that is none, and no such page.
            assert (said.status, said.to) in ((302, PORTAL), (200, ""), (400, ""), (404, "")), (host, path)
            assert b"evil" not in said.body
    assert phone.join("-H", "Origin: http://evil.example").status == 403
    assert phone.mac not in phone.air.released()


def test_pressing_again_begins_the_hours_anew_and_a_thousand_presses_cost_one(air: Air, phone: Phone) -> None:
    air.box.run("nft", "add", "element", "inet", "boothkit", "released", f"{{ {phone.mac} timeout 1h }}")
    assert phone.join().status == 303
    assert f"{phone.mac} timeout 12h" in air.released()
    log = (air.folder / "log").read_text().count("guest.admit")
    assert {phone.join().status for _ in range(5)} == {303}
    assert (air.folder / "log").read_text().count("guest.admit") == log


def test_the_button_does_nothing_for_who_is_not_on_the_guests_wifi(air: Air) -> None:
    argv = (
        "curl",
        "-q",
        "-s",
        "--noproxy",
        "*",
        "-H",
        "Accept: application/json",
        "--data",
        "",
        "http://127.0.0.1/join",
    )
    assert json.loads(air.box.run(*argv))["type"] == "/problems/not-on-air"
    assert "neverssl" not in air.box.run(*argv[:5], "-i", "-H", "Host: neverssl.com", "http://127.0.0.1/generate_204")


def test_who_was_let_through_gets_to_the_internet_and_nobody_else(air: Air, phone: Phone) -> None:
    assert phone.get(f"http://{INTERNET}/").to == PORTAL
    assert phone.reach("tcp", INTERNET, 8443) == "ECONNREFUSED"
    assert b"on to the internet" in phone.get(PORTAL).body
    phone.join()
    assert phone.get(f"http://{REAL}/").body == b"the internet"
    assert phone.get(f"http://{INTERNET}/").body == b"the internet"
    assert b"The internet works" in phone.get(PORTAL).body
    assert phone.dig("@8.8.8.8", "box.booth") == [BOX]
    # Not into private networks, by address or by a name that leads there; and only as long as the release lasts.
    assert phone.dig("rebound.example") == []
    air.internet.run("ip", "address", "replace", "192.168.7.7/32", "dev", "eth0")
    assert phone.reach("tcp", "192.168.7.7", 80) == "ECONNREFUSED"
    air.box.run("nft", "delete", "element", "inet", "boothkit", "released", f"{{ {phone.mac} }}")
    assert phone.get(f"http://{INTERNET}/").to == PORTAL


def test_a_connection_ends_with_the_release(air: Air, phone: Phone) -> None:
    phone.join()
    argv = phone.place.argv(sys.executable, "-c", HOLD, INTERNET)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == "there\n"
        air.box.run("nft", "delete", "element", "inet", "boothkit", "released", f"{{ {phone.mac} }}")
        said, _ = held.communicate("\n", timeout=30)
    assert said == "ConnectionResetError\n"


@pytest.mark.parametrize("way", ["down", "up"])
def test_nobody_takes_more_of_the_line_than_the_configuration_allows(
    air: Air, phone: Phone, tmp_path: Path, way: str
) -> None:
    phone.join()
    size, second = 1_500_000, RATE_KBIT * 125
    file = tmp_path / "long"
    file.write_bytes(bytes(size))
    begun = time.monotonic()
    if way == "down":
        assert len(phone.get(f"http://{INTERNET}/long/{size}").body) == size
    else:
        assert phone.get(f"http://{INTERNET}/", "--data-binary", f"@{file}").status == 200
    took = time.monotonic() - begun
    sys.stdout.write(f"{way}: {size * 8 / took / 1000:.0f} kbit/s of {RATE_KBIT}\n")
    # The kernel lets a quiet line begin with a second's worth and the burst.
    assert took > (size - second - second // 4) / second


def test_without_a_way_out_who_was_let_through_is_with_the_box_again(alone: Air, phone: Phone) -> None:
    phone.join()
    assert phone.get(f"http://{REAL}/").to == PORTAL
    assert phone.reach("tcp", INTERNET, 443) == "ECONNREFUSED"
    assert phone.get("http://connectivitycheck.gstatic.com/generate_204").status == 204
