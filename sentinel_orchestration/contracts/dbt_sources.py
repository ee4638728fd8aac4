"""Generates dbt's sources from the contracts: one <domain>_sources.yml per domain, beside its staging models.

Run `python -m sentinel_orchestration.contracts.dbt_sources` after a change to a contract.
"""

import math
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sentinel_orchestration.contracts.dbt_yaml import OnOneLine, dump
from sentinel_orchestration.contracts.loader import CONTRACTS_DIR, load_contracts
from sentinel_orchestration.contracts.model import Column, Contract, LogicalType
from sentinel_orchestration.contracts.odcs import ContractError
from sentinel_orchestration.files import write_text
from sentinel_orchestration.layout import DAY_FOLDERS, PART

STAGING_DIR = CONTRACTS_DIR.parents[1] / "dbt/models/staging"
COMMAND = "python -m sentinel_orchestration.contracts.dbt_sources"
HEADER = f"""\
# Generated from sentinel_orchestration/contracts/{{domain}}/ by `{COMMAND}`.
# Do not edit: change the contract and run that command again.
# macros/silver.sql replaces $SENTINEL_SILVER when SQL is rendered, so that a parsed manifest has no path in it.
"""
SNAPSHOT_FILE = f"read_parquet('$SENTINEL_SILVER/{{name}}/{PART}')"
EVENT_FILES = f"read_parquet('$SENTINEL_SILVER/{{name}}/{DAY_FOLDERS}/{PART}', hive_partitioning = true)"
DATA_TYPES: Mapping[LogicalType, str] = {
    "string": "varchar",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def sources_file(staging_dir: Path, domain: str) -> Path:
    """The sources file of a domain."""
    return staging_dir / domain / f"{domain}_sources.yml"


def render_sources(contracts: Iterable[Contract]) -> dict[str, str]:
    """The text of the sources file of each domain."""
    by_domain: dict[str, list[Contract]] = {}
    for contract in contracts:
        by_domain.setdefault(contract.domain, []).append(contract)
    return {domain: _sources(domain, feeds) for domain, feeds in by_domain.items()}


def write_sources(contracts: Iterable[Contract], staging_dir: Path = STAGING_DIR) -> list[Path]:
    """Writes the sources files that differ from the contracts and returns them; each is written whole or not at all."""
    changed = changed_sources(contracts, staging_dir)
    for path, text in changed.items():
        write_text(path, text)
    return list(changed)


def changed_sources(contracts: Iterable[Contract], staging_dir: Path = STAGING_DIR) -> dict[Path, str]:
    """Path → text of the sources files that differ from the contracts."""
    rendered = {sources_file(staging_dir, domain): text for domain, text in render_sources(contracts).items()}
    return {
        path: text for path, text in rendered.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def missing_staging_models(contracts: Iterable[Contract], staging_dir: Path = STAGING_DIR) -> list[Path]:
    """The staging models that are still to be written: stg_<feed>.sql in the folder of its domain."""
    models = [staging_dir / contract.domain / f"stg_{contract.feed}.sql" for contract in contracts]
    return [path for path in models if not path.exists()]


def _sources(domain: str, contracts: list[Contract]) -> str:
    silver = {
        "name": "silver",
        "description": "Rows that follow their contract, as parquet files in the silver folder.",
        "config": {"meta": {"external_location": SNAPSHOT_FILE}},
        "tables": [_table(contract) for contract in contracts],
    }
    return HEADER.format(domain=domain) + dump({"sources": [silver]})


def _table(contract: Contract) -> dict[str, Any]:
    table: dict[str, Any] = {"name": contract.feed, "description": f"{contract.description} {contract.grain}".strip()}
    config: dict[str, Any] = {}
    if contract.event_time:
        table["loaded_at_field"] = contract.event_time
    if freshness := _freshness(contract):
        config["freshness"] = freshness
    config["meta"] = {"dagster": OnOneLine(asset_key=["silver", contract.feed])}
    if contract.kind == "event":
        config["meta"]["external_location"] = EVENT_FILES
    return table | {"config": config, "columns": [_column(column) for column in contract.columns]}


def _freshness(contract: Contract) -> dict[str, Any]:
    limits = {"warn_after": contract.freshness_warn_hours, "error_after": contract.freshness_error_hours}
    return {name: _time(hours) for name, hours in limits.items() if hours is not None}


def _time(hours: float) -> dict[str, Any]:
    """A limit as dbt counts it: in hours or, if they are not whole hours, in minutes rounded up."""
    if hours == int(hours):
        return OnOneLine(count=int(hours), period="hour")
    return OnOneLine(count=math.ceil(round(hours * 60, 6)), period="minute")


def _column(column: Column) -> dict[str, str]:
    described = {"description": column.description} if column.description else {}
    return {"name": column.name, "data_type": DATA_TYPES[column.type]} | described


def main() -> int:
    """Writes the sources and prints what was written and what to do next."""
    try:
        contracts = load_contracts().values()
    except ContractError as error:
        print(f"Nothing was written. {error}", file=sys.stderr)
        return 1
    written = write_sources(contracts)
    for path in written:
        print(f"Wrote {os.path.relpath(path)}")
    if not written:
        print("Nothing to write: the sources already match the contracts.")
    for path in missing_staging_models(contracts):
        print(f"Next: write the staging model {os.path.relpath(path)} and its .yml.")
    if written:
        print("Next: commit the files, then run `sentinel build`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
