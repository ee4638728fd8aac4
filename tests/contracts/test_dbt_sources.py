"""dbt's sources are what the contracts say: the committed files are the generated ones."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.contracts.dbt_sources import (
    COMMAND,
    STAGING_DIR,
    missing_staging_models,
    render_sources,
    sources_file,
    write_sources,
)
from sentinel_orchestration.contracts.loader import CONTRACTS_DIR
from tests.contracts.new_feed import DOMAIN, FEED, add_contract, add_feed

CONTRACTS = load_contracts()


def parsed(contract: Contract) -> dict[str, Any]:
    """The only table of the sources file of a contract by itself."""
    (text,) = render_sources([contract]).values()
    (source,) = yaml.safe_load(text)["sources"]
    (table,) = source["tables"]
    return table


def limited(warn: float | None, error: float | None) -> Contract:
    return replace(CONTRACTS["telemetry"], freshness_warn_hours=warn, freshness_error_hours=error)


def test_the_committed_sources_are_the_generated_ones() -> None:
    committed = {path: path.read_text(encoding="utf-8") for path in STAGING_DIR.glob("*/*_sources.yml")}
    rendered = {sources_file(STAGING_DIR, domain): text for domain, text in render_sources(CONTRACTS.values()).items()}
    assert committed == rendered, f"run {COMMAND}, and delete the sources of domains that are gone"


def test_each_feed_has_a_staging_model() -> None:
    assert missing_staging_models(CONTRACTS.values()) == []


def test_a_file_says_that_it_is_generated_and_how() -> None:
    for domain, text in render_sources(CONTRACTS.values()).items():
        assert text.startswith(f"# Generated from sentinel_orchestration/contracts/{domain}/ by `{COMMAND}`.\n")
        assert max(map(len, text.splitlines())) <= 122


def test_each_feed_is_in_the_file_of_its_domain_after_the_feeds_it_refers_to() -> None:
    for domain, text in render_sources(CONTRACTS.values()).items():
        (source,) = yaml.safe_load(text)["sources"]
        assert source["name"] == "silver"
        feeds = [feed for feed, contract in CONTRACTS.items() if contract.domain == domain]
        assert [table["name"] for table in source["tables"]] == feeds


def test_an_event_feed_is_read_by_day() -> None:
    table = parsed(CONTRACTS["telemetry"])
    assert table["description"] == f"{CONTRACTS['telemetry'].description} {CONTRACTS['telemetry'].grain}"
    assert table["loaded_at_field"] == "ts"
    assert table["config"]["meta"] == {
        "dagster": {"asset_key": ["silver", "telemetry"]},
        "external_location": "read_parquet('$SENTINEL_SILVER/{name}/day=*/part.parquet', hive_partitioning = true)",
    }
    assert table["columns"][1] == {
        "name": "ts",
        "data_type": "timestamp",
        "description": "Start of the hour that the reading covers, UTC.",
    }


def test_a_snapshot_is_one_file_and_never_stale() -> None:
    table = parsed(CONTRACTS["sites"])
    assert "loaded_at_field" not in table
    assert table["config"] == {"meta": {"dagster": {"asset_key": ["silver", "sites"]}}}
    types = {column["name"]: column["data_type"] for column in table["columns"]}
    assert types["site_id"] == "varchar"
    assert types["lat"] == "double"
    assert types["commissioned_date"] == "date"


@pytest.mark.parametrize(
    ("contract", "freshness"),
    [
        (limited(6, 24), {"warn_after": (6, "hour"), "error_after": (24, "hour")}),
        (limited(6, None), {"warn_after": (6, "hour")}),
        (limited(None, 24), {"error_after": (24, "hour")}),
        (limited(0.5, 1), {"warn_after": (30, "minute"), "error_after": (1, "hour")}),
        (limited(0.001, None), {"warn_after": (1, "minute")}),
    ],
)
def test_freshness_limits(contract: Contract, freshness: dict[str, tuple[int, str]]) -> None:
    expected = {name: {"count": count, "period": period} for name, (count, period) in freshness.items()}
    assert parsed(contract)["config"]["freshness"] == expected


def test_without_limits_there_is_an_event_time_but_no_freshness() -> None:
    table = parsed(limited(None, None))
    assert table["loaded_at_field"] == "ts"
    assert "freshness" not in table["config"]


def test_odd_descriptions_survive() -> None:
    text = "Rim: 2\" wide, 'quoted' # not a comment, – Zürich"
    assert parsed(replace(CONTRACTS["sites"], description=text, grain=""))["description"] == text


def test_only_changed_files_are_written(tmp_path: Path) -> None:
    paths = [sources_file(tmp_path, domain) for domain in render_sources(CONTRACTS.values())]
    assert write_sources(CONTRACTS.values(), tmp_path) == paths
    assert write_sources(CONTRACTS.values(), tmp_path) == []
    paths[0].write_text("sources: []\n", encoding="utf-8")
    assert write_sources(CONTRACTS.values(), tmp_path) == paths[:1]
    assert sorted(tmp_path.rglob("*.*")) == sorted(paths)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What the command needs of the repository, in a folder of its own."""
    package = Path("sentinel_orchestration")
    shutil.copytree(CONTRACTS_DIR, tmp_path / package / "contracts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "files.py", "layout.py"):
        shutil.copy(CONTRACTS_DIR.parent / name, tmp_path / package)
    shutil.copytree(STAGING_DIR, tmp_path / "dbt/models/staging")
    return tmp_path


def command(repository: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *COMMAND.split()[1:]], cwd=repository, capture_output=True, text=True)


def test_the_command_says_what_it_wrote_and_what_is_next(repository: Path) -> None:
    assert command(repository).stdout == "Nothing to write: the sources already match the contracts.\n"
    add_contract(repository / "sentinel_orchestration/contracts")
    done = command(repository)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"Wrote dbt/models/staging/{DOMAIN}/{DOMAIN}_sources.yml",
        f"Next: write the staging model dbt/models/staging/{DOMAIN}/stg_{FEED}.sql and its .yml.",
        "Next: commit the files, then run `sentinel build`.",
    ]


def test_the_command_writes_nothing_from_a_broken_contract(repository: Path) -> None:
    contract = add_contract(repository / "sentinel_orchestration/contracts")
    contract.write_text(f"name: {FEED}\n", encoding="utf-8")
    done = command(repository)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Nothing was written. {DOMAIN}/{FEED}.odcs.yaml: ")
    assert not (repository / "dbt/models/staging" / DOMAIN).exists()


def test_a_new_feed_adds_files_and_changes_none(repository: Path) -> None:
    before = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    add_feed(repository)
    after = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    assert before.items() <= after.items()
    assert {path.name for path in after.keys() - before.keys()} == {
        f"{FEED}.odcs.yaml",
        f"{DOMAIN}_sources.yml",
        f"stg_{FEED}.sql",
        f"stg_{FEED}.yml",
    }
    contract = load_contracts(repository / "sentinel_orchestration/contracts")[FEED]
    assert parsed(contract)["config"]["freshness"] == {"warn_after": {"count": 90, "period": "minute"}}
    assert command(repository).stdout == "Nothing to write: the sources already match the contracts.\n"
