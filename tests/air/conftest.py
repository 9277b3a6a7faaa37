"""A box, a guest's phone and the internet, each in a network namespace of its own.

The box runs everything that makes a guests' Wi-Fi but the radio: our configuration's files, NetworkManager in shared
mode with its dnsmasq and its dispatcher, the firewall, the portal, the steward. The phone's end of a cable stands for
the air.
"""

import json
import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.services.configuration import settle
from tests.conftest import wait_until
from tests.systemd.conftest import SYSTEMD, Namespace, needs, peopled

__all__ = ["peopled"]

SSID, RATE_KBIT = "Quay Yard", 4_000
TOML = f"""
[staff]
host = "0.0.0.0"
https_port = 0
[portal]
host = "0.0.0.0"
port = 80
[steward]
guest_admit = ["root"]
guest_released = ["root"]
[wifi]
ssid = "{SSID}"
pass_through = true
rate_kbit = {RATE_KBIT}
"""
BOX, NOBODY, INTERNET = "10.77.0.1", "198.51.100.1", "198.18.0.2"
"""The internet's is for benchmarks (RFC 2544): dnsmasq takes those of documentation for private ones."""
REAL = "kiosk.example"
"""A name that the internet knows, and nobody else."""

_MANAGER = """
mount -t tmpfs tmpfs /run; mkdir -p /run/dbus /run/boothkit /run/NetworkManager/system-connections
mount -t tmpfs tmpfs /var/lib/NetworkManager
mount -t tmpfs tmpfs /etc/NetworkManager
mkdir /etc/NetworkManager/dnsmasq-shared.d /etc/NetworkManager/dispatcher.d
mount -t sysfs -o ro sysfs /sys
"""
"""A place in which NetworkManager can run: read-only, /sys says that there is no udev to wait for."""

_LEASE = """#!/bin/sh
# What dhclient found, and udhcpc: the address, the way, and all that was said.
env >/run/lease
address=${new_ip_address:-$ip} router=${new_routers:-$router} names=${new_domain_name_servers:-$dns}
[ -n "$address" ] || exit 0
ip address replace "$address/24" dev wlan0
ip route replace default via "$router"
echo "nameserver $names" >/etc/resolv.conf
"""
_DHCLIENT = """
option captive-portal code 114 = text;
request subnet-mask, routers, domain-name-servers, captive-portal;
timeout 20;
"""

# Over TCP or UDP, as far as one byte or a refusal: "open" or the error's name.
_REACH = """
import errno, socket, sys
kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
link = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
link.settimeout(5)
try:
    link.connect((host, port))
    if kind == "udp":
        link.send(b"x")
        link.recv(1)
    print("open")
except OSError as error:
    print(errno.errorcode.get(error.errno, type(error).__name__))
"""

# The internet: a web server whose every page says so, or is long.
_WEB = """
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = bytes(int(self.path[6:])) if self.path.startswith("/long/") else b"the internet"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(("", 80), Page)
print("ready", flush=True)
server.serve_forever()
"""


@dataclass(frozen=True)
class Said:
    """An answer of HTTP: ``to`` is where it leads."""

    status: int
    to: str
    kind: str
    body: bytes


class Manager:
    """NetworkManager and the bus that it needs, in a place that was made with ``_MANAGER``."""

    def __init__(self, place: Namespace, more: str) -> None:
        """``more``: lines of its configuration."""
        self._place = place
        text = f"[main]\nplugins=keyfile\nauth-polkit=false\ndns=none\n{more}"
        put(place, "/etc/NetworkManager/NetworkManager.conf", text)
        # Nobody's proxy: on a phone there is none.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {"PATH": os.environ["PATH"]}}
        bus = place.argv("dbus-daemon", "--system", "--nofork", "--nopidfile")
        self._running = [subprocess.Popen(bus, **quiet)]  # type: ignore[call-overload]
        wait_until(lambda: tried(place, "test", "-S", "/run/dbus/system_bus_socket"), "the bus is there")
        self._running.append(subprocess.Popen(place.argv("NetworkManager", "--no-daemon"), **quiet))  # type: ignore[call-overload]
        wait_until(lambda: tried(place, "nmcli", "general"), "NetworkManager answers")

    def ask(self, *words: str) -> str:
        return self._place.run("nmcli", "--terse", *words).strip()

    def close(self) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait(20)


