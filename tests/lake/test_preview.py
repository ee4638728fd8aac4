"""What is said of a file before a build is what the gate then does."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.feeds.inbox import Inbox
from sentinel_orchestration.feeds.submission import place
from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.preview import preview
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rejects import per_rule, rejects_of
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings

Submit = Callable[..., Path]
Rows = dict[str, pl.DataFrame]
ORDER = ("sites", "towers", "telemetry", "detections", "alert_pipeline")
EVERY = pl.int_range(pl.len())


def _flawed(feed: str, rows: Rows) -> pl.DataFrame:
    """The rows of a feed with values out of range, unknown classes, unknown keys, keys of other days, and repeats."""
    frame = rows[feed]
    if feed == "telemetry":
        tower = pl.when(EVERY % 11 == 0).then(pl.lit("T9")).otherwise("tower_id")
        load = pl.when(EVERY % 7 == 0).then(101.0).otherwise("cpu_pct")
        flawed = frame.with_columns(tower.alias("tower_id"), load.alias("cpu_pct"))
        return pl.concat([flawed, flawed.head(5)])
    if feed == "detections":
        return frame.with_columns(pl.col("target_class").str.to_lowercase())
    known = rows["detections"].sort("detected_at")["detection_id"]
    alerts, last = frame.sort("detection_ts"), frame.height - 1
    about = pl.when(EVERY == 0).then(pl.lit(known[-1])).when(last == EVERY).then(pl.lit(known[0]))
    return alerts.with_columns(
        about.when(EVERY == 1).then(pl.lit("nobody")).otherwise("detection_id").alias("detection_id")
    )


@pytest.mark.parametrize("chunk_rows", [2_000_000, 20])
@pytest.mark.parametrize("feed", ["telemetry", "detections", "alert_pipeline"])
def test_a_preview_says_what_the_gate_then_does(
    settings: Settings, submit: Submit, fleet_rows: Rows, feed: str, chunk_rows: int
) -> None:
    lake = Lake(Settings(**{**settings.model_dump(), "gate_chunk_rows": chunk_rows}), settings.as_of)
    for name in ORDER:
        submit(name, _flawed(name, fleet_rows) if name == feed else fleet_rows[name])
    taken = {name: lake.receive(name)[0] for name in ORDER}
    found = preview(lake, taken[feed])
    assert not settings.layout.silver.exists()
    assert not settings.layout.quarantine.exists()

    counts: list[DayCounts] = []
    for name in ORDER[: ORDER.index(feed) + 1]:
        counts = gate_feed(lake, name)

    def rows_by_rule(tally: pl.DataFrame) -> dict[str, int]:
        return {rule.rule: rule.rows for rule in per_rule(tally)}

    assert found.unjudged == []
    assert found.quarantined == sum(day.quarantined for day in counts) > 0
    assert rows_by_rule(found.rejected) == rows_by_rule(rejects_of(lake.layout, lake.contracts[feed]))


def test_a_key_is_not_judged_while_nobody_knows_what_it_may_be(
    lake: Lake, submit: Submit, refresh: Callable[..., list[DayCounts]], fleet_rows: Rows
) -> None:
    submit("telemetry", fleet_rows["telemetry"].with_columns(tower_id=pl.lit("T9")))
    (record,) = lake.receive("telemetry")
    found = preview(lake, record)
    assert [(column, reference.feed) for column, reference in found.unjudged] == [("tower_id", "towers")]
    assert found.quarantined == 0

    refresh(lake, "sites", "towers")
    found = preview(lake, record)
    assert found.unjudged == []
    assert found.quarantined == found.rows == fleet_rows["telemetry"].height


def test_what_was_submitted_before_any_build_is_known(lake: Lake, fleet_rows: Rows, tmp_path: Path) -> None:
    inbox = Inbox(lake.layout.inbox, chunk_rows=1000)
    for feed in ("towers", "telemetry"):
        file = tmp_path / f"{feed}.parquet"
        fleet_rows[feed].write_parquet(file)
        record = inbox.submit(lake.bronze(feed), file)
        place(file, lake.layout.inbox, feed)
    found = preview(lake, record)
    assert (found.unjudged, found.quarantined) == ([], 0)


def test_simulated_keys_do_not_count_once_the_fleet_is_the_users_own(
    settings: Settings, lake: Lake, refresh: Callable[..., list[DayCounts]], submit: Submit, fleet_rows: Rows
) -> None:
    refresh(lake, "sites", "towers")
    settings.layout.sources.unlink()
    submit("telemetry", fleet_rows["telemetry"].with_columns(tower_id=pl.lit("mine")))
    own = Lake(settings, lake.as_of)
    (record,) = own.receive("telemetry")
    found = preview(own, record)
    assert [column for column, _ in found.unjudged] == ["tower_id"]
    assert found.quarantined == 0
