"""All that Sentinel uses of Dagster's and dbt's insides, each because there is no public way.

tests/test_internals.py calls each of them, so that after an upgrade the broken one is named.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import dagster as dg
import duckdb

# What `Definitions.resolve_asset_graph` and a sensor's `repository_def.asset_graph` give.
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

# What `define_asset_job` gives.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# An event's kind of check or asset event, to write a batch of them at once.
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS

# The SQLite event log that automation/event_log.py makes faster, and its table.
from dagster._core.storage.event_log import SqlEventLogStorageTable, SqliteEventLogStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._serdes import ConfigurableClassData

if TYPE_CHECKING:
    from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

__all__ = [
    "ASSET_CHECK_EVENTS",
    "ASSET_EVENTS",
    "AssetGraph",
    "ConfigurableClassData",
    "SqlEventLogStorageTable",
    "SqliteEventLogStorage",
    "Tick",
    "Ticker",
    "UnresolvedAssetJobDefinition",
    "cancel_dbt_queries",
    "check_history",
    "close_dbt_connections",
    "create_db_conn_string",
    "delete_runs",
    "free_pool_slots",
    "instance_from_folder",
    "log_materializations",
    "new_run_id",
    "newest_heartbeat",
    "next_tick",
    "parsed_manifest",
    "pool_holders",
    "require_pool",
    "runs_in_use",
    "tickers",
    "was_interrupted",
]

RUNS_AT_ONCE = 50  # of which the results of checks go in one transaction, which other writers wait for


def instance_from_folder(home: Path, event_log: Mapping[str, Any] | None) -> dg.DagsterInstance:
    """The instance in `home`, with another event log class: `DagsterInstance.get` takes neither."""
    from dagster._core.instance.ref import InstanceRef

    overrides = {"event_log_storage": dict(event_log)} if event_log else None
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=overrides))


def new_run_id() -> str:
    """An id for a run to come, so that a listener can be there before its first event."""
    from dagster._core.utils import make_new_run_id

    return make_new_run_id()


def was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether the run ended by Ctrl-C, which Dagster keeps to itself."""
    from dagster._core.events import RunFailureReason

    failures = (event.job_failure_data for event in result.all_events if event.is_job_failure)
    return any(failure.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION for failure in failures)


def require_pool(instance: dg.DagsterInstance, pool: str) -> None:
    """Limits `pool` to one step at a time in an instance whose own dagster.yaml sets no limit.

    Raises ValueError where pools count runs: the runs of a command would pass them by.
    """
    config = instance.event_log_storage.get_pool_config()
    if config.pool_granularity is not None and config.pool_granularity.value == "run":
        raise ValueError("concurrency.pools.granularity is run")
    if config.default_pool_limit != 1 and pool not in {
        limit.name for limit in instance.event_log_storage.get_pool_limits()
    }:
        instance.event_log_storage.set_concurrency_slots(pool, 1)


def pool_holders(instance: dg.DagsterInstance) -> dict[str, set[str]]:
    """Pool → ids of the runs that hold a slot of it."""
    storage = instance.event_log_storage
    return {pool: storage.get_concurrency_info(pool).active_run_ids for pool in storage.get_concurrency_keys()}


def free_pool_slots(instance: dg.DagsterInstance, run_id: str) -> None:
    """Gives back the slots of a run that is gone; otherwise only the daemon does, after minutes."""
    instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def check_history(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey], limit: int
) -> "dict[dg.AssetCheckKey, list[AssetCheckExecutionRecord]]":
    """Check → its newest records, newest first; the public call gives one record of one check."""
    storage = instance.event_log_storage
    newest = storage.get_latest_asset_check_execution_by_key(keys)
    histories = {key: [record] for key, record in newest.items()}
    for key, record in newest.items():
        if record.event is None or record.status.value == "PLANNED":  # a later run planned it and has no result
            histories[key] = list(storage.get_asset_check_execution_history(key, limit=limit))
    return histories


def runs_in_use(instance: dg.DagsterInstance) -> set[str]:
    """Ids of the runs of the newest record of each asset, partition and check, and of what the newest results judged.

    The public calls give them asset by asset, partition by partition.
    """
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
    from sqlalchemy import func, select, union

    events, checks = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
    kinds = [dg.DagsterEventType.ASSET_MATERIALIZATION.value, dg.DagsterEventType.ASSET_OBSERVATION.value]
    newest_events = (
        select(func.max(events.id))
        .where(events.dagster_event_type.in_(kinds))
        .group_by(events.asset_key, events.partition)
    )
    newest_checks = select(func.max(checks.id)).group_by(checks.asset_key, checks.check_name, checks.partition)
    newest_results = newest_checks.where(checks.execution_status.in_(["SUCCEEDED", "FAILED"]))
    judged = select(checks.materialization_event_storage_id).where(checks.id.in_(newest_results))
    found = union(
        *(select(events.run_id).where(events.id.in_(ids)) for ids in (newest_events, judged)),
        *(select(checks.run_id).where(checks.id.in_(ids)) for ids in (newest_checks, newest_results)),
    )
    with cast("Any", instance.event_log_storage).index_connection() as connection:
        return set(connection.execute(found).scalars())


