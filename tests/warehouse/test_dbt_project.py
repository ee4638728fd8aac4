"""The dbt project by itself: it keeps to the contracts, describes and tests what it makes, and asks no clock."""

import re
from pathlib import Path
from typing import Any

import duckdb

from tests.warehouse.small_silver import CONTRACTS, DBT_DIR, EVENT_FACTS, MARTS, Dbt


def nodes(dbt: Dbt, kind: str) -> list[Any]:
    assert dbt.manifest
    return [node for node in dbt.manifest.nodes.values() if node.resource_type == kind]


def test_sources_say_what_the_contracts_say(dbt: Dbt) -> None:
    """Columns in order, types, descriptions, event time, freshness, asset key of every feed and no other."""
    assert dbt.manifest
    types = {"string": "varchar", "integer": "bigint", "number": "double", "boolean": "boolean"}
    sources = {source.name: source for source in dbt.manifest.sources.values()}
    assert sources.keys() == CONTRACTS.keys()
    for feed, contract in CONTRACTS.items():
        source = sources[feed]
        assert source.description == f"{contract.description} {contract.grain}"
        assert [(c.name, c.data_type, c.description) for c in source.columns.values()] == [
            (c.name, types.get(c.type, c.type), c.description) for c in contract.columns
        ]
        assert source.loaded_at_field == contract.event_time
        limits = [source.freshness and getattr(source.freshness, limit) for limit in ("warn_after", "error_after")]
        hours = [limit.count if limit else None for limit in limits]
        assert hours == [contract.freshness_warn_hours, contract.freshness_error_hours], feed
        assert all(limit.period == "hour" for limit in limits if limit and limit.count)
        assert source.meta["dagster"]["asset_key"] == ["silver", feed]
        assert f"stg_{feed}" in {model.name for model in nodes(dbt, "model")}
        assert contract.domain == source.path.split("/")[-2]


def test_everything_is_described(dbt: Dbt, built: Path) -> None:
    """Every model, every column it really has, and every test whose name is our own."""
    with duckdb.connect(str(built), read_only=True) as connection:
        found = connection.execute("select table_name, column_name from information_schema.columns").fetchall()
    for model in nodes(dbt, "model"):
        columns = [column for table, column in found if table == model.name]
        assert model.description
        assert columns
        assert [name for name, column in model.columns.items() if column.description] == columns, model.name
    generics = {path.stem for path in (DBT_DIR / "tests/generic").glob("*.sql")}
    for test in nodes(dbt, "test"):
        assert test.description or test.test_metadata.name not in generics, test.name


def test_marts_have_enforced_contracts(dbt: Dbt) -> None:
    marts = {model.name: model for model in nodes(dbt, "model") if model.schema == "marts"}
    assert marts.keys() == MARTS
    for mart in marts.values():
        assert mart.contract.enforced
        assert all(column.data_type for column in mart.columns.values())
    assert {name for name, mart in marts.items() if mart.config.materialized == "incremental"} == EVENT_FACTS


def test_data_tests_stand_on_models_and_cover_keys(dbt: Dbt) -> None:
    """A test on a source would exempt dbt from the blocking checks of silver; keys must block."""
    tests = nodes(dbt, "test")
    assert len(tests) >= 66
    assert all(test.attached_node and test.attached_node.startswith("model.") for test in tests)
    tested = {test.attached_node.split(".")[-1] for test in tests if "unique" in test.test_metadata.name}
    assert tested == {model.name for model in nodes(dbt, "model")}
    advisory = {test.test_metadata.name for test in tests if test.config.severity.lower() == "warn"}
    assert advisory.isdisjoint({"unique", "not_null", "unique_combination", "accepted_values", "sums_match"})


def test_unit_tests_cover_marts_with_logic(dbt: Dbt) -> None:
    assert dbt.manifest
    assert {test.model for test in dbt.manifest.unit_tests.values()} == MARTS


def test_no_model_asks_the_clock_or_rolls_dice() -> None:
    forbidden = re.compile(r"\b(now\s*\(|current_(date|time|timestamp)|today\s*\(|random|uuid|getdate)", re.IGNORECASE)
    for path in [*(DBT_DIR / "models").rglob("*.sql"), *(DBT_DIR / "macros").rglob("*.sql")]:
        assert not forbidden.search(path.read_text()), path
