"""A server, a lake whose feeds are pulled from it, and rows as it would send them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
import yaml

from sentinel_orchestration.feeds.source import BatchRecord, SourceError
from sentinel_orchestration.lake.received import Lake
from tests.feeds.http.server import LocalServer, Reply, serving
from tests.lake.conftest import next_run

Rows = list[dict[str, Any]]


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serving() as running:
        yield running


@pytest.fixture
def pulled(lake: Lake, server: LocalServer) -> Callable[..., Lake]:
    """The lake of a feed that is pulled from the server; further settings of the endpoint as in sources.yaml."""

    def make(feed: str = "telemetry", **settings: Any) -> Lake:
        endpoint = {"url": server.url, "backoff_seconds": 0, **settings}
        lake.layout.sources.write_text(yaml.safe_dump({"feeds": {feed: {"http": endpoint}}}), encoding="utf-8")
        return next_run(lake)

    return make


@pytest.fixture(scope="session")
def telemetry(fleet_rows: dict[str, pl.DataFrame]) -> Rows:
    """Rows in the order of their times: hours of which there are all six towers."""
    frame = fleet_rows["telemetry"].sort("ts", "tower_id").filter(pl.len().over("ts") == 6)
    return json.loads(frame.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_json())


@pytest.fixture(scope="session")
def sites(fleet_rows: dict[str, pl.DataFrame]) -> Rows:
    return json.loads(fleet_rows["sites"].write_json())


@pytest.fixture
def answering(server: LocalServer, sites: Rows) -> LocalServer:
    """The server, with the sites."""
    server.answer = lambda asked: Reply(sites)
    return server


def error_of(lake: Lake, feed: str = "sites") -> str:
    """What receiving fails with, without the feed and the endpoint at its beginning."""
    with pytest.raises(SourceError) as error:
        lake.receive(feed)
    head = f"{feed}: {lake.sources[feed].place(feed)}: "
    assert str(error.value).startswith(head)
    return str(error.value).removeprefix(head)


def kept(lake: Lake, feed: str = "telemetry") -> pl.DataFrame:
    """Every row that counts, as it is in bronze, in the order of receipt."""
    bronze = lake.bronze(feed)
    records: dict[str, BatchRecord] = {r.batch_id: r for found in lake.active(feed).values() for r in found}
    files = [piece for r in records.values() for day in r.rows_by_day for piece in bronze.pieces(day, r)]
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files], how="vertical_relaxed")
