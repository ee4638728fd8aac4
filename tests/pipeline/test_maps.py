"""A stranger's files, with other names, spellings, units and clocks, become a release under three maps."""

from datetime import date

import polars as pl

from sentinel_orchestration.feeds.simulator import simulate_day, simulate_snapshot
from sentinel_orchestration.feeds.sources import world_of

MAPS = {
    "sites": "columns: { site_id: { physicalName: SITE }, env: { values: { DESERT: desert, PLAINS: plains } } }",
    "towers": 'columns: { site_id: { physicalName: SITE }, status: { physicalName: state, values: { "1": active } } }',
    "telemetry": """
columns:
  tower_id: { physicalName: asset }
  ts: { physicalName: time, timeZone: America/Denver }
  ambient_temp_c: { physicalName: temp_f, factor: 5/9, offset: -160/9 }
""",
}


def _rows(built):
    """Of three feeds, what the simulator makes for the build."""
    world, as_of = world_of(built.lake.settings), built.lake.as_of
    days = map(date.fromisoformat, built.settings.layout.silver_files("telemetry"))
    snapshots = {feed: simulate_snapshot(feed, world, as_of) for feed in ("sites", "towers")}
    return snapshots | {"telemetry": pl.concat([simulate_day("telemetry", world, day, as_of) for day in days])}


def _strangers(plain):
    local = pl.col("ts").dt.replace_time_zone("UTC").dt.convert_time_zone("America/Denver").dt.replace_time_zone(None)
    return {
        "sites": plain["sites"].with_columns(pl.col("env").str.to_uppercase()).rename({"site_id": "SITE"}),
        "towers": plain["towers"]
        .with_columns(pl.col("status").replace("active", "1"))
        .rename({"site_id": "SITE", "status": "state"}),
        "telemetry": plain["telemetry"]
        .with_columns(local, pl.col("ambient_temp_c") * 9 / 5 + 32)
        .rename({"tower_id": "asset", "ts": "time", "ambient_temp_c": "temp_f"}),
    }


def test_a_strangers_files_become_the_marts_of_the_rows_they_mean(small_build):
    simulated = small_build()
    settings, plain = simulated.settings, _rows(simulated)
    for feed, rows in plain.items():
        path = settings.layout.inbox / feed / "a.parquet"
        path.parent.mkdir(parents=True)
        rows.write_parquet(path)
    expected = small_build()
    assert expected.outcome.succeeded, expected.outcome.error
    questions = [
        f"select * from marts.{mart} order by all" for mart in ("fct_fleet_health_daily", "dim_tower", "dim_site")
    ]
    marts = [expected.query(question) for question in questions]
    assert all(marts)
    assert expected.query("select count(*) from ops.data_dictionary where mapped_from is not null") == [(0,)]

    settings.layout.mappings.mkdir()
    for feed, rows in _strangers(plain).items():
        (settings.layout.inbox / feed / "a.parquet").unlink()
        rows.write_csv(settings.layout.inbox / feed / "june.csv")
        (settings.layout.mappings / f"{feed}.yaml").write_text(MAPS[feed], encoding="utf-8")
    built = small_build()

    assert built.outcome.succeeded, built.outcome.error
    assert [built.query(question) for question in questions] == marts
    assert built.query(
        "select feed, column_name, mapped_from from ops.data_dictionary where mapped_from is not null order by feed, ordinal"
    ) == [
        ("sites", "site_id", "SITE"),
        ("sites", "env", "DESERT → desert, PLAINS → plains"),
        ("telemetry", "tower_id", "asset"),
        ("telemetry", "ts", "time, in America/Denver"),
        ("telemetry", "ambient_temp_c", "temp_f × 0.555556 − 17.7778"),
        ("towers", "site_id", "SITE"),
        ("towers", "status", "state, 1 → active"),
    ]
