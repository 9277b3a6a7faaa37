"""Two boxes with a cable between them, a broker on one, central behind another cable: each in a network of its own."""

import csv
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Problem
from appliance.journal.client import RecorderClient
from appliance.journal.read import Reader
from appliance.journal.verify import verify
from tests.brokers import MOSQUITTO
from tests.conftest import wait_until
from tests.systemd.conftest import Namespace, needs

LONG_S = 90
HUB, A, B = "10.91.0.1", "10.91.0.2", "10.91.0.3"
CABLE_A, CABLE_B = "10.92.0.2", "10.92.0.3"
CELL = "quay"

WRITE = """
import json, ssl, sys, time
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
host, ca, password, *messages = sys.argv[1:]
client = Client(CallbackAPIVersion.VERSION2, client_id="stranger", protocol=MQTTProtocolVersion.MQTTv5)
client.username_pw_set("site", password)
client.tls_set_context(ssl.create_default_context(cafile=ca))
client.connect(host, 8883)
client.loop_start()
for message in map(json.loads, messages):
    properties = Properties(PacketTypes.PUBLISH)
    properties.UserProperty = [("note", message["note"])]
    client.publish(message["topic"], message["payload"], 1, message["retain"], properties).wait_for_publish(20)
client.disconnect()
client.loop_stop()
"""


class Place:
    """A network of its own, and what runs in it."""

    def __init__(self, folder: Path) -> None:
        self.net = Namespace()
        self.log = folder.with_suffix(".log")
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *argv: str | Path) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(self.net.argv(*argv), stdout=subprocess.PIPE, stderr=log)
        self._running.append(process)
        return process

    def boothkit(self, *words: str | Path) -> dict[str, Any]:
        """One that stays; the line that says that it is ready."""
        process = self.start(sys.executable, "-m", "appliance.cli", *words)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, self.log.read_text()[-4000:]
        ready: dict[str, Any] = json.loads(line)
        return ready

    def end(self) -> None:
        """Everything that runs here, in order."""
        for process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
            if process.stdout is not None:
                process.stdout.close()
        self._running.clear()

    def close(self) -> None:
        self.end()
        self.net.close()


