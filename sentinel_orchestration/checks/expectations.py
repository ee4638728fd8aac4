"""Great Expectations suites as asset checks, run in one step.

Belongs here: asking the worker and turning its answers into check results. Does not belong here: thresholds (suites) or
GX itself (gx_worker).
"""

import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from typing import Any

import dagster as dg

from sentinel_orchestration.checks.suites import SUITES, Suite
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.build import read_build

EXPECTATIONS = "expectations"


class GxWorker:
    """The worker process, started when first needed or ahead of that."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._asked: deque[str] = deque()

    def start(self) -> None:
        """Starts the process, which begins to import; does nothing where it runs already."""
        if self._process is None or self._process.poll() is not None:
            self._asked.clear()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sentinel_orchestration.checks.gx_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )

    def ask(self, suite: Suite, database: str | None, relation: str) -> None:
        """Asks for the findings of a suite ahead of need: `validate`, asked the same in the same order, has them sooner."""
        self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._asked.append(_request(suite, database, relation))
        self._process.stdin.write(self._asked[-1] + "\n")
        self._process.stdin.flush()

    def validate(self, suite: Suite, database: str | None, relation: str) -> list[dict[str, Any]]:
        """The findings of `gx_worker.validate`. Raises RuntimeError where the worker fails or ends."""
        if self._asked and self._asked[0] != _request(suite, database, relation):
            self.stop()
        if not self._asked:
            self.ask(suite, database, relation)
        self._asked.popleft()
        process = self._process
        assert process is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            self._asked.clear()
            raise RuntimeError(f"Great Expectations ended without an answer (exit code {process.wait()}).")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{'/'.join(suite.asset)}: Great Expectations failed: {answer['error']}")
        findings: list[dict[str, Any]] = answer["findings"]
        return findings

    def stop(self) -> None:
        """Ends the process."""
        self._asked.clear()
        if self._process is not None:
            self._process.communicate()  # closes stdin, which ends it
            self._process = None


worker = GxWorker()


def ask_ahead(settings: Settings) -> None:
    """Asks for the suites on silver, which a run can do once silver stands: they are judged beside dbt then."""
    for suite in SUITES:
        if suite.asset[0] == "silver":
            worker.ask(suite, *_source(settings, "", suite))


def expectation_checks(settings: Settings) -> dg.AssetChecksDefinition:
    """One check a suite. The one on the mart is blocking, so that publishing waits for all of them."""

    @dg.multi_asset_check(
        name="great_expectations",
        specs=[
            dg.AssetCheckSpec(
                EXPECTATIONS,
                asset=dg.AssetKey(suite.asset),
                description=f"{len(suite.expectations)} expectations on the distribution, {len(suite.drift)} on drift.",
                blocking=suite.asset[0] == "marts",
                metadata={"kind": "expectation", "severity": suite.severity, "domain": suite.domain},
            )
            for suite in SUITES
        ],
        can_subset=True,
    )
    def great_expectations(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = {check.asset_key for check in context.selected_asset_check_keys}
        try:
            for suite in SUITES:
                key = dg.AssetKey(suite.asset)
                if key in wanted:
                    database, relation = _source(settings, context.run.run_id, suite)
                    yield check_result(suite, worker.validate(suite, database, relation))
        finally:
            worker.stop()

    return great_expectations


def check_result(suite: Suite, findings: list[dict[str, Any]]) -> dg.AssetCheckResult:
    """The check of a suite, with every observed value."""
    unmet = [finding for finding in findings if not finding["met"]]
    rows = "\n".join(f"| {f['name']} | {f['observed']} | {'met' if f['met'] else '**not met**'} |" for f in findings)
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(suite.asset),
        check_name=EXPECTATIONS,
        passed=not unmet,
        severity=dg.AssetCheckSeverity.ERROR if suite.severity == "error" else dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{f['name']}: {f['observed']}" for f in unmet) or f"All {len(findings)} met.",
        metadata={
            "expectations": len(findings),
            "not_met": len(unmet),
            "observed": dg.MetadataValue.md(f"| expectation | observed | |\n|---|---|---|\n{rows}"),
        },
    )


def _request(suite: Suite, database: str | None, relation: str) -> str:
    return json.dumps({"suite": "/".join(suite.asset), "database": database, "relation": relation})


def _source(settings: Settings, run_id: str, suite: Suite) -> tuple[str | None, str]:
    """(DuckDB file or None, relation) where the suite's rows lie."""
    layer, name = suite.asset
    if layer == "silver":
        glob = str(settings.silver_dir / name / "day=*" / "part.parquet").replace("'", "''")
        return None, f"read_parquet('{glob}', hive_partitioning = false)"
    return str(read_build(settings, run_id).database), f"{layer}.{name}"
