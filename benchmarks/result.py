"""The result as a table for people and as JSON for comparing, with facts of the machine that the figures were taken on."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.child import REPOSITORY
from benchmarks.figures import Figure, Plan
from sentinel_orchestration.revision import git_revision

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "polars", "numpy", "pydantic", "great-expectations")


def show(console: Console, figures: Sequence[Figure]) -> None:
    """A table of all figures, one section per group."""
    table = Table("", box=None, header_style="bold", pad_edge=False)
    for heading in ("median", "least", "most", "limit", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    group = ""
    for figure in figures:
        if figure.group != group:
            table.add_row(f"\n[bold]{figure.group}[/]")
            group = figure.group
        spread = (_number(min(figure.values)), _number(max(figure.values))) if len(figure.values) > 1 else ("", "")
        limit = "" if figure.limit is None else f"{figure.bound} {_number(figure.limit)} {figure.unit}"
        table.add_row(f"  {figure.name}", f"{_number(figure.value)} {figure.unit}", *spread, limit, _verdict(figure))
    console.print(table)


def write(plan: Plan, figures: Sequence[Figure], folder: Path = RESULTS) -> Path:
    """Writes the JSON, named after the UTC time, and returns its path."""
    now = datetime.now(UTC)
    body = {
        "taken_at": now.isoformat(timespec="seconds"),
        "git_revision": git_revision(REPOSITORY),
        "machine": machine(),
        "plan": asdict(plan) | {"as_of": plan.as_of.isoformat()},
        "figures": [asdict(figure) | {"value": figure.value, "is_met": figure.is_met} for figure in figures],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, object]:
    """What the figures depend on besides the code.

    `load_1min` is taken at the end: over 1 or 2, the machine was busy with other work.
    """
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_1min": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _verdict(figure: Figure) -> str:
    if figure.is_met is None:
        return figure.note
    return "[green]✓ met[/]" if figure.is_met else "[red]✗ not met[/]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
