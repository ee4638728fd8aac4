"""Great Expectations in a process of its own: one JSON request per line on stdin, one JSON answer per line on stdout.

The only import of Great Expectations. It takes seconds and holds Python's lock, so it happens beside dbt.
Ends when stdin closes, so it never outlives the process that started it. Nothing is sent anywhere.
"""

import json
import logging
import os
import sys
import threading
from queue import SimpleQueue
from typing import Any

import duckdb

from sentinel_orchestration.checks.suites import DRIFT, SUITES, Suite, drift_expectations, drift_query, sample_query

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when Great Expectations is imported


def validate(suite: Suite, database: str | None, relation: str) -> list[dict[str, Any]]:
    """What GX says of every expectation of the suite: name, observed value as text, whether it is met.

    Of one on drift, `newest_day` also has the figure of that day by its name.

    The rows are those of `relation` in the DuckDB file `database` (or in memory, for a relation that reads files).
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)  # else it leaves a temporary folder a context
    context = gx.get_context(mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores))
    context.variables.progress_bars = {"globally": False}
    with duckdb.connect(database or ":memory:", read_only=database is not None) as connection:
        frames = {
            "sample": (connection.sql(sample_query(suite, relation)).df(), suite.expectations),
            "drift": (connection.sql(drift_query(suite, relation)).df(), drift_expectations(suite)),
        }
    findings = []
    for name, (frame, expectations) in frames.items():
        source = context.data_sources.add_pandas(name)
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        expected = gx.ExpectationSuite(
            name, [getattr(gx.expectations, kind)(**keywords) for kind, keywords in expectations]
        )
        # Batch.validate, not a ValidationDefinition: the latter stores its result as JSON and chokes on NumPy booleans.
        results = batch.get_batch(batch_parameters={"dataframe": frame}).validate(expected).results
        findings += [
            {"name": _name(r), "observed": _observed(r), "met": bool(r.success), "newest_day": _newest_day(r, frame)}
            for r in results
        ]
    return findings


def _name(result: Any) -> str:
    config = result.expectation_config
    kind = config.type.removeprefix("expect_column_").replace("_", " ")
    return f"{config.kwargs['column']}: {kind}"


def _observed(result: Any) -> str:
    if result.exception_info and result.exception_info.get("raised_exception"):
        return f"could not be judged: {result.exception_info.get('exception_message')}"
    value = result.result.get("observed_value")
    if isinstance(value, dict):
        value = value.get("values")
    if isinstance(value, list):
        return ", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _newest_day(result: Any, frame: Any) -> dict[str, float]:
    column = result.expectation_config.kwargs["column"]
    name = column.removesuffix(DRIFT)
    if name == column or frame[name].isna().all():
        return {}
    return {name: float(frame[name].iloc[0])}


def _serve() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints must not stand among the answers
    requests: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=[requests], daemon=True).start()
    import great_expectations  # noqa: F401  (before the first request: that is what this process is for)

    suites = {"/".join(suite.asset): suite for suite in SUITES}
    while True:
        request = json.loads(requests.get())
        try:
            answer: dict[str, Any] = {
                "findings": validate(suites[request["suite"]], request["database"], request["relation"])
            }
        except Exception as error:  # sent to the asker, who fails the check with it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def _listen(requests: SimpleQueue[str]) -> None:
    """Ends the process when stdin closes, whatever it does: nobody waits for the answer, not even for the import."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


if __name__ == "__main__":
    _serve()
