"""The report's figures by firmware: each tower-day counts once, for the firmware of that day, and half a day as half."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sentinel_orchestration.settings import PROJECT_DIR

QUERY = Path(PROJECT_DIR, "evidence_reports/sources/sentinel/firmware.sql")


@pytest.fixture
def released() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two towers over five days, of which the events cover the last until noon: one changes its firmware on the fourth."""
    with duckdb.connect() as connection:
        connection.execute("""
            create schema ops; create schema marts; create schema reports;
            create table ops.column_history as
            select * from (values
                ('towers', 'a', 'firmware_version', '4.0', date '2025-03-02'),
                ('towers', 'a', 'firmware_version', '4.1', date '2025-03-04'),
                ('towers', 'b', 'firmware_version', '4.0', date '2025-03-02'),
                ('sites', 'a', 'firmware_version', '9', date '2025-03-01'),
                ('towers', 'a', 'model', 'M', date '2025-03-01')
            ) as t (feed, key, column_name, value, seen_from);
            create table ops.release as
            select timestamp '2025-03-01 00:00:00' as window_start_at, timestamp '2025-03-05 12:00:00' as window_end_at;
            create table reports.rpt_period as
            select * from (values ('3d', date '2025-03-03'), ('all', date '0001-01-01')) as t (period, first_day);
            create table reports.rpt_incident_interval as
            select * from (values (5, 1.7, 11.9), (8, 3.6, 15.9)) as t (incidents, low, high);
            create table marts.fct_fleet_health_daily as
            select tower_id, 's' as site_id, day::date as telemetry_date,
                if(tower_id = 'a', 90.0, 100.0) as avg_uptime_pct, 1 as incidents_opened
            from unnest(['a', 'b']) as t (tower_id),
                generate_series(date '2025-03-01', date '2025-03-05', interval 1 day) as d (day);
        """)
        yield connection


def of_all(connection: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[object, ...]]:
    rows = connection.sql(f"select {columns} from ({QUERY.read_text()}) where site_key = 'all' order by all").fetchall()
    of_site = connection.sql(f"select {columns} from ({QUERY.read_text()}) where site_key = md5('s') order by all")
    assert rows == of_site.fetchall()
    return rows


def test_a_day_counts_for_the_firmware_that_ran_on_it(released: duckdb.DuckDBPyConnection) -> None:
    assert of_all(released, "period, firmware_version, tower_days, incidents") == [
        ("3d", "4.0", 3.5, 4),  # a's third day, and two and a half of b
        ("3d", "4.1", 1.5, 2),
        ("all", "4.0", 7.5, 8),
        ("all", "4.1", 1.5, 2),
    ]


def test_minutes_are_lost_per_whole_day(released: duckdb.DuckDBPyConnection) -> None:
    lost = [minutes for _, minutes in of_all(released, "firmware_version, round(lost_minutes, 6)")]
    assert lost == [pytest.approx(144 * share) for share in (1 / 3.5, 3 / 7.5, 1, 1)]


def test_a_rate_has_an_interval_only_where_there_are_enough_incidents(released: duckdb.DuckDBPyConnection) -> None:
    found = of_all(released, "incidents, incidents_per_100, incidents_per_100_low, incidents_per_100_high")
    assert found[-1] == pytest.approx((8, 800 / 7.5, 360 / 7.5, 1590 / 7.5))
    assert all(low is high is None for _, _, low, high in found[:-1])