class Box(Place):
    """A box of the site."""

    def __init__(self, folder: Path, name: str, own: str, site: str, more: str = "") -> None:
        super().__init__(folder / name)
        self.name, self.data, self._file = name, folder / name, folder / f"{name}.toml"
        self._site = site
        password = folder / "password"
        password.write_text("salt and pepper\n")
        self._tables = f'[box]\nid = "{name}"\ncell = "{CELL}"\n[mqtt]\nbroker = "{HUB}:1883"\n'
        self._tables += f'[staff]\nhttps_port = 0\nhttps_names = ["{CABLE_A}"]\n'
        self._tables += (
            f'[site]\nbroker = "{CABLE_A}:8883"\npassword_file = "{password}"\nca = "{folder}/ca.pem"\n{more}'
        )
        self.run = Path()
        self._client: RecorderClient | None = None
        self._turn = 0

    def up(self, central: str) -> None:
        self._file.write_text(f'{self._tables}[central]\nkey = "{central}"\n')
        ports = ("--staff-port", "0", "--portal-port", "0")
        ready = self.boothkit("up", "--config", self._file, "--data", self.data, *ports)
        self.run = Path(ready["run"])
        self._client = RecorderClient(self.run, "admin")

    def down(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
        self.end()

    def cli(self, *words: str | Path, most: int = 0) -> dict[str, Any]:
        """The answer of a command that ends with ``most`` at worst."""
        argv = [sys.executable, "-m", "appliance.cli", *words, "--config", self._file, "--data", self.data, "--json"]
        done = subprocess.run(self.net.argv(*argv), capture_output=True, text=True, check=False)
        assert done.returncode <= most, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def do(self, command: str, data: dict[str, Any]) -> dict[str, Any]:
        assert self._client is not None
        self._turn += 1
        return self._client.send(command, data, actor="admin:test", id=f"{self.name}-{self._turn}").answer

    def scan(self, code: str) -> dict[str, Any]:
        return self.do("ticket.scan", {"code": code})

    def status(self) -> dict[str, Any]:
        return self.cli("status", most=1)

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        with closing(Reader(self.data)) as reader:
            found = [json.loads(fact.body) for fact in reader.facts(0, 10_000)]
        return [body for body in found if body["kind"] == kind]

    def learnt(self, count: int) -> list[dict[str, Any]]:
        """So many admissions of other doors, as soon as they are there."""

        def enough() -> list[dict[str, Any]] | None:
            found = self.bodies("admission.learnt/1")
            return found if len(found) >= count else None

        facts: list[dict[str, Any]] = wait_until(enough, f"{self.name} hears of {count} admissions", LONG_S)
        return facts


class Site:
    """All of it: ``one`` runs the site's broker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub = Place(folder / "hub")
        self.one = Box(folder, "quay-a", A, CABLE_A, "serve = true\n")
        self.other = Box(folder, "quay-b", B, CABLE_B)
        self.central = folder / "central"
        self.codes: list[str] = []
        self.key = ""

    def start(self) -> None:
        """Everything, until both boxes have the policy."""
        folder = self.folder
        self._switch()
        self._start_central()
        self.one.up(self.key)
        ca = self.one.run / "pki" / "ca.pem"
        wait_until(ca.exists, "the box has made its certificate", LONG_S)
        shutil.copy(ca, folder / "ca.pem")
        self.other.up(self.key)
        self.codes = self._prepare()

    def _switch(self) -> None:
        """The uplinks meet in the hub; the cable between the boxes is one of their own."""
        self.hub.net.run("ip", "link", "add", "br0", "type", "bridge")
        self.hub.net.run("ip", "address", "add", f"{HUB}/24", "dev", "br0")
        self.hub.net.run("ip", "link", "set", "br0", "up")
        for port, (box, address) in enumerate(((self.one, A), (self.other, B))):
            name, pid = f"port{port}", str(box.net.pid)
            self.hub.net.run("ip", "link", "add", name, "type", "veth", "peer", "up0", "netns", pid)
            self.hub.net.run("ip", "link", "set", name, "master", "br0", "up")
            box.net.run("ip", "address", "add", f"{address}/24", "dev", "up0")
            box.net.run("ip", "link", "set", "up0", "up")
        pid = str(self.other.net.pid)
        self.one.net.run("ip", "link", "add", "site0", "type", "veth", "peer", "site0", "netns", pid)
        for box, address in ((self.one, CABLE_A), (self.other, CABLE_B)):
            box.net.run("ip", "address", "add", f"{address}/24", "dev", "site0")
            box.net.run("ip", "link", "set", "site0", "up")

    def cable(self, state: str) -> None:
        """The cable between the boxes, ``up`` or ``down``."""
        self.other.net.run("ip", "link", "set", "site0", state)

    def _start_central(self) -> None:
        conf = self.folder / "mosquitto.conf"
        conf.write_text("user root\nlistener 1883 0.0.0.0\nallow_anonymous true\n")
        self.hub.start(MOSQUITTO, "-c", conf)
        words = ("central", "serve", "--mqtt", "127.0.0.1:1883", "--http-port", "0", "--trust-first")
        self.key = self.hub.boothkit(*words, "--data", self.central)["key"]

    def _prepare(self) -> list[str]:
        """One event on both, its tickets, and central's policy that names both boxes and the key of the tickets."""
        about = ("--name", "Abendmarkt", "--area-m2", "12")
        event = self.one.cli("event", "create", *about)["event"]
        self.other.cli("event", "create", *about, "--event", event)
        for box in (self.one, self.other):
            box.do("list.define", {"list": "general", "entry": "single"})
            box.do("event.open", {})
        key = self.one.cli("tickets", "keygen")["public"]
        self.one.cli("tickets", "issue", "--list", "general", "--count", "9", "--out", self.folder / "tickets.csv")
        wait_until(lambda: len(self.report()["boxes"]) == 2, "central has heard both boxes", LONG_S)
        policy = self.folder / "policy"
        policy.mkdir()
        (policy / "policy.toml").write_text(f'version = 1\nscope = "{CELL}"\n')
        (policy / "peers.toml").write_text('peers = "enrolled"\n')
        (policy / "ticket-keys.toml").write_text(f'[[key]]\nevent = "{event}"\nfile = "{key}"\n')
        self.ops("sign", policy, "--publish")
        for box in (self.one, self.other):
            wait_until(
                lambda box=box: (box.status()["policy"] or {}).get("version") == 1, "the policy is there", LONG_S
            )
        with (self.folder / "tickets.csv").open(newline="") as file:
            return [row["code"] for row in csv.DictReader(file)]

    def ops(self, *words: str | Path) -> dict[str, Any]:
        argv = [
            sys.executable,
            "-m",
            "appliance.cli",
            "central",
            *map(str, words),
            "--data",
            str(self.central),
            "--json",
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def report(self) -> dict[str, Any]:
        return self.ops("report")

    def doubles(self) -> list[dict[str, Any]]:
        return [task for task in self.report()["tasks"] if task["kind"] == "double admission"]

    def all_safe(self) -> bool:
        boxes = self.report()["boxes"]
        return len(boxes) == 2 and all(box["safe"] == box["position"] for box in boxes)

    def write(self, *messages: dict[str, Any]) -> None:
        """What somebody with the site's password writes."""
        words = [json.dumps({"note": "", "retain": False} | message) for message in messages]
        ca = str(self.folder / "ca.pem")
        self.other.net.run(sys.executable, "-c", WRITE, CABLE_A, ca, "salt and pepper", *words)

    def close(self) -> None:
        self.one.down()
        self.other.down()
        for place in (self.hub, self.one, self.other):
            place.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    needs("unshare", "nsenter", "ip", "mosquitto_passwd", root=True)
    fresh = Site(tmp_path_factory.mktemp("site"))
    try:
        fresh.start()
        yield fresh
    finally:
        fresh.close()
    for box in (fresh.one, fresh.other):
        found = verify(box.data)
        assert found["ok"], found


def seen(box: Box, other: str) -> Callable[[], dict[str, Any] | None]:
    return lambda: (box.status()["site"] or {"boxes": {}})["boxes"].get(other)


@pytest.mark.timeout(300)
def test_a_ticket_that_was_used_at_one_door_is_refused_at_the_other_by_the_next_message(site: Site) -> None:
    wait_until(seen(site.other, "quay-a"), "the boxes see each other", LONG_S)
    assert site.one.scan(site.codes[0])["verdict"] == "admitted"
    (learnt,) = site.other.learnt(1)
    assert learnt["data"]["box"] == "quay-a"
    refused = site.other.scan(site.codes[0])
    assert (refused["reason"], refused["first"]["box"]) == ("already_used", "quay-a")
    wait_until(lambda: seen(site.other, "quay-a")()["inside"] == {"general": 1}, "the number inside is seen", LONG_S)  # type: ignore[index]


@pytest.mark.timeout(300)
def test_with_the_cable_cut_both_admit_and_central_raises_exactly_one_task(site: Site) -> None:
    before = len(site.one.bodies("admission.learnt/1"))
    site.cable("down")
    assert site.one.scan(site.codes[1])["verdict"] == "admitted"
    assert site.other.scan(site.codes[1])["verdict"] == "admitted"
    wait_until(site.doubles, "central has seen it", LONG_S)
    site.cable("up")
    facts = site.one.learnt(before + 1)
    assert facts[-1]["data"]["box"] == "quay-b"
    wait_until(site.all_safe, "central has everything", LONG_S)
    (task,) = site.doubles()
    assert {"quay-a", "quay-b"} <= set(task["about"].replace("/", " ").split())
    assert site.other.scan(site.codes[1])["reason"] == site.one.scan(site.codes[1])["reason"] == "already_used"


@pytest.mark.timeout(300)
def test_a_strangers_box_on_the_broker_changes_nothing(site: Site) -> None:
    wait_until(site.all_safe, "nothing is under way", LONG_S)
    positions = [box.status()["journal"]["pos"] for box in (site.one, site.other)]
    fact = site.one.bodies("ticket.admitted/1")[0]
    forged = json.dumps([{"data": fact | {"data": fact["data"] | {"ticket": "ab" * 8}}}])
    note = "Ym9vdGhraXQtc2l0ZS8xCg=="
    site.write(
        {"topic": f"boothkit/1/{CELL}/quay-x/facts", "payload": forged, "note": note},
        {"topic": f"boothkit/1/{CELL}/quay-a/facts", "payload": forged, "note": note},
        {"topic": f"boothkit/1/{CELL}/quay-a/facts", "payload": "[" * 5000},
        {"topic": f"boothkit/1/{CELL}/quay-a/site", "payload": "boothkit-site-state/1", "retain": True},
        {"topic": f"boothkit/1/{CELL}/quay-a/have", "payload": '{"quay-b": {"1": 0}}', "retain": True},
        {"topic": f"boothkit/1/{CELL}/quay-x/have", "payload": "null", "retain": True},
    )
    wait_until(lambda: site.other.status()["site"]["reason"], "the page says that somebody is there", LONG_S)
    assert site.other.status()["site"]["connected"] is True
    assert [box.status()["journal"]["pos"] for box in (site.one, site.other)] == positions
    # It still hears the one that it knows.
    before = len(site.other.bodies("admission.learnt/1"))
    assert site.one.scan(site.codes[2])["verdict"] == "admitted"
    site.other.learnt(before + 1)
    assert site.other.scan(site.codes[2])["reason"] == "already_used"


@pytest.mark.timeout(300)
def test_a_box_that_joins_late_catches_up(site: Site) -> None:
    site.other.down()
    for code in site.codes[3:6]:
        assert site.one.scan(code)["verdict"] == "admitted"
    before = len(site.other.bodies("admission.learnt/1"))
    site.other.up(site.key)
    site.other.learnt(before + 3)
    assert {site.other.scan(code)["reason"] for code in site.codes[3:6]} == {"already_used"}


@pytest.mark.timeout(300)
def test_a_broker_that_is_killed_comes_back_and_nothing_is_missing(site: Site) -> None:
    pid = int((site.one.run / "site" / "mosquitto.pid").read_text())
    subprocess.run(["kill", "-9", str(pid)], check=True)
    assert site.one.scan(site.codes[6])["verdict"] == "admitted"
    assert site.other.scan(site.codes[7])["verdict"] == "admitted"
    wait_until(
        lambda: (
            {fact["data"]["of"].partition(".")[0] for fact in site.one.bodies("admission.learnt/1")}
            >= {site.other.bodies("ticket.admitted/1")[-1]["command"]}
        ),
        "the other's entry is heard again",
        LONG_S,
    )
    wait_until(lambda: site.other.scan(site.codes[6])["reason"] == "already_used", "the first is heard of", LONG_S)
    assert site.one.scan(site.codes[7])["reason"] == "already_used"
    with pytest.raises(Problem):
        site.one.do("site.learn", {"note": "", "bodies": []})
