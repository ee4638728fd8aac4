"""Publishing is one rename: readers see the old build or the new one, and the old one can come back."""

import threading
from pathlib import Path

import duckdb
import pytest

from sentinel_orchestration.publish.swap import NothingToRollBackError, point, publish_build, roll_back
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.published import read_published


def _database(path: Path, value: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create or replace table t as select {value} as value from range(1000)")
        connection.execute(f"create schema ops; create table ops.build as select 'b{value}' as build_id")
    return path


def _publish(settings: Settings, value: int) -> None:
    publish_build(settings, _database(settings.build_dir / "run" / "sentinel.duckdb", value), {"build_id": f"b{value}"})


def _value(settings: Settings) -> int:
    with duckdb.connect(str(settings.current_dir / "sentinel.duckdb"), read_only=True) as connection:
        return connection.execute("select min(value) from sentinel.main.t having min(value) = max(value)").fetchall()[
            0
        ][0]


def test_the_build_before_is_kept_and_older_ones_are_not(tmp_path):
    settings = Settings(home=tmp_path)
    for value in (1, 2, 3):
        _publish(settings, value)
    assert _value(settings) == 3
    assert sorted(path.name for path in (settings.published_dir / "builds").iterdir()) == ["b2", "b3"]
    assert read_published(settings)["previous_build_id"] == "b2"


def test_rollback_puts_the_previous_build_and_its_report_back(tmp_path):
    settings = Settings(home=tmp_path)
    for value in (1, 2):
        _publish(settings, value)
        site = settings.current_dir.resolve() / "site"
        site.mkdir()
        (site / "index.html").write_text(f"b{value}")
        point(settings.site_dir, site)
    assert roll_back(settings) == ("b1", "b2")
    assert _value(settings) == 1
    assert (settings.site_dir / "index.html").read_text() == "b1"


def test_rollback_without_an_earlier_build_is_an_error_and_changes_nothing(tmp_path):
    settings = Settings(home=tmp_path)
    with pytest.raises(NothingToRollBackError, match="no earlier build"):
        roll_back(settings)
    _publish(settings, 1)
    with pytest.raises(NothingToRollBackError):
        roll_back(settings)
    assert _value(settings) == 1


def test_readers_never_see_a_part(tmp_path):
    settings = Settings(home=tmp_path)
    _publish(settings, 0)
    seen: list[int] = []
    torn: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.append(_value(settings))
            except Exception as error:
                torn.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for value in range(1, 15):
        _publish(settings, value)
    done.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert len(set(seen)) > 2


def _harm(settings: Settings, build: str) -> None:
    (settings.published_dir / "builds" / build / "sentinel.duckdb").write_bytes(b"x" * 5000)


def test_rollback_gets_away_from_a_damaged_build_and_never_back_to_one(tmp_path):
    settings = Settings(home=tmp_path)
    for value in (1, 2):
        _publish(settings, value)
    _harm(settings, "b2")
    assert roll_back(settings) == ("b1", "b2")
    _publish(settings, 3)
    _harm(settings, "b1")
    with pytest.raises(NothingToRollBackError, match=r"b1/sentinel\.duckdb cannot be read.*Run `sentinel build`"):
        roll_back(settings)
    assert _value(settings) == 3


def test_a_damaged_build_is_replaced_by_one_of_the_same_id_and_keeps_its_report_and_the_one_before(tmp_path):
    settings = Settings(home=tmp_path)
    for value in (1, 2):
        _publish(settings, value)
    (settings.current_dir / "site").mkdir()
    _harm(settings, "b2")
    _publish(settings, 2)
    assert _value(settings) == 2
    assert (settings.current_dir / "site").is_dir()
    assert read_published(settings)["previous_build_id"] == "b1"
