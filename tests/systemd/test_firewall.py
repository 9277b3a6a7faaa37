"""The real rules in a network namespace of their own, with real sockets of the workers' users and of a guest."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.commands.worker import WORKERS
from tests.systemd.conftest import SYSTEMD, Namespace, needs

RULES = SYSTEMD / "boothkit.nft"
OUTSIDE = "203.0.113.2"
OUTSIDE6 = "2001:db8::2"
BOX = {"outside": "203.0.113.1", "phone": "10.77.0.1"}

# As a user: try to connect; "open" or the error's name.
CONNECT = """
import errno, os, socket, sys
uid, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
os.setgroups([]); os.setgid(uid); os.setuid(uid)
link = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
link.settimeout(5)
try:
    link.connect((host, port))
    print("open")
except OSError as error:
    print(errno.errorcode.get(error.errno, type(error).__name__))
"""

# As a user: listen on ports, say so, answer whoever comes.
LISTEN = """
import os, selectors, socket, sys
uid, ports = int(sys.argv[1]), map(int, sys.argv[2:])
selector = selectors.DefaultSelector()
for port in ports:
    selector.register(socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True), 1)
os.setgroups([]); os.setgid(uid); os.setuid(uid)
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        key.fileobj.accept()[0].close()
"""


class Net:
    """A box with a guest's phone at ap0 and the world at eth0, each in a namespace of its own."""

    def __init__(self, peopled: Path) -> None:
        passwd = (peopled / "etc/passwd").read_text().splitlines()
        self.uids = {fields[0]: int(fields[2]) for fields in (line.split(":") for line in passwd)}
        # The rules name users, and include a file below /run: both are this namespace's own.
        self.box = Namespace(
            f"mount --bind {peopled}/etc/passwd /etc/passwd; mount --bind {peopled}/etc/group /etc/group;"
            "mount -t tmpfs tmpfs /run; mkdir /run/boothkit"
        )
        self.phone, self.outside = Namespace(), Namespace()
        self._servers: list[subprocess.Popen[str]] = []
        self._cable("ap0", "10.77.0.1/24", self.phone, "10.77.0.20/24")
        self._cable("eth0", "203.0.113.1/24", self.outside, f"{OUTSIDE}/24")
        for place, address in ((self.box, "2001:db8::1/64"), (self.outside, f"{OUTSIDE6}/64")):
            place.run("ip", "address", "add", address, "dev", "eth0", "nodad")

    def _cable(self, name: str, address: str, other: Namespace, far: str) -> None:
        self.box.run("ip", "link", "add", name, "type", "veth", "peer", "eth0", "netns", str(other.pid))
        for place, device, own in ((self.box, name, address), (other, "eth0", far)):
            place.run("ip", "address", "add", own, "dev", device)
            place.run("ip", "link", "set", device, "up")

    def load(self) -> None:
        self.box.run("nft", "-f", RULES)

    def rules(self) -> str:
        return self.box.run("nft", "list", "ruleset")

    def listen(self, place: Namespace, *ports: int, user: str = "root") -> None:
        server = subprocess.Popen(
            place.argv(sys.executable, "-c", LISTEN, str(self.uids[user]), *map(str, ports)),
            stdout=subprocess.PIPE,
            text=True,
        )
        self._servers.append(server)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"

    def connect(self, place: Namespace, host: str, port: int, user: str = "root") -> str:
        return place.run(sys.executable, "-c", CONNECT, str(self.uids[user]), host, str(port)).strip()

    def close(self) -> None:
        for server in self._servers:
            server.terminate()
            server.communicate()
        for place in (self.box, self.phone, self.outside):
            place.close()


@pytest.fixture
def net(peopled: Path) -> Iterator[Net]:
    needs("unshare", "nsenter", "ip", "nft", root=True)
    net = Net(peopled)
    net.load()
    yield net
    net.close()


def test_a_guest_reaches_the_portal_and_nothing_else(net: Net) -> None:
    net.listen(net.box, 80, user="boothkit-portal")
    net.listen(net.box, 22, 8080, user="boothkit-till")
    net.listen(net.box, 8883, user="boothkit-site")
    assert net.connect(net.phone, BOX["phone"], 80) == "open"
    # At once, so that a phone's probes do not hang.
    assert net.connect(net.phone, BOX["phone"], 8080) == "ECONNREFUSED"
    assert net.connect(net.phone, BOX["phone"], 22) == "ECONNREFUSED"
    assert net.connect(net.phone, BOX["phone"], 8883) == "ECONNREFUSED"
    assert net.connect(net.outside, BOX["outside"], 8883) == "open"
    # The box's other address is no way round.
    net.phone.run("ip", "route", "add", BOX["outside"], "via", BOX["phone"])
    assert net.connect(net.phone, BOX["outside"], 8080) == "ECONNREFUSED"


