"""The dbt project by itself: it follows the contracts, describes and tests what it makes, and asks no clock."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.small_silver import BY_DAY, CONTRACTS, DBT_DIR, MARTS, Home

REPORTS = {path.stem for path in (DBT_DIR / "models/reports").rglob("*.sql")}


@pytest.fixture
def manifest(built: Home) -> Any:
    return built.dbt.parsed()


def nodes(manifest: Any, kind: str) -> list[Any]:
    return [node for node in manifest.nodes.values() if node.resource_type == kind]


def test_sources_say_what_the_contracts_say(manifest: Any) -> None:
    """Columns in order, types, descriptions, event time, freshness, asset key of every feed and no other."""
    types = {"string": "varchar", "integer": "bigint", "number": "double", "boolean": "boolean"}
    sources = {source.name: source for source in manifest.sources.values() if source.source_name == "silver"}
    assert sources.keys() == CONTRACTS.keys()
    for feed, contract in CONTRACTS.items():
        source = sources[feed]
        assert source.description == f"{contract.description} {contract.grain}"
        assert [(c.name, c.data_type, c.description) for c in source.columns.values()] == [
            (c.name, types.get(c.type, c.type), c.description) for c in contract.columns
        ]
        assert source.loaded_at_field == contract.event_time
        limits = [source.freshness and getattr(source.freshness, limit) for limit in ("warn_after", "error_after")]
        units = {"hour": 1, "minute": 1 / 60}
        hours = [limit.count * units[limit.period] if limit and limit.count else None for limit in limits]
        assert hours == [contract.freshness_warn_hours, contract.freshness_error_hours], feed
        assert source.meta["dagster"]["asset_key"] == ["silver", feed]
        assert f"stg_{feed}" in {model.name for model in nodes(manifest, "model")}
        assert contract.domain == source.path.split("/")[-2]


def test_everything_is_described(manifest: Any, built: Home) -> None:
    """Every model, every column it really has, and every test whose name is our own."""
    found = built.query("select table_name, column_name from information_schema.columns")
    for model in nodes(manifest, "model"):
        columns = [column for table, column in found if table == model.name]
        assert model.description
        assert columns
        assert [name for name, column in model.columns.items() if column.description] == columns, model.name
    generics = {path.stem for path in (DBT_DIR / "tests/generic").glob("*.sql")} - {"relationships"}  # dbt's own name
    for test in nodes(manifest, "test"):
        assert test.description or test.test_metadata.name not in generics, test.name


def test_tables_have_enforced_contracts(manifest: Any) -> None:
    tables = {model.name: model for model in nodes(manifest, "model") if model.config.materialized != "view"}
    assert tables.keys() == MARTS | REPORTS
    for table in tables.values():
        assert table.contract.enforced
        assert all(column.data_type for column in table.columns.values())
    assert {name for name, table in tables.items() if table.config.materialized == "incremental"} == BY_DAY.keys()


def test_data_tests_are_on_models_and_cover_keys(manifest: Any) -> None:
    """A test on a source would exempt dbt from the blocking checks of silver; keys must block."""
    tests = nodes(manifest, "test")
    assert all(test.attached_node and test.attached_node.startswith("model.") for test in tests)
    tested = {test.attached_node.split(".")[-1] for test in tests if "unique" in test.test_metadata.name}
    assert tested == {model.name for model in nodes(manifest, "model")}
    advisory = {test.test_metadata.name for test in tests if test.config.severity.lower() == "warn"}
    assert advisory.isdisjoint({"unique", "not_null", "unique_combination", "accepted_values", "sums_match"})


def test_unit_tests_cover_tables_with_logic(manifest: Any) -> None:
    assert {test.model for test in manifest.unit_tests.values()} == MARTS | REPORTS


def test_only_users_of_as_of_depend_on_it(manifest: Any) -> None:
    """Otherwise a failing test of an event feed would hold back tables that have nothing to do with it."""
    models = {model.unique_id: model for model in nodes(manifest, "model")}
    for model in models.values():
        parents = {models[parent].name for parent in model.depends_on.nodes if parent in models}
        is_user = re.search(r"\bas_of\b", model.raw_code) is not None
        assert ("as_of_fleet" in parents) == (is_user and model.name != "as_of_fleet"), model.name
        if model.name.startswith("dim_"):
            assert parents.isdisjoint({"stg_telemetry", "stg_detections", "stg_alert_pipeline"})


def test_no_model_asks_the_clock_or_rolls_dice() -> None:
    forbidden = re.compile(r"\b(now\s*\(|current_(date|time|timestamp)|today\s*\(|random|uuid|getdate)", re.IGNORECASE)
    for path in [*(DBT_DIR / "models").rglob("*.sql"), *(DBT_DIR / "macros").rglob("*.sql")]:
        assert not forbidden.search(path.read_text()), path


def test_macros_named_in_the_sqlfluff_configuration_exist() -> None:
    """It replaces macros that call into dbt by stubs; one for a macro that is gone would hide the next."""
    text = Path(DBT_DIR.parent / ".sqlfluff").read_text()
    for path in re.findall(r"dbt/macros/[\w/.]+", text):
        assert (DBT_DIR.parent / path).exists(), path
    macros = "".join(path.read_text() for path in (DBT_DIR / "macros").rglob("*.sql"))
    for name in re.findall(r"{% macro (\w+)", text):
        assert f"macro {name}(" in macros, name


def test_a_view_reads_silver_as_absolute_paths(built: Home) -> None:
    """So that it can be queried from any folder, and after the files of another home were built."""
    views = built.query("select sql from duckdb_views() where schema_name = 'staging'")
    silver = str(built.layout.silver).replace("'", "''")
    assert views
    assert all(silver in sql for (sql,) in views)


def test_the_warehouse_can_be_read_by_another_process_after_each_command(home: Home) -> None:
    home.look()
    with duckdb.connect(str(home.layout.warehouse)) as connection:
        assert connection.execute("select count(*) from meta.models").fetchone() != (0,)
