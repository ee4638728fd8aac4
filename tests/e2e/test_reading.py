"""What a reader meets: how much a visit loads, and how old the data is by the reader's own clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_site import PAGES

pytestmark = pytest.mark.site

Visit = Callable[[Page, str, str], None]
LINE_BYTES_PER_SEC = 20_000_000 / 8
PAGE_BYTES, FILTER_BYTES = 4_000_000, 14_000_000


@pytest.fixture
def wire(site_url: str, page: Page) -> Iterator[Wire]:
    """A line of 20 Mbit/s, which the page is to use instead of the server's own port."""
    port = site_url.split(":")[2].split("/")[0]
    with open_wire(int(port), LINE_BYTES_PER_SEC) as (wire, entrance):
        page.route(
            "**/*", lambda route: route.continue_(url=route.request.url.replace(f":{port}/", f":{entrance}/", 1))
        )
        yield wire
        page.unroute_all(behavior="ignoreErrors")
