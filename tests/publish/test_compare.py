"""Two builds side by side: each way a table can differ has its word, and rows apart are counted."""

import json
from pathlib import Path

import duckdb
import pytest

from sentinel_orchestration.publish.compare import compare_builds
from sentinel_orchestration.publish.content import table_contents


def _build(folder: Path, tables: dict[str, str]) -> Path:
    folder.mkdir()
    with duckdb.connect(str(folder / "sentinel.duckdb")) as connection:
        connection.execute("create schema marts")
        for name, rows in tables.items():
            connection.execute(f"create table marts.{name} as {rows}")
        contents = table_contents(connection, "marts", folder)
    told = {content.name: {"rows": content.rows, "sha256": content.sha256} for content in contents}
    (folder / "manifest.json").write_text(json.dumps({"tables": told}))
    return folder


@pytest.mark.parametrize(
    ("published", "rebuilt", "verdict", "apart"),
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
def test_a_table_is_told_by_what_both_builds_hold(
    tmp_path: Path, published: str | None, rebuilt: str | None, verdict: str, apart: tuple[int | None, int | None]
) -> None:
    folders = [
        _build(tmp_path / name, {"t": rows} if rows else {}) for name, rows in [("it's", published), ("again", rebuilt)]
    ]
    (table,) = compare_builds(*folders)
    assert table.verdict == verdict
    assert (table.only_published, table.only_rebuilt) == apart


def test_a_file_changed_after_it_was_published_shows_though_its_manifest_agrees(tmp_path: Path) -> None:
    published, rebuilt = (_build(tmp_path / name, {"t": "select 1 as a", "u": "select 1 as a"}) for name in "ab")
    with duckdb.connect(str(published / "sentinel.duckdb")) as connection:
        connection.execute("update marts.t set a = 2; drop table marts.u; create table marts.v as select 3 as a")
    assert {table.name: table.verdict for table in compare_builds(published, rebuilt)} == dict.fromkeys(
        "tuv", "changed since it was published"
    )