def delete_runs(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> None:
    """As `instance.delete_run` of each, which leaves the results of checks, tags on SQLite, and what steps printed.

    The run itself goes last: where this is killed, whoever lists the runs finds the rest of it.
    """
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
    from dagster._core.storage.runs.schema import RunTagsTable

    storage, runs = cast("Any", instance.event_log_storage), cast("Any", instance.run_storage)
    for start in range(0, len(run_ids), RUNS_AT_ONCE):
        some = run_ids[start : start + RUNS_AT_ONCE]
        for connect, table in ((storage.index_connection, AssetCheckExecutionsTable), (runs.connect, RunTagsTable)):
            with connect() as connection:
                connection.execute(table.delete().where(table.c.run_id.in_(some)))
        for run_id in some:
            instance.compute_log_manager.delete_logs(prefix=[run_id])
            storage.delete_events(run_id)
            instance.delete_run(run_id)


def log_materializations(context: dg.AssetExecutionContext, found: Sequence[dg.AssetMaterialization]) -> None:
    """As `context.log_event` of each, written as one batch: one by one, a day takes as long to record as to gate."""
    from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata, generate_event_batch_id

    step, batch = context.op_execution_context._step_execution_context, generate_event_batch_id()  # type: ignore[no-untyped-call]
    for number, materialization in enumerate(found, start=1):
        DagsterEvent.asset_materialization(
            step, materialization, DagsterEventBatchMetadata(batch, number == len(found))
        )


@dataclass(frozen=True)
class Tick:
    """A finished tick of a sensor or schedule. `at` is when it began, seconds since 1970; `error` is that of one that failed."""

    at: float
    has_failed: bool
    error: Any


@dataclass(frozen=True)
class Ticker:
    """What Dagster knows of a sensor or schedule that somebody or the code has turned on once.

    `is_by_code`: its default decides whether it is on, not a person. `started_at`: when it was turned on, if that is known.
    """

    name: str
    is_on: bool
    is_by_code: bool
    started_at: float | None
    state: Any

    def ticks(self, instance: dg.DagsterInstance, limit: int) -> list[Tick]:
        """The newest ticks that have ended, newest first, at most `limit`."""
        found = instance.get_ticks(self.state.instigator_origin_id, self.state.selector_id, limit=limit + 1)
        return [Tick(tick.timestamp, tick.is_failure, tick.error) for tick in found if tick.is_completed][:limit]

    def has_ticked(self, instance: dg.DagsterInstance, after: float, before: float) -> bool:
        """Whether a tick began between two moments, seconds since 1970."""
        ids = self.state.instigator_origin_id, self.state.selector_id
        return bool(instance.get_ticks(*ids, after=after, before=before, limit=1))


def tickers(instance: dg.DagsterInstance) -> list[Ticker]:
    """All sensors and schedules that an instance knows, of any code location; the public API knows none of them."""
    found = []
    for state in instance.all_instigator_state():
        data = state.instigator_data
        started = getattr(data, "last_sensor_start_timestamp", None) or getattr(data, "start_timestamp", None)
        by_code = state.status.value not in ("RUNNING", "STOPPED")
        found.append(Ticker(state.instigator_name, state.is_running, by_code, started, state))
    return found


def newest_heartbeat(instance: dg.DagsterInstance) -> float | None:
    """When the daemon was last alive, seconds since 1970; None if there never was one."""
    return max((beat.timestamp for beat in instance.get_daemon_heartbeats().values()), default=None)


def next_tick(cron: str | Sequence[str], timezone: str | None, after: float) -> float:
    """When a schedule is due after a moment, both in seconds since 1970."""
    from dagster._utils.schedules import schedule_execution_time_iterator

    due = schedule_execution_time_iterator(after, cron, timezone, ascending=True)
    return next(moment.timestamp() for moment in due if moment.timestamp() > after)


@lru_cache(maxsize=2)
def parsed_manifest(path: Path, modified_ns: int) -> Any:
    """Dbt's manifest object out of its partial_parse.msgpack; the public API can only parse the project again."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack(path.read_bytes(), decoder=extended_mashumuro_decoder)
    manifest.build_flat_graph()  # what a macro sees as `graph`
    return manifest


def close_dbt_connections() -> None:
    """dbt-duckdb keeps its connection, and with it the file's write lock, for as long as the process lives."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def cancel_dbt_queries() -> None:
    """Ends the queries that dbt runs now; dbtRunner has no way to be stopped."""
    from dbt.adapters.factory import FACTORY

    adapter = FACTORY.adapters.get("duckdb")
    if adapter is not None:
        with suppress(duckdb.ConnectionException):  # dbt has just closed one
            cast("Any", adapter).cancel_open_connections()
