"""What must not be released is not: the last good release stays, and the message says why."""

import dagster as dg
import polars as pl

from sentinel_orchestration.feeds.simulator import simulate_day, simulate_snapshot
from sentinel_orchestration.feeds.sources import world_of
from sentinel_orchestration.publish.manifest import read_current


def _submit(settings, feed, frame, name=None):
    folder = settings.layout.inbox / feed
    folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(folder / (name or f"{feed}.parquet"))


def test_a_feed_over_its_quarantine_limit_blocks_publishing(small_build):
    good = small_build()
    assert good.outcome.succeeded, good.outcome.error
    before = read_current(good.settings.layout)
    incidents = simulate_snapshot("incidents", world_of(good.lake.settings), good.lake.as_of)
    _submit(good.settings, "incidents", incidents.with_columns(severity=pl.lit("P9")))

    bad = small_build()

    assert not bad.outcome.succeeded
    assert bad.outcome.error.startswith("silver/incidents quarantine_rate: ")
    assert "`severity` is 'P9'; allowed: P1, P2, P3, P4. Add a value map (mappings/incidents.yaml)" in bad.outcome.error
    assert bad.outcome.checks["failed"] >= 1  # and freshness, where the clock is past it
    assert read_current(bad.settings.layout) == before
    assert good.query("select count(*) from marts.fct_incidents")[0][0] > 0

    # A newer, right version of each row fixes it: the bad ones are superseded and count no more.
    _submit(good.settings, "incidents", incidents, "fixed.parquet")
    fixed = small_build()
    assert fixed.outcome.succeeded, fixed.outcome.error
    assert fixed.query("select count(*) from marts.fct_incidents") == [(incidents.height,)]
    assert fixed.query("select rows_superseded from ops.feed_summary where feed = 'incidents'") == [(incidents.height,)]


def test_an_unreadable_file_blocks_and_says_how_to_fix_it(small_build):
    good = small_build()
    folder = good.settings.layout.inbox / "towers"
    folder.mkdir(parents=True)
    (folder / "towers.csv").write_text("tower_id,model\nT-1,ST-200\n")

    bad = small_build()

    assert not bad.outcome.succeeded
    assert "column firmware_version, site_id, deploy_date, status is missing" in bad.outcome.error
    (folder / "towers.csv").unlink()
    assert small_build().outcome.succeeded


def test_a_failed_data_test_blocks_publishing(small_build):
    """Silver tampered with after the gate: the same rows, one value that no contract allows."""
    good = small_build()
    assert good.outcome.succeeded
    before = read_current(good.settings.layout)
    path = good.settings.layout.silver_file("incidents")
    known = {"sentinel": pl.read_parquet_metadata(path)["sentinel"]}
    pl.read_parquet(path).with_columns(severity=pl.lit("P9")).write_parquet(path, metadata=known)

    bad = small_build()

    assert not bad.outcome.succeeded
    assert bad.outcome.error.startswith("marts/fct_incidents accepted_values_fct_incidents_severity")
    assert read_current(bad.settings.layout) == before
    report = bad.instance.get_latest_materialization_event(dg.AssetKey(["published", "report"]))
    assert report is None


def test_a_detection_moved_to_another_day_is_there_alone(small_build):
    built = small_build()
    rows = pl.concat(
        simulate_day("detections", world_of(built.lake.settings), day, built.lake.as_of) for day in _days(built)
    )
    alerts = pl.concat(
        simulate_day("alert_pipeline", world_of(built.lake.settings), day, built.lake.as_of) for day in _days(built)
    )
    first = rows.filter(~pl.col("escalated_to_operator")).head(1)
    moved = first.with_columns(detected_at=rows["detected_at"].max())
    _submit(built.settings, "detections", rows)
    _submit(built.settings, "alert_pipeline", alerts)
    assert small_build().outcome.succeeded
    _submit(built.settings, "detections", moved, "correction.parquet")

    corrected = small_build()

    assert corrected.outcome.succeeded, corrected.outcome.error
    (key,) = moved["detection_id"]
    found = corrected.query(f"select detected_at from marts.fct_detection_events where detection_id = '{key}'")
    assert found == [(moved["detected_at"][0],)]
    counts = corrected.query("select rows_good, rows_superseded from ops.feed_summary where feed = 'detections'")
    assert counts == [(rows.height, 1)]


def _days(built):
    from datetime import date

    return [date.fromisoformat(day) for day in built.settings.layout.silver_files("telemetry")]


def test_publishing_alone_names_what_to_materialize(small_build):
    built = small_build()
    job = built.definitions.resolve_job_def("build_without_report")

    def run(*assets):
        selection = [dg.AssetKey(asset.split("/")) for asset in assets]
        return job.execute_in_process(instance=built.instance, asset_selection=selection, raise_on_error=False)

    assert run("published/warehouse").success  # nothing changed: it is released already
    incidents = simulate_snapshot("incidents", world_of(built.lake.settings), built.lake.as_of)
    _submit(built.settings, "incidents", incidents.head(incidents.height - 1))
    assert run("bronze/incidents", "silver/incidents").success
    before = read_current(built.settings.layout)

    result = run("published/warehouse")

    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    said = failure.user_failure_data.description
    assert "marts/fct_incidents was built from other rows of incidents" in said
    assert "Materialize " in said
    assert read_current(built.settings.layout) == before
