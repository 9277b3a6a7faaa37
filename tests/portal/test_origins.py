"""Where things come from: from a catalogue file over a sale to the guest's receipt, and to a check without the box."""

import json
import os
import subprocess
import sys
from html import unescape
from pathlib import Path
from re import findall
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.portal.stall import JSON, Stall, token_of

CATALOGUE = """
currency = "EUR"
[[item]]
sku = "BOWL"
name = "Bowl <b>blue</b>"
price = 2400
vat = "0.07"
kind = "unit"
maker = "Harbour Lane & Sons"
lot = "L/04+12"
gtin = "9506000134352"
[[item]]
sku = "BEANS"
name = "Beans"
price = 2000
vat = "0.07"
kind = "weight"
lot = "a lot that GS1 cannot write"
gtin = "96385074"
[[item]]
sku = "SOAP"
name = "Soap"
price = 500
vat = "0.19"
kind = "unit"
maker = "Mill Street"
[[item]]
sku = "BAG"
name = "Bag"
price = 100
vat = "0.19"
kind = "unit"
"""
BOWL = "https://id.gs1.org/01/09506000134352/10/L%2F04%2B12"
BEANS = "https://id.gs1.org/01/00000096385074"


def boothkit(stall: Stall, *words: object, code: int = 0) -> str:
    """The program, as the crew types it."""
    argv = [sys.executable, "-m", "appliance.cli", *map(str, words)]
    env = {**os.environ, "BOOTHKIT_RUN": stall.demo.ready["run"]}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def sale(stall: Stall, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of all four, with two bowls in two lines."""
    file: Path = tmp_path_factory.mktemp("files") / "items.toml"
    file.write_text(CATALOGUE.replace("9506000134352", "9506000134353"))
    said = boothkit(stall, "catalogue", "import", file, "--data", stall.demo.data, code=2)
    assert f"{file}: item 1 (BOWL): gtin: 9506000134353: its last digit would be 2" in said
    file.write_text(CATALOGUE)
    boothkit(stall, "catalogue", "import", file, "--data", stall.demo.data)
    bowl = {"sku": "BOWL", "qty": 1}
    return stall.sell(
        bowl, {"sku": "BEANS", "qty": 1, "grams": 250}, {"sku": "SOAP", "qty": 2}, {"sku": "BAG", "qty": 1}, bowl
    )


def test_maker_lot_and_number_are_in_the_fact_on_the_page_and_in_its_json(stall: Stall, sale: dict[str, Any]) -> None:
    fact = next(fact for fact in stall.demo.facts() if fact["data"].get("sale") == sale["sale"])
    kept = [{name: line.get(name) for name in ("maker", "lot", "gtin")} for line in fact["data"]["lines"]]
    bowl = {"maker": "Harbour Lane & Sons", "lot": "L/04+12", "gtin": "9506000134352"}
    assert kept == [
        bowl,
        {"maker": None, "lot": "a lot that GS1 cannot write", "gtin": "96385074"},
        {"maker": "Mill Street", "lot": None, "gtin": None},
        {"maker": None, "lot": None, "gtin": None},
        bowl,
    ]
    lines = stall.get(f"/r/{token_of(sale)}", **JSON).json["lines"]
    assert [line.get("digital_link") for line in lines] == [BOWL, BEANS, None, None, BOWL]
    assert [line.get("maker") for line in lines] == [
        "Harbour Lane & Sons",
        None,
        "Mill Street",
        None,
        "Harbour Lane & Sons",
    ]
    page = stall.get(f"/r/{token_of(sale)}").text
    assert "<b>blue" not in page
    origins = page[page.index("Where it comes from") :]
    assert origins.count("Bowl &lt;b&gt;blue") == 1, "the same thing is named once"
    assert "Made by Harbour Lane &amp; Sons. Lot L/04+12." in origins
    assert "Lot a lot that GS1 cannot write." in origins
    assert "Made by Mill Street." in origins
    assert ">Bag<" not in origins
    assert findall(r'href="(https:[^"]*)"', page) == [BOWL, BEANS]


def test_a_receipt_of_things_of_which_nothing_is_known_says_nothing_of_it(stall: Stall, sale: dict[str, Any]) -> None:
    plain = stall.get(f"/r/{token_of(stall.sell({'sku': 'BAG', 'qty': 1}))}").text
    assert "Where it comes from" not in plain


def test_a_saved_page_and_a_saved_text_prove_what_was_bought_and_of_whom(
    stall: Stall, sale: dict[str, Any], chromium: Browser, tmp_path: Path
) -> None:
    stall.checkpoint()
    [href] = findall(r'href="(/verify#[^"]+)"', stall.get(f"/r/{token_of(sale)}").text)
    copy = tmp_path / "check.html"
    copy.write_bytes(stall.get("/verify").body)
    key = (stall.demo.data / "keys" / "box.pub").read_text().strip()
    context = chromium.new_context(offline=True, accept_downloads=True)
    page = context.new_page()
    page.goto(f"{copy.as_uri()}#{unescape(href).partition('#')[2]}")
    page.fill("#trust", key)
    page.click("text=Check it")
    assert page.inner_text("#headline") == "Proved"
    bought = page.inner_text("#bought")
    for words in ("BOWL <B>BLUE</B>", "€24.00", "250 G BEANS", "Made by Harbour Lane & Sons, lot L/04+12", BOWL, BEANS):
        assert words in bought
    assert page.eval_on_selector_all("#items a", "found => found.map((link) => link.href)") == [BOWL, BEANS, BOWL]
    with page.expect_download() as saved:
        page.click("text=Keep what was checked")
    kept = tmp_path / "kept.txt"
    saved.value.save_as(kept)
    page.fill("#receipt", kept.read_text().replace("Harbour Lane", "Somebody Else"))
    page.click("text=Check it")
    assert page.inner_text("#headline") == "Not valid"
    assert "not those that this receipt vouches for" in page.inner_text("#why")
    assert page.is_hidden("#bought")
    context.close()
    said = json.loads(boothkit(stall, "receipt", "verify", kept, "--key", key, "--json"))
    assert (said["level"], said["total"]) == ("proved", sale["total"])
    assert said["lines"] == stall.get(f"/r/{token_of(sale)}", **JSON).json["lines"]
    for hidden in ("cost", "drawer", "staff", "Ben"):
        assert hidden not in kept.read_text()


def test_a_refunded_line_says_so_where_it_stands(stall: Stall, sale: dict[str, Any]) -> None:
    asked = {"lines": [{"line": 5, "qty": 1}, {"line": 2, "qty": 100}], "reason": "other", "restock": True}
    stall.demo.post(f"/sales/{sale['sale']}/refund", asked)
    page = stall.get(f"/r/{token_of(sale)}").text
    paper = page[page.index("<article") : page.index("Where it comes from")]
    assert paper.count("given back at") == 2
    first, second = paper.index("Beans given back at"), paper.index("Bowl &lt;b&gt;blue&lt;/b&gt; given back at")
    assert paper.index("Beans 250") < first < paper.index("Soap") < paper.index("Bag") < second
    assert "100\N{NO-BREAK SPACE}g Beans given back" in paper
