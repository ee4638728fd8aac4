"""`sentinel rejudge`: judges batches again that were received under a wrong clock."""

from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.rejudging import CannotJudgeError, judge_again
from sentinel_orchestration.settings import load_settings, newest_full_hour


def rejudge_command(feed: str, reason: str, batch: str | None) -> int:
    """Exit code 0 when the batches count as received now."""
    console, settings = Console(), load_settings()
    lake = Lake(settings, settings.as_of or newest_full_hour())
    if feed not in lake.contracts:
        raise CannotJudgeError(f"{feed}: no such feed. Use one of {', '.join(sorted(lake.contracts))}.")
    moment = datetime.now(UTC).replace(tzinfo=None)
    for record in judge_again(lake, feed, moment, reason, batch):
        console.print(
            f"{feed}: {escape(record.source_file)}, {record.rows:,} rows, counts as received at {moment:%Y-%m-%d %H:%M} UTC "
            f"(batch {record.batch_id} instead of {record.replaces})",
            highlight=False,
            soft_wrap=True,
        )
    console.print("The reason is kept in the batch's record. Next: [bold]sentinel build[/]")
    return 0
