"""Sentinel's Dagster instance: its own by default, the user's where there is one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel_orchestration.automation.event_log import WarmSqliteEventLogStorage
from sentinel_orchestration.automation.instance import MARK, InstanceError, open_instance
from sentinel_orchestration.automation.old_runs import old_runs
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from tests.automation.runs import one_feed_run

SHIPPED = (PROJECT_DIR / "dagster.yaml").read_text()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, as_of="2026-11-21", sites=2, towers=5, days=3)


def _write(settings: Settings, text: str) -> Path:
    settings.layout.dagster.mkdir(parents=True)
    path = settings.layout.dagster / "dagster.yaml"
    path.write_text(text)
    return path


def test_the_first_time_sentinel_writes_its_own(settings):
    with open_instance(settings) as instance:
        assert isinstance(instance.event_log_storage, WarmSqliteEventLogStorage)
        assert not instance.telemetry_enabled
    assert (settings.layout.dagster / "dagster.yaml").read_text() == SHIPPED
    assert SHIPPED.startswith(MARK)


def test_an_older_one_of_ours_is_replaced(settings):
    path = _write(settings, f"{MARK} into its instance folder\ntelemetry: {{enabled: true}}\n")
    open_instance(settings).dispose()
    assert path.read_text() == SHIPPED


def test_the_users_own_is_kept_and_respected(settings):
    text = "telemetry: {enabled: true}\nconcurrency: {pools: {default_limit: 5}}\n"
    path = _write(settings, text)
    with open_instance(settings) as instance:
        assert instance.telemetry_enabled
        limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    assert path.read_text() == text
    assert limits == {"lake": 1, "warehouse": 1, "report": 1}  # whatever the default: two at once would be wrong


def test_a_storage_of_the_users_own_is_not_replaced_by_ours(settings, tmp_path):
    _write(settings, f"storage: {{sqlite: {{base_dir: {tmp_path / 'elsewhere'}}}}}\n")
    with open_instance(settings) as instance:
        assert not isinstance(instance.event_log_storage, WarmSqliteEventLogStorage)
    assert (tmp_path / "elsewhere").is_dir()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("concurrency: {pools: {granularity: run, default_limit: 1}}\n", "granularity is run"),
        ("telemetry: [\n", "is not YAML"),
    ],
)
def test_one_that_sentinel_cannot_work_with_is_named(settings, text, named):
    path = _write(settings, text)
    with pytest.raises(InstanceError, match=named) as caught:
        open_instance(settings)
    assert str(path) in str(caught.value)


def test_storage_in_postgresql(settings, postgres):
    _write(settings, f"storage: {{postgres: {{postgres_url: '{postgres.url}'}}}}\n")
    with open_instance(settings) as instance:
        result = one_feed_run(settings, instance, "sites")
        assert result.success
        assert type(instance.event_log_storage).__name__ == "PostgresEventLogStorage"
        assert instance.get_run_by_id(result.run_id).is_success
        assert {pool.name for pool in instance.event_log_storage.get_pool_limits()} >= {"lake", "warehouse"}
        again = one_feed_run(settings, instance, "sites")
        (old,) = old_runs(instance, settings.layout, datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1))
        assert old.what == "1 run of build_without_report"
        old.remove()
        assert [run.run_id for run in instance.get_runs()] == [again.run_id]
    assert not list(settings.layout.dagster.glob("history/runs/*.db"))
