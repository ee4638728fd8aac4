"""Publishes a small build, as the last step of a run does: `publish_small.py VALUE`, under SENTINEL_HOME."""

import sys

import duckdb

from sentinel_orchestration.publish.content import table_contents
from sentinel_orchestration.publish.swap import publish_build
from sentinel_orchestration.settings import load_settings
from sentinel_orchestration.warehouse.build import prune_builds

settings, value = load_settings(), sys.argv[1]
run = settings.build_dir / f"run-{value}"
prune_builds(settings, keep="")
run.mkdir(parents=True, exist_ok=True)
with duckdb.connect(str(run / "sentinel.duckdb")) as connection:
    connection.execute(f"create schema marts; create table marts.t as select {value} as value from range(50000)")
    connection.execute(f"create schema ops; create table ops.build as select 'b{value}' as build_id")
    tables = {c.name: {"rows": c.rows, "sha256": c.sha256} for c in table_contents(connection, "marts", run)}
    connection.execute("create table ops.tables as select 't' as table_name, 50000 as rows")
publish_build(settings, run / "sentinel.duckdb", {"build_id": f"b{value}", "published_at": value, "tables": tables})
