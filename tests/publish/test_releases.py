"""Releasing is one rename: readers see the old release or the new one, and the old one can come back."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout
from sentinel_orchestration.publish.content import release_contents
from sentinel_orchestration.publish.manifest import MANIFEST_FILE, Manifest, TableEntry, read_current
from sentinel_orchestration.publish.releases import (
    CurrentUnknownError,
    NothingToRollBackError,
    kept_releases,
    needed_batches,
    point,
    prune,
    publish_release,
    roll_back,
    surplus_releases,
)

Publish = Callable[..., Manifest]
KEEP = 2


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


@pytest.fixture
def publish(layout: Layout, manifest_of: Callable[..., Manifest]) -> Publish:
    """Publishes a release whose id and rows tell which one it is."""

    def publish(value: int, keep: int = KEEP) -> Manifest:
        scratch = layout.published / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        database = scratch / WAREHOUSE_FILE
        database.unlink(missing_ok=True)
        with duckdb.connect(str(database)) as connection:
            connection.execute(f"create schema marts; create table marts.t as select {value} as value from range(1000)")
            connection.execute(f"create schema ops; create table ops.release as select 'r{value}' as release_id")
            contents = release_contents(connection, scratch)
        tables = {content.name: TableEntry(rows=content.rows, sha256=content.sha256) for content in contents}
        moment = datetime(2026, 11, 21, value)
        manifest = manifest_of(f"r{value}", published_at=moment, bytes=database.stat().st_size, tables=tables)
        return publish_release(layout, database, manifest, keep)

    return publish


def value_of(layout: Layout) -> int:
    with duckdb.connect(str(layout.current / WAREHOUSE_FILE), read_only=True) as connection:
        rows = connection.execute("select min(value) from marts.t having min(value) = max(value)").fetchall()
    return rows[0][0]


def build_report(layout: Layout, text: str) -> None:
    site = layout.current.resolve() / "site"
    site.mkdir()
    (site / "index.html").write_text(text)
    point(layout.site, site)


def held(layout: Layout) -> list[str]:
    return sorted(folder.name for folder in layout.releases.iterdir())


def harm(layout: Layout, release: str) -> None:
    (layout.releases / release / WAREHOUSE_FILE).write_bytes(b"x" * 5000)


def test_the_release_before_is_kept_and_older_ones_are_not(layout: Layout, publish: Publish) -> None:
    assert [publish(value).previous_release_id for value in (1, 2, 3)] == [None, "r1", "r2"]
    assert value_of(layout) == 3
    assert held(layout) == ["r2", "r3"]
    current = read_current(layout)
    assert current is not None
    assert (current.release_id, current.previous_release_id) == ("r3", "r2")


def test_the_release_whose_report_is_shown_is_kept(layout: Layout, publish: Publish) -> None:
    publish(1)
    build_report(layout, "r1")
    publish(2)
    publish(3)
    assert held(layout) == ["r1", "r2", "r3"]
    build_report(layout, "r3")
    prune(layout, KEEP)
    assert held(layout) == ["r2", "r3"]


def test_as_many_are_kept_as_the_setting_says_and_a_rollback_leads_to_each(layout: Layout, publish: Publish) -> None:
    for value in range(1, 7):
        publish(value, keep=4)
    assert held(layout) == ["r3", "r4", "r5", "r6"]
    for value in (5, 4, 3):
        roll_back(layout)
        prune(layout, 4)
        assert value_of(layout) == value
    with pytest.raises(NothingToRollBackError):
        roll_back(layout)
    assert held(layout) == ["r3", "r4", "r5", "r6"]  # there is room for those that were replaced


def test_what_rollbacks_lead_to_stays_before_what_they_replaced(layout: Layout, publish: Publish) -> None:
    for value in (1, 2, 3):
        publish(value, keep=3)
    roll_back(layout)
    publish(4, keep=3)
    assert held(layout) == ["r1", "r2", "r4"]
    assert [roll_back(layout)[0] for _ in range(2)] == ["r2", "r1"]


def test_a_release_that_was_published_again_leads_back_once(layout: Layout, publish: Publish) -> None:
    for value in (1, 2, 1):
        publish(value, keep=3)
    assert kept_releases(layout, 2).keys() == {"r1", "r2"}


def test_a_reader_keeps_the_release_that_it_opened(layout: Layout, publish: Publish) -> None:
    publish(1)
    with duckdb.connect(str(layout.current / WAREHOUSE_FILE), read_only=True) as reader:
        for value in (2, 3, 4):
            publish(value)
        assert held(layout) == ["r3", "r4"]
        assert reader.execute("select distinct value from marts.t").fetchall() == [(1,)]


def test_where_the_current_release_cannot_be_read_nothing_is_removed(layout: Layout, publish: Publish) -> None:
    for value in (1, 2, 3):
        publish(value, keep=3)
    (layout.current / MANIFEST_FILE).write_text("{")
    for ask in (surplus_releases, needed_batches):
        with pytest.raises(CurrentUnknownError, match="Run `sentinel build`, or `sentinel rollback`"):
            ask(layout, 2)
    roll_back(layout)
    prune(layout, 2)
    assert held(layout) == ["r1", "r2"]


def test_before_the_first_release_nothing_is_needed(layout: Layout) -> None:
    assert (surplus_releases(layout, 2), needed_batches(layout, 2)) == ([], {})


def test_what_a_killed_process_left_of_a_release_is_no_release_and_goes(layout: Layout, publish: Publish) -> None:
    for value in (1, 2, 3):
        publish(value, keep=3)
    harm(layout, "r3")
    left = layout.releases / ".r2.1.partial"
    (layout.releases / "r2").rename(left)
    assert roll_back(layout)[0] == "r1"
    assert [surplus.what for surplus in surplus_releases(layout, 3)] == ["release r2.1.partial"]
    prune(layout, 3)
    assert held(layout) == ["r1", "r3"]


def test_the_surplus_says_what_why_and_how_much(layout: Layout, publish: Publish) -> None:
    for value in (1, 2, 3):
        publish(value, keep=3)
    build_report(layout, "r3")
    (surplus,) = surplus_releases(layout, 2)
    size = sum(path.stat().st_size for path in (layout.releases / "r1").iterdir())
    assert (surplus.what, surplus.size_bytes) == ("release r1", size)
    assert surplus.why == "beyond the 2 that are kept"


def test_batches_of_kept_releases_and_of_the_one_that_is_compared_are_needed(
    layout: Layout, publish: Publish, manifest_of: Callable[..., Manifest]
) -> None:
    publish(1)
    layout.verify_release.mkdir(parents=True)
    (layout.verify_release / WAREHOUSE_FILE).touch()
    compared = manifest_of("r0", batches={"telemetry": ["b0"], "towers": ["t0"]})
    (layout.verify_release / MANIFEST_FILE).write_text(compared.model_dump_json())
    assert needed_batches(layout, KEEP) == {"telemetry": {"b0", "b1", "b2"}, "towers": {"t0"}, "sites": set()}


def test_rollback_puts_the_previous_release_and_its_report_back(layout: Layout, publish: Publish) -> None:
    for value in (1, 2):
        publish(value)
        build_report(layout, f"r{value}")
    assert roll_back(layout) == ("r1", "r2")
    assert value_of(layout) == 1
    assert (layout.site / "index.html").read_text() == "r1"


def test_rollback_shows_no_report_rather_than_one_of_other_data(layout: Layout, publish: Publish) -> None:
    publish(1)
    publish(2)
    build_report(layout, "r2")
    roll_back(layout)
    assert not layout.site.is_symlink()


def test_rollback_without_an_earlier_release_is_an_error_and_changes_nothing(layout: Layout, publish: Publish) -> None:
    with pytest.raises(NothingToRollBackError, match="no earlier release"):
        roll_back(layout)
    publish(1)
    with pytest.raises(NothingToRollBackError):
        roll_back(layout)
    assert value_of(layout) == 1


def test_readers_never_see_a_part(layout: Layout, publish: Publish) -> None:
    publish(0)
    seen: list[int] = []
    torn: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.append(value_of(layout))
            except Exception as error:
                torn.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for value in range(1, 15):
        publish(value)
    done.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert len(set(seen)) > 2


def test_rollback_gets_away_from_a_damaged_release_and_never_back_to_one(layout: Layout, publish: Publish) -> None:
    publish(1)
    publish(2)
    harm(layout, "r2")
    assert roll_back(layout) == ("r1", "r2")
    publish(3)
    harm(layout, "r1")
    with pytest.raises(NothingToRollBackError, match=r"r1/sentinel\.duckdb cannot be read.*Run `sentinel build`"):
        roll_back(layout)
    assert value_of(layout) == 3


def test_a_damaged_release_is_replaced_by_one_of_the_same_id_and_keeps_its_report_and_the_one_before(
    layout: Layout, publish: Publish
) -> None:
    publish(1)
    publish(2)
    (layout.current / "site").mkdir()
    harm(layout, "r2")
    assert publish(2).previous_release_id == "r1"
    assert value_of(layout) == 2
    assert (layout.current / "site").is_dir()


def test_an_earlier_release_that_comes_again_keeps_its_file(layout: Layout, publish: Publish) -> None:
    first = publish(1)
    inode = (layout.releases / "r1" / WAREHOUSE_FILE).stat().st_ino
    publish(2)
    again = publish(1)
    assert (layout.releases / "r1" / WAREHOUSE_FILE).stat().st_ino == inode
    assert (layout.current.resolve().name, again.previous_release_id) == ("r1", "r2")
    assert again == first.model_copy(update={"previous_release_id": "r2"})
