"""kill -9 in the middle of every stage: the next build comes out the same, and readers never see a part."""

from concurrent.futures import ThreadPoolExecutor

OURS = "sentinel_orchestration"
WRITE, REPLACE = "polars.dataframe.frame.DataFrame.write_parquet", "os.replace"
HISTORY = f"{OURS}.automation.event_log.WarmSqliteEventLogStorage"
SQL = "dbt.adapters.duckdb.environments.local.DuckDBCursorWrapper.execute"

# Function, which call of it, when, and what its arguments hold: in the order in which a build comes by. Each kills one
# build of a home, one after the other; the odd ones in one home, the even ones in the other.
STAGES = [
    ("dagster._core.storage.sql.stamp_alembic_rev", 1, "before", ""),  # the history's tables half made
    (WRITE, 2, "torn", "bronze"),
    (REPLACE, 2, "before", "_batches"),  # rows in place, their record not
    (f"{HISTORY}.store_event", 20, "after", ""),
    (WRITE, 1, "torn", "quarantine"),
    (REPLACE, 2, "before", "silver"),
    (f"{OURS}.checks.volume._score", 2, "before", ""),
    (f"{OURS}.warehouse.project.DbtProject.invoke", 1, "during", "freshness"),
    (SQL, 1, "during", "fct_incidents"),  # in a model
    (SQL, 2, "after", "fct_inventory_status"),  # between two
    (f"{OURS}.warehouse.lineage._trace", 5, "before", ""),
    (f"{OURS}.checks.expectations.GxWorker.validate", 2, "during", ""),
    (f"{OURS}.publish.assets.write_ops_tables", 1, "after", ""),
    (REPLACE, 1, "after", "/current"),  # published, and nobody told; all points of publishing: test_killed_swap
]


def test_a_killed_build_is_made_up_for_by_the_next(new_home, undisturbed):
    def mistreat(name, stages):
        home = undisturbed.hand_in(new_home(name))
        with home.reading() as read:
            for point in stages:
                home.kill(*point)
            assert home.build() == undisturbed.contents[0]
        assert home.leftovers() == []
        assert (read["seen"], read["torn"]) == ([undisturbed.contents[0][0]], [])

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(mistreat, "odd", STAGES[1::2]), both.submit(mistreat, "even", STAGES[0::2])]:
            done.result()
