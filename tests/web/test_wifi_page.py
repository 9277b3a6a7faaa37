"""The guests' Wi-Fi on the lead's screen and on paper: what its codes say, and a slip that comes once."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import zxingcpp
from playwright.sync_api import Browser, Locator, expect

from appliance.config import Config, Wifi
from appliance.journal.notes import Verifier
from appliance.receipts import wifi
from appliance.receipts.layout import Code, Line
from appliance.receipts.wording import Wording
from tests.conftest import wait_until
from tests.watched import calm
from tests.web.conftest import TOML, House, demo, new_house
from tests.web.tablet import Tablet

SSID, PASSWORD = 'Quay; "Yard" \\', "weisse,rosen:1"
SAID = 'WIFI:T:WPA;S:Quay\\; \\"Yard\\" \\\\;P:weisse\\,rosen\\:1;;'


@pytest.fixture(scope="module")
def harbour() -> Iterator[House]:
    """A box with a Wi-Fi of its own."""
    more = f"[wifi]\nssid = '{SSID}'\npassword = '{PASSWORD}'\n"
    yield from new_house(demo.prepare, demo.ITEMS, TOML + more)


@pytest.fixture
def lead(harbour: House, chromium: Browser) -> Iterator[Tablet]:
    one = Tablet(chromium, harbour, viewport={"width": 390, "height": 844})
    one.unlock("123456", "/box/wifi")
    yield one
    one.close()
    assert one.elsewhere == []


def read(place: Locator) -> str:
    """What a phone reads there."""
    picture = cv2.imdecode(np.frombuffer(place.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
    (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)


def test_the_codes_say_what_a_phone_needs(lead: Tablet) -> None:
    codes = lead.page.locator("[role=img]")
    assert [read(codes.nth(0)), read(codes.nth(1))] == [SAID, "http://10.77.0.1/"]
    expect(lead.page.locator("main")).to_contain_text(SSID)
    expect(lead.page.locator("main")).to_contain_text(PASSWORD)
    key = (lead.house.data / "keys" / "box.pub").read_text().split()[-1]
    expect(lead.page.locator("[data-fingerprint]")).to_have_text(Verifier.parse(key).fingerprint)
    calm(lead.page)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_poster_fits_every_screen_and_shuts_nobody_out(lead: Tablet, axe: str, width: int) -> None:
    lead.page.set_viewport_size({"width": width, "height": 844})
    assert lead.page.evaluate("document.documentElement.scrollWidth") <= width
    for theme in ("light", "dark"):
        lead.page.emulate_media(color_scheme=theme)
        assert lead.page.evaluate(axe) == []


def test_paper_shows_the_poster_alone_on_one_page(lead: Tablet) -> None:
    pdf = lead.page.pdf(format="A4", prefer_css_page_size=False)
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 1
    lead.page.emulate_media(media="print")
    assert lead.page.locator("button:visible, .btn:visible").count() == 0
    assert lead.page.locator("[role=img]:visible").count() == 2


def test_a_slip_is_asked_for_once_however_often_the_button_is_pressed(lead: Tablet, harbour: House) -> None:
    lead.page.get_by_role("button", name="Print a slip").dblclick()
    expect(lead.page.locator("main")).to_contain_text("The slip waits for its printer.")
    wait_until(lambda: len(slips(harbour)) == 1, "one slip")
    (slip,) = slips(harbour)
    assert (slip["about"], slip["copy"]) == ("", 0)
    assert PASSWORD not in "".join(str(fact) for fact in harbour.facts("slip.requested/1"))


def slips(house: House) -> list[dict[str, object]]:
    return [fact["data"] for fact in house.facts("slip.requested/1") if fact["data"]["slip_kind"] == "wifi"]


def test_the_slip_says_the_same_and_an_open_wifi_has_no_password() -> None:
    config = Config(wifi=Wifi(ssid=SSID, password=PASSWORD))
    found = wifi.slip(config, "Abendmarkt", Wording("en"))
    assert [one.data for one in found if isinstance(one, Code)] == [SAID, "http://10.77.0.1/"]
    assert f"Password: {PASSWORD}" in [one.text for one in found if isinstance(one, Line)]
    assert wifi.join_code(Wifi(ssid="Quay")) == "WIFI:T:nopass;S:Quay;;"
    gone = wifi.slip(Config(), "", Wording("en"))
    assert [one.data for one in gone if isinstance(one, Code)] == ["http://10.77.0.1/"]


def test_only_a_lead_prints_and_only_where_there_is_a_wifi(house: House, harbour: House) -> None:
    assert harbour.client("Ben").ask("GET", "/box/wifi").status == 403
    page = house.client().ask("GET", "/box/wifi").body.decode()
    assert "This box makes no Wi-Fi for guests." in page
    assert "Print a slip" not in page
