"""`sentinel ingest` proposes a map for a file that does not fit, writes it if told to, and takes the file under it."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

from sentinel_orchestration.cli.ingest import ingest_command

Ingest = Callable[..., tuple[int, str]]
Rows = dict[str, pl.DataFrame]


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ingest:
    """The exit code and the output of `sentinel ingest FILE --feed telemetry`, with or without --write-mapping."""
    monkeypatch.setenv("SENTINEL_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def run(rows: pl.DataFrame, feed: str = "telemetry", write: bool = False) -> tuple[int, str]:
        path = tmp_path / "june.csv"
        rows.write_csv(path)
        code = ingest_command([path], feed, write)
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def strangers(fleet_rows: Rows) -> pl.DataFrame:
    return fleet_rows["telemetry"].rename({"tower_id": "asset", "ts": "time"})


def test_a_proposal_is_shown_and_written_only_when_asked(
    ingest: Ingest, strangers: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "mappings" / "telemetry.yaml"
    code, said = ingest(strangers)
    assert code == 1
    assert "Or map it: `sentinel ingest FILE --feed telemetry` proposes how." in said
    assert "A map would help. Write it to" in said
    assert "  tower_id: { physicalName: asset }" in said
    assert not path.exists()

    code, said = ingest(strangers, write=True)
    assert code == 1
    assert "telemetry.yaml. Check it, answer what is commented, then run the same command again." in said
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["columns"] == {
        "tower_id": {"physicalName": "asset"},
        "ts": {"physicalName": "time"},
    }

    code, said = ingest(strangers)
    assert code == 0
    assert "A map would help" not in said
    assert (tmp_path / "inbox" / "telemetry" / "june.csv").exists()


def test_a_map_that_is_there_is_never_overwritten(ingest: Ingest, strangers: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "mappings" / "telemetry.yaml"
    path.parent.mkdir()
    path.write_text("columns: { tower_id: { physicalName: asset } }", encoding="utf-8")
    code, said = ingest(strangers, write=True)
    assert code == 1
    assert "telemetry.yaml is there already and was left as it is; add to it:" in said
    assert "physicalName: time" in said
    assert "asset" not in said.partition("columns:")[2]
    assert path.read_text(encoding="utf-8") == "columns: { tower_id: { physicalName: asset } }"


def test_a_spelling_that_no_row_would_pass_with_is_mapped(ingest: Ingest, fleet_rows: Rows) -> None:
    """The shape is right, so the file is taken; but the gate would quarantine all of it."""
    code, said = ingest(fleet_rows["towers"].with_columns(pl.col("status").str.to_uppercase()), "towers")
    assert code == 0
    assert "A map would help" in said
    assert "ACTIVE: active" in said


def test_a_file_that_fits_is_taken_without_a_word_of_maps(ingest: Ingest, fleet_rows: Rows, tmp_path: Path) -> None:
    code, said = ingest(fleet_rows["telemetry"], write=True)
    assert code == 0
    assert "map" not in said.replace(str(tmp_path), "")
    assert not (tmp_path / "mappings").exists()
