"""Which days a build gates, and which of them Dagster records."""

import dagster as dg

from sentinel_orchestration.feeds.simulator import simulate_snapshot
from sentinel_orchestration.feeds.sources import world_of


def _recorded(built, layer, feed):
    """The partitions that the newest run recorded for an asset."""
    records = built.instance.fetch_materializations(dg.AssetKey([layer, feed]), limit=100).records
    return sorted(record.partition_key for record in records if record.run_id == built.outcome.run_id)


def test_a_key_that_goes_has_every_day_gated_and_recorded(small_build):
    first = small_build()
    days = ["2026-11-18", "2026-11-19", "2026-11-20"]
    assert _recorded(first, "silver", "telemetry") == days
    towers = simulate_snapshot("towers", world_of(first.lake.settings), first.lake.as_of)
    folder = first.settings.layout.inbox / "towers"
    folder.mkdir(parents=True)
    towers.head(towers.height - 1).write_parquet(folder / "towers.parquet")

    second = small_build()

    assert not second.outcome.succeeded  # the rows of the tower that went are quarantined, and too many
    assert "quarantine_rate" in second.outcome.error
    assert _recorded(second, "bronze", "telemetry") == days[-1:]
    assert _recorded(second, "silver", "telemetry") == days


def test_a_second_build_records_the_newest_day_only(small_build):
    first, second = small_build(), small_build()
    assert second.outcome.succeeded
    assert _recorded(second, "silver", "telemetry") == ["2026-11-20"]
    assert first.query("select release_id from ops.release") == second.query("select release_id from ops.release")
