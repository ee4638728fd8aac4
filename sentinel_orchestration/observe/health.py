"""What the report shows of the history: a small DuckDB file of its own, since nobody may keep the history open."""

from dataclasses import dataclass
from pathlib import Path

from sentinel_orchestration.files import replacing
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.observe.history import History

HEALTH = (Path(__file__).parent / "health.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Health:
    """How the pipeline is. `digest` differs where another set of incidents is open, or known."""

    verdict: str
    open_incidents: int
    digest: str


def shown_digest(history: History) -> str:
    """The digest of the incidents that a report would show now."""
    with history.transaction() as connection:
        return str(connection.execute("select digest from shown_digest").fetchall()[0][0])


def write_health(history: History, layout: Layout) -> Health:
    """Writes the file again, whole or not at all."""
    with history.transaction() as connection, replacing(layout.health) as temporary:
        connection.execute(f"attach '{temporary}' as health")
        connection.execute(HEALTH)
        found = connection.execute(
            "select verdict, errors + warnings, digest from health.verdict, health.digest"
        ).fetchall()
        connection.execute("commit; detach health; begin")
    return Health(*found[0])
