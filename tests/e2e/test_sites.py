"""The page of sites: all of them, the worst first, and what one of them shows. Tables of other pages lead to it."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_filters import assert_figure, value

pytestmark = pytest.mark.site

Visit = Callable[[Page, str, str], None]
RANKED = """
    select site_id, site_name from reports.rpt_site_health join marts.dim_site using (site_id)
    where period = '28d' order by attention_rank limit 20
"""
WITH_SITES = [
    ("/operations/", "Operations"),
    ("/towers/", "Towers"),
    ("/detection-analytics/", "Detection Analytics"),
    ("/reliability/", "Reliability"),
]


def test_sites_are_listed_the_worst_first(page: Page, visit: Visit, published: duckdb.DuckDBPyConnection) -> None:
    visit(page, "/sites/", "Sites")
    names = page.locator("article table:visible td:first-child").all_inner_texts()
    assert [name.strip() for name in names if name.strip()] == [
        name for _, name in published.execute(RANKED).fetchall()
    ]
    needing = value(
        published,
        "select sites_needing_attention from reports.rpt_site_health where site_key = 'all' and period = '28d'",
    )
    expect(page.get_by_test_id("kpi-attention")).to_contain_text(f"{needing:.0f} of ")


def test_a_site_shows_its_towers_incidents_and_days(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection, site_url: str
) -> None:
    site_id, name = published.execute(RANKED).fetchall()[0]
    visit(page, "/sites/", "Sites")
    page.locator("article table:visible").get_by_role("link", name=name).click()
    of_site = f"site_id = '{site_id}'"
    assert_figure(
        page,
        "open_incidents",
        value(published, f"select count(*) from marts.fct_incidents where is_open and {of_site}"),
    )
    assert page.url == f"{site_url}/sites/?site={site_id}"
    expect(page.get_by_label("Site", exact=True).locator("option:checked")).to_have_text(name)
    expect(page.locator("article canvas:visible")).to_have_count(2)
    shown = page.locator("article table:visible").first.get_by_role("link")
    expect(shown.first).to_be_visible()
    towers = published.execute(f"select tower_id from marts.dim_tower where {of_site}").fetchall()
    assert {(text.strip(),) for text in shown.all_inner_texts()} <= set(towers)

    page.get_by_label("Site", exact=True).select_option(label="All sites")
    expect(page.locator("article table:visible")).to_have_count(1)


@pytest.mark.parametrize(("path", "heading"), WITH_SITES)
def test_a_site_in_a_table_leads_to_its_page(page: Page, visit: Visit, path: str, heading: str) -> None:
    visit(page, path, heading)
    link = page.locator("article td:visible a[href*='/sites/?site=']").first
    name = link.inner_text().strip()
    link.click()
    expect(page.locator("h1", has_text="Sites")).to_be_visible()
    expect(page.get_by_label("Site", exact=True).locator("option:checked")).to_have_text(name)
