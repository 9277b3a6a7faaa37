"""Every screen for people, held against axe-core's rules, the policy of its own answers, and small hands."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.demo import Demo
from tests.watched import Watched, calm
from tools.screens import SCREENS, Places, places, walk
from web.common.headers import POLICY

pytestmark = pytest.mark.timeout(480)  # one walk through some fifty screens
SMALLEST = 320
WHOLE = re.compile(
    r"default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; img-src data:; "
    r"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of a page that is whole in one file: nothing is asked of anybody, and nothing runs but what its hash names."""
STYLED = re.compile(re.escape(POLICY) + r"; style-src 'sha256-[\w+/=]+'")
"""Of a page that brings its own style, for one round trip: as strict as every other, and no other style at all."""
FRAMED = re.compile(
    r"default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    r"frame-ancestors 'self'; sandbox allow-same-origin"
)
"""Of the guests' page in the lead's frame: nothing runs."""
CUT = "net::ERR_FAILED"
"""What the browser says on its console when the walk cuts the line, for the sale that waits."""
REFUSED = "422 (UNPROCESSABLE ENTITY) [/signup]"
"""And when the walk signs up with half an address."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """A whole box."""
    box = Demo(tmp_path_factory.mktemp("demo") / "box")
    box.start()
    yield places(box.ready, box.data)
    box.stop()


@pytest.fixture
def new_page(demo: Places, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Pages that ask the box alone, complain about nothing, and are answered under a strict policy."""
    opened: list[Watched] = []
    lax: list[str] = []

    def check(response: Response) -> None:
        policy = response.headers.get("content-security-policy", "")
        if policy != POLICY and not any(one.fullmatch(policy) for one in (WHOLE, STYLED, FRAMED)):
            lax.append(response.url)

    def new(**context: Any) -> Page:
        opened.append(Watched(chromium, demo.staff, demo.portal, demo.bench, **context))
        opened[-1].page.on("response", check)
        return opened[-1].page

    yield new
    for watched in opened:
        watched.close()
        assert watched.elsewhere == []
        assert [fault for fault in watched.faults if CUT not in fault and REFUSED not in fault] == []
    assert lax == []


@pytest.mark.parametrize("size", [(390, 844), (820, 1180), (1280, 800)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_no_screen_shuts_anybody_out(
    demo: Places, new_page: Callable[..., Page], axe: str, size: tuple[int, int]
) -> None:
    page = new_page(viewport={"width": size[0], "height": size[1]})
    seen, found = [], []
    for screen in walk(page, demo):
        seen.append(screen)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            found += [f"{screen}, {theme}: {violation}" for violation in page.evaluate(axe)]
        calm(page)
    assert seen == list(SCREENS)
    assert not found, "\n".join(found)


def test_every_screen_fits_the_smallest_phone(demo: Places, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": SMALLEST, "height": 640})
    seen = []
    for screen in walk(page, demo):
        calm(page)
        seen.append(screen)
    assert seen == list(SCREENS)
