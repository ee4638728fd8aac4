"""A parsed dbt project and a warehouse built with it, made once for all tests of the project."""

from pathlib import Path
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from sentinel_orchestration.feeds.simulator import simulate_day, simulate_snapshot
from tests.warehouse.small_silver import (
    AS_OF,
    CONTRACTS,
    WORLD,
    Dbt,
    day_of_window,
    put_alert_across_midnight,
    write_day,
    write_snapshot,
)


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """A parsed project; its manifest knows no silver folder and no var."""
    folder = tmp_path_factory.mktemp("dbt")
    project = Dbt(target=folder / "target", silver=folder / "parsed without silver")
    parsed = project("parse").result
    assert isinstance(parsed, Manifest)
    project.manifest = parsed
    project.silver = folder / "it's silver"
    return project


@pytest.fixture(scope="session")
def built(dbt: Dbt) -> Path:
    """A warehouse built from days 1 to 5, with every data test and unit test."""
    for feed, contract in CONTRACTS.items():
        if contract.kind == "snapshot":
            write_snapshot(dbt.silver, feed, simulate_snapshot(feed, WORLD, AS_OF))
        else:
            for day in map(day_of_window, range(1, 6)):
                write_day(dbt.silver, feed, day, simulate_day(feed, WORLD, day, AS_OF))
    put_alert_across_midnight(dbt.silver)
    warehouse = dbt.target / "first" / "sentinel.duckdb"
    warehouse.parent.mkdir(parents=True)
    outcome: Any = dbt("build", warehouse=warehouse, as_of=AS_OF.isoformat()).result
    assert not [f"{r.node.name}: {r.message}" for r in outcome if r.status not in ("success", "pass")]
    return warehouse
