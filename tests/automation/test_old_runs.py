"""Old runs go with all that they left; but never one that an asset, a day or a check stands on."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.automation.old_runs import old_runs
from sentinel_orchestration.internals import instance_from_folder
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.publish.audit import Versions, read_outcomes
from sentinel_orchestration.settings import Settings

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-06")
IS_BROKEN = list[bool]()  # whether the check `alone` gives no result
GOOD = dg.AssetCheckSpec("good", asset="table", blocking=True)


@dg.asset(partitions_def=DAYS)
def daily() -> None:
    print("a day")


@dg.asset(check_specs=[GOOD])
def table() -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    yield dg.MaterializeResult(data_version=dg.DataVersion("v1"))
    yield dg.AssetCheckResult(check_name="good", passed=True)


@dg.asset
def later() -> None:
    """Made by runs of its own."""


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("alone", asset="table")])
def alone() -> Iterator[dg.AssetCheckResult]:
    if IS_BROKEN:
        raise RuntimeError
    yield dg.AssetCheckResult(asset_key="table", check_name="alone", passed=True)


@dg.op
def work() -> None:
    """A step that makes no asset."""


@dg.job
def upkeep() -> None:
    work()


CHECKS = dg.AssetSelection.checks(dg.AssetCheckKey(table.key, "alone"))
DEFINITIONS = dg.Definitions(
    assets=[daily, table, later],
    asset_checks=[alone],
    jobs=[
        upkeep,
        *(dg.define_asset_job(asset.key.to_user_string(), [asset]) for asset in (daily, later)),
        dg.define_asset_job(
            "table", dg.AssetSelection.assets(table).without_checks() | dg.AssetSelection.checks(GOOD.key)
        ),
        dg.define_asset_job("alone", CHECKS),
    ],
    executor=dg.in_process_executor,
)
SPECS = [GOOD, *alone.check_specs]


@pytest.fixture(params=["ours", "Dagster's own"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A real one in a home, with our event log and with Dagster's."""
    if request.param == "ours":
        opened = open_instance(Settings(home=tmp_path))
    else:
        folder = Layout(tmp_path).dagster
        folder.mkdir(parents=True)
        (folder / "dagster.yaml").write_text(yaml.safe_dump({"telemetry": {"enabled": False}}))
        opened = instance_from_folder(folder, None)
    with opened as instance:
        yield instance


@pytest.fixture
def run(instance: dg.DagsterInstance) -> Callable[..., str]:
    def started(job: str, **options: str) -> str:
        result = DEFINITIONS.resolve_job_def(job).execute_in_process(instance=instance, **options)
        assert result.success
        return result.run_id

    return started


def prune(instance: dg.DagsterInstance, tmp_path: Path, days: float = 31) -> list[str]:
    """As if so many days had passed."""
    before = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=days)
    found = old_runs(instance, Layout(tmp_path), before)
    for surplus in found:
        surplus.remove()
    return [surplus.what for surplus in found]


def run_ids(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


def test_a_run_goes_with_all_that_it_left(instance, run, tmp_path: Path) -> None:
    gone, kept = run("table", tags={"colour": "blue"}), run("table")
    layout = Layout(tmp_path)
    assert layout.run_files(gone)
    assert prune(instance, tmp_path, days=-1) == []
    assert prune(instance, tmp_path) == ["1 run of table"]
    assert run_ids(instance) == {kept}
    for file in ("runs.db", "runs/index.db"):
        with closing(sqlite3.connect(layout.dagster / "history" / file)) as history:
            tables = [name for (name,) in history.execute("select name from sqlite_master where type = 'table'")]
            columns = {table: {row[1] for row in history.execute(f"pragma table_info({table})")} for table in tables}
            for table in (name for name, found in columns.items() if "run_id" in found):
                left = history.execute(f"select count(*) from {table} where run_id = ?", [gone]).fetchall()
                assert left == [(0,)], table
    files = [path for path in layout.dagster.rglob(f"*{gone}*") if "index" not in path.name]
    if type(instance.event_log_storage).__name__.startswith("Warm"):
        assert files == []
    assert not (layout.dagster / "storage" / gone).exists()
    assert prune(instance, tmp_path) == []


def test_the_run_of_the_newest_version_of_each_day_stays(instance, run, tmp_path: Path) -> None:
    first = {day: run("daily", partition_key=day) for day in DAYS.get_partition_keys()}
    again = run("daily", partition_key="2026-01-02")
    before = instance.get_materialized_partitions(daily.key)
    assert prune(instance, tmp_path) == ["1 run of daily"]
    assert run_ids(instance) == {*first.values(), again} - {first["2026-01-02"]}
    assert instance.get_materialized_partitions(daily.key) == before == {*DAYS.get_partition_keys()}


def test_the_run_of_the_newest_result_of_each_check_stays_and_that_of_the_rows_it_judged(
    instance, run, tmp_path: Path
) -> None:
    made = run("table")
    judged = run("alone")
    newest = run("table")  # the same rows again: what was judged alone still counts
    versions = Versions({table.key: "v1"}, {})
    before = [outcome.status for outcome in read_outcomes(instance, SPECS, versions)]
    assert prune(instance, tmp_path) == []
    run("alone")
    assert prune(instance, tmp_path) == ["1 run of alone", "1 run of table"]
    assert run_ids(instance) & {made, judged, newest} == {newest}
    assert [outcome.status for outcome in read_outcomes(instance, SPECS, versions)] == before == ["passed", "passed"]


def test_a_result_behind_a_run_that_gave_none_stays(
    instance, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later runs planned the check and failed: the audit looks behind them."""
    known = run("alone")
    monkeypatch.setitem(globals(), "IS_BROKEN", [True])
    job = DEFINITIONS.resolve_job_def("alone")
    for _ in range(2):
        assert not job.execute_in_process(instance=instance, raise_on_error=False).success
    planned = instance.event_log_storage.get_latest_asset_check_execution_by_key([SPECS[1].key])
    prune(instance, tmp_path)
    assert known in run_ids(instance)
    (outcome,) = read_outcomes(instance, SPECS[1:], Versions({}, {}))
    assert outcome.status == "passed"
    assert instance.event_log_storage.get_latest_asset_check_execution_by_key([SPECS[1].key]) == planned


def test_a_run_that_has_not_ended_stays_however_old_it_is(instance, run, tmp_path: Path) -> None:
    waiting = instance.create_run_for_job(DEFINITIONS.resolve_job_def("upkeep")).run_id
    ended = run("upkeep")
    assert prune(instance, tmp_path, days=3650) == ["1 run of upkeep"]
    assert run_ids(instance) == {waiting}
    assert ended not in run_ids(instance)


def test_what_a_killed_removal_left_goes_the_next_time(
    instance, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = [run("upkeep") for _ in range(3)]

    def killed(run_id: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(instance, "delete_run", killed)
        with pytest.raises(KeyboardInterrupt):
            prune(instance, tmp_path)
    assert run_ids(instance) == {*gone}
    assert prune(instance, tmp_path) == ["3 runs of upkeep"]
    assert run_ids(instance) == set()


def test_what_a_run_frees_is_what_its_files_take(instance, run, tmp_path: Path) -> None:
    run_id = run("upkeep")
    before = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    (surplus,) = old_runs(instance, Layout(tmp_path), before)
    log = Layout(tmp_path).event_logs / f"{run_id}.db"
    assert surplus.size_bytes >= log.stat().st_size > 0
    assert surplus.why == f"ended before {before:%Y-%m-%d}, and made nothing that is current"
