"""What was seen at a moment and is in no run. A row is kept only when the state of a problem changes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb

NEWEST = """
select problem, kind, subject, is_bad, severity, domain, owner
from observations
where kind in (select unnest(?::varchar[]))
qualify row_number() over (partition by problem order by seq desc) = 1
"""


@dataclass(frozen=True)
class Trouble:
    """A problem that is there now. `problem` is its name, the same each time; `subject` is what it is about.

    `began_at` is naive UTC; None is when it was first seen. Domain and owner are those of the asset `subject`, if not given.
    """

    problem: str
    kind: str
    subject: str
    began_at: datetime | None
    detail: str
    severity: Literal["warn", "error"] = "error"
    domain: str | None = None
    owner: str | None = None


def note(
    connection: duckdb.DuckDBPyConnection, kinds: Collection[str], troubles: Iterable[Trouble], at: datetime
) -> None:
    """Keeps what is wrong at `at`: a row per problem that is new, is over, or has another severity than before.

    `troubles` are all there are now of these kinds: a problem that is not among them is over.
    """
    newest = connection.execute(NEWEST, [[*kinds]]).fetchall()
    before = {problem: about for problem, *about in newest if about[2]}
    now = {trouble.problem: trouble for trouble in troubles}
    news = [
        (t.problem, t.kind, t.subject, at, True, t.severity, t.began_at, t.detail, t.domain, t.owner)
        for t in now.values()
        if t.problem not in before or before[t.problem][3] != t.severity
    ]
    over = [
        (problem, kind, subject, at, False, severity, None, None, domain, owner)
        for problem, (kind, subject, _, severity, domain, owner) in before.items()
        if problem not in now
    ]
    if news + over:
        connection.executemany(f"insert into observations values ({'?, ' * 10} nextval('seq'))", news + over)
