"""What gets into a release: the tables of the graph, of every layer, each hashed in the manifest, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from conftest import Built
from sentinel_orchestration.automation.jobs import BUILD_WITHOUT_REPORT_JOB
from sentinel_orchestration.layout import WAREHOUSE_FILE
from sentinel_orchestration.publish.assets import WAREHOUSE_KEY
from sentinel_orchestration.publish.content import release_contents
from sentinel_orchestration.publish.manifest import Manifest, read_current

STRAYS = """
create view marts.a_view as select * from marts.dim_site;
create view main.a_view as select * from marts.dim_site;
create table main.a_table as select 1 as x;
create table marts.of_a_model_that_is_gone as select 1 as x;
create schema scratch;
create table scratch.a_table as select 1 as x;
create view scratch.a_view as select 1 as x;
"""


def release(built: Built) -> dg.ExecuteInProcessResult:
    """Materializes published/warehouse alone."""
    job = built.definitions.resolve_job_def(BUILD_WITHOUT_REPORT_JOB)
    return job.execute_in_process(instance=built.instance, asset_selection=[WAREHOUSE_KEY], raise_on_error=False)


def current(built: Built) -> Manifest:
    manifest = read_current(built.settings.layout)
    assert manifest is not None
    return manifest


def relations(database: Path, kind: str) -> list[str]:
    """schema.name of every table or view of the file, apart from those of DuckDB itself."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            f"select schema_name || '.' || {kind}_name from duckdb_{kind}s() where not internal order by all"
        ).fetchall()
    return [name for (name,) in rows]


def test_every_table_in_the_file_is_hashed_in_the_manifest(small_home: Built, tmp_path: Path) -> None:
    file, manifest = small_home.settings.layout.current / WAREHOUSE_FILE, current(small_home)
    assert sorted(manifest.tables) == relations(file, "table")
    with duckdb.connect(str(file), read_only=True) as connection:
        found = [*release_contents(connection, tmp_path), *release_contents(connection, tmp_path, ops=True)]
    assert {c.name: (c.rows, c.sha256) for c in found} == {n: (t.rows, t.sha256) for n, t in manifest.tables.items()}
    assert manifest.bytes == file.stat().st_size


def test_tables_of_every_layer_are_released_and_views_of_none(small_home: Built) -> None:
    file = small_home.settings.layout.current / WAREHOUSE_FILE
    working = small_home.settings.layout.warehouse
    built = [name for name in relations(working, "table") if not name.startswith("meta.")]
    released = [name for name in relations(file, "table") if not name.startswith("ops.")]
    assert released == built
    assert {name.partition(".")[0] for name in released} == {"marts", "reports"}
    assert relations(working, "view")
    assert relations(file, "view") == []


def test_the_manifest_says_what_the_release_was_made_from(small_home: Built) -> None:
    manifest, lake = current(small_home), small_home.lake
    assert (manifest.as_of, manifest.as_of_basis) == (lake.as_of, "setting")
    assert manifest.silver_versions.keys() == manifest.batches.keys() == lake.contracts.keys()
    assert len(manifest.silver_versions["telemetry"]) == small_home.settings.days
    assert manifest.sources == dict.fromkeys(lake.contracts, "simulator")
    active = {record.batch_id for records in lake.active("telemetry").values() for record in records}
    assert set(manifest.batches["telemetry"]) == active


@pytest.fixture
def built(small_build: Callable[[], Built]) -> Built:
    return small_build()


def test_what_is_no_table_of_the_graph_stays_out(built: Built) -> None:
    before = current(built)
    layout = built.settings.layout
    with duckdb.connect(str(layout.warehouse)) as connection:
        connection.execute(STRAYS)
    (layout.current / WAREHOUSE_FILE).write_bytes(b"damaged, so that it is released again")
    assert release(built).success
    assert relations(layout.current / WAREHOUSE_FILE, "view") == []
    assert sorted(before.tables) == relations(layout.current / WAREHOUSE_FILE, "table")
    again = current(built)
    assert (again.release_id, again.content_sha256) == (before.release_id, before.content_sha256)


def test_the_same_state_again_is_the_same_release_and_touches_nothing(built: Built) -> None:
    layout = built.settings.layout
    left = layout.published / ".scratch.1.partial" / WAREHOUSE_FILE
    left.parent.mkdir()
    left.write_bytes(b"what a killed process left")
    before, inode = current(built), (layout.current / WAREHOUSE_FILE).stat().st_ino
    result = release(built)
    (event,) = result.asset_materializations_for_node("published__warehouse")
    assert event.metadata["unchanged"].value is True
    assert current(built) == before
    assert (layout.current / WAREHOUSE_FILE).stat().st_ino == inode
    assert sorted(path.name for path in layout.published.iterdir()) == ["current", "releases"]


def test_nothing_is_released_while_a_table_is_missing(built: Built) -> None:
    before = current(built)
    with duckdb.connect(str(built.settings.layout.warehouse)) as connection:
        connection.execute("drop table reports.rpt_uptime_trend")
    result = release(built)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "reports/rpt_uptime_trend is not built." in str(failure.event_specific_data.error_display_string)
    assert "Materialize reports/rpt_uptime_trend." in str(failure.event_specific_data.error_display_string)
    assert current(built) == before
