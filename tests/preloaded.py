"""Imports what a run of Sentinel's needs, for a process that is to fork others from it: these then need no seconds to start.

The collector is told that what was imported stays: each of them would look at a million objects, and copy their pages.
"""

import gc
import importlib

from tests.forked import NEEDED

for name in NEEDED:
    importlib.import_module(name)
gc.collect()
gc.freeze()
