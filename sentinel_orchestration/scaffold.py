"""Drafts the files that a new feed needs, from a sample of its rows: contract, dbt models and sources, a page.

A draft is checked as the build will check it. Nothing is written here: `files.write_together` does that, all or none.
"""

import os
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from sentinel_orchestration.contracts import Contract, load_contracts
from sentinel_orchestration.contracts.dbt_models import DAY, report_sql, report_yml, staging_sql, staging_yml
from sentinel_orchestration.contracts.dbt_sources import changed_sources
from sentinel_orchestration.contracts.draft import Sample, contract_text, is_name, snake_case
from sentinel_orchestration.contracts.odcs import SUFFIX, read_contract
from sentinel_orchestration.feeds.readers import column_names
from sentinel_orchestration.publish.page_draft import exposure, page, page_name, query, query_name
from sentinel_orchestration.settings import PROJECT_DIR


class ScaffoldError(ValueError):
    """A feed that cannot be drafted; the message names what is wrong, and the fix. Nothing was written."""


@dataclass(frozen=True)
class Checkout:
    """The folders of a checkout of Sentinel that a feed has files in."""

    root: Path = PROJECT_DIR

    @property
    def contracts(self) -> Path:
        """Contracts by domain."""
        return self.root / "sentinel_orchestration/contracts"

    @property
    def models(self) -> Path:
        """The models of dbt."""
        return self.root / "dbt/models"

    @property
    def report(self) -> Path:
        """The project of the report."""
        return self.root / "evidence_reports"

    def check_is_writable(self) -> None:
        """Raises ScaffoldError where this is no checkout (an installed package has no dbt project), or a read-only one."""
        places = (
            *(self.contracts, self.models / "staging", self.models / "exposures"),
            *(self.report / "pages", self.report / "sources/sentinel"),
        )
        missing = next((place for place in places if not place.is_dir()), None)
        if missing:
            raise ScaffoldError(
                f"{missing}: no such folder. A new feed is written into a checkout of Sentinel, so run the command from one: "
                ".venv/bin/sentinel new-feed."
            )
        locked = next((place for place in places if not os.access(place, os.W_OK)), None)
        if locked:
            raise ScaffoldError(
                f"{locked}: may not be written to. Let your user write there, or use a checkout of your own."
            )


def check_names(checkout: Checkout, feed: str, domain: str) -> None:
    """Raises ScaffoldError for a name that cannot be used or that something has already."""
    for kind, name in (("NAME", feed), ("--domain", domain)):
        if not is_name(name) or name in _reserved_words():
            better = snake_case(name)
            hint = "It is a word of SQL." if better == name else f"Such as {better}."
            raise ScaffoldError(f"{kind} {name}: use lower case, digits and underscores, a letter first. {hint}")
    feeds = load_contracts(checkout.contracts)
    if feed in feeds:
        raise ScaffoldError(f"NAME {feed}: there is such a feed, in {feeds[feed].domain}. Choose another name.")
    models = {path.stem: path for path in sorted(checkout.models.rglob("*.sql"))}
    models |= {path.stem: path for path in (checkout.root / "sentinel_orchestration/warehouse/marts").glob("*.py")}
    taken = next((models[name] for name in (feed, f"stg_{feed}", f"rpt_{feed}") if name in models), None)
    if taken:
        raise ScaffoldError(f"NAME {feed}: {taken.relative_to(checkout.root)} has that name. Choose another name.")


def check_columns(file: Path) -> None:
    """Raises ScaffoldError for a file with names of columns that SQL could not use as they are."""
    if file.is_dir():
        raise ScaffoldError(f"{file}: is a folder. Name one file in it.")
    names, reserved = column_names(file), _reserved_words()
    _rename(file.name, {name: _proposed(name) for name in names if not is_name(name) or name in reserved})


def draft_feed(checkout: Checkout, feed: str, domain: str, sample: Sample) -> dict[Path, str]:
    """Path → text of every file that the feed needs: new ones, and the sources of dbt, which are made again.

    Raises ScaffoldError if one of the new ones is there already, and for a column with the name of an event feed's partition.
    """
    if sample.event_time and DAY in (column.name for column in sample.columns):
        _rename(sample.file, {DAY: _proposed(DAY)})
    text = contract_text(feed, domain, sample)
    contract = _read(text, feed, domain)
    new = (
        {checkout.contracts / domain / f"{feed}{SUFFIX}": text}
        | _models(checkout, contract)
        | _page(checkout, contract)
    )
    in_the_way = [str(path.relative_to(checkout.root)) for path in new if path.exists()]
    if in_the_way:
        raise ScaffoldError(
            f"{', '.join(in_the_way)}: there already, and never overwritten. Remove or move it, or choose another name."
        )
    contracts = [*load_contracts(checkout.contracts).values(), contract]
    return new | changed_sources(contracts, checkout.models / "staging")


def _read(text: str, feed: str, domain: str) -> Contract:
    """The contract as the loader reads it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, domain, f"{feed}{SUFFIX}")
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        return read_contract(path)


def _models(checkout: Checkout, contract: Contract) -> dict[Path, str]:
    """The staging model and, of a snapshot, the table that the page shows: releases hold no views."""
    staging = checkout.models / "staging" / contract.domain / f"stg_{contract.feed}.sql"
    models = {staging: staging_sql(contract), staging.with_suffix(".yml"): staging_yml(contract)}
    if not contract.event_time:
        report = checkout.models / "reports" / contract.domain / f"rpt_{contract.feed}.sql"
        models |= {report: report_sql(contract), report.with_suffix(".yml"): report_yml(contract)}
    return models


def _page(checkout: Checkout, contract: Contract) -> dict[Path, str]:
    return {
        checkout.report / "sources/sentinel" / f"{query_name(contract)}.sql": query(contract),
        checkout.report / "pages" / page_name(contract.feed): page(contract),
        checkout.models / "exposures" / f"{contract.feed}.yml": exposure(contract),
    }


def _rename(file: str, proposed: Mapping[str, str]) -> None:
    if proposed:
        listed = ", ".join(f"{name!r} to {better}" for name, better in proposed.items())
        raise ScaffoldError(
            f"{file}: these columns need other names: {listed}. A name is lower case, digits and underscores, and no word of "
            "SQL. Rename them where the file is written, then run the same again."
        )


def _proposed(name: str) -> str:
    """Another name for a column; that of a word of SQL says that it is a value."""
    better = snake_case(name)
    return f"{better}_value" if better == DAY or better in _reserved_words() else better


@cache
def _reserved_words() -> Container[str]:
    with duckdb.connect() as connection:
        found = connection.execute("select keyword_name from duckdb_keywords() where keyword_category = 'reserved'")
        return {name for (name,) in found.fetchall()}
