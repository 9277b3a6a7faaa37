"""What the till's page costs a tablet on crowded air."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Request, expect

from tests.web.conftest import House
from tests.web.tablet import Tablet

MOST_BYTES = 150_000


def test_the_till_is_there_in_one_round_trip_after_its_page_and_below_150_kb(
    house: House, new_tablet: Callable[..., Tablet]
) -> None:
    tablet = new_tablet()
    seen: list[Request] = []

    def note(request: Request) -> None:
        seen.append(request)

    tablet.page.on("requestfinished", note)
    tablet.unlock()
    tablet.tap("COFFEE")
    expect(tablet.button("charge")).to_be_enabled()
    html = next(request for request in seen if request.resource_type == "document").response()
    assert html is not None
    text = html.text()
    files = {urlsplit(one.url).path for one in seen if one.resource_type in ("script", "stylesheet")}
    assert len(files) > 10
    assert [path for path in files if path not in text] == []
    sizes = [request.sizes() for request in seen if "/follow" not in request.url]
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < MOST_BYTES
    # Each is asked for once: a preload that does not fit what is asked for is fetched twice, and Chromium complains.
    paths = [urlsplit(one.url).path for one in seen if one.resource_type == "script"]
    assert len(paths) == len(set(paths))
