"""`sentinel build --no-report` with a clock in it: how many seconds each part takes.

Run as `python -m benchmarks.traced OUT.json STARTED_AT`, STARTED_AT being the parent's time.time() when it started this.
"""

import sys
import time

STARTED_AT, ENTERED_AT = float(sys.argv[2]), time.time()

import _frozen_importlib  # noqa: E402  (the clock starts first)
import json  # noqa: E402
import threading  # noqa: E402
from collections import defaultdict  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from functools import wraps  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.sections import (  # noqa: E402
    AROUND_DBT,
    AROUND_LAKE,
    BETWEEN,
    COMMAND,
    DBT,
    DBT_LOAD,
    DBT_STATE,
    DEFINITIONS,
    EVENT_LOG,
    EXPECTATIONS,
    FRESHNESS,
    GATE,
    IMPORTS,
    INSTANCE,
    PUBLISH,
    PYTHON,
    PYTHON_MARTS,
    RECEIVE,
    VOLUME,
)

STEPS = {
    "bronze": AROUND_LAKE,
    "silver": AROUND_LAKE,
    "dbt_models": AROUND_DBT,
    "dbt_reports": AROUND_DBT,
    "marts": PYTHON_MARTS,
    "freshness_checks": FRESHNESS,
    "volume_checks": VOLUME,
    "expectations_checks": EXPECTATIONS,
    "mart_expectations": EXPECTATIONS,
    "published": PUBLISH,
}


class Clock:
    """Seconds by section. Sections nest; each second counts once, in the innermost one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open = [COMMAND]
        self._since = ENTERED_AT
        self._thread = threading.get_ident()

    def enter(self, section: str) -> None:
        """Starts a section within the open one."""
        self.settle()
        self._open.append(section)

    def leave(self) -> None:
        """Ends the innermost section."""
        self.settle()
        self._open.pop()

    def change(self, section: str, depth: int = 1) -> None:
        """Renames the section at `depth` from now on: the steps of a run follow each other within it."""
        self.settle()
        self._open[depth] = section

    def settle(self) -> None:
        """Counts the time until now."""
        now = time.time()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def around(self, owner: Any, name: str, section: str | Callable[..., str]) -> None:
        """Makes each call of `owner.name` a section; calls in other threads count where the main one waits."""
        function = getattr(owner, name)

        @wraps(function)
        def timed(*args: Any, **keywords: Any) -> Any:
            if threading.get_ident() != self._thread:
                return function(*args, **keywords)
            self.enter(section if isinstance(section, str) else section(*args))
            try:
                return function(*args, **keywords)
            finally:
                self.leave()

        setattr(owner, name, timed)

    def around_each(self, owner: Any, name: str, section: str) -> None:
        """Makes the wait for each item of the generator `owner.name` a section, but not the work on the item."""
        function = getattr(owner, name)

        @wraps(function)
        def timed(*args: Any, **keywords: Any) -> Iterator[Any]:
            items = function(*args, **keywords)
            try:
                while True:
                    self.enter(section)
                    try:
                        item = next(items)
                    except StopIteration:
                        return
                    finally:
                        self.leave()
                    yield item
            finally:
                items.close()

        setattr(owner, name, timed)


def main() -> int:
    """Exit code of the build."""
    clock = Clock()
    clock.seconds[PYTHON] = ENTERED_AT - STARTED_AT
    clock.around(_frozen_importlib, "_find_and_load", IMPORTS)  # called only for a module not imported yet
    from sentinel_orchestration.cli import app

    _watch(clock)
    code = app(["build", "--no-report"], standalone_mode=False)
    clock.settle()
    Path(sys.argv[1]).write_text(json.dumps(clock.seconds), encoding="utf-8")
    return int(code or 0)


def _watch(clock: Clock) -> None:
    """Puts the clock around the parts."""
    import dagster as dg
    import dbt.cli.main  # noqa: F401  # the step imports it in a thread of its own, where it would count as dbt's work

    from sentinel_orchestration import definitions
    from sentinel_orchestration.automation import build, instance
    from sentinel_orchestration.cli import progress
    from sentinel_orchestration.lake import assets as lake_assets
    from sentinel_orchestration.lake.received import Lake
    from sentinel_orchestration.resources.dbt import DbtInvocation, DbtResource

    clock.around(definitions, "build_definitions", DEFINITIONS)
    clock.around(instance, "open_instance", INSTANCE)
    clock.around(build, "run_build", BETWEEN)
    clock.around(dg.DagsterInstance, "handle_new_event", EVENT_LOG)
    clock.around(Lake, "receive", RECEIVE)
    clock.around(lake_assets, "gate_feed", GATE)
    for name in ("manifest", "parsed"):
        clock.around(DbtResource, name, DBT_LOAD)
    clock.around(DbtResource, "invoke", lambda _, arguments, *more: COMMANDS.get(arguments[0], DBT))
    clock.around_each(DbtInvocation, "stream", DBT)
    _follow_steps(clock, progress)


COMMANDS = {"source": FRESHNESS, "run-operation": DBT_STATE, "parse": DBT_LOAD}


def _follow_steps(clock: Clock, progress: Any) -> None:
    """Names the section of the run after the step that works, by the events the command itself follows."""
    take = progress.RunProgress.__call__

    def follow(bar: Any, entry: Any) -> None:
        take(bar, entry)
        event = entry.dagster_event
        if event is not None and event.event_type_value == "STEP_START":
            step = event.step_key or ""
            clock.change(STEPS.get(step) or STEPS.get(step.split("__")[0], BETWEEN))
        elif event is not None and event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE"):
            clock.change(BETWEEN)

    progress.RunProgress.__call__ = follow


if __name__ == "__main__":
    sys.exit(main())
