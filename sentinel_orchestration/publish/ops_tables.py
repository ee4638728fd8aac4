"""The `ops` schema: what a release says of itself, for the pages that show it.

Its tables are about feeds, checks, contracts and the release. They describe runs, so they are no part of the content hash.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.contracts.mapping import ColumnMap, parse_map
from sentinel_orchestration.lake.columns import RAW, RULES
from sentinel_orchestration.lake.counts import DayCounts, event_span, silver_counts
from sentinel_orchestration.lake.history import read_history
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.publish import model_docs
from sentinel_orchestration.publish.audit import CheckOutcome
from sentinel_orchestration.publish.content import TableContent

SAMPLE_CHARACTERS = 200
TABLES: Mapping[str, str] = {
    "release": "release_id varchar, as_of timestamp, as_of_basis varchar, is_historical boolean, git_revision varchar, "
    "window_start date, window_end date, window_start_at timestamp, window_end_at timestamp, checks_passed integer, "
    "checks_skipped integer, checks_warned integer, checks_failed integer, verdict varchar",
    "check_results": "check_name varchar, asset varchar, layer varchar, domain varchar, kind varchar, severity varchar, "
    "blocking boolean, status varchar, description varchar, detail varchar",
    "feed_summary": "feed varchar, domain varchar, kind varchar, source varchar, batches integer, rows_received bigint, "
    "rows_good bigint, rows_quarantined bigint, rows_superseded bigint, rows_duplicate bigint, "
    "newest_event_at timestamp, first_day date, last_day date",
    "feed_daily": "feed varchar, day date, rows_received bigint, rows_good bigint, rows_quarantined bigint, "
    "rows_superseded bigint, rows_duplicate bigint",
    "quarantine_reasons": "feed varchar, rule varchar, rows bigint, sample varchar",
    "freshness": "feed varchar, newest_event_at timestamp, checked_at timestamp, age_hours double, "
    "warn_after_hours double, error_after_hours double, status varchar",
    "contracts": "feed varchar, domain varchar, kind varchar, version varchar, owner varchar, description varchar, "
    "event_time varchar, key_columns varchar, freshness_warn_hours double, freshness_error_hours double",
    "data_dictionary": "feed varchar, ordinal integer, column_name varchar, data_type varchar, unit varchar, "
    "is_key boolean, is_required boolean, rule varchar, description varchar, mapped_from varchar",
    "column_history": "feed varchar, key varchar, column_name varchar, value varchar, seen_from date",
    "tables": "table_name varchar, rows bigint, content_sha256 varchar",
}


def write_ops_tables(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    outcomes: Sequence[CheckOutcome],
    contents: Sequence[TableContent],
    release_row: Mapping[str, Any],
    docs: Mapping[str, Sequence[tuple[Any, ...]]],
) -> None:
    """Makes every table of the `ops` schema; `docs` are the rows of those that describe the others."""
    counts = {feed: silver_counts(lake.layout, feed) for feed in lake.contracts}
    maps = {feed: _map_of(lake, feed) for feed in lake.contracts}
    rows: dict[str, Sequence[tuple[Any, ...]]] = {
        **docs,
        "release": [tuple(release_row.values())],
        "check_results": [_check_row(o) for o in outcomes],
        "feed_summary": [_feed_row(lake, feed, counts[feed]) for feed in lake.contracts],
        "feed_daily": [
            (feed, c.day, c.received, c.good, c.quarantined, c.superseded, c.duplicates)
            for feed, found in counts.items()
            for c in found
            if c.day
        ],
        "quarantine_reasons": [row for feed in lake.contracts for row in _quarantine_rows(lake, feed, counts[feed])],
        "freshness": [_freshness_row(o) for o in outcomes if o.kind == "freshness"],
        "contracts": [
            (*_contract_row(c), c.freshness_warn_hours, c.freshness_error_hours) for c in lake.contracts.values()
        ],
        "data_dictionary": [
            (
                c.feed,
                ordinal,
                col.name,
                col.type,
                col.unit,
                col.is_key,
                col.is_required,
                col.dictionary_text(),
                col.description,
                maps[c.feed][col.name].in_words() if col.name in maps[c.feed] else None,
            )
            for c in lake.contracts.values()
            for ordinal, col in enumerate(c.columns, start=1)
        ],
        "column_history": [(feed, *row) for feed in lake.contracts for row in read_history(lake, feed).iter_rows()],
        "tables": [(c.name, c.rows, c.sha256) for c in contents],
    }
    connection.execute("drop schema if exists ops cascade; create schema ops")
    for name, columns in {**TABLES, **model_docs.TABLES}.items():
        connection.execute(f"create table ops.{name} ({columns})")
        _insert(connection, name, rows[name])


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """All rows in one statement: one statement per row takes a millisecond each."""
    if rows:
        one = f"({', '.join('?' for _ in rows[0])})"
        values = [value for row in rows for value in row]
        connection.execute(f"insert into ops.{table} values {', '.join([one] * len(rows))}", values)


def _check_row(outcome: CheckOutcome) -> tuple[Any, ...]:
    about = (outcome.kind, outcome.severity, outcome.blocking, outcome.status, outcome.description, outcome.detail)
    return (outcome.name, outcome.asset.to_user_string(), outcome.asset.path[0], outcome.domain, *about)


def _contract_row(contract: Contract) -> tuple[Any, ...]:
    about = (contract.feed, contract.domain, contract.kind, contract.version, contract.owner, contract.description)
    return (*about, contract.event_time, ", ".join(contract.key))


def _feed_row(lake: Lake, feed: str, counts: Sequence[DayCounts]) -> tuple[Any, ...]:
    contract = lake.contracts[feed]
    batches = {record.batch_id for records in lake.active(feed).values() for record in records}
    days = [c.day for c in counts if c.day]
    sums = [
        sum(getattr(c, name) for c in counts)
        for name in ("received", "good", "quarantined", "superseded", "duplicates")
    ]
    span = event_span(lake.layout, contract)
    return (
        *(feed, contract.domain, contract.kind, lake.source(feed), len(batches), *sums, span[1] if span else None),
        *(min(days, default=None), max(days, default=None)),
    )


def _map_of(lake: Lake, feed: str) -> Mapping[str, ColumnMap]:
    """How the feed's columns were made from the files that the release is made from."""
    records = [record for found in lake.active(feed).values() for record in found]
    return parse_map(records[-1].mapping).columns if records else {}


