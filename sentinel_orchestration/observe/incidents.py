"""The incidents of the history as objects: those that are open, and those that ended lately."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

PLATFORM = "data-platform"  # the owner of what nobody else owns: runs, sensors, releases
COLUMNS = """
    i.incident_id, i.problem, i.kind, i.subject, i.check_name, i.severity, i.domain, coalesce(i.owner, $platform), i.began_at,
    i.opened_at, i.last_failed_at, i.resolved_at, i.failures, i.last_run_id, i.detail, i.acknowledged_at, i.acknowledged_by,
    i.acknowledged_why, c.kind, c.description, coalesce(c.is_blocking, false), i.sample
"""


class NoSuchIncidentError(ValueError):
    """An id that no incident has, or several; the message says which there are."""


@dataclass(frozen=True)
class Incident:
    """One problem, from its first failure to its next success. Times are naive UTC.

    `began_at` is when the trouble began, where that is known to be before `opened_at`, the first failure that was seen. `rule` is
    what the check says must hold, `check_kind` what kind of check it is. `sample`: rows that fail, as they may be shown.
    """

    id: str
    problem: str
    kind: str
    subject: str
    check_name: str | None
    severity: str
    domain: str | None
    owner: str
    began_at: datetime
    opened_at: datetime
    last_failed_at: datetime
    resolved_at: datetime | None
    failures: int
    run_id: str | None
    detail: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_why: str | None
    check_kind: str | None
    rule: str | None
    is_blocking: bool
    sample: tuple[dict[str, Any], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.resolved_at is None


def read_incidents(connection: duckdb.DuckDBPyConnection, since: datetime) -> list[Incident]:
    """Every open incident, and those that ended after `since`; the worst first, then the oldest."""
    return list(
        _read(
            connection,
            "i.resolved_at is null or i.resolved_at > $since order by i.severity, i.opened_at, i.incident_id",
            since=since,
        )
    )


def acknowledge(connection: duckdb.DuckDBPyConnection, prefix: str, by: str, why: str | None, at: datetime) -> Incident:
    """Marks the one incident whose id begins with `prefix` as known. Raises NoSuchIncidentError where it is not one."""
    found = list(_read(connection, "starts_with(i.incident_id, $prefix)", prefix=prefix))
    if len(found) != 1:
        problem = "several incidents begin with it" if found else "there is no such incident"
        raise NoSuchIncidentError(f"{prefix}: {problem}. `sentinel incidents` lists them.")
    connection.execute(
        "update incidents set acknowledged_at = ?, acknowledged_by = ?, acknowledged_why = ? where incident_id = ?",
        [at, by, why, found[0].id],
    )
    return next(_read(connection, "i.incident_id = $id", id=found[0].id))


def _read(connection: duckdb.DuckDBPyConnection, condition: str, **given: Any) -> Iterator[Incident]:
    rows = connection.execute(
        f"select {COLUMNS} from incidents i "
        f"left join checks c on c.asset = i.subject and c.check_name = i.check_name where {condition}",
        {"platform": PLATFORM, **given},
    ).fetchall()
    for *values, sample in rows:
        fields = [*values, tuple(json.loads(sample or "[]"))]
        yield Incident(*fields)
