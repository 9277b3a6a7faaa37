"""The card is full in the middle of an event."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import COFFEE, Box, Cashier

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root: it mounts a small file system as the card")
SIZE_MB = 16


class Card:
    """A small card. `fill` leaves nothing, `free` gives that back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(path)], check=True)

    def fill(self) -> None:
        """Somebody copied videos to it."""
        with (self.path / "videos").open("ab", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def free(self) -> None:
        """They are gone again."""
        (self.path / "videos").unlink()

    def close(self) -> None:
        """Take it out."""
        subprocess.run(["umount", "-l", str(self.path)], check=True)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    """A card; the boxes on it are stopped before it is taken out."""
    fresh = Card(tmp_path / "card")
    yield fresh
    fresh.close()


def sell_until_full(box: Box) -> tuple[int, dict[str, Any]]:
    """Sales until one is not taken: its number in our count, and the problem. What is left in the journal's own
    files lets a few through."""
    for number in range(3000):
        status, answer = box.call("POST", "/sales", COFFEE, f"full-{number}")
        if status != 201:
            assert status == 507, answer
            return number, answer
    raise AssertionError("the card never got full")


def sales(box: Box) -> list[str]:
    """The keys of all sales in the journal."""
    return [fact["data"]["sale"] for fact in box.facts() if fact["kind"] == "sale.completed/1"]


@pytest.mark.timeout(300)
def test_a_full_card_refuses_sales_writes_nothing_by_halves_and_the_same_key_works_afterwards(
    card: Card, new_box: Callable[..., Box]
) -> None:
    box = new_box(data=card.path / "box")
    box.login()
    card.fill()
    number, problem = sell_until_full(box)
    assert problem["type"] == "/problems/disk-full"
    assert "full" in problem["detail"]
    assert "Free space" in problem["remedy"]
    assert box.call("POST", "/sales", COFFEE, f"full-{number}")[0] == 507
    assert sales(box) == [f"full-{each}" for each in range(number)]

    status = box.wait_status(lambda now: "is full" in now["workers"]["recorder"]["reason"], "the state of the card")
    assert status["workers"]["recorder"]["state"] == "degraded"
    assert "Free space" in status["workers"]["recorder"]["remedy"]
    line = box.told("workers", "recorder")
    assert "is full" in line
    assert "Free space" in line
    login = Cashier(box.ready["staff"]).ask("/login", {"pin": "222222"}, "login")
    assert login[0] == 507, login
    assert login[1]["remedy"]

    card.free()
    box.wait_status(lambda now: "is full" not in now["workers"]["recorder"]["reason"], "the card has room again")
    first = box.post("/sales", COFFEE, key=f"full-{number}")
    assert first["number"] == f"1-{number + 1}"
    assert box.post("/sales", COFFEE, key=f"full-{number}") == first
    assert sales(box) == [f"full-{each}" for each in range(number + 1)]
    Cashier(box.ready["staff"]).login()
    box.wait_for_fact("receipt.printed/1", number + 1)
    assert all(box.worker(name)["restarts"] == 0 for name in ("recorder", "till", "printing", "scanning", "footfall"))
    assert box.command("journal", "verify")["ok"] is True
    box.stop()


@pytest.mark.timeout(300)
def test_a_recorder_that_is_killed_on_a_full_card_comes_back_and_says_why_it_cannot_write(
    card: Card, new_box: Callable[..., Box]
) -> None:
    box = new_box(data=card.path / "box")
    box.login()
    box.post("/sales", COFFEE, key="before")
    card.fill()
    sell_until_full(box)
    box.wait_back("recorder", box.signal("recorder", signal.SIGKILL))
    box.wait_back("till", box.signal("till", signal.SIGKILL))
    assert box.call("POST", "/sales", COFFEE, "after")[0] == 507
    assert "before" in sales(box)
    card.free()
    assert box.post("/sales", COFFEE, key="after")["sale"]
    assert box.command("journal", "verify")["ok"] is True
    box.stop()
