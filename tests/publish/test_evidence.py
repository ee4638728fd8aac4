"""What Node gets to work on: extensions that are held against their hashes, and none of our variables."""

import json
import shutil
from pathlib import Path

import pytest

from sentinel_orchestration.publish import evidence
from sentinel_orchestration.publish.evidence import EXTENSION_SHA256, ReportError, prepare_project, run_script
from sentinel_orchestration.settings import Settings

CARRIER = Path("wasm/embedding_atlas/static/duckdb-wasm") / evidence.EXTENSION_VERSION


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the fetched extensions, which is looked at in their place."""
    copy = tmp_path / "tools"
    shutil.copytree(evidence.TOOLS_DIR / CARRIER, copy / CARRIER)
    monkeypatch.setattr(evidence, "TOOLS_DIR", copy)
    return copy


def _prepare(tmp_path: Path) -> Path:
    database = tmp_path / "sentinel.duckdb"
    database.touch()
    prepare_project(Settings(home=tmp_path), tmp_path / "scratch", {"sentinel": database})
    return tmp_path / "scratch" / "static" / "duckdb-ext" / evidence.EXTENSION_VERSION


def test_the_fetched_extensions_are_those_the_site_carries(tools: Path, tmp_path: Path) -> None:
    placed = _prepare(tmp_path)
    carried = {path.relative_to(placed).as_posix() for path in placed.rglob("*.wasm")}
    assert carried == {f"{name}.duckdb_extension.wasm" for name in EXTENSION_SHA256}


@pytest.mark.parametrize("name", EXTENSION_SHA256)
def test_a_tampered_extension_stops_the_report(tools: Path, tmp_path: Path, name: str) -> None:
    extension = tools / CARRIER / f"{name}.duckdb_extension.wasm"
    content = bytearray(extension.read_bytes())
    content[len(content) // 2] ^= 1
    extension.write_bytes(content)
    with pytest.raises(ReportError, match=r"is not the file it should be.*make setup") as told:
        _prepare(tmp_path)
    assert str(extension) in str(told.value)


def test_a_missing_extension_stops_the_report(tools: Path, tmp_path: Path) -> None:
    (tools / CARRIER / "wasm_eh" / "json.duckdb_extension.wasm").unlink()
    with pytest.raises(ReportError, match=r"json\.duckdb_extension\.wasm is missing"):
        _prepare(tmp_path)


def test_node_sees_none_of_our_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vite would write VITE_* and PUBLIC_* into the pages; EVIDENCE_BUILD_DIR would lead the build elsewhere."""
    for name in ("AWS_SECRET_ACCESS_KEY", "PUBLIC_TOKEN", "VITE_TOKEN", "EVIDENCE_BUILD_DIR", "SENTINEL_TOKEN"):
        monkeypatch.setenv(name, "hands off")
    scratch = tmp_path / "report"
    scratch.mkdir()
    script = 'node -e "console.log(JSON.stringify(process.env))"'
    (scratch / "package.json").write_text(json.dumps({"name": "probe", "scripts": {"probe": script}}))
    said: list[str] = []
    run_script(scratch, "probe", {"SENTINEL_APP": "the-app"}, said.append)
    seen = json.loads(said[-1])
    assert seen["SENTINEL_APP"] == "the-app"
    assert [name for name, value in seen.items() if value == "hands off"] == []
