"""Cuts a release out of the working warehouse: a consistent copy of every table that is built, audited first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from sentinel_orchestration.files import scratch_folder, sweep
from sentinel_orchestration.lake.counts import event_span, feed_version, silver_counts
from sentinel_orchestration.lake.gate import GATE_VERSION
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.layout import PLACEHOLDER_DAY, SNAPSHOT_DAY, WAREHOUSE_FILE
from sentinel_orchestration.publish.audit import CheckOutcome, Versions, read_outcomes, refusal
from sentinel_orchestration.publish.content import combined_digest, release_contents
from sentinel_orchestration.publish.manifest import Manifest, TableEntry, damage, read_current
from sentinel_orchestration.publish.model_docs import model_docs
from sentinel_orchestration.publish.ops_tables import write_ops_tables
from sentinel_orchestration.publish.releases import prune, publish_release
from sentinel_orchestration.resources import DbtResource, WarehouseResource
from sentinel_orchestration.revision import git_revision
from sentinel_orchestration.settings import PROJECT_DIR, hour_of
from sentinel_orchestration.warehouse.state import Mart, ModelState, read_states, silver_versions

DIGEST_LENGTH = 10
CONSEQUENCE = "sentinel/consequence"  # in the metadata of a failure: it only says that a check failed
HISTORICAL_AFTER_SEC = 24 * 3600  # data that ends earlier is shown as historical
AS_OF_TABLE = "marts.as_of_fleet"


class RefusedError(RuntimeError):
    """What is in the warehouse may not be released; the message says why, and what to materialize or look at.

    `is_consequence`: because a check failed, which is known already.
    """

    def __init__(self, message: str, is_consequence: bool = False) -> None:
        super().__init__(message)
        self.is_consequence = is_consequence


@dataclass(frozen=True)
class Graph:
    """What the audit needs to know of the asset graph: tables by name, checks, and the tables that Python makes."""

    keys: Mapping[str, dg.AssetKey]
    checks: Sequence[dg.AssetCheckSpec]
    marts: Sequence[Mart]


def cut_release(
    lake: Lake, instance: dg.DagsterInstance, dbt: DbtResource, warehouse: WarehouseResource, graph: Graph
) -> tuple[Manifest, bool]:
    """Audits the warehouse, copies it, and makes it the current release: its manifest, and whether it was that already.

    Raises RefusedError; the current release then stays.
    """
    dbt.invoke(["run-operation", "read_state"])  # the code and the silver of this moment
    with warehouse.get_connection() as connection:
        states, silver = read_states(connection, graph.marts), silver_versions(connection)
    unknown = sorted(states.keys() - graph.keys.keys())
    if unknown:
        raise RefusedError(
            f"Nothing was released: {', '.join(unknown)} came into the dbt project after Dagster loaded it. Reload the code "
            "location and run the same again."
        )
    outcomes = read_outcomes(instance, graph.checks, _versions(lake, states, graph))
    refused = refusal(states, outcomes, graph.keys)
    if refused:
        raise RefusedError(refused, any(outcome.blocks and outcome.status == "failed" for outcome in outcomes))
    layout = lake.layout
    sweep(layout.published, without=layout.releases)  # a killed process may have left the file of a whole release
    with scratch_folder(layout.published) as scratch:
        database = scratch / WAREHOUSE_FILE
        manifest = _copy(lake, dbt, warehouse, database, outcomes, states, silver, graph)
        current = read_current(layout)
        if current and current.release_id == manifest.release_id and damage(layout.current) is None:
            prune(layout, lake.settings.keep_releases)
            return current, True
        return publish_release(layout, database, manifest, lake.settings.keep_releases), False


def made_by(lake: Lake, dbt_digest: str) -> dict[str, str]:
    """Name → version of everything but data that a release's rows depend on."""
    contracts = {f"contract of {feed}": contract.digest for feed, contract in lake.contracts.items()}
    libraries = {name: metadata.version(name) for name in ("duckdb", "polars")}
    return {
        "code revision": git_revision(PROJECT_DIR),
        "dbt project": dbt_digest,
        "gate": GATE_VERSION,
        **contracts,
        **libraries,
    }


def _versions(lake: Lake, states: Mapping[str, ModelState], graph: Graph) -> Versions:
    rows = {graph.keys[state.model]: state.version for state in states.values()}
    rows |= {dg.AssetKey(["silver", feed]): feed_version(silver_counts(lake.layout, feed)) for feed in lake.contracts}
    return Versions(rows, {graph.keys[state.model]: state.code for state in states.values()})


