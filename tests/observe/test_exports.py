"""The pipeline's health for machines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable

import duckdb
import pytest

from conftest import Built
from sentinel_orchestration.layout import WAREHOUSE_FILE
from sentinel_orchestration.observe.exports import Freshness, write_exports
from sentinel_orchestration.observe.health import write_health
from sentinel_orchestration.settings import PROJECT_DIR
from tests.health import know_health
from tests.observe.graph import Runs

SCHEMA = PROJECT_DIR / "docs/freshness.schema.json"


def test_the_schema_in_the_documentation_is_that_of_the_file() -> None:
    expected = json.dumps(Freshness.model_json_schema(), indent=2) + "\n"
    assert SCHEMA.read_text(encoding="utf-8") == expected, f"write this to {SCHEMA}:\n{expected}"


def test_before_there_is_a_release_the_verdict_and_what_is_open_are_there(runs: Runs) -> None:
    runs.run("keys", "volume")
    runs.record()
    layout = runs.history.layout
    write_health(runs.history, layout)
    write_exports(layout)
    said = Freshness.model_validate_json(layout.freshness_export.read_bytes())
    assert (said.verdict, said.release_id, said.feeds) == ("Failing", None, [])
    assert said.open_incidents == [row[0] for row in runs.rows("select incident_id from incidents order by 1")]
    assert len(said.open_incidents) == 2
    assert not layout.aggregates_export.exists()


@pytest.mark.parametrize(
    ("broken", "verdict"), [(["keys"], "Failing"), (["volume"], "Degraded"), ([], "Healthy")], ids=lambda v: str(v)
)
def test_a_verdict_is_that_of_the_worst_that_is_open(runs: Runs, broken: list[str], verdict: str) -> None:
    runs.run(*broken)
    runs.record()
    assert write_health(runs.history, runs.history.layout).verdict == verdict


def test_a_release_has_its_feeds_and_their_rows_by_day(small_build: Callable[[], Built]) -> None:
    settings = small_build().settings
    layout = settings.layout
    know_health(settings)
    write_exports(layout)
    said = Freshness.model_validate_json(layout.freshness_export.read_bytes())
    assert said.release_id == layout.current.resolve().name
    with duckdb.connect(str(layout.current / WAREHOUSE_FILE), read_only=True) as connection:
        ages = connection.execute("select feed, age_hours from ops.freshness where age_hours is not null order by 1")
        assert [(one.feed, one.age_hours) for one in said.feeds] == ages.fetchall()
        (expected,) = connection.execute("select sum(rows_received) from ops.feed_daily").fetchall()[0]
    with layout.aggregates_export.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["rows_received"]) for row in rows) == expected > 0
    assert {row["domain"] for row in rows} == {"fleet", "detections"}
