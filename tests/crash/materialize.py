"""Materializes one asset in a run of Dagster's own, as one that the UI started would be: `materialize.py LAYER/NAME`.

Of `checks/NAME`, the checks of that name run. First it does what the daemon's sensor does while such a run waits.
"""

import sys

import dagster as dg

from sentinel_orchestration.automation.dead_runs import close_dead_runs
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.settings import load_settings

settings, key = load_settings(), dg.AssetKey(sys.argv[1].split("/"))
definitions = build_definitions(settings)
checks = [check for check in definitions.resolve_asset_graph().asset_check_keys if check.name == key.path[-1]]
chosen = dg.AssetSelection.assets(key) | dg.AssetSelection.checks_for_assets(key) | dg.AssetSelection.checks(*checks)
alone = dg.Definitions(jobs=[dg.define_asset_job("alone", chosen)])
with open_instance(settings) as instance:
    close_dead_runs(instance, settings.layout)
    dg.Definitions.merge(definitions, alone).resolve_job_def("alone").execute_in_process(instance=instance)
