"""What the tables of the warehouse were built from, as they say themselves (schema `meta`, written by dbt/macros/state)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

IN_USE = ("Could not set lock", "different configuration")  # another process has the file open, or this one has

INPUTS = """
with plan as (
    select model, code from meta.plan
    union all
    select unnest($models), unnest($codes)
),
edges as (
    select model, kind, parent from meta.edges
    union all
    select unnest($readers), 'table', unnest($read)
),
expected_days as (
    select edges.model, found.feed, found.day, found.version
    from edges inner join meta.silver_state as found on edges.kind = 'feed' and edges.parent = found.feed
),
other_feeds as (
    select model, string_agg(distinct feed, ', ' order by feed) as feeds
    from expected_days full join meta.absorbed as held using (model, feed, day)
    where expected_days.version is distinct from held.version
    group by model
),
other_tables as (
    select edges.model, string_agg(edges.parent, ', ' order by edges.parent) as tables
    from edges
    left join meta.models as parents on edges.parent = parents.model
    left join meta.parents as held on edges.model = held.model and edges.parent = held.parent
    where edges.kind = 'table' and (parents.version is null or parents.version is distinct from held.version)
    group by edges.model
),
relations as (
    select table_name as model from information_schema.tables
    where table_schema not in ('meta', 'main') and table_catalog = current_database()
)
select
    plan.model,
    plan.code,
    known.version,
    known.row_count,
    case
        when known.model is null or relations.model is null then 'is not built'
        when known.code != plan.code then 'was built by other code'
        when other_feeds.feeds is not null then 'was built from other rows of ' || other_feeds.feeds
        when other_tables.tables is not null then 'was built from another version of ' || other_tables.tables
    end as stale
from plan
left join meta.models as known on plan.model = known.model
left join relations on plan.model = relations.model
left join other_feeds on plan.model = other_feeds.model
left join other_tables on plan.model = other_tables.model
order by plan.model
"""


@dataclass(frozen=True)
class ModelState:
    """The state of a model: digest of its code now, version of what is built, its rows, and why it is out of date, if it is."""

    model: str
    code: str
    version: str
    rows: int | None
    stale: str | None


@dataclass(frozen=True)
class Mart:
    """A table that Python makes: its name, digest of its code, and the tables it reads."""

    name: str
    code: str
    reads: tuple[str, ...]


def read_states(connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart] = ()) -> dict[str, ModelState]:
    """Every model of dbt and every one of `marts`, by name, against the plan and silver that dbt looked at last.

    Empty for a warehouse that dbt has never built in.
    """
    if not has_state(connection):
        return {}
    pairs = [(mart.name, parent) for mart in marts for parent in mart.reads]
    parameters = {
        "models": [mart.name for mart in marts],
        "codes": [mart.code for mart in marts],
        "readers": [reader for reader, _ in pairs],
        "read": [parent for _, parent in pairs],
    }
    return {row[0]: ModelState(*row) for row in connection.execute(INPUTS, parameters).fetchall()}


def has_state(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether dbt has ever recorded anything here."""
    query = "select count(*) from duckdb_tables() where schema_name = 'meta' and table_name = 'plan'"
    found = connection.execute(query).fetchone()
    return bool(found and found[0])


def silver_versions(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Feed → day → version of silver, as dbt looked at it last."""
    versions: dict[str, dict[str, str]] = {}
    for feed, day, version in connection.execute(
        "select feed, day, version from meta.silver_state order by all"
    ).fetchall():
        versions.setdefault(feed, {})[day] = version
    return versions


def record_mart(connection: duckdb.DuckDBPyConnection, mart: Mart, invocation: str) -> str:
    """Records what a Python mart was built from, in the transaction that wrote its rows, and gives its version.

    The same record that dbt's post-hook makes (macros/state/record_model.sql), without feeds: a Python mart reads tables.
    """
    name = {"name": mart.name}
    for table in ("parents", "models"):
        connection.execute(f"delete from meta.{table} where model = $name", name)
    connection.execute(
        "insert into meta.parents select $name, model, version from meta.models where model in (select unnest($reads))",
        name | {"reads": list(mart.reads)},
    )
    connection.execute(
        f"""
        insert into meta.models
        select
            $name,
            $code,
            sha256(concat_ws(
                '|',
                $code,
                (select string_agg(parent || version, '|' order by parent) from meta.parents where model = $name)
            )),
            $invocation,
            (select count(*) from marts."{mart.name}")
        """,
        name | {"code": mart.code, "invocation": invocation},
    )
    found = connection.execute("select version from meta.models where model = $name", name).fetchone()
    assert found is not None
    return str(found[0])


def damage(path: Path) -> str | None:
    """Why the file cannot be opened as a database; None where it can, is not there, or is merely in use."""
    if not path.exists():
        return None
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as error:
        text = str(error).splitlines()[0].rstrip(".! ")
        return None if any(sign in text for sign in IN_USE) else text
    return None
