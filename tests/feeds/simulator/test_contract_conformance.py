"""Every simulated row follows its feed's contract: columns, types, values, keys, references and row rules."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from pkgutil import iter_modules

import polars as pl
import pytest

from sentinel_orchestration.contracts import Column, Contract, load_contracts
from sentinel_orchestration.feeds import simulator
from sentinel_orchestration.feeds.simulator import EVENT_FEEDS, SNAPSHOT_FEEDS, World
from tests.feeds.simulator.feeds import TOWER_FEEDS

DTYPES = {
    "string": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
}

PAST_MOMENTS = {
    "incidents": ["opened_at", "closed_at"],
    "deployments": ["start_ts", "end_ts"],
    "components": ["installed_at", "failed_at"],
}


def broken_values(frame: pl.DataFrame, column: Column) -> int:
    value = pl.col(column.name)
    broken = [pl.lit(False)]
    if column.is_required:
        broken.append(value.is_null())
    if column.allowed:
        broken.append(~value.is_in(column.allowed))
    if column.minimum is not None:
        broken.append((value < column.minimum) | (value.is_nan() if column.type == "number" else False))
    if column.maximum is not None:
        broken.append(value > column.maximum)
    if column.max_length is not None:
        broken.append(value.str.len_chars() > column.max_length)
    if column.pattern is not None:
        broken.append(~value.str.contains(column.pattern))
    return frame.select(pl.any_horizontal(broken).fill_null(False).sum()).item()


def assert_conforms(feeds: dict[str, pl.DataFrame], contracts: dict[str, Contract]) -> None:
    for feed, frame in feeds.items():
        contract = contracts[feed]
        assert frame.schema == {column.name: DTYPES[column.type] for column in contract.columns}, feed
        for column in contract.columns:
            assert broken_values(frame, column) == 0, f"{feed}.{column.name}: {column.rule_text()}"
        assert not frame.select(contract.key).is_duplicated().any(), f"{feed}: key"
        for rule in contract.rules:
            broken = ~pl.sql_expr(rule.expression)
            assert frame.filter(broken.fill_null(False)).is_empty(), f"{feed}: {rule.name}"
        for column_name, reference in contract.references:
            known = feeds[reference.feed][reference.column].implode()
            assert frame.filter(~pl.col(column_name).is_in(known)).is_empty(), f"{feed}.{column_name}"


def test_generators_are_in_the_domain_and_of_the_kind_of_their_feed() -> None:
    contracts, found = load_contracts(), dict[str, tuple[str, str]]()
    for domain in (module.name for module in iter_modules(simulator.__path__) if module.ispkg):
        package = import_module(f"{simulator.__name__}.{domain}")
        found |= dict.fromkeys(package.EVENT_FEEDS, (domain, "event"))
        found |= dict.fromkeys(package.SNAPSHOT_FEEDS, (domain, "snapshot"))
    assert found == {feed: (contracts[feed].domain, contracts[feed].kind) for feed in found}
    assert found.keys() == {*EVENT_FEEDS, *SNAPSHOT_FEEDS}
    assert found.keys() >= set(TOWER_FEEDS)


def test_default_world_conforms(fleet: dict[str, pl.DataFrame]) -> None:
    assert_conforms(fleet, load_contracts())


def test_large_world_conforms(large_fleet: dict[str, pl.DataFrame]) -> None:
    assert_conforms(large_fleet, load_contracts())


@pytest.mark.parametrize(
    ("world", "as_of"),
    [
        (World(1, 1, 1), datetime(2026, 7, 1, 9)),
        (World(2**63 - 1, 1000, 5), datetime(2028, 2, 29, 12)),
        (World(7, 30, 200), datetime(2028, 3, 1)),
        (World(42, 10, 60), datetime(2015, 6, 1, 5)),
        (World(42, 10, 60), datetime(2018, 7, 1)),
        (World(42, 10, 60), datetime(2060, 1, 1, 23)),
        (World(42, 10, 60), datetime(2010, 1, 1)),
    ],
)
def test_other_worlds_and_times_conform(simulate: Callable[..., dict], world: World, as_of: datetime) -> None:
    feeds = simulate(world, as_of, 3)
    assert_conforms(feeds, load_contracts())
    for feed in EVENT_FEEDS:
        event_time = feeds[feed][load_contracts()[feed].event_time]
        assert event_time.is_between(as_of - timedelta(days=4), as_of, closed="left").all()
    for feed, moments in PAST_MOMENTS.items():
        assert all((feeds[feed][moment].drop_nulls() < as_of).all() for moment in moments)
    assert (feeds["inventory"]["last_updated"] <= as_of).all()
