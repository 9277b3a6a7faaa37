"""The till's part of the walk: a stall that sells one of everything, and what a cashier does there."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from appliance import demo

SCREENS = {
    "sell-variants": "The kinds of one thing, behind one tile",
    "sell-discount": "More off than the guardrail: the lead's PIN and a reason",
    "sell-reduced": "A cart with discounts, VAT by where it is eaten",
    "sell-parked": "Parked carts, which any till may take up",
    "sell-keys": "Selling by keyboard",
    "pay-split": "A bill that is split: what was taken, and the next even part",
    "pay-token": "Paying with an access token",
    "training": "Training: nothing of it counts",
    "locked": "Locked after nobody touched it",
}
MORE: tuple[dict[str, Any], ...] = (
    {
        "sku": "4006381333931",
        "name": "Flat white",
        "price": 380,
        "vat": "0.19",
        "vat_takeaway": "0.07",
        "kind": "unit",
        "category": "Drinks",
    },
    {"sku": "TEA-G", "name": "Green tea", "price": 300, "vat": "0.19", "kind": "unit", "group": "Tea"},
    {"sku": "TEA-B", "name": "Black tea", "price": 290, "vat": "0.19", "kind": "unit", "group": "Tea"},
    {"sku": "CUP24", "name": "Stoneware cup", "price": 2400, "vat": "0.19", "kind": "unit", "stock": 70},
    {
        "sku": "BREAKFAST",
        "name": "Coffee and cake",
        "price": 700,
        "kind": "bundle",
        "contains": [{"sku": "COFFEE", "qty": 1}, {"sku": "CAKE", "qty": 1}],
    },
)
"""Beside the demo's own items: a second rate, variants, a bundle."""
Post = Callable[[str, Any], dict[str, Any]]


def stock(data: Path, run: Path) -> None:
    """Import the demo's items and MORE into a running box."""
    rows = []
    for item in (*demo.ITEMS, *MORE):
        fields = {key: value for key, value in item.items() if key != "contains"}
        lines = [f"{key} = {_toml(value)}" for key, value in fields.items()]
        if parts := item.get("contains"):
            each = ", ".join(f'{{sku = "{part["sku"]}", qty = {part["qty"]}}}' for part in parts)
            lines.append(f"contains = [{each}]")
        rows.append("[[item]]\n" + "\n".join(lines))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stall.toml"
        file.write_text('currency = "EUR"\n\n' + "\n\n".join(rows) + "\n", encoding="utf-8")
        argv = [sys.executable, "-m", "appliance.cli", "catalogue", "import", str(file), "--data", str(data)]
        env = {**os.environ, "BOOTHKIT_RUN": str(run)}
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=env)


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def walk(page: Page, post: Post, press: Callable[[str], None], pin: str) -> Iterator[str]:
    """Each name of SCREENS while ``page`` shows it; ``post``: what the lead's pages send; ``press``: a main action."""
    expect(page.locator(".tile[data-group=Tea]")).to_be_visible()
    page.click(".tile[data-group=Tea]")
    yield "sell-variants"
    page.click(".tile[data-sku=TEA-G]")
    for sku in ("COFFEE", "COFFEE", "4006381333931", "BREAKFAST", "CUP", "CUP24"):
        page.click(f".tile[data-sku='{sku}']:not([data-returned])")
    page.click("#lines .open [data-off]")
    page.check("[name=off][value='50']")
    page.check("[name=off-reason][value=damaged]")
    yield "sell-discount"
    page.click("#off-take")
    page.click("#cart-tools [data-do=off]")
    page.check("[name=off][value='10']")
    page.click("#off-take")
    yield "sell-reduced"
    yield from _park(page, post)
    page.keyboard.press("Escape")
    page.evaluate("document.getElementById('help-open').click()")
    yield "sell-keys"
    page.keyboard.press("Escape")
    yield from _split(page, press)
    yield from _train(page, post)
    yield from _lock(page, pin)


def _park(page: Page, post: Post) -> Iterator[str]:
    parked = [post("/carts", {"lines": [{"sku": sku, "qty": 2}]})["cart"] for sku in ("CAKE", "POSTER")]
    expect(page.locator("#parked-count")).to_have_text("2")
    page.click("#parked-open")
    yield "sell-parked"
    for cart in parked:
        post(f"/carts/{cart}/drop", {})
    expect(page.locator("#parked-count")).to_have_text("0")


def _split(page: Page, press: Callable[[str], None]) -> Iterator[str]:
    press("charge")
    page.check("#kind [value=card]")
    page.fill("#amount", "10")
    page.fill("#reference", "0417")
    press("finish")
    page.check("#kind [value=voucher]")
    page.fill("#amount", "5")
    page.fill("#reference", "V-77")
    press("finish")
    page.locator("[data-share='2']").click()
    yield "pay-split"
    page.check("#kind [value=token]")
    yield "pay-token"
    for _ in range(2):
        page.locator("[data-reverse]").first.click()
    page.click("[data-do=back]")
    page.click("#cart-tools [data-do=clear]")


def _train(page: Page, post: Post) -> Iterator[str]:
    drawer = post("/drawer/open", {"float": 0, "training": True})["drawer"]
    expect(page.locator("#training")).to_be_visible()
    page.click(".tile[data-sku=COFFEE]")
    yield "training"
    page.click("#cart-tools [data-do=clear]")
    post("/drawer/count", {"coins": {}, "drawer": drawer})
    post("/drawer/close", {"drawer": drawer})
    expect(page.locator("#training")).to_be_hidden()


def _lock(page: Page, pin: str) -> Iterator[str]:
    """As it does by itself; back at the till afterwards."""
    page.evaluate("document.getElementById('lock').requestSubmit()")
    page.wait_for_url(re.compile("/login"))
    yield "locked"
    page.fill("input[name=pin]", pin)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sell")