HOLD = """
import socket, sys
held = []
for _ in range(int(sys.argv[2])):
    try:
        held.append(socket.create_connection((sys.argv[1], 80), 5, (sys.argv[3], 0)))
    except ConnectionRefusedError:
        pass
print(len(held))
"""


def test_no_guest_holds_more_than_a_hundred_of_the_portals_connections(net: Net) -> None:
    net.listen(net.box, 80, user="boothkit-portal")
    net.phone.run("ip", "address", "add", "10.77.0.21/24", "dev", "eth0")
    held = int(net.phone.run(sys.executable, "-c", HOLD, BOX["phone"], "300", "10.77.0.20"))
    assert 0 < held <= 100
    assert net.phone.run(sys.executable, "-c", HOLD, BOX["phone"], "10", "10.77.0.21").strip() == "10", "another phone"


def test_the_staff_on_another_interface_reach_the_till(net: Net) -> None:
    net.listen(net.box, 8080, user="boothkit-till")
    assert net.connect(net.outside, BOX["outside"], 8080) == "open"


@pytest.mark.parametrize("host", [OUTSIDE, OUTSIDE6])
def test_only_till_and_uplink_get_out_and_everybody_reaches_the_box_itself(net: Net, host: str) -> None:
    net.listen(net.outside, 1883)
    net.listen(net.box, 8080)
    users = [f"boothkit-{worker}" for worker in WORKERS]
    out = {user for user in users if net.connect(net.box, host, 1883, user) == "open"}
    assert out == {"boothkit-till", "boothkit-uplink"}
    assert net.connect(net.box, host, 1883) == "open"  # root: the system itself
    assert {net.connect(net.box, "127.0.0.1", 8080, user) for user in users} == {"open"}


@pytest.mark.parametrize("host", [OUTSIDE, OUTSIDE6])
def test_a_refused_worker_is_told_at_once(net: Net, host: str) -> None:
    net.listen(net.outside, 1883)
    for user in ("boothkit-portal", "boothkit-printing"):
        assert net.connect(net.box, host, 1883, user) == "ECONNREFUSED"


def test_printing_reaches_the_configured_printers_and_their_port_alone(net: Net) -> None:
    net.listen(net.outside, 9100, 80)
    assert net.connect(net.box, OUTSIDE, 9100, "boothkit-printing") != "open"
    net.box.run(
        "sh",
        "-c",
        f"echo 'add element inet boothkit printers {{ {OUTSIDE} . 9100 }}' >/run/boothkit/firewall.nft;"
        f"echo 'add element inet boothkit printers6 {{ {OUTSIDE6} . 9100 }}' >>/run/boothkit/firewall.nft",
    )
    net.load()
    for host in (OUTSIDE, OUTSIDE6):
        assert net.connect(net.box, host, 9100, "boothkit-printing") == "open"
        assert net.connect(net.box, host, 80, "boothkit-printing") != "open"
        assert net.connect(net.box, host, 9100, "boothkit-scanning") != "open"
    # A printer that is configured no more is reached no more.
    net.box.run("rm", "/run/boothkit/firewall.nft")
    net.load()
    assert net.connect(net.box, OUTSIDE, 9100, "boothkit-printing") != "open"


def test_loading_again_changes_no_rule_and_sends_no_released_guest_back(net: Net) -> None:
    before = net.rules()
    net.load()
    assert net.rules() == before
    # As the steward does it.
    net.box.run("nft", "add", "element", "inet", "boothkit", "released", "{ 02:00:00:00:00:01 timeout 12h }")
    net.load()
    assert "02:00:00:00:00:01 timeout 12h" in net.box.run("nft", "list", "set", "inet", "boothkit", "released")


def test_rules_that_cannot_be_read_leave_those_in_force(net: Net) -> None:
    before = net.rules()
    net.box.run("sh", "-c", "echo 'add element inet boothkit printers { nonsense }' >/run/boothkit/firewall.nft")
    done = subprocess.run(net.box.argv("nft", "-f", RULES), capture_output=True, text=True)
    assert done.returncode != 0
    assert net.rules() == before
