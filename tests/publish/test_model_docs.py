"""What a release says of its own tables: what they hold, what they are made of, and the pages that show them."""

from collections.abc import Iterator

import duckdb
import pytest

from conftest import Built
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.layout import WAREHOUSE_FILE
from tests.publish.report import REPORT


@pytest.fixture(scope="module")
def release(small_home: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    database = small_home.settings.layout.current / WAREHOUSE_FILE
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


def test_every_table_and_column_is_described(release: duckdb.DuckDBPyConnection) -> None:
    held = release.execute(
        "select table_schema, table_name, column_name, ordinal_position from information_schema.columns"
        " where table_schema in ('marts', 'reports') order by all"
    ).fetchall()
    described = release.execute(
        "select layer, table_name, column_name, ordinal from ops.models join ops.model_columns using (table_name) order by all"
    ).fetchall()
    assert {row[:3] for row in described} == {row[:3] for row in held}
    for table in ("models", "model_columns"):
        assert release.execute(f"select count(*) from ops.{table} where trim(description) = ''").fetchall() == [(0,)]


def test_every_table_comes_from_feeds_but_for_the_calendar_and_constants(release: duckdb.DuckDBPyConnection) -> None:
    tables = {name for (name,) in release.execute("select table_name from ops.models").fetchall()}
    edges = release.execute("select table_name, parent from ops.model_parents").fetchall()
    feeds = set(load_contracts())
    assert {parent for _, parent in edges} <= tables | feeds
    assert ("dim_site", "sites") in edges  # through a view
    assert ("fct_uptime_trend", "fct_fleet_health_daily") in edges  # made by Python
    reached, count = feeds, 0
    while len(reached) != count:
        count = len(reached)
        reached = reached | {table for table, parent in edges if parent in reached}
    assert tables - reached == {"dim_date", "dim_poisson_interval", "rpt_thresholds"}


def test_every_table_of_the_report_is_on_a_page(release: duckdb.DuckDBPyConnection) -> None:
    tables = {
        name for (name,) in release.execute("select table_name from ops.models where layer = 'reports'").fetchall()
    }
    pages = release.execute("select table_name, page, path from ops.model_pages").fetchall()
    assert ("rpt_tower_health", "Towers", "/towers/") in pages
    assert ("rpt_uptime_trend", "Reliability", "/reliability/") in pages
    read_by_tables = {parent for (parent,) in release.execute("select parent from ops.model_parents").fetchall()}
    assert tables <= {table for table, *_ in pages} | read_by_tables
    source = (REPORT / "sources/sentinel/model_pages.sql").read_text(encoding="utf-8")
    used = release.execute(f"select table_name, page, is_direct from ({source})").fetchall()
    assert ("fct_uptime_trend", "Reliability", False) in used  # through rpt_uptime_trend
    assert ("rpt_uptime_trend", "Reliability", True) in used
