"""A model's rows and its record are of one build, whenever dbt is killed."""

import signal
import subprocess
import sys

import pytest

from sentinel_orchestration.settings import PROJECT_DIR
from tests.warehouse import killed_dbt
from tests.warehouse.killed_dbt import AFTER_COMMIT, AT_END, IN_HOOK, MOVING
from tests.warehouse.small_silver import CONTRACTS, Home, day_of_window

BACKUPS = "select table_name from duckdb_tables() where table_name like '%__dbt_%'"


def change(home: Home, model: str) -> None:
    """Silver that the model reads becomes other silver."""
    if model == "fct_inventory_status":
        home.write("inventory", home.silver("inventory").head(2))
    else:
        home.halve(day_of_window(3))


def build_and_kill(home: Home, model: str, moment: str) -> None:
    command = [sys.executable, "-m", killed_dbt.__name__, str(home.path), model, moment]
    child = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=120, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr


@pytest.mark.parametrize(
    ("model", "moment", "is_built"),
    [
        ("fct_inventory_status", IN_HOOK, False),
        ("fct_inventory_status", AFTER_COMMIT, True),
        ("fct_detection_events", IN_HOOK, False),
        ("fct_detection_events", AT_END, True),
    ],
)
def test_old_rows_with_the_old_record_or_new_rows_with_the_new_one(
    home: Home, model: str, moment: str, is_built: bool
) -> None:
    before, rows = home.states()[model], home.mart(model)
    change(home, model)

    build_and_kill(home, model, moment)

    after = home.states()[model]
    assert (after.version != before.version) == is_built
    assert (after.stale is None) == is_built
    assert (home.mart(model).height < rows.height) == is_built
    assert after.rows == home.mart(model).height
    assert bool(home.query(BACKUPS)) == (moment == AFTER_COMMIT)  # what dbt had no time to drop

    home.run("--select", model)

    repaired = home.states()[model]
    assert repaired.stale is None
    assert repaired.rows == home.mart(model).height < rows.height
    assert home.query(BACKUPS) == []


def test_views_of_a_copied_home_are_all_there(home: Home) -> None:
    build_and_kill(home, "dim_site", MOVING)

    home.run("--select", "dim_site")

    sql = home.query("select sql from duckdb_views() where schema_name = 'staging'")
    assert len(sql) == len(CONTRACTS)
    assert all(str(home.path) in text for (text,) in sql)
