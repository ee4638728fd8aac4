"""A feed that nobody provides is absent: its silver exists and is empty, and gives way to the first rows."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.contracts.loader import CONTRACTS_DIR
from sentinel_orchestration.lake.conform import contract_schema
from sentinel_orchestration.lake.counts import DayCounts, file_metadata, read_counts, silver_counts
from sentinel_orchestration.lake.received import FeedMissingError, Lake
from sentinel_orchestration.lake.silver import keep_schema
from sentinel_orchestration.layout import PLACEHOLDER_DAY
from sentinel_orchestration.settings import Settings
from tests.contracts.new_feed import FEED, add_contract

Submit = Callable[..., Path]
Refresh = Callable[..., list[DayCounts]]
EMPTY_FILE = {FEED: PLACEHOLDER_DAY, "depots": ""}  # an event feed and a snapshot
GUSTS = pl.DataFrame(
    {
        "gust_id": ["G1", "G2"],
        "site_id": ["SITE-01", "SITE-02"],
        "measured_at": ["2025-03-01T10:00:00Z", "2025-03-02T11:00:00Z"],
        "speed_mps": [11.5, 17.0],
    }
)


@pytest.fixture
def lake(settings: Settings, tmp_path: Path) -> Lake:
    """A lake with two contracts more than the shipped ones, which nothing simulates."""
    folder = tmp_path / "contracts"
    shutil.copytree(CONTRACTS_DIR, folder, ignore=shutil.ignore_patterns("__pycache__"))
    add_contract(folder)
    contracts = load_contracts(folder)
    return with_contracts(
        Lake(settings, settings.as_of), contracts | {"depots": replace(contracts["sites"], feed="depots")}
    )


def with_contracts(lake: Lake, contracts: dict[str, Contract]) -> Lake:
    changed = replace(lake)
    vars(changed)["contracts"] = contracts
    return changed


def allowing(lake: Lake, feed: str) -> Lake:
    allowed = Lake(lake.settings, lake.as_of, allowed_missing=frozenset([feed]))
    return with_contracts(allowed, dict(lake.contracts))


def wider(contract: Contract) -> Contract:
    """The contract with one more column."""
    column = replace(contract.columns[-1], name="one_more")
    return replace(contract, columns=(*contract.columns, column), digest="of another version")


@pytest.mark.parametrize("feed", EMPTY_FILE)
def test_its_silver_exists_and_is_empty(lake: Lake, refresh: Refresh, feed: str) -> None:
    assert lake.source(feed) == "absent"
    assert lake.receive(feed) == []
    assert refresh(lake, "sites", feed) == []
    rows = pl.read_parquet(lake.layout.silver_file(feed, EMPTY_FILE[feed]), hive_partitioning=False)
    assert dict(rows.schema) == contract_schema(lake.contracts[feed])
    assert rows.is_empty()
    assert sum(counts.received for counts in silver_counts(lake.layout, feed)) == 0


@pytest.mark.parametrize("feed", EMPTY_FILE)
def test_gating_nothing_again_leaves_the_file_as_it_is(lake: Lake, refresh: Refresh, feed: str) -> None:
    refresh(lake, "sites", feed)
    path = lake.layout.silver_file(feed, EMPTY_FILE[feed])
    before = path.stat()
    refresh(lake, feed)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("feed", EMPTY_FILE)
def test_a_changed_contract_changes_the_empty_file(lake: Lake, refresh: Refresh, feed: str) -> None:
    refresh(lake, "sites", feed)
    changed = with_contracts(lake, dict(lake.contracts) | {feed: wider(lake.contracts[feed])})
    refresh(changed, feed)
    path = lake.layout.silver_file(feed, EMPTY_FILE[feed])
    assert "one_more" in pl.read_parquet_schema(path)
    assert read_counts(path).version == "no rows, contract of another version"


def test_the_first_rows_of_an_event_feed_replace_the_empty_file_and_the_last_ones_bring_it_back(
    lake: Lake, refresh: Refresh, submit: Submit
) -> None:
    empty = lake.layout.silver_file(FEED, PLACEHOLDER_DAY)
    refresh(lake, "sites", FEED)
    assert empty.exists()
    path = submit(FEED, GUSTS)
    assert [counts.day for counts in refresh(lake, FEED)] == ["2025-03-01", "2025-03-02"]
    assert not empty.parent.exists()
    path.unlink()
    with pytest.raises(FeedMissingError, match=f"{FEED} came from rows.parquet, and none of it is in"):
        refresh(lake, FEED)
    assert len(lake.layout.silver_files(FEED)) == 2
    assert refresh(allowing(lake, FEED), FEED) == []
    assert lake.layout.silver_files(FEED) == {}
    assert empty.exists()


def test_the_rows_of_a_snapshot_come_and_go_in_one_file(
    lake: Lake, refresh: Refresh, submit: Submit, fleet_rows: dict[str, pl.DataFrame]
) -> None:
    file = lake.layout.silver_file("depots")
    refresh(lake, "depots")
    path = submit("depots", fleet_rows["sites"].with_columns(lat=99.0).vstack(fleet_rows["sites"]))
    refresh(lake, "depots")
    assert pl.read_parquet(file).height == fleet_rows["sites"].height
    assert lake.layout.quarantine_files("depots")
    keep_schema(lake.layout, lake.contracts["depots"])
    assert pl.read_parquet(file).height == fleet_rows["sites"].height
    path.unlink()
    refresh(allowing(lake, "all"), "depots")
    assert pl.read_parquet(file).is_empty()
    assert lake.layout.quarantine_files("depots") == {}


def test_a_simulated_snapshot_without_rows_is_not_taken_for_an_absent_one(lake: Lake, refresh: Refresh) -> None:
    refresh(lake, "sites")
    nothing = DayCounts("", "of an empty batch", 0, 0, 0, 0, 0, batches=["b1"])
    path = lake.layout.silver_file("depots")
    path.parent.mkdir(parents=True)
    pl.DataFrame(schema=contract_schema(lake.contracts["depots"])).write_parquet(path, metadata=file_metadata(nothing))
    keep_schema(lake.layout, lake.contracts["depots"])
    assert read_counts(path) == nothing
