"""The manifest of a release: typed, versioned, and either whole or not there at all."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout
from sentinel_orchestration.publish.manifest import MANIFEST_FILE, Manifest, damage, read_current, read_manifest
from sentinel_orchestration.settings import PROJECT_DIR

SCHEMA = PROJECT_DIR / "docs/manifest.schema.json"
Make = Callable[..., Manifest]


def write(folder: Path, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WAREHOUSE_FILE).touch()
    (folder / MANIFEST_FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def release(folder: Path, manifest: Manifest) -> Path:
    """A folder whose file is the one of the manifest."""
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / WAREHOUSE_FILE)) as connection:
        connection.execute(
            f"create schema ops; create table ops.release as select '{manifest.release_id}' as release_id"
        )
    size = (folder / WAREHOUSE_FILE).stat().st_size
    (folder / MANIFEST_FILE).write_text(manifest.model_copy(update={"bytes": size}).model_dump_json())
    return folder


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path, manifest_of: Make) -> None:
    manifest = manifest_of(previous_release_id="r0")
    folder = write(tmp_path, manifest.model_dump_json(indent=1))
    assert read_manifest(folder) == manifest
    written = json.loads((folder / MANIFEST_FILE).read_text())
    assert written["manifest_version"] == 1
    assert written["as_of"] == "2026-11-21T00:00:00"
    assert written["tables"] == {"marts.t": {"rows": 1, "sha256": "a" * 64}}


def test_fields_of_a_newer_writer_are_ignored(tmp_path: Path, manifest_of: Make) -> None:
    body = json.loads(manifest_of().model_dump_json()) | {"written_on": "the moon"}
    assert read_manifest(write(tmp_path, json.dumps(body))) == manifest_of()


def without(name: str) -> Callable[[dict[str, object]], object]:
    return lambda body: body.pop(name)


@pytest.mark.parametrize(
    "edit",
    [
        without("release_id"),
        without("tables"),
        without("batches"),
        without("bytes"),
        lambda body: body.update(manifest_version=2),
        lambda body: body.update(release_id=""),
        lambda body: body.update(bytes=-1),
        lambda body: body.update(verdict="splendid"),
        lambda body: body.update(tables={"marts.t": "abc"}),
    ],
)
def test_a_manifest_of_another_version_or_shape_counts_as_none(
    tmp_path: Path, manifest_of: Make, edit: Callable[[dict[str, object]], object]
) -> None:
    body = json.loads(manifest_of().model_dump_json())
    edit(body)
    assert read_manifest(write(tmp_path, json.dumps(body))) is None


def test_one_of_before_the_redesign_counts_as_none(tmp_path: Path) -> None:
    body = {"build_id": "b1", "previous_build_id": None, "bytes": 1, "tables": {"dim_site": {"rows": 1, "sha256": "a"}}}
    assert read_manifest(write(tmp_path, json.dumps(body))) is None


@pytest.mark.parametrize("kept", [0, 1, 0.5, -1])
def test_a_torn_manifest_counts_as_none(tmp_path: Path, manifest_of: Make, kept: float) -> None:
    text = manifest_of().model_dump_json(indent=1)
    assert read_manifest(write(tmp_path, text[: int(kept * len(text)) if kept == 0.5 else int(kept)])) is None


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"null", b"[]", b"\x00" * 4096])
def test_bytes_that_are_no_manifest_count_as_none(tmp_path: Path, text: bytes) -> None:
    assert read_manifest(write(tmp_path, text)) is None


def test_a_manifest_without_its_file_counts_as_none(tmp_path: Path, manifest_of: Make) -> None:
    folder = write(tmp_path, manifest_of().model_dump_json())
    (folder / WAREHOUSE_FILE).unlink()
    assert read_manifest(folder) is None
    assert "is damaged, or the file beside it" in str(damage(folder))


def test_nothing_is_current_before_the_first_release(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert read_current(layout) is None
    assert "is missing" in str(damage(layout.current))
    layout.published.mkdir(parents=True)
    layout.current.symlink_to("releases/gone")
    assert read_current(layout) is None


def test_a_release_whose_file_is_the_one_of_its_manifest_is_not_damaged(tmp_path: Path, manifest_of: Make) -> None:
    assert damage(release(tmp_path / "r1", manifest_of())) is None


def test_a_file_of_another_release_is_damage(tmp_path: Path, manifest_of: Make) -> None:
    one, other = release(tmp_path / "r1", manifest_of("r1")), release(tmp_path / "r2", manifest_of("r2"))
    (other / WAREHOUSE_FILE).replace(one / WAREHOUSE_FILE)
    assert damage(one) == f"{one / WAREHOUSE_FILE} is not the file of release r1"


def test_a_file_that_cannot_be_opened_is_damage(tmp_path: Path, manifest_of: Make) -> None:
    folder = release(tmp_path / "r1", manifest_of())
    (folder / WAREHOUSE_FILE).write_bytes(b"x" * 5000)
    assert str(damage(folder)).startswith(f"{folder / WAREHOUSE_FILE} cannot be read: ")


def test_the_documented_schema_is_the_one_of_the_model() -> None:
    expected = json.dumps(Manifest.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
    assert SCHEMA.read_text(encoding="utf-8") == expected, f"write this to {SCHEMA}:\n{expected}"


def test_every_field_is_described_in_the_schema() -> None:
    fields = {**json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"]}
    assert [name for name, about in fields.items() if "description" not in about] == []
