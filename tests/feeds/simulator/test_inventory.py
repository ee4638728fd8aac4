"""Stock shows every status at any size and moment."""

from datetime import datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_orchestration.feeds.simulator import World, simulate_snapshot


@given(
    world=st.builds(World, seed=st.integers(0, 2**40), sites=st.integers(1, 12), towers=st.integers(1, 80)),
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
)
@settings(max_examples=60, deadline=None)
def test_every_stock_status_is_present(world: World, moment: datetime) -> None:
    stock = simulate_snapshot("inventory", world, moment)
    available, reorder = stock["on_hand"] - stock["allocated"], stock["reorder_point"]
    is_long = stock["lead_time_days"] > 28
    critical = (available <= 0) | ((available < reorder) & is_long)
    below = ~critical & (available < reorder)
    watch_end = reorder * pl.select(pl.when(is_long).then(2.0).otherwise(1.5)).to_series()
    watch = ~critical & ~below & (available < watch_end)
    healthy = available >= watch_end
    assert all(state.any() for state in (critical, below, watch, healthy))
    assert is_long.any()
    assert not is_long.all()
