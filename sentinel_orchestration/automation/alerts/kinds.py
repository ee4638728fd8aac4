"""The kinds of alerts. Each has a runbook page of its name, docs/runbooks/<kind>.md."""

from dataclasses import dataclass

from sentinel_orchestration.checks.freshness import FRESHNESS
from sentinel_orchestration.lake.checks import QUARANTINE_RATE
from sentinel_orchestration.observe.anomalies import ANOMALY
from sentinel_orchestration.observe.incidents import Incident
from sentinel_orchestration.observe.judge import UNREADABLE
from sentinel_orchestration.observe.slos import BUDGET
from sentinel_orchestration.observe.watch import DAEMON, DEAD, OVERDUE, TICK, UNFINISHED

CHECK, QUARANTINE, STALE, FAILED, KILLED = (
    "check-failed",
    "quarantine-over-limit",
    "stale-source",
    "run-failed",
    "run-killed",
)


@dataclass(frozen=True)
class Kind:
    """What a headline says of a problem, behind what it is about; where in the Dagster UI to look; words for want of others."""

    headline: str
    place: str
    otherwise: str = "Nothing more is known."


ASSET, RUN = "/assets/{subject}?view=checks", "/runs/{run}"
KINDS = {
    CHECK: Kind("the check {check} failed", ASSET),
    QUARANTINE: Kind("too many rows are quarantined", ASSET),
    STALE: Kind("no new data", ASSET),
    FAILED: Kind("the step failed", RUN),
    KILLED: Kind("the run died", RUN, "No step failed: the process of the run was killed, or never started."),
    UNFINISHED: Kind("the run does not end", RUN),
    TICK: Kind("its ticks fail", "/automation"),
    DEAD: Kind("stands still", "/automation"),
    OVERDUE: Kind("no new release", "/assets/{subject}"),
    BUDGET: Kind("the error budget burns", "/runs"),
    ANOMALY: Kind("a number is unusual", "/assets/{subject}"),
    UNREADABLE: Kind("cannot be used", ""),
}
OTHER = Kind("something is wrong", "")  # an observation of a kind that has no words yet is told all the same


def kind_of(incident: Incident) -> str:
    """The kind of an incident: that of a check goes by what the check is about."""
    if incident.kind == "check":
        return {QUARANTINE_RATE: QUARANTINE, FRESHNESS: STALE}.get(incident.check_name or "", CHECK)
    return {"step": FAILED, "run": KILLED}.get(incident.kind, incident.kind)


def kind(incident: Incident) -> Kind:
    """What is said of an incident's kind."""
    return KINDS.get(kind_of(incident), OTHER)


def place_of(incident: Incident) -> str:
    """The page of the Dagster UI that shows it."""
    if incident.subject == DAEMON:
        return "/deployment/daemons"
    run = incident.run_id or incident.problem.rpartition(" ")[2]
    return kind(incident).place.format(subject=incident.subject, run=run)
