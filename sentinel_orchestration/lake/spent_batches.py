"""Batches of bronze that nothing needs any more: replaced, taken back, refused, or simulated for an hour that is over."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from sentinel_orchestration.lake.counts import silver_counts
from sentinel_orchestration.lake.history import telling_batches
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.surplus import Surplus, size_of


def spent_batches(lake: Lake, released: Mapping[str, Collection[str]], before: datetime) -> list[Surplus]:
    """The batches of each feed that last counted before `before` (naive UTC) and that nothing is made from.

    `released`: feed → ids of the batches that releases were made from. Whoever removes them holds the pool of the lake: a gate
    at work may read the history of a feed.
    """
    found = []
    for feed in lake.contracts:
        spent = _spent(lake, feed, released.get(feed, ()), before)
        if spent:
            what = f"{len(spent):,} {'batch' if len(spent) == 1 else 'batches'} of {feed}"
            size = sum(size_of(path) for files in spent.values() for path in files)
            remove = partial(_remove, lake, feed, released.get(feed, ()), before)
            found.append(
                Surplus(what, f"unused since before {before:%Y-%m-%d}, and in no release that is kept", size, remove)
            )
    return found


def _spent(lake: Lake, feed: str, released: Collection[str], before: datetime) -> dict[str, list[Path]]:
    """Batch id → its files, of every batch that may go; also files that no batch owns.

    A batch that replaces one that stays stays with it: without it, the one that was wrong would count again.
    """
    bronze = lake.bronze(feed)
    records, selected = bronze.every_record(), bronze.selected()
    kept = {*released, *telling_batches(lake, lake.contracts[feed]), *(selected.batch_ids if selected else ())}
    kept |= {batch_id for counts in silver_counts(lake.layout, feed) for batch_id in counts.batches}
    kept |= {record.batch_id for record in records if bronze.last_counted(record.batch_id) >= before}
    while replacing := {record.batch_id for record in records if record.replaces in kept} - kept:
        kept |= replacing
    return {batch_id: files for batch_id, files in bronze.files().items() if batch_id not in kept}


def _remove(lake: Lake, feed: str, released: Collection[str], before: datetime) -> None:
    """Looks again while nobody receives: a batch may have come back since."""
    with lake.bronze(feed).receiving():
        for path in (path for files in _spent(lake, feed, released, before).values() for path in files):
            path.unlink()
            with suppress(OSError):
                path.parent.rmdir()  # of a day of which nothing is left