def _quarantine_rows(lake: Lake, feed: str, counts: Iterable[DayCounts]) -> list[tuple[Any, ...]]:
    paths = [path for c in counts if (path := lake.layout.quarantine_file(feed, c.day)).exists()]
    if not paths:
        return []
    rows = pl.scan_parquet(paths, hive_partitioning=False).with_columns(pl.col(RULES).str.split(", ").alias("rule"))
    personal = lake.contracts[feed].personal  # the row as it came, in RAW, has them too
    shown = pl.exclude("rule", RAW, *personal) if personal else pl.exclude("rule")
    first = pl.struct(shown).first().alias("sample")
    reasons = (
        rows.explode("rule")
        .group_by("rule")
        .agg(pl.len().alias("rows"), first)
        .sort("rows", "rule", descending=[True, False])
    )
    return [
        (
            feed,
            rule,
            count,
            json.dumps({k: _short(v) for k, v in sample.items() if v is not None}, default=str, ensure_ascii=False),
        )
        for rule, count, sample in reasons.collect().iter_rows()
    ]


def _short(value: object) -> object:
    """A value for a page: a megabyte of text helps nobody there."""
    return f"{value[:SAMPLE_CHARACTERS]}…" if isinstance(value, str) and len(value) > SAMPLE_CHARACTERS else value


def _freshness_row(outcome: CheckOutcome) -> tuple[Any, ...]:
    found = outcome.metadata
    status = {"passed": "pass", "skipped": "no data", "warned": "warn"}.get(outcome.status, "error")
    newest, checked = found.get("newest_event_at"), found.get("checked_at")
    return (
        outcome.asset.path[-1],
        datetime.fromisoformat(newest) if newest else None,
        datetime.fromisoformat(checked) if checked else None,
        *(found.get(name) for name in ("age_hours", "warn_after_hours", "error_after_hours")),
        status,
    )
