"""kill -9 in the middle of every stage: the next build comes out the same, and readers never see a part."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

OURS = "sentinel_orchestration"
WRITE, REPLACE = "polars.dataframe.frame.DataFrame.write_parquet", "os.replace"
HISTORY = f"{OURS}.automation.event_log.WarmSqliteEventLogStorage"
SQL = "dbt.adapters.duckdb.environments.local.DuckDBCursorWrapper.execute"
MART = f"{OURS}.warehouse.state.record_mart"
EXPECTATIONS = f"{OURS}.resources.expectations.ExpectationsResource.findings"
BUILD = ("build", "--no-report")

# What is killed, and where: function, which call of it, when, and what its arguments hold. One after the other in one home.
# Killing a run of one asset is as good as killing a build there, and spares the way to it.
ONE_HOME = [
    (BUILD, "dagster._core.storage.sql.stamp_alembic_rev", 1, "before", ""),  # the history's tables half made
    (BUILD, REPLACE, 2, "before", "_batches"),  # rows in place, their record not
    (BUILD, WRITE, 1, "torn", "quarantine"),
    (BUILD, SQL, 1, "during", "insert into meta.silver_state"),
    (BUILD, SQL, 14, "before", "insert into meta.models"),  # rows in place, their record not
    (BUILD, f"{OURS}.warehouse.lineage.ColumnLineage.of", 5, "before", ""),
    ("checks/volume", f"{OURS}.checks.volume._score", 2, "before", ""),
    (BUILD, MART, 1, "before", ""),
    ("marts/fct_uptime_trend", MART, 1, "after", ""),
    ("reports/rpt_uptime_trend", SQL, 1, "during", "rpt_uptime_trend"),
]
ANOTHER = [
    (BUILD, WRITE, 2, "torn", "bronze"),
    (BUILD, f"{HISTORY}.store_event", 20, "after", ""),
    (BUILD, REPLACE, 2, "before", "silver"),
    (BUILD, SQL, 1, "during", "fct_incidents"),  # in a model
    (BUILD, SQL, 14, "after", "insert into meta.models"),  # rows and record in place, not committed
    ("checks/freshness", f"{OURS}.resources.dbt.DbtResource.invoke", 1, "during", "freshness"),
    (BUILD, f"{OURS}.publish.release._copy_tables", 1, "during", ""),  # all points of publishing: test_killed_swap
    ("checks/expectations", EXPECTATIONS, 2, "during", ""),
    ("published/warehouse", f"{OURS}.publish.release.write_ops_tables", 1, "after", ""),
]


def test_a_killed_build_is_made_up_for_by_the_next(new_home, undisturbed):
    def mistreat(name, points):
        home = undisturbed.submit_to(new_home(name))
        with home.reading() as read:
            for what, *point in points:
                home.kill(*_arguments(what), at=point)
            assert home.build() == undisturbed.contents[0]
        assert home.leftovers() == []
        assert (read["seen"], read["torn"]) == ([undisturbed.contents[0][0]], [])

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(mistreat, "one", ONE_HOME), both.submit(mistreat, "another", ANOTHER)]:
            done.result()


def _arguments(what):
    return what if what == BUILD else (str(Path(__file__).with_name("materialize.py")), what)
