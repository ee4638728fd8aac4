"""Freshness: dbt's answer by the clock, for feeds with both limits, with one, and without any row."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from sentinel_orchestration.checks import freshness
from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.contracts.dbt_sources import write_sources
from sentinel_orchestration.lake.checks import SKIPPED, VERSION
from sentinel_orchestration.lake.conform import contract_schema
from sentinel_orchestration.lake.counts import DayCounts, feed_version, file_metadata, silver_counts
from sentinel_orchestration.resources import DbtResource, SettingsResource
from sentinel_orchestration.settings import Settings

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
LIMITS = {"telemetry": (6.0, 24.0), "detections": (6.0, None), "alert_pipeline": (None, 24.0)}
Results = dict[str, dg.AssetCheckEvaluation]
Evaluate = Callable[[Mapping[str, float]], Results]


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    """The shipped contracts, of which one feed has both limits, one only a warning, and one only an error."""
    changed = dict(load_contracts())
    for feed, (warn, error) in LIMITS.items():
        changed[feed] = replace(changed[feed], freshness_warn_hours=warn, freshness_error_hours=error)
    return changed


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("freshness"))


@pytest.fixture(scope="module")
def dbt(settings: Settings, contracts: Mapping[str, Contract]) -> DbtResource:
    """A copy of the dbt project with the sources of those contracts, parsed."""
    project = settings.home / "dbt"
    shutil.copytree(settings.dbt_dir, project, ignore=shutil.ignore_patterns("target", "logs"))
    write_sources(contracts.values(), project / "models/staging")
    resource = DbtResource(project=str(project), home=str(settings.home))
    resource.manifest()
    return resource


@pytest.fixture
def evaluate(
    settings: Settings, contracts: Mapping[str, Contract], dbt: DbtResource, monkeypatch: pytest.MonkeyPatch
) -> Evaluate:
    """Runs the check once silver holds feeds whose newest event is so many hours old; the others are absent."""
    monkeypatch.setattr(freshness, "load_contracts", lambda: contracts)
    shutil.rmtree(settings.layout.silver, ignore_errors=True)

    def run(ages: Mapping[str, float]) -> Results:
        for feed, hours in ages.items():
            write_silver(settings, contracts[feed], datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=hours))
        job = dg.define_asset_job("freshness", dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks())
        definitions = dg.Definitions(
            assets=[freshness.freshness_checks()],
            jobs=[job],
            resources={"settings": SettingsResource.of(settings), "dbt": dbt},
        )
        result = definitions.resolve_job_def("freshness").execute_in_process(raise_on_error=True)
        assert [event.asset_key for event in result.get_asset_materialization_events()] == [
            dg.AssetKey(["checks", "freshness"])
        ]
        return {check.asset_key.path[-1]: check for check in result.get_asset_check_evaluations()}

    return run


def write_silver(settings: Settings, contract: Contract, newest: datetime) -> None:
    """A row at `newest` and one two days before it; the check reads nothing but the event time."""
    for moment in (newest - timedelta(days=2), newest):
        row = pl.DataFrame({contract.event_time: [moment]}).cast({contract.event_time: pl.Datetime("us")})
        rows = pl.concat([pl.DataFrame(schema=contract_schema(contract)), row], how="diagonal")
        day = moment.date().isoformat()
        path = settings.layout.silver_file(contract.feed, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(path, metadata=file_metadata(DayCounts(day, f"of {moment}", 1, 1, 0, 0, 0)))


@pytest.mark.parametrize(
    ("hours", "outcomes"),
    [
        (1, {"telemetry": None, "detections": None, "alert_pipeline": None}),
        (12, {"telemetry": WARN, "detections": WARN, "alert_pipeline": None}),
        (30, {"telemetry": ERROR, "detections": WARN, "alert_pipeline": ERROR}),
    ],
)
def test_each_limit_is_looked_at_even_where_it_is_the_only_one(
    evaluate: Evaluate, hours: float, outcomes: Mapping[str, dg.AssetCheckSeverity | None]
) -> None:
    found = evaluate(dict.fromkeys(LIMITS, hours))
    assert {feed: None if check.passed else check.severity for feed, check in found.items()} == outcomes
    for feed, check in found.items():
        assert check.metadata["age_hours"].value == pytest.approx(hours, abs=0.1)
        assert check.description.startswith(f"The newest event is {hours:.1f} h old (")
        limits = dict(zip(("warn_after_hours", "error_after_hours"), LIMITS[feed], strict=True))
        shown = {name: value.value for name, value in check.metadata.items() if name in limits}
        assert shown == {name: hours for name, hours in limits.items() if hours is not None}


def test_an_absent_feed_is_skipped_as_it_has_no_rows(evaluate: Evaluate) -> None:
    found = evaluate({"telemetry": 1})
    assert found["telemetry"].passed
    assert SKIPPED not in found["telemetry"].metadata
    for feed in ("detections", "alert_pipeline"):
        assert found[feed].passed
        assert found[feed].description == "Skipped: there are no rows yet."
        assert found[feed].metadata[SKIPPED].value == "there are no rows yet"
        assert "age_hours" not in found[feed].metadata


def test_what_dbt_cannot_read_fails_with_its_reason(evaluate: Evaluate, settings: Settings) -> None:
    path = settings.layout.silver_file("telemetry", "2026-01-01")
    path.parent.mkdir(parents=True)
    counts = DayCounts("2026-01-01", "of another contract", 1, 1, 0, 0, 0)
    pl.DataFrame({"moment": [datetime(2026, 1, 1)]}).write_parquet(path, metadata=file_metadata(counts))
    found = evaluate({"detections": 1})
    assert (found["telemetry"].passed, found["telemetry"].severity) == (False, ERROR)
    assert found["telemetry"].description.startswith("dbt could not look: ")
    assert found["detections"].passed


def test_a_result_names_the_silver_it_judged_and_stops_nothing(evaluate: Evaluate, settings: Settings) -> None:
    found = evaluate({"telemetry": 1})
    version = feed_version(silver_counts(settings.layout, "telemetry"))
    assert found["telemetry"].metadata[VERSION].value == version
    assert not any(check.blocking for check in found.values())


def test_a_feed_has_a_check_if_its_contract_has_any_limit(
    contracts: Mapping[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "load_contracts", lambda: contracts)
    specs = {spec.asset_key.path[-1]: spec for spec in freshness.freshness_checks().check_specs}
    limited = {feed for feed, c in contracts.items() if c.freshness_warn_hours or c.freshness_error_hours}
    assert specs.keys() == limited
    assert {feed: specs[feed].metadata["severity"] for feed in LIMITS} == {
        "telemetry": "error",
        "detections": "warn",
        "alert_pipeline": "error",
    }
    assert specs["detections"].description == "Age of the newest detected_at by the clock: warning over 6 h."
    assert specs["alert_pipeline"].description == "Age of the newest detection_ts by the clock: error over 24 h."
