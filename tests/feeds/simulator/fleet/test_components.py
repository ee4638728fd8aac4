"""Component lives show what truth.py plants, within statistical error."""

from datetime import datetime

import polars as pl
import pytest
from scipy import stats

from sentinel_orchestration.feeds.simulator.fleet import truth

Feeds = dict[str, pl.DataFrame]


@pytest.mark.parametrize("kind", truth.LIVES)
def test_lives_are_weibull(large_fleet: Feeds, as_of: datetime, kind: str) -> None:
    life, components = truth.LIVES[kind], large_fleet["components"].filter(component_type=kind)
    end = pl.col("failed_at").fill_null(as_of)
    hours = components.select((end - pl.col("installed_at")).dt.total_seconds() / 3600).to_series()
    lives = pl.DataFrame({"hours": hours, "failed": components["is_failed"]}).filter(pl.col("hours") > 0)
    data = stats.CensoredData.right_censored(lives["hours"].to_numpy(), ~lives["failed"].to_numpy())
    shape, _, scale = stats.weibull_min.fit(data, floc=0)
    assert shape == pytest.approx(life.shape, rel=0.12)
    assert scale == pytest.approx(life.scale_hours, rel=0.12)


def test_some_types_miss_their_target(fleet: Feeds, as_of: datetime) -> None:
    end = pl.col("failed_at").fill_null(as_of)
    types = (
        fleet["components"]
        .group_by("component_type")
        .agg(
            hours=((end - pl.col("installed_at")).dt.total_seconds() / 3600).sum(),
            failures=pl.col("is_failed").sum(),
            target=pl.col("mtbf_target_hours").first(),
        )
    )
    assert types["failures"].min() >= 10
    observed = pl.col("hours") / pl.col("failures")
    ratio = dict(types.select("component_type", observed / pl.col("target")).rows())
    assert {kind for kind, value in ratio.items() if value < 0.85} >= {"radar", "power"}
    assert max(ratio.values()) > 1.1


def test_failed_components_are_replaced(fleet: Feeds, as_of: datetime) -> None:
    in_turn = fleet["components"].sort("installed_at")
    gaps = in_turn.group_by("tower_id", "component_type", maintain_order=True).agg(
        working=(~pl.col("is_failed")).sum(),
        pause=(pl.col("installed_at").shift(-1) - pl.col("failed_at")).drop_nulls(),
        last_failed=pl.col("failed_at").last(),
    )
    in_service = fleet["towers"].filter(pl.col("status") != "decommissioned").height
    assert gaps.height == in_service * len(truth.LIVES)
    assert gaps["working"].max() == 1
    soonest, latest = truth.REPLACEMENT_HOURS
    pauses = gaps["pause"].explode().drop_nulls().dt.total_minutes() / 60
    assert pauses.is_between(soonest - 0.1, latest + 0.1).all()
    waiting = gaps.filter(pl.col("working") == 0)["last_failed"]
    assert ((as_of - waiting).dt.total_hours() <= latest).all()
