"""What the checks on bronze and silver say, in runs as Dagster makes them: of all days, or of one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.lake.assets import lake_assets
from sentinel_orchestration.lake.checks import SKIPPED, VERSION, nothing_goes_back, quarantine_rate, reconciliation
from sentinel_orchestration.lake.counts import METADATA_KEY, DayCounts, feed_version, silver_counts
from sentinel_orchestration.lake.failing_rows import SAMPLE, SAMPLE_ROWS, failing_rows
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.resources import SettingsResource
from sentinel_orchestration.settings import Settings

FEEDS = ("sites", "towers", "telemetry")
KEY = dg.AssetKey(["silver", "telemetry"])
BAD_DAY, GOOD_DAY = "2025-03-02", "2025-03-03"
Rows = dict[str, pl.DataFrame]
Submit = Callable[..., Path]
Checks = dict[tuple[str, str], dg.AssetCheckEvaluation]
Run = Callable[..., Checks]


@pytest.fixture
def run(settings: Settings) -> Run:
    """Materializes bronze and silver of feeds (event feeds for one day), and gives their checks by asset and name."""
    assets = lake_assets(settings)
    resources = {"settings": SettingsResource.of(settings)}

    def materialize(day: str | None = None, feeds: Sequence[str] = FEEDS) -> Checks:
        keys = [dg.AssetKey([layer, feed]) for layer in ("bronze", "silver") for feed in feeds]
        result = dg.materialize(assets, selection=keys, partition_key=day, resources=resources, raise_on_error=False)
        return {(e.asset_key.to_user_string(), e.check_name): e for e in result.get_asset_check_evaluations()}

    return materialize


def with_a_bad_day(rows: pl.DataFrame) -> pl.DataFrame:
    """A tenth of the rows of one day break a rule: 3 to 4 percent of the feed, where 2 are allowed."""
    in_bad_day = pl.col("ts").dt.date().cast(pl.String) == BAD_DAY
    is_bad = in_bad_day & (pl.int_range(pl.len()) % 10 == 0)
    return rows.with_columns(cpu_pct=pl.when(is_bad).then(101.0).otherwise("cpu_pct"))


def test_a_bad_day_cannot_be_hidden_by_a_run_of_a_later_good_one(
    run: Run, submit: Submit, fleet_rows: Rows, settings: Settings
) -> None:
    submit("telemetry", with_a_bad_day(fleet_rows["telemetry"]))
    bad = run(BAD_DAY)["silver/telemetry", "quarantine_rate"]
    assert (bad.passed, bad.severity, bad.blocking) == (False, dg.AssetCheckSeverity.ERROR, True)
    share, why, where = bad.description.splitlines()
    assert share.endswith("the limit is 2.0%.")
    assert why.startswith(f"telemetry: {bad.metadata['quarantined'].value} of {share.split()[2]} rows: ")
    assert "`cpu_pct` is 101.0; allowed: 0 to 100. Correct the file" in why
    assert where == "The rows: sentinel quarantine telemetry"
    good = run(GOOD_DAY)["silver/telemetry", "quarantine_rate"]
    assert not good.passed
    counts = silver_counts(settings.layout, "telemetry")
    assert [c.day for c in counts] == [BAD_DAY, GOOD_DAY]
    assert [c.quarantined for c in counts][1] == 0
    assert good.metadata["quarantined"].value == bad.metadata["quarantined"].value == counts[0].quarantined > 0
    assert good.metadata[VERSION].value == feed_version(counts) != bad.metadata[VERSION].value


def test_a_run_of_one_day_reconciles_the_whole_feed(
    run: Run, submit: Submit, fleet_rows: Rows, settings: Settings
) -> None:
    submit("telemetry", fleet_rows["telemetry"])
    run(BAD_DAY)
    path = settings.layout.silver_file("telemetry", BAD_DAY)
    claims = {METADATA_KEY: pl.read_parquet_metadata(path)[METADATA_KEY]}
    pl.read_parquet(path, hive_partitioning=False).tail(-1).write_parquet(path, metadata=claims)
    assert not run(GOOD_DAY)["silver/telemetry", "rows_reconcile"].passed


@pytest.mark.parametrize("root", ["silver", "quarantine"])
def test_rows_lost_on_either_side_of_the_gate_are_missed(
    lake: Lake, submit: Submit, refresh: Callable[..., list[DayCounts]], fleet_rows: Rows, root: str
) -> None:
    submit("telemetry", with_a_bad_day(fleet_rows["telemetry"]))
    counts = refresh(lake, *FEEDS)
    contract = lake.contracts["telemetry"]
    whole = reconciliation(KEY, lake.layout, contract, counts)
    assert whole.passed
    assert whole.metadata[VERSION].value == feed_version(counts)
    files = {"silver": lake.layout.silver_file, "quarantine": lake.layout.quarantine_file}
    files[root]("telemetry", BAD_DAY).unlink()
    assert not reconciliation(KEY, lake.layout, contract, counts).passed


def test_the_limit_itself_is_still_allowed(lake: Lake) -> None:
    contract = replace(lake.contracts["telemetry"], max_quarantine_share=0.02)
    counts = DayCounts(GOOD_DAY, "v", received=100, good=98, quarantined=2, superseded=0, duplicates=0)
    assert quarantine_rate(KEY, lake.layout, contract, [counts]).passed
    assert not quarantine_rate(KEY, lake.layout, contract, [replace(counts, good=97, quarantined=3)]).passed
    assert SKIPPED in quarantine_rate(KEY, lake.layout, contract, []).metadata


def test_a_refused_file_fails_and_says_what_to_do(run: Run, submit: Submit, fleet_rows: Rows) -> None:
    submit("sites", fleet_rows["sites"], "good.csv")
    submit("sites", fleet_rows["sites"].drop("region"), "bad.csv")
    checks = run(feeds=["sites"])
    accepted = checks["bronze/sites", "batches_accepted"]
    assert (accepted.passed, accepted.blocking) == (False, True)
    assert accepted.description.startswith("bad.csv: column region is missing")
    assert "inbox/sites/bad.csv" in accepted.description


def test_extra_columns_warn(run: Run, submit: Submit, fleet_rows: Rows) -> None:
    submit("sites", fleet_rows["sites"].with_columns(note=pl.lit("x")))
    extra = run(feeds=["sites"])["bronze/sites", "no_extra_columns"]
    assert (extra.passed, extra.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert extra.description == "Kept in bronze, left out of silver: note"


@pytest.mark.parametrize("name", ["__index_level_0__", "", "Unnamed: 0"])
def test_the_index_of_pandas_is_named_as_such(run: Run, submit: Submit, fleet_rows: Rows, name: str) -> None:
    rows = fleet_rows["sites"].with_columns(pl.int_range(pl.len()).alias(name))
    submit("sites", rows, "sites.csv")
    extra = run(feeds=["sites"])["bronze/sites", "no_extra_columns"]
    assert extra.description == f"Kept in bronze, left out of silver: {name or 'one without a name'} (pandas' index)"


PLANTED = "Jane Doe"


def with_personal(contract: Contract, *names: str) -> Contract:
    columns = tuple(replace(column, is_personal=column.name in names) for column in contract.columns)
    return replace(contract, columns=columns)


class TestRowsThatFail:
    """What a failed check shows of the rows in quarantine."""

    def test_each_has_its_place_its_key_and_what_is_wrong(
        self, lake: Lake, submit: Submit, refresh: Callable[..., list[DayCounts]], fleet_rows: Rows
    ) -> None:
        rows = with_a_bad_day(fleet_rows["telemetry"])
        submit("telemetry", rows, "t.csv")
        counts = refresh(lake, *FEEDS)
        sample = quarantine_rate(KEY, lake.layout, lake.contracts["telemetry"], counts).metadata[SAMPLE].value
        assert len(sample) == SAMPLE_ROWS
        hot = next(row for row in sample if row["broken"] == "cpu_pct.maximum")
        came = rows.row(hot["row"] - 1, named=True)
        assert hot == {
            "file": "t.csv",
            "row": hot["row"],
            "tower_id": came["tower_id"],
            "ts": str(came["ts"]),
            "cpu_pct": 101.0,
            "broken": "cpu_pct.maximum",
        }

    def test_a_value_that_could_not_be_read_is_shown_as_it_came(
        self, lake: Lake, submit: Submit, refresh: Callable[..., list[DayCounts]], fleet_rows: Rows
    ) -> None:
        submit("towers", fleet_rows["towers"].with_columns(deploy_date=pl.lit("long ago " * 20)), "towers.csv")
        refresh(lake, "sites", "towers")
        sample = failing_rows(lake.layout, lake.contracts["towers"])
        assert {row["deploy_date"] for row in sample} == {("long ago " * 20)[:60] + "…"}

    def test_no_message_has_a_personal_value(
        self, lake: Lake, submit: Submit, refresh: Callable[..., list[DayCounts]], fleet_rows: Rows
    ) -> None:
        rows = fleet_rows["incidents"].with_columns(
            severity=pl.lit(PLANTED), opened_at=pl.lit(PLANTED), incident_id=pl.lit(PLANTED) + pl.col("incident_id")
        )
        submit("incidents", rows, "incidents.csv")
        counts = refresh(lake, "sites", "towers", "incidents")
        contract = with_personal(lake.contracts["incidents"], "incident_id", "severity", "opened_at")
        result = quarantine_rate(KEY, lake.layout, contract, counts)
        assert not result.passed
        assert PLANTED not in f"{result.description} {result.metadata}"
        assert [row["row"] for row in result.metadata[SAMPLE].value] == [1, 2, 3, 4, 5]
        open_ = quarantine_rate(KEY, lake.layout, lake.contracts["incidents"], counts)
        assert PLANTED in open_.description
        assert PLANTED in str(open_.metadata[SAMPLE].value)

    def test_what_goes_back_is_not_quoted_either(self, lake: Lake) -> None:
        contract = lake.contracts["incidents"]
        found = pl.DataFrame(
            {"incident_id": [PLANTED], "column": ["closed_at"], "before": [PLANTED], "_source_file": ["old.csv"]}
        )
        assert nothing_goes_back(KEY, contract, [], found).description.count(PLANTED) == 2
        said = nothing_goes_back(KEY, with_personal(contract, "incident_id", "closed_at"), [], found).description
        assert said.startswith("…: closed_at was … in old.csv, and is empty.")

    def test_a_check_that_passes_shows_none(
        self, lake: Lake, submit: Submit, refresh: Callable[..., list[DayCounts]], fleet_rows: Rows
    ) -> None:
        submit("telemetry", fleet_rows["telemetry"])
        counts = refresh(lake, *FEEDS)
        assert SAMPLE not in quarantine_rate(KEY, lake.layout, lake.contracts["telemetry"], counts).metadata
