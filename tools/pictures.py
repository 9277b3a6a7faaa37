"""docs/pictures, from a demo of its own: the till with a cart, and the receipt that the printer cut.

    .venv/bin/python -m tools.pictures

Needs Debian's chromium and fonts-dejavu-core (`make test` installs them).
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import APIRequestContext, Page

from tools.browser import browser

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
CART = ("COFFEE", "COFFEE", "CAKE", "CUP")
SECOND_TAP_S = 0.6  # the page takes a tap sooner than half a second after the last for a slip of the finger
PATIENCE_S = 30.0


def main() -> None:
    """Take both pictures anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo() as (ready, _), browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        sell(page, ready["staff"])
        (FOLDER / "receipt.png").write_bytes(receipt(page.request, ready["bench"]))


@contextmanager
def demo() -> Iterator[tuple[dict[str, Any], Path]]:
    """A demo on free ports; what it says when it is ready, and its data folder, which goes with it."""
    with tempfile.TemporaryDirectory() as folder:
        ports = ["--staff-port", "0", "--portal-port", "0", "--bench-port", "0"]
        argv = [sys.executable, "-m", "appliance.cli", "up", "--demo", "--data", f"{folder}/data", *ports]
        env = {**os.environ, "BOOTHKIT_RUN": f"{folder}/run"}
        with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) as process:
            try:
                yield json.loads(process.stdout.readline() if process.stdout else b""), Path(folder) / "data"
            finally:
                process.send_signal(signal.SIGINT)


def sell(page: Page, till: str) -> None:
    """Sign in, fill the cart, take the picture, be paid."""
    page.goto(till)
    page.fill("input[name=pin]", "123456")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sell")
    for sku in CART:
        page.click(f".tile[data-sku={sku}]:not([data-returned])")
        page.wait_for_timeout(SECOND_TAP_S * 1000)
    page.screenshot(path=FOLDER / "till.png")
    page.click("#cart [data-do=charge]")
    page.fill("#amount", "20")
    page.wait_for_timeout(SECOND_TAP_S * 1000)
    page.click("#view-pay [data-do=finish]")


def receipt(http: APIRequestContext, bench: str) -> bytes:
    """The picture of the first slip, once it is cut."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for slip in http.get(f"{bench}/bench/printer/receipts").json():
            if slip["cut"]:
                return http.get(slip["png"]).body()
        time.sleep(0.2)
    raise TimeoutError(f"no receipt within {PATIENCE_S:g} s")


if __name__ == "__main__":
    main()
