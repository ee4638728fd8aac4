"""The last two nodes of the graph: the published warehouse and the report built from it.

Belongs here: the order of audit, write and swap. Does not belong here: each of them (audit, ops_tables, swap, site).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb

from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.run import run_lake
from sentinel_orchestration.publish.audit import CheckOutcome, read_outcomes, refusal
from sentinel_orchestration.publish.content import combined_digest, table_contents
from sentinel_orchestration.publish.ops_tables import write_ops_tables
from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.publish.swap import prune, publish_build
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from sentinel_orchestration.warehouse.build import Build, git_revision, made_by, read_build
from sentinel_orchestration.warehouse.published import read_published

WAREHOUSE_KEY = dg.AssetKey(["published", "warehouse"])
REPORT_KEY = dg.AssetKey(["published", "report"])


def publish_assets(
    settings: Settings, models: Sequence[dg.AssetKey], check_specs: Callable[[], Sequence[dg.AssetCheckSpec]]
) -> list[dg.AssetsDefinition]:
    """The published warehouse, which waits for `models` and their checks, and the report."""

    @dg.asset(
        key=WAREHOUSE_KEY,
        deps=models,
        group_name="published",
        owners=["team:data-platform"],
        kinds={"duckdb"},
        tags={"layer": "published"},
        description="The audited DuckDB file that every reader opens, swapped in whole; the build before it is kept.",
    )
    def warehouse(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        lake, build = run_lake(context, settings), read_build(settings, context.run_id)
        outcomes = read_outcomes(context.instance, context.run_id, check_specs())
        refused = refusal(outcomes)
        if refused:
            raise dg.Failure(refused, allow_retries=False)
        _refuse_if_overtaken(settings, build)
        manifest = _write(lake, build, outcomes)
        published = read_published(settings)
        is_same = published is not None and published["build_id"] == manifest["build_id"]
        unchanged = is_same and build.base_damage is None
        if unchanged:
            prune(settings)
        else:
            publish_build(settings, build.database, manifest)
        context.log.info(f"build {manifest['build_id']} {'is published already' if unchanged else 'published'}")
        return dg.MaterializeResult(
            metadata={
                "build_id": manifest["build_id"],
                "as_of": manifest["as_of"],
                "verdict": manifest["verdict"],
                "unchanged": unchanged,
                "tables": dg.MetadataValue.md(_tables(manifest)),
                "path": dg.MetadataValue.path(str(settings.current_dir)),
            },
            data_version=dg.DataVersion(str(manifest["build_id"])),
        )

    @dg.asset(
        key=REPORT_KEY,
        deps=[WAREHOUSE_KEY],
        group_name="published",
        owners=["team:data-platform"],
        kinds={"evidence", "javascript"},
        tags={"layer": "published"},
        description="The static report, a page for each persona, built from the published warehouse.",
    )
    def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        made = build_site(settings, context.log.info)
        return dg.MaterializeResult(
            metadata={
                "build_id": made.build_id,
                "files": made.files,
                "bytes": made.size_bytes,
                "unchanged": made.unchanged,
                "path": dg.MetadataValue.path(str(settings.site_dir)),
            },
            data_version=dg.DataVersion(made.build_id),
        )

    return [warehouse, report]


def _refuse_if_overtaken(settings: Settings, build: Build) -> None:
    published = read_published(settings)
    current = published["build_id"] if published else None
    if build.base_build_id is not None and current != build.base_build_id:
        raise dg.Failure(
            f"Another run published {current} while this one built on {build.base_build_id}. Nothing was published, "
            "nothing is lost: run it again.",
            allow_retries=False,
        )


def _write(lake: Lake, build: Build, outcomes: Sequence[CheckOutcome]) -> dict[str, Any]:
    """Finishes the run's file (ops tables in, views out) and gives the manifest of what it holds."""
    with duckdb.connect(str(build.database)) as connection:
        contents = table_contents(connection, "marts", build.folder)
        # What a page shows makes the build: the rows, how each check went, and how the feeds passed the gate.
        verdicts = [f"{o.asset.to_user_string()} {o.name} {o.status}" for o in outcomes]
        versions = [f"{feed} {day} {v}" for feed, days in build.silver_versions.items() for day, v in days.items()]
        digest = combined_digest(contents, *verdicts, *versions)
        build_id = f"{build.as_of:%Y%m%dT%HZ}-{digest[:10]}"
        row = _build_row(lake, build, build_id, outcomes)
        write_ops_tables(connection, lake, outcomes, contents, row)
        connection.execute("drop schema if exists staging cascade")
        for (view,) in connection.execute("select view_name from duckdb_views() where not internal").fetchall():
            connection.execute(f'drop view if exists "{view}"')
        connection.execute("checkpoint")
    return {
        "build_id": build_id,
        "as_of": build.as_of.isoformat(),
        "as_of_basis": build.as_of_basis,
        "run_id": build.run_id,
        "git_revision": row["git_revision"],
        "verdict": row["verdict"],
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "content_sha256": combined_digest(contents),
        "tables": {c.name: {"rows": c.rows, "sha256": c.sha256} for c in contents},
        "dbt_digest": build.dbt_digest,
        "silver_versions": build.silver_versions,
        "batches": build.batches,
        "made_by": made_by(lake, build.dbt_digest),
    }


def _build_row(lake: Lake, build: Build, build_id: str, outcomes: Sequence[CheckOutcome]) -> dict[str, Any]:
    """The one row of ops.build, in the order of its columns."""
    counts = {status: sum(o.status == status for o in outcomes) for status in ("passed", "warned", "failed")}
    days = sorted(day for versions in build.silver_versions.values() for day in versions if day)
    return {
        "build_id": build_id,
        "as_of": build.as_of,
        "as_of_basis": build.as_of_basis,
        "is_historical": build.as_of_basis == "newest_event",
        "git_revision": git_revision(PROJECT_DIR),
        "window_start": days[0] if days else None,
        "window_end": days[-1] if days else None,
        "checks_passed": counts["passed"],
        "checks_warned": counts["warned"],
        "checks_failed": counts["failed"],
        "verdict": "passed" if counts["warned"] + counts["failed"] == 0 else "passed with warnings",
    }


def _tables(manifest: dict[str, Any]) -> str:
    lines = [f"| {name} | {table['rows']:,} | `{table['sha256'][:12]}` |" for name, table in manifest["tables"].items()]
    return "\n".join(["| table | rows | sha256 |", "|---|---|---|", *lines])
