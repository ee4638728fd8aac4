"""The days there are, as Dagster sees them: the same keys as its own daily partitions, listed without a cron schedule."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from sentinel_orchestration.lake.run import daily_partitions
from sentinel_orchestration.settings import Settings


@pytest.mark.parametrize("as_of", [None, datetime(2025, 3, 4, 12), datetime(2050, 11, 21)])
def test_the_keys_are_those_that_dagster_would_list(tmp_path, as_of):
    ours = daily_partitions(Settings(home=tmp_path, as_of=as_of))
    dagsters = dg.DailyPartitionsDefinition(ours.start, ours.end, end_offset=ours.end_offset)
    assert ours.get_partition_keys() == dagsters.get_partition_keys()
    for moment in (datetime(2020, 5, 5), datetime(2024, 2, 29, 23, 59, tzinfo=UTC), datetime(2014, 1, 1)):
        assert ours.get_partition_keys(moment) == dagsters.get_partition_keys(moment)
    assert ours.get_serializable_unique_identifier() == dagsters.get_serializable_unique_identifier()
