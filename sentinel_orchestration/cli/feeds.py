"""`sentinel feeds`: one line per feed, from silver as the last build left it."""

from datetime import UTC, datetime

from rich.table import Table

from sentinel_orchestration.cli.progress import MARKS, wide_in_a_pipe
from sentinel_orchestration.contracts import Contract
from sentinel_orchestration.lake.counts import DayCounts, event_span, silver_counts
from sentinel_orchestration.lake.preview import coming
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import load_settings, newest_full_hour

NOTHING = "–"


def feeds_command() -> int:
    """Exit code 0: what is wrong with a feed is in its line."""
    settings = load_settings()
    lake = Lake(settings, settings.as_of or newest_full_hour())
    console = wide_in_a_pipe()
    table = Table("feed", "source", box=None, header_style="bold", pad_edge=False)
    for heading in ("files", "rows", "first event", "last event", "quarantined"):
        table.add_column(heading, justify="right")
    table.add_column("freshness")
    waiting, clock = [], datetime.now(UTC).replace(tzinfo=None)
    for feed, contract in lake.contracts.items():
        counts, span = silver_counts(lake.layout, feed), event_span(lake.layout, contract)
        ends = [f"{moment:%Y-%m-%d %H:%M}" for moment in span] if span else [NOTHING, NOTHING]
        rows, newest = sum(c.received for c in counts), span[1] if span else None
        about = (feed, lake.source(feed), _files(lake, feed), f"{rows:,}", *ends, _quarantined(contract, counts))
        table.add_row(*about, freshness(contract, newest, clock))
        if _waits(lake, feed, counts):
            waiting.append(feed)
    console.print(table)
    if waiting:
        console.print(
            f"{MARKS['warned']} Submitted and not built yet: {', '.join(waiting)}. Next: [bold]sentinel build[/]",
            highlight=False,
        )
    return 0


def freshness(contract: Contract, newest: datetime | None, clock: datetime) -> str:
    """Fresh, late or stale by the contract's limits, with the age of the newest event; both times are naive UTC."""
    warn, error = contract.freshness_warn_hours, contract.freshness_error_hours
    if warn is None and error is None:
        return NOTHING
    if newest is None:
        return "no data"
    hours = (clock - newest).total_seconds() / 3600
    status = (
        "stale" if error is not None and hours > error else "late" if warn is not None and hours > warn else "fresh"
    )
    return f"{status}, {hours:,.1f} h"


def _files(lake: Lake, feed: str) -> str:
    """The number of files, of a feed that comes in files."""
    files = lake.sources[feed].pieces(feed)
    return NOTHING if files is None else f"{files:,}"


def _waits(lake: Lake, feed: str, counts: list[DayCounts]) -> bool:
    """Whether something was submitted after all that silver was made from."""
    built = {batch for c in counts for batch in c.batches}
    records = [record for found in coming(lake, feed).values() for record in found]
    last = max((record.receipt for record in records if record.batch_id in built), default=0)
    return lake.sources[feed].is_provided and any(r.receipt > last and r.batch_id not in built for r in records)


def _quarantined(contract: Contract, counts: list[DayCounts]) -> str:
    received, quarantined = sum(c.received for c in counts), sum(c.quarantined for c in counts)
    shown = f"{quarantined:,}"
    return f"[red]{shown}[/]" if quarantined > contract.max_quarantine_share * received else shown
