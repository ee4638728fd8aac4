"""Publishes a small release, as the last step of a run does: `publish_small.py VALUE`, under SENTINEL_HOME."""

import sys
from datetime import datetime

import duckdb

from sentinel_orchestration.automation.build import remove_leftovers
from sentinel_orchestration.files import scratch_folder
from sentinel_orchestration.layout import WAREHOUSE_FILE
from sentinel_orchestration.publish.content import combined_digest, release_contents
from sentinel_orchestration.publish.manifest import Manifest, TableEntry
from sentinel_orchestration.publish.releases import publish_release
from sentinel_orchestration.settings import load_settings

settings, value = load_settings(), int(sys.argv[1])
layout = settings.layout
remove_leftovers(layout)
with scratch_folder(layout.published) as scratch:
    database = scratch / WAREHOUSE_FILE
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create schema marts; create table marts.t as select {value} as value from range(50000)")
        contents = release_contents(connection, scratch)
        connection.execute(f"create schema ops; create table ops.release as select 'r{value}' as release_id")
        connection.execute("create table ops.tables (table_name varchar, content_sha256 varchar)")
        connection.executemany("insert into ops.tables values (?, ?)", [(c.name, c.sha256) for c in contents])
        held = [*contents, *release_contents(connection, scratch, ops=True)]
        connection.execute("checkpoint")
    manifest = Manifest(
        release_id=f"r{value}",
        as_of=datetime(2025, 3, 4),
        as_of_basis="setting",
        published_at=datetime(2025, 3, 4, 0, value),
        git_revision="unknown",
        verdict="passed",
        content_sha256=combined_digest(contents),
        tables={c.name: TableEntry(rows=c.rows, sha256=c.sha256) for c in held},
        dbt_digest="",
        silver_versions={},
        batches={},
        made_by={},
        bytes=database.stat().st_size,
    )
    publish_release(layout, database, manifest, settings.keep_releases)
