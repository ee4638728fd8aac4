"""Missions show what truth.py plants."""

from datetime import datetime

import polars as pl

Feeds = dict[str, pl.DataFrame]


def test_missions_of_a_tower_follow_each_other(large_fleet: Feeds) -> None:
    missions = large_fleet["deployments"].sort("tower_id", "start_ts")
    next_start = pl.col("start_ts").shift(-1).over("tower_id")
    assert missions.filter(next_start < pl.col("end_ts").fill_null(datetime(2100, 1, 1))).is_empty()
    active = missions.filter(status="active")["tower_id"]
    assert not active.is_duplicated().any()
    assert 0.4 < len(active) / large_fleet["towers"].height < 0.8
