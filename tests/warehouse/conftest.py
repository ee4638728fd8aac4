"""A home with a parsed dbt project and a built warehouse, made once; tests change copies of it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentinel_orchestration.feeds.simulator import simulate_snapshot
from tests.warehouse.small_silver import (
    AS_OF,
    DBT_DIR,
    PASSED,
    SNAPSHOT_FEEDS,
    WORLD,
    Home,
    day_of_window,
    put_alert_across_midnight,
    statuses,
)

NAME = "it's home"
RELATIONSHIP = "relationships: { arguments: { to: ref('dim_tower'), field: tower_id } }"  # between reports and marts
EDITS = {
    "models/marts/fleet/dim_site.sql": ("select * from final", "select * from final -- edited"),
    "models/staging/fleet/stg_components.sql": ("select * from renamed", "select * from renamed -- edited"),
    "dbt_project.yml": ("low_uptime_pct: 90", "low_uptime_pct: 99"),
    "macros/hours_between.sql": ("3600000000, 2)", "3600000000, 1)"),
    "tests/generic/holds.sql": ("select *", "select * -- edited"),
    "models/reports/fleet/rpt_uptime_trend.yml": ("- not_null", f"- not_null\n          - {RELATIONSHIP}"),
}


@pytest.fixture(scope="session")
def built(make_once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A warehouse built from days 1 to 5, with every data test and unit test. Read it; do not change it.

    Built once, and a copy for each test process: of two that share a file, one may not open it while dbt of the other has it.
    """

    def make(folder: Path) -> None:
        home = Home(folder / NAME)
        for feed in SNAPSHOT_FEEDS:
            home.write(feed, simulate_snapshot(feed, WORLD, AS_OF))
        for number in range(1, 6):
            home.simulate(day_of_window(number))
        put_alert_across_midnight(home)
        home.dbt.manifest()
        outcome: Any = home.dbt.invoke(["build"])
        assert {name: status for name, status in statuses(outcome).items() if status not in PASSED} == {}

    copied = Home(make_once("warehouse", make) / NAME).copy(tmp_path_factory.mktemp("warehouse") / NAME)
    copied.look()  # its views read its own silver
    return copied


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    """A copy of it, to be changed."""
    return built.copy(tmp_path / "home")


@pytest.fixture(scope="session")
def edited(built: Home, make_once: Callable[..., Path]) -> Home:
    """The same home with a project in which somebody changed a model, a view, a var, a macro, and a generic data test."""

    def make(folder: Path) -> None:
        project = folder / "dbt"
        shutil.copytree(DBT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
        for name, (before, after) in EDITS.items():
            text = (project / name).read_text()
            assert before in text, name
            (project / name).write_text(text.replace(before, after, 1))
        replace(built.copy(folder / NAME), project=project).dbt.manifest()

    folder = make_once("edited", make)
    return replace(built, path=folder / NAME, project=folder / "dbt")
