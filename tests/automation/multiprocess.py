"""A job of the real graph with the multiprocess executor, as a step's process finds it again: by this module's name."""

import dagster as dg

from sentinel_orchestration.automation.jobs import BUILD_WITHOUT_REPORT_JOB
from tests.slim_project import slim_definitions


def build_job() -> dg.JobDefinition:
    """The job on the settings of the environment."""
    return slim_definitions(executor=dg.multiprocess_executor).resolve_job_def(BUILD_WITHOUT_REPORT_JOB)
