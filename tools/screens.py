"""A walk through every screen for people, in the order of a day: what `make screenshots` takes and what tests look at.

It needs a running demo and does what a person does: types PINs, taps tiles, holds tickets before a scanner.
"""

import csv
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from appliance.files import tickets as ticketfile
from tools import screens_footfall, screens_guests, screens_landing, screens_sell

SCREENS = {
    "login": "The PIN",
    "sell": "Selling, with a cart",
    "pay-cash": "Paying in cash",
    "done": "Paid: the change and the sale's number",
    "pay-card": "Paying by card",
    "done-waiting": "Paid while the box is silent",
    "waiting": "Selling on while a sale waits on the tablet",
    "portal": "What guests see first",
    "receipt": "A guest's receipt, promised",
    "verify": "Checking a receipt, before the poster was compared",
    "privacy": "What the box keeps of guests",
    "join": "The button that lets a phone through: the demo has no Wi-Fi, and says so",
    **screens_landing.SCREENS,
    **screens_guests.SCREENS,
    **screens_sell.SCREENS,
    "sales": "Sales, and the one that was looked for",
    "sale": "A sale's receipt on the till, with its code",
    "refund": "What goes back, to the cent, before it does",
    "refunded": "Given back: what to hand out, and the slip",
    "drawer-open": "A drawer is opened, its float counted by its coins",
    "drawer": "The drawer: cash in and out, who opened it for nothing",
    "drawer-x": "The X report on the screen",
    "drawer-count": "Counting the drawer without being told what should be in it",
    "drawer-close": "The count, what was expected, and why they differ",
    "z-report": "The Z report as printed, and what became of it",
    "door": "The door, ready to scan",
    "door-found": "Looking for a guest by name",
    "door-admitted": "A ticket is good: what it includes, and a note",
    "door-undone": "A slip of the hand, taken back",
    "door-used": "A ticket was used before",
    "door-expired": "A ticket whose time is over",
    "door-question": "What the list asks of each guest",
    "door-full": "As many are inside as are allowed",
    "door-let-in": "The lead lets somebody in all the same",
    "ticket": "A ticket with its code, to be shown or printed again",
    "lead": "The lead's numbers",
    "policy": "What the cell may do by itself, and how far it went",
    "people": "What is kept of people, and until when",
    "tickets": "Lists and gates",
    "tickets-import": "A shop's file: what the box took for what",
    "box": "The box and its devices",
    "clock": "The box's clock beside this device's own",
    "wifi": "The guests' Wi-Fi as a poster: the demo makes none, and says so",
    "kit": "Plugging in the kit: the step that is done now",
    "device": "One device: what to do, what happened",
    "power": "Battery and sun, what comes, what will be switched off",
    "backup": "Backups: none yet, and the passphrase that they need",
    "footfall": "What counts people, and how far it may be believed",
    "calibrate": "A camera's counting line, laid over a blurred picture, and the walk that tries it",
    "bench": "The demo's bench: the other end of every device",
}
PIN = "123456"
SHOP = """Bestellung;Vorname;Nachname;Ticketcode;Ticketart;E-Mail
Q7RT2;Mira;Oduya;7KQ4-91XF;Tageskarte;mira@example.org
Q7RT2;Jonas;Oduya;7KQ4-92PD;Tageskarte;mira@example.org
W3LBN;Anh;Trần;7KQ4-93MM;Wochenende;anh@example.org
"""
"""A shop's list of tickets, as a spreadsheet writes it."""
LISTS: tuple[dict[str, Any], ...] = (
    {"list": "evening", "capacity": 180},
    {"list": "minors", "questions": [{"text": "Is a parent with them?", "answer": "confirm"}]},
    {"list": "boat", "capacity": 1},
)
GUESTS = {
    "evening": "Mia Lindqvist,QYM7K,Evening,Step-free: side entrance,1 tasting cup",
    "minors": "Kim Young,QYM8B,,,",
    "boat": "Bo Rower,QYM8C,,,",
}
"""A guest of each list, as a shop's file says: holder, order, product, note, what the ticket includes."""
WALKERS = {"in": 14, "out": 3}
NUMBER = re.compile(r"^\d+-\d+$")
SECOND_TAP_MS = 400
"""Later than what the page takes for the second half of a double tap."""
PATIENCE_MS = 30_000


@dataclass(frozen=True)
class Places:
    """``data``, ``run``: the demo's folders; ``tickets``: codes that nobody has shown yet; ``expired``: one whose time
    is over."""

    staff: str
    portal: str
    bench: str
    data: Path
    run: Path
    tickets: Iterator[str]
    expired: str


