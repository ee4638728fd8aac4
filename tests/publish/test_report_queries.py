"""What the report says of a release where its data is little: half days, one failure, parts that fit no component."""

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from conftest import Built
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.layout import WAREHOUSE_FILE
from sentinel_orchestration.publish.release import event_window
from tests.publish.report import PAGES, kpis, open_report, page_queries


@pytest.fixture
def report(small_home: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """The report on a copy of the small release."""
    with open_report(small_home.settings.layout.current / WAREHOUSE_FILE) as connection:
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
    assert kpis(report, "index", "detection")["detections_note"] == "in 3 days"
    report.execute("update ops.release set window_start_at = window_start_at + interval 12 hour")
    found = kpis(report, "detection-analytics", "kpis")
    assert found["detections_note"] == f"{found['detections'] / 2.5:.1f} per day"
    assert kpis(report, "index", "detection")["detections_note"] == "in 2.5 days"
    assert kpis(report, "reliability", "kpis")["failures_note"] == "in 2.5 days"
    tower_days = report.sql("select sum(tower_days) from sentinel.firmware_daily").fetchone()
    of_marts = report.sql("""
        select sum(if(telemetry_date = window_start, 0.5, 1)) from marts.fct_fleet_health_daily, ops.release
    """).fetchone()
    assert tower_days == of_marts


@pytest.mark.parametrize(
    ("ratio", "is_supported", "failures", "tone", "note"),
    [
        (1.4, True, 5, "good", "radar, observed ÷ target"),
        (1.4, False, 1, None, "radar, observed ÷ target, from 1 failure"),
        (0.5, True, 5, "bad", "radar, observed ÷ target"),
        (0.5, False, 1, None, "radar, observed ÷ target, from 1 failure"),
    ],
)
def test_one_failure_gives_a_figure_but_no_verdict(
    report: duckdb.DuckDBPyConnection, ratio: float, is_supported: bool, failures: int, tone: str | None, note: str
) -> None:
    report.execute(f"""
        create or replace view sentinel.component_types as
        select 'radar' as component_type, {ratio} as mtbf_ratio, {is_supported} as is_mtbf_supported,
            {failures} as failures, 9 as components, 1.0 as observed_mtbf_hours, 1.0 as target_mtbf_hours,
            1.0 as operating_hours
    """)
    found = kpis(report, "reliability", "kpis")
    assert (found["worst_tone"], found["worst_note"]) == (tone, note)
    assert found["types_tone"] == ("warn" if ratio < 1 else tone)
    gap = kpis(report, "reliability", "mtbf")["gap_pct"]
    assert (gap is None) == (not is_supported)


def test_no_failure_at_all_is_no_success(report: duckdb.DuckDBPyConnection) -> None:
    report.execute("""
        update marts.fct_component_reliability
        set failed_at = null, ratio = null, observed_mtbf_hours = null, is_mtbf_supported = false
    """)
    found = kpis(report, "reliability", "kpis")
    assert (found["types_tone"], found["worst_tone"], found["worst_ratio"]) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "spares", "reason"),
    [
        ("set working_component_count = 0, spares_to_order = 0", None, "no component matches the inventory"),
        ("set working_component_count = 1, spares_to_order = 0", 0, "0 part numbers"),
        ("set working_component_count = 0, spares_to_order = if(part_number = first, 3, 0)", 3, "1 part number"),
        (None, None, "no part is in the inventory"),
    ],
)
def test_spares_are_a_number_only_where_components_match_the_inventory(
    report: duckdb.DuckDBPyConnection, change: str | None, spares: int | None, reason: str
) -> None:
    if change is None:
        report.execute("delete from marts.fct_spares_demand")
    else:
        report.execute(f"""
            update marts.fct_spares_demand {change}
            from (select min(part_number) as first from marts.fct_spares_demand) as firsts
        """)
    found = kpis(report, "reliability", "kpis")
    assert (found["spares_to_order"], found["spares_note"]) == (spares, reason)
    on_index = kpis(report, "index", "reliability")
    assert on_index["spares_to_order"] == spares
    assert on_index["spares_note"] == (reason if spares is None else "to cover the lead time")
