"""What must not be published is not: the last good build stays, and the reason is told."""

import dagster as dg
import polars as pl

from sentinel_orchestration.feeds.simulator import simulate_day, simulate_snapshot
from sentinel_orchestration.warehouse.published import read_published


def _hand_in(settings, lake, feed, frame, name=None):
    folder = settings.inbox_dir / feed
    folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(folder / (name or f"{feed}.parquet"))


def test_a_feed_over_its_quarantine_limit_blocks_publishing(small_build):
    good = small_build()
    assert good.outcome.succeeded, good.outcome.error
    before = read_published(good.settings)
    incidents = simulate_snapshot("incidents", good.lake.world, good.lake.as_of)
    _hand_in(good.settings, good.lake, "incidents", incidents.with_columns(severity=pl.lit("P9")))

    bad = small_build()

    assert not bad.outcome.succeeded
    assert "silver__incidents" in bad.outcome.error
    assert "quarantine_rate" in bad.outcome.error
    assert bad.outcome.checks["failed"] == 1
    assert read_published(bad.settings) == before
    assert good.query("select count(*) from marts.fct_incidents")[0][0] > 0

    # A newer, right version of each row mends it: the bad ones are superseded and count no more.
    _hand_in(good.settings, good.lake, "incidents", incidents, "mended.parquet")
    mended = small_build()
    assert mended.outcome.succeeded, mended.outcome.error
    assert mended.query("select count(*) from marts.fct_incidents") == [(incidents.height,)]
    assert mended.query("select rows_superseded from ops.feed_summary where feed = 'incidents'") == [
        (incidents.height,)
    ]


def test_an_unreadable_file_blocks_and_says_how_to_mend_it(small_build):
    good = small_build()
    folder = good.settings.inbox_dir / "towers"
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
    before = read_published(good.settings)
    path = good.settings.silver_dir / "incidents" / "part.parquet"
    known = {"sentinel": pl.read_parquet_metadata(path)["sentinel"]}
    pl.read_parquet(path).with_columns(severity=pl.lit("P9")).write_parquet(path, metadata=known)

    bad = small_build()

    assert not bad.outcome.succeeded
    assert "dbt_models" in bad.outcome.error
    assert "accepted_values_fct_incidents_severity" in bad.outcome.error
    assert read_published(bad.settings) == before
    report = bad.instance.get_latest_materialization_event(dg.AssetKey(["published", "report"]))
    assert report is None


def test_a_detection_moved_to_another_day_stands_there_alone(small_build):
    built = small_build()
    rows = pl.concat(simulate_day("detections", built.lake.world, day, built.lake.as_of) for day in _days(built))
    alerts = pl.concat(simulate_day("alert_pipeline", built.lake.world, day, built.lake.as_of) for day in _days(built))
    first = rows.filter(~pl.col("escalated_to_operator")).head(1)
    moved = first.with_columns(detected_at=rows["detected_at"].max())
    _hand_in(built.settings, built.lake, "detections", rows)
    _hand_in(built.settings, built.lake, "alert_pipeline", alerts)
    assert small_build().outcome.succeeded
    _hand_in(built.settings, built.lake, "detections", moved, "correction.parquet")

    corrected = small_build()

    assert corrected.outcome.succeeded, corrected.outcome.error
    (key,) = moved["detection_id"]
    found = corrected.query(f"select detected_at from marts.fct_detection_events where detection_id = '{key}'")
    assert found == [(moved["detected_at"][0],)]
    counts = corrected.query("select rows_good, rows_superseded from ops.feed_summary where feed = 'detections'")
    assert counts == [(rows.height, 1)]


def _days(built):
    from datetime import date

    return [date.fromisoformat(day) for day in built.lake.event_days()]


def test_publishing_alone_says_what_it_needs(small_build):
    built = small_build()
    job = built.definitions.resolve_job_def("build_without_report")
    result = job.execute_in_process(
        instance=built.instance, asset_selection=[dg.AssetKey(["published", "warehouse"])], raise_on_error=False
    )
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    assert "has no build" in failure.error.to_string()
