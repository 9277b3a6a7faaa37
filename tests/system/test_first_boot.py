"""A box is switched on: nobody has configured it, then somebody has, then it is switched off and on again."""

import csv
import json
from io import StringIO

import pytest

from appliance.commands.worker import WORKERS
from tests.conftest import wait_until
from tests.system.container import Container
from tests.system.hands import Till, boothkit, emulated, facts, fetch, wait_for_fact

DEVICES = """
[devices]
printer = "tcp://127.0.0.1:9100?profile=TM-T20II"
scanner-door = "serial:///run/emulated/scanner?baud=9600"
"""

CATALOGUE = """
currency = "EUR"

[[item]]
sku = "SOUP"
name = "Soup"
price = 550
vat = "0.07"
kind = "unit"
"""


def assert_well(box: Container) -> None:
    """Everything of ours runs, did so at the first try and has nothing to complain of; nothing else failed either."""
    box.wait_active("boothkit.target", *box.units())
    assert box.failed() == ""
    assert box.journal("--priority=err", "--unit=boothkit*") == ""
    assert all(box.pid(f"boothkit-{worker}.service") for worker in WORKERS)
    restarts = {unit: box.show(unit, "NRestarts") for unit in box.units() if unit.endswith(".service")}
    assert {unit: count for unit, count in restarts.items() if count != "0"} == {}


@pytest.fixture
def plain(box: Container) -> Container:
    """A box that nobody configured, up."""
    box.start()
    return box


def test_a_box_without_a_configuration_comes_up_whole(plain: Container) -> None:
    assert {f"boothkit-{worker}.service" for worker in WORKERS} <= set(plain.units())
    assert_well(plain)
    status, text = fetch(plain, "http://127.0.0.1:8080/api/v1/openapi.json")
    assert (status, json.loads(text)["openapi"][0]) == (200, "3")
    status, text = fetch(plain, "http://127.0.0.1/")
    assert (status, "<html" in text) == (200, True)


HTTPS = """
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile="/run/boothkit/pki/ca.pem")
with urllib.request.urlopen("https://127.0.0.1:8443/sell", context=context) as answer:
    print(answer.url, answer.status)
"""


def test_a_box_speaks_https_with_an_authority_that_outlives_a_reboot(box: Container) -> None:
    (box.boot / "boothkit.toml").write_text('[staff]\nhttps_names = ["127.0.0.1"]\n')
    box.start()
    wait_until(lambda: boothkit(box, "status")["workers"]["https"]["state"] == "ready", "https answers")
    assert_well(box)
    assert box.run(["python3", "-I", "-c", HTTPS]).stdout == "https://127.0.0.1:8443/pair 200\n"
    assert box.run(["systemctl", "is-active", "nginx.service"], check=False).stdout == "inactive\n"
    assert box.show("boothkit-authority.timer", "ActiveState") == "active"
    before = box.run(["cat", "/run/boothkit/pki/ca.pem"]).stdout
    box.reboot()
    wait_until(lambda: boothkit(box, "status")["workers"]["https"]["state"] == "ready", "https answers")
    assert box.run(["cat", "/run/boothkit/pki/ca.pem"]).stdout == before, "what devices installed stays good"


def test_a_box_runs_the_sites_broker_where_its_file_says_so(box: Container) -> None:
    site = '[site]\nserve = true\nbroker = "127.0.0.1:8883"\npassword_file = "/boot/firmware/site.txt"\n'
    (box.boot / "boothkit.toml").write_text(f'[staff]\nhttps_names = ["127.0.0.1"]\n{site}')
    (box.boot / "site.txt").write_text("salt and pepper\n")
    box.start()
    box.wait_active("boothkit-site.service")

    def there() -> bool:
        status = boothkit(box, "status")
        return bool(status["site"]) and status["site"]["connected"] and status["workers"]["site"]["state"] == "ready"

    wait_until(there, "the site is there, and its broker says so")
    assert box.run(["systemctl", "is-active", "mosquitto.service"], check=False).stdout == "inactive\n"
    assert box.run(["cat", "/run/boothkit/site/password"], user="boothkit-uplink", check=False).returncode == 1
    assert box.run(["cat", "/run/boothkit/pki/leaf.pem"], user="boothkit-site").stdout
    assert box.run(["ls", "/run/boothkit/till"], user="boothkit-site", check=False).returncode != 0


