"""dbt's log events as Dagster's results: a materialization per model and a check result per test, as they happen.

By hand, where dagster-dbt has `to_default_asset_events`: that one drops unit tests, and has no place for data versions.
"""

import json
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import dagster as dg

from sentinel_orchestration.lake.checks import NO_ROWS, VERSION, skipped
from sentinel_orchestration.lake.failing_rows import SAMPLE
from sentinel_orchestration.resources import DbtResource
from sentinel_orchestration.warehouse.lineage import ColumnLineage
from sentinel_orchestration.warehouse.state import ModelState
from sentinel_orchestration.warehouse.translation import DbtGraph

Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]
NAMES = {"JinjaLogDebug", "LogModelResult", "LogTestResult"}
BROKEN = ("warn", "fail")
PLAN, BUILT = "sentinel plan ", "sentinel built "  # what dbt/macros/state logs: codes by model, and each build


class DbtResults:
    """Follows the dbt commands of one step; `states` is what the warehouse held before them.

    `sample` gives the rows that queries of failed tests find; it is called when dbt has let go of the warehouse.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        graph: DbtGraph,
        dbt: DbtResource,
        states: Mapping[str, ModelState],
        empty_feeds: Container[str],
        sample: Callable[[Mapping[str, str]], Mapping[str, Any]],
    ) -> None:
        self._context, self._graph, self._dbt, self._sample = context, graph, dbt, sample
        self._lineage = ColumnLineage(graph, dbt.target / "lineage.json")
        self._versions = {name: state.version for name, state in states.items()}
        self._rows = {name: state.rows for name, state in states.items()}
        self._empty_feeds = empty_feeds
        self._codes: dict[str, str] = {}
        self._built: dict[str, dict[str, Any]] = {}
        self._is_whole = True
        self._early: list[tuple[str, Any, str | None]] = []
        self._wanted = {
            unique_id: spec for unique_id, spec in graph.checks.items() if spec.key in context.selected_asset_check_keys
        }

    def of(self, event: Any) -> Results:
        """The results that an event of dbt's log brings; none for most."""
        if event.info.name == "JinjaLogDebug":
            self._listen(event.info.msg)
        elif event.info.name == "LogModelResult":
            unique_id = event.data.node_info.unique_id
            if event.data.status.startswith("OK") or event.data.node_info.node_status == "success":
                yield self._materialization(unique_id, event)
                yield from self._early_results(of_model=unique_id)
        elif event.info.name == "LogTestResult" and event.data.node_info.unique_id in self._wanted:
            yield from self._test(event.data.node_info.unique_id, event)

    def at_end(self, outcome: Any) -> Results:
        """What waited for the end: results of tests that did not pass, with dbt's own words, and with rows that break them."""
        self._is_whole = self._is_whole and outcome.success
        results = {result.node.unique_id: result for result in outcome.result.results}
        broken = [unique_id for unique_id, event, _ in self._early if event.data.status.lower() in BROKEN]
        queries = {unique_id: getattr(results[unique_id].node, "compiled_code", None) for unique_id in broken}
        samples = self._sample({unique_id: query for unique_id, query in queries.items() if query})
        for unique_id, event, _ in self._early:
            yield self._check(unique_id, event, results[unique_id].message, samples.get(unique_id))
        self._early.clear()

    def missing(self) -> list[str]:
        """The selected checks without a result, where dbt skipped none behind something that failed."""
        return sorted(spec.name for spec in self._wanted.values()) if self._is_whole else []

    def _listen(self, text: str) -> None:
        if text.startswith(PLAN):
            self._codes = json.loads(text.removeprefix(PLAN))
        elif text.startswith(BUILT):
            built = json.loads(text.removeprefix(BUILT))
            self._built[built["node"]] = built
            name = self._graph.model_names[self._graph.models[built["node"]].key]
            self._versions[name], self._rows[name] = built["version"], built["rows"]

    def _materialization(self, unique_id: str, event: Any) -> dg.MaterializeResult[None]:
        spec, built = self._graph.models[unique_id], self._built[unique_id]
        compiled = self._dbt.parsed().nodes[unique_id].compiled_code
        metadata: dict[str, Any] = {
            "dagster/column_lineage": self._lineage.of(unique_id, built["code"], compiled),
            "dagster/relation_identifier": ".".join(spec.key.path),
            "unique_id": unique_id,
            "invocation_id": event.info.invocation_id,
            "Execution Duration": round(event.data.execution_time, 3),
        }
        if built["rows"] is not None:
            metadata["dagster/row_count"] = built["rows"]
        return dg.MaterializeResult(
            asset_key=spec.key, metadata=metadata, data_version=dg.DataVersion(built["version"][:16])
        )

    def _test(self, unique_id: str, event: Any) -> Results:
        """A result that came before its asset's would be on the one before. Unit tests run before their model."""
        model = self._model_of(unique_id)
        is_good = event.data.status.lower() == "pass"
        waits_for_model = (
            model not in self._built and self._graph.models[model].key in self._context.selected_asset_keys
        )
        if is_good and not waits_for_model:
            yield self._check(unique_id, event)
        else:
            self._early.append((unique_id, event, model if is_good else None))

    def _early_results(self, of_model: str) -> Results:
        for entry in [entry for entry in self._early if entry[2] == of_model]:
            self._early.remove(entry)
            yield self._check(entry[0], entry[1])

    def _check(self, unique_id: str, event: Any, message: str | None = None, sample: Any = None) -> dg.AssetCheckResult:
        spec, status = self._wanted.pop(unique_id), event.data.status.lower()
        model = self._graph.model_names[spec.asset_key]
        if status == "pass" and not unique_id.startswith("unit_test.") and self._is_empty(model):
            return skipped(spec.asset_key, spec.name, self._versions.get(model, "never built"), NO_ROWS)
        is_unit, failures = unique_id.startswith("unit_test."), event.data.num_failures
        is_warning = status == "warn" or (spec.metadata or {}).get("severity") == "warn"
        rows = "1 row breaks it." if failures == 1 else f"{failures:,} rows break it."
        said = rows if status in BROKEN and not is_unit else message
        return dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=status == "pass",
            severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
            description=None if status == "pass" else said,
            metadata={
                VERSION: self._codes[model] if is_unit else self._versions.get(model, "never built"),
                "dagster_dbt/failed_row_count": failures,
                "Execution Duration": round(event.data.execution_time, 3),
                **({SAMPLE: dg.MetadataValue.json(sample)} if sample else {}),
            },
        )

    def _is_empty(self, model: str) -> bool:
        """Whether a table has no rows; for a view on feeds, whether these have none."""
        feeds = self._graph.feeds.get(model)
        return all(feed in self._empty_feeds for feed in feeds) if feeds else self._rows.get(model) == 0

    def _model_of(self, unique_id: str) -> str:
        key = self._wanted[unique_id].asset_key
        return next(model for model, spec in self._graph.models.items() if spec.key == key)
