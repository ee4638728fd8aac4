"""Two releases side by side: each way a table can differ has its word, and rows apart are counted."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from sentinel_orchestration.layout import WAREHOUSE_FILE
from sentinel_orchestration.publish.compare import compare_releases
from sentinel_orchestration.publish.content import release_contents
from sentinel_orchestration.publish.manifest import MANIFEST_FILE, Manifest, TableEntry

Release = Callable[[str, dict[str, str]], Path]


@pytest.fixture
def release(tmp_path: Path, manifest_of: Callable[..., Manifest]) -> Release:
    """A folder with a release: schema.table → its rows."""

    def make(name: str, tables: dict[str, str]) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        with duckdb.connect(str(folder / WAREHOUSE_FILE)) as connection:
            for table, rows in tables.items():
                connection.execute(f"create schema if not exists {table.partition('.')[0]}")
                connection.execute(f"create table {table} as {rows}")
            contents = [*release_contents(connection, folder), *release_contents(connection, folder, ops=True)]
        held = {content.name: TableEntry(rows=content.rows, sha256=content.sha256) for content in contents}
        (folder / MANIFEST_FILE).write_text(manifest_of(tables=held).model_dump_json())
        return folder

    return make


@pytest.mark.parametrize(
    ("published", "rebuilt", "finding", "apart"),
    [
        ("select 1 as a", "select 1 as a", "same", (None, None)),
        ("from (values (1), (2)) t(a)", "from (values (2), (1)) t(a)", "same", (None, None)),
        ("from (values (1), (2)) t(a)", "from (values (2), (3), (4)) t(a)", "differs", (1, 2)),
        ("from (values (1), (1)) t(a)", "select 1 as a", "differs", (1, 0)),
        ("select 1 as a", "select 1 as a, 2 as b", "differs", (None, None)),
        ("select 1 as a", None, "only published", (None, None)),
        (None, "select 1 as a", "only rebuilt", (None, None)),
    ],
)
@pytest.mark.parametrize("name", ["marts.t", "reports.t"])
def test_a_finding_follows_from_what_both_releases_hold(
    release: Release,
    name: str,
    published: str | None,
    rebuilt: str | None,
    finding: str,
    apart: tuple[int | None, int | None],
) -> None:
    folders = [
        release("it's", {name: published} if published else {}),
        release("b", {name: rebuilt} if rebuilt else {}),
    ]
    (table,) = compare_releases(*folders)
    assert (table.name, table.finding) == (name, finding)
    assert (table.only_published, table.only_rebuilt) == apart


def test_tables_of_one_name_in_two_schemas_are_two_tables(release: Release) -> None:
    published = release("a", {"marts.t": "select 1 as a", "reports.t": "select 1 as a"})
    rebuilt = release("b", {"marts.t": "select 1 as a", "reports.t": "select 2 as a"})
    findings = {table.name: table.finding for table in compare_releases(published, rebuilt)}
    assert findings == {"marts.t": "same", "reports.t": "differs"}


def test_what_a_release_says_of_its_own_making_is_not_compared(release: Release) -> None:
    published = release("a", {"marts.t": "select 1 as a", "ops.release": "select 'r1' as release_id"})
    rebuilt = release("b", {"marts.t": "select 1 as a", "ops.release": "select 'r2' as release_id"})
    assert [table.name for table in compare_releases(published, rebuilt)] == ["marts.t"]


def test_a_file_changed_after_it_was_published_shows_though_its_manifest_agrees(release: Release) -> None:
    tables = {"marts.t": "select 1 as a", "marts.u": "select 1 as a"}
    published, rebuilt = release("a", tables), release("b", tables)
    with duckdb.connect(str(published / WAREHOUSE_FILE)) as connection:
        connection.execute("update marts.t set a = 2; drop table marts.u; create table marts.v as select 3 as a")
    assert {table.name: table.finding for table in compare_releases(published, rebuilt)} == dict.fromkeys(
        ["marts.t", "marts.u", "marts.v"], "changed since it was published"
    )
