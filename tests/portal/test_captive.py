"""The captive portal where there is no Wi-Fi: probes are answered as for a phone that was not let through, and the
button says what is missing. With one: the kernel's tables, written down as it writes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.config import Wifi
from appliance.errors import Problem
from tests.portal.stall import JSON, Stall, ask
from web.portal.gate import ASK_AGAIN_S, Gate
from web.portal.pages.captive import PROBES

MAC, PEER = "02:00:5e:10:00:01", "10.77.0.20"
HEAD = "IP address       HW type     Flags       HW address            Mask     Device\n"
ROUTES = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
HOUR = 3600


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_finds_the_portal_whatever_name_it_asks_for(stall: Stall, path: str) -> None:
    for host in ("captive.apple.com", "evil.example", ""):
        said = ask(stall.demo.ready["portal"], path, Host=host)
        assert (said.status, said.headers["Location"]) == (302, "/")
        assert "evil" not in said.text


def test_the_capport_api_says_that_nobody_was_let_through(stall: Stall) -> None:
    said = ask(stall.demo.ready["portal"], "/capport", Host="evil.example")
    assert (said.status, said.headers["Content-Type"]) == (200, "application/captive+json")
    assert said.headers["Cache-Control"] == "private, no-store"
    assert said.json == {"captive": True, "user-portal-url": "http://10.77.0.1/"}


def test_the_button_says_that_there_is_no_wifi(stall: Stall) -> None:
    portal = stall.demo.ready["portal"]
    assert "This box makes no Wi" in ask(portal, "/join").text
    said = ask(portal, "/join", "POST", b"", **JSON)
    assert (said.status, said.json["type"]) == (409, "/problems/no-air")
    assert "Use this Wi" not in ask(portal, "/").text
    other = ask(portal, "/join", "POST", b"", Origin="http://evil.example", **JSON)
    assert other.json["type"] == "/problems/csrf"


class Around:
    """A gate, the kernel's tables, and a steward that remembers what it was asked."""

    def __init__(self, folder: Path, **wifi: Any) -> None:
        self.folder, self.now, self.asked = folder, 1000.0, list[tuple[str, dict[str, Any]]]()
        self.down = False
        self.released: dict[str, int] = {}
        self.neighbours((PEER, "0x2", MAC, "ap0"), ("10.77.0.21", "0x0", "00:00:00:00:00:00", "ap0"))
        self.routes()
        self.gate = Gate(Wifi(ssid="Quay", **wifi), self.steward, lambda: self.now, folder)

    def neighbours(self, *rows: tuple[str, str, str, str]) -> None:
        lines = [f"{ip:17}0x1         {flags:12}{mac}     *        {device}\n" for ip, flags, mac, device in rows]
        (self.folder / "arp").write_text(HEAD + "".join(lines))

    def routes(self, *rows: str) -> None:
        (self.folder / "route").write_text(ROUTES + "".join(f"{row}\n" for row in rows))

    def steward(self, verb: str, data: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((verb, data))
        if self.down:
            raise Problem("busy", "no steward")
        return {"released": self.released} if verb == "guest.released" else data


@pytest.fixture
def around(tmp_path: Path) -> Around:
    return Around(tmp_path)


def test_a_device_is_what_the_kernel_heard_of_it_on_the_guests_interface(around: Around) -> None:
    assert around.gate.device(PEER) == MAC
    assert around.gate.device("10.77.0.21") is None
    assert around.gate.device("10.77.0.2") is None
    around.neighbours((PEER, "0x2", MAC, "eth0"))
    assert around.gate.device(PEER) is None
    assert around.gate.joining(PEER).where == "elsewhere"


def test_a_release_lasts_as_long_as_the_configuration_says(around: Around) -> None:
    assert around.gate.joining(PEER).key == "asked"
    around.gate.admit(MAC)
    assert around.asked[-1] == ("guest.admit", {"mac": MAC, "hours": 12})
    assert around.gate.seconds(MAC) == 12 * HOUR
    around.now += 11 * HOUR
    around.gate.admit(MAC)
    assert around.gate.seconds(MAC) == 12 * HOUR
    around.now += 12 * HOUR
    assert around.gate.joining(PEER).where == "asked"


def test_pressing_again_at_once_asks_the_steward_nothing(around: Around) -> None:
    for _ in range(100):
        around.gate.admit(MAC)
    assert [verb for verb, _ in around.asked] == ["guest.released", "guest.admit"]


def test_what_an_earlier_portal_let_through_is_learnt_as_soon_as_the_steward_answers(around: Around) -> None:
    around.down = True
    around.released = {MAC: 100}
    assert around.gate.seconds(MAC) == 0
    around.down = False
    assert around.gate.seconds(MAC) == 0  # not at every request
    around.now += ASK_AGAIN_S
    assert around.gate.seconds(MAC) == 100
    assert [verb for verb, _ in around.asked] == 2 * ["guest.released"]


def test_a_steward_that_refuses_lets_nobody_through(around: Around) -> None:
    around.down = True
    with pytest.raises(Problem, match="no steward"):
        around.gate.admit(MAC)
    assert around.gate.seconds(MAC) == 0


def test_a_way_out_is_a_route_to_everywhere_and_the_leads_leave(tmp_path: Path) -> None:
    around = Around(tmp_path, pass_through=True)
    assert not around.gate.way_out()
    around.routes("ap0\t00004D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0")
    assert not around.gate.way_out()
    around.routes("eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0")
    assert around.gate.joining(PEER).key == "asked-out"
    kept = Around(tmp_path)
    around.routes("eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0")
    assert not kept.gate.way_out()


def test_ten_thousand_devices_are_not_remembered_for_ever(around: Around) -> None:
    for number in range(10_000):
        around.gate.admit(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
        around.now += 60
    kept = json.dumps(vars(around.gate)["_until"])
    assert len(json.loads(kept)) <= 4096
