"""The sensor that keeps the history up to date and posts what is news in it."""

import dagster as dg

from sentinel_orchestration.automation.alerts.delivery import Delivery, deliver
from sentinel_orchestration.observe.automation_state import ALERTS_SENSOR
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.recorder import record
from sentinel_orchestration.observe.watch import watch
from sentinel_orchestration.settings import Settings

LOOK_EVERY_SEC = 30


class UndeliveredError(RuntimeError):
    """Messages that did not arrive; they are tried again in the next round."""


def alerts_sensor(settings: Settings) -> dg.SensorDefinition:
    """Always on. A message that does not arrive fails the tick, after everything else was tried, so that the UI shows it.

    Not a run failure sensor: it would miss runs of commands, which have no code location, and checks, which fail no run.
    """

    @dg.sensor(
        name=ALERTS_SENSOR,
        minimum_interval_seconds=LOOK_EVERY_SEC,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reads what happened into the history, and posts what is news to the routes of alerts.yaml.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        repository = context.repository_def
        assert repository is not None, "a sensor's context has its repository in the daemon and in the UI"
        delivery = alert_round(settings, context.instance, repository)
        if delivery.failed:
            raise UndeliveredError("; ".join(delivery.failed))
        return dg.SkipReason(f"It starts nothing. Messages posted: {len(delivery.posted)}.")

    return alerts


def alert_round(settings: Settings, instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> Delivery:
    """Looks at everything once, and posts what is news: as the sensor does, and `sentinel alerts check`."""
    history = History(settings.layout)
    watch(history, instance, repository, settings)
    record(history, instance, repository.asset_graph)
    return deliver(settings)
