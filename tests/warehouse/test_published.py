"""What is published is used only where it is whole."""

import json
import os
import re
import struct

import duckdb
import pytest

from sentinel_orchestration.warehouse.published import damage, read_manifest

VERSION_AT, BLOCK = 12, 4096


@pytest.fixture
def build(tmp_path):
    """The folder of a build with two blocks of rows."""
    folder = tmp_path / "b1"
    folder.mkdir()
    with duckdb.connect(str(folder / "sentinel.duckdb")) as connection:
        connection.execute("create schema ops; create table ops.build as select 'b1' as build_id")
        connection.execute("create table t as select hash(i) as value from range(100000) as r(i)")
    size = (folder / "sentinel.duckdb").stat().st_size
    (folder / "manifest.json").write_text(json.dumps({"build_id": "b1", "bytes": size}))
    return folder


def _of_storage_version(folder, version):
    """Writes the version into the file's first block, and the block's checksum (DuckDB's own) before it."""
    path = folder / "sentinel.duckdb"
    content = bytearray(path.read_bytes())
    content[VERSION_AT : VERSION_AT + 8] = struct.pack("<Q", version)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", bytes(content[8:BLOCK])):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    content[:8] = struct.pack("<Q", checksum)
    path.write_bytes(content)


def test_a_whole_build_has_no_damage(build):
    assert damage(build) is None
    _of_storage_version(build, 64)  # the oldest that DuckDB 1.5 reads, and the one it writes
    assert damage(build) is None


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda b: _of_storage_version(b, 999), "sentinel.duckdb cannot be read: .*version number 999"),
        (lambda b: _of_storage_version(b, 39), "sentinel.duckdb cannot be read: .*version number 39"),
        (lambda b: (b / "sentinel.duckdb").write_bytes(b""), "sentinel.duckdb cannot be read"),
        (lambda b: (b / "sentinel.duckdb").write_bytes(b"x" * 9999), "sentinel.duckdb cannot be read"),
        (lambda b: os.truncate(b / "sentinel.duckdb", BLOCK), "sentinel.duckdb cannot be read"),
        (lambda b: (b / "sentinel.duckdb").open("ab").write(b"x"), "is not the file of build b1"),
        (lambda b: (b / "manifest.json").write_text('{"build_id": "b2"}'), "is not the file of build b2"),
        (lambda b: (b / "manifest.json").write_text('{"build_id": "b1'), "manifest.json is damaged"),
        (lambda b: (b / "manifest.json").write_text("[]"), "manifest.json is damaged"),
        (lambda b: (b / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda b: (b / "sentinel.duckdb").unlink(), "or the file beside it"),
    ],
)
def test_damage_is_told_with_the_file(build, harm, said):
    harm(build)
    assert re.search(said, damage(build))


def test_a_link_that_leads_nowhere_is_no_build(tmp_path):
    (tmp_path / "current").symlink_to("builds/gone")
    assert read_manifest(tmp_path / "current") is None
    assert "manifest.json is missing" in damage(tmp_path / "current")