def test_only_the_data_partition_is_written_and_the_journal_is_on_no_overlay(plain: Container) -> None:
    def kind(path: str) -> str:
        return plain.run(["stat", "--file-system", "--format=%T", path]).stdout.strip()

    assert plain.run(["touch", "/usr/x", "/etc/x"], check=False).returncode == 1
    plain.run(["touch", "/var/x"])
    assert (plain.data / ".var" / "up" / "x").is_file()
    assert kind("/var") == "overlayfs"
    assert kind("/var/lib/boothkit") == kind("/data") != "overlayfs"
    plain.wait_active("boothkit-recorder.service")
    assert (plain.data / "boothkit" / "journal.db").is_file()


def test_a_configured_box_scans_sells_prints_and_remembers_it_after_a_reboot(box: Container) -> None:
    (box.boot / "boothkit.toml").write_text(DEVICES)
    box.start()
    assert_well(box)
    tickets = prepare_event(box)
    lead = Till(box, "Ada", "lead")
    lead.post("/drawer/open", {"float": 10_000})
    box.run(["install", "--directory", "--owner=boothkit-scanning", "/run/emulated"])
    with (
        emulated(box, "boothkit-printing", "printer", "--tcp", "9100") as printer,
        emulated(box, "boothkit-scanning", "scanner", "--link", "/run/emulated/scanner") as scanner,
    ):
        wait_until(lambda: boothkit(box, "status")["devices"]["scanner-door"]["state"] == "online", "the scanner")
        scanner.line(tickets[0])
        assert wait_for_fact(box, "ticket.admitted/1")["list"] == "general"
        cash = [{"kind": "cash", "amount": 1000}]
        sale = lead.post("/sales", {"lines": [{"sku": "SOUP", "qty": 1}], "tenders": cash})
        assert (sale["total"], sale["change"]) == (550, 450)
        printed = wait_for_fact(box, "receipt.printed/1")
        assert (printed["sale"], printed["outcome"]) == (sale["sale"], "printed")
        wait_until(lambda: "--8<--" in printer.said, "the cut")
        assert "Soup" in printer.said
        assert sale["number"] in printer.said
        before = facts(box)
        box.reboot()
    assert_well(box)
    assert facts(box)[: len(before)] == before
    assert boothkit(box, "event", "show")["state"] == "open"
    verdict = boothkit(box, "journal", "verify")
    assert (verdict["ok"], verdict["size"] >= len(before)) == (True, True)
    again = lead.post("/sales", {"lines": [{"sku": "SOUP", "qty": 1}], "tenders": cash})
    assert number(again["number"]) == number(sale["number"]) + 1


def test_a_box_whose_power_fails_comes_up_with_what_it_had_recorded(plain: Container) -> None:
    prepare_event(plain)
    before = facts(plain)
    plain.cut()
    plain.start()
    assert_well(plain)
    assert facts(plain)[: len(before)] == before
    assert boothkit(plain, "journal", "verify")["ok"] is True


def prepare_event(box: Container) -> list[str]:
    """An open event that sells soup; the codes of its tickets."""
    boothkit(box, "event", "create", "--name", "Spring market", "--area-m2", "7.5")
    box.run(["tee", "/tmp/catalogue.toml"], input=CATALOGUE)
    boothkit(box, "catalogue", "import", "/tmp/catalogue.toml")
    issued = box.run(["boothkit", "tickets", "issue", "--list", "general", "--entry", "single", "--count", "3"])
    boothkit(box, "event", "open")
    return [row["code"] for row in csv.DictReader(StringIO(issued.stdout))]


def number(receipt: str) -> int:
    """`<log>-<number>` → number."""
    return int(receipt.partition("-")[2])