class Air:
    """All three of them."""

    def __init__(self, peopled: Path, folder: Path) -> None:
        self.folder = folder
        self._more: list[subprocess.Popen[str]] = []
        users = "".join(f"mount --bind {peopled}/etc/{name} /etc/{name}; " for name in ("passwd", "group"))
        resolv = {name: folder / f"resolv.{name}" for name in ("box", "phone")}
        resolv["box"].write_text(f"nameserver {INTERNET}\n")
        resolv["phone"].write_text("")
        named = {name: f"mount --bind {path} /etc/resolv.conf\n" for name, path in resolv.items()}
        self.box = Namespace(f"{users}{named['box']}{_MANAGER}")
        self.phone, self.internet = Namespace(named["phone"] + _MANAGER), Namespace()
        for name, other, far in (("ap0", self.phone, "wlan0"), ("eth0", self.internet, "eth0")):
            self.box.run("ip", "link", "add", name, "type", "veth", "peer", far, "netns", str(other.pid))
        self.phone.run("ip", "link", "set", "wlan0", "up")
        self.internet.run("ip", "address", "add", f"{INTERNET}/24", "dev", "eth0")
        self.internet.run("ip", "link", "set", "eth0", "up")
        self._stay(self.internet, sys.executable, "-c", _WEB)
        knows = ("--address", f"/{REAL}/{INTERNET}", "--address", "/rebound.example/192.168.7.7")
        self._start(self.internet, "dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", *knows, "--pid-file")
        self._make_air()
        self._begin_box()

    def _make_air(self) -> None:
        """What the configuration lays down, where the system's programs look for it."""
        (self.folder / "box.toml").write_text(TOML)
        run = self.folder / "run" / "boothkit"
        for made in (run / "secret", self.folder / "kept"):
            made.mkdir(parents=True)
        outcome = settle(run, self.folder / "kept", self.folder / "box.toml")
        assert outcome.fault == ""
        self.box.run("cp", "-r", f"{run}/.", "/run/boothkit")
        # Laid down beside, for the place that it is for.
        self.box.run("sed", "-i", f"s#{run}#/run/boothkit#", "/run/boothkit/air/shared/boothkit.conf")
        self.box.run("cp", SYSTEMD / "dnsmasq-shared.conf", "/etc/NetworkManager/dnsmasq-shared.d/boothkit.conf")
        self.box.run("cp", SYSTEMD / "nm-dispatcher", "/etc/NetworkManager/dispatcher.d/50-boothkit")
        self.box.run("nft", "-f", SYSTEMD / "boothkit.nft")
        # There is no radio: the same profile for a cable.
        profile = (run.parent / "NetworkManager/system-connections/boothkit-guests.nmconnection").read_text()
        cable = re.sub(r"\[wifi\].*?(?=\[ipv4\])", "", profile, flags=re.DOTALL).replace("=wifi", "=ethernet")
        uplink = (
            "[connection]\nid=uplink\ntype=ethernet\ninterface-name=eth0\n"
            f"[ipv4]\nmethod=manual\naddress1=198.18.0.1/24,{INTERNET}\n[ipv6]\nmethod=disabled\n"
        )
        for name, text in (("boothkit-guests", cable), ("uplink", uplink)):
            put(self.box, f"/run/NetworkManager/system-connections/{name}.nmconnection", text, "600")
        self.manager = Manager(self.box, "[device]\nmatch-device=interface-name:*\nmanaged=1\n")
        wait_until(lambda: "eth0" in self.way_out(), "guests who were let through get out")
        (words,) = [
            line.partition("=")[2]
            for line in (SYSTEMD / "boothkit-names.service").read_text().splitlines()
            if line.startswith("ExecStart=")
        ]
        self._start(self.box, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *shlex.split(words))

    def _begin_box(self) -> None:
        argv = [sys.executable, "-m", "appliance.cli", "up", "--demo", "--data", str(self.folder / "box")]
        argv += ["--config", str(self.folder / "box.toml"), "--staff-port", "8080", "--bench-port", "0"]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(self.box.argv(*argv), stdout=subprocess.PIPE, stderr=log, text=True)
        self._more.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (self.folder / "log").read_text()[-3000:]
        self.run = Path(json.loads(line)["run"])

    def _start(self, place: Namespace, *argv: str) -> None:
        with (self.folder / "servers").open("ab") as log:
            self._more.append(subprocess.Popen(place.argv(*argv), stdout=log, stderr=log, text=True))

    def _stay(self, place: Namespace, *argv: str) -> None:
        """A server, until it says that it is ready."""
        process = subprocess.Popen(place.argv(*argv), stdout=subprocess.PIPE, text=True)
        self._more.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    def way_out(self) -> str:
        """Interfaces of guests who get out if they were let through, and the box's way to everywhere."""
        through = re.search(r"elements = \{(.*)\}", self.box.run("nft", "list", "set", "inet", "boothkit", "through"))
        return (through[1] if through else "") + self.box.run("ip", "-4", "route", "show", "default")

    def released(self) -> str:
        """The firewall's own word."""
        return self.box.run("nft", "list", "set", "inet", "boothkit", "released")

    def close(self) -> None:
        for process in reversed(self._more):
            process.terminate()
            process.communicate(timeout=60)
        self.manager.close()
        for place in (self.box, self.phone, self.internet):
            place.close()


