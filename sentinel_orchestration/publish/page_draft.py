"""Drafts a feed's page, its query and its exposure: rows per day of an event feed, the rows of a snapshot."""

from typing import Any

from sentinel_orchestration.contracts import Column, Contract
from sentinel_orchestration.contracts.dbt_yaml import OnOneLine, dump

SHOWN_ROWS = 1000  # a query without aggregation is written whole into the page
HEAD = """\
---
title: {title}
hide_title: true
---

# {title}

{{@partial "release.md"}}

<FeedNotes {{feeds}} of="{feed}" />

{description}
"""
EVENT_PAGE = """\

```sql days
select * from sentinel.{query} order by day
```

<BarChart
    data={{days}} x=day y=rows_good title="Rows by day" yFmt=num0 xFmt='d mmm'
    emptySet=pass emptyMessage="No rows yet"
/>
"""
EVENT_QUERY = """\
-- One row per day of {feed}: the rows received, and what became of them
select day, rows_received, rows_good, rows_quarantined, rows_superseded, rows_duplicate
from ops.feed_daily
where feed = '{feed}'
order by day
"""
SNAPSHOT_PAGE = """\

```sql rows_shown
select * from sentinel.{query}
```

<DataTable
    data={{rows_shown}} rows=20 search=true
    emptySet=pass emptyMessage="No rows yet"
>
{columns}
</DataTable>
"""
SNAPSHOT_QUERY = """\
-- The rows of {feed}, the first {rows:,} by key
select
{columns}
from reports.rpt_{feed}
order by {key}
limit {rows}
"""


def page_name(feed: str) -> str:
    """The page's file, which is also its address."""
    return f"{feed.replace('_', '-')}.md"


def query_name(contract: Contract) -> str:
    """The query's file without .sql, which is also the name of its table in the report."""
    return f"{contract.feed}_daily" if contract.event_time else f"{contract.feed}_rows"


def page(contract: Contract) -> str:
    """The page, with all that its readers see; edit it freely."""
    body = EVENT_PAGE if contract.event_time else SNAPSHOT_PAGE
    columns = "\n".join(f"    <Column id={column.name}{_format(column)} />" for column in contract.columns)
    return HEAD.format(title=_title(contract), feed=contract.feed, description=contract.description) + body.format(
        query=query_name(contract), feed=contract.feed, columns=columns
    )


def query(contract: Contract) -> str:
    """The query, on the tables of a release."""
    if contract.event_time:
        return EVENT_QUERY.format(feed=contract.feed)
    columns = ",\n".join(f"    {_shown(column)}" for column in contract.columns)
    key = ", ".join(f"rpt_{contract.feed}.{name}" for name in contract.key)
    return SNAPSHOT_QUERY.format(feed=contract.feed, rows=SHOWN_ROWS, columns=columns, key=key)


def exposure(contract: Contract) -> str:
    """The page as dbt's exposure, for the lineage in the Data Dictionary: what it asks, and the tables that it reads."""
    about: dict[str, Any] = {
        "name": contract.feed,
        "label": _title(contract),
        "description": f"Which {contract.feed.replace('_', ' ')} were received?",
        "type": "dashboard",
        "maturity": "low",
        "url": f"/{page_name(contract.feed).removesuffix('.md')}/",
        "owner": OnOneLine(name=contract.owner),
    }
    tables = {} if contract.event_time else {"depends_on": [f"ref('rpt_{contract.feed}')"]}
    return dump({"exposures": [about | tables]})


def _title(contract: Contract) -> str:
    return contract.feed.replace("_", " ").capitalize()


def _shown(column: Column) -> str:
    """Times are shown as they are, UTC, wherever the reader's browser is."""
    if column.type != "timestamp":
        return column.name
    return f"strftime({column.name}, '%Y-%m-%d %H:%M:%S') as {column.name}"


def _format(column: Column) -> str:
    """Evidence multiplies a column named *_pct by 100 unless it is given a format."""
    return " fmt='0.0'" if column.name.endswith("_pct") else ""
