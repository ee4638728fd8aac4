"""What a reader meets: how much a visit loads, and how old the data is by the reader's own clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta

import duckdb
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import watch
from tests.e2e.test_site import PAGES
from tests.e2e.wire import Wire, open_wire

pytestmark = pytest.mark.site

Visit = Callable[[Page, str, str], None]
LINE_BYTES_PER_SEC = 20_000_000 / 8
PAGE_BYTES, FILTER_BYTES = 4_000_000, 14_000_000


@dataclass
class Slow:
    """A page on a line of 20 Mbit/s, in a browser that has never been here."""

    page: Page
    wire: Wire
    address: str


@pytest.fixture
def slow(site_url: str, browser: Browser) -> Iterator[Slow]:
    host, _, rest = site_url.rpartition(":")
    port, _, base = rest.partition("/")
    with open_wire(int(port), LINE_BYTES_PER_SEC) as (wire, entrance), browser.new_context() as context:
        problems = watch(context, f"{host}:{entrance}")
        yield Slow(context.new_page(), wire, f"{host}:{entrance}/{base}".rstrip("/"))
        assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("path", "heading"), [row[:2] for row in PAGES])
def test_a_first_visit_loads_no_query_engine(slow: Slow, path: str, heading: str) -> None:
    started = time.monotonic()
    slow.page.goto(slow.address + path, wait_until="networkidle")
    expect(slow.page.locator("h1", has_text=heading)).to_be_visible()
    expect(slow.page.get_by_test_id("age")).to_contain_text(" ago")
    print(f"{path}: {slow.wire.bytes / 1e6:.2f} MB, {len(slow.wire.paths)} files, {time.monotonic() - started:.1f} s")
    assert [path for path in slow.wire.paths if path.endswith(".wasm")] == []
    assert 100_000 < slow.wire.bytes < PAGE_BYTES


def test_the_first_filter_loads_the_engine_and_says_so(slow: Slow, published: duckdb.DuckDBPyConnection) -> None:
    page = slow.page
    page.goto(f"{slow.address}/operations/", wait_until="networkidle")
    [(site_id, name)] = published.execute("select site_id, site_name from marts.dim_site order by 1 limit 1").fetchall()
    active = f"select count(*) from marts.dim_tower where status = 'active' and site_id = '{site_id}'"
    shown = str(published.execute(active).fetchall()[0][0])
    started = time.monotonic()
    page.get_by_label("Site", exact=True).select_option(label=name)
    expect(page.get_by_text("Loading the query engine")).to_be_visible()
    expect(page.get_by_test_id("kpi-active_towers")).to_have_attribute("data-value", shown, timeout=60_000)
    print(
        f"first filter: {slow.wire.bytes / 1e6:.2f} MB with the page, answer after {time.monotonic() - started:.1f} s"
    )
    expect(page.get_by_text("Loading the query engine")).to_have_count(0)
    assert any(path.endswith(".wasm") for path in slow.wire.paths)
    assert slow.wire.bytes < FILTER_BYTES


@pytest.mark.parametrize("days", [0, 3, 30])
def test_a_page_that_is_read_later_says_how_old_it_is(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection, days: int
) -> None:
    """By the clock of the reader, who may open a report long after the last build."""
    [(as_of, failed, warned)] = published.execute(
        "select as_of, checks_failed, checks_warned from ops.release"
    ).fetchall()
    now = as_of + timedelta(days=days)
    limits = "coalesce(freshness_error_hours, 1e9) as error, coalesce(freshness_warn_hours, 1e9) as warn"
    feeds = published.execute(
        "select age > error, age > warn"
        f" from (select date_diff('second', newest_event_at, $now) / 3600 as age, {limits}"
        " from ops.feed_summary join ops.contracts using (feed) where newest_event_at is not null)"
        " where least(error, warn) < 1e9",
        {"now": now},
    ).fetchall()
    states = sorted("stale" if stale else "late" if late else "fresh" for stale, late in feeds)
    assert "fresh" not in states or not days
    page.clock.install(time=now.replace(tzinfo=UTC))

    visit(page, "/pipeline-health/", "Pipeline Health")
    expect(page.get_by_test_id("age")).to_contain_text(f"{days} days ago" if days else "less than an hour ago")
    late = page.get_by_test_id("kpi-late_feeds")
    expect(late).to_have_attribute("data-value", str(len(states) - states.count("fresh")))
    assert sorted(page.get_by_test_id("freshness").locator("b").all_inner_texts()) == states
    worst = "bad" if failed or "stale" in states else "warn" if warned or "late" in states else "good"
    for path, heading, *_ in PAGES:
        visit(page, path, heading)
        expect(page.locator(f"[data-testid=release-stamp] a.{worst}")).to_have_count(1)
        expect(page.get_by_test_id("stale")).to_have_count(int("stale" in states))
