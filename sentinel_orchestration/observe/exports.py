"""The pipeline's health for machines: `freshness.json` and `aggregates.csv`, beside the releases.

docs/freshness.schema.json is the JSON schema of the first. Both are replaced with the page's own figures, whole or not at all.
"""

from datetime import datetime
from typing import Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from sentinel_orchestration.files import replacing, write_text
from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout
from sentinel_orchestration.publish.manifest import read_current

FEEDS = """
select
    feed, newest_event_at, checked_at, age_hours, warn_after_hours, error_after_hours,
    case status when 'passed' then 'fresh' when 'warned' then 'late' else 'stale' end as status
from freshness
qualify row_number() over (partition by feed order by checked_at desc) = 1
order by feed
"""
AGGREGATES = """
copy (
    select d.feed, f.domain, d.day, rows_received, rows_good, rows_quarantined, rows_superseded, rows_duplicate
    from ops.feed_daily d join (select feed, domain from ops.feed_summary) f using (feed)
    order by feed, day
) to '{path}' (format csv, header)
"""


class FeedFreshness(BaseModel):
    """How old a feed's newest event was when it was last checked."""

    model_config = ConfigDict(frozen=True)

    feed: str = Field(description="Name of the feed.")
    newest_event_at: datetime | None = Field(description="Its newest event; naive UTC.")
    checked_at: datetime = Field(description="When it was checked; naive UTC.")
    age_hours: float = Field(description="Hours between the two.")
    warn_after_hours: float | None = Field(description="Its contract's limit for a warning.")
    error_after_hours: float | None = Field(description="Its contract's limit for an error.")
    status: Literal["fresh", "late", "stale"] = Field(
        description="Within both limits, over the first, over the second."
    )


class Freshness(BaseModel):
    """What `freshness.json` holds."""

    model_config = ConfigDict(frozen=True)

    format_version: Literal[1] = Field(default=1, description="Version of this schema.")
    written_at: datetime = Field(description="When the history was read for it; naive UTC.")
    release_id: str | None = Field(description="The release that is published, if there is one.")
    verdict: Literal["Healthy", "Degraded", "Failing"] = Field(description="Whether warnings or errors are open.")
    open_incidents: list[str] = Field(description="Ids of the incidents that are open, as `sentinel ack` takes them.")
    feeds: list[FeedFreshness] = Field(description="The feeds whose contract sets a limit, and that have rows.")


def write_exports(layout: Layout) -> None:
    """Writes both from the health file and, if there is one, the current release."""
    release = read_current(layout)
    with duckdb.connect(str(layout.health), read_only=True) as connection:
        verdict, written_at = connection.execute("select verdict, read_at from verdict").fetchall()[0]
        incidents = connection.execute(
            "select incident_id from incidents where status <> 'resolved' order by 1"
        ).fetchall()
        names = list(FeedFreshness.model_fields)
        feeds = [FeedFreshness(**dict(zip(names, row, strict=True))) for row in connection.execute(FEEDS).fetchall()]
    said = Freshness(
        written_at=written_at,
        release_id=release.release_id if release else None,
        verdict=verdict,
        open_incidents=[incident for (incident,) in incidents],
        feeds=feeds,
    )
    layout.published.mkdir(parents=True, exist_ok=True)
    write_text(layout.freshness_export, said.model_dump_json(indent=1) + "\n")
    if release:
        with (
            replacing(layout.aggregates_export) as temporary,
            duckdb.connect(str(layout.current / WAREHOUSE_FILE), read_only=True) as connection,
        ):
            connection.execute(AGGREGATES.format(path=temporary))
