"""Every page of the report in a real browser: it opens without errors, says which release it shows, and has no empty part."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.site

Visit = Callable[[Page, str, str], None]

# Path, heading, and at least how many charts and tables it holds
PAGES = [
    ("/", "Fleet overview", 0, 0),
    ("/operations/", "Operations", 6, 5),
    ("/sites/", "Sites", 0, 1),
    ("/towers/", "Towers", 3, 3),
    ("/detection-analytics/", "Detection Analytics", 10, 3),
    ("/reliability/", "Reliability", 6, 9),
    ("/pipeline-health/", "Pipeline Health", 3, 3),
    ("/data-dictionary/", "Data Dictionary", 0, 9),
]
LINKS = ["Operations", "Sites", "Towers", "Detection Analytics", "Reliability", "Pipeline Health", "Data Dictionary"]
KPIS = {
    "/": 16,
    "/operations/": 6,
    "/sites/": 6,
    "/towers/": 6,
    "/detection-analytics/": 6,
    "/reliability/": 8,
    "/pipeline-health/": 6,
}

# What a page may say instead of a chart or table, and the count that must then be 0
EMPTY = {
    "Nothing is in quarantine": "select count(*) from ops.quarantine_reasons",
    "Nothing is broken": "select count(*) from health.incidents where status <> 'resolved'",
    "No check fails, warns or is flaky": "select count(*) from health.checks where status in ('failed', 'warned') or is_flaky",
    "Every asset has an owner and a check, and every event feed a freshness limit": "select count(*) from health.coverage",
    "No column changed in the last 28 days": "select count(*) from health.schema_changes",
    "No open incidents": "select count(*) from marts.fct_incidents where is_open",
}

# How many pixels of a canvas are coloured rather than grey: axes and words alone are grey.
COLOURED_PIXELS = """canvas => {
    const { width, height } = canvas;
    if (!width || !height) return 0;
    const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
    let coloured = 0;
    for (let i = 0; i < pixels.length; i += 4) {
        const [r, g, b] = [pixels[i], pixels[i + 1], pixels[i + 2]];
        if (pixels[i + 3] > 40 && Math.max(r, g, b) - Math.min(r, g, b) > 12) coloured++;
    }
    return coloured;
}"""


@pytest.mark.parametrize(("path", "heading", "charts", "tables"), PAGES)
def test_page_opens_complete(
    page: Page,
    visit: Visit,
    published: duckdb.DuckDBPyConnection,
    path: str,
    heading: str,
    charts: int,
    tables: int,
) -> None:
    visit(page, path, heading)

    release_id, as_of, verdict, historical = published.execute(
        "select release_id, strftime(as_of, '%Y-%m-%d %H:%M UTC'), verdict, is_historical from ops.release"
    ).fetchall()[0]
    expect(page.get_by_test_id("release-id")).to_have_text(release_id)
    expect(page.get_by_test_id("as-of")).to_have_text(as_of)
    expect(page.get_by_test_id("verdict")).to_have_text(verdict)
    expect(page.get_by_test_id("historical-banner")).to_have_count(int(historical))

    text = page.locator("article").inner_text()
    for bad in ("No Results", "No Records", "Error", "undefined", "NaN", "[object", "Invalid Date"):
        assert bad not in text, f"{path} shows {bad!r}"
    for message in page.locator("article p.border-dashed:visible").all_inner_texts():
        assert message in EMPTY, f"{path} has an empty part: {message!r}"
        assert published.execute(EMPTY[message]).fetchall() == [(0,)], f"{path} says {message!r}, the data does not"

    figures = page.locator("[data-testid^=kpi-]").all_inner_texts()
    assert len(figures) == KPIS.get(path, 0)
    assert all(re.search(r"\w", figure) for figure in figures), figures

    drawn = [canvas.evaluate(COLOURED_PIXELS) for canvas in page.locator("article canvas:visible").all()]
    assert len(drawn) >= charts
    assert all(coloured > 150 for coloured in drawn), drawn

    rows = [table.locator("tr").count() - 1 for table in page.locator("article table:visible").all()]
    assert len(rows) >= tables
    assert all(count > 0 for count in rows), rows


@pytest.mark.parametrize(("path", "heading", "charts", "tables"), PAGES)
def test_page_fits_a_phone_in_the_dark(
    open_page: Callable[..., Page], visit: Visit, path: str, heading: str, charts: int, tables: int
) -> None:
    page = open_page(390, "dark")
    visit(page, path, heading)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth")
    drawn = [canvas.evaluate(COLOURED_PIXELS) for canvas in page.locator("article canvas:visible").all()]
    assert len(drawn) >= charts
    assert all(coloured > 100 for coloured in drawn), drawn


@pytest.mark.parametrize("width", [1440, 1280, 800, 390])
def test_rows_of_figures_are_even(open_page: Callable[..., Page], visit: Visit, width: int) -> None:
    """Six figures are one row, two or three, never five and one."""
    page = open_page(width)
    visit(page, "/operations/", "Operations")
    tops = page.locator("article .kpi").evaluate_all("cards => cards.map(card => card.getBoundingClientRect().top)")
    assert len(tops) == 6
    assert len({tops.count(top) for top in tops}) == 1, tops


@pytest.mark.parametrize(("path", "heading"), [row[:2] for row in PAGES])
def test_page_prints_whole(open_page: Callable[..., Page], visit: Visit, path: str, heading: str) -> None:
    """On A4, 718 px between its margins, no table is wider than the paper."""
    page = open_page(718)
    visit(page, path, heading)
    page.emulate_media(media="print")
    page.wait_for_timeout(300)
    cut = page.locator("article table:visible").evaluate_all(
        "tables => tables.filter(t => t.getBoundingClientRect().right > innerWidth + 1).map(t => t.innerText.slice(0, 80))"
    )
    assert cut == []


def test_sidebar_leads_through_the_pages_in_order(page: Page, visit: Visit, site_url: str) -> None:
    visit(page, "/", "Fleet overview")
    shown = page.locator("aside a:visible").all_inner_texts()
    assert [text.strip() for text in shown if text.strip()] == ["Overview", *LINKS]
    for link in LINKS:
        page.locator("aside a:visible", has_text=link).click()
        expect(page.locator("h1", has_text=link)).to_be_visible()
        expect(page.get_by_test_id("release-id")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.url.startswith(f"{site_url}/{link.lower().replace(' ', '-')}")


def test_map_shows_every_site(page: Page, visit: Visit, published: duckdb.DuckDBPyConnection) -> None:
    visit(page, "/operations/", "Operations")
    (sites,) = published.execute("select count(*) from marts.dim_site where lat is not null").fetchall()[0]
    drawn = page.get_by_test_id("site-map")
    expect(drawn.locator("a.site")).to_have_count(sites)
    assert len(drawn.locator("path.land").get_attribute("d") or "") > 5_000
    name = published.execute("select site_name from marts.dim_site order by site_name").fetchall()[0][0]
    drawn.locator(f"a.site[aria-label^='{name}:']").hover()
    expect(drawn.locator(".tip")).to_contain_text(name)
    drawn.locator(f"a.site[aria-label^='{name}:']").click()
    expect(page.locator("h1", has_text="Sites")).to_be_visible()
    expect(page.get_by_label("Site", exact=True).locator("option:checked")).to_have_text(name)


def test_data_dictionary_lists_every_contract_column(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection
) -> None:
    visit(page, "/data-dictionary/", "Data Dictionary")
    columns = published.execute("select feed, column_name from ops.data_dictionary order by feed, ordinal").fetchall()
    rows = page.get_by_test_id("dictionary-row")
    listed = rows.evaluate_all("rows => rows.map(row => [row.dataset.feed, row.dataset.column])")
    assert sorted(map(tuple, listed)) == sorted(columns)
    page.get_by_label("Search columns").fill("mtbf_target")
    expect(rows).to_have_count(sum("mtbf_target" in column for _, column in columns))
    page.get_by_label("Search columns").fill("nothing of this name")
    expect(rows).to_have_count(0)
    expect(page.get_by_text("No column matches")).to_be_visible()


def test_data_dictionary_shows_tables_and_where_they_come_from(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection
) -> None:
    visit(page, "/data-dictionary/", "Data Dictionary")
    tables = published.execute("select count(*) from ops.models").fetchall()[0][0]
    expect(page.get_by_test_id("model")).to_have_count(tables)
    page.get_by_label("Search tables and figures").fill("rpt_component_type mtbf_low_hours")
    expect(page.get_by_test_id("model")).to_have_count(1)
    expect(page.get_by_test_id("model")).to_contain_text("Lower bound of the MTBF")
    uses = page.get_by_test_id("model").get_by_test_id("pages")
    expect(uses.first).to_have_text("Used on: Reliability.")
    expect(uses.last).to_have_text("Through other tables on: Overview.")
    expect(uses.first.get_by_role("link")).to_have_attribute("href", re.compile("/reliability/$"))

    names = published.execute("""
        select count(distinct n) from (
            select unnest([table_name, parent]) n from ops.model_parents
            union all select unnest([table_name, page]) from ops.model_pages
        )
    """)
    drawn = page.get_by_test_id("lineage").locator("text")
    expect(drawn).to_have_count(names.fetchall()[0][0])
    drawn.get_by_text("rpt_stock", exact=True).hover()
    expect(page.get_by_test_id("lineage").locator("text.dim", has_text="rpt_confidence")).to_have_count(1)
    for name in ("inventory", "Operations"):
        expect(page.get_by_test_id("lineage").locator("text.dim", has_text=re.compile(f"^{name}$"))).to_have_count(0)


def test_built_files_name_no_other_host(site_dir: Path) -> None:
    """What a browser would fetch by itself: sources and links of pages, url() of style sheets."""
    named = re.compile(r"""(?:\bsrc=|<link[^>]+href=|url\()["']?((?:https?:)?//[^"')\s>]+)""")
    pages = [*site_dir.rglob("*.html"), *site_dir.rglob("*.css")]
    assert pages
    assert {hit for file in pages for hit in named.findall(file.read_text("utf-8"))} == set()
