"""Small runs of the real graph."""

import dagster as dg

from sentinel_orchestration.automation.jobs import BUILD_WITHOUT_REPORT_JOB
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.settings import Settings


def one_feed_run(settings: Settings, instance: dg.DagsterInstance, feed: str) -> dg.ExecuteInProcessResult:
    """Receives and gates one feed."""
    job = build_definitions(settings).resolve_job_def(BUILD_WITHOUT_REPORT_JOB)
    keys = [dg.AssetKey(["bronze", feed]), dg.AssetKey(["silver", feed])]
    return job.execute_in_process(instance=instance, asset_selection=keys)
