"""A guest's whole evening on the box's Wi-Fi, in a real browser: in, signed up, away, back in another browser, and home
with a receipt that proves itself without the box."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from appliance.journal.notes import Verifier
from tests.air.conftest import BOX, Air, Phone
from tests.air.test_clients import browser
from tests.conftest import wait_until

__all__ = ["browser"]

pytestmark = pytest.mark.timeout(240)

SCREEN = {"width": 390, "height": 844}
SEAL = """
import sys
from pathlib import Path
from appliance.journal.client import RecorderClient
RecorderClient(Path(sys.argv[1]), "admin").send("checkpoint.request", {}, actor="admin:evening", id="evening-seal")
"""


def sell(air: Air) -> dict[str, Any]:
    """Somebody buys two coffees and a poster; a script of the staff rings it up."""
    add = (sys.executable, "-m", "appliance.cli", "staff", "add", "Script", "--role", "cashier", "--token")
    said = air.box.run(*add, "--data", str(air.folder / "box"))
    token = json.loads(said.strip().splitlines()[-1])["token"]
    lines = [{"sku": "COFFEE", "qty": 2}, {"sku": "POSTER", "qty": 1}]
    sale = {"lines": lines, "tenders": [{"kind": "cash", "amount": 2000}]}
    heads = (
        "-H",
        f"Authorization: Bearer {token}",
        "-H",
        "Idempotency-Key: evening",
        "-H",
        "Content-Type: application/json",
    )
    quiet = ("curl", "-q", "--silent", "--noproxy", "*", "--max-time", "30", *heads)
    made: dict[str, Any] = json.loads(air.box.run(*quiet, "-d", json.dumps(sale), "http://127.0.0.1:8080/api/v1/sales"))
    assert made["total"] == 1900
    return made


def test_a_guest_signs_up_comes_back_in_another_browser_and_keeps_a_receipt_that_proves_itself(
    air: Air, phone: Phone, browser: Browser, tmp_path: Path
) -> None:
    first = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    page = first.new_page()
    page.goto("http://news.example/")
    page.get_by_role("button", name="Use this Wi").click()
    page.get_by_role("link", name="Sign up").first.click()
    page.fill("[name=name]", "Mika Sørensen")
    page.fill("[name=email]", "mika@example.org")
    page.check("[name=consent]")
    page.locator("main form button").click()
    expect(page.locator("h1")).to_have_text("Thank you, Mika Sørensen")
    code = page.locator("p.claim").inner_text()
    first.close()

    # Away: the phone takes another address when it comes back, as phones do, and another browser knows nothing.
    back = Phone(air)
    back.dhclient()
    assert back.mac != phone.mac
    page = browser.new_context(viewport=SCREEN).new_page()  # type: ignore[arg-type]
    page.goto("http://news.example/")
    page.get_by_role("button", name="Use this Wi").click()
    page.goto(f"http://{BOX}/wallet")
    page.fill("[name=code]", code.lower().replace("-", " "))
    page.click("#claim button")
    expect(page.locator("h1")).to_have_text("My wallet")
    expect(page.locator("p.claim")).to_have_text(code)

    sale = sell(air)
    page.goto(sale["receipt"])
    expect(page.locator("main")).to_contain_text("Promised.")
    expect(page.locator("main")).to_contain_text(sale["number"])
    air.box.run(sys.executable, "-c", SEAL, str(air.run))

    def proved() -> bool:
        page.reload()
        return "Proved." in page.inner_text("main")

    wait_until(proved, "the receipt is proved")
    check = str(page.get_by_text("Check it on this phone").get_attribute("href"))
    kept = tmp_path / "check.html"
    kept.write_bytes(back.get(f"http://{BOX}/verify").body)

    # At home: no box, no net.
    air.phone.run("ip", "link", "set", "wlan0", "down")
    page.goto(kept.as_uri() + check[check.index("#") :])
    result, key = page.locator("#result"), (air.folder / "box" / "keys" / "box.pub").read_text().split()[-1]
    expect(result).to_contain_text(Verifier.parse(key).fingerprint)
    page.click("text=The poster says the same")
    expect(result).to_contain_text("Proved")
    expect(result).to_contain_text(sale["number"])
    air.phone.run("ip", "link", "set", "wlan0", "up")
    page.context.close()
