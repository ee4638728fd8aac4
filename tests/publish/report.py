"""The report's queries without Evidence: sources and pages, run in DuckDB on a release as the pages run them."""

import re
from pathlib import Path

import duckdb

from sentinel_orchestration.settings import PROJECT_DIR

REPORT = Path(PROJECT_DIR, "evidence_reports")
QUERY = re.compile(r"^```sql (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OTHER_QUERY = re.compile(r"\$\{(\w+)\}")
INPUT = re.compile(r"\$\{inputs\.\w+\.value\}")
PAGES = sorted(path.stem for path in (REPORT / "pages").glob("*.md"))


def open_report(release: Path, health: Path) -> duckdb.DuckDBPyConnection:
    """A database with a copy of the release and of the pipeline's health, and a schema per source with what its queries give."""
    connection = duckdb.connect()
    connection.execute(f"attach '{release}' as released (read_only); copy from database released to memory")
    connection.execute(f"attach '{health}' as health_file (read_only); copy from database health_file to memory")
    connection.execute("detach released; detach health_file; create schema sentinel; create schema health")
    for source, kind in (("sentinel", "view"), ("health", "table")):  # a view would find itself behind its table's name
        for path in sorted((REPORT / "sources" / source).glob("*.sql")):
            connection.execute(f"create {kind} {source}.{path.stem} as {path.read_text()}")
    return connection


def page_queries(page: str, chosen: str = "all") -> dict[str, str]:
    """Name → SQL of each query of a page; every filter has the value `chosen`."""
    found: dict[str, str] = {}
    for name, sql in QUERY.findall((REPORT / "pages" / f"{page}.md").read_text()):
        with_input = INPUT.sub(chosen, sql)
        found[name] = OTHER_QUERY.sub(lambda other, known=dict(found): f"({known[other[1]]})", with_input)
    return found


def kpis(connection: duckdb.DuckDBPyConnection, page: str, query: str) -> dict[str, object]:
    """The one row of a query as name → value."""
    found = connection.sql(page_queries(page)[query])
    (row,) = found.fetchall()
    return dict(zip(found.columns, row, strict=True))
