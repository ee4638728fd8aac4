"""A few of the rows that break a dbt test, by the test's own query, for whoever is told that it failed."""

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import duckdb

from sentinel_orchestration.lake.failing_rows import SAMPLE_ROWS, shortened
from sentinel_orchestration.resources import WarehouseResource

WORD = re.compile(r"\w+")


def failing_rows(
    warehouse: WarehouseResource, personal: Collection[str], queries: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Test → up to SAMPLE_ROWS of the rows that its query gives. `personal` names the columns that are left out.

    A query that itself names one of them has no sample: it may give the values under another name. Nor has one that fails,
    such as that of a test that could not run.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    hidden = {name.lower() for name in personal}
    asked = {test: query for test, query in queries.items() if hidden.isdisjoint(WORD.findall(query.lower()))}
    if not asked:
        return found
    with warehouse.get_connection() as connection:
        connection.execute("set timezone = 'UTC'")
        for test, query in asked.items():
            with suppress(duckdb.Error):
                rows = connection.execute(f"select * from ({query.rstrip().rstrip(';')}\n) limit {SAMPLE_ROWS}")
                names = [column[0] for column in rows.description or []]
                shown = [number for number, name in enumerate(names) if name.lower() not in hidden]
                found[test] = [{names[n]: shortened(row[n]) for n in shown} for row in rows.fetchall()]
    return found
