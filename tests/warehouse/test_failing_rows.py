"""The rows that break a dbt test, as they may be shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.lake.failing_rows import SAMPLE
from sentinel_orchestration.resources import WarehouseResource
from sentinel_orchestration.warehouse import assets
from sentinel_orchestration.warehouse.failing_rows import failing_rows
from tests.warehouse.dagster_runs import Runs, check, checked
from tests.warehouse.small_silver import Home

DATA_TEST = "marts/dim_site/unique_dim_site_site_id"


@pytest.fixture
def warehouse(tmp_path: Path) -> WarehouseResource:
    made = WarehouseResource(database=str(tmp_path / "sentinel.duckdb"))
    with made.get_connection() as connection:
        connection.execute(
            "create table crew as select i as badge, 'Jane Doe' as Full_Name, repeat('x', 100) as note, "
            "timestamp '2026-11-29 03:00' as seen_at, null as rank from range(8) rows(i)"
        )
    return made


def test_at_most_five_rows_as_json_takes_them(warehouse: WarehouseResource) -> None:
    (rows,) = failing_rows(warehouse, [], {"t": "select * from crew order by badge;\n"}).values()
    assert [row["badge"] for row in rows] == [0, 1, 2, 3, 4]
    assert rows[0] == {
        "badge": 0,
        "Full_Name": "Jane Doe",
        "note": "x" * 60 + "…",
        "seen_at": str(datetime(2026, 11, 29, 3)),
        "rank": None,
    }


def test_a_personal_column_is_left_out_whatever_its_case(warehouse: WarehouseResource) -> None:
    (rows,) = failing_rows(warehouse, ["full_name"], {"t": "select * from crew where badge > 6"}).values()
    assert [set(row) for row in rows] == [{"badge", "note", "seen_at", "rank"}]


def test_a_query_that_names_one_shows_nothing(warehouse: WarehouseResource) -> None:
    queries = {"renamed": 'select "FULL_NAME" as who from crew', "other": "select badge as full_names from crew"}
    assert failing_rows(warehouse, ["full_name"], queries).keys() == {"other"}


def test_a_query_that_cannot_run_is_passed_over(warehouse: WarehouseResource) -> None:
    queries = {"broken": "select nothing from nowhere", "fine": "select 1 as one -- a comment"}
    assert failing_rows(warehouse, [], queries) == {"fine": [{"one": 1}]}


def test_rows_that_fail_are_shown_without_personal_columns(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor those of a test that names such a column: it may give the values under another name."""
    contracts = load_contracts()
    columns = tuple(replace(c, is_personal=c.name in ("lat", "site_id")) for c in contracts["sites"].columns)
    private = {**contracts, "sites": replace(contracts["sites"], columns=columns)}
    home.execute("insert into marts.dim_site from marts.dim_site limit 2")
    monkeypatch.setattr(assets, "load_contracts", lambda: private)
    evaluation = checked(Runs(home).run(check(DATA_TEST)))[DATA_TEST]
    assert not evaluation.passed
    assert SAMPLE not in evaluation.metadata
