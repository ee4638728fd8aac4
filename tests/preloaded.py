"""What a run of Sentinel's imports and reads, for a process that is to fork others from it: these then need no seconds to start.

The collector is told that all this stays: each of them would look at a million objects, and copy their pages.
"""

import gc
import importlib
import os

from sentinel_orchestration.resources import DbtResource
from tests.forked import NEEDED
from tests.slim_project import VARIABLE

for name in NEEDED:
    importlib.import_module(name)
project = os.environ[VARIABLE]
dbt = DbtResource(project=project, home=project)  # nothing is written there: the manifest is with the project
dbt.manifest()
dbt.parsed()
gc.collect()
gc.freeze()
