"""Every name of Dagster's and dbt's insides that we use still does what we use it for: after an upgrade, the broken one fails."""

import ast
import importlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import sqlalchemy as sa
import yaml
from dbt.cli.main import dbtRunner

from sentinel_orchestration.settings import PROJECT_DIR
from tests.observe.ticking import Ticking, beat, seconds

SOURCE = PROJECT_DIR / "sentinel_orchestration" / "internals.py"
POOL = "warehouse"


def imported() -> list[tuple[str, str]]:
    """Every (module, name) of Dagster and dbt that internals.py imports, inside functions too."""
    nodes = [node for node in ast.walk(ast.parse(SOURCE.read_text())) if isinstance(node, ast.ImportFrom)]
    libraries = [(str(node.module), alias.name) for node in nodes for alias in node.names]
    return sorted({(module, name) for module, name in libraries if module.startswith(("dagster.", "dbt."))})


@pytest.mark.parametrize(("module", "name"), imported(), ids=lambda text: text)
def test_the_name_is_still_where_it_was(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


def test_each_name_is_exercised_here() -> None:
    from sentinel_orchestration import internals

    text = Path(__file__).read_text()
    assert [name for name in internals.__all__ if f"internals.{name}" not in text] == []


def test_only_internals_imports_what_is_not_public() -> None:
    """dbt's one public module is dbt.cli.main; in Dagster, what begins with an underscore is not public."""
    for path in (PROJECT_DIR / "sentinel_orchestration").rglob("*.py"):
        if path == SOURCE:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                assert not module.startswith("dagster._"), path
                assert module == "dbt.cli.main" or not module.startswith("dbt."), path


@pytest.fixture
def internals() -> Any:
    """The module, imported by the tests that use it: where it cannot be imported, the test of the name above says why."""
    return importlib.import_module("sentinel_orchestration.internals")


@pytest.fixture
def instance(tmp_path: Path, internals: Any) -> Iterator[dg.DagsterInstance]:
    """An instance as ours is: in a folder, with pools that count steps."""
    config = {"concurrency": {"pools": {"granularity": "op"}}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
    with internals.instance_from_folder(tmp_path, None) as instance:
        yield instance


def run(instance: dg.DagsterInstance, *assets: Any, **options: Any) -> dg.ExecuteInProcessResult:
    """Materializes assets in one job."""
    defs = dg.Definitions(assets=assets, jobs=[dg.define_asset_job("job")], executor=dg.in_process_executor)
    return defs.resolve_job_def("job").execute_in_process(instance=instance, raise_on_error=False, **options)


@dg.asset
def plain() -> None:
    """An asset to run."""


class TestInstances:
    def test_instance_from_folder(self, tmp_path: Path, internals: Any) -> None:
        """The runs of a folder are there again, and its event log can be of our class."""
        from sentinel_orchestration.automation.event_log import WarmSqliteEventLogStorage as Ours

        with internals.instance_from_folder(tmp_path, None) as instance:
            run_id = run(instance, plain).run_id
            base_dir = str(tmp_path / "history" / "runs")
        log = {"module": Ours.__module__, "class": Ours.__name__, "config": {"base_dir": base_dir}}
        with internals.instance_from_folder(tmp_path, log) as instance:
            assert type(instance.event_log_storage) is Ours
            assert instance.get_run_by_id(run_id).is_success
            assert instance.get_latest_materialization_event(plain.key).run_id == run_id

    def test_new_run_id(self, instance: dg.DagsterInstance, internals: Any) -> None:
        """A listener that is there first hears of the run from its start."""
        run_id, heard = internals.new_run_id(), list[str]()
        assert internals.new_run_id() != run_id
        instance.add_event_listener(run_id, lambda entry: heard.append(entry.run_id))
        assert run(instance, plain, run_id=run_id).run_id == run_id
        assert set(heard) == {run_id}

    def test_log_materializations(self, instance: dg.DagsterInstance, internals: Any) -> None:
        """A batch of them is recorded, each with its partition."""
        days = dg.DailyPartitionsDefinition("2025-03-01", end_date="2025-03-06")

        @dg.asset(partitions_def=days)
        def by_day(context: dg.AssetExecutionContext) -> None:
            found = [dg.AssetMaterialization("by_day", partition=day) for day in days.get_partition_keys()[1:]]
            internals.log_materializations(context, found)

        run(instance, by_day, partition_key="2025-03-01")
        assert instance.get_materialized_partitions(by_day.key) == {*days.get_partition_keys()}

    def test_unresolved_asset_job_definition(self, internals: Any) -> None:
        assert isinstance(dg.define_asset_job("job"), internals.UnresolvedAssetJobDefinition)

    def test_asset_graph(self, internals: Any) -> None:
        assert isinstance(dg.Definitions().resolve_asset_graph(), internals.AssetGraph)

    def test_was_interrupted(self, instance: dg.DagsterInstance, internals: Any) -> None:
        @dg.asset
        def interrupted() -> None:
            signal.raise_signal(signal.SIGINT)
            time.sleep(5)

        @dg.asset
        def failing() -> None:
            raise ValueError

        assert internals.was_interrupted(run(instance, interrupted))
        assert not internals.was_interrupted(run(instance, failing))
        assert not internals.was_interrupted(run(instance, plain))


class TestPools:
    def test_require_pool(self, instance: dg.DagsterInstance, internals: Any) -> None:
        """A limit of 1, which one of the user's own replaces."""
        internals.require_pool(instance, POOL)
        limits = {limit.name: limit.limit for limit in instance.event_log_storage.get_pool_limits()}
        assert limits == {POOL: 1}
        instance.event_log_storage.set_concurrency_slots(POOL, 3)
        internals.require_pool(instance, POOL)
        assert {limit.limit for limit in instance.event_log_storage.get_pool_limits()} == {3}

    def test_require_pool_refuses_pools_that_count_runs(self, tmp_path: Path, internals: Any) -> None:
        (tmp_path / "dagster.yaml").write_text("concurrency: { pools: { granularity: run } }")
        with (
            internals.instance_from_folder(tmp_path, None) as instance,
            pytest.raises(ValueError, match="granularity is run"),
        ):
            internals.require_pool(instance, POOL)

    def test_pool_holders(self, instance: dg.DagsterInstance, internals: Any) -> None:
        """A step holds its slot while it works, and no longer."""
        internals.require_pool(instance, POOL)
        held = []

        @dg.asset(pool=POOL)
        def holding(context: dg.AssetExecutionContext) -> None:
            held.append(internals.pool_holders(context.instance))

        result = run(instance, holding)
        assert result.success
        assert held == [{POOL: {result.run_id}}]
        assert internals.pool_holders(instance) == {POOL: set()}

    def test_free_pool_slots(self, instance: dg.DagsterInstance, internals: Any) -> None:
        internals.require_pool(instance, POOL)
        instance.event_log_storage.claim_concurrency_slot(POOL, "gone", "step")
        assert internals.pool_holders(instance) == {POOL: {"gone"}}
        internals.free_pool_slots(instance, "gone")
        assert internals.pool_holders(instance) == {POOL: set()}


def test_check_history(instance: dg.DagsterInstance, internals: Any) -> None:
    """A check that a later run planned and did not reach still has its result, behind the planned one."""
    is_good = True

    @dg.multi_asset_check(specs=[dg.AssetCheckSpec("first", asset=plain, blocking=True)])
    def first() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(check_name="first", asset_key=plain.key, passed=is_good, metadata={"good": is_good})

    @dg.asset(deps=[plain], check_specs=[dg.AssetCheckSpec("second", asset="later")])
    def later() -> Iterator[Any]:
        yield dg.MaterializeResult()
        yield dg.AssetCheckResult(check_name="second", passed=True)

    defs = dg.Definitions(assets=[plain, later], asset_checks=[first], executor=dg.in_process_executor)
    job = defs.resolve_implicit_global_asset_job_def()
    keys = [dg.AssetCheckKey(plain.key, "first"), dg.AssetCheckKey(dg.AssetKey("later"), "second")]
    other = dg.AssetCheckKey(plain.key, "never run")
    for is_good in (True, False):
        assert job.execute_in_process(instance=instance, raise_on_error=False).success == is_good

    found = internals.check_history(instance, [*keys, other], 5)

    assert found.keys() == set(keys)
    (newest,) = found[keys[0]]
    data = newest.event.dagster_event.event_specific_data
    assert (data.passed, data.metadata["good"].value) == (False, False)
    statuses = [record.status.value for record in found[keys[1]]]
    assert statuses[0] in ("PLANNED", "SKIPPED")
    assert "SUCCEEDED" in statuses


class TestDeletedRuns:
    """tests/automation/test_old_runs.py says more of them, on both event logs."""

    def test_runs_in_use(self, instance: dg.DagsterInstance, internals: Any) -> None:
        """The newest run of an asset, and no other."""
        _, newest = (run(instance, plain).run_id for _ in range(2))
        assert internals.runs_in_use(instance) == {newest}

    def test_delete_runs(self, instance: dg.DagsterInstance, internals: Any) -> None:
        gone = [run(instance, plain, tags={"colour": "blue"}).run_id for _ in range(2)]
        kept = run(instance, plain).run_id
        internals.delete_runs(instance, gone)
        assert [record.run_id for record in instance.get_runs()] == [kept]
        assert [len(instance.all_logs(run_id)) > 0 for run_id in (*gone, kept)] == [False, False, True]


class TestEventLog:
    """The parts that automation/event_log.py is made of."""

    def test_kinds_of_events(self, internals: Any) -> None:
        assert dg.DagsterEventType.ASSET_MATERIALIZATION in internals.ASSET_EVENTS
        assert dg.DagsterEventType.ASSET_CHECK_EVALUATION in internals.ASSET_CHECK_EVENTS
        assert dg.DagsterEventType.STEP_START not in {*internals.ASSET_EVENTS, *internals.ASSET_CHECK_EVENTS}

    def test_the_storage_its_table_and_its_files(
        self, tmp_path: Path, instance: dg.DagsterInstance, internals: Any
    ) -> None:
        """Rows of the table are the events, in a file for each run and one for all."""
        result = run(instance, plain)
        storage = internals.SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
        rows = [storage._event_to_row(entry) for entry in instance.all_logs(result.run_id)]
        for shard in (result.run_id, "index"):
            engine = sa.create_engine(internals.create_db_conn_string(str(tmp_path / "history" / "runs"), shard))
            query = sa.select(internals.SqlEventLogStorageTable.c.event)
            query = query.where(internals.SqlEventLogStorageTable.c.run_id == result.run_id)
            with engine.connect() as connection:
                events = connection.execute(query).scalars().all()
            engine.dispose()
            assert events
            assert set(events) <= {row["event"] for row in rows}
        storage.dispose()

    @pytest.mark.parametrize(
        "name",
        [
            *("run_connection", "index_connection", "_connect", "_initdb", "_event_to_row", "_store_asset_event_tags"),
            *("_store_asset_event", "store_asset_check_event", "store_event_batch", "dispose", "from_config_value"),
            *("delete_events", "delete_events_for_run", "path_for_shard", "free_concurrency_slots_for_run"),
        ],
    )
    def test_methods_that_ours_calls_or_replaces(self, internals: Any, name: str) -> None:
        assert callable(getattr(internals.SqliteEventLogStorage, name))

    def test_attributes_that_ours_reads(self, tmp_path: Path, internals: Any) -> None:
        storage = internals.SqliteEventLogStorage(str(tmp_path))
        assert storage._base_dir == str(tmp_path)
        assert isinstance(storage._initialized_dbs, set)
        with storage._db_lock:
            pass

    def test_configurable_class_data(self, tmp_path: Path, internals: Any) -> None:
        kind = internals.SqliteEventLogStorage
        data = internals.ConfigurableClassData(
            kind.__module__, kind.__name__, yaml.safe_dump({"base_dir": str(tmp_path)})
        )
        assert type(data.rehydrate(kind)) is kind


class TestDbt:
    """dbt on a project of one model."""

    @pytest.fixture(scope="class")
    def project(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("dbt")
        output = {"type": "duckdb", "path": str(folder / "file.duckdb"), "threads": 1}
        about = {
            "name": "small",
            "version": "1.0.0",
            "profile": "small",
            "flags": {"send_anonymous_usage_stats": False},
        }
        files = {
            "dbt_project.yml": about,
            "profiles.yml": {"small": {"target": "dev", "outputs": {"dev": output}}},
        }
        slow = "select count(*) as n from range(1000000) as a, range(1000000) as b where a.range < b.range"
        for name, content in files.items():
            (folder / name).write_text(yaml.safe_dump(content))
        (folder / "models").mkdir()
        (folder / "models" / "quick.sql").write_text("{{ config(materialized='table') }} select 1 as n")
        (folder / "models" / "slow.sql").write_text("{{ config(materialized='table') }} " + slow)
        assert self.invoke(folder, "parse").success
        return folder

    def invoke(self, folder: Path, *command: str, **options: Any) -> Any:
        places = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--target-path", str(folder / "target")]
        return dbtRunner(**options).invoke(
            [*command, *places, "--log-path", str(folder / "logs"), "--log-level", "none"]
        )

    def parsed(self, folder: Path, internals: Any) -> Any:
        path = folder / "target" / "partial_parse.msgpack"
        return internals.parsed_manifest(path, path.stat().st_mtime_ns)

    def test_parsed_manifest(self, project: Path, internals: Any) -> None:
        """It spares a command the parsing, and has what macros see as `graph`."""
        manifest = self.parsed(project, internals)
        assert set(manifest.flat_graph["nodes"]) == {"model.small.quick", "model.small.slow"}
        assert self.parsed(project, internals) is manifest
        events: list[str] = []
        outcome = self.invoke(
            project, "run", "-s", "quick", manifest=manifest, callbacks=[lambda event: events.append(event.info.name)]
        )
        internals.close_dbt_connections()
        assert outcome.success
        assert "LogModelResult" in events
        assert not [name for name in events if "Pars" in name]
        assert manifest.nodes["model.small.quick"].compiled_code.strip().endswith("select 1 as n")

    def test_close_dbt_connections(self, project: Path, internals: Any) -> None:
        """dbt holds the file's lock until then."""
        assert self.invoke(project, "run", "-s", "quick", manifest=self.parsed(project, internals)).success
        other = [
            sys.executable,
            "-c",
            f"import duckdb; duckdb.connect({str(project / 'file.duckdb')!r}, read_only=True)",
        ]
        assert subprocess.run(other, capture_output=True, check=False).returncode != 0
        internals.close_dbt_connections()
        assert subprocess.run(other, capture_output=True, check=False).returncode == 0
        duckdb.connect(str(project / "file.duckdb"), read_only=True).close()

    def test_cancel_dbt_queries(self, project: Path, internals: Any) -> None:
        """A query that would take hours ends at once, and its model has failed."""
        started, outcomes = threading.Event(), []

        def on_event(event: Any) -> None:
            if event.info.name == "SQLQuery" and "1000000" in event.info.msg:
                started.set()

        def work() -> None:
            manifest = self.parsed(project, internals)
            outcomes.append(self.invoke(project, "run", "-s", "slow", manifest=manifest, callbacks=[on_event]))

        thread = threading.Thread(target=work)
        thread.start()
        assert started.wait(60)
        deadline = time.monotonic() + 60
        while thread.is_alive() and time.monotonic() < deadline:
            internals.cancel_dbt_queries()
            thread.join(0.1)
        internals.close_dbt_connections()
        assert not thread.is_alive()
        (result,) = outcomes[0].result.results
        assert result.status == "error"
        assert "INTERRUPT" in result.message


class TestAutomation:
    """What observe/watch.py looks at."""

    def test_tickers_and_their_ticks(self, instance: dg.DagsterInstance, internals: Any) -> None:
        ticking = Ticking(instance, "inbox", status="RUNNING", started=datetime(2026, 11, 29, 3))
        Ticking(instance, "nightly", cron="0 6 * * *")
        Ticking(instance, "off", status="STOPPED")
        found = {ticker.name: ticker for ticker in internals.tickers(instance)}
        assert {name: (one.is_on, one.is_by_code) for name, one in found.items()} == {
            "inbox": (True, False),
            "nightly": (True, True),
            "off": (False, False),
        }
        inbox = found["inbox"]
        assert isinstance(inbox, internals.Ticker)
        assert inbox.started_at == seconds(datetime(2026, 11, 29, 3))
        assert inbox.ticks(instance, 1) == []
        ticking.tick(datetime(2026, 11, 29, 4))
        ticking.fail(datetime(2026, 11, 29, 5))
        ticking.tick(datetime(2026, 11, 29, 6), "STARTED")
        (failed,) = inbox.ticks(instance, 1)
        assert isinstance(failed, internals.Tick)
        assert (failed.at, failed.has_failed) == (seconds(datetime(2026, 11, 29, 5)), True)
        assert failed.error.cause.cls_name == "ValueError"
        assert [tick.has_failed for tick in inbox.ticks(instance, 9)] == [True, False]
        assert inbox.has_ticked(instance, failed.at - 1, failed.at + 1)
        assert not inbox.has_ticked(instance, failed.at - 1800, failed.at - 1)

    def test_newest_heartbeat(self, instance: dg.DagsterInstance, internals: Any) -> None:
        assert internals.newest_heartbeat(instance) is None
        beat(instance, datetime(2026, 11, 29, 4))
        assert internals.newest_heartbeat(instance) == seconds(datetime(2026, 11, 29, 4))

    def test_next_tick(self, internals: Any) -> None:
        """By the clock of the zone, and never the moment itself."""
        six = seconds(datetime(2026, 11, 29, 5))
        assert internals.next_tick("0 6 * * *", "Europe/Berlin", six - 60) == six
        assert internals.next_tick(["0 6 * * *", "0 7 * * *"], "Europe/Berlin", six) == six + 3600
