"""Materialises one asset in a run of Dagster's own, as a run that the UI started would: `materialise.py LAYER/NAME`."""

import sys

import dagster as dg

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.automation.jobs import BUILD_WITHOUT_REPORT_JOB
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.settings import load_settings

settings = load_settings()
job = build_definitions(settings).resolve_job_def(BUILD_WITHOUT_REPORT_JOB)
with open_instance(settings) as instance:
    job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(sys.argv[1].split("/"))])
