"""A published build is used only where its file opens and is the one its manifest tells of."""

import json
import struct
from functools import reduce
from operator import xor

import duckdb
import pytest

from sentinel_orchestration.warehouse.published import DATABASE_NAME, damage, read_manifest

HEADER_BYTES = 4096  # of a DuckDB file: 8 of checksum, 4 of "DUCK", 8 of the storage version, and more


@pytest.fixture
def published(tmp_path):
    with duckdb.connect(str(tmp_path / DATABASE_NAME)) as connection:
        connection.execute("create schema ops; create table ops.build as select 'b1' as build_id")
    (tmp_path / "manifest.json").write_text(json.dumps({"build_id": "b1"}))
    return tmp_path


def test_a_whole_build_has_no_damage(published):
    assert damage(published) is None


@pytest.mark.parametrize("version", [1, 63, 9_999])
def test_a_file_of_a_duckdb_that_is_too_old_or_too_new_is_told(published, version):
    path = published / DATABASE_NAME
    content = bytearray(path.read_bytes())
    assert content[8:12] == b"DUCK"
    assert content[:8] == _checksum(content)
    content[12:20] = version.to_bytes(8, "little")
    content[:8] = _checksum(content)
    path.write_bytes(content)
    told = damage(published)
    assert told is not None
    assert told.startswith(f"{path} cannot be read: ")
    assert f"version number {version}" in told


def _checksum(content: bytearray) -> bytes:
    """DuckDB's own of its header, so that only the version is wrong in it."""
    words = struct.unpack(f"<{(HEADER_BYTES - 8) // 8}Q", content[8:HEADER_BYTES])
    mixed = reduce(xor, (word * 0xBF58476D1CE4E5B9 % 2**64 for word in words), 5381)
    return mixed.to_bytes(8, "little")


def test_a_file_of_another_build_is_told(published):
    (published / "manifest.json").write_text(json.dumps({"build_id": "b2"}))
    assert damage(published) == f"{published / DATABASE_NAME} is not the file of build b2"


@pytest.mark.parametrize(("text", "word"), [(None, "missing"), ('{"build_id": "b', "damaged"), ("[]", "damaged")])
def test_a_torn_manifest_is_told_and_not_read(published, text, word):
    path = published / "manifest.json"
    path.unlink() if text is None else path.write_text(text)
    assert read_manifest(published) is None
    assert f"{path} is {word}" in (damage(published) or "")
