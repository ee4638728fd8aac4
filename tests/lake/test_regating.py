"""A silver day is rewritten when what it was made from changed, and only then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.contracts import Column, Contract, Reference, RowRule
from sentinel_orchestration.lake import silver as silver_module
from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from sentinel_orchestration.settings import Settings

Rows = dict[str, pl.DataFrame]
Submit = Callable[..., Path]
Refresh = Callable[..., list[DayCounts]]
Read = Callable[..., pl.DataFrame]
FEEDS = ("sites", "towers", "telemetry", "detections", "alert_pipeline")
ALL_DAYS = ["2025-03-02", "2025-03-03", "2025-03-04"]


@pytest.fixture
def rewritten(settings: Settings) -> Callable[..., list[str]]:
    """The days of a feed whose silver file an action wrote again, made, or removed."""

    def written(feed: str) -> dict[str, tuple[int, int]]:
        stats = {day: path.stat() for day, path in settings.layout.silver_files(feed).items()}
        return {day: (stat.st_ino, stat.st_mtime_ns) for day, stat in stats.items()}

    def by(feed: str, action: Callable[[], object]) -> list[str]:
        before = written(feed)
        action()
        after = written(feed)
        return sorted(day for day in before.keys() | after.keys() if before.get(day) != after.get(day))

    return by


def with_contract(lake: Lake, contract: Contract) -> Lake:
    """The same lake with one contract changed."""
    changed = Lake(lake.settings, lake.as_of)
    vars(changed)["contracts"] = dict(lake.contracts) | {contract.feed: contract}
    return changed


def test_nothing_new_rewrites_nothing(lake: Lake, refresh: Refresh, rewritten: Callable[..., list[str]]) -> None:
    first = [refresh(lake, feed) for feed in FEEDS]
    for feed, counts in zip(FEEDS, first, strict=True):
        assert rewritten(feed, lambda feed=feed: refresh(lake, feed)) == []
        assert refresh(lake, feed) == counts


def test_a_later_hour_rewrites_its_day_only(lake: Lake, refresh: Refresh, rewritten: Callable[..., list[str]]) -> None:
    refresh(lake, *FEEDS)
    later = Lake(lake.settings, lake.as_of.replace(hour=18))
    assert rewritten("telemetry", lambda: refresh(later, "sites", "towers", "telemetry")) == ["2025-03-04"]


def test_a_changed_contract_rewrites_every_day(
    lake: Lake, refresh: Refresh, rewritten: Callable[..., list[str]], quarantine: Read
) -> None:
    refresh(lake, *FEEDS)
    telemetry = lake.contracts["telemetry"]
    rule = RowRule("never_idle", "cpu_pct > 200", "")
    strict = with_contract(lake, replace(telemetry, rules=(rule,), digest="another"))
    assert rewritten("telemetry", lambda: gate_feed(strict, "telemetry")) == ALL_DAYS
    assert quarantine("telemetry")["_rules"].unique().to_list() == ["never_idle"]
    assert rewritten("telemetry", lambda: gate_feed(lake, "telemetry")) == ALL_DAYS
    assert quarantine("telemetry").is_empty()


def test_a_new_file_rewrites_the_days_it_holds(
    lake: Lake, submit: Submit, refresh: Refresh, rewritten: Callable[..., list[str]], fleet_rows: Rows
) -> None:
    rows = fleet_rows["telemetry"]
    submit("telemetry", rows)
    refresh(lake, *FEEDS)
    submit("telemetry", rows.filter(pl.col("ts").dt.day() == 3).head(1), "late.parquet")
    assert rewritten("telemetry", lambda: refresh(lake, "telemetry")) == ["2025-03-03"]


def test_changed_keys_of_a_snapshot_rewrite_what_refers_to_them(
    lake: Lake, submit: Submit, refresh: Refresh, rewritten: Callable[..., list[str]], fleet_rows: Rows
) -> None:
    towers = fleet_rows["towers"]
    refresh(lake, *FEEDS)
    path = submit("towers", towers.with_columns(model=pl.lit("renamed")))
    assert rewritten("telemetry", lambda: refresh(lake, "towers", "telemetry")) == []
    path.unlink()
    submit("towers", towers.tail(-1))
    assert rewritten("telemetry", lambda: refresh(lake, "towers", "telemetry")) == ALL_DAYS
    gone = towers["tower_id"][0]
    (counts, *_) = gate_feed(lake, "telemetry")
    assert counts.quarantined == fleet_rows["telemetry"].filter(
        (pl.col("tower_id") == gone) & (pl.col("ts").dt.day() == 2)
    ).height  # fmt: skip


def test_changed_events_rewrite_the_days_beside_them(
    lake: Lake, submit: Submit, refresh: Refresh, rewritten: Callable[..., list[str]], fleet_rows: Rows
) -> None:
    submit("detections", fleet_rows["detections"])
    refresh(lake, *FEEDS)
    first = fleet_rows["detections"].filter(pl.col("detected_at").dt.day() == 2).head(1)
    submit("detections", first.with_columns(range_m=1.0), "late.parquet")
    refresh(lake, "detections")
    assert rewritten("alert_pipeline", lambda: refresh(lake, "alert_pipeline")) == ["2025-03-02", "2025-03-03"]


def test_days_that_no_batch_holds_are_removed(
    lake: Lake, submit: Submit, refresh: Refresh, settings: Settings, fleet_rows: Rows
) -> None:
    rows = fleet_rows["telemetry"].with_columns(cpu_pct=pl.lit(-1.0))
    submit("telemetry", rows.filter(pl.col("ts").dt.day() == 3), "kept.parquet")
    path = submit("telemetry", rows.filter(pl.col("ts").dt.day() != 3), "taken_back.parquet")
    refresh(lake, "sites", "towers", "telemetry")
    left_over = settings.layout.silver_file("telemetry", "2025-03-02").with_name(".part.parquet.1.partial")
    left_over.write_bytes(b"a killed write")
    path.unlink()
    counts = refresh(lake, "telemetry")
    assert [c.day for c in counts] == ["2025-03-03"]
    for root in (settings.layout.silver, settings.layout.quarantine):
        assert [folder.name for folder in (root / "telemetry").iterdir()] == ["day=2025-03-03"]


def test_quarantine_goes_when_its_rows_are_fixed(
    lake: Lake, submit: Submit, refresh: Refresh, quarantine: Read, fleet_rows: Rows
) -> None:
    path = submit("sites", fleet_rows["sites"].with_columns(lat=99.0))
    refresh(lake, "sites")
    assert quarantine("sites")["_rules"].unique().to_list() == ["lat.maximum"]
    path.unlink()
    submit("sites", fleet_rows["sites"], "fixed.csv")
    refresh(lake, "sites")
    assert quarantine("sites").is_empty()


def test_killed_before_silver_is_written_the_day_is_gated_again(
    lake: Lake, submit: Submit, refresh: Refresh, quarantine: Read, fleet_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("sites", fleet_rows["sites"].with_columns(lat=99.0))
    lake.receive("sites")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as power_cut:
        power_cut.setattr(silver_module, "_write_quarantine", killed)
        with pytest.raises(KeyboardInterrupt):
            gate_feed(lake, "sites")
    assert not lake.layout.silver_file("sites").exists()
    gate_feed(lake, "sites")
    assert quarantine("sites").height == fleet_rows["sites"].height


def test_a_snapshot_may_refer_to_events_of_any_day(
    lake: Lake, refresh: Refresh, quarantine: Read, fleet_rows: Rows
) -> None:
    refresh(lake, *FEEDS)
    incidents = lake.contracts["incidents"]
    seen = Column("root_cause", "string", "", reference=Reference("detections", "detection_id"))
    columns = tuple(seen if column.name == seen.name else column for column in incidents.columns)
    referring = with_contract(lake, replace(incidents, columns=columns, digest="another"))
    known = fleet_rows["detections"]["detection_id"]
    rows = fleet_rows["incidents"].head(3).with_columns(root_cause=pl.Series([known[0], known[-1], "D-none"]))
    folder = lake.layout.inbox / "incidents"
    folder.mkdir(parents=True)
    rows.write_parquet(folder / "a.parquet")
    (counts,) = refresh(referring, "incidents")
    assert (counts.good, counts.quarantined) == (2, 1)
    assert quarantine("incidents")["_rules"].to_list() == ["root_cause.reference"]
    assert counts.version == refresh(referring, "incidents")[0].version


def test_a_simulated_day_without_rows_has_an_empty_file(settings: Settings, refresh: Refresh, silver: Read) -> None:
    one_tower = Lake(settings.model_copy(update={"sites": 1, "towers": 1}), datetime(2025, 3, 4, 1))
    counts = refresh(one_tower, *FEEDS)
    assert [c.day for c in counts] == ALL_DAYS
    assert 0 in [c.good for c in counts]
    assert sum(c.good for c in counts) == silver("alert_pipeline").height
