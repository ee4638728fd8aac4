"""The dbt project with most of its tests left out, for tests of how builds behave, not of what dbt checks in them."""

import os
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.resources import DbtResource, default_resources
from sentinel_orchestration.settings import PROJECT_DIR, Settings, load_settings

KEPT = {"dim_site", "dim_tower", "fct_fleet_health_daily", "fct_incidents"}  # some of each kind, on a fact by day too
VARIABLE = "TEST_DBT_PROJECT"  # where the copy is, for processes that tests start


def make_slim_project(to: Path) -> Path:
    """Copies the project to `to`; every model is there, and of the tests those of the models in KEPT."""
    shutil.copytree(PROJECT_DIR / "dbt", to, ignore=shutil.ignore_patterns("target", "logs"))
    for path in to.glob("tests/*.sql"):
        path.unlink()
    for path in to.glob("models/**/*.yml"):
        found: dict[str, Any] = yaml.safe_load(path.read_text())
        found["unit_tests"] = [test for test in found.get("unit_tests", []) if test["model"] in KEPT]
        for model in found.get("models", []):
            if model["name"] not in KEPT:
                for tested in (model, *model.get("columns", [])):
                    tested.pop("data_tests", None)
        path.write_text(yaml.safe_dump({name: part for name, part in found.items() if part}, sort_keys=False))
    return to


def slim_dbt(settings: Settings, project: Path) -> DbtResource:
    """The resource that builds with this copy."""
    return DbtResource(**{**default_resources(settings)["dbt"].model_dump(), "project": str(project)})


def slim_definitions(executor: dg.ExecutorDefinition = dg.in_process_executor) -> dg.Definitions:
    """The graph on the copy and the settings of the environment."""
    settings = load_settings()
    return build_definitions(
        settings, resources={"dbt": slim_dbt(settings, Path(os.environ[VARIABLE]))}, executor=executor
    )
