"""Stock has parts in every status, at any size and moment, and is of the parts that are installed."""

from datetime import datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_orchestration.feeds.simulator import World, simulate_snapshot
from sentinel_orchestration.feeds.simulator.fleet import truth


@given(
    world=st.builds(World, seed=st.integers(0, 2**40), sites=st.integers(1, 12), towers=st.integers(1, 80)),
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
)
@settings(max_examples=60, deadline=None)
def test_every_stock_status_is_present(world: World, moment: datetime) -> None:
    stock = simulate_snapshot("inventory", world, moment)
    available, reorder = stock["on_hand"] - stock["allocated"], stock["reorder_point"]
    is_long = stock["lead_time_days"] > truth.LONG_LEAD_DAYS
    critical = (available <= 0) | ((available < reorder) & is_long)
    below = ~critical & (available < reorder)
    factor = pl.when(is_long).then(truth.WATCH_FACTOR_LONG_LEAD).otherwise(truth.WATCH_FACTOR)
    watch_end = reorder * pl.select(factor).to_series()
    watch = ~critical & ~below & (available < watch_end)
    healthy = available >= watch_end
    assert all(state.any() for state in (critical, below, watch, healthy))
    assert is_long.any()
    assert not is_long.all()


def test_components_and_inventory_share_their_part_numbers(fleet: dict[str, pl.DataFrame]) -> None:
    installed = set(fleet["components"]["part_number"])
    assert set(fleet["inventory"]["part_number"]) == installed
    by_part = fleet["components"].select("part_number", "component_type").unique()
    shelf = fleet["inventory"].join(by_part, on="part_number")
    assert shelf.height == fleet["inventory"].height
    assert (shelf["category"] == shelf["component_type"]).all()