class Phone:
    """One more guest's device: a MAC that nobody has seen, and the lease that it got."""

    def __init__(self, air: Air) -> None:
        self.air, self.place = air, air.phone
        self.mac = "02:" + ":".join(f"{byte:02x}" for byte in secrets.token_bytes(5))
        self.place.run("ip", "address", "flush", "dev", "wlan0")
        self.place.run("ip", "link", "set", "wlan0", "address", self.mac)
        put(self.place, "/run/got", _LEASE, "755")
        put(self.place, "/run/dhclient.conf", _DHCLIENT)
        self.place.run("sh", "-c", "rm -f /run/lease /run/leases; : >/etc/resolv.conf")

    def dhclient(self) -> dict[str, str]:
        """What ISC's client got, by its names."""
        files = ("-cf", "/run/dhclient.conf", "-lf", "/run/leases", "-pf", "/run/dhclient.pid", "-sf", "/run/got")
        argv = self.place.argv("dhclient", "-4", "-1", "-d", *files, "wlan0")
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
            wait_until(lambda: tried(self.place, "grep", "-q", "nameserver", "/etc/resolv.conf"), "a lease")
            client.terminate()
        return self._lease()

    def udhcpc(self) -> dict[str, str]:
        """What BusyBox's got, which asks for nothing special."""
        self.place.run("udhcpc", "-n", "-q", "-f", "-i", "wlan0", "-s", "/run/got", "-x", "0x3d:01" + "0" * 12)
        return self._lease()

    def _lease(self) -> dict[str, str]:
        lines = self.place.run("cat", "/run/lease").splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def get(self, url: str, *more: str) -> Said:
        """As curl gets it, by name and without a proxy; ``more``: its options."""
        tell = "\n%{http_code}\n%{redirect_url}\n%{content_type}"
        argv = self.place.argv("curl", "-q", "--silent", "--noproxy", "*", "--max-time", "30", "-w", tell, *more, url)
        done = subprocess.run(argv, capture_output=True)
        assert done.returncode == 0, f"{url}: curl ends with {done.returncode}"
        body, status, to, kind = done.stdout.rsplit(b"\n", 3)
        return Said(int(status), to.decode(), kind.decode(), body)

    def join(self, *more: str) -> Said:
        """The button."""
        return self.get(f"http://{BOX}/join", "--data", "", "-H", f"Origin: http://{BOX}", *more)

    def reach(self, kind: str, host: str, port: int) -> str:
        """ "open", or the name of the error."""
        return self.place.run(sys.executable, "-c", _REACH, kind, host, str(port)).strip()

    def dig(self, *words: str) -> list[str]:
        """Addresses of an answer."""
        return self.place.run("dig", "+short", "+time=5", "+tries=1", *words).split()


def put(place: Namespace, path: str, text: str, rights: str = "644") -> None:
    """A file in a place's own folders, which nobody else sees."""
    script = f"umask 077; cat >{path} && chmod {rights} {path}"
    subprocess.run(place.argv("sh", "-c", script), input=text, text=True, check=True)


def tried(place: Namespace, *argv: str) -> bool:
    """Whether it ends well."""
    return subprocess.run(place.argv(*argv), capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def air(peopled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Air]:
    """One for all tests; each brings a phone of its own."""
    needs("unshare", "nsenter", "ip", "nft", "setpriv", "dnsmasq", "dbus-daemon", "NetworkManager", "nmcli", root=True)
    needs("dhclient", "udhcpc", "dig", "curl")
    folder = tmp_path_factory.mktemp("air")
    folder.chmod(0o755)
    made = Air(peopled, folder)
    yield made
    made.close()


@pytest.fixture
def phone(air: Air) -> Phone:
    """Somebody who just came."""
    one = Phone(air)
    one.dhclient()
    return one