def places(ready: dict[str, Any], data: Path) -> Places:
    """The places of a demo, from what it says when it is ready and its data folder."""
    rows = csv.DictReader((data / "demo" / "tickets.csv").read_text(encoding="utf-8").splitlines())
    codes = (row["code"] for row in rows if row["list"] == "general")
    run, expired = Path(ready["run"]), _expired(data / "keys")
    return Places(ready["staff"], ready["portal"], ready["bench"], data, run, codes, expired)


def _expired(keys: Path) -> str:
    """The code of a ticket that was good until an hour ago."""
    event = next(keys.glob("event-*.key")).stem.removeprefix("event-")
    key = ticketfile.event_key(keys, event, create=False)
    until = int(time.time()) - 3600
    return ticketfile.code(key, "e0" * 12, event=event, list_="general", valid_from=None, valid_until=until)


def walk(page: Page, at: Places) -> Iterator[str]:
    """Each name of SCREENS while ``page`` shows it."""
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield from _sign_in(page, at)
    yield from _sell(page)
    yield from _sell_in_silence(page)
    yield from _visit(page, at)
    yield from screens_guests.walk(page, at.staff, at.portal)
    page.goto(f"{at.staff}/sell")
    screens_sell.stock(at.data, at.run)
    yield from screens_sell.walk(page, partial(_post, page, at), partial(_press, page), PIN)
    yield from _give_back(page, at)
    yield from _close_drawer(page, at)
    yield from _admit(page, at)
    yield from _look(page, at)


