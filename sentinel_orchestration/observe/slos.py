"""SLOs whose error budget burns, as problems. The figures are those of slos.sql."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import duckdb

from sentinel_orchestration.observe.observations import Trouble

BUDGET = "error-budget"  # the kind of these problems
EVENTS = {  # what an SLO counts, as a message says it
    "freshness": "freshness checks",
    "quarantine": "quarantine checks",
    "success": "runs",
    "run_duration": "runs",
    "step_duration": "steps",
    "detection": "problems",
    "alert": "first messages",
}
STATUS = """
select slo, description, measures, objective, window_days, owner, events, budget_left_share, burn_1h, burn_6h, burn_3d, verdict,
    alert, alert_severity, alert_window, alert_events, alert_bad_events, burn, lasts
from slo_status_at($at) order by burn desc nulls last, budget_left_share nulls last, slo
"""


@dataclass(frozen=True)
class SloStatus:
    """How an SLO is kept at a moment.

    `budget_left_share` is 1 where the budget is untouched, and below 0 where it is overspent. `burn_*` are burn rates, None
    without events. From `alert` on, it is about what burns now; `lasts` is how long the rest of the budget lasts at `burn`.
    """

    name: str
    description: str
    measures: str
    objective: float
    window_days: int
    owner: str | None
    events: int
    budget_left_share: float | None
    burn_1h: float | None
    burn_6h: float | None
    burn_3d: float | None
    verdict: str
    alert: Literal["page", "ticket"] | None
    alert_severity: Literal["warn", "error"]
    alert_window: str | None
    alert_events: int | None
    alert_bad_events: int | None
    burn: float | None
    lasts: timedelta | None

    @property
    def in_words(self) -> str:
        """What burns, how fast, and how long the budget lasts, for a message; empty where nothing burns."""
        if not self.alert_window or self.budget_left_share is None:
            return ""
        bad = f"{self.alert_bad_events:,} of {self.alert_events:,} {EVENTS[self.measures]}"
        promise = f"{self.objective * 100:.6g}% over {self.window_days} days"
        rest = "The error budget is spent."
        if self.budget_left_share > 0:
            rest = f"{self.budget_left_share:.0%} of the error budget is left; at this rate it is gone in {_span(self.lasts)}."
        return (
            f"{bad} of the last {self.alert_window.removeprefix('1 ')} were bad: {self.burn:.1f} times what the objective of "
            f"{promise} allows. {rest} Promised: {self.description}"
        )


def slo_status(connection: duckdb.DuckDBPyConnection, at: datetime) -> list[SloStatus]:
    """Each SLO at `at` (naive UTC), those that burn first."""
    return [SloStatus(*row) for row in connection.execute(STATUS, {"at": at}).fetchall()]


def burning(connection: duckdb.DuckDBPyConnection, at: datetime) -> Iterator[Trouble]:
    """The SLOs whose budget burns at `at`."""
    for slo in slo_status(connection, at):
        if slo.alert:
            yield Trouble(f"slo {slo.name}", BUDGET, slo.name, None, slo.in_words, slo.alert_severity, owner=slo.owner)


def _span(span: timedelta | None) -> str:
    hours = (span or timedelta()).total_seconds() / 3600
    return (
        f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} minutes"
    )
