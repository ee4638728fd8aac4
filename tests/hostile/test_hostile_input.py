"""Whatever is submitted comes to the outcome its case declares, and every row is accounted for."""

import os
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.feeds.openable import shown
from sentinel_orchestration.feeds.source import BatchRecord
from sentinel_orchestration.lake.counts import DayCounts
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.lake.silver import gate_feed
from tests.hostile import files, shapes, text, times, values
from tests.hostile.case import Accepted, Case, Quarantined, Refused
from tests.lake.conftest import next_run

CASES: list[Case] = [case for theme in (files, text, shapes, values, times) for case in theme.CASES]


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 75


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile_input(case: Case, lake: Lake) -> None:
    for feed in takewhile(lambda feed: feed != case.feed, ("sites", "towers")):  # what rows may refer to
        lake.receive(feed)
        gate_feed(lake, feed)
    submit(case, lake.layout.inbox / case.feed)
    lake = next_run(lake)

    records = lake.receive(case.feed)
    counts = gate_feed(lake, case.feed)

    good = rows_of(lake.layout.silver / case.feed)
    rejected = rows_of(lake.layout.quarantine / case.feed)
    assert_every_row_is_accounted_for(records, counts, good, rejected)
    refused = {record.source_file: record.refused_because for record in records if record.refused_because}
    rules = dict(rejected["_rules"].value_counts().iter_rows()) if rejected.height else {}
    match case.outcome:
        case Accepted():
            assert refused == {}
            assert rules == ({"key.superseded": case.outcome.superseded} if case.outcome.superseded else {})
            assert sum(c.duplicates for c in counts) == case.outcome.duplicates
            ordered = good.sort([lake.contracts[case.feed].event_time or lake.contracts[case.feed].key[0]])
            for column, expected in case.outcome.values.items():
                assert ordered[column].to_list() == list(expected)
        case Quarantined():
            assert refused == {}
            assert rules == dict(case.outcome.rules)
            assert good.height == case.outcome.good
            assert set(rejected["_source_file"]) <= set(case.files)
            assert rejected["_row"].null_count() == 0
        case Refused():
            ((name, message),) = refused.items()
            assert message.startswith(f"{Path(name).name}: ")
            assert case.outcome.text in message
            assert message.endswith(".")
            assert "\n" not in message
            assert good.height == case.outcome.good
            assert rules == {}


def submit(case: Case, folder: Path) -> None:
    folder.mkdir(parents=True)
    for hour, (name, content) in enumerate(case.files.items(), start=1):
        path = folder / name
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        if path.is_file():
            os.utime(path, (hour * 3600, hour * 3600))


def rows_of(root: Path) -> pl.DataFrame:
    found = [pl.read_parquet(path, hive_partitioning=False) for path in sorted(root.glob("**/part.parquet"))]
    return pl.concat(found) if found else pl.DataFrame()


def assert_every_row_is_accounted_for(
    records: Sequence[BatchRecord], counts: Sequence[DayCounts], good: pl.DataFrame, rejected: pl.DataFrame
) -> None:
    received = {record.batch_id: record.rows for record in records if not record.refused_because}
    assert sum(received.values()) == sum(c.received for c in counts)
    for c in counts:
        assert c.received == c.good + c.quarantined + c.superseded + c.duplicates
    assert good.height == sum(c.good for c in counts)
    assert rejected.height == sum(c.quarantined + c.superseded for c in counts)
    assert all(record.source_file == shown(record.source_file) for record in records)