def _copy(
    lake: Lake,
    dbt: DbtResource,
    warehouse: WarehouseResource,
    database: Path,
    outcomes: Sequence[CheckOutcome],
    states: Mapping[str, ModelState],
    silver: dict[str, dict[str, str]],
    graph: Graph,
) -> Manifest:
    """Writes the file of a release and gives its manifest."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
        _copy_tables(connection, warehouse.path, states, set(graph.keys.values()))
        contents = release_contents(connection, database.parent)
        # What a page shows makes the release: the rows and what they mean, how each check went, how the feeds passed the gate,
        # and their sources.
        results = [f"{o.asset.to_user_string()} {o.name} {o.status}" for o in outcomes]
        versions = [f"{feed} {day} {v}" for feed, days in silver.items() for day, v in days.items()]
        sources = {feed: lake.source(feed) for feed in lake.contracts}
        docs = model_docs(dbt.manifest(), graph.marts)
        digest = combined_digest(
            contents, *results, *versions, *map(" ".join, sources.items()), *map(str, docs.items())
        )
        as_of, basis = _as_of(connection)
        release_id = f"{as_of:%Y%m%dT%HZ}-{digest[:DIGEST_LENGTH]}"
        row = _release_row(release_id, as_of, basis, outcomes, silver, event_window(lake))
        write_ops_tables(connection, lake, outcomes, contents, row, docs)
        held = [*contents, *release_contents(connection, database.parent, ops=True)]
        connection.execute("checkpoint")
    dbt_digest = dbt.digest()
    return Manifest(
        release_id=row["release_id"],
        as_of=as_of,
        as_of_basis=basis,
        published_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        git_revision=row["git_revision"],
        verdict=row["verdict"],
        content_sha256=combined_digest(contents),
        tables={c.name: TableEntry(rows=c.rows, sha256=c.sha256) for c in held},
        dbt_digest=dbt_digest,
        silver_versions=silver,
        sources=sources,
        batches={
            feed: sorted({i for counts in silver_counts(lake.layout, feed) for i in counts.batches})
            for feed in lake.contracts
        },
        made_by=made_by(lake, dbt_digest),
        bytes=database.stat().st_size,
    )


def _copy_tables(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    states: Mapping[str, ModelState],
    tables: Collection[dg.AssetKey],
) -> None:
    """The tables of the graph: no view, so that a release needs no other file, and none of a model that is gone."""
    path = str(warehouse).replace("'", "''")
    connection.execute(f"attach '{path}' as working (read_only)")
    versions = dict(connection.execute("select model, version from working.meta.models").fetchall())
    if any(versions.get(name) != state.version for name, state in states.items()):
        raise RefusedError("Nothing was released: the warehouse changed while it was audited. Run the same again.")
    present = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'working' order by all"
    ).fetchall()
    for schema, name in present:
        if dg.AssetKey([schema, name]) not in tables:
            continue
        connection.execute(f'create schema if not exists "{schema}"')
        connection.execute(f'create table "{schema}"."{name}" as from working."{schema}"."{name}"')
    connection.execute("detach working")


def _as_of(connection: duckdb.DuckDBPyConnection) -> tuple[datetime, str]:
    row = connection.execute(f"select as_of, basis from {AS_OF_TABLE}").fetchone()
    if row is None or row[0] is None:
        raise RefusedError(
            "Nothing was released: there is no event in any event feed, and SENTINEL_AS_OF is not set, so nothing says what "
            "is current. Submit rows, or set SENTINEL_AS_OF."
        )
    return row[0], str(row[1])


def event_window(lake: Lake) -> tuple[datetime, datetime] | None:
    """From the hour of the first event of any feed to the hour after the newest: the time that figures per day are about.

    None while there is no event.
    """
    spans = [span for contract in lake.contracts.values() if (span := event_span(lake.layout, contract))]
    if not spans:
        return None
    first, newest = min(first for first, _ in spans), max(newest for _, newest in spans)
    return hour_of(first), hour_of(newest) + timedelta(hours=1)


def _release_row(
    release_id: str,
    as_of: datetime,
    basis: str,
    outcomes: Sequence[CheckOutcome],
    silver: Mapping[str, Mapping[str, str]],
    window: tuple[datetime, datetime] | None,
) -> dict[str, Any]:
    """The one row of ops.release, in the order of its columns."""
    counts = {status: sum(o.status == status for o in outcomes) for status in ("passed", "skipped", "warned", "failed")}
    days = sorted(day for versions in silver.values() for day in versions if day not in (SNAPSHOT_DAY, PLACEHOLDER_DAY))
    behind = datetime.now(UTC).replace(tzinfo=None) - as_of
    return {
        "release_id": release_id,
        "as_of": as_of,
        "as_of_basis": basis,
        "is_historical": basis == "newest_event" and behind.total_seconds() > HISTORICAL_AFTER_SEC,
        "git_revision": git_revision(PROJECT_DIR),
        "window_start": days[0] if days else None,
        "window_end": days[-1] if days else None,
        "window_start_at": window[0] if window else None,
        "window_end_at": window[1] if window else None,
        "checks_passed": counts["passed"],
        "checks_skipped": counts["skipped"],
        "checks_warned": counts["warned"],
        "checks_failed": counts["failed"],
        "verdict": "passed" if counts["warned"] + counts["failed"] == 0 else "passed with warnings",
    }
