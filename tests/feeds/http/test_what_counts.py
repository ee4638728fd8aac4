"""A pull that fails or is refused leaves the last receipt as it is, and the endpoint may come back."""

from collections.abc import Callable

import dagster as dg
import polars as pl
import pytest

from sentinel_orchestration.lake.assets import lake_assets
from sentinel_orchestration.lake.received import FeedMissingError, Lake
from sentinel_orchestration.resources import SettingsResource
from sentinel_orchestration.resources.run_log import COMMAND_TAG
from tests.feeds.http.conftest import Rows, error_of, kept
from tests.feeds.http.server import LocalServer, Reply

Pulled = Callable[..., Lake]


def test_a_failed_pull(answering: LocalServer, pulled: Pulled, sites: Rows) -> None:
    lake = pulled("sites", retries=0)
    lake.receive("sites")
    answering.troubles = [Reply("down", 500)]
    error_of(lake)
    assert kept(lake, "sites").height == len(sites)
    lake.receive("sites")
    assert kept(lake, "sites").height == len(sites)


def test_a_changed_schema_is_refused_and_kept(answering: LocalServer, pulled: Pulled, sites: Rows) -> None:
    lake = pulled("sites")
    (good,) = lake.receive("sites")
    renamed = [{("name" if key == "site_name" else key): value for key, value in row.items()} for row in sites]
    answering.answer = lambda asked: Reply(renamed)
    first, refused = lake.receive("sites")
    assert first == good
    assert "column site_name is missing; the contract sites needs it. It has instead: name." in str(
        refused.refused_because
    )
    assert pl.read_ndjson(lake.bronze("sites").refused_file(refused.batch_id, ".jsonl")).height == len(sites)
    assert kept(lake, "sites").height == len(sites)
    answering.answer = lambda asked: Reply(sites[:1])
    assert [record.refused_because for record in lake.receive("sites")] == [None, None]


def test_another_url_with_nothing_is_an_error(answering: LocalServer, pulled: Pulled, sites: Rows) -> None:
    pulled("sites").receive("sites")
    answering.answer = lambda asked: Reply(sites if asked.path == "/api/rows" else [])
    moved = answering.url.replace("/api", "/v2")
    lake = pulled("sites", url=moved)
    with pytest.raises(FeedMissingError) as error:
        lake.receive("sites")
    assert str(error.value).startswith(
        f"sites came from {answering.url}, and none of it is in {moved} now. Put it back."
    )
    assert kept(lake, "sites").height == len(sites)


def test_a_source_that_is_not_named_any_more(answering: LocalServer, pulled: Pulled, lake: Lake) -> None:
    pulled("sites").receive("sites")
    lake.layout.sources.unlink()
    with pytest.raises(FeedMissingError, match="Put it back, or name the http as its source again"):
        Lake(lake.settings, lake.as_of).receive("sites")


def test_the_bronze_step_fails_with_that_message(answering: LocalServer, pulled: Pulled) -> None:
    lake = pulled("sites", retries=0)
    answering.answer = lambda asked: Reply("down", 500)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            lake_assets(lake.settings),
            instance=instance,
            raise_on_error=False,
            selection=[dg.AssetKey(["bronze", "sites"])],
            resources={"settings": SettingsResource.of(lake.settings)},
            tags={COMMAND_TAG: "sentinel build"},  # somebody waits: it is not tried again
        )
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert failure.user_failure_data.description == (
        f"sites: {answering.url}: it answers 500 Internal Server Error. Tried once. Run the same again later."
    )


def test_a_map_holds_for_the_pulls_after_it(answering: LocalServer, pulled: Pulled, sites: Rows) -> None:
    """The same content comes again under it; what was accepted keeps its own."""
    renamed = [{("name" if key == "site_name" else key): value for key, value in row.items()} for row in sites]
    answering.answer = lambda asked: Reply(renamed)
    lake = pulled("sites")
    assert lake.receive("sites")[-1].refused_because
    (lake.layout.mappings).mkdir()
    columns = ("{site_name: {physicalName: name}}", "{site_name: {physicalName: name}, region: {constant: all}}")
    for text in columns:
        (lake.layout.mappings / "sites.yaml").write_text(f"columns: {text}\n", encoding="utf-8")
        for _ in range(2):
            found = pulled("sites").receive("sites")
            assert [record.refused_because for record in found] == [None] * len(found)
    assert len({record.mapping for record in found}) == len(found) == len(columns)
    assert found[-1].sha256 == found[0].sha256
