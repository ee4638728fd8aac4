"""Text that wants to be more than text is shown as text: in tables, drop-downs, the map and what charts say of a point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.serve.site import start_site_server
from sentinel_orchestration.settings import Settings
from tests.health import know_health
from tests.hostile.nasty_fleet import MARKED
from tests.hostile.values import NASTY

if TYPE_CHECKING:
    from conftest import Built

pytestmark = pytest.mark.site

# The pages that show free text of the data: path, heading, and whether their charts do too
PAGES = [
    ("/operations/", "Operations", True),
    ("/reliability/", "Reliability", True),
    ("/pipeline-health/", "Pipeline Health", False),
]
# Where to point, in shares of a chart's width and height: down beside long labels, and across
PLACES = [(0.85, step / 20) for step in range(3, 20)] + [(step / 6, 0.6) for step in range(1, 6)]
SAID = """() => [
    [...document.querySelectorAll('article #tooltip')].map(told => told.parentElement.innerText),
    document.querySelectorAll('img[src=x]').length,
]"""


@pytest.fixture(scope="module")
def site_url(nasty_build: Built, share_app: Callable[[Settings], None]) -> Iterator[str]:
    """Address of the nasty fleet's report."""
    settings = nasty_build.settings
    share_app(settings)
    know_health(settings)
    build_site(settings, print, pytest.fail)
    server = start_site_server(settings.layout.site, "127.0.0.1", 0, settings.site_base_path)
    yield f"http://127.0.0.1:{server.server_port}{settings.site_base_path}"
    server.shutdown()
    server.server_close()


def plain(text: str) -> str:
    """Text as a browser sets it: line ends and tabs are spaces."""
    return " ".join(text.split())


def point_at_charts(page: Page) -> set[str]:
    """Points at many places of every chart; what the charts said."""
    said: set[str] = set()
    for canvas in page.locator("article canvas:visible").all():
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box
        for across, down in PLACES:
            page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
            page.wait_for_timeout(20)
            texts, images = page.evaluate(SAID)
            assert images == 0
            said |= {plain(text) for text in texts}
    return said


def assert_nothing_ran(page: Page) -> None:
    assert page.evaluate("window.__hacked") is None
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize(("path", "heading", "has_names"), PAGES)
def test_a_page_runs_nothing_of_the_data(
    page: Page, visit: Callable[..., None], path: str, heading: str, has_names: bool
) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    visit(page, path, heading)
    if has_names:
        said = point_at_charts(page)
        assert any(NASTY[1] in text for text in said), f"no chart of {path} named the site {NASTY[1]}"
    assert_nothing_ran(page)
    assert dialogs == []


def test_operations_shows_text_as_it_is(page: Page, visit: Callable[..., None]) -> None:
    visit(page, "/operations/", "Operations")
    names = {plain(text) for text in NASTY}
    labels = page.locator("a.site").evaluate_all("sites => sites.map(site => site.getAttribute('aria-label'))")
    assert {plain(label.rpartition(": ")[0]) for label in labels} == names
    tables = plain(" ".join(page.locator("article table:visible").all_inner_texts()))
    assert MARKED in tables
    assert NASTY[0] in tables

    choices = page.get_by_label("Site", exact=True).locator("option").all_inner_texts()
    assert {plain(text) for text in choices} == names | {"All sites"}
    page.get_by_label("Site", exact=True).select_option(index=1)
    expect(page.locator("article .animate-pulse:visible")).to_have_count(0)
    assert_nothing_ran(page)
