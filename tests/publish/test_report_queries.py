"""What the report says of a release where its data is little: half days, one failure, parts that fit no component."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from conftest import Built
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout
from sentinel_orchestration.observe.health import write_health
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.publish.release import event_window
from tests.publish.report import PAGES, kpis, open_report, page_queries


@pytest.fixture
def report(small_home: Built, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The report on a copy of the small release, of a pipeline that has not run yet."""
    empty = Layout(tmp_path)
    write_health(History(empty), empty)
    with open_report(small_home.settings.layout.current / WAREHOUSE_FILE, empty.health) as connection:
        yield connection


@pytest.mark.parametrize("page", PAGES)
def test_every_query_of_every_page_runs(report: duckdb.DuckDBPyConnection, page: str) -> None:
    for name, sql in page_queries(page).items():
        assert report.sql(sql).columns, name


def test_the_window_ends_with_the_hour_of_the_newest_event(lake: Lake) -> None:
    assert event_window(lake) is None
    for feed in lake.contracts:
        lake.receive(feed)
        gate_feed(lake, feed)
    assert event_window(lake) == (datetime(2025, 3, 2), datetime(2025, 3, 4, 12))


def test_half_a_day_counts_as_half_a_day(report: duckdb.DuckDBPyConnection) -> None:
    report.execute("update ops.release set window_start_at = window_start_at + interval 12 hour")
    report.execute("update reports.rpt_detection_window set covered_days = 2.5")
    assert "2.5 days covered" in str(kpis(report, "detection-analytics", "kpis")["detections_note"])
    tower_days = report.sql(
        "select sum(tower_days) from sentinel.firmware where site_key = 'all' and period = 'all'"
    ).fetchone()
    of_marts = report.sql("""
        select sum(if(telemetry_date = window_start, 0.5, 1)) from marts.fct_fleet_health_daily, ops.release
    """).fetchone()
    assert tower_days == of_marts


@pytest.mark.parametrize(
    ("spares", "parts", "because", "note"),
    [
        ("null", 0, "'no component matches the inventory'", "no component matches the inventory"),
        ("0", 0, "null", "0 part numbers"),
        ("3", 1, "null", "1 part number"),
    ],
)
def test_spares_without_a_figure_say_why(
    report: duckdb.DuckDBPyConnection, spares: str, parts: int, because: str, note: str
) -> None:
    report.execute(
        f"update reports.rpt_stock set spares_to_order = {spares}, parts_with_orders = {parts}, no_spares_because = {because}"
    )
    assert kpis(report, "reliability", "kpis")["spares_note"] == note
    assert kpis(report, "index", "reliability")["spares_note"] == (
        note if spares == "null" else "to cover the lead time"
    )


def test_weeks_without_a_failure_are_counted_too(report: duckdb.DuckDBPyConnection) -> None:
    """Whole weeks of the window only: from Monday 6 October, as the 29th of September is half, to the 19th."""
    report.execute("""
        update ops.release
        set window_start_at = timestamp '2025-09-29 12:00:00', window_end_at = timestamp '2025-10-20 00:00:00';
        update marts.fct_component_reliability set failed_at = null;
        update marts.fct_component_reliability set failed_at = timestamp '2025-10-19 23:59:59'
        where component_id = (select min(component_id) from marts.fct_component_reliability);
    """)
    weekly = report.sql(page_queries("reliability")["failures_by_week"]).fetchall()
    assert [(week.day, failures) for week, failures in weekly] == [(6, 0), (13, 1)]


def test_what_is_worst_comes_first(report: duckdb.DuckDBPyConnection) -> None:
    """Of the towers of a site too, and by the period."""
    queries = page_queries("reliability")
    events = [row[0] for row in report.sql(f"select events from ({queries['worst_towers']})").fetchall()]
    assert events
    assert events == sorted(events, reverse=True)
