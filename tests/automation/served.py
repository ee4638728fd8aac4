"""The code location that the webserver and the daemon of the tests load: the graph on a slim copy of the dbt project.

Dagster starts an interpreter for each run. Here a run's process is forked from one that has imported what every run needs.
"""

import multiprocessing
from multiprocessing import context

import dagster as dg

from tests.forked import fork_worker
from tests.slim_project import slim_definitions

context.SpawnContext.Process = context.ForkServerProcess  # type: ignore[assignment, misc]
multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.preloaded"])


def slim_location() -> dg.Definitions:
    """The graph, in a process that serves it or that executes a run of it."""
    if multiprocessing.parent_process():  # a run's
        fork_worker()
    return slim_definitions()


@dg.definitions
def defs() -> dg.Definitions:
    """As sentinel_orchestration.definitions has them."""
    return slim_location()