def _sign_in(page: Page, at: Places) -> Iterator[str]:
    page.goto(f"{at.staff}/login")
    yield "login"
    page.fill("input[name=pin]", PIN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sell")


def _sell(page: Page) -> Iterator[str]:
    _tap(page, "COFFEE", "COFFEE", "POSTER", "CAKE", "CUP")
    yield "sell"
    _press(page, "charge")
    for key in ("5", "0", "00"):
        page.click(f"#view-pay [data-key='{key}']")
    yield "pay-cash"
    _press(page, "finish")
    expect(page.locator("#done-number")).to_have_text(NUMBER)
    expect(page.locator("#done-receipt")).to_have_text("The receipt is printed")
    yield "done"
    _press(page, "next")


def _sell_in_silence(page: Page) -> Iterator[str]:
    _tap(page, "CAKE", "COFFEE")
    _press(page, "charge")
    page.locator("#kind label", has_text="Card").click()
    page.fill("#reference", "0417")
    yield "pay-card"
    page.route("**/api/v1/sales", lambda route: route.abort())
    _press(page, "finish")
    expect(page.locator("#done-waits")).to_be_visible()
    yield "done-waiting"
    _press(page, "next")
    _tap(page, "POSTER")
    expect(page.locator("#waiting")).to_be_visible()
    yield "waiting"
    page.unroute("**/api/v1/sales")
    page.evaluate("dispatchEvent(new Event('online'))")  # as the browser does when its line is back
    expect(page.locator("#waiting")).to_be_hidden()


def _close_drawer(page: Page, at: Places) -> Iterator[str]:
    """A drawer of the lead's own, from its float to its Z."""
    page.goto(f"{at.staff}/drawer/open")
    page.locator("summary").click()
    page.fill("[data-worth='2000'] [data-pieces]", "5")
    page.fill("[data-worth='200'] [data-pieces]", "12")
    expect(page.locator("[data-press]")).to_have_text("Open with €124.00")
    yield "drawer-open"
    page.locator("[data-press]").click()
    page.wait_for_url("**/drawer?drawer=*")
    drawer = page.url.rpartition("=")[2]
    for path, said in (
        ("move", {"amount": -5000, "reason": "to_safe", "note": "Night safe, with Ben"}),
        ("move", {"amount": 2000, "reason": "float"}),
        ("no-sale", {"reason": "change"}),
    ):
        _post(page, at, f"/drawer/{path}", {**said, "drawer": drawer})
    expect(page.locator("main")).to_contain_text("Change money")
    yield "drawer"
    page.goto(f"{at.staff}/drawer/x?drawer={drawer}")
    yield "drawer-x"
    page.goto(f"{at.staff}/drawer/count?drawer={drawer}")
    for worth, pieces in ((2000, 3), (1000, 1), (500, 2), (200, 6), (100, 1), (50, 1), (20, 2)):
        page.fill(f"[data-worth='{worth}'] [data-pieces]", str(pieces))
    yield "drawer-count"
    page.locator("[data-confirm]:visible").click()
    expect(page.locator(".note.stop")).to_contain_text("€0.10 less than expected")
    yield "drawer-close"
    page.locator("[name=reason][value=wrong_change]").check(force=True)
    page.locator("[data-press]").click()
    page.wait_for_url("**/drawer/z/*")
    expect(page.locator("main")).to_contain_text("printed and confirmed")
    yield "z-report"


def _give_back(page: Page, at: Places) -> Iterator[str]:
    """One of two coffees, of the sale that was paid in cash."""
    sales = page.request.get(f"{at.staff}/api/v1/sales", params={"q": "poster cup"}).json()["sales"]
    sale = sales[0]["sale"]
    page.goto(f"{at.staff}/sales?sale={sale}")
    expect(page.locator("#ch")).to_be_attached()
    yield "sales"
    page.goto(f"{at.staff}/sales/{sale}")
    expect(page.locator("#code svg")).to_be_visible()
    yield "sale"
    page.goto(f"{at.staff}/sales/{sale}/back")
    page.click("[data-more='1']")
    page.locator("label:has(input[value=changed_mind])").click()
    expect(page.locator("[data-do=back]:visible")).to_be_enabled()
    yield "refund"
    page.locator("[data-do=back]:visible").click()
    expect(page.locator("main")).to_contain_text("Printed")
    yield "refunded"


def _admit(page: Page, at: Places) -> Iterator[str]:
    page.goto(f"{at.staff}/door")
    expect(page.locator("#code")).to_be_focused()
    guests = _bring(page, at)
    page.goto(f"{at.staff}/door")
    page.select_option("#gates", "Quay door")
    page.focus("#code")
    yield "door"
    page.keyboard.press("F2")
    page.keyboard.type("lindq")
    expect(page.locator("#found li").first).to_contain_text("Mia Lindqvist")
    yield "door-found"
    page.keyboard.press("Escape")
    _scan(page, guests["evening"], "Admitted")
    yield "door-admitted"
    code = next(at.tickets)
    _scan(page, code, "Admitted")
    page.click("[data-do=undo]")
    expect(page.locator("#face-word")).to_have_text("Undone")
    yield "door-undone"
    _scan(page, guests["evening"], "Already used")
    yield "door-used"
    _scan(page, at.expired, "Expired")
    yield "door-expired"
    _scan(page, guests["minors"], "Ask first")
    yield "door-question"
    for _ in range(2):  # it is full from the first guest on
        _scan(page, _bring(page, at)["boat"], re.compile("Admitted|Full"))
    expect(page.locator("#face-word")).to_have_text("Full")
    yield "door-full"
    page.click("[data-do=let]")
    expect(page.locator("#let-reason")).to_be_focused()
    yield "door-let-in"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")


def _bring(page: Page, at: Places) -> dict[str, str]:
    """Lists and a gate, and a new guest for each list from a shop's file; their codes."""
    codes = {}
    for terms in LISTS:
        name, code = terms["list"], secrets.token_hex(6).upper()
        _post(page, at, "/lists", terms)
        file = f"Barcode,Name,Order,Product,Note,Includes\n{code},{GUESTS[name]}\n".encode()
        taken = _post(page, at, f"/tickets/files?name={name}.csv", file)
        ask = {"list": name, "part": 1, "columns": taken["guess"]}
        _post(page, at, f"/tickets/files/{taken['file']}/import", ask)
        codes[name] = code
    _post(page, at, "/gates", {"gate": "Quay door", "lists": []})
    return codes


def _post(page: Page, at: Places, path: str, data: Any) -> dict[str, Any]:
    """What the lead's own pages send; the box's answer."""
    csrf = page.evaluate("document.body.dataset.csrf")
    headers = {"Origin": at.staff, "X-CSRF-Token": csrf, "Idempotency-Key": secrets.token_hex(8)}
    answer = page.request.post(f"{at.staff}/api/v1{path}", data=data, headers=headers)
    if not answer.ok:
        raise RuntimeError(f"{path}: the box answers {answer.status}: {answer.text()}")
    found: dict[str, Any] = answer.json()
    return found


def _look(page: Page, at: Places) -> Iterator[str]:
    guest = page.request.get(f"{at.staff}/api/v1/tickets", params={"q": "Jo Juniper"}).json()["tickets"][0]
    page.goto(f"{at.staff}/ticket/{guest['ticket']}")
    expect(page.locator("main")).to_contain_text("Not used yet")
    yield "ticket"
    _let_in(page, at)
    page.goto(f"{at.staff}/lead")
    expect(page.locator("main")).to_contain_text("by beam")
    yield "lead"
    page.goto(f"{at.staff}/policy")
    expect(page.locator("main")).to_contain_text("Guardrails")
    yield "policy"
    page.goto(f"{at.staff}/people")
    page.fill("[name=q]", "Jo Juniper")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("main")).to_contain_text("Erase what is chosen")
    yield "people"
    yield from _import(page, at)
    page.goto(f"{at.staff}/box")
    expect(page.locator("h1")).to_have_text("All is well")
    yield "box"
    page.goto(f"{at.staff}/box/clock")
    expect(page.locator("#apart")).not_to_be_empty()
    yield "clock"
    page.goto(f"{at.staff}/box/wifi")
    expect(page.locator("main")).to_contain_text("2. Open")
    yield "wifi"
    page.goto(f"{at.staff}/kit")
    if (begin := page.get_by_role("button", name="Begin the check")).count():
        begin.click()
    expect(page.locator("main")).to_contain_text("Print the test slip")
    yield "kit"
    page.goto(f"{at.staff}/box/devices/printer")
    yield "device"
    page.goto(f"{at.staff}/power")
    yield "power"
    page.goto(f"{at.staff}/backup")
    yield "backup"
    yield from screens_footfall.walk(page, at.staff, at.run)
    page.goto(at.bench)
    page.locator("#wire summary").click()
    expect(page.locator("#roll img").first).to_be_visible()
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    yield "bench"


