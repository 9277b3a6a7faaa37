"""What tests of the door's screen do."""

from itertools import count
from typing import Any

from playwright.sync_api import expect

from tests.web.conftest import House
from tests.web.tablet import Tablet

_numbers = count(1)


def at_the_door(tablet: Tablet, pin: str = "333333") -> Tablet:
    """Signed in, ready to scan."""
    tablet.unlock(pin, "/door")
    expect(tablet.page.locator("#code")).to_be_focused()
    return tablet


def verdict(tablet: Tablet, word: str) -> None:
    """This is what the face says, now or soon."""
    expect(tablet.page.locator("#face:not([hidden]) #face-word")).to_have_text(word)


def define(house: House, list_: str, **terms: Any) -> None:
    """A list appears, or changes."""
    house.admin.send("list.define", {"list": list_, **terms}, actor="admin:test", id=f"define-{next(_numbers)}")


def bring(house: House, list_: str, *guests: dict[str, Any]) -> list[str]:
    """Import guests; their codes."""
    number = next(_numbers)
    codes = [f"SHOP-{number}-{place}" for place in range(len(guests))]
    tickets = [{"code": code, **guest} for code, guest in zip(codes, guests, strict=True)]
    ask = {"list": list_, "import": f"brought-{number}", "part": 1, "tickets": tickets}
    house.admin.send("tickets.import", ask, actor="admin:test", id=f"bring-{number}")
    return codes


def letters(tablet: Tablet, text: str) -> None:
    """Keys, as a keyboard scanner sends them, with Enter."""
    tablet.page.keyboard.type(text)
    tablet.page.keyboard.press("Enter")
