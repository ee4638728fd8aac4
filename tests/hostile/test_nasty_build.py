"""A fleet full of nasty text is published, and its marts hold that text unchanged."""

import json

import polars as pl
import pytest

from conftest import Built
from tests.hostile.nasty_fleet import ENDLESS, FREE_TEXT, IDS, MARKED
from tests.hostile.values import NASTY

MARTS = {
    "sites": ("dim_site", "site_id"),
    "towers": ("dim_tower", "tower_id"),
    "deployments": ("fct_deployment_status", "deployment_id"),
    "incidents": ("fct_incidents", "incident_id"),
    "inventory": ("fct_inventory_status", "part_number"),
    "components": ("fct_component_reliability", "component_id"),
}


@pytest.mark.parametrize("feed", MARTS)
def test_a_mart_holds_nasty_text_as_it_was_submitted(nasty_build: Built, feed: str) -> None:
    mart, key = MARTS[feed]
    written = pl.read_parquet(nasty_build.settings.layout.inbox / feed / f"{feed}.parquet").sort(key)
    columns = list(dict.fromkeys([key, *FREE_TEXT.get(feed, ()), *(name for name in IDS if name in written.columns)]))
    published = nasty_build.query(f"select {', '.join(columns)} from marts.{mart} order by {key}")
    assert published == written.select(columns).rows()
    assert set(NASTY) <= {value for row in published for value in row} or feed == "components"
    assert feed == "sites" or all(any(str(value).endswith(MARKED) for value in row) for row in published)


def test_a_page_gets_the_beginning_of_an_endless_value(nasty_build: Built) -> None:
    (sample,) = nasty_build.query("select sample from ops.quarantine_reasons where rule = 'detection_id.length'")[0]
    shown = json.loads(sample)["detection_id"]
    assert ENDLESS.startswith(shown.removesuffix("…"))
    assert len(shown) < 300
    counts = nasty_build.query("select rows_quarantined from ops.feed_summary where feed = 'detections'")
    assert counts == [(1,)]