def _import(page: Page, at: Places) -> Iterator[str]:
    """A file is looked at, and left at that."""
    page.goto(f"{at.staff}/tickets")
    expect(page.locator("main")).to_contain_text("general")
    yield "tickets"
    page.goto(f"{at.staff}/tickets/import")
    page.set_input_files("#file", {"name": "Gäste.csv", "mimeType": "text/csv", "buffer": SHOP.encode("utf-16")})
    expect(page.locator("#take")).to_have_text("Take 3 tickets")
    yield "tickets-import"
    page.get_by_role("button", name="Choose another file").click()


def _visit(page: Page, at: Places) -> Iterator[str]:
    """What a guest does who scans the newest slip."""
    slips = page.request.get(f"{at.bench}/bench/printer/receipts").json()
    code = next(code for slip in reversed(slips) for code in slip["qr"] if "/r/" in code)
    page.goto(at.portal)
    yield "portal"
    page.goto(at.portal + code[code.index("/r/") :])
    expect(page.locator("main")).to_contain_text("Promised")
    yield "receipt"
    page.goto(at.portal + str(page.get_by_text("Check it on this phone").get_attribute("href")))
    expect(page.locator("main")).to_contain_text("Whose key?")
    yield "verify"
    page.goto(f"{at.portal}/privacy")
    yield "privacy"
    page.goto(f"{at.portal}/join")
    yield "join"
    yield from screens_landing.walk(page, at.portal, at.staff, at.data, next(at.tickets))


def _let_in(page: Page, at: Places) -> None:
    """People walk through the beam, until the box has counted them all."""
    counted = {way: _counted(page, at)[way] + people for way, people in WALKERS.items()}
    for way, people in WALKERS.items():
        answer = page.request.post(f"{at.bench}/bench/beam", data={"direction": way, "people": people})
        if not answer.ok:
            raise RuntimeError(f"the bench answers {answer.status}: {answer.text()}")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while (now := _counted(page, at)) != counted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the beam counts {now}, not {counted}")
        page.wait_for_timeout(100)


def _counted(page: Page, at: Places) -> dict[str, int]:
    attendance = page.request.get(f"{at.staff}/api/v1/kpis").json()["attendance"]
    by_beam = attendance["source"] == "beam"
    return {way: attendance[way] if by_beam else 0 for way in WALKERS}


def _tap(page: Page, *skus: str) -> None:
    for sku in skus:
        page.click(f".tile[data-sku={sku}]:not([data-returned])")


def _press(page: Page, name: str) -> None:
    """The visible one of the two places of a main action, as late as a finger that saw it appear."""
    key = page.locator(f"[data-do={name}]:visible")
    expect(key).to_be_enabled()
    page.wait_for_timeout(SECOND_TAP_MS)
    key.click()


def _scan(page: Page, code: str, word: str | re.Pattern[str]) -> None:
    page.focus("#code")
    page.keyboard.insert_text(code)
    with page.expect_response("**/api/v1/scans"):
        page.keyboard.press("Enter")
    expect(page.locator("#face-word")).to_have_text(word)
