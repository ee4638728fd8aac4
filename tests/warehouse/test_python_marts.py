"""Tables that Python makes are assets like any other, written in one transaction with their record."""

from dataclasses import replace

import dagster as dg
import duckdb
import polars as pl
import pytest
import yaml

from sentinel_orchestration.lake.checks import VERSION
from sentinel_orchestration.warehouse import definitions, python_marts
from sentinel_orchestration.warehouse.marts.fct_uptime_trend import MART
from sentinel_orchestration.warehouse.python_marts import KEY_UNIQUE, PythonMart
from sentinel_orchestration.warehouse.state import Mart
from tests.warehouse.dagster_runs import Runs, checked, failure, key, materialized, order
from tests.warehouse.small_silver import DBT_DIR, Home

NAME = f"marts/{MART.name}"
CHECK = f"{NAME}/{KEY_UNIQUE}"


@pytest.fixture
def runs(home: Home) -> Runs:
    return Runs(home)


def trend_alone() -> dg.AssetSelection:
    return dg.AssetSelection.assets(key(NAME))


def with_compute(monkeypatch: pytest.MonkeyPatch, compute: object) -> PythonMart:
    """The mart with another way to compute it, as the only one that there is."""
    mart = replace(MART, compute=compute)
    monkeypatch.setattr(definitions, "python_marts", lambda: [mart])
    return mart


def test_the_folder_of_marts_is_what_there_is() -> None:
    assert MART in python_marts.python_marts()


def test_dbt_describes_each_mart_as_its_module_does(runs: Runs) -> None:
    """dbt creates the table by this where Python has not made it yet, so types are those of the real table."""
    runs.run(trend_alone())
    text = yaml.safe_load((DBT_DIR / "models/reports/python_sources.yml").read_text())
    tables = {table["name"]: table for table in text["sources"][0]["tables"]}
    assert tables.keys() == {mart.name for mart in python_marts.python_marts()}
    for mart in python_marts.python_marts():
        columns = tables[mart.name]["columns"]
        assert tables[mart.name]["description"] == mart.description
        assert {column["name"]: column["description"] for column in columns} == mart.columns
        real = runs.home.query(
            "select column_name, lower(data_type) from information_schema.columns "
            f"where table_name = '{mart.name}' order by ordinal_position"
        )
        assert [(column["name"], column["data_type"]) for column in columns] == real


def test_a_mart_alone_is_built_recorded_and_checked(runs: Runs) -> None:
    home = runs.home
    assert home.query(f"select count(*) from marts.{MART.name}") == [(0,)]  # as dbt left it
    assert home.states([MART.record])[MART.name].stale == "is not built"

    result = runs.run(trend_alone())

    assert result.success, failure(result)
    assert order(result) == [NAME, CHECK]
    build = home.states([MART.record])[MART.name]
    assert build.stale is None
    senders = home.silver("telemetry")["tower_id"].n_unique()
    assert build.rows == materialized(result)[NAME].metadata["dagster/row_count"].value == senders
    assert checked(result)[CHECK].passed
    assert checked(result)[CHECK].metadata[VERSION].value == build.version
    tags = materialized(result)[NAME].tags
    assert tags is not None
    assert build.version.startswith(tags["dagster/data_version"])
    assert home.states()["rpt_uptime_trend"].stale == f"was built from another version of {MART.name}"

    report = runs.run(dg.AssetSelection.assets(key("reports/rpt_uptime_trend")))  # in a run of its own

    assert report.success
    assert home.states([MART.record])["rpt_uptime_trend"].stale is None
    trends = home.query("select count(*), count(days_count) from reports.rpt_uptime_trend")
    assert trends == [(home.silver("towers").height, senders)]

    assert runs.run(trend_alone()).success
    assert home.states([MART.record])[MART.name].version == build.version


def test_rows_and_record_stay_when_computing_or_writing_fails(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    home = runs.home
    assert runs.run(trend_alone()).success
    before, rows = home.states([MART.record])[MART.name], home.mart(MART.name)

    def record_and_die(connection: duckdb.DuckDBPyConnection, mart: Mart, invocation: str) -> str:
        python_marts_record(connection, mart, invocation)
        raise RuntimeError("killed after the record was written")

    python_marts_record = python_marts.record_mart
    with_compute(monkeypatch, lambda _: rows.head(1))
    monkeypatch.setattr(python_marts, "record_mart", record_and_die)
    result = Runs(home).run(trend_alone())

    assert not result.success
    assert "killed after the record was written" in failure(result)
    assert home.states([MART.record])[MART.name] == before
    assert home.mart(MART.name).equals(rows)


def test_rows_with_the_same_key_or_without_one_fail_the_check(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = dict.fromkeys(MART.columns, [1.0] * 4) | {"tower_id": ["a", "a", "b", None]}
    mart = with_compute(monkeypatch, lambda _: pl.DataFrame(columns))
    result = runs.run(trend_alone())
    assert not result.success  # the check blocks
    assert not checked(result)[CHECK].passed
    assert checked(result)[CHECK].description == "2 rows break it."
    assert runs.home.states([mart.record])[MART.name].rows == 4


def test_other_code_of_the_module_is_other_code_of_the_mart() -> None:
    assert replace(MART, compute=lambda _: pl.DataFrame()).record.code != MART.record.code
    assert replace(MART).record == MART.record


def test_without_any_table_it_says_what_to_materialize(runs: Runs) -> None:
    runs.home.layout.warehouse.unlink()
    result = runs.run(trend_alone())
    assert not result.success
    assert f"holds no tables: materialize {', '.join(MART.reads)} first." in failure(result)
