"""The figures of the report are those of the published file, for the fleet and for a chosen site or class."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.site

Visit = Callable[[Page, str, str], None]

# Page, heading, figure and the query that says what it must be; {site} holds the filter, {since} the start of the period,
# {day} its first day
FIGURES = [
    (
        "/operations/",
        "Operations",
        "active_towers",
        "select count(*) from marts.dim_tower where status = 'active' and {site}",
    ),
    (
        "/operations/",
        "Operations",
        "open_incidents",
        "select count(*) from marts.fct_incidents where is_open and {site}",
    ),
    (
        "/operations/",
        "Operations",
        "uptime_pct",
        "select avg(avg_uptime_pct) from marts.fct_fleet_health_daily where {site} and telemetry_date >= {day}",
    ),
    (
        "/operations/",
        "Operations",
        "opened",
        "select count(*) from marts.fct_incidents where {site} and opened_at >= {since}",
    ),
    (
        "/detection-analytics/",
        "Detection Analytics",
        "detections",
        "select count(*) from marts.fct_detection_events where {site} and detected_at >= {since}",
    ),
    (
        "/detection-analytics/",
        "Detection Analytics",
        "false_positive_pct",
        "select 100.0 * avg(false_positive::int) from marts.fct_detection_events where {site} and detected_at >= {since}",
    ),
    (
        "/detection-analytics/",
        "Detection Analytics",
        "ack_overnight_min",
        """select median(notify_to_ack_sec) / 60 from marts.fct_alert_pipeline_latency
        where is_overnight and {site} and detected_at >= {since}""",
    ),
    (
        "/reliability/",
        "Reliability",
        "uptime_pct",
        "select avg(avg_uptime_pct) from marts.fct_fleet_health_daily where {site} and telemetry_date >= {day}",
    ),
    (
        "/reliability/",
        "Reliability",
        "failures",
        "select count(*) from marts.fct_component_reliability where {site} and failed_at >= {since}",
    ),
    (
        "/reliability/",
        "Reliability",
        "availability_pct",
        """select round(100 - 100 * sum(required - up) / sum(required), 6) from (
            select
                epoch_us(as_of) - epoch_us(greatest(min(installed_at), {since})) as required,
                sum(greatest(epoch_us(coalesce(failed_at, as_of)) - epoch_us(greatest(installed_at, {since})), 0)) as up
            from marts.fct_component_reliability, ops.release
            where {site} and tower_id in (select tower_id from marts.dim_tower where status <> 'decommissioned')
            group by tower_id, component_type, as_of
        )""",
    ),
]


def period(days: int | None) -> dict[str, str]:
    """SQL of the start of a period of so many days up to the as-of time, and of its first day."""
    if days is None:
        return {"since": "timestamp '0001-01-01'", "day": "date '0001-01-01'"}
    since = f"(select as_of - interval {days} day from ops.release)"
    return {"since": since, "day": f"({since} - interval 1 second)::date + 1"}


def value(published: duckdb.DuckDBPyConnection, query: str, days: int | None = 28, **where: str) -> float:
    where |= period(days)
    return float(published.execute(query.format(**where)).fetchall()[0][0])


def choose(page: Page, title: str, option: str) -> None:
    page.get_by_label(title, exact=True).select_option(label=option)


def assert_figure(page: Page, figure: str, expected: float) -> None:
    shown = page.get_by_test_id(f"kpi-{figure}")
    page.wait_for_function(
        "([id, expected]) => Math.abs(document.querySelector(`[data-testid='kpi-${id}']`)?.dataset.value - expected) < 1e-6",
        arg=[figure, expected],
        timeout=20_000,
    )
    expect(shown).to_be_visible()


@pytest.mark.parametrize("path", ["/operations/", "/detection-analytics/", "/reliability/"])
def test_site_filter_moves_the_figures(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection, path: str
) -> None:
    figures = [row for row in FIGURES if row[0] == path]
    visit(page, path, figures[0][1])
    for _, _, figure, query in figures:
        assert_figure(page, figure, value(published, query, site="true"))

    # The site with the most open incidents moves every figure.
    site_id, site_name = published.execute(
        """select site_id, site_name from marts.dim_site left join marts.fct_incidents using (site_id)
        group by all order by count(*) filter (where is_open) desc, site_id limit 1"""
    ).fetchall()[0]
    choose(page, "Site", site_name)
    moved = 0
    for _, _, figure, query in figures:
        chosen = value(published, query, site=f"site_id = '{site_id}'")
        assert_figure(page, figure, chosen)
        moved += chosen != value(published, query, site="true")
    assert moved, f"no figure of {path} depends on the site: the filter shows nothing"
    choose(page, "Site", "All sites")
    for _, _, figure, query in figures:
        assert_figure(page, figure, value(published, query, site="true"))


def test_class_filter_moves_the_figures(page: Page, visit: Visit, published: duckdb.DuckDBPyConnection) -> None:
    visit(page, "/detection-analytics/", "Detection Analytics")
    choose(page, "Class", "UAS")
    query = "select count(*) from marts.fct_detection_events where target_class = 'UAS' and detected_at >= {since}"
    assert_figure(page, "detections", value(published, query))


@pytest.mark.parametrize("path", ["/operations/", "/detection-analytics/", "/reliability/"])
def test_period_filter_moves_the_figures(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection, path: str
) -> None:
    figures = [row for row in FIGURES if row[0] == path]
    visit(page, path, figures[0][1])
    for option, days in [("Last 7 days", 7), ("All days", None), ("Last 28 days", 28)]:
        choose(page, "Period", option)
        for _, _, figure, query in figures:
            assert_figure(page, figure, value(published, query, days, site="true"))


def test_changes_are_against_as_many_days_before(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection
) -> None:
    """Of all days there is nothing before, and no change."""
    visit(page, "/detection-analytics/", "Detection Analytics")
    query = """
        with counted as (
            select
                count(*) filter (where detected_at >= as_of - interval {length} day) as now,
                count(*) filter (
                    where detected_at < as_of - interval {length} day and detected_at >= as_of - 2 * interval {length} day
                ) as earlier
            from marts.fct_detection_events, ops.release
        )
        select 100 * (now / earlier - 1) from counted
    """
    shown = page.get_by_test_id("change-detections")
    for option, days in [("Last 28 days", 28), ("Last 7 days", 7)]:
        choose(page, "Period", option)
        change = value(published, query, None, length=str(days))
        sign = "+" if change > 0 else "−"
        expect(shown).to_have_text(f"{sign}{abs(change):.1f}% vs before")
    choose(page, "Period", "All days")
    expect(shown).to_have_count(0)


def test_shares_of_pipeline_health_are_those_of_the_build(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection
) -> None:
    visit(page, "/pipeline-health/", "Pipeline Health")
    assert_figure(page, "checks_passed", value(published, "select checks_passed from ops.release"))
    assert_figure(page, "rows_received", value(published, "select sum(rows_received) from ops.feed_summary"))
    assert_figure(page, "rows_quarantined", value(published, "select sum(rows_quarantined) from ops.feed_summary"))
    for table, rows in published.execute("select table_name, rows from ops.tables").fetchall():
        expect(page.get_by_role("row", name=table).locator("visible=true").first).to_contain_text(f"{rows:,}")


def test_a_filter_is_in_the_address_and_goes_with_the_reader(
    page: Page, visit: Visit, published: duckdb.DuckDBPyConnection, site_url: str
) -> None:
    """A link, a reload, another page and Back all show what was chosen; one that does not exist is not taken."""
    site_id, site_name = published.execute(
        "select site_id, site_name from marts.dim_site order by 1 limit 1"
    ).fetchall()[0]
    of_site = value(published, f"select count(*) from marts.fct_incidents where is_open and site_id = '{site_id}'")
    filter_of_site = page.get_by_label("Site", exact=True)

    def assert_chosen() -> None:
        expect(filter_of_site.locator("option:checked")).to_have_text(site_name)
        assert page.url.endswith(f"?site={site_id}")

    visit(page, "/operations/", "Operations")
    choose(page, "Site", site_name)
    assert_figure(page, "open_incidents", of_site)
    assert_chosen()
    page.reload()
    assert_figure(page, "open_incidents", of_site)
    assert_chosen()
    page.locator("aside a:visible", has_text="Reliability").click()
    expect(page.locator("h1", has_text="Reliability")).to_be_visible()
    page.wait_for_url(f"**/reliability/?site={site_id}")
    assert_chosen()
    page.go_back()
    expect(page.locator("h1", has_text="Operations")).to_be_visible()
    assert_figure(page, "open_incidents", of_site)
    assert_chosen()
    choose(page, "Period", "Last 7 days")
    opened = value(
        published, f"select count(*) from marts.fct_incidents where site_id = '{site_id}' and opened_at >= {{since}}", 7
    )
    assert_figure(page, "opened", opened)
    assert page.url.endswith(f"?site={site_id}&period=7d")
    page.reload()
    assert_figure(page, "opened", opened)
    choose(page, "Site", "All sites")
    choose(page, "Period", "Last 28 days")
    assert_figure(page, "open_incidents", value(published, "select count(*) from marts.fct_incidents where is_open"))
    assert "?" not in page.url

    page.goto(f"{site_url}/operations/?site=it's'--nowhere")
    expect(filter_of_site.locator("option:checked")).to_have_text("All sites")
    assert_figure(page, "open_incidents", value(published, "select count(*) from marts.fct_incidents where is_open"))
