"""The sensor that picks up files: each change once, and nothing that is still being written."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_orchestration.automation.inbox import Seen, inbox_sensor, state_of
from sentinel_orchestration.settings import Settings

Tick = Callable[[], list[dg.RunRequest]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox" / "sites").mkdir(parents=True)
    return Settings(home=tmp_path, as_of=datetime(2026, 11, 21))


@pytest.fixture
def tick(settings: Settings) -> Iterator[Tick]:
    """One look of the sensor, which goes on from the one before."""
    sensor = inbox_sensor(settings)
    cursor: str | None = None
    with dg.DagsterInstance.ephemeral() as instance:

        def look() -> list[dg.RunRequest]:
            nonlocal cursor
            with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
                requests = list(sensor.evaluate_tick(context).run_requests or [])
                cursor = context.cursor
            return requests

        yield look


def test_a_file_is_picked_up_once_at_the_second_look(settings: Settings, tick: Tick) -> None:
    assert tick() == []
    file = settings.layout.inbox / "sites" / "a.csv"
    file.write_text("site_id\nS1\n")
    assert tick() == []
    (request,) = tick()
    assert request.tags["sentinel/as_of"] == "2026-11-21T00:00:00"
    assert tick() == []
    file.write_text("site_id\nS1\nS2\n")
    assert (tick(), len(tick())) == ([], 1)
    file.unlink()
    assert (tick(), len(tick()), tick()) == ([], 1, [])


def test_a_file_that_grows_is_left_until_it_is_whole(settings: Settings, tick: Tick) -> None:
    with (settings.layout.inbox / "sites" / "slow.csv").open("w") as file:
        for row in ("site_id\n", "S1\n", "S2\n", "S3\n"):
            file.write(row)
            file.flush()
            assert tick() == []
    assert len(tick()) == 1


def test_a_map_counts_like_the_files_that_it_is_for(settings: Settings, tick: Tick) -> None:
    (settings.layout.inbox / "sites" / "a.csv").write_text("id\nS1\n")
    assert (tick(), len(tick())) == ([], 1)
    settings.layout.mappings.mkdir()
    (settings.layout.mappings / "sites.yaml").write_text("rename: {id: site_id}\n")
    assert (tick(), len(tick())) == ([], 1)


@pytest.mark.parametrize("name", ["_SUCCESS", ".a.csv.part", "../a.csv"])
def test_what_nobody_reads_is_not_looked_at(settings: Settings, tick: Tick, name: str) -> None:
    before = state_of(settings.layout)
    (settings.layout.inbox / "sites" / name).write_text("x")
    assert state_of(settings.layout) == before
    assert (tick(), tick()) == ([], [])


def test_two_changes_are_two_requests(settings: Settings, tick: Tick) -> None:
    """Also back to what was there before: a run key that came again would be ignored by Dagster."""
    file = settings.layout.inbox / "sites" / "a.csv"
    keys = []
    for text in ("site_id\nS1\n", "site_id\nS2\n", "site_id\nS1\n"):
        file.write_text(text)
        tick()
        keys += [request.run_key for request in tick()]
    assert len(set(keys)) == 3


LOOKS = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["", "1", "2"]), min_size=2), max_size=12)


@given(LOOKS)
def test_what_stays_is_picked_up_and_what_moves_is_not(looks: list[dict[str, str]]) -> None:
    seen, before, picked = Seen(), dict[str, str](), dict[str, str]()
    for found in looks:
        feeds = seen.look(dict(found))
        for feed in found:
            is_due = found[feed] != picked.get(feed, "") and before.get(feed) == found[feed]
            assert (feed in feeds) == is_due
        picked |= {feed: found[feed] for feed in feeds}
        before = found
    final = looks[-1] if looks else {}
    seen.look(dict(final))
    assert {feed: seen.taken.get(feed, "") for feed in final} == final
