"""The report's figures by firmware: each tower-day counts once, for the firmware of that day, and half a day as half."""

from pathlib import Path

import duckdb

from sentinel_orchestration.settings import PROJECT_DIR

QUERY = Path(PROJECT_DIR, "evidence_reports/sources/sentinel/firmware_daily.sql")


def test_a_day_counts_for_the_firmware_that_ran_on_it() -> None:
    with duckdb.connect() as connection:
        connection.execute("""
            create schema ops; create schema marts;
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
            create table marts.fct_fleet_health_daily as
            select tower_id, 's' as site_id, day::date as telemetry_date,
                90.0 as avg_uptime_pct, 80.0 as avg_sensor_health, 1 as incidents_opened
            from unnest(['a', 'b']) as t (tower_id),
                generate_series(date '2025-03-01', date '2025-03-05', interval 1 day) as d (day);
        """)
        found = connection.sql(
            f"select telemetry_date, firmware_version, tower_days from ({QUERY.read_text()}) order by all"
        )
        days = [(day.day, version, count) for day, version, count in found.fetchall()]
    assert days == [
        (1, "4.0", 2),
        (2, "4.0", 2),
        (3, "4.0", 2),
        (4, "4.0", 1),
        (4, "4.1", 1),
        (5, "4.0", 0.5),  # the events end at noon
        (5, "4.1", 0.5),
    ]
